//! # callscribe: the map
//!
//! A call goes in, a trustworthy transcript comes out, on this machine. Data flows one way:
//!
//! ```text
//! discover ──> fetch ──> hear ──────────────> understand ─────> keep ──> serve, export
//! poll,        details,  decode, channels,    language,         redb     HTTP API, CLI,
//! webhook,     audio     speech, Whisper      summary,          files    txt json vtt srt
//! folder                                      second opinion
//! ```
//!
//! Discovery only ever *adds work*; the pipeline only ever *finishes work*; the store is the one place both meet.
//!
//! ## Modules, from the top; a module uses only what stands below it
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`] | one file a subcommand; [`daemon`] is the composition root of `serve` |
//! | [`serve`], [`notify`], [`pipeline`], [`discover`] | HTTP API; signed webhooks; the loop that finishes work; the loop that adds it |
//! | [`provider`], [`fetch`], [`transcribe`], [`decode`], [`understand`], [`export`], [`store`], [`search`] | the parts of the path; the index is made from the store |
//! | [`chat`] | asks a language model, where one is configured |
//! | [`models`] | which Whisper models there are, where their files lie, whether they are whole |
//! | [`config`], [`observe`], [`systemd`], [`clock`] | what everything may lean on |
//! | [`call`] | the vocabulary, pure |
//!
//! Steps do not know the store; the store does not know steps; `serve` reads and enqueues, it never runs a step.
//! `tests/architecture.rs` reads `src/` and fails on a `use crate::…` against this order.
//!
//! ## Invariants
//!
//! - **Native code runs in a child process.** Decoding and inference live in `callscribe worker`; ggml aborts and absurd
//!   allocations cost one job, never the daemon. The child has no network and no database.
//! - **Attempts rise at the claim**, so a recording that kills the daemon is counted and ends `failed`.
//! - **Result, next state, index keys and outbox row commit in one transaction**; cursors move in the transaction that stores what
//!   they found.
//! - **A file is durable before the database says it exists; the database forgets before a file is removed.**
//! - **Requests go to an account's own hosts** and nowhere else; a redirect is checked like any other address.
//! - **Nothing waits for a second opinion or a translation**: what a provider makes of a call is fetched, and its words are put
//!   into other languages, beside the steps and beside the transcript.
//! - **Listeners hear of what is durable**, within bounds; nobody waits for one.
//! - **Identity** is (provider, account, provider's recording id), finished and deleted recordings included.
//! - **Words leave the store through one door**, the operator's veil; what may not lie open is masked before its first commit.
//! - **Every word shown was spoken**: text that no speech on its channel backs goes to the suspect ledger.

pub mod call;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod decode;
pub mod discover;
pub mod export;
pub mod fetch;
pub mod models;
pub mod notify;
pub mod observe;
pub mod pipeline;
pub mod provider;
pub mod search;
pub mod serve;
pub mod store;
pub mod systemd;
pub mod transcribe;
pub mod understand;
