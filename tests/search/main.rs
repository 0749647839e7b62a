//! Full-text search: what was said is found with its second and speaker, and nothing the store holds stays unfound.
//!
//! Real redb and real tantivy in temporary folders.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod index;
mod support;
mod words;
