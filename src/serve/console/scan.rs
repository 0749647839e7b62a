//! The newest recordings, looked through for pages that add them up.

use jiff::Timestamp;

use crate::call::Recording;
use crate::serve::Api;
use crate::serve::error::ApiError;
use crate::store::ListQuery;

/// Recordings looked through at most: about a second's work.
pub(super) const NEWEST_MAX: usize = 10_000;

/// The newest recordings since `from`, and how many there are in all.
pub(super) async fn newest(api: &Api, from: Option<Timestamp>) -> Result<(Vec<Recording>, u64), ApiError> {
    let page = api.ask(move |store| store.list(&ListQuery { from, limit: NEWEST_MAX, ..ListQuery::default() }));
    page.await.map(|page| (page.items, page.total))
}
