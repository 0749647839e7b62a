//! The phases of a call, from what each channel sounds like: ringing, announcements, music, a beep, conversation.
//!
//! Pure: works on where there is speech and what the other sounds are, as `vad` found them. Words are not looked at.
//!
//! - **Ring**: tones of the network, with their pauses; three tenths of a second at least.
//! - **Hold**: music for three seconds or more, with pauses up to two, while the others on the call mostly say nothing.
//! - **Beep**: one standing tone of a sixth of a second to two, when only one voice was heard before it: a greeting
//!   comes before it, and a message may follow. On a single channel only in the first two minutes. The notice tone of a
//!   recorder, which comes again and again, is none.
//! - **Announcement**: what one channel says alone, up to a ring, a beep, music or keys that the other channel presses,
//!   and what it says between two pieces of music. Where both parties share a channel, only what comes before a beep and
//!   what is said between two pieces of music can be told.
//! - **Conversation**: all other speech, up to the next phase of another kind.
//!
//! A recording notice that a machine speaks into the beginning of a conversation sounds like a person and counts as one.

use super::vad::{OtherSound, SoundKind};
use crate::call::{Phase, PhaseKind, Stretch};

/// Shortest sound of ringing: the burst of Britain is 400 ms, an engaged tone 250.
const RING_MS_MIN: u64 = 200;
/// All of it together.
const RING_TOTAL_MS_MIN: u64 = 300;
/// Longest pause in a cadence: 4 s in North America, 5 in Italy and the Netherlands.
const RING_PAUSE_MS_MAX: u64 = 5_500;
/// Pieces of music closer than this are one.
const MUSIC_PAUSE_MS_MAX: u64 = 2_000;
/// Shorter music is a jingle, a tone, a misheard vowel.
const HOLD_MS_MIN: u64 = 3_000;
/// Share of that time that really is music.
const MUSIC_SHARE: f32 = 0.5;
/// Share of it in which others may speak: more is music in a room where people talk.
const OTHERS_SHARE_MAX: f32 = 0.3;
/// How long a beep is.
const BEEP_MS_MIN: u64 = 150;
const BEEP_MS_MAX: u64 = 2_000;
/// On one channel a beep is the one before a message only this early.
const BEEP_BEFORE_MS: u64 = 120_000;
/// Beeps after which they are taken for a recorder's notice.
const BEEPS_MAX: usize = 2;
/// Speech that shows that somebody is there: shorter is a breath or a knock.
const PRESENCE_MS_MIN: u64 = 300;
/// Speech between two pieces of music that far apart at most is an announcement.
const BETWEEN_MUSIC_MS_MAX: u64 = 30_000;

/// What one channel sounds like.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Speech.
    pub speech: Vec<Stretch>,
    /// Other sounds.
    pub other: Vec<(SoundKind, Stretch)>,
}

impl Heard {
    /// In milliseconds.
    pub fn of(speech: Vec<Stretch>, other: &[OtherSound]) -> Self {
        let ms = |sound: &OtherSound| (sound.kind, Stretch::new(sound.start / 16, sound.end / 16));
        Self { speech, other: other.iter().map(ms).collect() }
    }

    fn of_kind(&self, kind: SoundKind) -> impl Iterator<Item = Stretch> {
        self.other.iter().filter(move |(of, _)| *of == kind).map(|(_, stretch)| *stretch)
    }

    fn first_presence(&self, from_ms: u64) -> Option<u64> {
        let long = |stretch: &&Stretch| stretch.start_ms >= from_ms && stretch.duration_ms() >= PRESENCE_MS_MIN;
        self.speech.iter().find(long).map(|stretch| stretch.start_ms)
    }
}

