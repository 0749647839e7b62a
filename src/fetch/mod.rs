//! Bytes to durable files: limits, digest, write-sync-rename-syncdir, orphan sweep.
//!
//! A file stands under its final name only when all of it is on the disk, so that whoever finds a name finds the whole
//! file. Knows neither providers nor the store: `pipeline` has a provider fill a [`Partial`], keeps it, and only then
//! tells the store; what the store forgot is removed afterwards. All methods block.

mod derived;
mod error;
mod files;
mod sweep;

pub use derived::copy_key;
pub use error::FetchError;
pub use files::{Destination, Files, Partial};
pub use sweep::{Standing, SweepReport, Tree};
