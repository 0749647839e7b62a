//! What the API needs of the loops beside it. `serve` never runs a step and knows neither pipeline nor discovery; the
//! daemon, which knows all three, answers these questions.

use std::path::PathBuf;

use axum::http::HeaderMap;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::sinks::Sink;
use crate::call::{AccountName, Disposition, Language, ProviderKind, Recording, RecordingId, Step, Transcript};
use crate::provider::{Access, ProviderError, Started, WebhookAnswer};
use crate::store::{Egress, Lane};
use crate::transcribe::{TranscribeError, WorkerStanding};

/// Answers for pipeline, discovery and model. Nothing here may block.
pub trait Loops: Send + Sync + 'static {
    /// What must be in order besides the store: one entry a part, good ones included.
    fn checks(&self) -> Vec<Check>;

    /// What is being worked on now, longest first.
    fn running(&self) -> Vec<Running>;

    /// What waits for a person.
    fn parked(&self) -> Vec<Parked>;

    /// Who works on calls.
    fn workers(&self) -> Workers {
        Workers::default()
    }

    /// Lets what waits for a person be tried again at once. Answers the recordings that would wait on by themselves; the
    /// caller hurries them.
    fn unpark(&self) -> Vec<RecordingId> {
        Vec::new()
    }

    /// Resolves when what [`Loops::running`] or [`Loops::parked`] answers has changed.
    fn progressed(&self) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }

    /// Ends what is being worked on of a recording.
    fn cancel(&self, id: RecordingId);

    /// Has a file transcribed at once, after the call that is being transcribed. Ends when `cancel` does.
    fn transcribe(
        &self,
        _hearing: Hearing,
        _cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Transcript, TranscribeError>> {
        async { Err(TranscribeError::Model(not_running().message)) }.boxed()
    }

    /// Of five calls that are taken up, how many are the newest; the others are the oldest.
    fn newest_first_of_five(&self) -> u8 {
        4
    }

    /// Every account recordings are taken from.
    fn accounts(&self) -> Vec<Account>;

    /// The model transcripts are made with, by the name a caller may ask for.
    fn model(&self) -> String;

    /// What calls can be translated into.
    fn translates_into(&self) -> Tongues {
        Tongues::English
    }

    /// Whether the model knows English alone, and so cannot translate.
    fn knows_english_only(&self) -> bool {
        false
    }

    /// Looks at every account now; two looks at one account follow each other.
    fn look(&self, reach: Reach) -> BoxFuture<'static, Looked>;

    /// Hands on what a provider delivered. Answered within milliseconds: only rows are added.
    fn deliver(&self, _kind: ProviderKind, _incoming: Incoming) -> BoxFuture<'static, WebhookAnswer> {
        async { WebhookAnswer { status: 404, headers: Vec::new() } }.boxed()
    }

    /// Begins to record a running call, once, for whoever the audit trail is to name.
    fn record(
        &self,
        _account: Option<String>,
        _call_id: String,
        _by: String,
    ) -> BoxFuture<'static, Result<Started, ProviderError>> {
        async { Err(not_running()) }.boxed()
    }

    /// How accounts stand at their providers; asks them now.
    fn access(&self, _kind: Option<ProviderKind>, _account: Option<AccountName>) -> BoxFuture<'static, Vec<Standing>> {
        async { Vec::new() }.boxed()
    }

    /// Deletes the provider's copy of a recording, for whoever the audit trail is to name.
    fn remove_at_source(&self, _recording: Recording, _by: String) -> BoxFuture<'static, Result<(), ProviderError>> {
        async { Err(not_running()) }.boxed()
    }

    /// An address at the provider, good for a short while, at which a recording that is not here yet is heard.
    fn audio_link(&self, _recording: Recording) -> BoxFuture<'static, Option<String>> {
        async { None }.boxed()
    }

    /// The address at which a person signs an account in, good for a few minutes.
    fn sign_in(&self, _account: String) -> BoxFuture<'static, Result<String, ProviderError>> {
        async { Err(not_running()) }.boxed()
    }

    /// A person came back from there, with what the provider gave them. Answers the account.
    fn signed_in(&self, _state: String, _code: String) -> BoxFuture<'static, Result<String, ProviderError>> {
        async { Err(not_running()) }.boxed()
    }

    /// The sinks that are told of finished recordings.
    fn sinks(&self) -> Vec<Sink> {
        Vec::new()
    }

    /// Something was put in line for a sink.
    fn wake_sinks(&self) {}

    /// Sends a sink a test event: its id, and the status or why there is none. Absent when there is no such sink.
    fn test_sink(&self, _name: String) -> BoxFuture<'static, Option<(uuid::Uuid, Result<u16, String>)>> {
        async { None }.boxed()
    }

    /// What was sent and has not been added to the store's ledger yet; the caller adds it.
    fn take_traffic(&self) -> Vec<Egress> {
        Vec::new()
    }
}

