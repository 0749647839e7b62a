//! redb behind a small door: what is known of every recording, and what is to be done with it.
//!
//! Discovery adds rows, the pipeline claims and finishes steps, `serve` and `cli` read and enqueue. Every change is one
//! transaction that holds the result, the next state, the index keys and the counters, durable when the call returns.
//! The store never runs a step, never touches audio files, and hands out no redb type. Words leave it through the operator's
//! veil (`veiled`), and are kept through it where the words as they were are not to lie open.
//!
//! All methods block (a commit waits for the disk); async callers use `spawn_blocking`. There is one writer at a time
//! and no group commit: a call costs about a dozen commits of a few milliseconds beside seconds of inference.

mod audit;
mod check;
mod claim;
mod deliveries;
mod depth;
mod derived;
mod discovered;
mod egress;
mod error;
mod facets;
mod forsaken;
mod index;
mod jobs;
mod late;
mod ledger;
mod list;
mod news;
mod numbers;
mod open;
mod outbox;
mod outcome;
mod places;
mod query;
mod record;
mod removals;
mod remove;
mod rerun;
mod rescue;
mod reveil;
mod schema;
mod scrub;
mod seal;
mod searchable;
mod started;
mod state;
mod talked;
mod translations;
mod trends;
mod unindexed;
mod veiled;
mod whole;
mod wishes;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::call::TranslationPolicy;

pub use audit::AuditEntry;
pub use check::Integrity;
pub use claim::{Claim, ClaimOrder, ClaimRequest, Lane, Line};
pub use deliveries::{Delivery, DeliveryEnd, DeliveryState, SinkCounts};
pub use depth::Depth;
pub use discovered::{Inserted, NewRecording};
pub use egress::Egress;
pub use error::StoreError;
use error::{Fault, unwinding};
pub use forsaken::Forsaken;
pub use jobs::{NewUpload, Taken};
pub use late::KeptOpinion;
use list::Counted;
pub use list::{Among, FailedStep, ListQuery, Page, Place};
use news::Teller;
pub use news::{Backlog, Change, Changed, Pace};
pub use numbers::{NumberQuery, PhoneNumber};
pub use outbox::{Event, EventKind, Outbox, SinkRule};
pub use outcome::{StepOutcome, StepResult};
pub use places::AudioFiles;
pub use query::Stats;
pub use record::Quarantined;
pub use removals::RemovalWish;
pub use remove::Removed;
pub use rerun::Again;
pub use reveil::Reveiled;
use schema::Tables;
pub use seal::{SEAL_FILE, SealError, Sealed, Sealer};
pub use searchable::{Searchable, Spoken, SpokenSegment};
pub use started::{Begun, StartedCall};
pub use trends::{TalkTrend, Trend, TrendBy};
pub use unindexed::{IndexMark, Unindexed};
use veiled::Curtain;
pub use veiled::sealed_audio_name;
pub use whole::WholeRecording;
pub use wishes::{WishClaim, WishEnd};

/// Memory redb may use for pages. Its own default of 1 GiB would be most of what a small box has.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Names one run of the daemon, so that work left `running` by another run is known for what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(Uuid);

impl BootId {
    /// A name no other run has.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// A given name; for tests and simulation.
    pub const fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }
}

/// The database. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Written to through `&self`; the write lock is only for compaction and the integrity check, which redb wants
    /// alone. Taken out when it is closed, see [`Inner::drop`].
    db: RwLock<Option<Database>>,
    path: PathBuf,
    /// Counts what added work, so that an idle pipeline wakes.
    work: watch::Sender<u64>,
    teller: Teller,
    /// Counts what was told in the outbox.
    told: watch::Sender<u64>,
    /// Counts what gave jobs over many recordings room.
    reruns: watch::Sender<u64>,
    /// Totals of lists that were counted.
    counted: Counted,
    /// Whether ends of recordings go to the outbox.
    tells_ends: AtomicBool,
    /// What words are kept and shown through.
    curtain: OnceLock<Curtain>,
    /// What is to be translated, once somebody said so.
    translates: OnceLock<Arc<TranslationPolicy>>,
}

impl Drop for Inner {
    /// redb writes as it closes, and panics where a page is damaged.
    fn drop(&mut self) {
        let db = self.db.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let closed = unwinding(&self.path, || {
            drop(db);
            Ok(())
        });
        if let Err(error) = closed {
            tracing::error!(%error, "The database could not be closed.");
        }
    }
}

/// Whether a transaction changed anything; one that did not is not committed, so that polling costs no disk write.
enum Verdict<T> {
    Keep(T),
    Drop(T),
}

impl Store {
    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Wakes when work is added: a new recording, a reset, a rescue, a finished step with another behind it.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.work.subscribe()
    }

    /// Lets workers that sleep look for work.
    pub fn wake_workers(&self) {
        self.announce_work();
    }

    fn announce_work(&self) {
        self.0.work.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn read<T>(&self, body: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.with(|db| body(&db.begin_read()?))
    }

    fn with<T>(&self, run: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, StoreError> {
        // A panic while the lock was held left redb consistent: it rolls back what was not committed.
        let db = self.0.db.read().unwrap_or_else(PoisonError::into_inner);
        let open = db.as_ref().ok_or_else(|| StoreError::closed(&self.0.path))?;
        unwinding(&self.0.path, || run(open).map_err(|fault| fault.into_error(&self.0.path)))
    }

    fn write<T>(&self, body: impl FnOnce(&mut Tables<'_>) -> Result<Verdict<T>, Fault>) -> Result<T, StoreError> {
        self.with(|db| {
            let mut tx = db.begin_write()?;
            // Recovery after a kill takes milliseconds instead of a walk over the whole file.
            tx.set_quick_repair(true);
            let mut tables = Tables::open(&tx)?;
            tables.tells_ends = self.0.tells_ends.load(Ordering::Relaxed);
            tables.curtain = self.0.curtain.get().cloned();
            tables.translates = self.0.translates.get().cloned();
            let verdict = body(&mut tables)?;
            let number = tables.number_lists()?;
            let (news, listed) = (std::mem::take(&mut tables.news), std::mem::take(&mut tables.listed));
            let (has_told, has_room) = (tables.has_told, tables.has_room);
            drop(tables);
            match verdict {
                Verdict::Keep(value) => {
                    let telling = self.0.teller.begin();
                    let following = self.0.counted.follow(number, listed);
                    tx.commit()?;
                    following.holds();
                    telling.tell(news);
                    if has_told {
                        self.0.told.send_modify(|count| *count = count.wrapping_add(1));
                    }
                    if has_room {
                        self.0.reruns.send_modify(|count| *count = count.wrapping_add(1));
                    }
                    Ok(value)
                }
                Verdict::Drop(value) => tx.abort().map(|()| value).map_err(Fault::from),
            }
        })
    }
}
