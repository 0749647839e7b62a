//! What is measured, by name: the one list of metrics, their units and their labels, in the format of Prometheus.
//!
//! Labels are words of this program, the operator's own names, routes and statuses; never a telephone number, an id or
//! the name of a person. Everything here is cheap and cannot fail; [`render`] is called by whoever answers `/metrics`.

use std::sync::OnceLock;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds for times of steps, in seconds: from a lookup to a day-long call.
const STEP_SECONDS: [f64; 10] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0];
/// Upper bounds for times of requests, in seconds.
const REQUEST_SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
/// Upper bounds for the real-time factor: seconds of work for a second of call.
const FACTORS: [f64; 9] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
/// Upper bounds for confidences.
const SHARES: [f64; 9] = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0];

const STEP_DURATION: &str = "callscribe_step_duration_seconds";
const REAL_TIME_FACTOR: &str = "callscribe_transcribe_real_time_factor";
const CONFIDENCE: &str = "callscribe_transcript_confidence";
const PROVIDER_ERRORS: &str = "callscribe_provider_errors_total";
const WORKER_STARTS: &str = "callscribe_worker_starts_total";
const WORKER_FAILURES: &str = "callscribe_worker_failures_total";
const REQUESTS: &str = "callscribe_http_requests_total";
const REQUEST_DURATION: &str = "callscribe_http_request_duration_seconds";
const EGRESS_BYTES: &str = "callscribe_egress_bytes_total";

/// Steps that wait or run, by step.
pub const QUEUE: &str = "callscribe_queue_recordings";
/// How long the recording at the end of the line has been known, in seconds.
pub const OLDEST: &str = "callscribe_backlog_oldest_seconds";
/// Recordings by standing.
pub const RECORDINGS: &str = "callscribe_recordings";
/// Of the recordings that came to an end, the share that has a transcript with words.
pub const SUCCESS: &str = "callscribe_transcript_success_ratio";
/// Free space on the disk that holds the state folder, in bytes.
pub const DISK_FREE: &str = "callscribe_disk_free_bytes";
/// Space of that disk in all, in bytes.
pub const DISK_TOTAL: &str = "callscribe_disk_total_bytes";
/// Audio kept, in bytes.
pub const AUDIO: &str = "callscribe_audio_bytes";
/// Memory of the transcription worker in bytes; 0 while none runs.
pub const WORKER_MEMORY: &str = "callscribe_worker_memory_bytes";
/// Deliveries to sinks by sink and standing.
pub const DELIVERIES: &str = "callscribe_webhook_deliveries";
/// One part of the daemon is in order (1) or not (0).
pub const CHECK: &str = "callscribe_check_ok";
/// Looks at an account that failed since the last good one.
pub const LOOK_FAILURES: &str = "callscribe_account_look_failures";
const BUILD: &str = "callscribe_build_info";
const MODEL: &str = "callscribe_model_info";

/// The recorder of this process, installed when it is first asked for.
fn handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let buckets = [
            (STEP_DURATION, &STEP_SECONDS[..]),
            (REQUEST_DURATION, &REQUEST_SECONDS),
            (REAL_TIME_FACTOR, &FACTORS),
            (CONFIDENCE, &SHARES),
        ];
        let builder = buckets.into_iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
            builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds).expect("the bounds are constant")
        });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("Metrics are recorded by somebody else; /metrics shows nothing.");
        }
        describe();
        handle
    })
}

