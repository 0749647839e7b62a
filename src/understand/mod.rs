//! What a transcript tells: language, summary, topics, and how far it is from a known script. Pure and deterministic;
//! the same words give the same insight.
//!
//! Reads the vocabulary of `call` and nothing else; `pipeline` and `cli` keep or show what it says. Nothing is made up:
//! every sentence and every topic stands in the transcript.

pub mod agreement;
pub mod audio;
pub mod language;
pub mod speakers;
mod stop_words;
pub mod summary;
pub mod talk;
pub mod wer;
