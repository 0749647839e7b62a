//! Full-text search: words in calls, names, numbers, summaries and notes, with the second each was said.
//!
//! An index beside the database (`<state>/index/`), made from the store and from nothing else. It holds words, not texts:
//! snippets are read from the store, and what the store does not show is not shown. [`Search::run`] keeps it; a missing,
//! old or broken one is made anew while everything else goes on, and [`SearchStanding`] says how far that is.

mod ask;
mod document;
mod error;
mod feed;
mod index;
mod query;
mod snippet;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::call::RecordingId;
use crate::store::{Among, Store};
pub use ask::Ask;
pub use error::{AskError, SearchError};
pub use index::Found;
use index::OpenIndex;
pub use snippet::Snippet;
use words::Analyzer;

/// The folder of the index in the state folder.
pub const INDEX_FOLDER: &str = "index";

/// Asks the index, and keeps it. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Search(Arc<Inner>);

struct Inner {
    store: Store,
    folder: PathBuf,
    ready: RwLock<Option<Ready>>,
    /// A question found it broken.
    is_broken: AtomicBool,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

/// An index that can be asked.
#[derive(Clone)]
struct Ready {
    index: OpenIndex,
    complete: bool,
}

/// How far the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchStanding {
    /// Recordings in the index.
    pub indexed: u64,
    /// Changes it has not taken up yet.
    pub waiting: u64,
    /// Every recording was taken up; only changes may be missing.
    pub complete: bool,
}

/// The places of a recording that answer a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippets {
    /// The first of them.
    pub shown: Vec<Snippet>,
    /// How many there are.
    pub count: usize,
}

impl Search {
    /// Opens what is in the state folder. Does not wait for an index to be made: [`Search::run`] does that.
    pub fn open(store: &Store, state_dir: &Path) -> Self {
        let folder = state_dir.join(INDEX_FOLDER);
        let search = Self(Arc::new(Inner {
            store: store.clone(),
            folder: folder.clone(),
            ready: RwLock::default(),
            is_broken: AtomicBool::new(false),
        }));
        if let Ok((index, standing)) = OpenIndex::open(&folder)
            && search.fits(&standing).unwrap_or(false)
        {
            search.show(Some(Ready { index, complete: standing.complete }));
        }
        search
    }

    fn ready(&self) -> Option<Ready> {
        self.0.ready.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far the index is.
    ///
    /// # Errors
    ///
    /// [`SearchError::Store`].
    pub fn standing(&self) -> Result<SearchStanding, SearchError> {
        let waiting = self.0.store.unindexed_count()?;
        let ready = self.ready();
        let indexed = ready.as_ref().map_or(0, |ready| ready.index.count());
        Ok(SearchStanding { indexed, waiting, complete: ready.is_some_and(|ready| ready.complete) })
    }

    /// Everything that answers a question, in no order; scored only if asked. What was removed a moment ago may be among
    /// it: the store's list, given [`Among`] these, leaves it out.
    ///
    /// # Errors
    ///
    /// [`SearchError::NotReady`] until there is an index; [`SearchError::Index`] when it turns out to be broken, after
    /// which it is made anew.
    pub fn find(&self, ask: &Ask, scored: bool) -> Result<Vec<Found>, SearchError> {
        let ready = self.ready().ok_or(SearchError::NotReady)?;
        let found = ready.index.find(&query::query(ask, &ready.index.fields), scored);
        if let Err(SearchError::Index(error)) = &found {
            tracing::error!(%error, "The search index is broken; it is made anew.");
            self.show(None);
            self.0.is_broken.store(true, Ordering::SeqCst);
        }
        found
    }

    /// The same for a list's filter.
    ///
    /// # Errors
    ///
    /// As [`Search::find`].
    pub fn among(&self, ask: &Ask) -> Result<Among, SearchError> {
        Ok(self.find(ask, false)?.into_iter().map(|found| found.place).collect())
    }

    /// Where in each of these recordings a question is answered; nothing for one that was removed.
    ///
    /// # Errors
    ///
    /// [`SearchError::Store`].
    pub fn snippets(
        &self,
        ask: &Ask,
        ids: impl IntoIterator<Item = RecordingId>,
    ) -> Result<Vec<Snippets>, SearchError> {
        let mut analyzer = Analyzer::new();
        let mut all = Vec::new();
        for id in ids {
            let found = self.0.store.searchable(id)?;
            let (shown, count) = found.map(|found| snippet::snippets(ask, &found, &mut analyzer)).unwrap_or_default();
            all.push(Snippets { shown, count });
        }
        Ok(all)
    }
}
