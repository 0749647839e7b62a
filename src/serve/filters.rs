//! The filters that all lists of recordings share, and the cursor that goes on where a page ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::params::{Params, shown};
use crate::call::{Language, ProcessingStatus, ProviderKind, RecordingId, SentimentLabel};
use crate::store::{FailedStep, ListQuery, Place};

pub(super) const LIMIT_MAX: u64 = 500;
pub(super) const LIMIT_DEFAULT: u64 = 50;
/// Furthest item that can be asked for by number; beyond it dates and cursors are the way.
pub(super) const SKIP_MAX: u64 = 10_000_000;
const PROVIDERS: &str = "folder, twilio, ringcentral, webex or upload";
const STATUSES: &str = "pending, processing, completed, partial or failed";
const FAILED_STEPS: &str =
    "any, fetch_details, fetch_metadata, download_audio, transcribe, detect_language or generate_summary";
const SENTIMENTS: &str = "positive, neutral or negative";

/// Raised when a cursor's bytes change their meaning.
const CURSOR_VERSION: u8 = 1;
/// Version, time, id, the beginning of a digest of the filters.
const CURSOR_BYTES: usize = 1 + 8 + 16 + 8;
const CURSOR_HINT: &str =
    "Take next_cursor of the page before, with the same filters; or begin again without a cursor.";

/// Every filter but the text that is searched for; paging is not among them.
pub(super) fn filters(params: &mut Params) -> Result<ListQuery, ApiError> {
    let (from, to) = params.span()?;
    Ok(ListQuery {
        from,
        to,
        status: params.word::<ProcessingStatus>(&["status"], STATUSES)?,
        provider: params.word::<ProviderKind>(&["provider"], PROVIDERS)?,
        phone_number: params.phone_number(&["phone_number"])?,
        language: params.language(&["language"])?.map(|code| Language::new(&code)),
        has_transcript: params.truth(&["has_transcript"])?,
        min_quality: params.number(&["min_quality"], 0.0..=1.0)?,
        owner: params.text(&["owner"])?,
        location: params.text(&["location"])?,
        category: params.text(&["category"])?,
        sentiment: params.word::<SentimentLabel>(&["sentiment"], SENTIMENTS)?,
        account: params.text(&["account"])?,
        queue: params.text(&["queue"])?,
        is_worth_a_listen: params.truth(&["worth_a_listen"])?.unwrap_or(false),
        failed_step: params.word::<FailedStep>(&["failed_step"], FAILED_STEPS)?,
        metadata: params.fields("metadata.", "metadata.<path>")?,
        ..ListQuery::default()
    })
}

/// `limit`, and `skip` or `cursor`.
pub(super) struct Paging {
    pub(super) limit: u64,
    pub(super) skip: u64,
    pub(super) cursor: Option<String>,
}

impl Paging {
    pub(super) fn take(params: &mut Params) -> Result<Self, ApiError> {
        let limit = params.whole(&["limit"], 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
        let skip = params.whole(&["skip", "offset"], 0..=SKIP_MAX)?;
        let cursor = params.text(&["cursor"])?;
        if let (Some(skip), Some(_)) = (skip.filter(|skip| *skip > 0), &cursor) {
            return Err(ApiError::bad_parameter(
                format!("Parameter skip is '{skip}' beside a cursor; it must be 0 or left out there."),
                "A cursor goes on where its page ended; skip counts from the beginning.",
            ));
        }
        Ok(Self { limit, skip: skip.unwrap_or(0), cursor })
    }

    /// The limit as the store takes it.
    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

/// What ties a cursor to its list: a digest of everything that chooses and orders, paging left out.
pub(super) fn fingerprint(query: &ListQuery, text: &str) -> [u8; 8] {
    let plain = ListQuery { skip: 0, limit: 0, after: None, among: None, ..query.clone() };
    let digest = Sha256::digest(format!("{plain:?}\n{text}"));
    std::array::from_fn(|at| digest[at])
}

/// The cursor that goes on behind `place`.
pub(super) fn cursor(place: Place, fingerprint: [u8; 8]) -> String {
    let mut bytes = Vec::with_capacity(CURSOR_BYTES);
    bytes.push(CURSOR_VERSION);
    bytes.extend(place.listed_at_ms.to_be_bytes());
    bytes.extend(place.id.as_bytes());
    bytes.extend(fingerprint);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place a cursor names, if it belongs to these filters.
pub(super) fn place(cursor: &str, fingerprint: [u8; 8]) -> Result<Place, ApiError> {
    let refused = |allowed: &str| {
        ApiError::bad_parameter(format!("Parameter cursor is {}; it must be {allowed}.", shown(cursor)), CURSOR_HINT)
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| bytes.len() == CURSOR_BYTES);
    let bytes =
        bytes.filter(|bytes| bytes[0] == CURSOR_VERSION).ok_or_else(|| refused("what a page gave as next_cursor"))?;
    if bytes[25..] != fingerprint {
        return Err(refused("one of a page with the same filters"));
    }
    let (mut time, mut id) = ([0; 8], [0; 16]);
    time.copy_from_slice(&bytes[1..9]);
    id.copy_from_slice(&bytes[9..25]);
    Ok(Place { listed_at_ms: i64::from_be_bytes(time), id: RecordingId::from_bytes(id) })
}
