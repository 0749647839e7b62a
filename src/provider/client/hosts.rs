//! Which hosts an account may reach, by name and by address.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{CallError, host_of};
use crate::config::is_here;

/// A host that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRule {
    /// This host; with a port where it is not the usual one.
    Exact(String),
    /// Every host below this name: `webex.com` allows `a.webex.com` and `b.c.webex.com`, not `evil-webex.com`.
    Below(String),
}

/// What an account may reach.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// The hosts.
    pub rules: Vec<HostRule>,
    /// Where they may lie.
    pub places: Places,
}

/// Where hosts may lie, whatever they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// At public addresses, by TLS.
    Public,
    /// Inside this network or machine too, and without TLS: for a gateway of one's own, and for tests.
    Anywhere,
    /// On this machine or inside this network and nowhere else, also without TLS: what is sent there must not leave.
    Here,
}

impl Places {
    /// Public addresses, and private ones where an account says so.
    pub const fn with_private(allow_private: bool) -> Self {
        if allow_private { Self::Anywhere } else { Self::Public }
    }

    fn allow(self, address: IpAddr) -> bool {
        match self {
            Self::Public => !is_private(address),
            Self::Anywhere => true,
            Self::Here => is_here(plain(address)),
        }
    }
}

impl Hosts {
    /// Whether `url` may be asked.
    ///
    /// # Errors
    ///
    /// [`CallError::ForeignHost`], [`CallError::PrivateAddress`].
    pub fn check(&self, url: &Url) -> Result<(), CallError> {
        let host = host_of(url);
        let is_plain = url.scheme() == "https" || (self.places != Places::Public && url.scheme() == "http");
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !is_plain || has_user || !self.rules.iter().any(|rule| rule.allows(url)) {
            return Err(CallError::ForeignHost { host });
        }
        let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        match address {
            Some(address) if !self.places.allow(address) => Err(match self.places {
                Places::Here => CallError::RemoteAddress { host },
                _ => CallError::PrivateAddress { host },
            }),
            _ => Ok(()),
        }
    }
}

impl HostRule {
    fn allows(&self, url: &Url) -> bool {
        // The address parser has put names in lower case and dropped a usual port.
        match self {
            Self::Exact(host) => host_of(url) == *host,
            Self::Below(name) => {
                let below = url.host_str().and_then(|host| host.strip_suffix(name.as_str()));
                below.is_some_and(|rest| rest.ends_with('.')) && url.port().is_none()
            }
        }
    }
}

/// Looks names up and leaves out addresses that are not where they may be: a name under somebody else's control may point
/// anywhere.
pub(super) struct PlacedNames(Places);

impl PlacedNames {
    pub(super) fn of(hosts: &Hosts) -> Arc<Self> {
        Arc::new(Self(hosts.places))
    }
}

impl Resolve for PlacedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let places = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| places.allow(address.ip())).collect();
            if allowed.is_empty() {
                let wanted = if places == Places::Here {
                    "address on this machine or in this network"
                } else {
                    "public address"
                };
                let message = format!("{} has no {wanted}", name.as_str());
                return Err(io::Error::other(message).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Addresses of this machine, of local networks, and those that are no single host's.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_this_network = a == 0;
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || is_shared
                || is_this_network
                || a >= 240
        }
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_private(v4),
            None => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
            }
        },
    }
}

/// An address as what it is when it is one inside another.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded(v6).unwrap_or(address),
        IpAddr::V4(_) => address,
    }
}

/// The IPv4 address inside an IPv6 one, as mapped (`::ffff:a.b.c.d`) or translated (`64:ff9b::a.b.c.d`).
fn embedded(address: Ipv6Addr) -> Option<IpAddr> {
    if let Some(v4) = address.to_ipv4_mapped() {
        return Some(v4.into());
    }
    let octets = address.octets();
    let is_translated = octets[..12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    is_translated.then(|| IpAddr::from([octets[12], octets[13], octets[14], octets[15]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(places: Places) -> Hosts {
        let rules = vec![
            HostRule::Exact("api.twilio.com".into()),
            HostRule::Below("webex.com".into()),
            HostRule::Exact("127.0.0.1:8401".into()),
            HostRule::Exact("10.0.0.1".into()),
        ];
        Hosts { rules, places }
    }

    fn allowed(url: &str, allow_private: bool) -> bool {
        hosts(Places::with_private(allow_private)).check(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn only_the_accounts_hosts_are_reached_and_only_by_tls() {
        assert!(allowed("https://api.twilio.com/2010-04-01", false));
        assert!(allowed("https://API.twilio.com:443/", false));
        assert!(allowed("https://eu.files.webex.com/x", false));
        for refused in [
            "http://api.twilio.com/",
            "https://api.twilio.com.evil.org/",
            "https://evil-webex.com/",
            "https://webex.com:8443/",
            "https://user:word@api.twilio.com/",
            "ftp://api.twilio.com/",
        ] {
            assert!(!allowed(refused, true) || refused.starts_with("http://api"), "{refused}");
            assert!(!allowed(refused, false), "{refused}");
        }
    }

    #[test]
    fn private_addresses_are_reached_only_when_that_is_configured() {
        assert!(!allowed("https://10.0.0.1/", false) && allowed("https://10.0.0.1/", true));
        assert!(!allowed("http://127.0.0.1:8401/", false) && allowed("http://127.0.0.1:8401/", true));
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["3.4.5.6", "172.32.0.1", "100.128.0.1", "2606:4700::1"] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn what_may_not_leave_goes_to_no_public_address() {
        let rule = |host: &str| Hosts { rules: vec![HostRule::Exact(host.to_owned())], places: Places::Here };
        let allowed = |host: &str| rule(host).check(&Url::parse(&format!("http://{host}/v1")).unwrap());
        for here in ["127.0.0.1:11434", "10.0.0.5", "192.168.1.9:8000", "[::1]:8080", "[fd00::5]"] {
            assert!(allowed(here).is_ok(), "{here}");
        }
        for elsewhere in ["3.4.5.6", "100.64.0.1", "169.254.169.254", "[2606:4700::1]", "0.0.0.0"] {
            assert!(matches!(allowed(elsewhere), Err(CallError::RemoteAddress { .. })), "{elsewhere}");
        }
    }
}
