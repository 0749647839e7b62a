//! Removal: for good, into the recycle bin and out of it; and another owner.

use serde_json::{Value, json};

use super::{Webex, WebexRecording, error, forbidden, not_found, status};
use crate::fakes::{Asked, Reply, locked};

/// So many recordings can be moved at once.
const IDS_MAX: usize = 100;
const COMMENT_MAX: usize = 255;

impl Webex {
    /// For compliance officers, with a reason.
    pub(super) fn delete(&self, asked: &Asked, id: &str, scopes: &[String]) -> Reply {
        if !scopes.iter().any(|scope| scope == "spark-compliance:recordings_write") {
            return forbidden();
        }
        let body = asked.json().unwrap_or_default();
        let comment = body["comment"].as_str().unwrap_or_default();
        if body["reason"].as_str().unwrap_or_default().is_empty() || comment.chars().count() > COMMENT_MAX {
            return error(400, "A reason is needed, and a comment of 255 characters at most.");
        }
        let mut state = locked(&self.state);
        match state.recordings.iter_mut().find(|recording| recording.id == id && !recording.is(status::PURGED)) {
            Some(recording) => {
                status::PURGED.clone_into(&mut recording.status);
                Reply::empty(204)
            }
            None => not_found(),
        }
    }

    /// `softDelete`, `restore` and `purge`: by ids, or all of one owner.
    pub(super) fn move_all(&self, asked: &Asked, action: &str, scopes: &[String]) -> Reply {
        if !scopes.iter().any(|scope| scope.ends_with(":recordings_write")) {
            return forbidden();
        }
        let (from, to, all) = match action {
            "softDelete" => (status::AVAILABLE, status::DELETED, "trashAll"),
            "restore" => (status::DELETED, status::AVAILABLE, "restoreAll"),
            _ => (status::DELETED, status::PURGED, "purgeAll"),
        };
        let body = asked.json().unwrap_or_default();
        let owner = (body[all] == json!(true)).then(|| body["ownerEmail"].clone());
        let ids = body["recordingIds"].as_array().cloned().unwrap_or_default();
        if (ids.is_empty() && owner.is_none()) || ids.len() > IDS_MAX {
            return error(400, "One to a hundred recordingIds are needed.");
        }
        let named = |recording: &WebexRecording| named_by(recording, &ids, owner.as_ref());
        let mut state = locked(&self.state);
        for recording in state.recordings.iter_mut().filter(|one| one.is(from)).filter(|one| named(one)) {
            to.clone_into(&mut recording.status);
        }
        Reply::empty(204)
    }

    pub(super) fn reassign(&self, asked: &Asked, scopes: &[String]) -> Reply {
        if !scopes.iter().any(|scope| scope == "spark-admin:recordings_write") {
            return forbidden();
        }
        let body = asked.json().unwrap_or_default();
        let ids = body["recordingIds"].as_array().cloned().unwrap_or_default();
        let Some(to) = body["reassignOwnerEmail"].as_str() else { return error(400, "reassignOwnerEmail is needed.") };
        let mut state = locked(&self.state);
        for recording in state.recordings.iter_mut().filter(|one| named_by(one, &ids, Some(&body["ownerEmail"]))) {
            to.clone_into(&mut recording.owner_email);
        }
        Reply::empty(204)
    }
}

/// Among the ids, or, where there are none, of the owner.
fn named_by(recording: &WebexRecording, ids: &[Value], owner: Option<&Value>) -> bool {
    match ids {
        [] => owner.is_some_and(|email| *email == json!(recording.owner_email)),
        ids => ids.contains(&json!(recording.id)),
    }
}
