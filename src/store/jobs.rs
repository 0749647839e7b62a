//! Jobs: what was asked for by the API, settled in the transactions that end the recordings' work.

use jiff::{SignedDuration, Timestamp};
use redb::{ReadableTable, ReadableTableMetadata};

use super::discovered::id_for;
use super::error::Fault;
use super::index::source_key;
use super::record::{self, Row};
use super::schema::{JOBS, Tables};
use super::state::reset_row;
use super::{AuditEntry, Store, StoreError, Verdict, outcome, query};
use crate::call::{CallFacts, Job, JobId, JobKind, Recording, RecordingId, RecordingKey, Step};

/// Jobs kept, the newest; of those that have ended the oldest go first.
pub const JOBS_MAX: u64 = 10_000;
/// Unfinished jobs that are looked past for one that is too old, while there is room.
const PASSED_OVER_MAX: u64 = 100;
/// How long a job that has ended is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A call that came in by the API; its file is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUpload {
    /// Its identity.
    pub key: RecordingKey,
    /// What the caller knows of the call.
    pub call: CallFacts,
    /// What else the caller knows, whole.
    pub metadata: serde_json::Value,
    /// Where its file is found.
    pub locator: String,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The recording, new or known.
    pub recording: Recording,
    /// The job of a new one; of a known one the job that has not ended, if any.
    pub job: Option<JobId>,
    /// False when the same bytes came before.
    pub is_new: bool,
}

impl Store {
    /// Takes in an upload with its job. The same bytes are one recording, however often they come.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn take_upload(&self, new: &NewUpload, now: Timestamp) -> Result<Taken, StoreError> {
        let mut taken = self.write(|tables| {
            let source = source_key(new.key.provider, &new.key.account);
            let known = tables.by_key.get((source.as_str(), new.key.remote_id.as_str()))?;
            let known = known.map(|id| RecordingId::from_bytes(*id.value()));
            if let Some(id) = known {
                let row = tables.known_row(id)?;
                let job = row.job.filter(|_| row.recording.steps.next().is_some());
                return Ok(Verdict::Drop(Taken { recording: row.recording, job, is_new: false }));
            }
            let id = id_for(&new.key, now);
            let mut recording = Recording::discovered(id, new.key.clone(), new.call.clone(), now);
            recording.metadata = outcome::with_source(new.metadata.clone(), &new.locator);
            let job = tables.begin_job(&Job::begun(JobKind::Upload, vec![id], now))?;
            let row = Row { job: Some(job), ..Row::found(recording, &new.locator) };
            tables.put(None, &row)?;
            tables.name(&source, &new.key.remote_id, &new.locator, id)?;
            Ok(Verdict::Keep(Taken { recording: row.recording, job: Some(job), is_new: true }))
        })?;
        if taken.is_new {
            self.announce_work();
        }
        taken.recording = self.shown(taken.recording);
        Ok(taken)
    }

    /// [`Store::reset`] as a job; one that has not ended is ended by it.
    ///
    /// # Errors
    ///
    /// As [`Store::reset`].
    pub fn reprocess(
        &self,
        id: RecordingId,
        steps: &[Step],
        by: &str,
        now: Timestamp,
    ) -> Result<(Recording, JobId), StoreError> {
        let done = self.write(|tables| {
            let (old, mut row) = reset_row(tables, id, steps, now)?;
            let job = tables.begin_job(&Job::begun(JobKind::Reprocess, vec![id], now))?;
            row.work_for(job);
            tables.put(Some(&old), &row)?;
            let steps = steps.iter().map(|step| step.as_str()).collect::<Vec<_>>().join(", ");
            let detail = format!("Asked to do again: {steps}.");
            let (by, what) = (by.to_owned(), "reprocessed".to_owned());
            tables.note(&AuditEntry { at: now, by, what, recording: Some(id), detail })?;
            Ok(Verdict::Keep((row.recording, job)))
        })?;
        self.announce_work();
        Ok((self.shown(done.0), done.1))
    }

    /// Begins the job of a look at the sources.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn begin_look(&self, now: Timestamp) -> Result<JobId, StoreError> {
        self.write(|tables| Ok(Verdict::Keep(tables.begin_job(&Job::begun(JobKind::Fetch, Vec::new(), now))?)))
    }

    /// The look has ended: the job goes on with what it brought.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn end_look(
        &self,
        id: JobId,
        found: &[RecordingId],
        errors: Vec<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tables| {
            let Some(mut job) = tables.job(id)? else { return Ok(Verdict::Drop(())) };
            (job.is_looking, job.errors) = (false, errors);
            for found in found {
                let Some(old) = tables.row(*found)? else { continue };
                job.recordings.push(*found);
                job.open.push(*found);
                if old.recording.steps.next().is_some() && old.job.is_none() {
                    tables.put(Some(&old), &Row { job: Some(id), asked: Vec::new(), ..old.clone() })?;
                } else {
                    job.settle(&old.recording, &[], false, now);
                }
            }
            job.close(now);
            tables.keep_job(&job)?;
            Ok(Verdict::Keep(()))
        })
    }

    /// At start: looks that an earlier run began have ended with it.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn end_lost_looks(&self, now: Timestamp) -> Result<(), StoreError> {
        let lost: Vec<JobId> =
            self.jobs(usize::MAX)?.into_iter().filter(|job| job.is_looking).map(|job| job.id).collect();
        for id in lost {
            self.end_look(id, &[], vec!["The daemon ended while it looked.".to_owned()], now)?;
        }
        Ok(())
    }

    /// A job.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.read(|tx| {
            let stored = tx.open_table(JOBS)?.get(id.as_bytes())?;
            Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
        })
    }

    /// The job that work on a recording is, or was last, done for.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn job_of(&self, id: RecordingId) -> Result<Option<JobId>, StoreError> {
        self.read(|tx| Ok(query::row(tx, id)?.and_then(|row| row.job)))
    }

    /// The newest jobs, newest first.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn jobs(&self, limit: usize) -> Result<Vec<Job>, StoreError> {
        self.read(|tx| {
            let table = tx.open_table(JOBS)?;
            let mut jobs = Vec::new();
            for entry in table.iter()?.rev().take(limit) {
                jobs.push(record::decode(entry?.1.value())?);
            }
            Ok(jobs)
        })
    }

    /// Ends the work on a recording: what is there stays, what was to be done again stands where it stood, the rest of what
    /// is still to come is skipped. Running work loses its claim, and its job hears that it was cancelled.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when nothing is left to do, or it was removed.
    pub fn cancel(&self, id: RecordingId, by: &str, now: Timestamp) -> Result<Recording, StoreError> {
        let cancelled = self.write(|tables| {
            let old = tables.known_row(id)?;
            if old.recording.steps.next().is_none() {
                let status = old.recording.steps.processing_status();
                let message = format!("Nothing is left to do on recording {id}: it is {status}.");
                return Err(StoreError::WrongState(message).into());
            }
            let mut row = old.clone();
            (row.lease, row.job) = (None, None);
            row.recording.updated_at = now;
            let has_skipped = outcome::cancel(&mut row.recording, by, now);
            tables.forget_checkpoints(id)?;
            // Back where it stood is no end that anybody is told of.
            let tells_ends = tables.tells_ends;
            tables.tells_ends &= has_skipped;
            tables.put(Some(&old), &row)?;
            tables.tells_ends = tells_ends;
            let (by, what) = (by.to_owned(), "cancelled".to_owned());
            let detail = "The work that was left was ended; what is there stays.".to_owned();
            tables.note(&AuditEntry { at: now, by, what, recording: Some(id), detail })?;
            Ok(Verdict::Keep(row.recording))
        })?;
        Ok(self.shown(cancelled))
    }
}

