//! Steps of many recordings again, as one job: of everything a filter lets through, or of everything that failed.
//!
//! The recordings come in parts, as earlier ones end, so that an archive of any size fills neither the queue nor one
//! transaction. How far it is, is written in the transaction that queues a part: a crash loses and repeats nothing.

use jiff::Timestamp;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::error::Fault;
use super::record;
use super::schema::{PROGRESS, Tables};
use super::state::reset_row;
use super::{AuditEntry, FailedStep, ListQuery, Place, Store, StoreError, Verdict};
use crate::call::{Job, JobId, JobKind, NAMED_MAX, ProcessingStatus, Recording, RecordingId, Step, StepState};

/// Recordings queued at once for one job. The job is written with every one that ends, and names these.
const PART: usize = 256;
/// Recordings of a job that are left when its next part comes.
const LOW: usize = PART / 2;
/// Jobs of this kind at once.
const RERUNS_MAX: usize = 8;
/// Their rows among what is done in pieces.
const PREFIX: &str = "rerun/";

/// Which steps are done again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// These, and what follows from them.
    Steps(Vec<Step>),
    /// Those that failed; of recordings in which this one did, if one is named.
    Failed(Option<Step>),
}

impl Again {
    fn steps_of(&self, recording: &Recording) -> Vec<Step> {
        match self {
            Self::Steps(steps) => steps.clone(),
            Self::Failed(only) => {
                let failed = recording.steps.iter().filter(|(_, one)| matches!(one.state, StepState::Failed { .. }));
                let failed: Vec<Step> = failed.map(|(step, _)| step).collect();
                if only.is_none_or(|only| failed.contains(&only)) { failed } else { Vec::new() }
            }
        }
    }
}

/// How far a job is. What comes before `query.after` was queued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Feed {
    query: ListQuery,
    again: Again,
}

impl Feed {
    /// What comes after a page. Steps fail in recordings that were given up, and in those of which the rest is there.
    fn then(&self, next: Option<Place>) -> Option<Self> {
        let is_of_failed =
            matches!(self.again, Again::Failed(_)) && self.query.status == Some(ProcessingStatus::Failed);
        let query = match next {
            Some(place) => ListQuery { after: Some(place), ..self.query.clone() },
            None if is_of_failed => {
                ListQuery { after: None, status: Some(ProcessingStatus::Partial), ..self.query.clone() }
            }
            None => return None,
        };
        Some(Self { query, again: self.again.clone() })
    }
}

impl Store {
    /// Begins a job that does steps of all recordings again which `query` lets through, newest first; paging is not looked
    /// at. Of what failed, those that were given up come before those of which the rest is there. The first part is queued
    /// when this returns. Recordings that are being worked on are left to that. Absent when there are none.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`]; [`StoreError::WrongState`] while too many such jobs are under way.
    pub fn begin_rerun(
        &self,
        query: &ListQuery,
        again: &Again,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Job>, StoreError> {
        let failed_step = match again {
            Again::Steps(_) => query.failed_step,
            Again::Failed(step) => Some(step.map_or(FailedStep::Any, FailedStep::Of)),
        };
        let is_of_failed = matches!(again, Again::Failed(_));
        let status = query.status.or(is_of_failed.then_some(ProcessingStatus::Failed));
        let query = ListQuery {
            status,
            failed_step,
            skip: 0,
            limit: PART,
            after: None,
            among: None,
            search_text: None,
            ..query.clone()
        };
        let feed = Feed { query, again: again.clone() };
        let expected = self.expected(&feed)?;
        if expected == 0 {
            return Ok(None);
        }
        let kind = if is_of_failed { JobKind::RetryFailed } else { JobKind::Rerun };
        let job = Job { is_feeding: true, expected: Some(expected), ..Job::begun(kind, Vec::new(), now) };
        let id = job.id;
        self.write(|tables| {
            if tables.reruns()? >= RERUNS_MAX {
                let message = format!("{RERUNS_MAX} jobs over many recordings are under way already.");
                return Err(StoreError::WrongState(message).into());
            }
            tables.begin_job(&job)?;
            tables.progress.insert(key(id).as_str(), record::encode(&feed)?.as_slice())?;
            let what = if kind == JobKind::Rerun { "rerun_begun" } else { "retry_begun" };
            let steps = match again {
                Again::Steps(steps) => steps.iter().map(|step| step.as_str()).collect::<Vec<_>>().join(", "),
                Again::Failed(_) => "what failed".to_owned(),
            };
            let detail = format!("Job {id} does {steps} of {expected} recordings again.");
            let (by, what) = (by.to_owned(), what.to_owned());
            tables.note(&AuditEntry { at: now, by, what, recording: None, detail })?;
            Ok(Verdict::Keep(()))
        })?;
        self.feed(id, &feed, now)?;
        self.0.reruns.send_modify(|count| *count = count.wrapping_add(1));
        self.job(id)
    }

    /// Queues the next part of every such job that has room for it. Answers whether there may be more at once.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn feed_reruns(&self, now: Timestamp) -> Result<bool, StoreError> {
        let feeds = self.read(|tx| {
            let mut feeds = Vec::new();
            for entry in tx.open_table(PROGRESS)?.range(PREFIX..)? {
                let (name, bytes) = entry?;
                let Some(id) = name.value().strip_prefix(PREFIX) else { break };
                if let Ok(id) = id.parse::<JobId>() {
                    feeds.push((id, record::decode::<Feed>(bytes.value())?));
                }
            }
            Ok(feeds)
        })?;
        let mut more = false;
        for (id, feed) in feeds {
            if self.job(id)?.is_none_or(|job| job.open.len() <= LOW) {
                more |= self.feed(id, &feed, now)?;
            }
        }
        Ok(more)
    }

