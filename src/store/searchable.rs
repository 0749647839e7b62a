//! What can be searched of a recording. The words of a transcript with their times are most of it and are not read before
//! one of them is shown.

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::query::row;
use super::record::{self, RecordError};
use super::schema::TRANSCRIPTS;
use super::veiled::{stored_opinion, stored_words};
use super::{Store, StoreError};
use crate::call::{Language, Place, Recording, RecordingId, SecondOpinion, Segment, Transcript, Word};

/// Everything of one recording that can be searched.
#[derive(Debug, Clone)]
pub struct Searchable {
    /// The recording.
    pub recording: Recording,
    /// What was said.
    pub transcript: Option<Spoken>,
    /// What the provider made of it.
    pub opinion: Option<SecondOpinion>,
}

/// A [`Transcript`], as far as it can be searched.
#[derive(Debug, Clone, Deserialize)]
pub struct Spoken {
    /// Main language.
    pub language: Option<Language>,
    /// By start time, then channel.
    pub segments: Vec<SpokenSegment>,
    /// Sentences for a person.
    pub notes: Vec<String>,
}

impl Spoken {
    fn of(transcript: Transcript) -> Result<Self, RecordError> {
        let segment = |segment: Segment| -> Result<SpokenSegment, RecordError> {
            Ok(SpokenSegment {
                channel: segment.channel,
                speaker: segment.speaker,
                start_ms: segment.start_ms,
                text: segment.text,
                words: to_raw_value(&segment.words).map_err(|error| RecordError::Unreadable(error.to_string()))?,
            })
        };
        let segments = transcript.segments.into_iter().map(segment).collect::<Result<_, _>>()?;
        Ok(Self { language: transcript.language, segments, notes: transcript.notes })
    }
}

/// One of its segments.
#[derive(Debug, Clone, Deserialize)]
pub struct SpokenSegment {
    /// Channel in the file, from 0.
    pub channel: u16,
    /// Who speaks.
    pub speaker: String,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// The words, joined.
    pub text: String,
    words: Box<RawValue>,
}

impl SpokenSegment {
    /// When the word at or behind this byte of the text was said; the segment's beginning where that cannot be told.
    pub fn said_at_ms(&self, byte: usize) -> u64 {
        let words: Vec<Word> = serde_json::from_str(self.words.get()).unwrap_or_default();
        let whole = Segment {
            channel: self.channel,
            speaker: String::new(),
            start_ms: self.start_ms,
            end_ms: self.start_ms,
            text: self.text.clone(),
            words,
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        };
        let ranges = whole.word_ranges().unwrap_or_default();
        let word = ranges.iter().position(|range| range.end > byte).and_then(|at| whole.words.get(at));
        word.map_or(self.start_ms, |word| word.start_ms)
    }
}

impl Store {
    /// What can be searched of one recording, as the index may hold it; `None` when it was removed or never was.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn searchable(&self, id: RecordingId) -> Result<Option<Searchable>, StoreError> {
        self.read(|tx| {
            let Some(row) = row(tx, id)?.filter(|row| row.recording.deletion.is_none()) else { return Ok(None) };
            let recording = self.shown(row.recording);
            let opinion = stored_opinion(tx, id)?;
            if !self.masks_in(Place::Search) {
                let transcript = tx.open_table(TRANSCRIPTS)?.get(id.as_bytes())?;
                let transcript = transcript.map(|bytes| record::decode(bytes.value())).transpose()?;
                return Ok(Some(Searchable { recording, transcript, opinion }));
            }
            let ours = stored_words(tx, id)?;
            let opinion = opinion.map(|opinion| self.veiled_opinion(ours.as_ref(), opinion, Place::Search));
            let transcript = ours.map(|ours| Spoken::of(self.veiled(ours, Place::Search))).transpose()?;
            Ok(Some(Searchable { recording, transcript, opinion }))
        })
    }
}
