//! `/numbers`: every telephone number, with its calls and how they stand; `/numbers/{number}`: the calls with one.

use std::collections::BTreeMap;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;

use super::calls::{Row, encoded};
use super::shown::{Badge, Moment};
use super::{Here, PageError, Shell, page, shown};
use crate::call::ProcessingStatus;
use crate::serve::Api;
use crate::serve::numbers::{self, NumberItem};
use crate::serve::params::Params;

/// Numbers on one page.
const NUMBERS_SHOWN: u64 = 50;
/// Calls on one page of a number.
const CALLS_SHOWN: u64 = 25;

#[derive(Template)]
#[template(path = "numbers.html", config = "src/serve/console/askama.toml")]
struct NumbersPage {
    shell: Shell,
    wanted: String,
    numbers: Vec<Number>,
    total: u64,
    first: u64,
    newer: Option<String>,
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "number.html", config = "src/serve/console/askama.toml")]
struct NumberPage {
    shell: Shell,
    /// The number's own page.
    path: String,
    /// As it is written where it is known, else as it was asked for.
    title: String,
    number: Option<Number>,
    /// Standings that can be chosen.
    choices: Vec<Choice>,
    rows: Vec<Row>,
    total: u64,
    first: u64,
    newer: Option<String>,
    older: Option<String>,
}

impl NumberPage {
    fn is_of_all(&self) -> bool {
        !self.choices.iter().any(|choice| choice.is_chosen)
    }
}

/// One telephone number.
struct Number {
    written: String,
    name: Option<String>,
    calls: u64,
    completed: u64,
    partial: u64,
    working: u64,
    failed: u64,
    last: Moment,
    link: String,
}

/// One standing of a number's calls.
struct Choice {
    name: String,
    count: u64,
    link: String,
    is_chosen: bool,
}

impl Number {
    fn of(item: NumberItem) -> Self {
        let count = |status: ProcessingStatus| item.by_status.get(status.as_str()).copied().unwrap_or(0);
        Self {
            calls: item.calls,
            completed: count(ProcessingStatus::Completed),
            partial: count(ProcessingStatus::Partial),
            working: count(ProcessingStatus::Pending) + count(ProcessingStatus::Processing),
            failed: count(ProcessingStatus::Failed),
            last: Moment::of(&item.last_call),
            link: format!("/numbers/{}", item.number),
            written: item.written,
            name: item.name,
        }
    }
}

/// The addresses of the page before and of the one behind, where there are any.
fn pager(path: &str, kept: &str, skip: u64, step: u64, is_last: bool) -> (Option<String>, Option<String>) {
    let at = |skip: u64| match (kept, skip) {
        ("", 0) => path.to_owned(),
        ("", skip) => format!("{path}?skip={skip}"),
        (kept, 0) => format!("{path}?{kept}"),
        (kept, skip) => format!("{path}?{kept}&skip={skip}"),
    };
    ((skip > 0).then(|| at(skip.saturating_sub(step))), (!is_last).then(|| at(skip + step)))
}

/// Shows the numbers.
pub(super) async fn list(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Numbers.failed();
    let mut params = params.without_empty();
    let wanted = params.phone_number(&["number"]).map_err(&failed)?.unwrap_or_default();
    let skip = params.whole(&["skip"], 0..=crate::serve::filters::SKIP_MAX).map_err(&failed)?.unwrap_or(0);
    params.finish().map_err(&failed)?;
    let asked = Params::default().with("limit", &NUMBERS_SHOWN.to_string()).with("skip", &skip.to_string());
    let asked = if wanted.is_empty() { asked } else { asked.with("part", &wanted) };
    let Json(found) = numbers::list(State(api), asked).await.map_err(&failed)?;
    let kept = if wanted.is_empty() { String::new() } else { format!("number={}", encoded(&wanted)) };
    let shown = found.items.len() as u64;
    let (newer, older) = pager("/numbers", &kept, skip, NUMBERS_SHOWN, skip + shown >= found.total);
    Ok(page(&NumbersPage {
        shell: Shell::new(Here::Numbers, "Numbers"),
        wanted,
        numbers: found.items.into_iter().map(Number::of).collect(),
        total: found.total,
        first: skip + u64::from(shown > 0),
        newer,
        older,
    }))
}

/// Shows the calls with one number.
pub(super) async fn get(
    State(api): State<Api>,
    Path(number): Path<String>,
    params: Params,
) -> Result<Response, PageError> {
    let failed = Here::Numbers.failed();
    let params = params.without_empty();
    let given = |name: &str| params.all().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let status = given("status");
    let asked = params.with("limit", &CALLS_SHOWN.to_string());
    let found = numbers::get(State(api), Path(number.clone()), asked).await;
    let Json(found) = found.map_err(&failed)?;
    let path = format!("/numbers/{}", encoded(&number));
    let kept = status.as_ref().map(|status| format!("status={}", encoded(status))).unwrap_or_default();
    let shown = found.recordings.len() as u64;
    let (newer, older) = pager(&path, &kept, found.skip, CALLS_SHOWN, found.skip + shown >= found.total);
    let by_status = found.number.as_ref().map(|number| number.by_status.clone()).unwrap_or_default();
    let known = found.number.map(Number::of);
    let title = known.as_ref().map_or_else(|| format!("Numbers that end in {number}"), |known| known.written.clone());
    Ok(page(&NumberPage {
        shell: Shell::new(Here::Numbers, title.clone()),
        choices: choices(&path, &by_status, status.as_deref()),
        rows: found.recordings.iter().map(|item| Row::of(item, None)).collect(),
        total: found.total,
        first: found.skip + u64::from(shown > 0),
        number: known,
        path,
        title,
        newer,
        older,
    }))
}

/// The standings that some call has, and the chosen one.
fn choices(path: &str, by_status: &BTreeMap<&'static str, u64>, chosen: Option<&str>) -> Vec<Choice> {
    let all = ProcessingStatus::ALL.into_iter().map(ProcessingStatus::as_str);
    let choice = |status: &'static str| Choice {
        name: Badge::word_of(status).to_owned(),
        count: by_status.get(status).copied().unwrap_or(0),
        link: format!("{path}?status={status}"),
        is_chosen: chosen == Some(status),
    };
    all.map(choice).filter(|choice| choice.count > 0 || choice.is_chosen).collect()
}
