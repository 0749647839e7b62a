//! Style sheets and scripts: part of the program, each under a name that holds the digest of its content, so that a
//! browser may keep it for ever and never shows an old one after an upgrade.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::super::error::ApiError;

/// Where they are.
pub(in crate::serve) const FOLDER: &str = "/static/";
/// Bytes of the digest that a name holds: two files of one name never share them.
const DIGEST_BYTES: usize = 6;

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
    /// `console.0123456789ab.css`.
    address: String,
}

/// Content, by the name in the templates.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        asset("console.css", include_bytes!("static/console.css")),
        asset("pages.css", include_bytes!("static/pages.css")),
        asset("theme.js", include_bytes!("static/theme.js")),
        asset("console.js", include_bytes!("static/console.js")),
        asset("live.js", include_bytes!("static/live.js")),
        asset("calls.js", include_bytes!("static/calls.js")),
        asset("call.js", include_bytes!("static/call.js")),
        asset("trends.js", include_bytes!("static/trends.js")),
        asset("waveform.js", include_bytes!("static/waveform.js")),
        asset("icon.svg", include_bytes!("static/icon.svg")),
    ]
});

fn asset(name: &'static str, content: &'static [u8]) -> Asset {
    let media_type = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "image/svg+xml",
    };
    let digest: String = Sha256::digest(content)[..DIGEST_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    Asset { name, media_type, content, address: format!("{stem}.{digest}.{ending}") }
}

/// The address of a file by its plain name.
pub(super) fn address(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    debug_assert!(asset.is_some(), "{name} is not among the console's files");
    format!("{FOLDER}{}", asset.map_or(name, |asset| asset.address.as_str()))
}

/// Answers with one file.
pub(super) async fn get(Path(wanted): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let asset = ASSETS.iter().find(|asset| asset.address == wanted).ok_or_else(|| {
        let message = "There is no such file; the page that names it may be from before an upgrade.";
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message, "Load the page again.")
    })?;
    let etag = format!("\"{}\"", asset.address);
    let common = [(header::CACHE_CONTROL, "public, max-age=31536000, immutable"), (header::ETAG, etag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *etag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    Ok((common, [(header::CONTENT_TYPE, asset.media_type)], asset.content).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_its_content() {
        let (one, other) = (asset("a.css", b"a{}"), asset("a.css", b"b{}"));
        assert_ne!(one.address, other.address);
        assert!(one.address.starts_with("a.") && one.address.ends_with(".css"), "{}", one.address);
    }

    #[test]
    fn nothing_comes_from_anywhere_else() {
        for asset in ASSETS.iter() {
            let text = std::str::from_utf8(asset.content).unwrap();
            let elsewhere = text.match_indices("://").any(|(at, _)| !text[at..].starts_with("://www.w3.org/2000/svg"));
            assert!(!elsewhere, "{} names another host", asset.name);
        }
    }
}
