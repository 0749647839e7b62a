//! The ledger of deliveries: what is due and in which order, what is let go of to make room. Everything here happens in the
//! transaction of whoever asks.
//!
//! Only the first pending delivery of a recording is ever due, so that a sink hears of one recording in its order whatever
//! it refuses meanwhile. Bounded for each sink: what is done goes first, what was never delivered goes last, and is
//! counted.

use std::time::Duration;

use jiff::Timestamp;
use redb::ReadableTable;
use uuid::Uuid;

use super::deliveries::{Delivery, DeliveryState};
use super::error::Fault;
use super::record;
use super::schema::Tables;

/// Deliveries kept for one sink, of any state: some megabytes.
pub const DELIVERIES_MAX: i64 = 20_000;
/// How long a delivery that is done with is kept for people to look at.
const KEEP_DONE: Duration = Duration::from_secs(30 * 86_400);
/// Old deliveries taken out with each new one: more than come in, so that they go.
const PURGED_AT_ONCE: usize = 4;
/// Pending deliveries that one new delivery looks past for one that is done with: well below a millisecond of reading.
const PASSED_OVER_AT_ONCE: usize = 256;
/// Lines in the log: one for so many dropped.
const DROPS_PER_LINE: i64 = 1000;

pub(super) fn counter(sink: &str, state: &str) -> String {
    format!("webhook/{sink}/{state}")
}

pub(super) fn done_from(sink: &str) -> String {
    format!("deliveries_done_from/{sink}")
}