/// Lays the phases of a call.
pub fn phases(channels: &[Heard]) -> Vec<Phase> {
    let rings = Stretch::merged(channels.iter().flat_map(rings).collect(), 0);
    let holds: Vec<Stretch> = (0..channels.len()).flat_map(|channel| holds(channels, channel, &rings)).collect();
    let holds = without(Stretch::merged(holds, 0), &rings);
    let beep = beep(channels, &rings);
    let announcements = announcements(channels, &rings, &holds, beep);
    let mut fixed: Vec<Phase> = Vec::new();
    let mut add = |kind, stretches: &[Stretch]| {
        let taken: Vec<Stretch> = fixed.iter().map(Phase::stretch).collect();
        fixed.extend(without(stretches.to_vec(), &taken).iter().map(|stretch| phase(kind, *stretch)));
    };
    add(PhaseKind::Ring, &rings);
    add(PhaseKind::Beep, beep.as_slice());
    add(PhaseKind::Hold, &holds);
    add(PhaseKind::Announcement, &announcements);
    fixed.sort_by_key(|phase| phase.start_ms);
    let conversation = conversation(channels, &fixed);
    fixed.extend(conversation.iter().map(|stretch| phase(PhaseKind::Conversation, *stretch)));
    fixed.sort_by_key(|phase| phase.start_ms);
    fixed
}

const fn phase(kind: PhaseKind, stretch: Stretch) -> Phase {
    Phase { kind, start_ms: stretch.start_ms, end_ms: stretch.end_ms }
}

/// Ringing of one channel, pauses of its cadence included; cut where somebody speaks on it.
fn rings(channel: &Heard) -> Vec<Stretch> {
    let bursts: Vec<Stretch> =
        channel.of_kind(SoundKind::Ring).filter(|burst| burst.duration_ms() >= RING_MS_MIN).collect();
    let mut rings: Vec<(Stretch, u64)> = Vec::new();
    for burst in bursts {
        let spoken =
            |from: u64| channel.speech.iter().any(|speech| speech.shared_ms(&Stretch::new(from, burst.start_ms)) > 0);
        match rings.last_mut() {
            Some((ring, total)) if burst.start_ms - ring.end_ms <= RING_PAUSE_MS_MAX && !spoken(ring.end_ms) => {
                ring.end_ms = burst.end_ms;
                *total += burst.duration_ms();
            }
            _ => rings.push((burst, burst.duration_ms())),
        }
    }
    rings.into_iter().filter(|(_, total)| *total >= RING_TOTAL_MS_MIN).map(|(ring, _)| ring).collect()
}

/// Music of one channel during which the others say little.
fn holds(channels: &[Heard], of: usize, rings: &[Stretch]) -> Vec<Stretch> {
    let music = |(kind, sound): &(SoundKind, Stretch)| {
        let is_ring = rings.iter().any(|ring| ring.shared_ms(sound) > 0);
        (matches!(kind, SoundKind::Music | SoundKind::Beep | SoundKind::Ring) && !is_ring).then_some(*sound)
    };
    let pieces: Vec<Stretch> = channels[of].other.iter().filter_map(music).collect();
    let others: Vec<Stretch> = channels
        .iter()
        .enumerate()
        .filter(|(channel, _)| *channel != of)
        .flat_map(|(_, heard)| heard.speech.iter().copied())
        .collect();
    let is_hold = |hold: &Stretch| {
        let length = hold.duration_ms();
        let music: u64 = pieces.iter().map(|piece| piece.shared_ms(hold)).sum();
        let talk: u64 = others.iter().map(|speech| speech.shared_ms(hold)).sum();
        length >= HOLD_MS_MIN
            && music as f32 >= MUSIC_SHARE * length as f32
            && talk as f32 <= OTHERS_SHARE_MAX * length as f32
    };
    Stretch::merged(pieces.clone(), MUSIC_PAUSE_MS_MAX).into_iter().filter(is_hold).collect()
}

