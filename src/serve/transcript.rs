//! `GET /api/v1/recordings/{id}/transcript`: who said what when, in the format asked for; in another language where it was
//! translated.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::{Api, Caller, translations, unmasked};
use crate::call::Step;
use crate::export::{self, Format};

/// The transcript; suspects are in the JSON alone.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/transcript", tag = "recordings", operation_id = "get_transcript",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("format" = Option<String>, Query, description = "`json` (default), `txt`, `vtt` or `srt`."),
        ("translation" = Option<String>, Query, description = "The translation into this language instead, as ISO 639-1; `…/translations` lists those there are. The JSON tells of it under `translation`."),
        ("unmasked" = Option<bool>, Query, description = "Without the masks of the policy; for administrators, and noted in the audit trail."),
    ),
    responses(
        (status = 200, description = "The transcript.", content(
            (Object = "application/json"), (String = "text/plain"), (String = "text/vtt"),
            (String = "application/x-subrip"),
        )),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, description = "There is no such recording, or no such translation; the message says how that stands.", body = ErrorBody),
        (status = 409, description = "There is none; the message says how its step stands.", body = ErrorBody),
        (status = 410, description = "The recording was removed.", body = ErrorBody),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let format = params.word(&["format"], "json, txt, vtt or srt")?.unwrap_or(Format::Json);
    let (into, is_unmasked) = translations::asked(&api, &caller, &mut params)?;
    params.finish()?;
    let recording = api.recording(id).await?;
    let id = recording.id;
    if is_unmasked {
        unmasked::note(&api, &caller, id, "transcript").await?;
    }
    if let Some(into) = into {
        let wanted = into.clone();
        let text = api.ask_whole(move |store| translations::text(store, id, &wanted, format, is_unmasked)).await?;
        return match text {
            Some(text) => Ok(([(header::CONTENT_TYPE, format.media_type())], text).into_response()),
            None => Err(translations::missing(&api, id, into).await),
        };
    }
    let text = api.ask_whole(move |store| {
        let transcript = if is_unmasked { store.unmasked(id)? } else { store.transcript(id)? };
        Ok(transcript.map(|transcript| export::render(&transcript, format).into_bytes()))
    });
    let text = text.await?.ok_or_else(|| {
        ApiError::not_there_yet("transcript", Step::Transcribe.as_str(), recording.steps.get(Step::Transcribe))
    })?;
    Ok(([(header::CONTENT_TYPE, format.media_type())], text).into_response())
}
