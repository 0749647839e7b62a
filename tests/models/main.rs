//! Model files: what they are, whether they are whole, how they get here.

mod catalogue;
mod files;
mod import;
mod listing;
mod pull;
mod support;
