//! `GET /api/v1/providers`: where recordings come from and how each source fares.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::view::provider_kind;
use crate::call::ProviderKind;
use crate::store::{Quarantined, Store};

/// Quarantined entries shown for one account; `quarantined_count` counts all.
const QUARANTINE_SHOWN_MAX: usize = 100;

/// All sources.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Providers {
    /// Accounts.
    total: usize,
    /// One an account.
    items: Vec<ProviderItem>,
}

/// One account at one source.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderItem {
    /// Which vendor.
    #[schema(schema_with = provider_kind)]
    provider: ProviderKind,
    /// The operator's name for it.
    account: String,
    /// Where it is: a folder, a host.
    location: String,
    /// When a look last ended well.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_look_at: Option<Timestamp>,
    /// Looks that failed since.
    failures: u32,
    /// Why the last look failed; null when it did not.
    last_error: Option<String>,
    /// Entries that cannot be taken in.
    quarantined_count: usize,
    /// The first of them.
    quarantine: Vec<QuarantineItem>,
}

/// Something that cannot be taken in.
#[derive(Debug, Serialize, ToSchema)]
struct QuarantineItem {
    /// Where it is.
    locator: String,
    /// What is wrong and what to do.
    reason: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// Accounts with their last look, last error and quarantine.
#[utoipa::path(
    get, path = "/api/v1/providers", tag = "daemon", operation_id = "list_providers",
    responses((status = 200, description = "All sources.", body = Providers), (status = 401, body = ErrorBody))
)]
pub(super) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Providers>, ApiError> {
    params.finish()?;
    let quarantined = api.ask(Store::quarantined).await?;
    let accounts = api.0.loops.accounts();
    let items: Vec<ProviderItem> = accounts
        .into_iter()
        .map(|account| {
            let source = format!("{}/{}", account.provider, account.account);
            let of_this = || quarantined.iter().filter(|entry| entry.source == source);
            ProviderItem {
                provider: account.provider,
                account: account.account,
                location: account.location,
                last_look_at: account.last_look_at,
                failures: account.failures,
                last_error: account.last_error,
                quarantined_count: of_this().count(),
                quarantine: of_this().take(QUARANTINE_SHOWN_MAX).map(QuarantineItem::of).collect(),
            }
        })
        .collect();
    Ok(Json(Providers { total: items.len(), items }))
}

impl QuarantineItem {
    fn of(entry: &Quarantined) -> Self {
        Self { locator: entry.locator.clone(), reason: entry.reason.clone(), since: entry.since }
    }
}
