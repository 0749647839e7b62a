//! `POST /api/v1/providers/{name}/check` and `GET /api/v1/recordings/test/{provider}-access`: can an account do its work?

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;
use super::view::provider_kind;
use crate::call::{AccountName, ProviderKind};

/// How accounts stand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accesses {
    /// All that were asked can do their work.
    success: bool,
    /// One an account.
    items: Vec<AccessItem>,
}

/// How one account stands at its provider.
#[derive(Debug, Serialize, ToSchema)]
struct AccessItem {
    /// Which vendor.
    #[schema(schema_with = provider_kind)]
    provider: ProviderKind,
    /// The operator's name for it.
    account: String,
    /// Its host answers.
    is_reachable: bool,
    /// It takes the credentials.
    is_signed_in: bool,
    /// Scopes and permissions that are missing.
    missing: Vec<String>,
    /// Recordings of the last week that it shows; null where that cannot be told.
    visible_recordings: Option<usize>,
    /// There may be more than `visible_recordings`.
    at_least: bool,
    /// What is wrong and what to do; empty when all is well.
    advice: Vec<String>,
}

/// Asks the account's provider now: reachable, signed in, what is missing, what can be seen.
#[utoipa::path(
    post, path = "/api/v1/providers/{name}/check", tag = "daemon", operation_id = "check_provider",
    params(("name" = String, Path, description = "A vendor (`twilio`, `ringcentral`, `webex`, `folder`) or an account's name.")),
    responses(
        (status = 200, description = "How it stands.", body = Accesses),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn check(
    State(api): State<Api>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<Accesses>, ApiError> {
    params.finish()?;
    let kind = name.parse::<ProviderKind>().ok();
    let account = name.parse::<AccountName>().ok().filter(|_| kind.is_none());
    if kind.is_none() && account.is_none() {
        return Err(no_account(&name));
    }
    asked(&api, kind, account, &name).await
}

/// The same for all accounts of a vendor, under the path programs know.
#[utoipa::path(
    get, path = "/api/v1/recordings/test/{access}", tag = "daemon", operation_id = "test_access",
    params(("access" = String, Path, description = "`twilio-access`, `ringcentral-access` or `webex-access`.")),
    responses(
        (status = 200, description = "How it stands.", body = Accesses),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn test(
    State(api): State<Api>,
    Path(access): Path<String>,
    params: Params,
) -> Result<Json<Accesses>, ApiError> {
    params.finish()?;
    let kind = access.strip_suffix("-access").and_then(|kind| kind.parse::<ProviderKind>().ok());
    let kind = kind.ok_or_else(|| no_account(access.strip_suffix("-access").unwrap_or(&access)))?;
    asked(&api, Some(kind), None, kind.as_str()).await
}

async fn asked(
    api: &Api,
    kind: Option<ProviderKind>,
    account: Option<AccountName>,
    name: &str,
) -> Result<Json<Accesses>, ApiError> {
    // A task of its own: a caller who goes away does not break off a sign-in whose old token is used up.
    let standings = tokio::spawn(api.0.loops.access(kind, account)).await.map_err(|_| ApiError::internal())?;
    if standings.is_empty() {
        return Err(no_account(name));
    }
    let items: Vec<AccessItem> = standings
        .into_iter()
        .map(|standing| AccessItem {
            provider: standing.provider,
            account: standing.account.to_string(),
            is_reachable: standing.access.is_reachable,
            is_signed_in: standing.access.is_signed_in,
            missing: standing.access.missing,
            visible_recordings: standing.access.visible.map(|visible| visible.count),
            at_least: standing.access.visible.is_some_and(|visible| visible.at_least),
            advice: standing.access.advice,
        })
        .collect();
    let success = items.iter().all(|item| item.is_signed_in && item.advice.is_empty());
    Ok(Json(Accesses { success, items }))
}

fn no_account(name: &str) -> ApiError {
    let message = format!("There is no account {}.", super::params::shown(name));
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message, "GET /api/v1/providers lists the accounts.")
}
