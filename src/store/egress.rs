//! The egress ledger: where data has gone, by host. What this program sent, counted by the one client that sends.

use jiff::Timestamp;
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

use super::record;
use super::schema::EGRESS;
use super::{Store, StoreError, Verdict};

/// Hosts kept by name: configurations name dozens. What goes to more is added up under [`OTHERS`].
pub const HOSTS_MAX: u64 = 1000;
/// The entry of all hosts beyond [`HOSTS_MAX`].
pub const OTHERS: &str = "(others)";

/// What passed between this machine and one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Egress {
    /// The host, with its port where it is not the usual one.
    #[serde(default)]
    pub host: String,
    /// Requests sent.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// The first request.
    pub first_at: Timestamp,
    /// The last request.
    pub last_at: Timestamp,
}

impl Egress {
    fn and(self, later: &Self) -> Self {
        Self {
            host: self.host,
            requests: self.requests + later.requests,
            bytes_sent: self.bytes_sent + later.bytes_sent,
            bytes_received: self.bytes_received + later.bytes_received,
            first_at: self.first_at.min(later.first_at),
            last_at: self.last_at.max(later.last_at),
        }
    }
}

impl Store {
    /// Adds what was counted since the last time.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn add_egress(&self, counted: &[Egress]) -> Result<(), StoreError> {
        if counted.is_empty() {
            return Ok(());
        }
        self.write(|tables| {
            for one in counted {
                let is_known = tables.egress.get(one.host.as_str())?.is_some();
                let host = if is_known || tables.egress.len()? < HOSTS_MAX { one.host.as_str() } else { OTHERS };
                let kept = tables.egress.get(host)?.map(|bytes| record::decode::<Egress>(bytes.value())).transpose()?;
                let sum = kept.map_or_else(|| Egress { host: host.to_owned(), ..one.clone() }, |kept| kept.and(one));
                tables.egress.insert(host, record::encode(&sum)?.as_slice())?;
            }
            Ok(Verdict::Keep(()))
        })
    }

    /// Every host, by name.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn egress(&self) -> Result<Vec<Egress>, StoreError> {
        self.read(|tx| {
            let entries = tx.open_table(EGRESS)?;
            entries.iter()?.map(|entry| Ok(record::decode(entry?.1.value())?)).collect()
        })
    }
}
