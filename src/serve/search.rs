//! `GET /api/v1/search`: calls in which something was said, with the second and the speaker.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::filters::{self, Paging, filters, fingerprint};
use super::params::{Params, TEXT_CHARS_MAX, shown};
use super::view::{RecordingItem, seconds};
use crate::call::Recording;
use crate::search::{Ask, AskError, Found, Search, SearchError, SearchStanding, Snippet};
use crate::store::{Among, ListQuery, Place, Store};

/// One page of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchPage {
    /// Recordings found in all.
    total: u64,
    /// Most items in this page.
    limit: u64,
    /// Give it as `cursor` for the page behind this one; null on the last.
    next_cursor: Option<String>,
    /// How far the index is.
    index: IndexView,
    /// What was found.
    items: Vec<Hit>,
}

/// How far the search index is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct IndexView {
    /// Recordings in the index.
    indexed: u64,
    /// Changes it has not taken up yet: of the last second, or many while it is made anew.
    waiting: u64,
    /// Every recording was taken up. While false, something may be missing from answers.
    complete: bool,
}

impl From<SearchStanding> for IndexView {
    fn from(standing: SearchStanding) -> Self {
        let SearchStanding { indexed, waiting, complete } = standing;
        Self { indexed, waiting, complete }
    }
}

/// One recording that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hit {
    /// The recording, as lists show it.
    recording: RecordingItem,
    /// How well it answers; only to be compared with others of this search. 0 when sorted by time.
    score: f32,
    /// How many places answer.
    snippet_count: usize,
    /// The first of them.
    snippets: Vec<SnippetView>,
}

/// A place that answers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct SnippetView {
    /// `speech`, `name`, `number`, `file`, `summary`, `topic` or `note`.
    place: String,
    /// Channel in the file, from 0; null when it was not said.
    channel: Option<u16>,
    /// Who said it; null when it was not said.
    speaker: Option<String>,
    /// When the first marked word was said, in seconds from the beginning of the call; null when it was not said.
    start: Option<f64>,
    /// The text around the marks, as it is: escape it for HTML.
    text: String,
    /// What matches, as `[from, to)` in characters (Unicode code points) of `text`.
    #[schema(value_type = Vec<Vec<u64>>)]
    marks: Vec<[usize; 2]>,
}

impl From<Snippet> for SnippetView {
    fn from(snippet: Snippet) -> Self {
        let (speaker, channel) = snippet.speaker.unzip();
        Self {
            place: snippet.place,
            channel,
            speaker,
            start: snippet.start_ms.map(seconds),
            text: snippet.text,
            marks: snippet.marks.into_iter().map(|(from, to)| [from, to]).collect(),
        }
    }
}

/// In which order a search answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Score,
    Newest,
}

impl std::str::FromStr for Sort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "score" => Ok(Self::Score),
            "newest" => Ok(Self::Newest),
            _ => Err(()),
        }
    }
}

/// Calls in which something was said or stands. Words must all be there, in any form (English and Spanish) and with or
/// without accents; `"a phrase"` and `"word"` as written, `beginning*`, `roughly~`, `-not`, `agent:refund` by who said it,
/// and `name:`, `number:`, `file:`, `summary:`, `topic:`, `note:` by where it stands. All filters of the list combine
/// with it.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "recordings", operation_id = "search_recordings",
    params(
        ("q" = String, Query, description = "What to look for."),
        ("speaker" = Option<String>, Query, description = "Who must have said it: `agent`, `customer`, a name."),
        ("sort" = Option<String>, Query, description = "`score` (default) or `newest`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most items in the answer; default 50."),
        ("skip" = Option<u64>, Query, minimum = 0, description = "Items to leave out at the start; also `offset`."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the same question and filters."),
        ("status" = Option<String>, Query, description = "And every other filter of `GET /api/v1/recordings/`."),
    ),
    responses(
        (status = 200, description = "One page.", body = SearchPage),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 503, description = "The index is not there yet; it is being made.", body = ErrorBody),
    )
)]
pub(super) async fn search(State(api): State<Api>, mut params: Params) -> Result<Json<SearchPage>, ApiError> {
    let text = params.text(&["q"])?.unwrap_or_default();
    let speaker = params.text(&["speaker"])?;
    let sort = params.word::<Sort>(&["sort"], "score or newest")?.unwrap_or(Sort::Score);
    let paging = Paging::take(&mut params)?;
    let query = filters(&mut params)?;
    params.finish()?;
    let ask = Ask::read(&text, speaker.as_deref()).map_err(|error| refused("q", &text, &error))?;
    let fingerprint = fingerprint(&query, &format!("{sort:?}\n{speaker:?}\n{text}"));
    let after = paging.cursor.as_deref().map(|cursor| filters::place(cursor, fingerprint)).transpose()?;
    let search = api.0.search.clone();
    let page = api.ask_index(move |store| {
        let page = match sort {
            Sort::Newest => newest(&search, store, &ask, query, &paging, after)?,
            Sort::Score => best(&search, store, &ask, query, &paging, after)?,
        };
        let mut items = Vec::with_capacity(page.items.len());
        let ids = page.items.iter().map(|(recording, _)| recording.id);
        let snippets = search.snippets(&ask, ids)?;
        for ((recording, score), snippets) in page.items.iter().zip(snippets) {
            items.push(Hit {
                recording: RecordingItem::of(recording),
                score: *score,
                snippet_count: snippets.count,
                snippets: snippets.shown.into_iter().map(SnippetView::from).collect(),
            });
        }
        Ok(SearchPage {
            total: page.total,
            limit: paging.limit,
            next_cursor: page.next.map(|place| filters::cursor(place, fingerprint)),
            index: search.standing()?.into(),
            items,
        })
    });
    Ok(Json(page.await?))
}

