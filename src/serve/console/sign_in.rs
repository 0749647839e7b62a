//! `/sign-in`: the page for who is not signed in, and where one-time links lead; `/sign-out`; and the API's
//! `POST /api/v1/console/link`, by which `callscribe console` gets a link.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::sessions::{LINK_LIFE, cookie, set_cookie};
use super::{Here, Shell, page};
use crate::serve::error::{ApiError, ErrorBody};
use crate::serve::params::Params;
use crate::serve::{Api, Caller, ThroughTls};

/// Where links lead.
pub(in crate::serve) const PATH: &str = "/sign-in";

#[derive(Template)]
#[template(path = "sign_in.html", config = "src/serve/console/askama.toml")]
struct SignInPage {
    shell: Shell,
    /// A link was followed that is no longer good.
    is_stale: bool,
    signed_out: bool,
}

#[derive(Template)]
#[template(path = "signed_in.html", config = "src/serve/console/askama.toml")]
struct SignedInPage {
    shell: Shell,
}

/// Exchanges a link for a session, or says how to get one.
pub(super) async fn get(State(api): State<Api>, mut params: Params, request: Request) -> Result<Response, ApiError> {
    let code = params.text(&["code"])?;
    let signed_out = params.truth(&["signed_out"])?.unwrap_or(false);
    params.finish()?;
    let shell = Shell::signed_out("Sign in");
    let Some(code) = code else {
        if request.extensions().get::<Caller>().is_some() {
            return Ok(Redirect::to("/calls").into_response());
        }
        return Ok(page(&SignInPage { shell, is_stale: false, signed_out }));
    };
    let Some(session) = api.0.sign_ins.exchange(&code) else {
        return Ok(page(&SignInPage { shell, is_stale: true, signed_out: false }));
    };
    // A page that goes on by itself, not a redirect: to one that another site's link began, the browser would not send
    // the new cookie.
    let mut answer = page(&SignedInPage { shell });
    let is_tls = is_tls(request.headers(), request.extensions().get::<ThroughTls>().is_some());
    set(&mut answer, &session, is_tls);
    Ok(answer)
}

/// Ends the session.
pub(super) async fn out(State(api): State<Api>, tls: Option<Extension<ThroughTls>>, headers: HeaderMap) -> Response {
    if let Some(session) = cookie(&headers) {
        api.0.sign_ins.end(session);
    }
    let mut answer = Redirect::to("/sign-in?signed_out=true").into_response();
    set(&mut answer, "", is_tls(&headers, tls.is_some()));
    answer
}

/// Whether the browser speaks TLS: with us, or with a proxy before us that says so.
fn is_tls(headers: &HeaderMap, is_ours: bool) -> bool {
    is_ours || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
}

fn set(answer: &mut Response, session: &str, is_tls: bool) {
    if let Ok(cookie) = set_cookie(session, is_tls).parse() {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// A one-time link.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Link {
    /// The path to open in a browser, after the daemon's address.
    path: String,
    /// Seconds it is good for, once.
    valid_for_s: i64,
}

/// A link that signs one browser in to the console, once, within minutes.
#[utoipa::path(
    post, path = "/api/v1/console/link", tag = "daemon", operation_id = "make_console_link",
    responses((status = 201, description = "The link.", body = Link), (status = 401, body = ErrorBody))
)]
pub(in crate::serve) async fn link(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<(StatusCode, Json<Link>), ApiError> {
    params.finish()?;
    let path = api.0.sign_ins.offer_link(caller.role).map_err(|error| {
        tracing::error!(%error, "No link to the console could be made");
        ApiError::internal()
    })?;
    Ok((StatusCode::CREATED, Json(Link { path, valid_for_s: LINK_LIFE.as_secs() })))
}

impl Shell {
    fn signed_out(title: &str) -> Self {
        Self { is_signed_in: false, ..Self::new(Here::Calls, title) }
    }
}
