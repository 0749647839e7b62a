//! Who may come in, as the configuration says.

use crate::config::ApiConfig;
use crate::serve::{Door, SignIns};

/// The door of the API.
pub(super) fn of(api: &ApiConfig, console: SignIns) -> Door {
    Door {
        tokens: api.tokens.clone(),
        socket_role: api.socket_role,
        hosts: api.hosts.clone(),
        open_metrics: api.open_metrics,
        console,
    }
}
