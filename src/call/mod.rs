//! The vocabulary: what a recording, a channel, a segment, a step are. Pure data and pure rules.
//!
//! Never does I/O, never reads a clock, never logs. Everything else in the crate speaks in these words, and this
//! module speaks of nothing else in the crate. Times inside a call are milliseconds from its first sample
//! (`…_ms: u64`); times of day are [`jiff::Timestamp`] in UTC.

mod category;
mod health;
mod ids;
mod insight;
mod job;
mod opinion;
mod privacy;
mod recording;
pub mod retry;
mod step;
mod talk;
mod transcript;
mod translation;
mod worth;

pub use category::{CategoryHit, CategoryResult, CategoryRule};
pub use health::{Bandwidth, ChannelHealth, Dropouts};
pub use ids::{AccountName, IdError, ProviderKind, RecordingId, RecordingKey};
pub use insight::{
    ActionItem, Insight, Intent, Keyword, PartySentiment, PiiKind, PiiSpan, Question, Sentiment, SentimentLabel,
    SentimentPoint, SummaryModel, SummarySentence, SummarySource,
};
pub use job::{Job, JobCounts, JobId, JobKind, JobState, NAMED_MAX};
pub use opinion::{Agreement, Dispute, OpinionFacts, SecondOpinion};
pub use privacy::{Place, PrivacyPolicy, Silence, Unredacted, Veil};
pub use recording::{
    Audio, AudioFormatFacts, CallFacts, Deletion, Direction, Party, RawAudio, RawLaw, Recording, Redacted,
    TranscriptFacts,
};
pub use step::{ProcessingStatus, STEP_COUNT, StageStatus, Step, StepRecord, StepState, Steps};
pub use talk::{
    CallSound, PartyRole, PartyTalk, Phase, PhaseKind, Stretch, TalkBasis, TalkMetrics, TalkMoment, TalkMomentKind,
};
pub use transcript::{
    ChannelFacts, ChannelRole, HeardLanguage, Language, Segment, Suspect, SuspectReason, Timings, Transcript,
    TranscriptSource, Word,
};
pub use translation::{
    Translation, TranslationFacts, TranslationPolicy, TranslationStanding, TranslationState, Translator,
};
pub use worth::{LOW_AGREEMENT, ListenReason};

/// What a caller should do after an error. Every error enum at a module boundary answers this, so that nobody matches
/// on text or status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Try again; not before `after`, where the other side named a time.
    Retry {
        /// The other side's own wish (`Retry-After`), if it had one.
        after: Option<std::time::Duration>,
    },
    /// The account or resource behind it needs a person; stop asking until then.
    Park,
    /// Not there yet: ask again less and less often, until it is too old to hope for.
    Wait {
        /// Not before this, where the other side named a time.
        after: Option<std::time::Duration>,
    },
    /// Not to be had, and that is no fault: it was deleted, or never made.
    Absent,
    /// This one thing will never work; record why and go on with the others.
    Reject,
    /// The program cannot go on safely.
    Fatal,
}

impl Disposition {
    /// The name in metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Park => "park",
            Self::Wait { .. } => "wait",
            Self::Absent => "absent",
            Self::Reject => "reject",
            Self::Fatal => "fatal",
        }
    }
}
