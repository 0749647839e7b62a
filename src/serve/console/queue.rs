//! `/queue`: what runs and how far it is, what waits and why, what failed, and the means to stop it and let it go on.

use std::collections::HashMap;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::calls::{title, titles};
use super::shown::Moment;
use super::{Here, PageError, Shell, page, read, shown};
use crate::call::{Recording, Step, StepState};
use crate::serve::Api;
use crate::serve::params::Params;
use crate::serve::queue;
use crate::serve::view::RecordingItem;
use crate::store::{FailedStep, ListQuery};

/// Failed calls shown; the list of calls has all of them.
const FAILED_SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "queue.html", config = "src/serve/console/askama.toml")]
struct QueuePage {
    shell: Shell,
    queue: Queue,
    titles: HashMap<String, String>,
    failed: Vec<Failed>,
    failed_total: u64,
}

impl QueuePage {
    fn title(&self, id: &str) -> &str {
        self.titles.get(id).map_or("A call", String::as_str)
    }
}

/// What the page takes from the resource's answer.
#[derive(Deserialize)]
struct Queue {
    paused: bool,
    paused_since: Option<String>,
    eta_seconds: Option<f64>,
    eta_note: String,
    running: Vec<RunningItem>,
    parked: Vec<ParkedItem>,
    waiting_total: u64,
    waiting: Vec<WaitingItem>,
}

#[derive(Deserialize)]
struct RunningItem {
    id: String,
    step: String,
    since: String,
    attempt: u32,
    duration: Option<f64>,
    windows_done: Option<u32>,
    windows_total: Option<u32>,
}

#[derive(Deserialize)]
struct WaitingItem {
    id: String,
    step: String,
    attempts: u32,
    not_before: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
struct ParkedItem {
    what: String,
    reason: String,
    until: String,
}

impl ParkedItem {
    /// What waits, for people.
    fn name(&self) -> String {
        match self.what.as_str() {
            "transcribe" => "Transcription".to_owned(),
            "disk" => "Everything that needs disk space".to_owned(),
            account => format!("The account {account}"),
        }
    }
}

/// A call of which a step has failed.
struct Failed {
    id: String,
    title: String,
    /// The steps that failed.
    step: String,
    error: String,
    when: Moment,
    attempts: u32,
    /// The steps to do again, as the resource takes them.
    retry: String,
}

impl Failed {
    fn of(recording: &Recording) -> Self {
        let steps = queue::failed_steps(recording);
        let names: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
        let shown: Vec<String> = names.iter().map(|name| shown::words(name)).collect();
        let failed_at = |step: &Step| match recording.steps.get(*step).state {
            StepState::Failed { at, .. } => Some(at),
            _ => None,
        };
        let when = steps.iter().filter_map(failed_at).max().unwrap_or(recording.updated_at);
        Self {
            id: recording.id.to_string(),
            title: title(&RecordingItem::of(recording)),
            step: shown.join(", "),
            error: recording.steps.last_error().unwrap_or("It does not say why.").to_owned(),
            when: Moment::of(&when),
            attempts: steps.iter().map(|step| recording.steps.get(*step).attempts).max().unwrap_or(0),
            retry: names.join(","),
        }
    }
}

/// Shows the queue.
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Queue.failed();
    params.finish().map_err(&failed)?;
    let Json(answer) = queue::get(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let queue: Queue = read(&answer).map_err(&failed)?;
    let ids = queue.running.iter().map(|job| &job.id).chain(queue.waiting.iter().map(|item| &item.id));
    let titles = titles(&api, ids.cloned().collect()).await.map_err(&failed)?;
    // What the button beside the list tries again.
    let query = ListQuery { failed_step: Some(FailedStep::Any), limit: FAILED_SHOWN, ..ListQuery::default() };
    let found = api.ask(move |store| store.list(&query)).await.map_err(&failed)?;
    Ok(page(&QueuePage {
        shell: Shell::new(Here::Queue, "Queue"),
        queue,
        titles,
        failed: found.items.iter().map(Failed::of).collect(),
        failed_total: found.total,
    }))
}
