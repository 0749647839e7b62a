//! `/api/v1/recordings/`: list, one, reprocess, remove.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use super::filters::{self, Paging, filters, fingerprint};
use super::params::Params;
use super::search::{IndexView, refused};
use super::view::{RecordingDetail, RecordingItem, RecordingPage, RemovalView};
use super::{Api, Caller, unmasked};
use crate::call::{JobId, ProviderKind, Recording, RecordingId, Step};
use crate::search::{Ask, Search, SearchError};
use crate::store::{ListQuery, Page, Store};

pub(super) const STEPS: &str =
    "fetch_details, fetch_metadata, download_audio, transcribe, detect_language, generate_summary";

/// Recordings, newest first. All filters that are given must hold.
#[utoipa::path(
    get, path = "/api/v1/recordings/", tag = "recordings", operation_id = "list_recordings",
    params(
        ("skip" = Option<u64>, Query, minimum = 0, description = "Matches to leave out at the start; also `offset`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most items in the answer; default 50."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the same filters; goes on behind it whatever came or went meanwhile. Instead of `skip`."),
        ("status" = Option<String>, Query, description = "`pending`, `processing`, `completed`, `partial` or `failed`."),
        ("from_date" = Option<String>, Query, description = "Recorded on this date or at this time or later; also `start_date`."),
        ("to_date" = Option<String>, Query, description = "Recorded up to and including this date or time; also `end_date`."),
        ("phone_number" = Option<String>, Query, description = "Some party has this number; its end is enough, only digits count."),
        ("search_text" = Option<String>, Query, description = "Words in the transcript, names, numbers, file names, summary or notes; beginnings will do. The language is that of `GET /api/v1/search`."),
        ("has_transcript" = Option<bool>, Query, description = "With, or without, a transcript that has words."),
        ("provider" = Option<String>, Query, description = "`folder`, `twilio`, `ringcentral`, `webex` or `upload`."),
        ("language" = Option<String>, Query, description = "Language of the transcript as ISO 639-1: `en`."),
        ("min_quality" = Option<f64>, Query, minimum = 0, maximum = 1, description = "Quality score at least this."),
        ("owner" = Option<String>, Query, description = "Whose recording it is: name, e-mail, id or number, whole, in any case."),
        ("location" = Option<String>, Query, description = "Site or office."),
        ("category" = Option<String>, Query, description = "One of its categories."),
        ("sentiment" = Option<String>, Query, description = "`positive`, `neutral` or `negative`."),
        ("account" = Option<String>, Query, description = "The account it came from: `main` or `twilio/main`."),
        ("queue" = Option<String>, Query, description = "Queue or hunt group."),
        ("worth_a_listen" = Option<bool>, Query, description = "`true`: only calls that somebody should listen to, see `worth_a_listen` of each."),
        ("failed_step" = Option<String>, Query, description = "Work has ended, and this step failed: `transcribe`, or `any` for whichever; what `POST /api/v1/queue/retry-failed` tries again."),
        ("metadata.{path}" = Option<String>, Query, description = "A field of `metadata` has this value: `metadata.call.direction=inbound`. Of an array any element will do. May be given for several paths."),
    ),
    responses(
        (status = 200, description = "One page.", body = RecordingPage),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<RecordingPage>, ApiError> {
    let paging = Paging::take(&mut params)?;
    let mut query = filters(&mut params)?;
    query.search_text = params.text(&["search_text"])?;
    params.finish()?;
    let ask = query
        .search_text
        .as_deref()
        .map(|text| Ask::read_loosely(text).map_err(|error| refused("search_text", text, &error)));
    let ask = ask.transpose()?;
    let fingerprint = fingerprint(&query, "");
    query.after = paging.cursor.as_deref().map(|cursor| filters::place(cursor, fingerprint)).transpose()?;
    (query.skip, query.limit) = (paging.skip, paging.limit());
    let search = api.0.search.clone();
    let (page, index) = api.ask_index(move |store| found(&search, store, query, ask)).await?;
    Ok(Json(RecordingPage {
        total: page.total,
        skip: paging.skip,
        limit: paging.limit,
        next_cursor: page.next.map(|place| filters::cursor(place, fingerprint)),
        index,
        items: page.items.iter().map(RecordingItem::of).collect(),
    }))
}

/// The page, and how far the index is when it had a part in it. Until the index holds every recording a text is looked for
/// in the rows, as far as they know it.
fn found(
    search: &Search,
    store: &Store,
    mut query: ListQuery,
    ask: Option<Ask>,
) -> Result<(Page, Option<IndexView>), SearchError> {
    let Some(ask) = ask else { return Ok((store.list(&query)?, None)) };
    let standing = search.standing()?;
    let among = if standing.complete { search.among(&ask).map(Some) } else { Ok(None) };
    match among {
        Ok(Some(among)) => (query.search_text, query.among) = (None, Some(among)),
        Ok(None) | Err(SearchError::NotReady | SearchError::Index(_)) => {}
        Err(error) => return Err(error),
    }
    Ok((store.list(&query)?, Some(standing.into())))
}

/// Everything known of one recording, its transcript included.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}", tag = "recordings", operation_id = "get_recording",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("unmasked" = Option<bool>, Query, description = "The transcript without the masks of the policy; for administrators, and noted in the audit trail."),
    ),
    responses(
        (status = 200, description = "The recording.", body = RecordingDetail),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 410, description = "It was removed.", body = ErrorBody),
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
    let recording = api.recording(id).await?;
    let id = recording.id;
    if is_unmasked {
        unmasked::note(&api, &caller, id, "transcript").await?;
    }
    let json = api.ask_whole(move |store| {
        let transcript = if is_unmasked { store.unmasked(id)? } else { store.transcript(id)? };
        let mut recording = recording;
        if let (true, Some(transcript), Some(insight)) = (is_unmasked, &transcript, &mut recording.insight) {
            // Places in the words that are shown.
            insight.pii = store.places_of(transcript);
        }
        let mut detail = RecordingDetail::of(&recording, transcript.as_ref());
        detail.removal = store.removal(id)?.map(RemovalView::of);
        drop(transcript);
        Ok(serde_json::to_vec(&detail).ok())
    });
    let json = json.await?.ok_or_else(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, mime::APPLICATION_JSON.as_ref())], json).into_response())
}

