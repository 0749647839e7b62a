//! `/api/v1/numbers`: every telephone number with its calls and how they stand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::filters::{self, Paging, filters, fingerprint};
use super::params::{Params, shown};
use super::view::RecordingItem;
use crate::call::ProcessingStatus;
use crate::store::{ListQuery, NumberQuery, PhoneNumber};

/// One page of telephone numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NumberPage {
    /// Numbers in all.
    pub(super) total: u64,
    /// Numbers left out at the start.
    pub(super) skip: u64,
    /// Most items in this page.
    pub(super) limit: u64,
    /// Numbers, the last called first; with `search`, in order of their digits.
    pub(super) items: Vec<NumberItem>,
}

/// One telephone number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NumberItem {
    /// Its digits, without `+`, signs and zeros before them.
    pub(super) number: String,
    /// As the source of its newest call wrote it.
    pub(super) written: String,
    /// Whose it is, where that source said; null where it did not.
    pub(super) name: Option<String>,
    /// Calls with it.
    pub(super) calls: u64,
    /// When the newest was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub(super) last_call: Timestamp,
    /// The calls by standing; every status is named.
    pub(super) by_status: BTreeMap<&'static str, u64>,
}

impl From<PhoneNumber> for NumberItem {
    fn from(number: PhoneNumber) -> Self {
        let by_status = ProcessingStatus::ALL.map(ProcessingStatus::as_str).into_iter().zip(number.by_status).collect();
        let PhoneNumber { digits, written, name, calls, last_call, .. } = number;
        Self { number: digits, written, name, calls, last_call, by_status }
    }
}

/// Every telephone number, the last called first.
#[utoipa::path(
    get, path = "/api/v1/numbers", tag = "numbers", operation_id = "list_numbers",
    params(
        ("search" = Option<String>, Query, description = "Numbers that begin so, in any way of writing: `+49 30`, `004930`."),
        ("part" = Option<String>, Query, description = "Numbers in which these digits are anywhere; looks through all of them. Not with `search`."),
        ("skip" = Option<u64>, Query, minimum = 0, description = "Numbers to leave out at the start; also `offset`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most items in the answer; default 50."),
    ),
    responses(
        (status = 200, description = "One page.", body = NumberPage),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<NumberPage>, ApiError> {
    let begins = params.phone_number(&["search"])?;
    let part = params.phone_number(&["part"])?;
    let limit = params.whole(&["limit"], 1..=filters::LIMIT_MAX)?.unwrap_or(filters::LIMIT_DEFAULT);
    let skip = params.whole(&["skip", "offset"], 0..=filters::SKIP_MAX)?.unwrap_or(0);
    params.finish()?;
    if begins.is_some() && part.is_some() {
        return Err(ApiError::bad_parameter("search and part were both given.", "Leave one of them out."));
    }
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let query = NumberQuery { begins, part, skip: whole(skip), limit: whole(limit) };
    let (total, numbers) = api.ask(move |store| store.numbers(&query)).await?;
    Ok(Json(NumberPage { total, skip, limit, items: numbers.into_iter().map(NumberItem::from).collect() }))
}

/// The calls with one number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NumberCalls {
    /// The number with its sums; null when no call has exactly it and `recordings` are those whose number ends so.
    pub(super) number: Option<NumberItem>,
    /// Calls in all.
    pub(super) total: u64,
    /// Calls left out at the start.
    pub(super) skip: u64,
    /// Most items in this page.
    pub(super) limit: u64,
    /// Give it as `cursor` for the page behind this one; null on the last.
    pub(super) next_cursor: Option<String>,
    /// The calls, newest first.
    pub(super) recordings: Vec<RecordingItem>,
}

/// The calls with one number, newest first, however it is written: `+49 30 123`, `004930123`. Where no call has exactly that
/// number, those whose number ends so: `030123`.
#[utoipa::path(
    get, path = "/api/v1/numbers/{number}", tag = "numbers", operation_id = "get_number",
    params(
        ("number" = String, Path, description = "The number, in any way of writing."),
        ("skip" = Option<u64>, Query, minimum = 0, description = "Calls to leave out at the start; also `offset`."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "Most calls in the answer; default 50."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("status" = Option<String>, Query, description = "And every other filter of `GET /api/v1/recordings/` but `search_text`."),
    ),
    responses(
        (status = 200, description = "The calls.", body = NumberCalls),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, description = "No call has that number.", body = ErrorBody),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    Path(number): Path<String>,
    mut params: Params,
) -> Result<Json<NumberCalls>, ApiError> {
    let paging = Paging::take(&mut params)?;
    let query = filters(&mut params)?;
    params.finish()?;
    if !number.contains(|c: char| matches!(c, '1'..='9')) {
        return Err(no_number(&number));
    }
    let fingerprint = fingerprint(&query, &number);
    let after = paging.cursor.as_deref().map(|cursor| filters::place(cursor, fingerprint)).transpose()?;
    let (skip, limit) = (paging.skip, paging.limit());
    let asked = number.clone();
    let (known, page) = api
        .ask(move |store| {
            let known = store.number(&asked)?;
            let (whole_number, ending) = if known.is_some() { (Some(asked), None) } else { (None, Some(asked)) };
            // The number in the path and one among the filters must both hold.
            let query = match (ending, query.phone_number.clone()) {
                (Some(ending), None) => ListQuery { phone_number: Some(ending), ..query },
                (Some(ending), Some(_)) => ListQuery { whole_number: Some(ending), ..query },
                (None, _) => query,
            };
            let query =
                ListQuery { whole_number: whole_number.or(query.whole_number.clone()), skip, limit, after, ..query };
            Ok((known, store.list(&query)?))
        })
        .await?;
    if known.is_none() && page.total == 0 {
        return Err(no_number(&number));
    }
    Ok(Json(NumberCalls {
        number: known.map(NumberItem::from),
        total: page.total,
        skip: paging.skip,
        limit: paging.limit,
        next_cursor: page.next.map(|place| filters::cursor(place, fingerprint)),
        recordings: page.items.iter().map(RecordingItem::of).collect(),
    }))
}

fn no_number(number: &str) -> ApiError {
    let message = format!("No call has the number {}.", shown(number));
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message, "List the numbers with GET /api/v1/numbers.")
}
