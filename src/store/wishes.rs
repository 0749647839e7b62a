//! Translations somebody wants: beside the six steps, which never wait for one. Attempts rise at the claim, so that a call
//! that kills the daemon is counted; what is given up stays with its reason until somebody asks again. What becomes of one
//! that is taken up is [`claims`].

mod claims;

use jiff::Timestamp;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::outcome::shortened;
use super::record::{self, Lease, Row};
use super::schema::{Tables, WISHES_DUE};
use super::translations::all_of;
use super::{AuditEntry, Store, StoreError, Verdict};
use crate::call::{Language, RecordingId, TranslationPolicy, TranslationState, Translator};

pub use claims::{WishClaim, WishEnd};

/// Kept as the last error of a try that was cut off.
const CUT_OFF: &str = "The daemon ended while it was being made.";

/// That somebody wants a translation, and what came of it so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Wish {
    /// Who is to make it.
    by: Translator,
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Waiting { until: Timestamp },
    Running { since: Timestamp, lease: Lease },
    Failed { at: Timestamp },
}

impl Wish {
    fn new(by: Translator, now: Timestamp) -> Self {
        Self { by, attempts: 0, last_error: None, standing: Standing::Waiting { until: now } }
    }

    pub(super) fn state(&self) -> TranslationState {
        let attempts = self.attempts;
        match &self.standing {
            Standing::Waiting { until } => {
                TranslationState::Waiting { until: *until, attempts, reason: self.last_error.clone() }
            }
            Standing::Running { since, .. } => TranslationState::Running { since: *since, attempts },
            Standing::Failed { at } => {
                TranslationState::Failed { at: *at, error: self.last_error.clone().unwrap_or_default(), attempts }
            }
        }
    }

    pub(super) const fn due(&self) -> Option<(Translator, Timestamp)> {
        match self.standing {
            Standing::Waiting { until } => Some((self.by, until)),
            Standing::Running { .. } | Standing::Failed { .. } => None,
        }
    }

    const fn is_failed(&self) -> bool {
        matches!(self.standing, Standing::Failed { .. })
    }

    pub(super) const fn is_running(&self) -> bool {
        matches!(self.standing, Standing::Running { .. })
    }

    fn fail(&mut self, error: &str, now: Timestamp) {
        self.last_error = Some(shortened(error));
        self.standing = Standing::Failed { at: now };
    }
}

impl Store {
    /// Says what is to be translated and by whom; what is said first holds.
    pub fn translate(&self, policy: TranslationPolicy) {
        let _the_first_stays = self.0.translates.set(policy.into());
    }

    /// Asks for a translation, at once where one waits for its time already; one that was given up, or made, is made
    /// again.
    ///
    /// # Errors
    ///
    /// As [`Store::get`]; [`StoreError::WrongState`] when the recording was removed.
    pub fn wish_translation(
        &self,
        id: RecordingId,
        language: &Language,
        by: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.deletion.is_some() {
                return Err(StoreError::WrongState(format!("Recording {id} was removed.")).into());
            }
            if tables.wish(id, language)?.is_some_and(|wish| wish.is_running()) {
                return Ok(Verdict::Drop(()));
            }
            tables.wish_for(id, language, now)?;
            tables.touch(&old, now)?;
            tables.note(&AuditEntry {
                at: now,
                by: by.to_owned(),
                what: "translation_asked".to_owned(),
                recording: Some(id),
                detail: format!("A translation into '{language}' was asked for."),
            })?;
            Ok(Verdict::Keep(()))
        })?;
        self.announce_work();
        Ok(())
    }

    /// When a translator has something to do next; `None` when nothing is wanted of him.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn next_wish(&self, by: Translator) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let first = tx.open_table(WISHES_DUE)?.range(due_range(by))?.next().transpose()?;
            Ok(first.map(|(key, _)| Timestamp::from_millisecond(key.value().1).unwrap_or(Timestamp::MAX)))
        })
    }

    /// Whether something that waits for a translator came to be due after `since`.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn is_wished_since(&self, by: Translator, since: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let (after, until) = (since.as_millisecond().saturating_add(1), now.as_millisecond());
        if after > until {
            return Ok(false);
        }
        self.read(|tx| {
            let range = (by as u8, after, &[0; 16], "")..=(by as u8, until, &[0xff; 16], "\u{10ffff}");
            Ok(tx.open_table(WISHES_DUE)?.range(range)?.next().transpose()?.is_some())
        })
    }
}

