//! What sound is that is no speech: music, the network's tones, a beep, keys.
//!
//! Pure; what follows from it for the call is decided in `phases`.

use std::ops::Range;

use super::chunk::frames_of;
use super::regions::WindowSound;
use super::sound::{BIN_HZ, LEVELS_PER_FRAME, SoundFrame};

/// Sounds remembered of one channel: a call of hours in which a key is pressed every second.
pub const OTHER_SOUNDS_MAX: usize = 20_000;
/// Frames at both ends whose spectrum reaches out of the sound.
const EDGE_FRAMES: usize = 2;
/// Frames that a verdict needs at least.
const FRAMES_MIN: usize = 4;
/// Levels this far under the loudest say nothing, in dB.
const TELLING_DB: f32 = 20.0;
/// Share of a frame's energy in one line, in two, or in the band of ringing, from which it is nothing else.
const LINE_SHARE: f32 = 0.85;
const PAIR_SHARE: f32 = 0.90;
/// Share of energy in one pair of key tones, and of frames that have it: as in `chunk`.
const KEY_TONE_SHARE: f32 = 0.80;
const KEY_FRAMES_SHARE: f32 = 0.4;
/// Share of frames that must agree.
const AGREEING_SHARE: f32 = 0.7;
/// Share of frames whose strongest line stays where it is: a melody's moves.
const STANDING_SHARE: f32 = 0.8;
/// The network's tones lie below this, in hertz (ITU-T E.180: 350 to 620).
const NETWORK_HZ_MAX: f32 = 700.0;

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundKind {
    /// A tone or a pair of tones of the network: 400 to 480 Hz, or a standing pair below 700.
    Ring,
    /// One standing tone of another pitch.
    Beep,
    /// Telephone keys.
    Keys,
    /// Anything else whose spectrum stands still for moments.
    Music,
}

/// A stretch of it, in samples at 16 kHz from the start of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherSound {
    /// Where it begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// What it is.
    pub kind: SoundKind,
}

/// Says what a stretch of a window is; `None` for noise and what is too short to say.
pub fn kind_of(window: &WindowSound, levels: &Range<usize>, is_tonal: bool) -> Option<SoundKind> {
    let frames = inner(window, levels);
    let share = |holds: &dyn Fn(&SoundFrame) -> bool| {
        frames.iter().filter(|frame| holds(frame)).count() as f32 / frames.len().max(1) as f32
    };
    if frames.len() < FRAMES_MIN {
        return None;
    }
    if share(&|frame| frame.key_tone > KEY_TONE_SHARE) >= KEY_FRAMES_SHARE {
        return Some(SoundKind::Keys);
    }
    if share(&|frame| frame.ring_share > LINE_SHARE) >= AGREEING_SHARE {
        return Some(SoundKind::Ring);
    }
    let standing = share(&|frame| frames.iter().filter(|other| near(frame, other)).count() * 2 > frames.len());
    if share(&|frame| frame.line_share > LINE_SHARE) >= AGREEING_SHARE && standing >= STANDING_SHARE {
        return Some(SoundKind::Beep);
    }
    let network = |frame: &SoundFrame| {
        let hz = |bin: u16| f32::from(bin) * BIN_HZ;
        frame.pair_share > PAIR_SHARE && hz(frame.line.max(frame.second_line)) < NETWORK_HZ_MAX
    };
    // Two lines of equal strength take turns at being the strongest.
    let first = frames[0];
    let same_pair = |frame: &SoundFrame| {
        near(first, frame) || first.second_line.abs_diff(frame.line) <= 1 || first.line.abs_diff(frame.second_line) <= 1
    };
    if share(&network) >= AGREEING_SHARE && share(&same_pair) >= STANDING_SHARE {
        return Some(SoundKind::Ring);
    }
    is_tonal.then_some(SoundKind::Music)
}

/// Whether two frames have the same strongest line.
fn near(one: &SoundFrame, other: &SoundFrame) -> bool {
    one.line.abs_diff(other.line) <= 1
}

/// The loud frames whose spectra lie inside; at most some hundred, evenly taken, for they are held against each other.
fn inner<'a>(window: &'a WindowSound, levels: &Range<usize>) -> Vec<&'a SoundFrame> {
    const COMPARED_MAX: usize = 128;
    let frames = frames_of(levels);
    let frames = frames.start + EDGE_FRAMES..frames.end.saturating_sub(EDGE_FRAMES);
    let loudest = window.levels[levels.clone()].iter().copied().fold(f32::MIN, f32::max);
    let loud = |k: &usize| window.levels.get(k * LEVELS_PER_FRAME).is_some_and(|level| *level > loudest - TELLING_DB);
    let step = frames.len().div_ceil(COMPARED_MAX).max(1);
    frames.step_by(step).filter(loud).filter_map(|k| window.frames.get(k)).collect()
}
