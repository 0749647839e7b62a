//! `?unmasked=true`: words and sound without the veil, for administrators, each time with a line in the audit trail.

use axum::http::StatusCode;

use super::error::ApiError;
use super::params::Params;
use super::{Api, Caller};
use crate::call::{RecordingId, Unredacted};
use crate::config::Role;
use crate::store::AuditEntry;

/// The parameter's name.
pub(super) const UNMASKED: &str = "unmasked";

/// Whether a request asks for what is behind the veil; an error when its caller may not.
pub(super) fn asked(api: &Api, caller: &Caller, params: &mut Params) -> Result<bool, ApiError> {
    if !params.truth(&[UNMASKED])?.unwrap_or(false) {
        return Ok(false);
    }
    if caller.role < Role::Admin {
        let message = format!("{} may not see what is masked; that takes the role admin.", caller.name);
        let hint = "Leave unmasked out, or ask with a token of that role.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "role_too_low", message, hint));
    }
    if api.0.store.fate() == Unredacted::Drop {
        let message = "Nothing unmasked is kept: privacy.unredacted is \"drop\".";
        return Err(ApiError::new(StatusCode::CONFLICT, "not_available", message, "Leave unmasked out."));
    }
    Ok(true)
}

/// Writes down that somebody saw `what` of a recording unmasked, before it is given out.
pub(super) async fn note(api: &Api, caller: &Caller, id: RecordingId, what: &str) -> Result<(), ApiError> {
    let entry = AuditEntry {
        at: api.0.clock.now(),
        by: caller.audit_name(),
        what: "read_unmasked".to_owned(),
        recording: Some(id),
        detail: format!("The {what} was given out unmasked."),
    };
    api.ask(move |store| store.audit(&entry)).await
}
