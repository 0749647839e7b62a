//! One sink: its events in their order, one at a time and so many a minute, left alone for growing times while it is down
//! and spared at first when it comes back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::pace::Pace;
use super::payload::Payload;
use super::{Notifier, NotifyError, signature};
use crate::provider::client::{CallError, Client, Request};
use crate::store::{Delivery, DeliveryEnd, Store, StoreError};

/// How long an event is tried for: a sink that is down over a weekend has them all on Monday.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 86_400);
/// First wait after a failure; doubled after each further one.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// Longest wait between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(3600);
/// Failures in a row after which the sink itself is taken to be down, and left alone between single attempts.
const FAILURES_UNTIL_DOWN: u32 = 3;
/// Longest time a sink that is down is left alone: it is seen soon after it comes back.
const DOWN_MAX: Duration = Duration::from_secs(900);
/// Longest sleep: the machine's clock may be set, and a laptop suspended, meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 300;

/// How a sink fares since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The sink.
    pub name: String,
    /// Where it is; the address without its path, which may hold a key.
    pub host: String,
    /// When it last took an event.
    pub last_success_at: Option<Timestamp>,
    /// When it last did not.
    pub last_failure_at: Option<Timestamp>,
    /// Why.
    pub last_error: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
    /// Down, and left alone until then.
    pub down_until: Option<Timestamp>,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The event that was sent.
    pub event: Uuid,
    /// The status, or why there is none.
    pub result: Result<u16, String>,
}

/// One sink.
pub(super) struct Sink {
    url: Url,
    secret: SecretString,
    include_transcript: bool,
    client: Client,
    health: Mutex<Health>,
    pace: Mutex<Pace>,
}

impl Sink {
    pub(super) fn new(name: String, url: Url, secret: SecretString, include_transcript: bool, client: Client) -> Self {
        let host = url.origin().ascii_serialization();
        let health = Mutex::new(Health { name, host, ..Health::default() });
        Self { url, secret, include_transcript, client, health, pace: Mutex::new(Pace::new()) }
    }

    pub(super) fn name(&self) -> String {
        self.locked().name.clone()
    }

    pub(super) fn health(&self) -> Health {
        self.locked().clone()
    }

    /// Is not left alone any longer.
    pub(super) fn hurry(&self) {
        self.locked().down_until = None;
    }

