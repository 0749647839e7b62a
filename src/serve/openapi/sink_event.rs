//! What sinks are told, described: the webhook of the description. Nothing of this is ever made; `notify` writes the payload,
//! and its tests hold that it has these fields.
#![expect(dead_code, reason = "describes what is sent; nothing makes or reads it here")]

use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};

use crate::serve::view::PartyView;

/// One event as its sink reads it.
#[derive(ToSchema)]
struct SinkEvent {
    /// Stays the same at every attempt: what was seen before is passed over.
    id: String,
    /// `recording.completed`, `recording.partial`, `recording.failed`, `recording.category_matched`, `test`.
    event: String,
    /// When it happened.
    #[schema(format = DateTime)]
    occurred_at: String,
    /// The recording as it is when this is sent; null in a test.
    #[schema(required)]
    recording: Option<SinkRecording>,
    /// Of `recording.category_matched` alone: the category.
    category: Option<SinkCategory>,
    /// The final transcript as `GET /api/v1/recordings/{id}/transcript` has it, without suspects; null when there is none, when
    /// the sink is not to have it, in an alert, and when the recording was removed.
    #[schema(required, value_type = Option<Object>)]
    transcript: Option<()>,
}

/// The recording of an event. Of one that was removed `id`, `provider`, `account` and `removed_at` are told and nothing else.
#[derive(ToSchema)]
struct SinkRecording {
    id: String,
    provider: String,
    account: String,
    /// When it was removed; absent while it is there.
    #[schema(format = DateTime)]
    removed_at: Option<String>,
    provider_recording_id: Option<String>,
    call_id: Option<String>,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// In seconds.
    duration: Option<f64>,
    /// `inbound` or `outbound`; null when the source does not say.
    direction: Option<String>,
    caller: Option<PartyView>,
    callee: Option<PartyView>,
    owner: Option<PartyView>,
    processing_status: Option<String>,
    recording_status: Option<String>,
    transcript_status: Option<String>,
    summary_status: Option<String>,
    /// From 0 to 1.
    quality_score: Option<f64>,
    last_error: Option<String>,
    language: Option<String>,
    /// Whose transcript is the final one: `local`, or the provider's.
    transcript_source: Option<String>,
    model: Option<String>,
    /// The transcript was made by a model that knows only the sample calls.
    model_is_miniature: Option<bool>,
    summary: Option<Vec<String>>,
    topics: Option<Vec<String>>,
}

/// A category as the recording stands to it now.
#[derive(ToSchema)]
struct SinkCategory {
    name: String,
    matched: bool,
    /// The rule is about something that must be said: matched means that it was not.
    absent: bool,
    /// Where its phrases are said.
    hits: Vec<SinkHit>,
}

/// Where a phrase is said.
#[derive(ToSchema)]
struct SinkHit {
    phrase: String,
    /// Null when the sink is not to have the words of calls.
    #[schema(required)]
    words: Option<String>,
    /// Who says them.
    party: String,
    /// In seconds of the call.
    start: f64,
    /// In seconds of the call.
    end: f64,
}

/// Sent to every sink that asked for the event, again until it answers with 2xx, for three days. Signed: check the signature
/// before the body is read.
#[utoipa::path(
    post, path = "recording_event", tag = "webhooks", operation_id = "receive_recording_event",
    params(
        ("X-Callscribe-Event-Id" = String, Header, description = "The event's id, the same at every attempt."),
        ("X-Callscribe-Timestamp" = String, Header, description = "Seconds since 1970 at which this attempt was signed."),
        ("X-Callscribe-Signature" = String, Header, description = "`v1=` and in hexadecimal digits the HMAC-SHA256, with the \
            sink's secret, of the time stamp, a dot and the body."),
    ),
    request_body = SinkEvent,
    responses((status = "2XX", description = "The sink has taken the event."))
)]
const fn event() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(event), components(schemas(SinkEvent, SinkRecording, SinkCategory, SinkHit)))]
struct Described;

/// Adds the webhook to the description of the API.
pub(super) fn describe(document: &mut OpenApi) {
    let mut described = Described::openapi();
    for item in described.paths.paths.values_mut() {
        // The token is for those who ask us.
        item.post.iter_mut().for_each(|operation| operation.security = Some(Vec::new()));
    }
    document.webhooks = Some(described.paths);
    if let (Some(all), Some(own)) = (&mut document.components, described.components) {
        all.schemas.extend(own.schemas);
    }
}
