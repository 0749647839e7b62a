//! Signing an account in by hand: `GET /auth/login` sends a person to the provider, `GET /auth/callback` takes them back.
//!
//! The first carries the API's token, so that nobody else can sign their own account in here. The second is open, and worth
//! nothing without the state that the first handed out, which is good once and for minutes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::error::{ApiError, ErrorBody};
use super::params::Params;

/// Where the provider sends people back to.
pub(super) const CALLBACK: &str = "/auth/callback";

/// Where to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignIn {
    /// To be opened in a browser within a few minutes.
    url: String,
}

/// The address at which a person signs the account in.
#[utoipa::path(
    post, path = "/api/v1/providers/{name}/login", tag = "daemon", operation_id = "sign_in",
    params(("name" = String, Path, description = "The account's name.")),
    responses(
        (status = 200, description = "Where to go.", body = SignIn),
        (status = 401, body = ErrorBody), (status = 409, description = "It signs in by itself.", body = ErrorBody),
    )
)]
pub(super) async fn begin(
    State(api): State<Api>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<SignIn>, ApiError> {
    params.finish()?;
    let url = api.0.loops.sign_in(name).await.map_err(|error| ApiError::of_provider(&error))?;
    Ok(Json(SignIn { url }))
}

/// The same as a redirect, for a browser that carries the token.
#[utoipa::path(
    get, path = "/auth/login", tag = "daemon", operation_id = "sign_in_by_browser",
    params(("account" = String, Query, description = "The account's name.")),
    responses((status = 302, description = "To the provider."), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub(super) async fn login(State(api): State<Api>, mut params: Params) -> Result<Response, ApiError> {
    let account = params.text(&["account"])?.unwrap_or_else(|| "webex".to_owned());
    params.finish()?;
    let url = api.0.loops.sign_in(account).await.map_err(|error| ApiError::of_provider(&error))?;
    Ok((StatusCode::FOUND, [(header::LOCATION, url)]).into_response())
}

/// Takes a person back from the provider.
#[utoipa::path(
    get, path = "/auth/callback", tag = "daemon", operation_id = "signed_in",
    params(
        ("state" = String, Query, description = "As it was handed out."),
        ("code" = Option<String>, Query, description = "What the provider gave."),
        ("error" = Option<String>, Query, description = "Why it gave nothing."),
    ),
    responses((status = 200, description = "Signed in."), (status = 409, body = ErrorBody))
)]
pub(super) async fn callback(State(api): State<Api>, mut params: Params) -> Result<Response, ApiError> {
    let (state, code, error) = (params.text(&["state"])?, params.text(&["code"])?, params.text(&["error"])?);
    // Providers add what they like.
    drop(params);
    if let Some(error) = error {
        let message = format!("The provider did not sign the account in ({}).", super::params::shown(&error));
        return Err(ApiError::new(StatusCode::CONFLICT, "not_signed_in", message, "Run `callscribe login` again."));
    }
    let account = api.0.loops.signed_in(state.unwrap_or_default(), code.unwrap_or_default()).await;
    let account = account.map_err(|error| ApiError::of_provider(&error))?;
    let text = format!("The account {account} is signed in. This window can be closed.\n");
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