/// The work that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reprocessing {
    /// The recording as it stands now.
    recording: RecordingItem,
    /// Its way through the pipeline: `GET /api/v1/jobs/{job_id}`.
    #[schema(value_type = String, format = "uuid")]
    job_id: JobId,
    /// Steps that will run, those that follow from the ones asked for included.
    #[schema(value_type = Vec<String>)]
    steps: Vec<Step>,
}

/// Does steps again: all, or those named and what follows from them. Earlier results stay until new ones replace them.
#[utoipa::path(
    post, path = "/api/v1/recordings/{id}/reprocess", tag = "recordings", operation_id = "reprocess_recording",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("steps" = Option<String>, Query, description = "Names separated by commas: `transcribe,generate_summary`; default all."),
        ("model" = Option<String>, Query, description = "Must be the model the daemon runs; a request for another is refused."),
    ),
    responses(
        (status = 202, description = "The steps are queued.", body = Reprocessing),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It is being worked on right now.", body = ErrorBody),
        (status = 410, description = "It was removed.", body = ErrorBody),
    )
)]
pub(super) async fn reprocess(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<(StatusCode, Json<Reprocessing>), ApiError> {
    let steps = params.words::<Step>(&["steps"], STEPS)?.unwrap_or_else(|| Step::ALL.to_vec());
    let model = params.text(&["model"])?;
    params.finish()?;
    let ours = api.0.loops.model();
    if let Some(other) = model.filter(|model| *model != ours) {
        return Err(ApiError::bad_parameter(
            format!("Parameter model is {}; this daemon runs {ours}.", super::params::shown(&other)),
            "Set transcribe.model in the configuration and restart the daemon, then reprocess.",
        ));
    }
    let id = api.recording(id).await?.id;
    let (by, now) = (caller.audit_name(), api.0.clock.now());
    let (recording, job_id) = api.ask(move |store| store.reprocess(id, &steps, &by, now)).await?;
    let steps = recording.steps.iter().filter(|(_, record)| !record.state.is_final()).map(|(step, _)| step).collect();
    Ok((StatusCode::ACCEPTED, Json(Reprocessing { recording: RecordingItem::of(&recording), job_id, steps })))
}

/// Ends the work on a recording: what is there stays, what was to be done again stands where it stood, the rest of what is
/// still to come is skipped. `POST …/reprocess` takes it up again.
#[utoipa::path(
    post, path = "/api/v1/recordings/{id}/cancel", tag = "recordings", operation_id = "cancel_recording",
    params(("id" = String, Path, description = "Our id or the provider's.")),
    responses(
        (status = 200, description = "The recording as it stands now.", body = RecordingItem),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "Nothing is left to do.", body = ErrorBody),
        (status = 410, description = "It was removed.", body = ErrorBody),
    )
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<RecordingItem>, ApiError> {
    params.finish()?;
    let id = api.recording(id).await?.id;
    Ok(Json(RecordingItem::of(&super::jobs::cancel_one(&api, id, &caller).await?)))
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Removal {
    /// The recording.
    #[schema(value_type = String, format = "uuid")]
    id: RecordingId,
    /// Always true.
    deleted: bool,
    /// Whether the provider's copy went too.
    deleted_from_provider: bool,
}

/// Forgets what is known of the call: audio, transcript, summary, parties. Its identity stays, so that it is not taken in
/// again. Refused under legal hold.
#[utoipa::path(
    delete, path = "/api/v1/recordings/{id}", tag = "recordings", operation_id = "remove_recording",
    params(
        ("id" = String, Path, description = "Our id or the provider's."),
        ("delete_from_provider" = Option<bool>, Query, description = "Delete the provider's copy first. Also `delete_from_webex`."),
    ),
    responses(
        (status = 200, description = "It is removed.", body = Removal),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "It is under legal hold.", body = ErrorBody),
        (status = 410, description = "It was removed before.", body = ErrorBody),
        (status = 502, description = "The provider did not delete its copy; nothing was removed.", body = ErrorBody),
    )
)]
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<Removal>, ApiError> {
    let at_provider = params.truth(&["delete_from_provider", "delete_from_webex"])?.unwrap_or(false);
    params.finish()?;
    let recording = api.recording(id).await?;
    if at_provider && recording.legal_hold {
        return Err(ApiError::from(crate::store::StoreError::LegalHold(recording.id)));
    }
    let by = caller.audit_name();
    // A task of its own: a caller who goes away does not leave a removal half done.
    let removal = tokio::spawn(async move {
        let asked = if at_provider { Some(remove_at_provider(&api, &recording, &by).await?) } else { None };
        let forgotten = forget(&api, recording.id, by, at_provider).await;
        if let (Err(_), Some(asked)) = (&forgotten, asked) {
            let why = "The provider deleted its copy, but here it stays.".to_owned();
            end_wish(&api, recording.id, asked, why).await;
        }
        forgotten
    });
    removal.await.map_err(|_| ApiError::internal())?
}

