//! Brings what was kept under another policy, or as it was received, under the one of today.

use jiff::Timestamp;
use redb::ReadableTable as _;

use super::record;
use super::schema::PROGRESS;
use super::{AuditEntry, Store, StoreError, Verdict};
use crate::call::{Audio, Insight, Recording, RecordingId, SecondOpinion, Transcript, Unredacted};

const NAME: &str = "veil";

/// Words brought under the veil.
#[derive(Debug, Clone, Copy)]
pub struct Reveiled<'a> {
    /// The words as they lie in the store: when these are others by now, nothing is done.
    pub stored: Option<&'a Transcript>,
    /// The same as they were spoken, as far as that is known; absent where they stay as they are.
    pub spoken: Option<&'a Transcript>,
    /// What the provider said, as it lies in the store: when this is another by now, nothing is done.
    pub stored_opinion: Option<&'a SecondOpinion>,
    /// What the provider said, as it said it, as far as that is known; absent where it stays as it is.
    pub opinion: Option<&'a SecondOpinion>,
    /// What is drawn from them now; absent where nothing was drawn before.
    pub insight: Option<&'a Insight>,
}

impl Store {
    /// The policy that everything was last brought under; `None` when that was never done.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn veiled_under(&self) -> Result<Option<u64>, StoreError> {
        self.read(|tx| {
            let stored = tx.open_table(PROGRESS)?.get(NAME)?;
            Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
        })
    }

    /// Everything was brought under the policy of today.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn note_veiled(&self) -> Result<(), StoreError> {
        self.write(|tables| {
            let mark = tables.mark();
            tables.progress.insert(NAME, record::encode(&mark)?.as_slice())?;
            Ok(Verdict::Keep(()))
        })
    }

    /// Whether something may still be there that today's policy hides, because not everything was brought under it yet.
    /// What is added up over many calls is not to be shown as long.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn is_being_veiled(&self) -> Result<bool, StoreError> {
        let mark = self.veil_mark();
        Ok(mark != 0 && self.veiled_under()? != Some(mark))
    }

    /// Whether a recording's words, what the provider said of it, or what was drawn from them, are under another policy
    /// than today's.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn is_unveiled(&self, id: RecordingId) -> Result<bool, StoreError> {
        let mark = self.veil_mark();
        self.read(|tx| {
            let Some(row) = super::query::row(tx, id)?.filter(|row| row.recording.deletion.is_none()) else {
                return Ok(false);
            };
            let recording = row.recording;
            let has_other_words = recording.transcript.as_ref().is_some_and(|facts| facts.veil != mark)
                || recording.opinion.as_ref().is_some_and(|facts| facts.veil != mark);
            Ok(has_other_words || recording.insight.as_ref().is_some_and(|insight| insight.veil != mark))
        })
    }

    /// What was drawn from a recording's words, as it lies in the store; see [`Store::spoken`].
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn drawn(&self, id: RecordingId) -> Result<Option<Insight>, StoreError> {
        self.read(|tx| Ok(super::query::row(tx, id)?.and_then(|row| row.recording.insight)))
    }

    /// Keeps a recording's words, and what was drawn from them, under the policy of today. False when they changed
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn reveil(&self, id: RecordingId, words: &Reveiled<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let is_kept = self.write(|tables| {
            let old = tables.known_row(id)?;
            let stored = tables.transcripts.get(id.as_bytes())?;
            let stored = stored.map(|bytes| record::decode::<Transcript>(bytes.value())).transpose()?;
            let opinion = tables.opinions.get(id.as_bytes())?;
            let opinion = opinion.map(|bytes| record::decode::<SecondOpinion>(bytes.value())).transpose()?;
            let is_same = stored.as_ref() == words.stored && opinion.as_ref() == words.stored_opinion;
            if old.recording.deletion.is_some() || !is_same {
                return Ok(Verdict::Drop(false));
            }
            let mut row = old.clone();
            let recording = &mut row.recording;
            if let Some(spoken) = words.spoken {
                let before = recording.transcript.as_ref().map(|facts| facts.word_count);
                // Words that could not be opened are no reason to seal, or to forget, what lies sealed of them.
                let is_spoken = words.spoken != words.stored || !tables.has_sealed_words(id)?;
                let mut facts = tables.keep_words(id, spoken, is_spoken)?;
                facts.word_count = before.unwrap_or(facts.word_count);
                recording.transcript = Some(facts);
            }
            if let Some(opinion) = words.opinion {
                recording.opinion = Some(tables.keep_second(id, words.spoken, opinion)?);
            }
            if let (Some(insight), Some(known)) = (words.insight, &mut recording.insight) {
                *known = Insight { veil: tables.mark(), ..insight.clone() };
            }
            // Of words that stay as they are the translations do too.
            if words.spoken.is_some() || words.stored.is_none() {
                tables.veil_translations(&mut row, now)?;
            }
            if self.fate() != Unredacted::Keep {
                tables.owe_scrub()?;
            }
            tables.put(Some(&old), &row)?;
            tables.note_text(id)?;
            Ok(Verdict::Keep(true))
        })?;
        // What a language model made of words that are masked today is made again.
        self.announce_work();
        Ok(is_kept)
    }

    /// The audio is another file now: the redacted one that `audio` names. `None` when the one before was replaced
    /// meanwhile, is being worked on, or may not be changed.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn replace_audio(
        &self,
        id: RecordingId,
        before: &Audio,
        audio: Audio,
        now: Timestamp,
    ) -> Result<Option<Recording>, StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            let recording = &old.recording;
            let is_same = recording.audio.as_ref().is_some_and(|known| known.sha256 == before.sha256);
            if recording.deletion.is_some() || recording.legal_hold || old.lease.is_some() || !is_same {
                return Ok(Verdict::Drop(None));
            }
            let mut row = old.clone();
            let is_sealed = audio.redacted.as_ref().is_some_and(|redacted| redacted.is_sealed);
            row.recording.audio = Some(audio);
            row.recording.updated_at = now;
            tables.put(Some(&old), &row)?;
            tables.note(&redacted(id, is_sealed, now))?;
            Ok(Verdict::Keep(Some(row.recording)))
        })
    }
}

fn redacted(id: RecordingId, is_sealed: bool, now: Timestamp) -> AuditEntry {
    let fate = if is_sealed { "sealed" } else { "dropped" };
    AuditEntry {
        at: now,
        by: "daemon".to_owned(),
        what: "redacted".to_owned(),
        recording: Some(id),
        detail: format!("Personal data was silenced in the audio; what was received was {fate}."),
    }
}