/// The tone before a message.
fn beep(channels: &[Heard], rings: &[Stretch]) -> Option<Stretch> {
    let is_beep = |sound: &Stretch| (BEEP_MS_MIN..=BEEP_MS_MAX).contains(&sound.duration_ms());
    let ringing =
        |sound: &Stretch| rings.iter().any(|ring| ring.shared_ms(sound) > 0 && ring.duration_ms() > BEEP_MS_MAX);
    channels.iter().enumerate().find_map(|(of, heard)| {
        let tones = heard.of_kind(SoundKind::Beep).chain(heard.of_kind(SoundKind::Ring));
        let mut beeps: Vec<Stretch> = tones.filter(|sound| is_beep(sound) && !ringing(sound)).collect();
        beeps.sort_unstable();
        if beeps.len() > BEEPS_MAX {
            return None;
        }
        beeps.into_iter().find(|beep| {
            let greeted = heard.first_presence(0).is_some_and(|first| first < beep.start_ms);
            let alone = channels.iter().enumerate().all(|(other, heard)| {
                other == of || heard.first_presence(0).is_none_or(|first| first >= beep.start_ms)
            });
            let early = channels.len() > 1 || beep.start_ms <= BEEP_BEFORE_MS;
            greeted && alone && early
        })
    })
}

/// What machines say.
fn announcements(channels: &[Heard], rings: &[Stretch], holds: &[Stretch], beep: Option<Stretch>) -> Vec<Stretch> {
    let mut found = Vec::new();
    for (of, heard) in channels.iter().enumerate() {
        let others = || channels.iter().enumerate().filter(|(other, _)| *other != of).map(|(_, heard)| heard);
        // Up to here nobody else was there.
        let answered = others().filter_map(|other| other.first_presence(0)).min().unwrap_or(u64::MAX);
        let keys = others().flat_map(|other| other.of_kind(SoundKind::Keys));
        let apart = channels.len() > 1;
        let events = rings.iter().copied().chain(holds.iter().copied()).chain(keys).filter(|_| apart).chain(beep);
        let until = events.map(|event| event.start_ms).filter(|&start| start <= answered).max().unwrap_or(0);
        found.extend(heard.speech.iter().filter(|speech| speech.start_ms < until).copied());
        // Between two pieces of music.
        for pair in holds.windows(2) {
            let gap = Stretch::new(pair[0].end_ms, pair[1].start_ms);
            let silent = |other: &Heard| other.speech.iter().all(|speech| speech.shared_ms(&gap) == 0);
            if gap.duration_ms() <= BETWEEN_MUSIC_MS_MAX && others().all(silent) {
                found.extend(heard.speech.iter().filter(|speech| speech.shared_ms(&gap) > 0).copied());
            }
        }
    }
    // Its sentences are one announcement.
    let breaks: Vec<Stretch> = rings.iter().chain(holds).copied().chain(beep).collect();
    joined(found, &breaks)
}

/// All other speech, in one piece until something else begins.
fn conversation(channels: &[Heard], fixed: &[Phase]) -> Vec<Stretch> {
    let taken: Vec<Stretch> = fixed.iter().map(Phase::stretch).collect();
    let speech: Vec<Stretch> = channels.iter().flat_map(|heard| heard.speech.iter().copied()).collect();
    joined(without(Stretch::merged(speech, 0), &taken), &taken)
}

/// Stretches joined over everything but `breaks`.
fn joined(mut stretches: Vec<Stretch>, breaks: &[Stretch]) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut out: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        let parted = |last: &Stretch| {
            let gap = Stretch::new(last.end_ms, stretch.start_ms);
            breaks.iter().any(|apart| apart.shared_ms(&gap) > 0)
        };
        match out.last_mut() {
            Some(last) if !parted(last) => last.end_ms = last.end_ms.max(stretch.end_ms),
            _ => out.push(stretch),
        }
    }
    out
}

