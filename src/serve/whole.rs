//! Answers as long as a whole transcript. One of a two-hour call is some megabytes of text, and ten more while it is made.
//! They are made one after the other and on one thread, since every thread keeps its own share of freed memory; few are
//! kept for readers who have not taken them yet, and further requests wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::error::ApiError;
use crate::store::{Store, StoreError};

/// Texts in memory at once, those that a slow reader has not taken yet included.
const HELD_MAX: usize = 8;

type Job = Box<dyn FnOnce() + Send>;

/// The thread that makes them.
#[derive(Debug, Clone)]
pub(super) struct WholeAnswers {
    jobs: mpsc::Sender<Job>,
    places: Arc<Semaphore>,
}

/// A text with its place in memory, which is free again when the last byte is sent or the caller is gone.
struct Held {
    text: Box<[u8]>,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl WholeAnswers {
    /// Starts the thread; it ends with the last copy of this.
    pub(super) fn new() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let work = move || {
            for job in queue {
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("A whole transcript could not be written out");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("whole-answers".to_owned()).spawn(work) {
            tracing::error!(%error, "The thread that writes whole transcripts could not be started");
        }
        Self { jobs, places: Arc::new(Semaphore::new(HELD_MAX)) }
    }

    /// Asks the store for a text; absent when there is none.
    pub(super) async fn ask(
        &self,
        store: Store,
        question: impl FnOnce(&Store) -> Result<Option<Vec<u8>>, StoreError> + Send + 'static,
    ) -> Result<Option<Bytes>, ApiError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| ApiError::internal())?;
        let (sender, answer) = oneshot::channel();
        let job = move || {
            // The caller may have gone while others had their turn.
            if sender.is_closed() {
                return;
            }
            let hold = |text: Vec<u8>| Bytes::from_owner(Held { text: text.into_boxed_slice(), _place: place });
            let _nobody_waits = sender.send(question(&store).map(|text| text.map(hold)));
        };
        self.jobs.send(Box::new(job)).map_err(|_| ApiError::internal())?;
        Ok(answer.await.map_err(|_| ApiError::internal())??)
    }
}
