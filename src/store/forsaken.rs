//! Deliveries to sinks that are not configured any more, under the name they had: kept for a while, for whoever renamed a
//! sink by mistake or brings it back, then let go of with a note in the audit trail.

use jiff::{SignedDuration, Timestamp};
use redb::{ReadTransaction, ReadableTable};

use super::deliveries::DeliveryState;
use super::error::Fault;
use super::ledger::{counter, done_from};
use super::schema::{DELIVERIES, META, Tables};
use super::{AuditEntry, Store, StoreError, Verdict};

/// How long they are kept after the first start without the sink: a month of people on holiday.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Deliveries taken out in one transaction, so that the pipeline's own commits are not held up.
const TAKEN_OUT_AT_ONCE: usize = 500;

/// A sink that is not configured and has deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forsaken {
    /// Its name.
    pub name: String,
    /// Until when its deliveries are kept; absent before a start has noticed.
    pub kept_until: Option<Timestamp>,
}

fn mark(sink: &str) -> String {
    format!("forsaken_ms/{sink}")
}

/// How many of its deliveries were let go of that were never made.
fn unmade(sink: &str) -> String {
    format!("forsaken_unmade/{sink}")
}

fn kept_until(ms: u64) -> Option<Timestamp> {
    let since = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())?;
    since.checked_add(KEPT_FOR).ok()
}

/// The sinks that have deliveries, by name; hops from one to the next.
fn sinks(deliveries: &impl ReadableTable<(&'static str, u64), &'static [u8]>) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    let mut from = String::new();
    while let Some(first) = deliveries.range((from.as_str(), 0)..)?.next() {
        let name = first?.0.value().0.to_owned();
        // The first name that can stand behind it.
        from = format!("{name}\0");
        names.push(name);
    }
    Ok(names)
}

impl Store {
    /// Sinks that have deliveries and are not among those `configured`.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn forsaken_sinks(&self, configured: &[String]) -> Result<Vec<Forsaken>, StoreError> {
        self.read(|tx: &ReadTransaction| {
            let (meta, names) = (tx.open_table(META)?, sinks(&tx.open_table(DELIVERIES)?)?);
            let mut forsaken = Vec::new();
            for name in names.into_iter().filter(|name| !configured.contains(name)) {
                let since = meta.get(mark(&name).as_str())?.map(|ms| ms.value());
                forsaken.push(Forsaken { kept_until: since.and_then(kept_until), name });
            }
            Ok(forsaken)
        })
    }

    /// Notes which sinks are not configured any more, and lets go of some deliveries of those that have not been for long.
    /// Answers whether there may be more to let go of at once.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn tidy_sinks(&self, configured: &[String], now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tables| {
            let (mut is_news, mut more) = (false, false);
            for name in configured {
                is_news |= tables.meta.remove(mark(name).as_str())?.is_some();
                is_news |= tables.meta.remove(unmade(name).as_str())?.is_some();
            }
            for name in sinks(&tables.deliveries)?.into_iter().filter(|name| !configured.contains(name)) {
                let since = tables.meta.get(mark(&name).as_str())?.map(|ms| ms.value());
                match since {
                    None => {
                        tables.meta.insert(mark(&name).as_str(), u64::try_from(now.as_millisecond()).unwrap_or(0))?;
                        is_news = true;
                    }
                    Some(ms) if kept_until(ms).is_some_and(|until| until <= now) => {
                        more |= tables.let_go_of(&name, now)?;
                        is_news = true;
                    }
                    Some(_) => {}
                }
            }
            Ok(if is_news { Verdict::Keep(more) } else { Verdict::Drop(false) })
        })
    }
}

impl Tables<'_> {
    /// Takes out the oldest deliveries of a sink, and with the last of them everything that is known of it. Answers whether
    /// there are more.
    fn let_go_of(&mut self, sink: &str, now: Timestamp) -> Result<bool, Fault> {
        let mut count = 0;
        let mut waited = self.meta.get(unmade(sink).as_str())?.map_or(0, |count| count.value());
        while count < TAKEN_OUT_AT_ONCE {
            let Some(oldest) = self.oldest(sink)? else { break };
            // The sink may be back before the last of them went: what is left has to count, and to come, by itself.
            self.unqueue(sink, &oldest)?;
            self.uncount(sink, &oldest.state)?;
            self.deliveries.remove((sink, oldest.serial))?;
            if matches!(oldest.state, DeliveryState::Pending { .. }) {
                self.count(&counter(sink, "dropped"), 1)?;
                self.release_next(sink, &oldest, now)?;
                waited += 1;
            }
            count += 1;
        }
        if count == TAKEN_OUT_AT_ONCE {
            self.meta.insert(unmade(sink).as_str(), waited)?;
            return Ok(true);
        }
        for state in ["pending", "delivered", "dead", "dropped"] {
            self.counters.remove(counter(sink, state).as_str())?;
        }
        self.meta.remove(done_from(sink).as_str())?;
        self.meta.remove(mark(sink).as_str())?;
        self.meta.remove(unmade(sink).as_str())?;
        let detail = format!(
            "The sink {sink} was not configured for {} days: its deliveries were let go of, {waited} of them never made.",
            KEPT_FOR.as_hours() / 24
        );
        tracing::warn!("{detail}");
        let (by, what) = ("daemon".to_owned(), "webhook_let_go".to_owned());
        self.note(&AuditEntry { at: now, by, what, recording: None, detail })?;
        Ok(false)
    }
}