    /// Whether it is left alone at the moment.
    pub(super) fn is_down(&self, now: Timestamp) -> bool {
        self.locked().down_until.is_some_and(|until| until > now)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is due until cancelled. An attempt that runs then is broken off and made again at the next start.
    pub(super) async fn drain(
        self: Arc<Self>,
        notifier: &Notifier,
        cancel: CancellationToken,
    ) -> Result<(), NotifyError> {
        let mut wake = notifier.0.wake.subscribe();
        while !cancel.is_cancelled() {
            wake.mark_unchanged();
            let wait = tokio::select! {
                sent = self.send_next(notifier) => match sent? {
                    None => continue,
                    Some(wait) => wait,
                },
                () = cancel.cancelled() => return Ok(()),
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                changed = wake.changed() => changed.map_err(|gone| NotifyError::Broken(gone.to_string()))?,
                () = tokio::time::sleep(wait.min(SLEEP_MAX)) => {}
            }
        }
        Ok(())
    }

    /// Sends the next event that is due. Answers how long to wait when there is none, when the sink is down, and when it has
    /// had enough for now.
    async fn send_next(&self, notifier: &Notifier) -> Result<Option<Duration>, NotifyError> {
        let now = notifier.0.clock.now();
        if let Some(until) = self.locked().down_until.filter(|until| *until > now) {
            return Ok(Some(span(now, until)));
        }
        if let Some(wait) = self.pace().wait(now) {
            return Ok(Some(wait));
        }
        let name = self.name();
        let next = notifier.ask({
            let name = name.clone();
            move |store| store.next_delivery(&name, now)
        });
        let delivery = match next.await? {
            Ok(delivery) => delivery,
            Err(due) => return Ok(Some(due.map_or(SLEEP_MAX, |due| span(now, due)))),
        };
        let include_transcript = self.include_transcript;
        let event = delivery.event.clone();
        let body = notifier.ask(move |store| body(store, &event, include_transcript)).await?;
        self.pace().count();
        let sent = self.post(delivery.event.id, body, now).await;
        let now = notifier.0.clock.now();
        let end = self.end_of(&delivery, sent, now);
        let serial = delivery.serial;
        let is_failure = end != DeliveryEnd::Delivered;
        notifier
            .ask(move |store| {
                store.note_delivery(&name, serial, end, now)?;
                // What waits behind a sink that is down gets old without ever being tried.
                let (true, Ok(before)) = (is_failure, now.checked_sub(GIVE_UP_AFTER)) else { return Ok(()) };
                let why = "The sink was down for as long as this was tried for.";
                while store.bury_deliveries(&name, before, why, now)? > 0 {}
                Ok(())
            })
            .await?;
        Ok(None)
    }

    /// Sends an event that tells of nothing.
    pub(super) async fn test(&self, now: Timestamp) -> Tried {
        let event = Uuid::now_v7();
        let sent = self.post(event, Payload::test(event, now).to_bytes(), now).await;
        Tried { event, result: sent.map_err(|error| error.to_string()) }
    }

    async fn post(&self, event: Uuid, body: Vec<u8>, now: Timestamp) -> Result<u16, CallError> {
        let value = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        let signed = signature::sign(&self.secret, now, &body);
        let request = Request::new(Method::POST, self.url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(HeaderName::from_static(signature::EVENT_ID), value(event.to_string()))
            .header(HeaderName::from_static(signature::TIMESTAMP), value(now.as_second().to_string()))
            .header(HeaderName::from_static(signature::SIGNATURE), value(signed))
            .bytes(Bytes::from(body));
        self.client.deliver(request).await.map(|status| status.as_u16())
    }

    /// What follows from an attempt, for the event and for the sink.
    fn end_of(&self, delivery: &Delivery, sent: Result<u16, CallError>, now: Timestamp) -> DeliveryEnd {
        let mut health = self.locked();
        let Err(error) = sent else {
            if health.failures >= FAILURES_UNTIL_DOWN {
                tracing::info!(sink = health.name, failures = health.failures, "The sink takes events again.");
                self.pace().recover(now);
            }
            (health.failures, health.down_until, health.last_success_at) = (0, None, Some(now));
            return DeliveryEnd::Delivered;
        };
        let text: String = error.to_string().chars().take(ERROR_CHARS_MAX).collect();
        health.failures = health.failures.saturating_add(1);
        (health.last_failure_at, health.last_error) = (Some(now), Some(text.clone()));
        if health.failures >= FAILURES_UNTIL_DOWN {
            let wait = grown(health.failures - FAILURES_UNTIL_DOWN, None).min(DOWN_MAX);
            health.down_until = now.checked_add(wait).ok();
            if health.failures == FAILURES_UNTIL_DOWN {
                tracing::warn!(sink = health.name, error = text, "The sink takes no events; they wait for it.");
            }
        }
        let tried_for = span(delivery.since, now);
        if tried_for >= GIVE_UP_AFTER {
            return DeliveryEnd::Dead { error: text };
        }
        let asked = match &error {
            CallError::Refused(refusal) => refusal.retry_after,
            _ => None,
        };
        let due = now.checked_add(grown(delivery.attempts, asked)).unwrap_or(Timestamp::MAX);
        DeliveryEnd::Retry { due, error: text }
    }
}

/// The wait after so many earlier failures, or the longer one the sink asks for; with up to a fifth more by chance.
fn grown(earlier: u32, asked: Option<Duration>) -> Duration {
    let wait = RETRY_FIRST.saturating_mul(1 << earlier.min(16)).min(RETRY_MAX);
    wait.max(asked.unwrap_or_default()).mul_f64(1.0 + 0.2 * fastrand::f64())
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or(Duration::ZERO)
}

/// What is told of a recording now.
fn body(store: &Store, event: &crate::store::Event, include_transcript: bool) -> Result<Vec<u8>, StoreError> {
    let Some(recording) = store.get(event.recording)? else { return Ok(Payload::of_nothing(event).to_bytes()) };
    // An alert is about its hits; the whole call was told with its end.
    let is_wanted = include_transcript && recording.deletion.is_none() && event.category.is_none();
    let transcript = if is_wanted { store.transcript(recording.id)? } else { None };
    Ok(Payload::of(event, &recording, transcript.as_ref(), include_transcript).to_bytes())
}
