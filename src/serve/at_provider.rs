//! Where a recording is heard whose audio is not here yet: at its provider, by a link that lives for a short while. Asked
//! for anew each time and never stored; nobody is sent there where the policy wants anything masked in the sound.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::Api;
use crate::call::{Place, Recording, Unredacted};

/// Longest wait for the provider: a listener is told rather that there is nothing yet.
const LINK_WAIT: Duration = Duration::from_secs(10);

/// The redirect; `None` where the audio is here, or may or can not be heard there.
pub(super) async fn elsewhere(api: &Api, recording: &Recording) -> Option<Response> {
    let store = &api.0.store;
    let is_withheld = store.masks_in(Place::Audio) || store.fate() != Unredacted::Keep;
    if is_withheld || recording.audio.is_some() || recording.deletion.is_some() {
        return None;
    }
    let link = tokio::time::timeout(LINK_WAIT, api.0.loops.audio_link(recording.clone())).await.ok().flatten()?;
    let link = HeaderValue::try_from(link).ok()?;
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(header::LOCATION, link), (header::CACHE_CONTROL, no_store)];
    Some((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
}
