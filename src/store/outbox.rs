//! The outbox: that a recording came to an end, or into a category that asks for it, is written in the transaction in
//! which it does, and given to the sinks in a later one. Between the two nothing can be lost; what is given twice has the
//! same event id. Events name what happened and hold no word of a call.

use jiff::Timestamp;
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use tokio::sync::watch;
use uuid::Uuid;

use super::deliveries::Delivery;
use super::error::Fault;
use super::record::{self, Row};
use super::schema::{COUNTERS, EVENTS, Tables};
use super::{Store, StoreError, Verdict};
use crate::call::{AccountName, ProcessingStatus, ProviderKind, Recording, RecordingId};

/// Events kept until they are given out: those of an import that runs without a daemon, for the sinks to hear of later.
const EVENTS_MAX: u64 = 100_000;
/// Counts those that were dropped.
const DROPPED: &str = "outbox/dropped";
/// Lines in the log: one for so many dropped.
const DROPS_PER_LINE: i64 = 1000;
/// Events given out in one transaction, so that the pipeline's own commits are not held up.
const EVENTS_AT_ONCE: usize = 200;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// All steps of a recording are completed.
    Completed,
    /// Everything that can be had of it is there; something is not to be had.
    Partial,
    /// It was given up.
    Failed,
    /// It came into a category whose rule asks for an alert.
    CategoryMatched,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Failed, Self::Partial, Self::CategoryMatched];

    /// The name in configuration and payload.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::CategoryMatched => "category_matched",
        }
    }

    const fn of(status: ProcessingStatus) -> Option<Self> {
        match status {
            ProcessingStatus::Completed => Some(Self::Completed),
            ProcessingStatus::Partial => Some(Self::Partial),
            ProcessingStatus::Failed => Some(Self::Failed),
            ProcessingStatus::Pending | ProcessingStatus::Processing => None,
        }
    }
}

/// One end of one recording, or one category it came into. A recording that is processed again comes to another end, and
/// into the categories it was not in before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Stays the same however often it is delivered.
    pub id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// To which recording.
    pub recording: RecordingId,
    /// Where that comes from.
    pub provider: ProviderKind,
    /// The account there.
    pub account: AccountName,
    /// The category, of [`EventKind::CategoryMatched`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// Which events a sink gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkRule {
    /// The sink.
    pub name: String,
    /// These kinds.
    pub kinds: Vec<EventKind>,
    /// Of this provider; absent of all.
    pub provider: Option<ProviderKind>,
    /// Of this account; absent of all.
    pub account: Option<AccountName>,
}

/// Events that no sink was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbox {
    /// To be given.
    pub waiting: u64,
    /// Dropped to make room.
    pub dropped: u64,
}

impl SinkRule {
    fn takes(&self, event: &Event) -> bool {
        self.kinds.contains(&event.kind)
            && self.provider.is_none_or(|provider| provider == event.provider)
            && self.account.as_ref().is_none_or(|account| *account == event.account)
    }
}

impl Store {
    /// From now on ends of recordings are told of, or not: without a sink nobody would ever take them out again.
    pub fn tell_ends(&self, tells: bool) {
        self.0.tells_ends.store(tells, Ordering::Relaxed);
    }

    /// Wakes when something was told.
    pub fn subscribe_events(&self) -> watch::Receiver<u64> {
        self.0.told.subscribe()
    }

    /// How full the outbox is.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn outbox(&self) -> Result<Outbox, StoreError> {
        self.read(|tx| {
            let dropped = tx.open_table(COUNTERS)?.get(DROPPED)?.map_or(0, |sum| sum.value());
            Ok(Outbox { waiting: tx.open_table(EVENTS)?.len()?, dropped: u64::try_from(dropped).unwrap_or(0) })
        })
    }

    /// Gives the oldest events to the sinks that take them. Answers whether there may be more.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn give_out(&self, sinks: &[SinkRule], now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tables| {
            let mut given = 0;
            while given < EVENTS_AT_ONCE {
                let Some((serial, event)) = tables.take_event()? else { break };
                for sink in sinks.iter().filter(|sink| sink.takes(&event)) {
                    tables.add_delivery(&sink.name, serial, Delivery::of(event.clone(), now), now)?;
                }
                given += 1;
            }
            Ok(if given > 0 { Verdict::Keep(given == EVENTS_AT_ONCE) } else { Verdict::Drop(false) })
        })
    }
}

impl Tables<'_> {
    /// Writes events when a row has come into categories or to an end that it was not in or at before.
    pub(super) fn tell(&mut self, old: Option<&Row>, new: &Row) -> Result<(), Fault> {
        let recording = &new.recording;
        if !self.tells_ends || recording.deletion.is_some() {
            return Ok(());
        }
        for category in new_alerts(old, new) {
            self.add_event(EventKind::CategoryMatched, recording, Some(category.to_owned()))?;
        }
        let status = recording.steps.processing_status();
        let Some(kind) = EventKind::of(status) else { return Ok(()) };
        if old.is_some_and(|old| old.recording.steps.processing_status() == status) {
            return Ok(());
        }
        self.add_event(kind, recording, None)
    }

    fn add_event(&mut self, kind: EventKind, recording: &Recording, category: Option<String>) -> Result<(), Fault> {
        let event = Event {
            id: Uuid::now_v7(),
            kind,
            at: recording.updated_at,
            recording: recording.id,
            provider: recording.key.provider,
            account: recording.key.account.clone(),
            category,
        };
        // Serials are kept apart from the table, which is empty most of the time.
        let serial = self.meta.get("events")?.map_or(0, |serial| serial.value()) + 1;
        self.meta.insert("events", serial)?;
        self.events.insert(serial, record::encode(&event)?.as_slice())?;
        if self.events.len()? > EVENTS_MAX {
            self.events.pop_first()?;
            self.count(DROPPED, 1)?;
            let dropped = self.counters.get(DROPPED)?.map_or(0, |sum| sum.value());
            // Once a thousand: the log is bounded too.
            if dropped % DROPS_PER_LINE == 1 {
                tracing::warn!(limit = EVENTS_MAX, dropped, "The outbox is full; its oldest event was dropped.");
            }
        }
        self.has_told = true;
        Ok(())
    }

    fn take_event(&mut self) -> Result<Option<(u64, Event)>, Fault> {
        let Some((serial, bytes)) = self.events.pop_first()? else { return Ok(None) };
        Ok(Some((serial.value(), record::decode(bytes.value())?)))
    }
}

/// Categories with an alert that `new` is in and `old` was not.
fn new_alerts<'r>(old: Option<&'r Row>, new: &'r Row) -> impl Iterator<Item = &'r str> {
    let before = old.and_then(|old| old.recording.insight.as_ref());
    let now = new.recording.insight.iter().flat_map(|insight| &insight.categories);
    let is_new = move |name: &str| before.is_none_or(|insight| insight.category_names().all(|known| known != name));
    now.filter(|result| result.matched && result.alert)
        .map(|result| result.name.as_str())
        .filter(move |name| is_new(name))
}
