//! What a call sounds like and how it was talked, as its page shows it.

use super::super::shown::{length, percent, roughly};
use super::super::timeline::{Lane, hue};
use crate::call::{Bandwidth, ChannelFacts, ChannelRole, Transcript};
use crate::serve::view::sound::{PartyTalkView, PhaseView, SoundView, TalkMomentView, TalkView};

/// Units of the timeline's width.
const WIDTH: f64 = 1000.0;
/// Narrowest phase drawn: a beep takes a quarter of a second.
const SEEN_MIN: f64 = 3.0;
/// Phases shown; a call that is put on hold forty times has no timeline worth reading.
const PHASES_MAX: usize = 80;

/// One part of a call.
pub(super) struct PhaseShown {
    pub(super) kind: &'static str,
    pub(super) word: &'static str,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) start_ms: u64,
    pub(super) x: f64,
    pub(super) width: f64,
}

/// A table of how each party talked: names, then figures by line.
pub(super) struct TalkShown {
    pub(super) parties: Vec<(String, usize)>,
    pub(super) lines: Vec<(&'static str, Vec<String>)>,
    /// Of the call as a whole.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) moments: Vec<MomentShown>,
    pub(super) basis: &'static str,
}

/// Where a figure can be heard.
pub(super) struct MomentShown {
    pub(super) word: &'static str,
    /// Whose it is: name and colour.
    pub(super) party: Option<(String, usize)>,
    pub(super) at: String,
    pub(super) start_ms: u64,
    pub(super) took: String,
}

/// How well a channel can be heard.
pub(super) struct Health {
    pub(super) speaker: String,
    pub(super) hue: usize,
    pub(super) says: Vec<String>,
}

/// All of it.
pub(super) struct Heard {
    pub(super) phases: Vec<PhaseShown>,
    pub(super) one_way: Option<String>,
    pub(super) poor_because: Option<String>,
    pub(super) health: Vec<Health>,
}

impl Heard {
    pub(super) fn of(transcript: &Transcript, lanes: &[Lane]) -> Self {
        let sound = transcript.sound.as_ref().map(SoundView::of);
        let length_s = (transcript.duration_ms as f64 / 1000.0).max(0.001);
        let phases = sound.iter().flat_map(|sound| &sound.phases).take(PHASES_MAX);
        let phases: Vec<PhaseShown> = phases.map(|phase| PhaseShown::of(phase, length_s)).collect();
        let one_way = sound.as_ref().and_then(|sound| sound.one_way);
        let heard = |channel: u16| {
            let speaker = transcript.channels.iter().find(|facts| facts.channel == channel);
            speaker.map_or_else(|| format!("channel {channel}"), |facts| facts.speaker.clone())
        };
        Self {
            phases,
            one_way: one_way.map(heard),
            poor_because: sound.and_then(|sound| sound.poor_because),
            health: transcript.channels.iter().filter_map(|facts| Health::of(facts, lanes)).collect(),
        }
    }

