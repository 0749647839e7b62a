//! `/api/v1/webhooks`: the sinks that are told of finished recordings, how they fare, and what they were told.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::{ApiError, ErrorBody};
use super::params::{Params, shown};
use super::{Api, Caller};
use crate::call::RecordingId;
use crate::store::{Delivery, DeliveryState, Forsaken, Store, StoreError};

const LIMIT_MAX: u64 = 500;
const LIMIT_DEFAULT: u64 = 50;

/// How a sink fares since the start, as the loops report it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sink {
    /// The operator's name for it.
    pub name: String,
    /// Where it is, without the path.
    pub host: String,
    /// The events it gets.
    pub events: Vec<String>,
    /// Whether they carry the transcript.
    pub include_transcript: bool,
    /// When it last took an event.
    pub last_success_at: Option<Timestamp>,
    /// When it last did not.
    pub last_failure_at: Option<Timestamp>,
    /// Why.
    pub last_error: Option<String>,
    /// Down, and left alone until then.
    pub down_until: Option<Timestamp>,
}

/// Every sink.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sinks {
    /// In the order of the configuration; behind them sinks that are not configured any more and have deliveries.
    pub(super) items: Vec<SinkItem>,
    /// Events that no sink was given yet: sinks that work have much before them.
    undistributed: u64,
    /// Events that no sink was given, and dropped to make room.
    dropped: u64,
}

/// One sink.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SinkItem {
    /// The operator's name for it.
    pub(super) name: String,
    /// Where it is, without the path.
    pub(super) host: String,
    /// It is in the configuration. What waits for one that is not is kept for thirty days, for a sink of this name to come
    /// back.
    configured: bool,
    /// The events it gets: `completed`, `failed`, `partial`, `category_matched`.
    pub(super) events: Vec<String>,
    /// Whether they carry the transcript.
    pub(super) include_transcript: bool,
    /// To be delivered.
    pub(super) pending: u64,
    /// Taken, of those that are still kept.
    pub(super) delivered: u64,
    /// Given up, of those that are still kept; they can be replayed.
    pub(super) dead: u64,
    /// Never delivered, and dropped to make room.
    pub(super) dropped: u64,
    /// When it last took an event, since the daemon's start.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_success_at: Option<Timestamp>,
    /// When it last did not, since the daemon's start.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_failure_at: Option<Timestamp>,
    /// Why it did not.
    pub(super) last_error: Option<String>,
    /// It is down and left alone until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) down_until: Option<Timestamp>,
}

/// Sinks with what waits for them, what they took, and what went wrong last.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    responses((status = 200, description = "Every sink.", body = Sinks), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody))
)]
pub(super) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Sinks>, ApiError> {
    params.finish()?;
    let sinks = api.0.loops.sinks();
    let asked = api.ask(move |store| Ok((items(store, sinks)?, store.outbox()?)));
    let (items, outbox) = asked.await?;
    Ok(Json(Sinks { items, undistributed: outbox.waiting, dropped: outbox.dropped }))
}

/// Sinks with their counts, and those that are gone.
pub(super) fn items(store: &Store, sinks: Vec<Sink>) -> Result<Vec<SinkItem>, StoreError> {
    let names: Vec<String> = sinks.iter().map(|sink| sink.name.clone()).collect();
    let mut items = sinks.into_iter().map(|sink| item(store, sink)).collect::<Result<Vec<_>, _>>()?;
    for Forsaken { name, kept_until } in store.forsaken_sinks(&names)? {
        let until = kept_until.map_or_else(|| "the daemon has run".to_owned(), |until| format!("{until:.0}"));
        let last_error = format!(
            "This sink is not configured any more. What waits for it is kept until {until}; configure a sink of this name to \
             deliver it."
        );
        let gone = Sink { name, last_error: Some(last_error), ..Sink::default() };
        items.push(SinkItem { configured: false, ..item(store, gone)? });
    }
    Ok(items)
}

fn item(store: &Store, sink: Sink) -> Result<SinkItem, StoreError> {
    let counts = store.sink_counts(&sink.name)?;
    Ok(SinkItem {
        name: sink.name,
        host: sink.host,
        configured: true,
        events: sink.events,
        include_transcript: sink.include_transcript,
        pending: counts.pending,
        delivered: counts.delivered,
        dead: counts.dead,
        dropped: counts.dropped,
        last_success_at: sink.last_success_at,
        last_failure_at: sink.last_failure_at,
        last_error: sink.last_error,
        down_until: sink.down_until,
    })
}

/// Deliveries to one sink.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deliveries {
    /// Newest event first.
    pub(super) items: Vec<DeliveryItem>,
}

