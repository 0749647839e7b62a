//! `/numbers`: every telephone number, with its calls and how they stand.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;

use super::calls::encoded;
use super::shown::Moment;
use super::{Here, PageError, Shell, page, scan, shown};
use crate::call::{Party, ProcessingStatus, Recording};
use crate::serve::Api;
use crate::serve::error::ApiError;
use crate::serve::params::Params;

/// Numbers on one page.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "numbers.html", config = "src/serve/console/askama.toml")]
struct NumbersPage {
    shell: Shell,
    wanted: String,
    numbers: Vec<Number>,
    total: u64,
    is_partial: bool,
}

/// One telephone number.
struct Number {
    number: String,
    name: Option<String>,
    calls: u64,
    done: u64,
    working: u64,
    failed: u64,
    last: Moment,
    link: String,
}

/// Shows the numbers.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Numbers.failed();
    let mut params = params.without_empty();
    let wanted = params.text(&["number"]).map_err(&failed)?.unwrap_or_default();
    params.finish().map_err(&failed)?;
    let (numbers, total, is_partial) = gather(&api, &wanted).await.map_err(&failed)?;
    Ok(page(&NumbersPage { shell: Shell::new(Here::Numbers, "Numbers"), wanted, numbers, total, is_partial }))
}

#[derive(Default)]
struct Tally {
    name: Option<String>,
    calls: u64,
    done: u64,
    working: u64,
    failed: u64,
    last: Option<Timestamp>,
}

/// The one place that knows where numbers come from.
async fn gather(api: &Api, wanted: &str) -> Result<(Vec<Number>, u64, bool), ApiError> {
    let (recordings, total) = scan::newest(api, None).await?;
    let is_partial = total > recordings.len() as u64;
    let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
    let mut tallies: HashMap<String, Tally> = HashMap::new();
    for recording in &recordings {
        for party in [&recording.call.caller, &recording.call.callee] {
            add(&mut tallies, recording, party);
        }
    }
    let mut all: Vec<(String, Tally)> = tallies
        .into_iter()
        .filter(|(number, _)| number.chars().filter(char::is_ascii_digit).collect::<String>().contains(&digits))
        .collect();
    all.sort_by(|one, other| other.1.last.cmp(&one.1.last).then_with(|| one.0.cmp(&other.0)));
    let found = all.len() as u64;
    let numbers = all.into_iter().take(SHOWN_MAX).map(|(number, tally)| Number::of(number, tally)).collect();
    Ok((numbers, found, is_partial))
}

fn add(tallies: &mut HashMap<String, Tally>, recording: &Recording, party: &Party) {
    let Some(number) = &party.number else { return };
    let tally = tallies.entry(number.clone()).or_default();
    tally.calls += 1;
    match recording.steps.processing_status() {
        ProcessingStatus::Completed | ProcessingStatus::Partial => tally.done += 1,
        ProcessingStatus::Failed => tally.failed += 1,
        ProcessingStatus::Pending | ProcessingStatus::Processing => tally.working += 1,
    }
    tally.name = tally.name.take().or_else(|| party.name.clone());
    tally.last = tally.last.max(Some(recording.listed_at()));
}

impl Number {
    fn of(number: String, tally: Tally) -> Self {
        let link = format!("/calls?phone_number={}", encoded(&number));
        let last = Moment::of(&tally.last.unwrap_or_default());
        let Tally { name, calls, done, working, failed, .. } = tally;
        Self { number, name, calls, done, working, failed, last, link }
    }
}