impl Tables<'_> {
    /// Adds a delivery, and takes old ones out where there are too many.
    pub(super) fn add_delivery(
        &mut self,
        sink: &str,
        serial: u64,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.queue(sink, &Delivery { serial, ..delivery }, now)?;
        for _ in 0..PURGED_AT_ONCE {
            let pending = self.kept(sink, "pending")?;
            let done = self.kept(sink, "delivered")? + self.kept(sink, "dead")?;
            let is_full = pending + done > DELIVERIES_MAX;
            let oldest = match done {
                1.. => self.oldest_done(sink)?,
                _ if is_full => self.oldest(sink)?,
                _ => None,
            };
            let Some(oldest) = oldest else { break };
            let is_old = match oldest.state {
                DeliveryState::Pending { .. } => false,
                DeliveryState::Delivered { at } | DeliveryState::Dead { at } => {
                    now.checked_sub(KEEP_DONE).is_ok_and(|limit| at < limit)
                }
            };
            if !is_old && !is_full {
                break;
            }
            self.take_out(sink, &oldest, now)?;
        }
        Ok(())
    }

    pub(super) fn kept(&self, sink: &str, state: &str) -> Result<i64, Fault> {
        Ok(self.counters.get(counter(sink, state).as_str())?.map_or(0, |count| count.value()))
    }

    pub(super) fn oldest(&self, sink: &str) -> Result<Option<Delivery>, Fault> {
        let Some(first) = self.deliveries.range((sink, 0)..=(sink, u64::MAX))?.next() else { return Ok(None) };
        let (key, bytes) = first?;
        Ok(Some(Delivery { serial: key.value().1, ..record::decode(bytes.value())? }))
    }

    /// The oldest delivery that is done with. Pending ones before it are passed over once, not with every new delivery;
    /// absent where that takes longer than one delivery may, and the next one goes on.
    fn oldest_done(&mut self, sink: &str) -> Result<Option<Delivery>, Fault> {
        let name = done_from(sink);
        let from = self.meta.get(name.as_str())?.map_or(0, |serial| serial.value());
        let (mut looked_at, mut next, mut found) = (0, from, None);
        for entry in self.deliveries.range((sink, from)..=(sink, u64::MAX))?.take(PASSED_OVER_AT_ONCE) {
            let (key, bytes) = entry?;
            let delivery = Delivery { serial: key.value().1, ..record::decode(bytes.value())? };
            (looked_at, next) = (looked_at + 1, delivery.serial);
            if !matches!(delivery.state, DeliveryState::Pending { .. }) {
                found = Some(delivery);
                break;
            }
        }
        if found.is_none() && looked_at < PASSED_OVER_AT_ONCE {
            next = 0;
        }
        if next != from {
            self.meta.insert(name.as_str(), next)?;
        }
        Ok(found)
    }

    /// Nothing that is done with is passed over.
    fn note_done(&mut self, sink: &str, serial: u64) -> Result<(), Fault> {
        let name = done_from(sink);
        if self.meta.get(name.as_str())?.is_some_and(|from| serial < from.value()) {
            self.meta.insert(name.as_str(), serial)?;
        }
        Ok(())
    }

    fn take_out(&mut self, sink: &str, delivery: &Delivery, now: Timestamp) -> Result<(), Fault> {
        self.unqueue(sink, delivery)?;
        self.uncount(sink, &delivery.state)?;
        self.deliveries.remove((sink, delivery.serial))?;
        if matches!(delivery.state, DeliveryState::Pending { .. }) {
            self.count(&counter(sink, "dropped"), 1)?;
            let dropped = self.kept(sink, "dropped")?;
            // Once a thousand: the log is bounded too.
            if dropped % DROPS_PER_LINE == 1 {
                tracing::warn!(
                    sink,
                    limit = DELIVERIES_MAX,
                    dropped,
                    "More waits for the sink than is kept; the oldest event was dropped."
                );
            }
            self.release_next(sink, delivery, now)?;
        }
        Ok(())
    }

    /// The delivery, if it is still to be made.
    pub(super) fn pending(&self, sink: &str, serial: u64) -> Result<Option<Delivery>, Fault> {
        let Some(bytes) = self.deliveries.get((sink, serial))? else { return Ok(None) };
        let delivery = Delivery { serial, ..record::decode(bytes.value())? };
        Ok(Some(delivery).filter(|delivery| matches!(delivery.state, DeliveryState::Pending { .. })))
    }

    pub(super) fn delivery_of(&self, sink: &str, event: Uuid) -> Result<Option<Delivery>, Fault> {
        for entry in self.deliveries.range((sink, 0)..=(sink, u64::MAX))?.rev() {
            let (key, bytes) = entry?;
            let delivery: Delivery = record::decode(bytes.value())?;
            if delivery.event.id == event {
                return Ok(Some(Delivery { serial: key.value().1, ..delivery }));
            }
        }
        Ok(None)
    }

    /// Puts a delivery in line; it is due at `due` when it is the first of its recording.
    pub(super) fn queue(&mut self, sink: &str, delivery: &Delivery, due: Timestamp) -> Result<(), Fault> {
        let (id, serial) = (delivery.event.recording.as_bytes(), delivery.serial);
        let first = self.in_order.range((sink, id, 0)..=(sink, id, u64::MAX))?.next().transpose()?;
        let first = first.map(|(key, _)| key.value().2);
        if first.is_none_or(|first| serial < first) {
            // A replayed one comes before those that wait behind it.
            if let Some(first) = first
                && let Some(Delivery { state: DeliveryState::Pending { due: theirs }, .. }) =
                    self.pending(sink, first)?
            {
                self.due.remove((sink, theirs.as_millisecond(), first))?;
            }
            self.due.insert((sink, due.as_millisecond(), serial), ())?;
        }
        self.in_order.insert((sink, id, serial), ())?;
        self.count(&counter(sink, "pending"), 1)?;
        self.write_delivery(sink, delivery)
    }

    pub(super) fn unqueue(&mut self, sink: &str, delivery: &Delivery) -> Result<(), Fault> {
        if let DeliveryState::Pending { due } = delivery.state {
            self.due.remove((sink, due.as_millisecond(), delivery.serial))?;
            self.in_order.remove((sink, delivery.event.recording.as_bytes(), delivery.serial))?;
        }
        Ok(())
    }

    /// Takes a delivery to its end and lets the next one of its recording come.
    pub(super) fn settle_delivery(
        &mut self,
        sink: &str,
        mut delivery: Delivery,
        state: DeliveryState,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.unqueue(sink, &delivery)?;
        self.uncount(sink, &delivery.state)?;
        self.count(&counter(sink, state.name()), 1)?;
        delivery.state = state;
        self.write_delivery(sink, &delivery)?;
        self.note_done(sink, delivery.serial)?;
        self.release_next(sink, &delivery, now)
    }

    pub(super) fn release_next(&mut self, sink: &str, done: &Delivery, now: Timestamp) -> Result<(), Fault> {
        let id = done.event.recording.as_bytes();
        let next = self.in_order.range((sink, id, 0)..=(sink, id, u64::MAX))?.next().transpose()?;
        let Some(serial) = next.map(|(key, _)| key.value().2) else { return Ok(()) };
        if let Some(mut delivery) = self.pending(sink, serial)? {
            if let DeliveryState::Pending { due } = delivery.state {
                self.due.remove((sink, due.as_millisecond(), serial))?;
            }
            delivery.state = DeliveryState::Pending { due: now };
            self.due.insert((sink, now.as_millisecond(), serial), ())?;
            self.write_delivery(sink, &delivery)?;
        }
        Ok(())
    }

    fn write_delivery(&mut self, sink: &str, delivery: &Delivery) -> Result<(), Fault> {
        self.deliveries.insert((sink, delivery.serial), record::encode(delivery)?.as_slice())?;
        Ok(())
    }

    pub(super) fn uncount(&mut self, sink: &str, state: &DeliveryState) -> Result<(), Fault> {
        self.count(&counter(sink, state.name()), -1)
    }
}
