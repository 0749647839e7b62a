//! What a transcript tells: language, summary and what follows from the call, sentiment, the operator's categories, personal
//! data, and how far it is from a known script. Pure and deterministic; the same words give the same insight.
//!
//! Reads the vocabulary of `call` and nothing else; `pipeline` and `cli` keep or show what it says. Nothing is made up:
//! every sentence and every topic stands in the transcript.

pub mod agreement;
pub mod audio;
pub mod categories;
mod fold;
pub mod insight;
pub mod language;
pub mod model;
mod parties;
mod phrases;
pub mod pii;
mod reading;
pub mod sentiment;
pub mod speakers;
mod summary;
pub mod talk;
pub mod translation;
pub mod wer;