/// One event on its way to one sink.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryItem {
    /// The event's id, the same at every attempt.
    #[schema(value_type = String, format = "uuid")]
    pub(super) id: Uuid,
    /// `completed`, `failed`, `partial` or `category_matched`.
    pub(super) event: &'static str,
    /// The category, of `category_matched`.
    pub(super) category: Option<String>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub(super) occurred_at: Timestamp,
    /// To which recording.
    #[schema(value_type = String, format = "uuid")]
    pub(super) recording_id: RecordingId,
    /// `pending`, `delivered` or `dead`.
    pub(super) status: &'static str,
    /// How often it was sent since it was told or replayed.
    pub(super) attempts: u32,
    /// When it was last sent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_attempt_at: Option<Timestamp>,
    /// When it is sent next, unless an earlier event of the same recording has to go first.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) next_attempt_at: Option<Timestamp>,
    /// Why the last attempt did not go well.
    pub(super) last_error: Option<String>,
}

impl DeliveryItem {
    fn of(delivery: Delivery) -> Self {
        Self {
            id: delivery.event.id,
            event: delivery.event.kind.as_str(),
            category: delivery.event.category,
            occurred_at: delivery.event.at,
            recording_id: delivery.event.recording,
            status: delivery.state.name(),
            attempts: delivery.attempts,
            last_attempt_at: delivery.last_at,
            next_attempt_at: match delivery.state {
                DeliveryState::Pending { due } => Some(due),
                _ => None,
            },
            last_error: delivery.last_error,
        }
    }
}

/// A word for where a delivery stands.
struct Status(&'static str);

impl std::str::FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        ["pending", "delivered", "dead"].into_iter().find(|name| *name == text).map(Self).ok_or(())
    }
}

/// The newest deliveries to a sink.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{name}/deliveries", tag = "webhooks", operation_id = "list_webhook_deliveries",
    params(
        ("name" = String, Path, description = "The sink's name."),
        ("status" = Option<String>, Query, description = "`pending`, `delivered` or `dead`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most items in the answer; default 50."),
    ),
    responses(
        (status = 200, description = "Newest event first.", body = Deliveries),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn deliveries(
    State(api): State<Api>,
    Path(name): Path<String>,
    mut params: Params,
) -> Result<Json<Deliveries>, ApiError> {
    let status = params.word::<Status>(&["status"], "pending, delivered or dead")?.map(|status| status.0);
    let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    params.finish()?;
    known(&api, &name)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = api.ask(move |store| store.deliveries(&name, status, limit)).await?;
    Ok(Json(Deliveries { items: found.into_iter().map(DeliveryItem::of).collect() }))
}

/// Sends an event to a sink again, whether it was taken or given up.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{name}/deliveries/{id}/replay", tag = "webhooks", operation_id = "replay_webhook_delivery",
    params(
        ("name" = String, Path, description = "The sink's name."),
        ("id" = String, Path, description = "The event's id."),
    ),
    responses(
        (status = 202, description = "It is sent as soon as its turn comes.", body = DeliveryItem),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn replay(
    State(api): State<Api>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
    params: Params,
) -> Result<(StatusCode, Json<DeliveryItem>), ApiError> {
    params.finish()?;
    known(&api, &name)?;
    let nothing = || {
        let message =
            format!("The sink {} was told of no event {}, or it is no longer kept.", shown(&name), shown(&id));
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message, "GET /api/v1/webhooks/{name}/deliveries lists them.")
    };
    let event: Uuid = id.parse().map_err(|_| nothing())?;
    let (sink, by, now) = (name.clone(), caller.audit_name(), api.0.clock.now());
    let replayed = api.ask(move |store| store.replay_delivery(&sink, event, &by, now)).await?;
    let replayed = replayed.ok_or_else(nothing)?;
    api.0.loops.wake_sinks();
    Ok((StatusCode::ACCEPTED, Json(DeliveryItem::of(replayed))))
}

/// How a test went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SinkTested {
    /// The sink took it.
    success: bool,
    /// The test event's id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The sink's status; null when none came.
    status: Option<u16>,
    /// Why it went wrong.
    error: Option<String>,
}

/// Sends a sink an event that tells of no recording, and says how that went.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{name}/test", tag = "webhooks", operation_id = "test_webhook",
    params(("name" = String, Path, description = "The sink's name.")),
    responses(
        (status = 200, description = "How it went.", body = SinkTested),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn test(
    State(api): State<Api>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<SinkTested>, ApiError> {
    params.finish()?;
    let tested = api.0.loops.test_sink(name.clone()).await;
    let (id, result) = tested.ok_or_else(|| no_sink(&name))?;
    let (status, error) = match result {
        Ok(status) => (Some(status), None),
        Err(error) => (None, Some(error)),
    };
    Ok(Json(SinkTested { success: error.is_none(), id, status, error }))
}

fn known(api: &Api, name: &str) -> Result<(), ApiError> {
    let is_known = api.0.loops.sinks().iter().any(|sink| sink.name == name);
    if is_known { Ok(()) } else { Err(no_sink(name)) }
}

fn no_sink(name: &str) -> ApiError {
    let message = format!("There is no sink {}.", shown(name));
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message, "GET /api/v1/webhooks lists them.")
}
