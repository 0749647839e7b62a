//! A transcript: who said what when, how sure we are, and what was set aside.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{CallSound, ChannelHealth};

/// A language by its ISO 639-1 code as Whisper writes it: `en`, `es`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// Takes a code in any case. Whether a model knows it is the model's business.
    pub fn new(code: &str) -> Self {
        Self(code.trim().to_ascii_lowercase())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One spoken word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As written, punctuation attached, no surrounding spaces.
    pub word: String,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
    /// The model's probability for it, 0 to 1: the mean over its tokens.
    pub probability: f32,
}

/// A stretch of speech by one party without a long pause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Channel in the file, from 0.
    pub channel: u16,
    /// Who speaks: a party's name where it is known, else `Speaker 1`.
    pub speaker: String,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
    /// The words, joined.
    pub text: String,
    /// The words with their times.
    pub words: Vec<Word>,
    /// Mean log-probability of the tokens (natural logarithm); nearer 0 is surer.
    pub avg_logprob: f32,
    /// Whisper's probability that its window held no speech, 0 to 1.
    pub no_speech_prob: f32,
}

impl Segment {
    /// Length in milliseconds.
    pub const fn duration_ms(&self) -> u64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// Where each word stands in `text`, as byte ranges in order; `None` when the words are not all found there, or leave
    /// out some of it.
    pub fn word_ranges(&self) -> Option<Vec<Range<usize>>> {
        let mut from = 0;
        let is_said = |text: &str| text.contains(char::is_alphanumeric);
        let find = |word: &Word| {
            let start = from + self.text[from..].find(&word.word).filter(|at| !is_said(&self.text[from..from + at]))?;
            from = start + word.word.len();
            Some(start..from)
        };
        let ranges: Option<Vec<Range<usize>>> = self.words.iter().map(find).collect();
        ranges.filter(|ranges| ranges.is_empty() || !is_said(&self.text[from..]))
    }
}

/// Why a piece of text is not trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SuspectReason {
    /// No speech on that channel backs it.
    NoSpeech {
        /// Whisper's own probability of no speech.
        no_speech_prob: f32,
        /// Share of its time that voice activity calls speech, 0 to 1.
        voiced_share: f32,
    },
    /// The model was unsure of nearly every token.
    LowProbability {
        /// Mean log-probability.
        avg_logprob: f32,
    },
    /// The text repeats itself far more than speech does.
    Loop {
        /// The repeated words.
        phrase: String,
        /// How often in a row.
        times: u32,
    },
    /// The text compresses like a loop.
    Compression {
        /// Bytes of text for a byte compressed.
        ratio: f32,
    },
    /// More words than anyone can say in that time.
    TooFast {
        /// Words a second.
        words_per_s: f32,
    },
    /// A stock phrase that Whisper is known to write over silence and music.
    StockPhrase,
    /// It repeats the prompt that the model was given.
    PromptEcho,
    /// The same words came at the same moment from a louder channel.
    Bleed {
        /// The channel they belong to.
        from_channel: u16,
    },
}

/// Text set aside, with its scores; it can be restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// The text as it would have been published.
    #[serde(flatten)]
    pub segment: Segment,
    /// Everything that speaks against it; never empty.
    pub reasons: Vec<SuspectReason>,
}

/// What one channel of the file turned out to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum ChannelRole {
    /// Carries speech of its own.
    Party,
    /// Carries the same sound as an earlier channel; its words are taken from there.
    CopyOf {
        /// The earlier channel. Written under a name of its own: [`ChannelFacts`] has a `channel` beside it.
        #[serde(rename = "of_channel")]
        channel: u16,
    },
    /// Carries nothing above the noise of a line.
    Dead,
    /// Carries sound, but no speech.
    NoSpeech,
}

/// What was measured on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelFacts {
    /// Channel in the file, from 0.
    pub channel: u16,
    /// Who speaks on it.
    pub speaker: String,
    /// What it is.
    #[serde(flatten)]
    pub role: ChannelRole,
    /// Loudness of its speech (RMS over voiced frames) in dB below full scale; absent without speech.
    pub speech_level_dbfs: Option<f32>,
    /// RMS between the speech, dB below full scale; absent for digital silence.
    pub noise_level_dbfs: Option<f32>,
    /// Share of samples at full scale, 0 to 1.
    pub clipped_share: f32,
    /// Time with speech.
    pub speech_ms: u64,
    /// Energetic time that voice activity did not call speech (music, tones); decoded anyway where it could be speech.
    pub other_sound_ms: u64,
    /// Another channel that is heard through on this one, with how much quieter it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleed_from: Option<u16>,
    /// Attenuation of that bleed in dB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bleed_attenuation_db: Option<f32>,
    /// How well it can be heard; absent where nobody listened, and in what releases before wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<ChannelHealth>,
}

