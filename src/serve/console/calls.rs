//! `/calls`: the list, with filters, search and paging. What can be asked is what the API's list can be asked.

use std::collections::HashMap;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::shown::{Badge, Moment, length};
use super::{Here, PageError, Shell, page, shown};
use crate::call::{Direction, ProcessingStatus, RecordingId, Step};
use crate::search::{Ask, Snippet, Snippets};
use crate::serve::error::ApiError;
use crate::serve::params::Params;
use crate::serve::view::{PartyView, RecordingItem, seconds};
use crate::serve::{Api, recordings};

/// Calls on one page: what a person looks through before asking for less.
const LIMIT: u64 = 25;
/// Places shown of one call that was found.
const HITS_SHOWN_MAX: usize = 3;
/// Topics shown for one call.
const TOPICS_SHOWN_MAX: usize = 4;

#[derive(Template)]
#[template(path = "calls.html", config = "src/serve/console/askama.toml")]
struct CallsPage {
    shell: Shell,
    asked: Asked,
    rows: Vec<Row>,
    total: u64,
    first: u64,
    older: Option<String>,
    newer: Option<String>,
}

/// What the form holds.
#[derive(Default)]
struct Asked {
    given: Vec<(String, String)>,
}

impl Asked {
    fn value(&self, name: &str) -> &str {
        self.given.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.value(name) == value
    }

    /// Filters beside the text and the place in the list.
    fn filters(&self) -> usize {
        self.given.iter().filter(|(name, _)| !matches!(name.as_str(), "search_text" | "skip")).count()
    }

    fn is_empty(&self) -> bool {
        self.given.iter().all(|(name, _)| name == "skip")
    }

    /// The address of the same list from another place on.
    fn from(&self, skip: u64) -> String {
        let kept = self.given.iter().filter(|(name, _)| name != "skip");
        let mut parts: Vec<String> =
            kept.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        if skip > 0 {
            parts.push(format!("skip={skip}"));
        }
        if parts.is_empty() { "/calls".to_owned() } else { format!("/calls?{}", parts.join("&")) }
    }
}

pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// One call in the list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) way: Option<&'static str>,
    pub(super) when: Moment,
    pub(super) length: Option<String>,
    pub(super) source: String,
    pub(super) language: Option<String>,
    pub(super) badges: [Badge; 3],
    /// What the call is about, in its own words.
    pub(super) says: Vec<Piece>,
    /// Where what was searched for was said or stands.
    pub(super) hits: Vec<Hit>,
    pub(super) hits_left_out: usize,
    pub(super) topics: Vec<String>,
    pub(super) categories: Vec<String>,
    /// How it went, where that is worth a word.
    pub(super) mood: Option<&'static str>,
    pub(super) trouble: Option<String>,
}

/// One place that answers a search.
pub(super) struct Hit {
    /// Who said it, or what else it is: `Summary`, `File`.
    pub(super) whose: String,
    /// For people, and in seconds.
    pub(super) at: Option<(String, f64)>,
    pub(super) pieces: Vec<Piece>,
}

/// A piece of text, marked where it is what was searched for.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) is_hit: bool,
}

/// Shows a page of calls.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Calls.failed();
    let params = params.without_empty();
    let asked = Asked { given: params.all().to_vec() };
    let found = find(&api, params).await.map_err(failed)?;
    let shown = found.rows.len() as u64;
    let page_of = CallsPage {
        shell: Shell::new(Here::Calls, "Calls"),
        older: (found.skip + shown < found.total).then(|| asked.from(found.skip + LIMIT)),
        newer: (found.skip > 0).then(|| asked.from(found.skip.saturating_sub(LIMIT))),
        asked,
        first: found.skip + u64::from(shown > 0),
        total: found.total,
        rows: found.rows,
    };
    Ok(page(&page_of))
}

struct Found {
    rows: Vec<Row>,
    total: u64,
    skip: u64,
}

