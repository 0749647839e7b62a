//! Which Whisper models there are, where their files lie, whether a file is whole.
//!
//! The catalogue holds what is published and what ships with the program; [`resolve`] turns a name or a path into a
//! file with what the decoder must know about it; [`inspect`] reads a file's header and walks its tensor table;
//! [`pull`] and [`import`] bring files in and never touch a good one before its successor is verified.
//! Never loads weights and never runs a model: that is the worker's business. Only [`pull`] opens a connection.

mod bring;
mod catalogue;
mod digest;
mod download;
mod error;
mod header;
mod locate;

pub use bring::{Imported, import};
pub use catalogue::{DOWNLOAD_BASE_URL, MINIATURE_NAME, ModelEntry, catalogue, entry_named};
pub use digest::{Verdict, verify};
pub use download::{News, PullOptions, Pulled, pull};
pub use error::ModelError;
pub use header::{ModelHeader, inspect, inspect_voice_activity};
pub use locate::{ModelFile, installed, resolve};
