//! The sample calls, and a long one composed of their turns with pauses, silence and music between.
//!
//! All of it stays in the µ-law bytes of the sample calls: a turn, a stretch of line noise or of hold music is a slice of
//! bytes, so nothing is decoded or encoded on the way.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Samples a second of the sample calls; one byte a sample and channel.
const RATE_HZ: f64 = 8_000.0;
/// What is kept around a turn, in seconds: synthesised speech is trimmed to its first and last sound.
const TURN_MARGIN_S: f64 = 0.05;
/// Pauses between turns of the long call, in seconds.
const PAUSE_S: std::ops::Range<f64> = 0.3..2.5;
/// After one turn in this many somebody is put on hold, or nobody speaks for a while.
const INTERRUPTION_EVERY: usize = 7;
/// How long that lasts, in seconds.
const INTERRUPTION_S: std::ops::Range<f64> = 8.0..25.0;
/// Any number; the same one gives the same call.
const SEED: u64 = 20_260;

/// A call with what is truly said in it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The sample call's name, or `long`.
    pub name: String,
    /// The recording.
    pub audio: PathBuf,
    /// What language it is in.
    pub language: String,
    /// What is said: channel and text, in order.
    pub turns: Vec<(u16, String)>,
    /// Length in seconds.
    pub duration_s: f64,
    /// Share of the time of both channels in which somebody speaks on them.
    pub speech_share: f64,
}

#[derive(Deserialize)]
struct Script {
    language: String,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
struct Turn {
    channel: Option<u16>,
    start: f64,
    end: f64,
    text: Option<String>,
}

/// A sample call as bytes, one vector a channel.
struct Tape {
    script: Script,
    channels: [Vec<u8>; 2],
}

/// One of the sample calls.
pub fn sample_call(folder: &Path, name: &str) -> io::Result<Call> {
    let tape = Tape::open(folder, name)?;
    let spoken_s: f64 = tape.spoken().map(|(_, turn, _)| turn.end - turn.start).sum();
    let duration_s = tape.channels[0].len() as f64 / RATE_HZ;
    Ok(Call {
        name: name.to_owned(),
        audio: folder.join(name).with_extension("wav"),
        language: tape.script.language.clone(),
        turns: tape.spoken().map(|(channel, _, text)| (channel, text.to_owned())).collect(),
        duration_s,
        speech_share: spoken_s / (2.0 * duration_s),
    })
}

/// A call of about `minutes` from the turns of the English sample calls, written to `target`.
pub fn long_call(folder: &Path, minutes: f64, target: &Path) -> io::Result<Call> {
    let tapes = [Tape::open(folder, "en-refund")?, Tape::open(folder, "en-complaint")?];
    let mut composer = Composer::new(&tapes[0])?;
    let wanted = (minutes * 60.0 * RATE_HZ) as usize;
    for tape in tapes.iter().cycle() {
        for (channel, turn, text) in tape.spoken() {
            if composer.len() >= wanted {
                return composer.finish(target);
            }
            composer.say(channel, tape.slice(channel, turn.start - TURN_MARGIN_S, turn.end + TURN_MARGIN_S), text);
        }
    }
    composer.finish(target)
}

impl Tape {
    fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let script = std::fs::read(folder.join(name).with_extension("json"))?;
        let script: Script = serde_json::from_slice(&script)?;
        let file = std::fs::read(folder.join(name).with_extension("wav"))?;
        let data = file.windows(4).position(|window| window == b"data").map_or(file.len(), |at| at + 8);
        let frames = || file[data..].chunks_exact(2);
        Ok(Self {
            script,
            channels: [frames().map(|frame| frame[0]).collect(), frames().map(|frame| frame[1]).collect()],
        })
    }

    fn spoken(&self) -> impl Iterator<Item = (u16, &Turn, &str)> {
        self.script.turns.iter().filter_map(|turn| Some((turn.channel?, turn, turn.text.as_deref()?)))
    }

    fn slice(&self, channel: u16, start_s: f64, end_s: f64) -> &[u8] {
        let tape = &self.channels[usize::from(channel)];
        let at = |seconds: f64| ((seconds.max(0.0) * RATE_HZ) as usize).min(tape.len());
        &tape[at(start_s)..at(end_s)]
    }
}