/// What is left when `taken` is cut out.
fn without(stretches: Vec<Stretch>, taken: &[Stretch]) -> Vec<Stretch> {
    let mut taken = taken.to_vec();
    taken.sort_unstable();
    let mut out = Vec::new();
    for mut stretch in stretches {
        for cut in taken.iter().filter(|cut| cut.shared_ms(&stretch.clone()) > 0).copied().collect::<Vec<_>>() {
            if cut.start_ms > stretch.start_ms {
                out.push(Stretch::new(stretch.start_ms, cut.start_ms));
            }
            stretch.start_ms = cut.end_ms.max(stretch.start_ms);
        }
        if stretch.start_ms < stretch.end_ms {
            out.push(stretch);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use PhaseKind::{Announcement, Beep, Conversation, Hold, Ring};

    fn channel(speech: &[(u64, u64)], other: &[(SoundKind, u64, u64)]) -> Heard {
        Heard {
            speech: speech.iter().map(|&(start, end)| Stretch::new(start, end)).collect(),
            other: other.iter().map(|&(kind, start, end)| (kind, Stretch::new(start, end))).collect(),
        }
    }

    fn told(channels: &[Heard]) -> Vec<(PhaseKind, u64, u64)> {
        phases(channels).iter().map(|phase| (phase.kind, phase.start_ms, phase.end_ms)).collect()
    }

    #[test]
    fn ringing_menu_music_and_conversation_are_told_apart() {
        let office = channel(
            &[(13_000, 20_000), (40_000, 44_000), (50_000, 52_000)],
            &[(SoundKind::Ring, 0, 2_000), (SoundKind::Ring, 6_000, 8_000), (SoundKind::Music, 22_000, 38_000)],
        );
        let caller = channel(&[(44_500, 49_000)], &[(SoundKind::Keys, 19_000, 19_200)]);
        assert_eq!(
            told(&[office, caller]),
            [(Ring, 0, 8_000), (Announcement, 13_000, 20_000), (Hold, 22_000, 38_000), (Conversation, 40_000, 52_000)]
        );
    }

    #[test]
    fn a_greeting_ends_with_its_beep_and_the_message_is_conversation() {
        let greeting = channel(&[(1_000, 6_000)], &[(SoundKind::Beep, 6_500, 7_000)]);
        let caller = channel(&[(8_000, 15_000)], &[]);
        let expected = [(Announcement, 1_000, 6_000), (Beep, 6_500, 7_000), (Conversation, 8_000, 15_000)];
        assert_eq!(told(&[greeting.clone(), caller.clone()]), expected);
        let mixed = Heard { speech: [greeting.speech, caller.speech].concat(), ..greeting };
        assert_eq!(told(&[mixed]), expected);
    }

    #[test]
    fn a_recorders_notice_tone_is_no_beep() {
        let tones: Vec<(SoundKind, u64, u64)> =
            (1..5).map(|n| (SoundKind::Beep, n * 15_000, n * 15_000 + 300)).collect();
        let notice = channel(&[(1_000, 70_000)], &tones);
        assert_eq!(told(&[notice, channel(&[(71_000, 75_000)], &[])]), [(Conversation, 1_000, 75_000)]);
    }

    #[test]
    fn music_in_a_room_where_people_talk_is_conversation() {
        let office = channel(&[(0, 1_000)], &[(SoundKind::Music, 2_000, 30_000)]);
        let caller = channel(&[(2_000, 28_000)], &[]);
        assert_eq!(told(&[office, caller]), [(Conversation, 0, 28_000)]);
    }

    #[test]
    fn speech_between_two_pieces_of_music_is_an_announcement_and_silence_is_nothing() {
        let office = channel(
            &[(500, 2_000), (15_000, 20_000), (35_000, 40_000)],
            &[(SoundKind::Music, 4_000, 14_000), (SoundKind::Music, 21_000, 31_000)],
        );
        let caller = channel(&[(2_200, 3_000)], &[]);
        assert_eq!(
            told(&[office, caller]),
            [
                (Conversation, 500, 3_000),
                (Hold, 4_000, 14_000),
                (Announcement, 15_000, 20_000),
                (Hold, 21_000, 31_000),
                (Conversation, 35_000, 40_000)
            ]
        );
        assert_eq!(told(&[Heard::default(), Heard::default()]), []);
        assert_eq!(told(&[]), []);
    }
}
