//! From an audio file to a transcript: speech is cut out of each channel, packed into windows, given to Whisper in a
//! child process, and laid back on the times of the call.
//!
//! The parent side is [`Supervisor`]; the child is `callscribe worker`. Nothing here knows the store or the network:
//! requests come from `pipeline` and `cli`, results go back to them.

mod protocol;
mod supervisor;
pub mod vad;

pub use protocol::{Checkpoint, Event, Outcome, Request};
pub use supervisor::{Supervisor, SupervisorConfig, TranscribeError};
