//! Brings the index to where the store is: change by change, and from the beginning when it is missing, old or broken.
//!
//! A change leaves the store's list only after the index has it on disk, so a kill at any moment means that some of it is
//! done once more. Never in the way of anybody: questions are answered from what the index has meanwhile.

use std::sync::{PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tantivy::IndexWriter;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::index::{OpenIndex, Standing, commit};
use super::words::Analyzer;
use super::{Ready, Search, SearchError};
use crate::call::{Disposition, Place};
use crate::store::{StoreError, Unindexed};

/// How often the store is asked for changes when there were none: about as long as one commit of the index takes.
const POLL: Duration = Duration::from_millis(500);
/// How long the feed rests after something failed that may pass, such as a full disk.
const REST: Duration = Duration::from_secs(30);
/// Recordings of one commit: some seconds of work at most.
const COMMIT_EVERY: usize = 1000;

/// How far the index's threads stand back, on the scale of nice(1): behind answers, beside the worker that transcribes, so that
/// what was said is found soon after it was heard.
const NICE: i32 = 10;

/// Writes the index. There is one.
pub(super) struct Feeder {
    search: Search,
    analyzer: Analyzer,
    open: Option<Open>,
}

struct Open {
    index: OpenIndex,
    writer: IndexWriter,
    standing: Standing,
}

impl Search {
    /// Keeps the index until `stop`.
    ///
    /// # Errors
    ///
    /// Only what the store says when it can no longer be used. An index that cannot be written is tried again.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        let Some((steps, thread)) = self.steps(&stop) else {
            stop.cancelled().await;
            return Ok(());
        };
        let end = keep(steps, &stop).await;
        // Whoever opens the index next finds it closed.
        let _told_of_a_panic_already = spawn_blocking(move || thread.join()).await;
        end
    }

    /// A thread that takes a step for each reply it is asked for, and ends when nobody can ask any more. It stands back, and
    /// what the index writes with inherits that: people who ask go before calls that are taken up.
    fn steps(&self, stop: &CancellationToken) -> Option<(mpsc::Sender<Reply>, JoinHandle<()>)> {
        let (steps, asked) = mpsc::channel::<Reply>();
        let mut feeder = Feeder { search: self.clone(), analyzer: Analyzer::new(), open: None };
        let stop = stop.clone();
        let thread = std::thread::Builder::new().name("search-index".to_owned()).spawn(move || {
            if let Err(error) = rustix::process::nice(NICE) {
                tracing::debug!(%error, "The search index is written at the priority of everything else.");
            }
            while let Ok(reply) = asked.recv() {
                let step = feeder.step(&stop);
                if step.is_err() {
                    feeder.open = None;
                }
                let _nobody_waits_any_more = reply.send(step);
            }
        });
        match thread {
            Ok(thread) => Some((steps, thread)),
            Err(error) => {
                tracing::error!(%error, "No thread could be made for the search index; it is not written.");
                None
            }
        }
    }

    /// Brings the index to where the store is now, in the foreground; for tests, benchmarks and short commands.
    ///
    /// # Errors
    ///
    /// [`SearchError`].
    pub fn catch_up(&self) -> Result<(), SearchError> {
        let mut feeder = Feeder { search: self.clone(), analyzer: Analyzer::new(), open: None };
        while feeder.step(&CancellationToken::new())? {}
        Ok(())
    }
}

/// What a step came to: whether there may be more.
type Reply = oneshot::Sender<Result<bool, SearchError>>;

