//! Tokens: consent with a code and PKCE, refresh with or without rotation, service apps.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Webex, error, forbidden, not_found};
use crate::fakes::{Asked, Reply, examples, hex, locked};

/// A code from the consent page; it works once.
#[derive(Debug, Clone)]
struct Code {
    code: String,
    redirect_uri: String,
    scopes: Vec<String>,
    /// Challenge and whether it is `S256`.
    challenge: Option<(String, bool)>,
}

#[derive(Debug, Clone)]
struct Access {
    token: String,
    expires: Instant,
    scopes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Refresh {
    token: String,
    scopes: Vec<String>,
}

/// Everything that was granted.
#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: Vec<Code>,
    access: Vec<Access>,
    refresh: Vec<Refresh>,
    /// Asked for at the consent page, counted.
    consents: usize,
    denied: bool,
}

impl Webex {
    /// What the bearer may do; `None` for no token or a dead one.
    pub(super) fn scopes_of(&self, asked: &Asked) -> Option<Vec<String>> {
        let token = asked.bearer()?;
        let state = locked(&self.state);
        let access = state.grants.access.iter().find(|access| access.token == token)?;
        (self.clock.now() < access.expires).then(|| access.scopes.clone())
    }

    /// A pair with these scopes, without asking for it: access token, refresh token.
    pub fn tokens(&self, scopes: &[&str]) -> (String, String) {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        (self.new_access(&scopes), self.new_refresh(&scopes))
    }

    /// Every access token dies now; refresh tokens live.
    pub fn expire_access_tokens(&self) {
        let now = self.clock.now();
        locked(&self.state).grants.access.iter_mut().for_each(|access| access.expires = now);
    }

    /// Every refresh token is dead, as after 90 days unused.
    pub fn end_consent(&self) {
        locked(&self.state).grants.refresh.clear();
    }

    /// The consent page sends people back with `error=access_denied`.
    pub fn deny_consent(&self, on: bool) {
        locked(&self.state).grants.denied = on;
    }

    fn new_access(&self, scopes: &[String]) -> String {
        let token = format!("NDkzN2Ey{}_PE93_0123", hex("webex access", self.next(), 24));
        let expires = self.clock.now() + self.settings.access_token_lives;
        let access = Access { token: token.clone(), expires, scopes: scopes.to_vec() };
        locked(&self.state).grants.access.push(access);
        token
    }

    fn new_refresh(&self, scopes: &[String]) -> String {
        let token = format!("MDEyMzQ1{}_PE93_0123", hex("webex refresh", self.next(), 24));
        locked(&self.state).grants.refresh.push(Refresh { token: token.clone(), scopes: scopes.to_vec() });
        token
    }

    /// The person consents at once.
    pub(super) fn authorize(&self, asked: &Asked) -> Reply {
        let query = |name: &str| asked.query(name).unwrap_or_default();
        if query("client_id") != self.settings.client_id || query("response_type") != "code" {
            return error(400, "invalid_request: client_id or response_type");
        }
        let redirect_uri = query("redirect_uri");
        let asked_for = query("scope");
        let scopes = match asked_for.is_empty() {
            true => self.settings.scopes.clone(),
            false => asked_for.split(' ').map(str::to_owned).collect(),
        };
        let s256 = query("code_challenge_method") == "S256";
        let challenge = asked.query("code_challenge").map(|challenge| (challenge, s256));
        let code = hex("webex code", self.next(), 32);
        let mut state = locked(&self.state);
        state.grants.consents += 1;
        let answer = match state.grants.denied {
            true => ("error", "access_denied".to_owned()),
            false => ("code", code.clone()),
        };
        state.grants.codes.push(Code { code, redirect_uri: redirect_uri.clone(), scopes, challenge });
        let back = [answer, ("state", query("state"))];
        let back = form_urlencoded::Serializer::new(String::new()).extend_pairs(back).finish();
        let joint = if redirect_uri.contains('?') { '&' } else { '?' };
        Reply::empty(302).header("location", format!("{redirect_uri}{joint}{back}"))
    }

    pub(super) fn token(&self, asked: &Asked) -> Reply {
        let form = |name: &str| asked.form(name).unwrap_or_default();
        let ours = form("client_id") == self.settings.client_id && form("client_secret") == self.settings.client_secret;
        if asked.method != "POST" || !asked.is_form() || !ours {
            return error(401, "The client id or the client secret is wrong.");
        }
        match form("grant_type").as_str() {
            "authorization_code" => {
                match self.redeem(&form("code"), &form("redirect_uri"), asked.form("code_verifier")) {
                    Some(scopes) => self.pair(&scopes, Some(self.new_refresh(&scopes))),
                    None => invalid_grant(),
                }
            }
            "refresh_token" => self.refresh(&form("refresh_token")),
            _ => error(400, "unsupported_grant_type"),
        }
    }

    /// The scopes of a code. A challenge given at the consent page must be answered; the code dies with the first try.
    fn redeem(&self, code: &str, redirect_uri: &str, verifier: Option<String>) -> Option<Vec<String>> {
        let mut state = locked(&self.state);
        let place = state.grants.codes.iter().position(|one| one.code == code)?;
        let code = state.grants.codes.swap_remove(place);
        let proven = match (&code.challenge, verifier) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((challenge, true)), Some(verifier)) => {
                URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == *challenge
            }
            (Some((challenge, false)), Some(verifier)) => verifier == *challenge,
        };
        (proven && code.redirect_uri == redirect_uri).then_some(code.scopes)
    }

    fn refresh(&self, token: &str) -> Reply {
        let known = {
            let mut state = locked(&self.state);
            let place = state.grants.refresh.iter().position(|refresh| refresh.token == token);
            place.map(|place| match self.settings.rotate_refresh_tokens {
                true => state.grants.refresh.swap_remove(place),
                false => state.grants.refresh[place].clone(),
            })
        };
        let Some(known) = known else { return invalid_grant() };
        let next = if self.settings.rotate_refresh_tokens { self.new_refresh(&known.scopes) } else { known.token };
        self.pair(&known.scopes, Some(next))
    }

    /// The developer's bearer token asks for the customer's organisation.
    pub(super) fn service_app_token(&self, asked: &Asked, app: &str) -> Reply {
        if asked.bearer() != Some(&self.settings.developer_token) {
            return error(401, "The request requires a valid access token set in the Authorization request header.");
        }
        let body = asked.json().unwrap_or_default();
        let ours = json!({
            "clientId": self.settings.client_id,
            "clientSecret": self.settings.client_secret,
            "targetOrgId": self.settings.org_id,
        });
        match app == self.settings.service_app_id {
            false => not_found(),
            true if body != ours => forbidden(),
            true => self.pair(&self.settings.scopes, Some(self.new_refresh(&self.settings.scopes))),
        }
    }

    fn pair(&self, scopes: &[String], refresh: Option<String>) -> Reply {
        let lives: Duration = self.settings.access_token_lives;
        Reply::json(
            200,
            &examples::with(
                examples::json("webex_token.json"),
                json!({
                    "access_token": self.new_access(scopes),
                    "expires_in": lives.as_secs(),
                    "refresh_token": refresh,
                    "scope": scopes.join(" "),
                }),
            ),
        )
    }
}

fn invalid_grant() -> Reply {
    Reply::json(400, &examples::json("webex_token_error_invalid_grant.json"))
}