/// The one place that knows which resource finds calls. Without an index, which is being made, calls are found by less
/// text, and what is searched for is marked in the beginning of the transcript.
async fn find(api: &Api, params: Params) -> Result<Found, ApiError> {
    let needle = params.all().iter().find(|(name, _)| name == "search_text").map(|(_, value)| value.clone());
    let Json(page) = recordings::list(State(api.clone()), params.with("limit", &LIMIT.to_string())).await?;
    let mut rows: Vec<Row> = page.items.iter().map(|item| Row::of(item, needle.as_deref())).collect();
    if let Some(ask) = needle.and_then(|needle| Ask::read_loosely(&needle).ok()) {
        let ids: Vec<RecordingId> = page.items.iter().map(|item| item.id).collect();
        let search = api.0.search.clone();
        let snippets = api.ask_index(move |_store| search.snippets(&ask, ids)).await;
        let snippets: Vec<Snippets> = snippets.unwrap_or_default();
        for (row, found) in rows.iter_mut().zip(snippets) {
            (row.hits, row.hits_left_out) = worth_showing(found);
        }
    }
    Ok(Found { rows, total: page.total, skip: page.skip })
}

impl Row {
    pub(super) fn of(item: &RecordingItem, needle: Option<&str>) -> Self {
        let words = item.insight_summary.as_deref().filter(|_| needle.is_none());
        let words = words.or(item.transcript_preview.as_deref()).unwrap_or_default();
        let is_done = item.processing_status == ProcessingStatus::Completed;
        Self {
            id: item.id.to_string(),
            title: title(item),
            way: way(item.direction),
            when: Moment::of(&item.started_at.unwrap_or(item.created_at)),
            length: item.duration.map(length),
            source: format!("{}/{}", item.provider, item.account),
            language: item.language.as_ref().map(|language| language.as_str().to_uppercase()),
            badges: [
                Badge::part("Audio", item.recording_status),
                Badge::part("Transcript", item.transcript_status),
                Badge::part("Summary", item.summary_status),
            ],
            says: pieces(words, needle),
            hits: Vec::new(),
            hits_left_out: 0,
            topics: item.topics.iter().take(TOPICS_SHOWN_MAX).cloned().collect(),
            categories: item.categories.clone(),
            mood: item.sentiment.filter(|label| *label != "neutral"),
            trouble: item.last_error.clone().filter(|_| !is_done),
        }
    }
}

/// The places that are shown, and how many others there are. What a summary repeats word for word is one place, and topics
/// stand below anyway.
fn worth_showing(found: Snippets) -> (Vec<Hit>, usize) {
    let mut told: Vec<Snippet> = Vec::new();
    let all = found.shown.len();
    for snippet in found.shown {
        let is_news = told.iter().all(|known| known.text != snippet.text);
        if is_news && (snippet.place != "topic" || told.is_empty()) {
            told.push(snippet);
        }
    }
    let repeated = all - told.len();
    let hits: Vec<Hit> = told.into_iter().take(HITS_SHOWN_MAX).map(Hit::of).collect();
    let left_out = found.count.saturating_sub(repeated + hits.len());
    (hits, left_out)
}

impl Hit {
    fn of(snippet: Snippet) -> Self {
        let start = snippet.start_ms.map(seconds);
        let place = shown::words(&snippet.place);
        Self {
            whose: snippet.speaker.map_or(place, |(name, _)| name),
            at: start.map(|start| (length(start), start)),
            pieces: marked(&snippet.text, &snippet.marks),
        }
    }
}

/// Cuts `text` at `marks`, which count characters.
fn marked(text: &str, marks: &[(usize, usize)]) -> Vec<Piece> {
    let letters: Vec<char> = text.chars().collect();
    let piece = |from: usize, to: usize, is_hit| {
        let text: String = letters.get(from..to).unwrap_or_default().iter().collect();
        (!text.is_empty()).then_some(Piece { text, is_hit })
    };
    let mut pieces = Vec::new();
    let mut from = 0;
    for (start, end) in marks {
        pieces.extend(piece(from, *start, false));
        pieces.extend(piece(*start, *end, true));
        from = *end;
    }
    pieces.extend(piece(from, letters.len(), false));
    pieces
}

