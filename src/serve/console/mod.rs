//! The web console: pages for people, made on the server, with a little JavaScript that listens to the same API.
//!
//! One file a page, its template in `pages/`, style and scripts in `static/`. A page shows what the resources beside it
//! answer and nothing else: it calls them as a client would and reads their view types, so there is no second truth. All
//! text is escaped by the templates; what a caller said is never trusted. Pages change nothing: their forms are sent to the
//! API by `console.js`.

mod assets;
mod call;
mod calls;
mod chart;
mod course;
mod numbers;
mod queue;
mod sessions;
mod shown;
pub(super) mod sign_in;
mod system;
mod talked;
mod timeline;
mod trends;
mod webhook;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Api;
use super::error::{ApiError, as_it_is};
pub use sessions::{LINK_LIFE, SignIns};

/// What a page may do: run our own scripts, show our own style, talk to this daemon. No other host, nothing inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                           media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                           frame-ancestors 'none'";

/// The console's paths.
pub(super) fn router() -> Router<Api> {
    Router::new()
        .route("/", routing::get(|| async { Redirect::to("/calls") }))
        .route("/calls", routing::get(calls::get))
        .route("/calls/{id}", routing::get(call::get))
        .route("/numbers", routing::get(numbers::list))
        .route("/numbers/{number}", routing::get(numbers::get))
        .route("/queue", routing::get(queue::get))
        .route("/trends", routing::get(trends::get))
        .route("/system", routing::get(system::get))
        .route("/system/webhooks/{name}", routing::get(webhook::get))
        .route(sign_in::PATH, routing::get(sign_in::get))
        .route("/sign-out", routing::post(sign_in::out))
        .route("/static/{name}", routing::get(assets::get))
        .fallback(nothing_here)
}

/// Paths that need no session: how to get one, and what the page that says so looks like.
fn is_open(path: &str) -> bool {
    path == sign_in::PATH || path.starts_with(assets::FOLDER)
}

/// Whether a browser asks for a page on behalf of a person.
fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    *method == Method::GET && accepts.is_some_and(|accept| accept.contains("text/html"))
}

/// Which part of the console a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    Calls,
    Numbers,
    Queue,
    Trends,
    System,
}

impl Here {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Calls, "/calls", "Calls"),
        (Self::Numbers, "/numbers", "Numbers"),
        (Self::Queue, "/queue", "Queue"),
        (Self::Trends, "/trends", "Trends"),
        (Self::System, "/system", "System"),
    ];
}

/// What stands around every page.
struct Shell {
    here: Here,
    title: String,
    is_signed_in: bool,
    version: &'static str,
}

impl Shell {
    fn new(here: Here, title: impl Into<String>) -> Self {
        Self { here, title: title.into(), is_signed_in: true, version: env!("CARGO_PKG_VERSION") }
    }

    fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + use<> {
        let here = self.here;
        Here::ALL.into_iter().map(move |(part, path, name)| (path, name, part == here))
    }
}

/// A page as an answer.
fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => page_of(text),
        Err(error) => {
            tracing::error!(%error, "A page could not be made");
            ApiError::internal().into_response()
        }
    }
}

fn page_of(text: impl Into<axum::body::Body>) -> Response {
    let mut answer = Html(text.into()).into_response();
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    answer
}

#[derive(Template)]
#[template(path = "error.html", config = "src/serve/console/askama.toml")]
struct ErrorPage<'a> {
    shell: Shell,
    message: &'a str,
    hint: &'a str,
}

/// An error as a page.
struct PageError {
    here: Here,
    error: ApiError,
}

impl Here {
    /// For `map_err`: errors of this part are shown as pages of it.
    fn failed(self) -> impl Fn(ApiError) -> PageError {
        move |error| PageError { here: self, error }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, message, hint) = self.error.said();
        let title = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => "Not here",
            status if status.is_client_error() => "That did not work",
            _ => "Something is wrong",
        };
        let text = page(&ErrorPage { shell: Shell::new(self.here, title), message, hint });
        as_it_is((status, text))
    }
}

/// A path nobody knows, as a page for people; programs get the error that all errors have.
async fn nothing_here(State(_api): State<Api>, request: Request) -> Response {
    if !wants_page(request.method(), request.headers()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let error = ApiError::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing at this address.",
        "Choose a page above, or go back to the calls.",
    );
    PageError { here: Here::Calls, error }.into_response()
}

/// Reads what a resource answered, as a client would.
fn read<T: DeserializeOwned>(answer: &impl Serialize) -> Result<T, ApiError> {
    let value = serde_json::to_value(answer).and_then(serde_json::from_value);
    value.map_err(|error| {
        tracing::error!(%error, "The console does not understand the API's answer");
        ApiError::internal()
    })
}
