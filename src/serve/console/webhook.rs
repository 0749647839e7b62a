//! `/system/webhooks/{name}`: one sink, what it was told, and the means to tell it again.

use std::collections::HashMap;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;

use super::calls::{encoded, titles};
use super::shown::{Badge, Moment};
use super::{Here, PageError, Shell, page, shown};
use crate::serve::error::ApiError;
use crate::serve::params::Params;
use crate::serve::sinks::{self, DeliveryItem, SinkItem};
use crate::serve::{Api, params};

/// Deliveries shown: some days of a busy office.
const DELIVERIES_SHOWN: u64 = 100;

/// The event that tells of a category, as the API calls it.
const CATEGORY_MATCHED: &str = "category_matched";

#[derive(Template)]
#[template(path = "webhook.html", config = "src/serve/console/askama.toml")]
struct WebhookPage {
    shell: Shell,
    sink: SinkItem,
    /// The sink's own page, and its resource.
    path: String,
    resource: String,
    choices: Vec<(&'static str, u64, String, bool)>,
    deliveries: Vec<DeliveryItem>,
    titles: HashMap<String, String>,
    is_pending: bool,
}

impl WebhookPage {
    fn is_of_all(&self) -> bool {
        !self.choices.iter().any(|(_, _, _, is_chosen)| *is_chosen)
    }

    /// The events it gets, as a sentence says them.
    fn told_of(&self) -> String {
        let ends = self.sink.events.iter().map(String::as_str).filter(|event| *event != CATEGORY_MATCHED);
        let ends = ends.collect::<Vec<_>>().join(", ");
        let has_categories = self.sink.events.iter().any(|event| event == CATEGORY_MATCHED);
        match (ends.as_str(), has_categories) {
            ("", _) => "matched categories".to_owned(),
            (ends, true) => format!("{ends} calls and matched categories"),
            (ends, false) => format!("{ends} calls"),
        }
    }

    fn title(&self, delivery: &DeliveryItem) -> &str {
        self.titles.get(&delivery.recording_id.to_string()).map_or("a call that was removed", String::as_str)
    }

    fn is_known(&self, delivery: &DeliveryItem) -> bool {
        self.titles.contains_key(&delivery.recording_id.to_string())
    }
}

/// Shows a sink's deliveries.
pub(super) async fn get(
    State(api): State<Api>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, PageError> {
    let failed = Here::System.failed();
    let params = params.without_empty();
    let status = params.all().iter().find(|(known, _)| known == "status").map(|(_, value)| value.clone());
    let asked = params.with("limit", &DELIVERIES_SHOWN.to_string());
    let Json(told) = sinks::deliveries(State(api.clone()), Path(name.clone()), asked).await.map_err(&failed)?;
    let Json(all) = sinks::list(State(api.clone()), Params::default()).await.map_err(&failed)?;
    let sink = all.items.into_iter().find(|sink| sink.name == name);
    let gone = || ApiError::bad_parameter(format!("There is no sink {}.", params::shown(&name)), "Go back to System.");
    let sink = sink.ok_or_else(gone).map_err(&failed)?;
    let ids = told.items.iter().map(|delivery| delivery.recording_id.to_string()).collect();
    let titles = titles(&api, ids).await.map_err(&failed)?;
    let path = format!("/system/webhooks/{}", encoded(&name));
    let choice = |name: &'static str, word: &'static str, count: u64| {
        (word, count, format!("{path}?status={name}"), status.as_deref() == Some(name))
    };
    Ok(page(&WebhookPage {
        shell: Shell::new(Here::System, format!("Webhook {name}")),
        choices: vec![
            choice("pending", "Pending", sink.pending),
            choice("delivered", "Delivered", sink.delivered),
            choice("dead", "Given up", sink.dead),
        ],
        is_pending: sink.pending > 0,
        resource: format!("/api/v1/webhooks/{}", encoded(&name)),
        deliveries: told.items,
        path,
        sink,
        titles,
    }))
}
