//! From an audio file to a transcript: speech is cut out of each channel, packed into windows, given to Whisper in a
//! child process, and laid back on the times of the call.
//!
//! The parent side is [`Supervisor`]; the child is `callscribe worker`. Nothing here knows the store or the network:
//! requests come from `pipeline` and `cli`, results go back to them.

mod assemble;
mod ballot;
mod checkpoint;
mod checks;
mod child;
mod cut;
mod engine;
mod hear;
mod listen;
mod peaks;
mod phases;
mod protocol;
mod pulse;
mod sound;
mod supervisor;
mod survey;
pub mod vad;
mod whisper;
mod windows;
mod words;
pub mod worker;

pub use child::silence;
pub use peaks::{Peaks, draw};
pub use protocol::{Checkpoint, Event, ModelProfile, Outcome, Request};
pub use supervisor::{
    ProcessStanding, Supervisor, SupervisorConfig, TranscribeError, WorkerEnd, WorkerPhase, WorkerStanding,
};