/// Asks for one step after the other until `stop`.
async fn keep(steps: mpsc::Sender<Reply>, stop: &CancellationToken) -> Result<(), StoreError> {
    while !stop.is_cancelled() {
        let (reply, step) = oneshot::channel();
        let _gone_means_no_reply = steps.send(reply);
        let Ok(step) = step.await else {
            tracing::error!(
                "Writing the search index ended in a panic; it is not written any more until the next start."
            );
            stop.cancelled().await;
            return Ok(());
        };
        let wait = match step {
            Ok(true) => continue,
            Ok(false) => POLL,
            Err(SearchError::Store(error)) if error.disposition() == Disposition::Fatal => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "The search index could not be written; it is tried again.");
                REST
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}

impl Feeder {
    /// Takes up the next piece. Answers whether there may be more.
    fn step(&mut self, stop: &CancellationToken) -> Result<bool, SearchError> {
        let search = self.search.clone();
        let store = &search.0.store;
        if search.0.is_broken.swap(false, std::sync::atomic::Ordering::SeqCst) {
            self.open = None;
            self.begin_anew()?;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let changes = store.unindexed(COMMIT_EVERY)?;
        let room = if open.standing.complete { 0 } else { COMMIT_EVERY - changes.len() };
        let others = if room > 0 { store.ids_after(open.standing.up_to, room)? } else { Vec::new() };
        if changes.is_empty() && others.is_empty() && open.standing.complete {
            self.open = Some(open);
            return Ok(false);
        }
        let mut standing = open.standing.clone();
        let mut done: Vec<Unindexed> = Vec::with_capacity(changes.len());
        for change in changes {
            if stop.is_cancelled() {
                break;
            }
            let found = store.searchable(change.id)?;
            open.index.put(&open.writer, change.id, found.as_ref(), &mut self.analyzer)?;
            done.push(change);
        }
        let others_count = others.len();
        for id in others {
            if stop.is_cancelled() {
                break;
            }
            let found = store.searchable(id)?;
            open.index.put(&open.writer, id, found.as_ref(), &mut self.analyzer)?;
            standing.up_to = Some(id);
        }
        if !standing.complete && others_count < room && !stop.is_cancelled() {
            standing.complete = true;
            tracing::info!("The search index holds every recording.");
        }
        standing.mark.commit += 1;
        commit(&mut open.writer, &standing)?;
        open.index.reload()?;
        store.mark_indexed(standing.mark, &done)?;
        open.standing = standing;
        search.show(Some(Ready { index: open.index.clone(), complete: open.standing.complete }));
        self.open = Some(open);
        Ok(true)
    }

    /// Opens the index for writing; makes it anew when there is none of use.
    fn open(&mut self) -> Result<Open, SearchError> {
        let folder = &self.search.0.folder;
        let opened = OpenIndex::open(folder).and_then(|(index, standing)| {
            let fits = self.search.fits(&standing)?;
            if fits && index.is_whole() { Ok((index, standing)) } else { Err(SearchError::NotReady) }
        });
        let (index, standing) = match opened {
            Ok(opened) => opened,
            Err(SearchError::Store(error)) => return Err(error.into()),
            Err(_) => self.begin_anew()?,
        };
        let writer = index.writer()?;
        self.search.show(Some(Ready { index: index.clone(), complete: standing.complete }));
        Ok(Open { index, writer, standing })
    }

    fn begin_anew(&self) -> Result<(OpenIndex, Standing), SearchError> {
        tracing::info!("The search index is made from the database.");
        self.search.show(None);
        let (index, standing) = OpenIndex::make(&self.search.0.folder, self.search.veil())?;
        self.search.0.store.mark_indexed(standing.mark, &[])?;
        Ok((index, standing))
    }
}

impl Search {
    /// Whether an index is the one this store last heard of, or one commit further: the daemon was killed before it could
    /// say so.
    pub(super) fn fits(&self, standing: &Standing) -> Result<bool, SearchError> {
        let mark = self.0.store.index_mark()?;
        let of = standing.mark;
        if standing.veil != self.veil() {
            return Ok(false);
        }
        Ok(mark.is_some_and(|mark| mark.index == of.index && (mark.commit..=mark.commit + 1).contains(&of.commit)))
    }

    /// What the words of an index are masked by today; an index masked by something else is made anew.
    pub(super) fn veil(&self) -> u64 {
        if self.0.store.masks_in(Place::Search) { self.0.store.veil_mark() } else { 0 }
    }

    pub(super) fn show(&self, ready: Option<Ready>) {
        *self.0.ready.write().unwrap_or_else(PoisonError::into_inner) = ready;
    }
}
