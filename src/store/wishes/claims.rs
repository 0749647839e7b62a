//! A wish that is being fulfilled: taken up, held against removals and words heard anew, ended, rescued after a kill.

use jiff::Timestamp;
use redb::ReadableTable;

use super::super::error::Fault;
use super::super::outcome::shortened;
use super::super::query::row;
use super::super::record::{self, Lease, Row};
use super::super::schema::{Tables, WISHES};
use super::super::{BootId, Store, StoreError, Verdict};
use super::{CUT_OFF, Standing, Wish, due_range};
use crate::call::{Language, Recording, RecordingId, Step, Translator};

/// Wishes looked at for one claim; the next claim goes on behind them.
const LOOKED_AT_MAX: usize = 64;
/// How long a wish for words that are just being heard anew waits, should nobody tell when they are.
const STEPS_RETRY_S: i64 = 60;

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
    pub(in crate::store) transcript: u32,
    pub(in crate::store) serial: u64,
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

impl Wish {
    fn is_held_by(&self, claim: &WishClaim) -> bool {
        matches!(&self.standing, Standing::Running { lease, .. } if lease.serial == claim.serial)
    }
}

impl Store {
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
        let id = claim.recording.id;
        self.read(|tx| {
            let bytes = tx.open_table(WISHES)?.get((id.as_bytes(), claim.language.as_str()))?;
            let wish = bytes.map(|bytes| record::decode::<Wish>(bytes.value())).transpose()?;
            let has_same_words = |row: Row| row.transcripts == claim.transcript;
            Ok(wish.is_some_and(|wish| wish.is_held_by(claim)) && row(tx, id)?.is_some_and(has_same_words))
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

impl Tables<'_> {
    /// The wish of a claim with its recording's row, if the claim still holds it.
    pub(in crate::store) fn held_wish(&self, claim: &WishClaim) -> Result<Option<(Wish, Row)>, Fault> {
        let id = claim.recording.id;
        let Some(wish) = self.wish(id, &claim.language)?.filter(|wish| wish.is_held_by(claim)) else { return Ok(None) };
        Ok(self.row(id)?.map(|row| (wish, row)))
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