impl Tables<'_> {
    pub(super) fn job(&self, id: JobId) -> Result<Option<Job>, Fault> {
        let stored = self.jobs.get(id.as_bytes())?;
        Ok(stored.map(|bytes| record::decode(bytes.value())).transpose()?)
    }

    pub(super) fn keep_job(&mut self, job: &Job) -> Result<(), Fault> {
        self.jobs.insert(job.id.as_bytes(), record::encode(job)?.as_slice())?;
        self.news.of_job(job.id);
        Ok(())
    }

    /// Keeps a new job, and lets go of the oldest that have ended. One that has not is never let go of: there are no more
    /// than recordings with work to come, looks at the sources and reruns under way.
    pub(super) fn begin_job(&mut self, job: &Job) -> Result<JobId, Fault> {
        self.keep_job(job)?;
        let mut surplus = self.jobs.len()?.saturating_sub(JOBS_MAX);
        let (mut gone, mut passed_over) = (Vec::new(), 0);
        for entry in self.jobs.iter()? {
            let oldest: Job = record::decode(entry?.1.value())?;
            let is_old = oldest.ended_at.is_some_and(|at| job.created_at.duration_since(at) > KEPT_FOR);
            match oldest.ended_at {
                Some(_) if is_old || surplus > 0 => {
                    surplus = surplus.saturating_sub(1);
                    gone.push(oldest.id);
                }
                Some(_) => break,
                None => passed_over += 1,
            }
            if passed_over >= if surplus > 0 { JOBS_MAX } else { PASSED_OVER_MAX } {
                break;
            }
        }
        for id in gone {
            self.jobs.remove(id.as_bytes())?;
        }
        Ok(job.id)
    }

    /// Tells the jobs of a row what becomes of it: it has ended, or another job takes over.
    pub(super) fn settle_jobs(&mut self, old: &Row, new: &Row) -> Result<(), Fault> {
        let is_open = |row: &Row| row.recording.steps.next().is_some();
        let (before, after) = (old.job, new.job);
        if let Some(before) = before.filter(|_| before != after) {
            self.settle_job(before, new, true)?;
        }
        match after.filter(|_| is_open(old) && !is_open(new)) {
            Some(job) => self.settle_job(job, new, false),
            None => Ok(()),
        }
    }

    fn settle_job(&mut self, id: JobId, row: &Row, is_cancelled: bool) -> Result<(), Fault> {
        let Some(mut job) = self.job(id)? else { return Ok(()) };
        if job.settle(&row.recording, &row.asked, is_cancelled, row.recording.updated_at) {
            self.keep_job(&job)?;
            self.note_room(&job);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jobs_that_have_ended_are_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("callscribe.redb")).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let begun = |ended_at| Job { ended_at, ..Job::begun(JobKind::Upload, Vec::new(), now) };
        let open = begun(None);
        let written = store.write(|tables| {
            tables.keep_job(&open)?;
            for _ in 0..JOBS_MAX {
                tables.keep_job(&begun(Some(now)))?;
            }
            tables.begin_job(&begun(None))?;
            Ok(Verdict::Keep(()))
        });
        written.unwrap();
        let kept = store.jobs(usize::MAX).unwrap();
        assert_eq!((kept.len() as u64, kept.last()), (JOBS_MAX, Some(&open)));
    }
}
