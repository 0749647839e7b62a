//! Translations somebody wants: beside the six steps, which never wait for one. Attempts rise at the claim, so that a call
//! that kills the daemon is counted; what is given up stays with its reason until somebody asks again.

use jiff::Timestamp;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::outcome::shortened;
use super::record::{self, Lease, Row};
use super::schema::{Tables, WISHES_DUE};
use super::translations::all_of;
use super::{AuditEntry, BootId, Store, StoreError, Verdict};
use crate::call::{Language, Recording, RecordingId, Step, TranslationPolicy, TranslationState, Translator};

/// Wishes looked at for one claim; the next claim goes on behind them.
const LOOKED_AT_MAX: usize = 64;
/// How long a wish for words that are just being heard anew waits, should nobody tell when they are.
const STEPS_RETRY_S: i64 = 60;
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

/// The right to make one translation, and what it takes to do so.
#[derive(Debug, Clone, PartialEq)]
pub struct WishClaim {
    /// The recording as it was when claimed.
    pub recording: Recording,
    /// The language wanted.
    pub language: Language,
    /// Who is to make it.
    pub by: Translator,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// Which of its transcripts is translated.
    pub(super) transcript: u32,
    pub(super) serial: u64,
}

/// Why a claim brought no translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WishEnd {
    /// Something went wrong that may pass. The attempt counts.
    Retry {
        /// Not before this.
        until: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// What it needs is not there. The attempt does not count.
    Waiting {
        /// Not before this.
        until: Timestamp,
        /// What it waits for, as a sentence.
        reason: String,
    },
    /// Somebody else is to make it. The attempt does not count.
    HandedOn(Translator),
    /// Given up.
    Failed {
        /// Why and what to do.
        error: String,
    },
    /// Put back untouched, because the daemon stops. The attempt does not count.
    Released,
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

    /// Takes up the wish that is due first. Those of which nothing can come are given up on the way, those for words that
    /// are just being heard anew wait for them.
    ///
    /// # Errors
    ///
    /// Only [`StoreError::Damaged`] and [`StoreError::Storage`].
    pub fn take_wish(
        &self,
        by: Translator,
        boot: BootId,
        attempts_max: u32,
        now: Timestamp,
    ) -> Result<Option<WishClaim>, StoreError> {
        self.write(|tables| {
            let mut changed = false;
            for _ in 0..LOOKED_AT_MAX {
                let Some((id, language)) = tables.first_wish(by, now)? else { break };
                changed = true;
                let (old, Some(mut wish)) = (tables.known_row(id)?, tables.wish(id, &language)?) else { break };
                if let Some(until) = awaits_its_words(&old, now) {
                    wish.standing = Standing::Waiting { until };
                } else if let Some(error) = hopeless(&old, &language, &wish, attempts_max) {
                    wish.fail(&error, now);
                    tables.touch(&old, now)?;
                } else {
                    let claim = tables.take_up(&old, language, wish, boot, now)?;
                    return Ok(Verdict::Keep(Some(claim)));
                }
                tables.put_wish(id, &language, Some(&wish))?;
            }
            Ok(if changed { Verdict::Keep(None) } else { Verdict::Drop(None) })
        })
    }

    /// Whether a claim still holds: nobody removed the recording or heard its words anew.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn is_wished(&self, claim: &WishClaim) -> Result<bool, StoreError> {
        self.write(|tables| {
            let is_held = tables.held_wish(claim)?.is_some_and(|(_, row)| row.transcripts == claim.transcript);
            Ok(Verdict::Drop(is_held))
        })
    }

    /// Ends a claim that brought nothing. An earlier translation is not touched.
    ///
    /// # Errors
    ///
    /// [`StoreError::ClaimLost`] when the recording was removed meanwhile: nothing is stored.
    pub fn end_wish(&self, claim: &WishClaim, end: &WishEnd, now: Timestamp) -> Result<(), StoreError> {
        let id = claim.recording.id;
        self.write(|tables| {
            let Some((mut wish, row)) = tables.held_wish(claim)? else { return Err(StoreError::ClaimLost(id).into()) };
            // What came of words that are gone says nothing of those that are there now.
            if row.transcripts != claim.transcript {
                tables.wish_for(id, &claim.language, now)?;
                return Ok(Verdict::Keep(()));
            }
            let fewer = wish.attempts.saturating_sub(1);
            match end {
                WishEnd::Retry { until, error } => {
                    wish.last_error = Some(shortened(error));
                    wish.standing = Standing::Waiting { until: *until };
                }
                WishEnd::Waiting { until, reason } => {
                    (wish.attempts, wish.last_error) = (fewer, Some(shortened(reason)));
                    wish.standing = Standing::Waiting { until: *until };
                }
                WishEnd::HandedOn(other) => {
                    (wish.attempts, wish.by) = (fewer, *other);
                    wish.standing = Standing::Waiting { until: now };
                }
                WishEnd::Failed { error } => {
                    wish.fail(error, now);
                    tables.touch(&row, now)?;
                }
                WishEnd::Released => {
                    wish.attempts = fewer;
                    wish.standing = Standing::Waiting { until: now };
                }
            }
            tables.put_wish(id, &claim.language, Some(&wish))?;
            Ok(Verdict::Keep(()))
        })?;
        self.announce_work();
        Ok(())
    }

    /// At start: what an earlier run was making waits again, attempts kept, and what waits is given to whoever makes it
    /// today. Answers how many were being made.
    ///
    /// # Errors
    ///
    /// Only [`StoreError::Damaged`] and [`StoreError::Storage`].
    pub fn rescue_wishes(&self, now: Timestamp, boot: BootId) -> Result<usize, StoreError> {
        self.write(|tables| {
            let mut changed = Vec::new();
            let mut rescued = 0;
            for entry in tables.wishes.iter()? {
                let (key, bytes) = entry?;
                let (id, language) = (RecordingId::from_bytes(*key.value().0), Language::new(key.value().1));
                let old = record::decode::<Wish>(bytes.value())?;
                let mut wish = Wish { by: tables.translator(&language), ..old.clone() };
                match &old.standing {
                    Standing::Running { lease, .. } if lease.boot != boot => {
                        wish.last_error = Some(CUT_OFF.to_owned());
                        wish.standing = Standing::Waiting { until: now };
                        rescued += 1;
                    }
                    Standing::Waiting { .. } if wish.by != old.by => {}
                    _ => continue,
                }
                changed.push((id, language, wish));
            }
            for (id, language, wish) in &changed {
                tables.put_wish(*id, language, Some(wish))?;
            }
            Ok(if changed.is_empty() { Verdict::Drop(0) } else { Verdict::Keep(rescued) })
        })
    }
}