    /// Anything but conversation goes on in the call.
    pub(super) fn has_phases(&self) -> bool {
        self.phases.iter().any(|phase| phase.kind != "conversation")
    }
}

impl PhaseShown {
    fn of(phase: &PhaseView, length_s: f64) -> Self {
        let x = (phase.start / length_s * WIDTH).clamp(0.0, WIDTH);
        Self {
            kind: phase.kind,
            word: match phase.kind {
                "ring" => "Ringing",
                "announcement" => "Announcement",
                "hold" => "On hold",
                "beep" => "Beep",
                _ => "Conversation",
            },
            from: length(phase.start),
            to: length(phase.end),
            start_ms: (phase.start * 1000.0).round() as u64,
            x,
            width: ((phase.end - phase.start) / length_s * WIDTH).clamp(SEEN_MIN, WIDTH),
        }
    }
}

impl Health {
    /// What was measured on a channel that somebody speaks on.
    fn of(facts: &ChannelFacts, lanes: &[Lane]) -> Option<Self> {
        let health = facts.health.as_ref().filter(|_| facts.role == ChannelRole::Party)?;
        let bandwidth = match health.bandwidth? {
            Bandwidth::Muffled => "muffled",
            Bandwidth::Narrowband => "telephone bandwidth",
            Bandwidth::Wideband => "full bandwidth",
        };
        let mut says = vec![bandwidth.to_owned()];
        says.extend(health.snr_db.map(|snr| format!("{snr:.0} dB over the noise")));
        says.extend(health.speech_rms_dbfs.map(|level| format!("speech at −{:.0} dBFS", level.abs())));
        let clipped = f64::from(facts.clipped_share);
        says.extend((clipped > 0.0005).then(|| format!("{:.1} % clipped", clipped * 100.0)));
        let dropouts = &health.dropouts;
        says.extend((dropouts.count > 0).then(|| format!("{} dropouts", dropouts.count)));
        Some(Self { speaker: facts.speaker.clone(), hue: hue(lanes, &facts.speaker), says })
    }
}

impl TalkShown {
    pub(super) fn of(talk: &TalkView, lanes: &[Lane]) -> Self {
        let line = |name: &'static str, of: fn(&PartyTalkView) -> String| {
            (name, talk.parties.iter().map(of).collect::<Vec<String>>())
        };
        let seconds = |seconds: Option<f64>| seconds.map_or_else(|| "–".to_owned(), brief);
        let mut facts = vec![
            ("Conversation", roughly(talk.conversation)),
            ("Silence", roughly(talk.silence)),
            ("Longest silence", brief(talk.longest_silence)),
        ];
        if talk.dead_air_count > 0 {
            let from = talk.dead_air_from;
            facts.push((
                "Dead air",
                format!("{} × {from:.0} s or more, {} in all", talk.dead_air_count, roughly(talk.dead_air)),
            ));
        }
        if let Some(overlap) = talk.overlap {
            facts.push(("Both at once", seconds(Some(overlap))));
        }
        if talk.hold_count > 0 {
            facts.push(("On hold", format!("{} ×, {} in all", talk.hold_count, roughly(talk.hold))));
        }
        if let Some(pace) = talk.words_per_minute {
            facts.push(("Pace", format!("{pace} words a minute")));
        }
        Self {
            parties: talk.parties.iter().map(|party| (party.speaker.clone(), hue(lanes, &party.speaker))).collect(),
            lines: vec![
                line("Talked", |party| roughly(party.talk)),
                line("Share of talk", |party| percent(party.talk_share)),
                line("Turns", |party| party.turns.to_string()),
                line("Interrupted", |party| format!("{} ×", party.interruptions)),
                line("Longest turn", |party| brief(party.longest_monologue)),
                line("Usual answer after", |party| party.median_response.map_or_else(|| "–".to_owned(), brief)),
                line("Words a minute", |party| {
                    party.words_per_minute.map_or_else(|| "–".to_owned(), |pace| pace.to_string())
                }),
            ],
            facts,
            moments: talk.moments.iter().map(|moment| MomentShown::of(moment, talk, lanes)).collect(),
            basis: match talk.basis {
                "channels" => "Measured on the sound of each channel.",
                "turns" => "Measured on the turns of the transcript.",
                _ => "The parties share a channel and cannot be told apart.",
            },
        }
    }
}

impl MomentShown {
    fn of(moment: &TalkMomentView, talk: &TalkView, lanes: &[Lane]) -> Self {
        let party = moment.party.and_then(|party| talk.parties.get(party));
        Self {
            word: match moment.kind {
                "longest_silence" => "Longest silence",
                "dead_air" => "Dead air",
                "longest_monologue" => "Longest turn",
                "interruption" => "Interrupts",
                _ => "Longest wait for an answer",
            },
            party: party.map(|party| (party.speaker.clone(), hue(lanes, &party.speaker))),
            at: length(moment.start),
            start_ms: (moment.start * 1000.0).round() as u64,
            took: brief(moment.end - moment.start),
        }
    }
}

/// A short time: `0.8 s`, and from ten seconds on as elsewhere.
fn brief(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1} s") } else { roughly(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_stand_where_they_are_in_the_call_and_the_shortest_can_be_seen() {
        let phase = |start, end| PhaseShown::of(&PhaseView { kind: "beep", start, end }, 100.0);
        let shown = phase(25.0, 25.1);
        assert!((shown.x - 250.0).abs() < 1e-9 && shown.width >= SEEN_MIN);
        assert_eq!((shown.word, shown.from.as_str()), ("Beep", "0:25"));
    }
}
