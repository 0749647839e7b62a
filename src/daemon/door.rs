//! Who may come in, as the configuration says.

use std::sync::Arc;

use crate::config::ApiConfig;
use crate::serve::{Door, NoSessions};

/// The door of the API.
pub(super) fn of(api: &ApiConfig) -> Door {
    Door {
        tokens: api.tokens.clone(),
        socket_role: api.socket_role,
        hosts: api.hosts.clone(),
        open_metrics: api.open_metrics,
        sessions: Arc::new(NoSessions),
    }
}
