//! `GET /api/v1/recordings/{id}/opinion`: the provider's own transcript and insights, held against ours.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::view::detail::OpinionView;
use super::view::seconds;
use super::{Api, Caller, unmasked};
use crate::call::{Dispute, SecondOpinion};
use crate::export::json;

/// What the provider made of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpinionDetail {
    /// In short.
    #[serde(flatten)]
    facts: OpinionView,
    /// Where both transcripts differ in words that matter, by time.
    disputes: Vec<DisputeView>,
    /// The provider's transcript, as `…/transcript?format=json` gives ours; null when it only had insights.
    #[schema(value_type = Option<Object>)]
    transcript: Option<Box<RawValue>>,
    /// Everything else it said (summary, sentiment, next steps), as it said it.
    #[schema(value_type = Object)]
    insights: Value,
}

/// A place where two transcripts differ.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisputeView {
    /// Where it begins in the call, in seconds.
    start: f64,
    /// Where it ends.
    end: f64,
    /// What we heard; empty when nothing.
    ours: String,
    /// What the provider heard; empty when nothing.
    theirs: String,
}

/// The provider's transcript and insights beside ours, with the places where both differ.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/opinion", tag = "recordings", operation_id = "get_opinion",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("unmasked" = Option<bool>, Query, description = "Without the masks of the policy; for administrators, and noted in the audit trail."),
    ),
    responses(
        (status = 200, description = "What the provider made of the call.", body = OpinionDetail),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "There is none, or none yet.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let is_unmasked = unmasked::asked(&api, &caller, &mut params)?;
    params.finish()?;
    let id = api.recording(id).await?.id;
    if is_unmasked {
        unmasked::note(&api, &caller, id, "second opinion").await?;
    }
    let text = api.ask_whole(move |store| {
        let opinion = if is_unmasked { store.unmasked_opinion(id)? } else { store.opinion(id)? };
        Ok(opinion.and_then(|opinion| serde_json::to_vec(&detail(opinion)).ok()))
    });
    let text = text.await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "not_available",
            "The provider has said nothing of this recording, or nothing yet.",
            "It is asked for by itself as long as it may come; folders have none.",
        )
    })?;
    Ok(([(header::CONTENT_TYPE, mime::APPLICATION_JSON.as_ref())], text).into_response())
}

fn detail(opinion: SecondOpinion) -> OpinionDetail {
    let facts = OpinionView::of(&opinion.facts());
    let disputes = opinion.agreement.map(|agreement| agreement.disputes).unwrap_or_default();
    let view = |dispute: Dispute| DisputeView {
        start: seconds(dispute.start_ms),
        end: seconds(dispute.end_ms),
        ours: dispute.ours,
        theirs: dispute.theirs,
    };
    OpinionDetail {
        facts,
        disputes: disputes.into_iter().map(view).collect(),
        transcript: opinion.transcript.and_then(|ours| RawValue::from_string(json::render(&ours)).ok()),
        insights: opinion.insights,
    }
}
