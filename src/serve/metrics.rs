//! `GET /metrics`, for Prometheus: what was counted as it happened, and what the store and the loops say now.

use std::sync::PoisonError;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use crate::call::Step;
use crate::observe::metrics;
use crate::store::{Depth, SinkCounts, Stats, Store};

/// What is measured, in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "daemon", operation_id = "get_metrics",
    responses(
        (status = 200, description = "All metrics.", content_type = "text/plain", body = String),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    )
)]
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Response, ApiError> {
    params.finish()?;
    let sinks: Vec<String> = api.0.loops.sinks().into_iter().map(|sink| sink.name).collect();
    let counted = api.ask(move |store| {
        let of_sink = |name: String| Ok((store.sink_counts(&name)?, name));
        let sinks = sinks.into_iter().map(of_sink).collect::<Result<Vec<_>, _>>()?;
        Ok((store.stats()?, store.depth()?, sinks, space(store)))
    });
    let (stats, depth, sinks, space) = counted.await?;
    of_recordings(&stats);
    of_queue(&api, &depth);
    for (counts, name) in &sinks {
        of_sink(name, counts);
    }
    if let Some((free, total)) = space {
        metrics::set(metrics::DISK_FREE, &[], free as f64);
        metrics::set(metrics::DISK_TOTAL, &[], total as f64);
    }
    of_loops(&api);
    let text = tokio::task::spawn_blocking(metrics::render).await.map_err(|_| ApiError::internal())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

fn of_recordings(stats: &Stats) {
    for (status, count) in &stats.by_status {
        metrics::set(metrics::RECORDINGS, &[("status", status.as_str().to_owned())], *count as f64);
    }
    let at_end = |status: &str| matches!(status, "completed" | "partial" | "failed");
    let ended: u64 = stats.by_status.iter().filter(|(status, _)| at_end(status.as_str())).map(|(_, count)| count).sum();
    // A recording with words that is being processed again counts among the ones with words alone.
    let share = if ended == 0 { 1.0 } else { (stats.with_transcript as f64 / ended as f64).min(1.0) };
    metrics::set(metrics::SUCCESS, &[], share);
    metrics::set(metrics::AUDIO, &[], stats.audio_bytes as f64);
}

fn of_queue(api: &Api, depth: &Depth) {
    let running = api.0.loops.running();
    for step in Step::ALL {
        let waiting = depth.by_step[step as usize];
        let at_work = running.iter().filter(|work| work.step == step).count();
        let labels = |state: &str| [("step", step.as_str().to_owned()), ("state", state.to_owned())];
        metrics::set(metrics::QUEUE, &labels("waiting"), waiting as f64);
        metrics::set(metrics::QUEUE, &labels("running"), at_work as f64);
    }
    let age = depth.oldest.map_or(0.0, |oldest| api.0.clock.now().duration_since(oldest).as_secs_f64());
    metrics::set(metrics::OLDEST, &[], age.max(0.0));
}

fn of_sink(name: &str, counts: &SinkCounts) {
    let states = [
        ("pending", counts.pending),
        ("delivered", counts.delivered),
        ("dead", counts.dead),
        ("dropped", counts.dropped),
    ];
    for (status, count) in states {
        let labels = [("sink", name.to_owned()), ("status", status.to_owned())];
        metrics::set(metrics::DELIVERIES, &labels, count as f64);
    }
}

fn of_loops(api: &Api) {
    let loops = &*api.0.loops;
    let checks = loops.checks();
    // What waited for a person is listed only while it does. Names are parts and accounts: the configuration bounds them.
    let mut told = api.0.checks_told.lock().unwrap_or_else(PoisonError::into_inner);
    for mended in told.iter().filter(|name| checks.iter().all(|check| check.name != **name)) {
        metrics::set(metrics::CHECK, &[("check", mended.clone())], 1.0);
    }
    for check in checks {
        metrics::set(metrics::CHECK, &[("check", check.name.clone())], if check.ok { 1.0 } else { 0.0 });
        told.insert(check.name);
    }
    drop(told);
    for account in loops.accounts() {
        let labels = [("provider", account.provider.to_string()), ("account", account.account)];
        metrics::set(metrics::LOOK_FAILURES, &labels, f64::from(account.failures));
    }
    let worker = loops.workers().process.and_then(|standing| standing.process);
    let memory = worker.and_then(|process| process.memory_bytes).unwrap_or(0);
    metrics::set(metrics::WORKER_MEMORY, &[], memory as f64);
    metrics::model(&loops.model());
}

/// Free and all space, in bytes, on the disk of the database.
fn space(store: &Store) -> Option<(u64, u64)> {
    let folder = store.path().parent()?;
    fs4::available_space(folder).ok().zip(fs4::total_space(folder).ok())
}

/// Counts a request once it is answered, by the pattern of its route: a path may hold an id or a number.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
    let method = known.into_iter().find(|known| known == request.method());
    let response = next.run(request).await;
    let (route, method) = (route.as_deref().unwrap_or("none"), method.as_ref().map_or("other", Method::as_str));
    metrics::answered(route, method, response.status().as_u16(), began.elapsed().as_secs_f64());
    response
}