/// When the words will be there that are to be translated; absent where they are.
fn awaits_its_words(row: &Row, now: Timestamp) -> Option<Timestamp> {
    let is_final = |step| row.recording.steps.get(step).state.is_final();
    let is_there = is_final(Step::Transcribe) && is_final(Step::DetectLanguage);
    (!is_there).then(|| now + jiff::SignedDuration::from_secs(STEPS_RETRY_S))
}

/// Why nothing can come of a wish, if so.
fn hopeless(row: &Row, language: &Language, wish: &Wish, attempts_max: u32) -> Option<String> {
    let Some(facts) = row.recording.transcript.as_ref().filter(|facts| facts.word_count > 0) else {
        return Some("The transcript has no words.".to_owned());
    };
    if facts.language.as_ref() == Some(language) {
        return Some(format!("The call is in '{language}' itself."));
    }
    let why = wish.last_error.as_deref().unwrap_or(CUT_OFF);
    (wish.attempts >= attempts_max).then(|| format!("Given up after {} attempts. {why}", wish.attempts))
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

    /// The wish of a claim with its recording's row, if the claim still holds it.
    pub(super) fn held_wish(&self, claim: &WishClaim) -> Result<Option<(Wish, Row)>, Fault> {
        let id = claim.recording.id;
        let holds =
            |wish: &Wish| matches!(&wish.standing, Standing::Running { lease, .. } if lease.serial == claim.serial);
        let Some(wish) = self.wish(id, &claim.language)?.filter(holds) else { return Ok(None) };
        Ok(self.row(id)?.map(|row| (wish, row)))
    }

    /// Whoever watches a recording is told that something about it changed.
    pub(super) fn touch(&mut self, old: &Row, now: Timestamp) -> Result<(), Fault> {
        let mut row = old.clone();
        row.recording.updated_at = now;
        self.put(Some(old), &row)
    }

    fn first_wish(&self, by: Translator, now: Timestamp) -> Result<Option<(RecordingId, Language)>, Fault> {
        let Some(first) = self.wishes_due.range(due_range(by))?.next().transpose()? else { return Ok(None) };
        let (_, due, id, language) = first.0.value();
        Ok((due <= now.as_millisecond()).then(|| (RecordingId::from_bytes(*id), Language::new(language))))
    }

    fn take_up(
        &mut self,
        row: &Row,
        language: Language,
        mut wish: Wish,
        boot: BootId,
        now: Timestamp,
    ) -> Result<WishClaim, Fault> {
        let serial = self.meta.get("claims")?.map_or(0, |serial| serial.value()) + 1;
        self.meta.insert("claims", serial)?;
        wish.attempts += 1;
        wish.standing = Standing::Running { since: now, lease: Lease { boot, serial } };
        let recording = row.recording.clone();
        self.put_wish(recording.id, &language, Some(&wish))?;
        let (by, attempt, transcript) = (wish.by, wish.attempts, row.transcripts);
        Ok(WishClaim { recording, language, by, attempt, transcript, serial })
    }
}