const fn way(direction: Option<Direction>) -> Option<&'static str> {
    match direction {
        Some(Direction::Inbound) => Some("inbound"),
        Some(Direction::Outbound) => Some("outbound"),
        Some(Direction::Internal) => Some("internal"),
        None => None,
    }
}

/// What calls are called, by their ids; those that are gone are left out.
pub(super) async fn titles(api: &Api, ids: Vec<String>) -> Result<HashMap<String, String>, ApiError> {
    api.ask(move |store| {
        let mut titles = HashMap::new();
        for id in ids.iter().filter_map(|id| id.parse::<RecordingId>().ok()) {
            if let Some(recording) = store.get(id)?.filter(|recording| recording.deletion.is_none()) {
                titles.insert(id.to_string(), title(&RecordingItem::of(&recording)));
            }
        }
        Ok(titles)
    })
    .await
}

/// Who spoke to whom, as far as that is known; else what the file was called.
pub(super) fn title(item: &RecordingItem) -> String {
    let name = |party: &PartyView| party.name.clone().or_else(|| party.number.clone()).or_else(|| party.email.clone());
    match (name(&item.caller).map(|name| isolated(&name)), name(&item.callee).map(|name| isolated(&name))) {
        (Some(caller), Some(callee)) => format!("{caller} → {callee}"),
        (Some(caller), None) => format!("From {caller}"),
        (None, Some(callee)) => format!("To {callee}"),
        (None, None) => {
            item.original_name.clone().unwrap_or_else(|| format!("A call from {}/{}", item.provider, item.account))
        }
    }
}

/// A text whose direction of writing changes nothing around it: an arrow goes on pointing from caller to callee.
pub(super) fn isolated(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// Cuts `text` where `needle` is in it, in any case.
pub(super) fn pieces(text: &str, needle: Option<&str>) -> Vec<Piece> {
    let plain = |text: &str| Piece { text: text.to_owned(), is_hit: false };
    let (lower, needle) = (text.to_lowercase(), needle.unwrap_or_default().to_lowercase());
    // A letter whose small form has another length would shift every place after it.
    if needle.is_empty() || lower.len() != text.len() {
        return if text.is_empty() { Vec::new() } else { vec![plain(text)] };
    }
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, hit) in lower.match_indices(&needle) {
        let (Some(before), Some(hit)) = (text.get(from..at), text.get(at..at + hit.len())) else { continue };
        pieces.push(plain(before));
        pieces.push(Piece { is_hit: true, ..plain(hit) });
        from = at + hit.len();
    }
    pieces.push(plain(text.get(from..).unwrap_or_default()));
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_marks(text: &str, needle: &str) -> String {
        let mark = |piece: Piece| if piece.is_hit { format!("[{}]", piece.text) } else { piece.text };
        pieces(text, Some(needle)).into_iter().map(mark).collect()
    }

    #[test]
    fn what_was_searched_for_is_marked_in_any_case() {
        assert_eq!(with_marks("Refund? A refund!", "refund"), "[Refund]? A [refund]!");
        assert_eq!(with_marks("nothing", "refund"), "nothing");
        assert_eq!(with_marks("", "refund"), "");
        assert_eq!(with_marks("İstanbul refund", "refund"), "İstanbul refund");
    }

    #[test]
    fn marks_count_characters_and_not_bytes() {
        let pieces = marked("¿Está la tarjeta?", &[(9, 16)]);
        let texts: Vec<(&str, bool)> = pieces.iter().map(|piece| (piece.text.as_str(), piece.is_hit)).collect();
        assert_eq!(texts, [("¿Está la ", false), ("tarjeta", true), ("?", false)]);
        assert_eq!(marked("short", &[(3, 99)]).len(), 1, "a mark beyond the end marks nothing");
    }

    #[test]
    fn a_page_further_on_keeps_what_was_asked() {
        let given = [("status", "failed"), ("skip", "25"), ("search_text", "a&b")];
        let asked = Asked { given: given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec() };
        assert_eq!(asked.from(50), "/calls?status=failed&search%5Ftext=a%26b&skip=50");
    }
}
