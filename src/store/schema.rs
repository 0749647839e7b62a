//! Every table and key layout, on one screen. Nothing outside `store` sees these.
//!
//! Times in keys are milliseconds since 1970 (`i64`), ids the sixteen bytes of a [`RecordingId`](crate::call::RecordingId),
//! sources `provider/account`. Records are versioned, see [`record`](super::record). Tables from `by_key` on can be
//! derived from the others; they are written in the same transaction by [`Tables::put`](super::index).

use std::sync::Arc;

use redb::{ReadTransaction, Table, TableDefinition, TableError, WriteTransaction};

use super::facets::{NumberRow, Sums};
use super::list::Changes;
use super::news::News;
use super::talked::TalkSums;
use super::veiled::Curtain;
use crate::call::TranslationPolicy;

/// The layout below; raised when a table changes its meaning. An older program refuses a newer layout.
pub(super) const SCHEMA_VERSION: u32 = 2;

type Id = &'static [u8; 16];
type Str = &'static str;
type Bytes = &'static [u8];
type Facts = (u8, u8, u8, bool, Str);
type Tag = u128;

/// `schema` -> layout version; `claims` -> serial of the newest claim; `compactions` -> how many; `paused_since_ms`, while
/// it is; `lanes` -> how many lanes the queue has; `pace_…` -> sums behind [`Pace`](super::Pace);
/// `deliveries_done_from/…` -> serial before which all deliveries of a sink are pending; `listed` -> number of the newest
/// transaction that changed a list.
pub(super) const META: TableDefinition<Str, u64> = TableDefinition::new("meta");
/// id -> [`Row`](super::record::Row).
pub(super) const RECORDINGS: TableDefinition<Id, Bytes> = TableDefinition::new("recordings");
/// id -> [`Transcript`](crate::call::Transcript).
pub(super) const TRANSCRIPTS: TableDefinition<Id, Bytes> = TableDefinition::new("transcripts");
/// source -> where its next look starts.
pub(super) const CURSORS: TableDefinition<Str, Str> = TableDefinition::new("cursors");
/// (source, locator) -> [`Quarantined`](super::Quarantined).
pub(super) const QUARANTINE: TableDefinition<(Str, Str), Bytes> = TableDefinition::new("quarantine");
/// (id, window) -> body; gone once the transcript is there.
pub(super) const CHECKPOINTS: TableDefinition<(Id, u32), Str> = TableDefinition::new("checkpoints");

/// id -> [`SecondOpinion`](crate::call::SecondOpinion).
pub(super) const OPINIONS: TableDefinition<Id, Bytes> = TableDefinition::new("opinions");
/// name -> sealed bytes, see [`seal`](super::seal).
pub(super) const SECRETS: TableDefinition<Str, Bytes> = TableDefinition::new("secrets");
/// serial -> [`AuditEntry`](super::AuditEntry).
pub(super) const AUDIT: TableDefinition<u64, Bytes> = TableDefinition::new("audit");
/// (source, the provider's id of a call) -> [`StartedCall`](super::StartedCall).
pub(super) const STARTED: TableDefinition<(Str, Str), Bytes> = TableDefinition::new("started");

/// id -> [`Job`](crate::call::Job); the newest [`JOBS_MAX`](super::jobs::JOBS_MAX).
pub(super) const JOBS: TableDefinition<Id, Bytes> = TableDefinition::new("jobs");
/// serial -> [`Event`](super::Event) that no sink has been given yet.
pub(super) const EVENTS: TableDefinition<u64, Bytes> = TableDefinition::new("events");
/// (sink, serial of the event) -> [`Delivery`](super::Delivery).
pub(super) const DELIVERIES: TableDefinition<(Str, u64), Bytes> = TableDefinition::new("deliveries");
/// (sink, due, serial): the first pending delivery of each recording.
pub(super) const DUE: TableDefinition<(Str, i64, u64), ()> = TableDefinition::new("deliveries_due");
/// (sink, id, serial): every pending delivery, in the order of its recording.
pub(super) const IN_ORDER: TableDefinition<(Str, Id, u64), ()> = TableDefinition::new("deliveries_in_order");
/// host -> [`Egress`](super::Egress).
pub(super) const EGRESS: TableDefinition<Str, Bytes> = TableDefinition::new("egress");

/// (source, remote id) -> id: the identity, for ever.
pub(super) const BY_KEY: TableDefinition<(Str, Str), Id> = TableDefinition::new("by_key");
/// (remote id, id): a person knows only the provider's id.
pub(super) const BY_REMOTE_ID: TableDefinition<(Str, Id), ()> = TableDefinition::new("by_remote_id");
/// (source, locator) -> id.
pub(super) const BY_LOCATOR: TableDefinition<(Str, Str), Id> = TableDefinition::new("by_locator");
/// (listed at, id) -> [`ListingFacts`](super::index::ListingFacts); deleted recordings are not in it.
pub(super) const LISTING: TableDefinition<(i64, Id), Facts> = TableDefinition::new("listing");

