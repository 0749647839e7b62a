//! The store keeps what it was told, through kills, damage and years; the pipeline brings every recording to an end.
//!
//! Real redb in temporary folders. `CALLSCRIBE_STORE_ROUNDS` sets how many seeded rounds the longer tests run,
//! `CALLSCRIBE_STORE_SCALE` how many recordings the archive of `scale` holds.

#![allow(clippy::unwrap_used)]

mod crash;
mod damage;
mod derived;
mod discovery;
mod files;
mod frozen;
mod growth;
mod list;
mod metadata;
mod model;
mod pipeline;
mod questions;
mod queue;
mod removal;
mod reruns;
mod scale;
mod shelf;
mod support;
mod talked;
mod translations;