/// Lays turns and pauses one after the other.
struct Composer<'a> {
    rng: fastrand::Rng,
    channels: [Vec<u8>; 2],
    /// Line noise of each channel, from where the other party speaks.
    noise: [&'a [u8]; 2],
    music: &'a [u8],
    turns: Vec<(u16, String)>,
    spoken: usize,
}

impl<'a> Composer<'a> {
    fn new(tape: &'a Tape) -> io::Result<Self> {
        let turns = &tape.script.turns;
        let turn = |wanted: Option<u16>| {
            let found = turns
                .iter()
                .filter(|turn| turn.channel == wanted)
                .max_by(|a, b| (a.end - a.start).total_cmp(&(b.end - b.start)));
            found.ok_or_else(|| io::Error::other("the sample call lacks a party or its hold music"))
        };
        let inside = |channel: u16, turn: &Turn| tape.slice(channel, turn.start + 0.5, turn.end - 0.5);
        Ok(Self {
            rng: fastrand::Rng::with_seed(SEED),
            channels: [Vec::new(), Vec::new()],
            noise: [inside(0, turn(Some(1))?), inside(1, turn(Some(0))?)],
            music: inside(0, turn(None)?),
            turns: Vec::new(),
            spoken: 0,
        })
    }

    fn len(&self) -> usize {
        self.channels[0].len()
    }

    fn say(&mut self, channel: u16, speech: &[u8], text: &str) {
        let pause_s = self.between(PAUSE_S);
        self.quiet(pause_s);
        let (speaks, listens) = (usize::from(channel), 1 - usize::from(channel));
        self.channels[speaks].extend(speech);
        self.fill(listens, self.noise[listens], speech.len());
        self.turns.push((channel, text.to_owned()));
        self.spoken += speech.len();
        if self.turns.len().is_multiple_of(INTERRUPTION_EVERY) {
            let seconds = self.between(INTERRUPTION_S);
            if self.rng.bool() { self.hold(seconds) } else { self.quiet(seconds) }
        }
    }

    fn between(&mut self, seconds: std::ops::Range<f64>) -> f64 {
        seconds.start + self.rng.f64() * (seconds.end - seconds.start)
    }

    fn quiet(&mut self, seconds: f64) {
        let samples = (seconds * RATE_HZ) as usize;
        self.fill(0, self.noise[0], samples);
        self.fill(1, self.noise[1], samples);
    }

    fn hold(&mut self, seconds: f64) {
        let samples = (seconds * RATE_HZ) as usize;
        let music = self.music.iter().cycle().take(samples);
        self.channels[0].extend(music);
        self.fill(1, self.noise[1], samples);
    }

    /// From a place of its own each time, so that the noise has no period.
    fn fill(&mut self, channel: usize, with: &[u8], samples: usize) {
        let from = self.rng.usize(..with.len());
        self.channels[channel].extend(with.iter().cycle().skip(from).take(samples));
    }

    fn finish(mut self, target: &Path) -> io::Result<Call> {
        self.quiet(1.0);
        std::fs::write(target, wav(&self.channels))?;
        let samples = self.len() as f64;
        Ok(Call {
            name: "long".to_owned(),
            audio: target.to_owned(),
            language: "en".to_owned(),
            turns: self.turns,
            duration_s: samples / RATE_HZ,
            speech_share: self.spoken as f64 / (2.0 * samples),
        })
    }
}

/// WAV with two channels of µ-law (format 7) at 8 kHz.
fn wav(channels: &[Vec<u8>; 2]) -> Vec<u8> {
    let data: Vec<u8> = channels[0].iter().zip(&channels[1]).flat_map(|(&left, &right)| [left, right]).collect();
    let (rate, data_bytes) = (RATE_HZ as u32, data.len() as u32);
    let mut file = Vec::with_capacity(data.len() + 64);
    file.extend(b"RIFF");
    file.extend((data_bytes + 38).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(18u32.to_le_bytes());
    for number in [7u16, 2] {
        file.extend(number.to_le_bytes());
    }
    for number in [rate, rate * 2] {
        file.extend(number.to_le_bytes());
    }
    for number in [2u16, 8, 0] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(data_bytes.to_le_bytes());
    file.extend(data);
    file
}