    /// Wakes when a job over many recordings begins, or has room for its next part.
    pub fn subscribe_reruns(&self) -> watch::Receiver<u64> {
        self.0.reruns.subscribe()
    }

    /// Ends a job as far as it is not queued: of one over many recordings no more are. Those that are, are left to the
    /// caller.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn cancel_job(&self, id: JobId, by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            if tables.progress.remove(key(id).as_str())?.is_some() {
                tables.end_feed(id, None, now)?;
            }
            let (by, what, detail) = (by.to_owned(), "job_cancelled".to_owned(), format!("Job {id} was ended."));
            tables.note(&AuditEntry { at: now, by, what, recording: None, detail })?;
            Ok(Verdict::Keep(()))
        })
    }

    /// Queues the next part of one job. Answers whether it has room for more.
    fn feed(&self, id: JobId, feed: &Feed, now: Timestamp) -> Result<bool, StoreError> {
        let page = self.list(&feed.query)?;
        let ids: Vec<RecordingId> = page.items.iter().map(|recording| recording.id).collect();
        let more = self.write(|tables| {
            // Somebody else fed it, or ended it.
            let stored = tables.progress.get(key(id).as_str())?.map(|bytes| record::decode::<Feed>(bytes.value()));
            if stored.transpose()?.as_ref() != Some(feed) {
                return Ok(Verdict::Drop(false));
            }
            let Some(mut job) = tables.job(id)? else {
                tables.progress.remove(key(id).as_str())?;
                return Ok(Verdict::Keep(false));
            };
            for recording in &ids {
                tables.again(&mut job, *recording, &feed.again, now)?;
            }
            let has_room = job.open.len() <= LOW;
            tables.keep_job(&job)?;
            let then = feed.then(page.next);
            match &then {
                Some(then) => {
                    tables.progress.insert(key(id).as_str(), record::encode(then)?.as_slice())?;
                }
                None => {
                    tables.progress.remove(key(id).as_str())?;
                    let fed = job.counts.ended().saturating_add(u32::try_from(job.open.len()).unwrap_or(u32::MAX));
                    tables.end_feed(id, Some(fed), now)?;
                }
            }
            Ok(Verdict::Keep(has_room && then.is_some()))
        })?;
        self.announce_work();
        Ok(more)
    }

    /// How many recordings a job will be about, should nothing change meanwhile.
    fn expected(&self, feed: &Feed) -> Result<u32, StoreError> {
        if matches!(feed.again, Again::Steps(_)) {
            let total = self.list(&ListQuery { limit: 1, ..feed.query.clone() })?.total;
            return Ok(u32::try_from(total).unwrap_or(u32::MAX));
        }
        let (mut count, mut next) = (0, Some(feed.clone()));
        while let Some(feed) = next {
            let page = self.list(&feed.query)?;
            count += page.items.iter().filter(|recording| !feed.again.steps_of(recording).is_empty()).count();
            next = feed.then(page.next);
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

fn key(id: JobId) -> String {
    format!("{PREFIX}{id}")
}

impl Tables<'_> {
    /// Queues one recording for a job.
    fn again(&mut self, job: &mut Job, id: RecordingId, again: &Again, now: Timestamp) -> Result<(), Fault> {
        let Some(old) = self.row(id)?.filter(|row| row.recording.deletion.is_none()) else { return Ok(()) };
        let steps = again.steps_of(&old.recording);
        let is_running = old.recording.steps.iter().any(|(_, one)| matches!(one.state, StepState::Running { .. }));
        // One that failed again is tried once: it may have come among those that are still to be looked at.
        let is_done = matches!(again, Again::Failed(_)) && old.job == Some(job.id);
        if steps.is_empty() || is_running || is_done {
            return Ok(());
        }
        let (old, mut row) = reset_row(self, id, &steps, now)?;
        // One with work to come stays with the job that waits for it.
        if old.recording.steps.next().is_none() {
            row.work_for(job.id);
            job.open.push(id);
            if job.recordings.len() < NAMED_MAX {
                job.recordings.push(id);
            }
        }
        self.put(Some(&old), &row)
    }

    /// No more recordings come to a job; `fed` is how many came, absent when somebody ended it.
    fn end_feed(&mut self, id: JobId, fed: Option<u32>, now: Timestamp) -> Result<(), Fault> {
        let Some(mut job) = self.job(id)? else { return Ok(()) };
        (job.is_feeding, job.is_cancelled) = (false, fed.is_none());
        job.expected = fed.or(job.expected);
        job.close(now);
        self.keep_job(&job)
    }

    fn reruns(&self) -> Result<usize, Fault> {
        let mut count = 0;
        for entry in self.progress.range(PREFIX..)? {
            if !entry?.0.value().starts_with(PREFIX) {
                break;
            }
            count += 1;
        }
        Ok(count)
    }

    /// A recording of a job has ended: its next part may come.
    pub(super) fn note_room(&mut self, job: &Job) {
        self.has_room |= job.is_feeding && job.open.len() == LOW;
    }
}
