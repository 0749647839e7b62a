//! Deliveries of events to sinks: the next one that is due, how they went, what people see of them and send again. What is
//! due and what is kept is in the `ledger`.

use jiff::Timestamp;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Fault;
use super::ledger::counter;
use super::outbox::Event;
use super::record;
use super::schema::{COUNTERS, DELIVERIES, DUE};
use super::{AuditEntry, Store, StoreError, Verdict};

/// Deliveries given up in one transaction.
const BURIED_AT_ONCE: usize = 500;

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not taken by the sink yet.
    Pending {
        /// Not before this, and not before the ones of the same recording before it.
        due: Timestamp,
    },
    /// Taken.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// Given up until somebody replays it.
    Dead {
        /// When.
        at: Timestamp,
    },
}

impl DeliveryState {
    /// The name in API and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Delivered { .. } => "delivered",
            Self::Dead { .. } => "dead",
        }
    }
}

/// One event on its way to one sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its place in the order of events.
    #[serde(default)]
    pub serial: u64,
    /// What happened.
    pub event: Event,
    /// Where it stands.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// Since when it is being tried; later than the event when it was replayed.
    pub since: Timestamp,
    /// When it was last sent.
    pub last_at: Option<Timestamp>,
    /// Why that did not go well.
    pub last_error: Option<String>,
}

impl Delivery {
    pub(super) fn of(event: Event, now: Timestamp) -> Self {
        let state = DeliveryState::Pending { due: now };
        Self { serial: 0, event, state, attempts: 0, since: now, last_at: None, last_error: None }
    }
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The sink took it.
    Delivered,
    /// It is tried again.
    Retry {
        /// Not before this.
        due: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// How many deliveries of a sink stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinkCounts {
    /// To be delivered.
    pub pending: u64,
    /// Taken, of those that are still kept.
    pub delivered: u64,
    /// Given up, of those that are still kept.
    pub dead: u64,
    /// Never delivered, and taken out to make room.
    pub dropped: u64,
}

impl Store {
    /// The delivery to make now, or when the next one is due.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn next_delivery(&self, sink: &str, now: Timestamp) -> Result<Result<Delivery, Option<Timestamp>>, StoreError> {
        self.read(|tx| {
            let due = tx.open_table(DUE)?;
            let Some(first) = due.range((sink, i64::MIN, 0)..=(sink, i64::MAX, u64::MAX))?.next() else {
                return Ok(Err(None));
            };
            let (_, at, serial) = first?.0.value();
            if at > now.as_millisecond() {
                return Ok(Err(Timestamp::from_millisecond(at).ok()));
            }
            let bytes = tx.open_table(DELIVERIES)?.get((sink, serial))?;
            match bytes {
                Some(bytes) => Ok(Ok(Delivery { serial, ..record::decode(bytes.value())? })),
                None => Ok(Err(None)),
            }
        })
    }

    /// Notes how an attempt went.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn note_delivery(&self, sink: &str, serial: u64, end: DeliveryEnd, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tables| {
            let Some(mut delivery) = tables.pending(sink, serial)? else { return Ok(Verdict::Drop(())) };
            (delivery.attempts, delivery.last_at) = (delivery.attempts + 1, Some(now));
            match end {
                DeliveryEnd::Delivered => {
                    delivery.last_error = None;
                    tables.settle_delivery(sink, delivery, DeliveryState::Delivered { at: now }, now)?;
                }
                DeliveryEnd::Dead { error } => {
                    delivery.last_error = Some(error);
                    tables.settle_delivery(sink, delivery, DeliveryState::Dead { at: now }, now)?;
                }
                DeliveryEnd::Retry { due, error } => {
                    delivery.last_error = Some(error);
                    tables.unqueue(sink, &delivery)?;
                    tables.uncount(sink, &delivery.state)?;
                    delivery.state = DeliveryState::Pending { due };
                    tables.queue(sink, &delivery, due)?;
                }
            }
            Ok(Verdict::Keep(()))
        })
    }

    /// Gives up what has been tried for since before `before`. Answers how many that were.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn bury_deliveries(
        &self,
        sink: &str,
        before: Timestamp,
        why: &str,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(|tables| {
            let mut old = Vec::new();
            for entry in tables.deliveries.range((sink, 0)..=(sink, u64::MAX))? {
                let (key, bytes) = entry?;
                let delivery: Delivery = record::decode(bytes.value())?;
                // Events are in their order in time, and none is tried for since before it happened.
                if delivery.event.at >= before {
                    break;
                }
                let is_pending = matches!(delivery.state, DeliveryState::Pending { .. });
                if is_pending && delivery.since < before {
                    old.push(Delivery { serial: key.value().1, ..delivery });
                }
                if old.len() == BURIED_AT_ONCE {
                    break;
                }
            }
            let count = old.len();
            for mut delivery in old {
                delivery.last_error.get_or_insert_with(|| why.to_owned());
                tables.settle_delivery(sink, delivery, DeliveryState::Dead { at: now }, now)?;
            }
            Ok(if count > 0 { Verdict::Keep(count) } else { Verdict::Drop(0) })
        })
    }

    /// Sends a delivery again, whether it was taken or given up. Absent when there is none of that event.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn replay_delivery(
        &self,
        sink: &str,
        event: Uuid,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Delivery>, StoreError> {
        self.write(|tables| {
            let Some(mut delivery) = tables.delivery_of(sink, event)? else { return Ok(Verdict::Drop(None)) };
            tables.uncount(sink, &delivery.state)?;
            tables.unqueue(sink, &delivery)?;
            (delivery.state, delivery.since, delivery.attempts) = (DeliveryState::Pending { due: now }, now, 0);
            let shown = delivery.clone();
            tables.queue(sink, &delivery, now)?;
            tables.note(&AuditEntry {
                at: now,
                by: by.to_owned(),
                what: "webhook_replayed".to_owned(),
                recording: Some(delivery.event.recording),
                detail: format!("The sink {sink} is told of event {event} again."),
            })?;
            Ok(Verdict::Keep(Some(shown)))
        })
    }

    /// The newest deliveries of a sink, newest first, all or those that stand in one state.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn deliveries(&self, sink: &str, state: Option<&str>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.read(|tx| {
            let mut found = Vec::new();
            for entry in tx.open_table(DELIVERIES)?.range((sink, 0)..=(sink, u64::MAX))?.rev() {
                let (key, bytes) = entry?;
                let delivery: Delivery = record::decode(bytes.value())?;
                if state.is_none_or(|state| delivery.state.name() == state) {
                    found.push(Delivery { serial: key.value().1, ..delivery });
                }
                if found.len() >= limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// How many deliveries of a sink stand where.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn sink_counts(&self, sink: &str) -> Result<SinkCounts, StoreError> {
        self.read(|tx| {
            let counters = tx.open_table(COUNTERS)?;
            let sum = |state: &str| -> Result<u64, Fault> {
                let sum = counters.get(counter(sink, state).as_str())?.map_or(0, |sum| sum.value());
                Ok(u64::try_from(sum).unwrap_or(0))
            };
            Ok(SinkCounts {
                pending: sum("pending")?,
                delivered: sum("delivered")?,
                dead: sum("dead")?,
                dropped: sum("dropped")?,
            })
        })
    }
}