/// All of a translator's wishes that wait.
fn due_range(by: Translator) -> std::ops::RangeInclusive<(u8, i64, &'static [u8; 16], &'static str)> {
    (by as u8, i64::MIN, &[0; 16], "")..=(by as u8, i64::MAX, &[0xff; 16], "\u{10ffff}")
}

impl Tables<'_> {
    pub(super) fn wish(&self, id: RecordingId, language: &Language) -> Result<Option<Wish>, Fault> {
        let bytes = self.wishes.get((id.as_bytes(), language.as_str()))?;
        Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
    }

    /// Stores a wish, or removes it, with its place in the queue.
    pub(super) fn put_wish(&mut self, id: RecordingId, language: &Language, new: Option<&Wish>) -> Result<(), Fault> {
        let (bytes, code) = (id.as_bytes(), language.as_str());
        if let Some((by, due)) = self.wish(id, language)?.and_then(|old| old.due()) {
            self.wishes_due.remove((by as u8, due.as_millisecond(), bytes, code))?;
        }
        let Some(wish) = new else {
            self.wishes.remove((bytes, code))?;
            return Ok(());
        };
        if let Some((by, due)) = wish.due() {
            self.wishes_due.insert((by as u8, due.as_millisecond(), bytes, code), ())?;
        }
        self.wishes.insert((bytes, code), record::encode(wish)?.as_slice())?;
        Ok(())
    }

    /// Wants a translation from now on, whatever came of an earlier wish for it.
    pub(super) fn wish_for(&mut self, id: RecordingId, language: &Language, now: Timestamp) -> Result<(), Fault> {
        let wish = Wish::new(self.translator(language), now);
        self.put_wish(id, language, Some(&wish))
    }

    /// Once a call's language is known: it is translated into what the operator wants every call in, and again into what
    /// it was in before its words were heard anew.
    pub(super) fn wish_for_what_is_missing(&mut self, row: &Row, now: Timestamp) -> Result<(), Fault> {
        let id = row.recording.id;
        let Some(facts) = row.recording.transcript.as_ref().filter(|facts| facts.word_count > 0) else {
            return Ok(());
        };
        let mut wanted: Vec<Language> = Vec::new();
        // Of a call in nobody knows which language it cannot be said that it is in another one.
        if facts.language.is_some() {
            wanted.extend(self.translates.iter().flat_map(|policy| policy.to.iter().cloned()));
        }
        for (language, kept) in self.kept_facts(id)? {
            if kept.transcript != row.transcripts {
                wanted.push(language);
            }
        }
        wanted.extend(self.wishes_of(id)?.into_iter().map(|(language, _)| language));
        wanted.sort();
        wanted.dedup();
        wanted.retain(|language| facts.language.as_ref() != Some(language));
        for language in wanted {
            let is_made = self.kept_of(id, &language)?.is_some_and(|kept| kept.transcript == row.transcripts);
            let wish = self.wish(id, &language)?;
            if wish.as_ref().is_some_and(|wish| wish.is_running() || wish.is_failed() && is_made) {
                continue;
            }
            if !is_made || wish.is_some() {
                self.wish_for(id, &language, now)?;
            }
        }
        Ok(())
    }

    /// Who translates into a language.
    pub(super) fn translator(&self, into: &Language) -> Translator {
        self.translates.as_ref().map_or(Translator::Whisper, |policy| policy.translator(into))
    }

    /// The wishes for a recording, by language.
    pub(super) fn wishes_of(&self, id: RecordingId) -> Result<Vec<(Language, Wish)>, Fault> {
        let mut wishes = Vec::new();
        for entry in self.wishes.range(all_of(id.as_bytes()))? {
            let (key, bytes) = entry?;
            wishes.push((Language::new(key.value().1), record::decode(bytes.value())?));
        }
        Ok(wishes)
    }

    /// Whoever watches a recording is told that something about it changed.
    pub(super) fn touch(&mut self, old: &Row, now: Timestamp) -> Result<(), Fault> {
        let mut row = old.clone();
        row.recording.updated_at = now;
        self.put(Some(old), &row)
    }
}