impl ChannelFacts {
    /// A party's channel of which nothing was measured.
    pub fn new(channel: u16, speaker: impl Into<String>) -> Self {
        Self {
            channel,
            speaker: speaker.into(),
            role: ChannelRole::Party,
            speech_level_dbfs: None,
            noise_level_dbfs: None,
            clipped_share: 0.0,
            speech_ms: 0,
            other_sound_ms: 0,
            bleed_from: None,
            bleed_attenuation_db: None,
            health: None,
        }
    }
}

/// Where a transcript comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptSource {
    /// Whisper on this machine.
    Local,
    /// The provider's own transcript.
    Provider,
}

/// What the work cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// From the first byte read to the last word, model load excluded.
    pub wall_ms: u64,
    /// Processor time of the worker over that span.
    pub cpu_ms: u64,
    /// Of `wall_ms`: first pass (decode, channels, voice activity).
    pub survey_ms: u64,
    /// Windows given to the model.
    pub windows: u32,
    /// Windows decoded again with more effort.
    pub windows_escalated: u32,
    /// Speech given to the model, all channels, padding included.
    pub audio_fed_ms: u64,
}

/// The language as the model heard it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeardLanguage {
    /// Absent when nothing was said.
    pub language: Option<Language>,
    /// Confidence in it, 0 to 1.
    pub confidence: f32,
}

/// Who said what when, in one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Where it comes from.
    pub source: TranscriptSource,
    /// The model's name, or the provider's.
    pub model: String,
    /// True when the model knows only the sample calls; everything that shows the transcript says so.
    pub model_is_miniature: bool,
    /// Main language; absent when nothing was said.
    pub language: Option<Language>,
    /// Confidence in it, 0 to 1.
    pub language_confidence: f32,
    /// What was heard before the text was weighed against it; set once that was done, so that doing it again starts from
    /// the same place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<HeardLanguage>,
    /// Length of the call.
    pub duration_ms: u64,
    /// What each channel was.
    pub channels: Vec<ChannelFacts>,
    /// What was heard besides words; absent for a provider's transcript, and in what releases before wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<CallSound>,
    /// By start time, then channel.
    pub segments: Vec<Segment>,
    /// Text set aside, by start time.
    pub suspects: Vec<Suspect>,
    /// Sentences for a person: no speech found, one channel dead, and the like.
    pub notes: Vec<String>,
    /// What it cost.
    pub timings: Timings,
}

impl Transcript {
    /// Of what was said, by start time, and nothing else known: no language, no sound, as long as its last segment.
    pub fn new(source: TranscriptSource, model: impl Into<String>, segments: Vec<Segment>) -> Self {
        Self {
            source,
            model: model.into(),
            model_is_miniature: false,
            language: None,
            language_confidence: 0.0,
            heard: None,
            duration_ms: segments.iter().map(|segment| segment.end_ms).max().unwrap_or(0),
            channels: Vec::new(),
            sound: None,
            segments,
            suspects: Vec::new(),
            notes: Vec::new(),
            timings: Timings::default(),
        }
    }

    /// The same with the language that came of weighing what was heard against what was written.
    #[must_use]
    pub fn weighed(self, language: Option<Language>, confidence: f32) -> Self {
        let heard = self.heard();
        Self { language, language_confidence: confidence, heard: Some(heard), ..self }
    }

    /// The language as it was heard.
    pub fn heard(&self) -> HeardLanguage {
        let now = || HeardLanguage { language: self.language.clone(), confidence: self.language_confidence };
        self.heard.clone().unwrap_or_else(now)
    }

    /// All published words, in order of the segments.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.segments.iter().flat_map(|segment| &segment.words)
    }

    /// Plain text without speakers.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.as_str()).collect();
        texts.join(" ")
    }

    /// Plain text of the conversation: what machines said before and between is left out, unless there is nothing else.
    pub fn conversation_text(&self) -> String {
        let among = self.segments.iter().zip(self.in_conversation()).filter(|(_, is_among)| *is_among);
        let texts: Vec<&str> = among.map(|(segment, _)| segment.text.as_str()).collect();
        texts.join(" ")
    }

    /// Of each segment, whether it belongs to the conversation; all do where none would.
    pub fn in_conversation(&self) -> Vec<bool> {
        let middle = |segment: &Segment| segment.start_ms.midpoint(segment.end_ms);
        let is_among =
            |segment: &Segment| self.sound.as_ref().is_none_or(|sound| sound.is_conversation(middle(segment)));
        let among: Vec<bool> = self.segments.iter().map(is_among).collect();
        if among.contains(&true) { among } else { vec![true; self.segments.len()] }
    }

    /// Seconds of call for a second of work; absent when no time was measured.
    pub fn realtime_factor(&self) -> Option<f64> {
        (self.timings.wall_ms > 0).then(|| self.duration_ms as f64 / self.timings.wall_ms as f64)
    }

    /// Mean word probability, 0 to 1; absent without words.
    pub fn confidence(&self) -> Option<f32> {
        let (sum, count) = self.words().fold((0.0, 0u32), |(sum, n), word| (sum + word.probability, n + 1));
        (count > 0).then(|| sum / count as f32)
    }
}