/// Where no loops run, nothing can be asked of a provider.
fn not_running() -> ProviderError {
    ProviderError::new("The daemon does not run; start it with `callscribe serve`.", Disposition::Reject)
}

/// A file to be transcribed, beside the archive.
#[derive(Debug, Clone)]
pub struct Hearing {
    /// The audio file.
    pub audio: PathBuf,
    /// The languages it may be in; none takes the configured ones.
    pub languages: Vec<Language>,
    /// Text that primes the decoder; none takes the configured one.
    pub prompt: Option<String>,
    /// Translate to English.
    pub translate: bool,
    /// Who is told the texts of segments, in their order, while the rest is still being heard. Bounded by the transcript,
    /// which is held in memory anyway.
    pub said: Option<mpsc::UnboundedSender<String>>,
}

/// What calls can be translated into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tongues {
    /// Any language.
    Any,
    /// English alone.
    English,
    /// Nothing, for the reason given as a sentence.
    Nothing(String),
}

/// Something a provider delivered.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// GET or POST.
    pub method: String,
    /// The path and query as they came.
    pub path_and_query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Bytes,
}

/// How one account stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Which vendor.
    pub provider: ProviderKind,
    /// The operator's name for it.
    pub account: AccountName,
    /// How it stands.
    pub access: Access,
}

/// How far a look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Hours back; for sources that list by time. A folder is always walked whole.
    pub hours: u32,
    /// Most recordings.
    pub limit: usize,
}

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Recordings that were not known before.
    pub new: Vec<RecordingId>,
    /// Files that may still be written.
    pub unsettled: usize,
    /// Accounts that could not be looked at, each with a sentence.
    pub errors: Vec<String>,
}

/// Whether one part is fit to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// `store`, `pipeline`, `model`, ….
    pub name: String,
    /// Whether it is.
    pub ok: bool,
    /// Why not and what to do; or what it is.
    pub message: String,
}

/// One step at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// Of which recording.
    pub id: RecordingId,
    /// Which step.
    pub step: Step,
    /// Since when.
    pub since: Timestamp,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Windows of speech done and to do, once that is known.
    pub windows: Option<(u32, u32)>,
    /// Length of the call, once known.
    pub duration_ms: Option<u64>,
}

/// Who works on calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workers {
    /// The process that transcribes; absent while the pipeline is starting, and where none runs.
    pub process: Option<WorkerStanding>,
    /// Steps worked on at once, by lane.
    pub lanes: Vec<(Lane, usize)>,
}

/// Work that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Parked {
    /// What waits: `transcribe`, `disk` (everything that takes in or looks at files), or an account as `provider/name`.
    pub what: String,
    /// Why and what to do.
    pub reason: String,
    /// When it is tried again by itself.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// One account and how its source fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Which vendor.
    pub provider: ProviderKind,
    /// The operator's name for it.
    pub account: String,
    /// Where it is: a folder, a host.
    pub location: String,
    /// When a look last ended well.
    pub last_look_at: Option<Timestamp>,
    /// Looks that failed since.
    pub failures: u32,
    /// Why the last one failed; absent when it did not.
    pub last_error: Option<String>,
}
