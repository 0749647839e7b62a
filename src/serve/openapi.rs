//! `GET /openapi.json`: the API described by itself.

mod sink_event;

use axum::Json;
use axum::routing::{self, MethodRouter};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, InfoBuilder, OpenApi, OpenApiBuilder, Ref, Response, ResponseBuilder,
    SecurityRequirement, Server,
};

use super::Api;
use super::error::ErrorBody;

/// The description before any path is added.
pub(super) fn document() -> OpenApi {
    let info: Info = InfoBuilder::new()
        .title("callscribe")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Recordings of telephone calls and their transcripts, on this machine. Times of day are RFC 3339 in UTC; \
             times within a call are seconds from its first sample. Every error has the shape of ErrorBody.",
        ))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let mut components = Components::new();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let mut document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build();
    let (name, schema) = (<ErrorBody as utoipa::ToSchema>::name(), <ErrorBody as utoipa::PartialSchema>::schema());
    if let Some(components) = &mut document.components {
        components.schemas.insert(name.into_owned(), schema);
    }
    document
}

/// What the guard may answer to any request instead of the resource: (status, why).
const BY_THE_GUARD: [(&str, &str); 5] = [
    ("400", "A parameter, or the path, cannot be used."),
    ("401", "There is no valid token."),
    ("403", "The token's role is too low, or the request names another host."),
    ("503", "Too many requests are being answered; Retry-After says when to come back."),
    ("504", "The answer took longer than api.request_timeout_s."),
];

/// Adds what sinks are told, and to every operation what stands before all of them may answer.
pub(super) fn complete(document: &mut OpenApi) {
    sink_event::describe(document);
    for (path, item) in &mut document.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
            &mut item.head,
            &mut item.options,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            for (status, why) in BY_THE_GUARD {
                let is_open = status == "401" && super::roles::is_open(path);
                if !is_open && !responses.contains_key(status) {
                    responses.insert(status.to_owned(), refusal(why).into());
                }
            }
            if super::roles::is_open(path) {
                operation.security = Some(Vec::new());
            }
        }
    }
}

fn refusal(why: &str) -> Response {
    let body = Ref::from_schema_name(<ErrorBody as utoipa::ToSchema>::name());
    let content = ContentBuilder::new().schema(Some(body)).build();
    ResponseBuilder::new().description(why).content("application/json", content).build()
}

/// Serves the finished description.
pub(super) fn route(document: OpenApi) -> MethodRouter<Api> {
    routing::get(move || async move { Json(document) })
}