/// (lane, listed at, id) -> step: may be claimed now.
pub(super) const READY: TableDefinition<(u8, i64, Id), u8> = TableDefinition::new("ready");
/// (lane, due, id) -> step: moves to `ready` once due.
pub(super) const WAITING: TableDefinition<(u8, i64, Id), u8> = TableDefinition::new("waiting");
/// id -> serial of the claim that holds it.
pub(super) const RUNNING: TableDefinition<Id, u64> = TableDefinition::new("running");
/// (due, id): the provider is to be asked for a second opinion.
pub(super) const LATE: TableDefinition<(i64, Id), ()> = TableDefinition::new("late");
/// name -> sum over all recordings, see [`COUNTER_NAMES`](super::index::COUNTER_NAMES).
pub(super) const COUNTERS: TableDefinition<Str, i64> = TableDefinition::new("counters");

/// (tag, listed at, id): what a filter may ask for, see [`facets`](super::facets). Since layout 2, as all that follow.
pub(super) const FACETS: TableDefinition<(Tag, i64, Id), ()> = TableDefinition::new("facets");
/// tag -> recordings that have it.
pub(super) const TAGS: TableDefinition<Tag, u64> = TableDefinition::new("tags");
/// (digits of a telephone number from its end, listed at, id).
pub(super) const PHONES: TableDefinition<(Str, i64, Id), ()> = TableDefinition::new("phones");
/// digits of a telephone number -> (calls, by standing, newest call).
pub(super) const NUMBERS: TableDefinition<Str, NumberRow> = TableDefinition::new("numbers");
/// (newest call, digits of a telephone number).
pub(super) const NUMBERS_BY_LAST: TableDefinition<(i64, Str), ()> = TableDefinition::new("numbers_by_last");
/// (kind, day, value) -> [`Sums`].
pub(super) const DAYS: TableDefinition<(u8, i32, Str), Sums> = TableDefinition::new("days");
/// (kind, day, value) -> [`TalkSums`].
pub(super) const TALK_DAYS: TableDefinition<(u8, i32, Str), TalkSums> = TableDefinition::new("talk_days");
/// id -> serial: what the search index has not taken up yet.
pub(super) const UNINDEXED: TableDefinition<Id, u64> = TableDefinition::new("unindexed");
/// name -> how far something is that is done in pieces.
pub(super) const PROGRESS: TableDefinition<Str, Bytes> = TableDefinition::new("progress");

/// (id, language) -> [`Kept`](super::translations::Kept): the words in that language.
pub(super) const TRANSLATIONS: TableDefinition<(Id, Str), Bytes> = TableDefinition::new("translations");
/// (id, language) -> [`Wish`](super::wishes::Wish): somebody wants, or wanted in vain, a translation.
pub(super) const WISHES: TableDefinition<(Id, Str), Bytes> = TableDefinition::new("wishes");
/// (translator, due, id, language): wishes that wait.
pub(super) const WISHES_DUE: TableDefinition<(u8, i64, Id, Str), ()> = TableDefinition::new("wishes_due");

/// Tables that [`Store::fill_derived`](super::Store::fill_derived) makes.
pub(super) const DERIVED: [&str; 7] = ["facets", "tags", "phones", "numbers", "numbers_by_last", "days", "talk_days"];

/// How many tables there are.
pub(super) const TABLES: usize = 37;