struct Hits {
    total: u64,
    items: Vec<(Recording, f32)>,
    next: Option<Place>,
}

fn newest(
    search: &Search,
    store: &Store,
    ask: &Ask,
    query: ListQuery,
    paging: &Paging,
    after: Option<Place>,
) -> Result<Hits, SearchError> {
    let among = Some(search.among(ask)?);
    let page = store.list(&ListQuery { among, after, skip: paging.skip, limit: paging.limit(), ..query })?;
    let items = page.items.into_iter().map(|recording| (recording, 0.0)).collect();
    Ok(Hits { total: page.total, items, next: page.next })
}

/// The best first, the newer first among equals. A cursor goes on behind its recording as it is scored now; should that be
/// gone, there is nothing behind it.
fn best(
    search: &Search,
    store: &Store,
    ask: &Ask,
    query: ListQuery,
    paging: &Paging,
    after: Option<Place>,
) -> Result<Hits, SearchError> {
    let mut found = search.find(ask, true)?;
    leave_out(store, query, &mut found)?;
    let total = found.len() as u64;
    let order =
        |one: &Found, other: &Found| other.score.total_cmp(&one.score).then_with(|| other.place.cmp(&one.place));
    let skip = usize::try_from(paging.skip).unwrap_or(usize::MAX);
    let start = match after {
        Some(after) => match found.iter().find(|found| found.place == after).copied() {
            Some(last) => found.iter().filter(|found| order(found, &last).is_le()).count(),
            None => found.len(),
        },
        None => skip.min(found.len()),
    };
    let end = found.len().min(start.saturating_add(paging.limit()));
    // Only what is shown, and what stands before it, need be in order.
    if end < found.len() {
        found.select_nth_unstable_by(end, order);
    }
    found[..end].sort_unstable_by(order);
    let page = &found[start..end];
    let next = page.last().filter(|_| end < found.len()).map(|found| found.place);
    let mut items = Vec::with_capacity(page.len());
    for found in page {
        if let Some(recording) = store.get(found.place.id)?.filter(|recording| recording.deletion.is_none()) {
            items.push((recording, found.score));
        }
    }
    Ok(Hits { total, items, next })
}

/// Leaves out what the filters do not let through, and what was removed or moved since the index took it up.
fn leave_out(store: &Store, query: ListQuery, found: &mut Vec<Found>) -> Result<(), SearchError> {
    if query == ListQuery::default()
        && let Some(changed) = store.changed_since_index()?
    {
        let is_there = |place: Place| -> Result<bool, SearchError> {
            let recording = store.get(place.id)?.filter(|recording| recording.deletion.is_none());
            Ok(recording.is_some_and(|recording| Place::of(&recording) == place))
        };
        let mut gone = BTreeSet::new();
        for hit in found.iter().filter(|hit| changed.contains(&hit.place.id)) {
            if !is_there(hit.place)? {
                gone.insert(hit.place);
            }
        }
        found.retain(|hit| !gone.contains(&hit.place));
        return Ok(());
    }
    let among: Among = found.iter().map(|found| found.place).collect();
    let shown = store.all_places(&ListQuery { among: Some(among), ..query })?;
    if shown.len() < found.len() {
        found.retain(|hit| shown.binary_search_by(|place| hit.place.cmp(place)).is_ok());
    }
    Ok(())
}

/// 400 for a question that cannot be asked.
pub(super) fn refused(name: &str, text: &str, error: &AskError) -> ApiError {
    ApiError::bad_parameter(
        format!("Parameter {name} is {}; it must be {error}.", shown(text)),
        format!("Write words, \"phrases\", beginnings* and roughly~, up to {TEXT_CHARS_MAX} characters."),
    )
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Store(error) => Self::from(error),
            SearchError::NotReady | SearchError::Index(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "index_not_ready",
                "The search index is not there yet; it is being made.",
                "Ask again in a few seconds; GET /api/v1/recordings/?search_text= answers meanwhile, from less text.",
            ),
            other => {
                tracing::error!(error = %other, "The search index failed while answering a request");
                Self::internal()
            }
        }
    }
}
