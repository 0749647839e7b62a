//! What a step ended with, and what that does to a row. Pure: no table is touched here.

use jiff::Timestamp;
use serde_json::Value;

use super::record::Row;
use crate::call::{
    Audio, AudioFormatFacts, CallFacts, Insight, Language, Recording, Step, StepRecord, StepState, Transcript,
    TranscriptFacts,
};

/// Characters of a transcript that lists show.
const PREVIEW_CHARS_MAX: usize = 200;
/// Characters of an error or a reason that are kept; a tool's whole output is none of the database's business.
const SENTENCE_CHARS_MAX: usize = 1000;

/// What a step brought.
#[derive(Debug, Clone, PartialEq)]
pub enum StepResult {
    /// Of [`Step::FetchDetails`]. What it leaves open keeps what discovery knew.
    Details(Box<CallFacts>),
    /// Of [`Step::FetchMetadata`]: the source's description, whole.
    Metadata(Value),
    /// Of [`Step::DownloadAudio`]: the file is durable already.
    Audio(Box<Audio>),
    /// Of [`Step::Transcribe`].
    Transcript {
        /// The words; none when nobody spoke.
        transcript: Box<Transcript>,
        /// What the bytes turned out to be.
        format: AudioFormatFacts,
    },
    /// Of [`Step::DetectLanguage`].
    Language {
        /// Absent when it cannot be told.
        language: Option<Language>,
        /// 0 to 1.
        confidence: f32,
    },
    /// Of [`Step::GenerateSummary`].
    Insight(Box<Insight>),
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome {
    /// It brought its result.
    Completed {
        /// What it brought.
        result: StepResult,
        /// What produced it: model, rules, program version.
        version: Option<String>,
    },
    /// What it is for is not to be had.
    Skipped {
        /// Why, as a sentence.
        reason: String,
        /// What is kept all the same: the transcript of a call without speech with its notes.
        result: Option<StepResult>,
    },
    /// Something went wrong that may pass. The attempt counts.
    Retry {
        /// Not before this.
        until: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// What it needs is not there yet (a model, a recording still being made). The attempt does not count.
    Waiting {
        /// Not before this.
        until: Timestamp,
        /// What it waits for, as a sentence.
        reason: String,
    },
    /// Given up.
    Failed {
        /// Why and what to do.
        error: String,
    },
    /// Put back untouched, because the daemon stops. The attempt does not count.
    Released,
}

/// What storing an outcome asks for beside the row.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Effects {
    /// To be stored under the recording.
    pub(super) transcript: Option<Box<Transcript>>,
    /// The language of the stored transcript is now another.
    pub(super) language: Option<(Option<Language>, f32)>,
    /// The insight is new.
    pub(super) has_insight: bool,
}

/// Ends the running `step` of `row` with `outcome`.
pub(super) fn apply(row: &mut Row, step: Step, outcome: StepOutcome, now: Timestamp) -> Effects {
    row.lease = None;
    row.recording.updated_at = now;
    let mut effects = Effects::default();
    let record = row.recording.steps.get_mut(step);
    if let StepState::Running { since } = record.state {
        record.took_ms = u64::try_from(now.as_millisecond() - since.as_millisecond()).ok();
    }
    match outcome {
        StepOutcome::Completed { result, version } => {
            record.state = StepState::Completed { at: now };
            record.version = version;
            effects = keep(row, result);
        }
        StepOutcome::Skipped { reason, result } => {
            record.state = StepState::Skipped { at: now, reason: shortened(&reason) };
            effects = result.map(|result| keep(row, result)).unwrap_or_default();
        }
        StepOutcome::Retry { until, error } => {
            record.last_error = Some(shortened(&error));
            record.state = StepState::Waiting { until, reason: shortened(&error) };
        }
        StepOutcome::Waiting { until, reason } => {
            record.attempts = record.attempts.saturating_sub(1);
            record.state = StepState::Waiting { until, reason: shortened(&reason) };
        }
        StepOutcome::Failed { error } => fail(record, &error, now),
        StepOutcome::Released => {
            record.attempts = record.attempts.saturating_sub(1);
            record.state = StepState::Pending;
        }
    }
    let record = row.recording.steps.get_mut(step);
    if record.state.is_final() {
        record.before = None;
    }
    skip_what_cannot_come(&mut row.recording, now);
    effects
}

/// Ends what is still to come. A step that was done again stands where it stood before, any other is skipped. Answers
/// whether one was.
pub(super) fn cancel(recording: &mut Recording, by: &str, now: Timestamp) -> bool {
    let mut has_skipped = false;
    while let Some(step) = recording.steps.next() {
        let before = recording.steps.get_mut(step).before.take();
        match before.filter(|before| still_holds(recording, step, &before.state)) {
            Some(before) => *recording.steps.get_mut(step) = *before,
            None => {
                let reason = format!("{}{by}.", StepState::CANCELLED);
                recording.steps.get_mut(step).state = StepState::Skipped { at: now, reason };
                has_skipped = true;
            }
        }
    }
    has_skipped
}

/// Whether the end a step had come to still says what is true: its result is there, and is of the words that are.
fn still_holds(recording: &Recording, step: Step, end: &StepState) -> bool {
    let (at, is_completed) = match end {
        StepState::Completed { at } => (at, true),
        StepState::Skipped { at, .. } | StepState::Failed { at, .. } => (at, false),
        StepState::Pending | StepState::Running { .. } | StepState::Waiting { .. } => return false,
    };
    let is_after =
        |step| !matches!(&recording.steps.get(step).state, StepState::Completed { at: theirs } if theirs > at);
    match step {
        Step::FetchDetails | Step::FetchMetadata => true,
        Step::DownloadAudio => !is_completed || recording.audio.is_some(),
        Step::Transcribe if is_completed => recording.transcript.is_some(),
        Step::Transcribe => is_after(Step::DownloadAudio),
        Step::DetectLanguage => is_after(Step::Transcribe),
        Step::GenerateSummary => is_after(Step::Transcribe) && (!is_completed || recording.insight.is_some()),
    }
}

/// Gives a step up.
pub(super) fn fail(record: &mut StepRecord, error: &str, now: Timestamp) {
    record.last_error = Some(shortened(error));
    record.state = StepState::Failed { at: now, error: shortened(error) };
}

/// Once audio or words are known never to come, the steps that live on them are skipped in the same breath.
pub(super) fn skip_what_cannot_come(recording: &mut Recording, now: Timestamp) {
    let over = |recording: &Recording, step| recording.steps.get(step).state.is_final();
    let skip = |recording: &mut Recording, steps: &[Step], reason: &str| {
        for step in steps {
            let record = recording.steps.get_mut(*step);
            if matches!(record.state, StepState::Pending | StepState::Waiting { .. }) {
                record.state = StepState::Skipped { at: now, reason: reason.to_owned() };
            }
        }
    };
    if over(recording, Step::DownloadAudio) && recording.audio.is_none() {
        skip(recording, &[Step::Transcribe], "There is no audio.");
    }
    if over(recording, Step::Transcribe) {
        let reason = match &recording.transcript {
            None => "There is no transcript.",
            Some(transcript) if transcript.word_count == 0 => "The transcript has no words.",
            Some(_) => return,
        };
        skip(recording, &[Step::DetectLanguage, Step::GenerateSummary], reason);
    }
}

/// After a new transcript, or other sound, the steps that live on it run, also those that were skipped for want of one.
pub(super) fn revive_after(recording: &mut Recording, step: Step) {
    for later in Step::ALL.into_iter().filter(|later| *later > step) {
        recording.steps.reset(later);
    }
}

/// Puts a result where it belongs.
fn keep(row: &mut Row, result: StepResult) -> Effects {
    let recording = &mut row.recording;
    match result {
        StepResult::Details(call) => recording.call = filled_from(*call, &recording.call),
        // A source that has no more to say than it did at first.
        StepResult::Metadata(Value::Null) => {}
        StepResult::Metadata(value) => recording.metadata = with_source(value, &row.locator),
        StepResult::Audio(mut audio) => {
            let is_other = |old: &Audio| old.sha256 != audio.sha256 || old.redacted.is_some() || old.unheard;
            audio.unheard = recording.transcript.is_some() && recording.audio.as_ref().is_some_and(is_other);
            if audio.unheard {
                revive_after(recording, Step::DownloadAudio);
            }
            recording.audio = Some(*audio);
        }
        StepResult::Insight(insight) => {
            recording.insight = Some(*insight);
            return Effects { has_insight: true, ..Effects::default() };
        }
        StepResult::Language { language, confidence } => {
            if let Some(facts) = &mut recording.transcript {
                facts.language.clone_from(&language);
                facts.language_confidence = confidence;
            }
            return Effects { language: Some((language, confidence)), ..Effects::default() };
        }
        StepResult::Transcript { transcript, format } => {
            if let Some(audio) = &mut recording.audio {
                audio.container = Some(format.container);
                audio.codec = Some(format.codec);
                audio.sample_rate_hz = Some(format.sample_rate_hz);
                audio.channel_count = Some(format.channel_count);
                audio.duration_ms = Some(transcript.duration_ms);
                audio.channels.clone_from(&transcript.channels);
                audio.unheard = false;
                if let Some(redacted) = &mut audio.redacted {
                    // Silenced where the transcript before says; to be done again where this one says.
                    redacted.veil = 0;
                }
            }
            recording.transcript = Some(facts_of(&transcript));
            return Effects { transcript: Some(transcript), ..Effects::default() };
        }
    }
    Effects::default()
}

pub(super) fn facts_of(transcript: &Transcript) -> TranscriptFacts {
    TranscriptFacts {
        source: transcript.source,
        model: transcript.model.clone(),
        model_is_miniature: transcript.model_is_miniature,
        language: transcript.language.clone(),
        language_confidence: transcript.language_confidence,
        word_count: transcript.words().count().try_into().unwrap_or(u32::MAX),
        suspect_count: transcript.suspects.len().try_into().unwrap_or(u32::MAX),
        confidence: transcript.confidence(),
        preview: preview_of(transcript),
        veil: 0,
    }
}

/// The first words.
pub(super) fn preview_of(transcript: &Transcript) -> String {
    transcript.text().chars().take(PREVIEW_CHARS_MAX).collect()
}

/// The source's description with where it was found, under `source`.
pub(super) fn with_source(metadata: Value, locator: &str) -> Value {
    let mut fields = match metadata {
        Value::Object(fields) => fields,
        Value::Null => serde_json::Map::new(),
        other => [("value".to_owned(), other)].into_iter().collect(),
    };
    fields.insert("source".to_owned(), Value::from(locator));
    Value::Object(fields)
}

/// `call`, with what it leaves open taken from `known`.
fn filled_from(call: CallFacts, known: &CallFacts) -> CallFacts {
    let (Ok(mut value), Ok(Value::Object(known))) = (serde_json::to_value(&call), serde_json::to_value(known)) else {
        return call;
    };
    for (field, old) in known {
        let is_open = match &value[&field] {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if is_open {
            value[&field] = old;
        }
    }
    serde_json::from_value(value).unwrap_or(call)
}

pub(super) fn shortened(sentence: &str) -> String {
    sentence.chars().take(SENTENCE_CHARS_MAX).collect()
}