fn describe() {
    describe_histogram!(STEP_DURATION, "How long steps took, by step and outcome.");
    describe_histogram!(REAL_TIME_FACTOR, "Seconds of transcription for a second of call.");
    describe_histogram!(CONFIDENCE, "Mean word probability of finished transcripts.");
    describe_counter!(PROVIDER_ERRORS, "What went wrong at sources, by account and by what follows from it.");
    describe_counter!(WORKER_STARTS, "Starts of the transcription worker.");
    describe_counter!(
        WORKER_FAILURES,
        "Transcription workers that died, hung, grew too large or could not be started."
    );
    describe_counter!(REQUESTS, "Requests answered, by route, method and status.");
    describe_histogram!(REQUEST_DURATION, "How long answers took to begin, by route.");
    describe_counter!(EGRESS_BYTES, "Bytes of bodies sent to hosts outside.");
    describe_gauge!(QUEUE, "Recordings by the step they wait for or are at.");
    describe_gauge!(OLDEST, "How long the recording at the end of the line has been known.");
    describe_gauge!(RECORDINGS, "Recordings by standing.");
    describe_gauge!(SUCCESS, "Of the recordings that came to an end, the share with a transcript that has words.");
    describe_gauge!(DISK_FREE, "Free space on the disk of the state folder.");
    describe_gauge!(DISK_TOTAL, "All space on the disk of the state folder.");
    describe_gauge!(AUDIO, "Audio kept.");
    describe_gauge!(WORKER_MEMORY, "Memory of the transcription worker; 0 while none runs.");
    describe_gauge!(DELIVERIES, "Deliveries to sinks, by standing.");
    describe_gauge!(CHECK, "Whether a part is in order, as /readyz says.");
    describe_gauge!(LOOK_FAILURES, "Looks at an account that failed since the last good one.");
    describe_gauge!(BUILD, "Always 1; the labels say what runs.");
    describe_gauge!(MODEL, "Always 1 for the model in use.");
}

/// Begins to record; what was measured before is lost.
pub fn install() {
    handle();
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    counter!(WORKER_STARTS).increment(0);
    counter!(WORKER_FAILURES).increment(0);
    counter!(EGRESS_BYTES).increment(0);
}

/// Everything measured, as text for Prometheus.
pub fn render() -> String {
    handle().render()
}

/// Adds up what was measured since the last time, so that it does not pile up while nobody asks for it.
pub fn tidy() {
    handle().run_upkeep();
}

/// Sets a gauge that is read when somebody asks.
pub fn set(name: &'static str, labels: &[(&'static str, String)], value: f64) {
    gauge!(name, labels).set(value);
}

/// A step ended.
pub fn step_ended(step: &'static str, outcome: &'static str, seconds: f64) {
    histogram!(STEP_DURATION, "step" => step, "outcome" => outcome).record(seconds);
}

/// A call was transcribed.
pub fn transcribed(call_seconds: f64, took_seconds: f64, confidence: Option<f32>) {
    if call_seconds > 0.0 {
        histogram!(REAL_TIME_FACTOR).record(took_seconds / call_seconds);
    }
    if let Some(confidence) = confidence {
        histogram!(CONFIDENCE).record(f64::from(confidence));
    }
}

/// Something went wrong at an account; `kind` says what follows from it.
pub fn provider_error(provider: &'static str, account: &str, kind: &'static str) {
    counter!(PROVIDER_ERRORS, "provider" => provider, "account" => account.to_owned(), "kind" => kind).increment(1);
}

/// The transcription worker was started.
pub fn worker_started() {
    counter!(WORKER_STARTS).increment(1);
}

/// A worker died, hung, grew too large or could not be started.
pub fn worker_failed() {
    counter!(WORKER_FAILURES).increment(1);
}

/// A body of so many bytes went out.
pub fn sent(bytes: u64) {
    counter!(EGRESS_BYTES).increment(bytes);
}

/// A request was answered. `route` is a pattern, never a path, and `method` one of the known ones.
pub fn answered(route: &str, method: &str, status: u16, seconds: f64) {
    let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    counter!(REQUESTS, &labels).increment(1);
    histogram!(REQUEST_DURATION, "route" => route.to_owned()).record(seconds);
}

/// The model in use.
pub fn model(name: &str) {
    static SHOWN: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);
    let mut shown = SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(before) = shown.take().filter(|before| before != name) {
        gauge!(MODEL, "model" => before).set(0.0);
    }
    gauge!(MODEL, "model" => name.to_owned()).set(1.0);
    *shown = Some(name.to_owned());
}
