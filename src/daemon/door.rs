//! The ways in, and who may come in by them, as the configuration says.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::config::ApiConfig;
use crate::serve::{Door, Listener, SignIns};

/// Everywhere the daemon listens.
pub(super) struct Ways {
    /// Each is served.
    pub(super) listeners: Vec<Listener>,
    /// Where this machine's own commands ask: plain HTTP on loopback.
    pub(super) address_for_commands: SocketAddr,
}

/// Who may come in.
pub(super) fn of(api: &ApiConfig, console: SignIns) -> Door {
    Door {
        tokens: api.tokens.clone(),
        socket_role: api.socket_role,
        hosts: api.hosts.clone(),
        open_metrics: api.open_metrics,
        console,
        sessions: None,
    }
}

/// Where a browser on this machine finds the console. An address that stands for all of them is none that a browser may
/// name; a certificate is made out to a name.
pub(super) fn console_url(api: &ApiConfig, address: SocketAddr) -> String {
    let scheme = if api.tls.is_some() { "https" } else { "http" };
    if !address.ip().is_unspecified() {
        return format!("{scheme}://{address}");
    }
    let own = if address.is_ipv4() { "127.0.0.1" } else { "[::1]" };
    match api.tls.as_ref().and(api.hosts.first()) {
        Some(name) if name.contains(':') => format!("{scheme}://{name}"),
        name => format!("{scheme}://{}:{}", name.map_or(own, String::as_str), address.port()),
    }
}

/// Opens what the configuration asks for besides `listener`. Where that is not plain HTTP on loopback, a second one is,
/// on a free port, for `callscribe list` and its like.
pub(super) async fn open(listener: TcpListener, api: &ApiConfig) -> anyhow::Result<Ways> {
    let address = listener.local_addr()?;
    let mut listeners = Vec::new();
    let address_for_commands = if address.ip().is_loopback() && api.tls.is_none() {
        address
    } else {
        let own = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("No port on loopback is free.")?;
        let address = own.local_addr()?;
        listeners.push(Listener::from(own));
        address
    };
    listeners.push(match &api.tls {
        Some(tls) => Listener::tls(listener, &tls.cert_file, &tls.key_file)?,
        None => Listener::from(listener),
    });
    if let Some(path) = &api.listen_unix {
        listeners.push(Listener::unix(path)?);
    }
    Ok(Ways { listeners, address_for_commands })
}
