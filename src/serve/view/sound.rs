//! What a call sounds like and how it was talked. Times are seconds from the first sample.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::{one_of, rounded, seconds};
use crate::call::{CallSound, PartyRole, PartyTalk, Phase, Stretch, TalkBasis, TalkMetrics, TalkMoment};

/// What is heard besides words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SoundView {
    /// What goes on when, in order, without overlap.
    pub phases: Vec<PhaseView>,
    /// The only channel that is heard where two were recorded; null when both are.
    pub one_way: Option<u16>,
    /// Why the transcript is poor, as a sentence; null when it is not.
    pub poor_because: Option<String>,
}

/// One part of a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhaseView {
    /// `ring`, `announcement`, `hold`, `beep` or `conversation`.
    #[schema(schema_with = phase_kind)]
    pub kind: &'static str,
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

impl SoundView {
    pub(crate) fn of(sound: &CallSound) -> Self {
        let phase = |phase: &Phase| PhaseView {
            kind: phase.kind.name(),
            start: seconds(phase.start_ms),
            end: seconds(phase.end_ms),
        };
        Self {
            phases: sound.phases.iter().map(phase).collect(),
            one_way: sound.one_way,
            poor_because: sound.poor_because.clone(),
        }
    }
}

/// How a call was talked; the module `understand::talk` defines every figure.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TalkView {
    /// `channels`: each party on its own; `turns`: by a transcript that knows its speakers; `mixed`: nothing is known of
    /// the single parties.
    #[schema(schema_with = talk_basis)]
    pub basis: &'static str,
    /// Time of conversation, in which everything else is measured.
    pub conversation: f64,
    /// Time with somebody speaking.
    pub talk: f64,
    /// Time with nobody speaking.
    pub silence: f64,
    /// Longest silence.
    pub longest_silence: f64,
    /// Silences of `dead_air_from` or more.
    pub dead_air_count: u32,
    /// All of them together.
    pub dead_air: f64,
    /// A silence from here on is dead air.
    pub dead_air_from: f64,
    /// Time with two or more speaking; null where parties cannot be told apart.
    pub overlap: Option<f64>,
    /// Time with hold music.
    pub hold: f64,
    /// How often there was hold music.
    pub hold_count: u32,
    /// Words a minute of speech; null for too little speech.
    pub words_per_minute: Option<u32>,
    /// Each party; empty where they cannot be told apart.
    pub parties: Vec<PartyTalkView>,
    /// Where the figures can be heard, in order: the longest silence, dead air, interruptions, each party's longest monologue
    /// and longest response time.
    pub moments: Vec<TalkMomentView>,
}

/// Where a figure can be heard.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TalkMomentView {
    /// Which figure.
    #[schema(schema_with = moment_kind)]
    pub kind: &'static str,
    /// Its place in `parties`; null for silence.
    pub party: Option<usize>,
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

/// How one party talked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyTalkView {
    /// Channel in the file, from 0.
    pub channel: u16,
    /// Who it is.
    pub speaker: String,
    /// `agent` or `customer`; null where nothing tells.
    pub role: Option<&'static str>,
    /// Time it speaks.
    pub talk: f64,
    /// Share of everybody's time of speaking, 0 to 1.
    pub talk_share: f64,
    /// Time another speaks and it does not.
    pub listen: f64,
    /// Longest time it kept the floor.
    pub longest_monologue: f64,
    /// Times it took the floor.
    pub turns: u32,
    /// Times it took the floor from somebody who was speaking.
    pub interruptions: u32,
    /// Median time it took to answer; null when it never answered.
    pub median_response: Option<f64>,
    /// Longest time it took to answer.
    pub longest_response: Option<f64>,
    /// Words it spoke.
    pub words: u32,
    /// Words a minute of its speech; null for too little speech.
    pub words_per_minute: Option<u32>,
}

impl TalkView {
    pub(crate) fn of(talk: &TalkMetrics) -> Self {
        Self {
            basis: match talk.basis {
                TalkBasis::Channels => "channels",
                TalkBasis::Turns => "turns",
                TalkBasis::Mixed => "mixed",
            },
            conversation: seconds(talk.conversation_ms),
            talk: seconds(talk.talk_ms),
            silence: seconds(talk.silence_ms),
            longest_silence: seconds(talk.silence_longest_ms),
            dead_air_count: talk.dead_air_count,
            dead_air: seconds(talk.dead_air_ms),
            dead_air_from: seconds(talk.dead_air_min_ms),
            overlap: talk.overlap_ms.map(seconds),
            hold: seconds(talk.hold_ms),
            hold_count: talk.hold_count,
            words_per_minute: talk.words_per_minute,
            parties: talk.parties.iter().map(PartyTalkView::of).collect(),
            moments: talk.moments.iter().map(TalkMomentView::of).collect(),
        }
    }
}

impl TalkMomentView {
    fn of(moment: &TalkMoment) -> Self {
        let Stretch { start_ms, end_ms } = moment.stretch;
        Self { kind: moment.kind.name(), party: moment.party, start: seconds(start_ms), end: seconds(end_ms) }
    }
}

impl PartyTalkView {
    fn of(party: &PartyTalk) -> Self {
        Self {
            channel: party.channel,
            speaker: party.speaker.clone(),
            role: party.role.map(PartyRole::name),
            talk: seconds(party.talk_ms),
            talk_share: rounded(f64::from(party.talk_share)),
            listen: seconds(party.listen_ms),
            longest_monologue: seconds(party.longest_monologue_ms),
            turns: party.turns,
            interruptions: party.interruptions,
            median_response: party.response_median_ms.map(seconds),
            longest_response: party.response_longest_ms.map(seconds),
            words: party.words,
            words_per_minute: party.words_per_minute,
        }
    }
}

fn phase_kind() -> Object {
    one_of(["ring", "announcement", "hold", "beep", "conversation"])
}

fn talk_basis() -> Object {
    one_of(["channels", "turns", "mixed"])
}

fn moment_kind() -> Object {
    one_of(["longest_silence", "dead_air", "longest_monologue", "interruption", "longest_response"])
}
