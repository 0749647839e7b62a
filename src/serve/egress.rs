//! `GET /api/v1/egress`: where data has gone.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use crate::store::Egress;

/// Every host this machine's callscribe has sent anything to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ledger {
    /// By name.
    items: Vec<HostItem>,
}

/// One host.
#[derive(Debug, Serialize, ToSchema)]
struct HostItem {
    /// The host, with its port where it is not the usual one; `(others)` for all beyond the thousandth.
    host: String,
    /// Requests sent.
    requests: u64,
    /// Bytes of bodies sent.
    bytes_sent: u64,
    /// Bytes of bodies received.
    bytes_received: u64,
    /// The first request.
    #[schema(value_type = String, format = DateTime)]
    first_at: Timestamp,
    /// The last request.
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
}

/// Where data has gone: hosts, bytes, times, since the database was made.
#[utoipa::path(
    get, path = "/api/v1/egress", tag = "daemon", operation_id = "get_egress",
    responses((status = 200, description = "Every host.", body = Ledger), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody))
)]
pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Json<Ledger>, ApiError> {
    params.finish()?;
    let counted = api.0.loops.take_traffic();
    let hosts = api.ask(move |store| {
        store.add_egress(&counted)?;
        store.egress()
    });
    let item = |host: Egress| {
        let Egress { host, requests, bytes_sent, bytes_received, first_at, last_at } = host;
        HostItem { host, requests, bytes_sent, bytes_received, first_at, last_at }
    };
    Ok(Json(Ledger { items: hosts.await?.into_iter().map(item).collect() }))
}