/// Who wished a removal that is under way.
#[derive(Clone, Copy)]
enum Asked {
    /// Only the caller, who is told what came of it.
    Now,
    /// Somebody before, too, whose wish a crash cut off: it is tried on.
    Before,
}

/// Deletes the provider's copy, first: what the provider would not do can be asked for again only while we know the recording.
/// The wish is written before, and is done with once the recording is forgotten; a start after a crash finishes it.
async fn remove_at_provider(api: &Api, recording: &Recording, by: &str) -> Result<Asked, ApiError> {
    let (id, by, now) = (recording.id, by.to_owned(), api.0.clock.now());
    let wisher = by.clone();
    let is_wished = api.ask(move |store| store.wish_removal(id, &wisher, now)).await?;
    let asked = if is_wished { Asked::Before } else { Asked::Now };
    let removed = api.0.loops.remove_at_source(recording.clone(), by).await;
    if let Err(error) = &removed {
        end_wish(api, id, asked, format!("The provider did not delete its copy: {error}")).await;
    }
    removed.map(|()| asked).map_err(|error| ApiError::of_provider(&error))
}

/// Whoever asked is told that it was not done; what somebody else wished before stays wished.
async fn end_wish(api: &Api, id: RecordingId, asked: Asked, why: String) {
    let now = api.0.clock.now();
    // The log has the cause; at worst the next start tries once more.
    let noted = api.ask(move |store| match asked {
        Asked::Now => store.withdraw_removal(id, &why, now),
        Asked::Before => store.note_removal(id, &why),
    });
    let _noted = noted.await;
}

async fn forget(
    api: &Api,
    id: RecordingId,
    by: String,
    deleted_from_provider: bool,
) -> Result<Json<Removal>, ApiError> {
    let now = api.0.clock.now();
    let removed = api.ask(move |store| store.soft_delete(id, &by, now)).await?;
    api.0.loops.cancel(id);
    if removed.recording.key.provider == ProviderKind::Upload {
        let (uploads, sha256) = (Arc::clone(&api.0.intake.uploads), removed.recording.key.remote_id.clone());
        super::form::on_disk(move || uploads.remove(&sha256)).await?;
    }
    {
        let files = api.0.files.clone();
        let gone = tokio::task::spawn_blocking(move || {
            let audio = removed.audio_path.map_or(Ok(()), |path| files.remove(&path));
            files.remove_derived(id).and(audio)
        });
        let gone = gone.await;
        // The database has forgotten the files: should this fail, the comparison at the next start finds them.
        if let Err(error) = gone.map_err(|_| ApiError::internal())? {
            tracing::warn!(recording = %id, %error, "The files of a removed recording are still there; the next start removes them.");
        }
    }
    Ok(Json(Removal { id, deleted: true, deleted_from_provider }))
}
