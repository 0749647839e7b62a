//! `GET /openapi.json`: the API described by itself.

use axum::Json;
use axum::routing::{self, MethodRouter};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Info, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement, Server};

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

/// Serves the finished description.
pub(super) fn route(document: OpenApi) -> MethodRouter<Api> {
    routing::get(move || async move { Json(document) })
}