/// All tables, open for writing in one transaction.
pub(super) struct Tables<'t> {
    pub(super) meta: Table<'t, Str, u64>,
    pub(super) recordings: Table<'t, Id, Bytes>,
    pub(super) transcripts: Table<'t, Id, Bytes>,
    pub(super) cursors: Table<'t, Str, Str>,
    pub(super) quarantine: Table<'t, (Str, Str), Bytes>,
    pub(super) checkpoints: Table<'t, (Id, u32), Str>,
    pub(super) opinions: Table<'t, Id, Bytes>,
    pub(super) secrets: Table<'t, Str, Bytes>,
    pub(super) audit: Table<'t, u64, Bytes>,
    pub(super) started: Table<'t, (Str, Str), Bytes>,
    pub(super) jobs: Table<'t, Id, Bytes>,
    pub(super) by_key: Table<'t, (Str, Str), Id>,
    pub(super) by_remote_id: Table<'t, (Str, Id), ()>,
    pub(super) by_locator: Table<'t, (Str, Str), Id>,
    pub(super) listing: Table<'t, (i64, Id), Facts>,
    pub(super) ready: Table<'t, (u8, i64, Id), u8>,
    pub(super) waiting: Table<'t, (u8, i64, Id), u8>,
    pub(super) running: Table<'t, Id, u64>,
    pub(super) late: Table<'t, (i64, Id), ()>,
    pub(super) counters: Table<'t, Str, i64>,
    /// What is told once all of this is durable.
    pub(super) news: News,
    pub(super) facets: Table<'t, (Tag, i64, Id), ()>,
    pub(super) tags: Table<'t, Tag, u64>,
    pub(super) phones: Table<'t, (Str, i64, Id), ()>,
    pub(super) numbers: Table<'t, Str, NumberRow>,
    pub(super) numbers_by_last: Table<'t, (i64, Str), ()>,
    pub(super) days: Table<'t, (u8, i32, Str), Sums>,
    pub(super) talk_days: Table<'t, (u8, i32, Str), TalkSums>,
    pub(super) unindexed: Table<'t, Id, u64>,
    pub(super) progress: Table<'t, Str, Bytes>,
    pub(super) translations: Table<'t, (Id, Str), Bytes>,
    pub(super) wishes: Table<'t, (Id, Str), Bytes>,
    pub(super) wishes_due: Table<'t, (u8, i64, Id, Str), ()>,
    pub(super) events: Table<'t, u64, Bytes>,
    pub(super) deliveries: Table<'t, (Str, u64), Bytes>,
    pub(super) due: Table<'t, (Str, i64, u64), ()>,
    pub(super) in_order: Table<'t, (Str, Id, u64), ()>,
    pub(super) egress: Table<'t, Str, Bytes>,
    /// Whether ends of recordings are told of; see [`Store::tell_ends`](super::Store::tell_ends).
    pub(super) tells_ends: bool,
    /// An event was added in this transaction.
    pub(super) has_told: bool,
    /// What words are kept through.
    pub(super) curtain: Option<Curtain>,
    /// What is to be translated.
    pub(super) translates: Option<Arc<TranslationPolicy>>,
    /// A job over many recordings has room for its next part.
    pub(super) has_room: bool,
    /// What becomes otherwise in lists.
    pub(super) listed: Changes,
}

impl<'t> Tables<'t> {
    /// Opens, and in a new database makes, every table.
    pub(super) fn open(tx: &'t WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            meta: tx.open_table(META)?,
            recordings: tx.open_table(RECORDINGS)?,
            transcripts: tx.open_table(TRANSCRIPTS)?,
            cursors: tx.open_table(CURSORS)?,
            quarantine: tx.open_table(QUARANTINE)?,
            checkpoints: tx.open_table(CHECKPOINTS)?,
            opinions: tx.open_table(OPINIONS)?,
            secrets: tx.open_table(SECRETS)?,
            audit: tx.open_table(AUDIT)?,
            started: tx.open_table(STARTED)?,
            jobs: tx.open_table(JOBS)?,
            by_key: tx.open_table(BY_KEY)?,
            by_remote_id: tx.open_table(BY_REMOTE_ID)?,
            by_locator: tx.open_table(BY_LOCATOR)?,
            listing: tx.open_table(LISTING)?,
            ready: tx.open_table(READY)?,
            waiting: tx.open_table(WAITING)?,
            running: tx.open_table(RUNNING)?,
            late: tx.open_table(LATE)?,
            counters: tx.open_table(COUNTERS)?,
            news: News::default(),
            facets: tx.open_table(FACETS)?,
            tags: tx.open_table(TAGS)?,
            phones: tx.open_table(PHONES)?,
            numbers: tx.open_table(NUMBERS)?,
            numbers_by_last: tx.open_table(NUMBERS_BY_LAST)?,
            days: tx.open_table(DAYS)?,
            talk_days: tx.open_table(TALK_DAYS)?,
            unindexed: tx.open_table(UNINDEXED)?,
            progress: tx.open_table(PROGRESS)?,
            translations: tx.open_table(TRANSLATIONS)?,
            wishes: tx.open_table(WISHES)?,
            wishes_due: tx.open_table(WISHES_DUE)?,
            events: tx.open_table(EVENTS)?,
            deliveries: tx.open_table(DELIVERIES)?,
            due: tx.open_table(DUE)?,
            in_order: tx.open_table(IN_ORDER)?,
            egress: tx.open_table(EGRESS)?,
            tells_ends: false,
            has_told: false,
            curtain: None,
            translates: None,
            has_room: false,
            listed: Changes::default(),
        })
    }
}

/// The layout version a database was written with; `None` when it is not a database of ours.
pub(super) fn version_of(tx: &ReadTransaction) -> Result<Option<u64>, TableError> {
    match tx.open_table(META) {
        Ok(meta) => Ok(meta.get("schema")?.map(|version| version.value())),
        Err(TableError::TableDoesNotExist(_) | TableError::TableTypeMismatch { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
