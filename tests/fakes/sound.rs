//! The audio of the fakes: cuts of the sample calls in `tests/calls`, each different from every other.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use axum::body::Bytes;
use serde::Deserialize;

/// The calls that cuts are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleCall {
    Refund,
    Complaint,
    Tarjeta,
}

/// What is said in one go; seconds. Hold music has neither channel nor text.
#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    #[serde(default)]
    pub channel: u8,
    pub start: f64,
    pub end: f64,
    #[serde(default)]
    pub text: Option<String>,
}

/// One word that is said.
#[derive(Debug, Clone, Deserialize)]
pub struct Word {
    pub channel: u8,
    pub start_ms: u64,
    pub end_ms: u64,
    pub word: String,
}

/// One sample call, read once: 8 kHz, agent on the left, customer on the right.
struct Sample {
    frames: Vec<[i16; 2]>,
    turns: Vec<Turn>,
    words: Vec<Word>,
    mp3: Vec<u8>,
}

#[derive(Deserialize)]
struct Script {
    turns: Vec<Turn>,
}

/// Audio that is made when asked for, so that thousands take no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    pub call: SampleCall,
    /// At most nine seconds where MP3 is wanted.
    pub length_ms: u32,
    /// Makes it unlike every other: frames of silence at the end of a WAV, a tag before an MP3.
    pub unique: u32,
}

impl SampleCall {
    pub const ALL: [Self; 3] = [Self::Refund, Self::Complaint, Self::Tarjeta];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Refund => "en-refund",
            Self::Complaint => "en-complaint",
            Self::Tarjeta => "es-tarjeta",
        }
    }

    fn sample(self) -> &'static Sample {
        static SAMPLES: [OnceLock<Sample>; 3] = [const { OnceLock::new() }; 3];
        SAMPLES[self as usize].get_or_init(|| read(self.name()))
    }
}

fn read(name: &str) -> Sample {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let file = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let wav = file(tests.join(format!("calls/{name}.wav")));
    let script: Script = serde_json::from_slice(&file(tests.join(format!("calls/{name}.json")))).unwrap();
    let words = serde_json::from_slice(&file(tests.join(format!("calls/{name}.words.json")))).unwrap();
    let start = wav.windows(4).position(|four| four == b"data").unwrap() + 8;
    let frames = wav[start..].as_chunks::<2>().0.iter().map(|frame| frame.map(from_mulaw)).collect();
    Sample { frames, turns: script.turns, words, mp3: file(tests.join(format!("fakes/audio/{name}.mp3"))) }
}

/// G.711.
fn from_mulaw(byte: u8) -> i16 {
    let bits = !byte;
    let magnitude = (((i16::from(bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

impl Sound {
    /// Six seconds of one of the calls.
    pub const fn new(unique: u32) -> Self {
        Self { call: SampleCall::ALL[unique as usize % 3], length_ms: 6_000, unique }
    }

    fn frames(&self) -> impl Iterator<Item = [i16; 2]> + '_ {
        let frames = &self.call.sample().frames;
        let length = frames.len().min(self.length_ms as usize * 8);
        // Silence is written in as many ways as there are numbers: a run of zeros of its own length, then a mark.
        let tail = (0..self.unique % 400).map(|_| [0, 0]).chain(std::iter::once(self.mark()));
        frames[..length].iter().copied().chain(tail)
    }

    /// One frame too faint to hear.
    fn mark(&self) -> [i16; 2] {
        [i16::try_from(self.unique / 400).unwrap(); 2]
    }

    /// 16 bits, 8 kHz; one channel is both parties mixed.
    pub fn wav(&self, channels: u16) -> Bytes {
        let samples: Vec<i16> = match channels {
            1 => self.frames().map(|[left, right]| left.midpoint(right)).collect(),
            _ => self.frames().flatten().collect(),
        };
        let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let length = u32::try_from(data.len()).unwrap();
        let mut wav = Vec::with_capacity(data.len() + 44);
        wav.extend(b"RIFF");
        wav.extend((length + 36).to_le_bytes());
        wav.extend(b"WAVEfmt ");
        wav.extend(16_u32.to_le_bytes());
        wav.extend(1_u16.to_le_bytes());
        wav.extend(channels.to_le_bytes());
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend((16_000 * u32::from(channels)).to_le_bytes());
        wav.extend((2 * channels).to_le_bytes());
        wav.extend(16_u16.to_le_bytes());
        wav.extend(b"data");
        wav.extend(length.to_le_bytes());
        wav.extend(data);
        wav.into()
    }

    /// 16 kbit/s, 8 kHz, both parties mixed, behind an ID3 tag of its own.
    pub fn mp3(&self) -> Bytes {
        let title = format!("{:010}", self.unique);
        let mut mp3 = Vec::new();
        mp3.extend(b"ID3\x03\x00\x00\x00\x00\x00\x15TIT2\x00\x00\x00\x0b\x00\x00\x00");
        mp3.extend(title.as_bytes());
        mp3.extend(self.mp3_frames());
        mp3.into()
    }

    /// Whole frames of 144 bytes and 72 ms, as many as the length asks for.
    fn mp3_frames(&self) -> &'static [u8] {
        const FRAME_BYTES: usize = 144;
        const FRAME_MS: u32 = 72;
        let mp3 = &self.call.sample().mp3;
        let frames = (self.length_ms.div_ceil(FRAME_MS) + 1) as usize;
        &mp3[..mp3.len().min(frames * FRAME_BYTES)]
    }

    /// Whole seconds, as providers tell them.
    pub fn seconds(&self) -> u32 {
        self.length_ms.div_ceil(1_000)
    }

    /// What is said before the cut, turn by turn.
    pub fn turns(&self) -> Vec<Turn> {
        let end = f64::from(self.length_ms) / 1_000.0;
        let said = |turn: &&Turn| turn.text.is_some() && turn.end <= end;
        self.call.sample().turns.iter().filter(said).cloned().collect()
    }

    /// The words of one turn.
    pub fn words(&self, turn: &Turn) -> Vec<Word> {
        let within = |word: &&Word| {
            let middle = (word.start_ms + word.end_ms) as f64 / 2_000.0;
            word.channel == turn.channel && (turn.start..=turn.end).contains(&middle)
        };
        self.call.sample().words.iter().filter(within).cloned().collect()
    }
}
