//! Signing in at Webex: an integration that a person consents to in a browser, or a service app that an administrator
//! has authorised (fact sheet, section 1).
//!
//! Access tokens last two weeks, refresh tokens 90 days from their last use. What comes back is kept, whether or not the
//! refresh token changed; one that is left out of an answer stays in force. Client id and secret go in the form, only
//! to the API's own host.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::api::{said, with_parts};
use super::wire;
use crate::call::{AccountName, Disposition};
use crate::clock::Clock;
use crate::config::{WebexConfig, WebexReach};
use crate::provider::ProviderError;
use crate::provider::client::{Answer, Auth, CallError, Client, Refusal, Request};
use crate::provider::oauth::{Grant, Tokens, vault_name};

/// How long a token is taken to last when the answer does not say: a personal token's life.
const ACCESS_LIVES: Duration = Duration::from_secs(12 * 3600);

/// What is known of the app, and the way to its tokens.
pub(super) struct AppGrant {
    account: AccountName,
    client: Client,
    base: Url,
    client_id: String,
    client_secret: SecretString,
    service_app: Option<ServiceApp>,
    scopes: Vec<&'static str>,
    clock: Arc<dyn Clock>,
    redirect_uri: String,
}

struct ServiceApp {
    id: String,
    organisation: String,
    developer_token: Option<SecretString>,
}

/// What an account asks leave for beside reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wishes {
    pub(super) webhooks: bool,
    pub(super) record_calls: bool,
}

/// The scopes an account needs (fact sheet, section 1).
pub(super) fn scopes(reach: WebexReach, wishes: Wishes) -> Vec<&'static str> {
    let mut scopes = match reach {
        WebexReach::User => vec!["spark:recordings_read", "spark:recordings_write"],
        WebexReach::Admin => vec!["spark-admin:recordings_read", "spark-admin:recordings_write"],
        WebexReach::Compliance => vec!["spark-compliance:recordings_read", "spark-compliance:recordings_write"],
    };
    if wishes.webhooks && reach == WebexReach::Compliance {
        scopes.extend(["spark-compliance:webhooks_read", "spark-compliance:webhooks_write"]);
    }
    if wishes.record_calls {
        scopes.push("spark:calls_write");
    }
    scopes
}

impl AppGrant {
    pub(super) fn new(
        account: AccountName,
        config: &WebexConfig,
        scopes: Vec<&'static str>,
        clock: Arc<dyn Clock>,
        door: &str,
        (client, base): (Client, Url),
    ) -> Self {
        let service_app = config.service_app_id.clone().map(|id| ServiceApp {
            id,
            organisation: config.organisation_id.clone().unwrap_or_default(),
            developer_token: config.developer_token.clone(),
        });
        let redirect_uri = format!("{}/auth/callback", door.trim_end_matches('/'));
        let client_secret = config.client_secret.clone().unwrap_or_default();
        let client_id = config.client_id.clone();
        Self { account, client, base, client_id, client_secret, service_app, scopes, clock, redirect_uri }
    }

    /// Where the account's tokens are kept. A service app's are those of its organisation; a person's are whoever's
    /// signed in last.
    pub(super) fn vault_name(&self, source: &str) -> String {
        match &self.service_app {
            Some(app) => vault_name(source, &[self.base.as_str(), &self.client_id, &app.id, &app.organisation]),
            None => source.to_owned(),
        }
    }

    pub(super) fn redirecting_to(&mut self, redirect_uri: String) {
        self.redirect_uri = redirect_uri;
    }

    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The scopes that are wanted.
    pub(super) fn scopes(&self) -> &[&'static str] {
        &self.scopes
    }

    /// Where a person consents.
    pub(super) fn authorize_url(&self, state: &str, challenge: &str) -> Result<String, ProviderError> {
        if self.service_app.is_some() {
            let why = "is a service app and gets its tokens by itself; nobody signs in to it";
            return Err(self.problem(&format!("This account {why}."), Disposition::Reject));
        }
        let mut url = with_parts(&self.base, &["authorize"]);
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("state", state)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Tokens for the code that came with the browser.
    pub(super) async fn redeem(&self, code: &str, verifier: &str) -> Result<Tokens, ProviderError> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", verifier),
        ];
        let answer = self.client.send(Request::new(Method::POST, self.token_url()).form(fields)).await;
        let redirect_uri = &self.redirect_uri;
        let mend = format!(
            "A code works once and for a few minutes: begin again with `callscribe login webex`. The integration must name \
             {redirect_uri} as its redirect URI."
        );
        self.tokens_of(answer, None, |refusal| app_or(refusal, mend))
    }

    /// What a person does when the account's tokens are spent.
    pub(super) fn sign_in_again(&self) -> &'static str {
        match self.service_app {
            Some(_) => {
                "Put a fresh developer token into developer_token_file, and have an administrator of the organisation \
                 authorise the service app in Control Hub."
            }
            None => "Sign in again: run `callscribe login webex`, or open /auth/login of this daemon in a browser.",
        }
    }

    /// A pair for a refresh token.
    async fn refresh(&self, refresh: &SecretString) -> Result<Tokens, ProviderError> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
            ("refresh_token", refresh.expose_secret()),
        ];
        let answer = self.client.send(Request::new(Method::POST, self.token_url()).form(fields)).await;
        let mend = format!(
            "A refresh token ends after 90 days without use, and when access is withdrawn. {}",
            self.sign_in_again()
        );
        self.tokens_of(answer, Some(refresh), |refusal| app_or(refusal, mend))
    }

    /// The first pair of a service app, for the developer's token. Key names are partly verified.
    async fn of_service_app(&self, app: &ServiceApp) -> Result<Tokens, ProviderError> {
        let url = with_parts(&self.base, &["applications", &app.id, "token"]);
        let body = json!({
            "clientId": self.client_id,
            "clientSecret": self.client_secret.expose_secret(),
            "targetOrgId": app.organisation,
        });
        let token = app.developer_token.clone().unwrap_or_default();
        let request = Request::new(Method::POST, url).json(body).auth(Auth::Bearer(token));
        let answer = self.client.send(request).await;
        let mend = |refusal: &Refusal| match refusal.status {
            401 => "The developer token has ended: put a fresh one into developer_token_file.",
            403 => {
                "Check client_id, client_secret_file and organisation_id, and have a full administrator of that \
                 organisation authorise the service app in Control Hub."
            }
            404 => "There is no such service app: check service_app_id.",
            _ => "Check service_app_id and organisation_id.",
        };
        self.tokens_of(answer, None, |refusal| mend(refusal).to_owned())
    }

    fn token_url(&self) -> Url {
        with_parts(&self.base, &["access_token"])
    }

    fn tokens_of(
        &self,
        answer: Result<Answer, CallError>,
        refresh: Option<&SecretString>,
        mend: impl FnOnce(&Refusal) -> String,
    ) -> Result<Tokens, ProviderError> {
        match answer.and_then(|answer| answer.json()) {
            Ok(body) => self.read(&body, refresh).ok_or_else(|| {
                let why = "Webex's answer to the sign-in holds no access token. It is asked again later.";
                self.problem(why, Disposition::Retry { after: None })
            }),
            Err(error) => Err(self.refused(&error, mend)),
        }
    }

    fn read(&self, body: &Value, refresh: Option<&SecretString>) -> Option<Tokens> {
        let now = self.clock.now();
        let lives = |name| wire::whole(body, name).map(Duration::from_secs);
        let access = wire::text(body, "access_token")?;
        Some(Tokens {
            access: access.into(),
            access_until: after(now, lives("expires_in").unwrap_or(ACCESS_LIVES)),
            refresh: wire::text(body, "refresh_token").map(SecretString::from).or_else(|| refresh.cloned()),
            refresh_until: lives("refresh_token_expires_in").map(|lives| after(now, lives)),
            scope: wire::text(body, "scope"),
        })
    }

    /// A refused sign-in needs a person, a busy or broken host needs time.
    fn refused(&self, error: &CallError, mend: impl FnOnce(&Refusal) -> String) -> ProviderError {
        match error {
            CallError::Refused(refusal) => {
                let needs_person = matches!(refusal.status, 400 | 401 | 403 | 404);
                let (mend, disposition) = match needs_person {
                    true => (mend(refusal), Disposition::Park),
                    false => ("It is tried again later.".to_owned(), error.disposition()),
                };
                self.problem(&format!("Signing in was refused with {}. {mend}", said(refusal)), disposition)
            }
            _ => self.problem(&format!("Signing in did not work. {error}"), error.disposition()),
        }
    }

    fn problem(&self, why: &str, disposition: Disposition) -> ProviderError {
        ProviderError::new(format!("Webex account {}: {why}", self.account), disposition)
    }

    async fn any_tokens(&self, refresh: Option<&SecretString>) -> Result<Tokens, ProviderError> {
        match (refresh, &self.service_app) {
            (Some(refresh), None) => self.refresh(refresh).await,
            // A service app whose refresh token is spent begins again.
            (Some(refresh), Some(app)) => match self.refresh(refresh).await {
                Err(error) if error.disposition == Disposition::Park => self.of_service_app(app).await,
                refreshed => refreshed,
            },
            (None, Some(app)) => self.of_service_app(app).await,
            (None, None) => {
                let why = "Nobody is signed in: nobody has signed in yet, or the sign-in was not used for 90 days.";
                Err(self.problem(&format!("{why} {}", self.sign_in_again()), Disposition::Park))
            }
        }
    }
}

impl Grant for AppGrant {
    fn tokens<'a>(&'a self, refresh: Option<&'a SecretString>) -> BoxFuture<'a, Result<Tokens, ProviderError>> {
        self.any_tokens(refresh).boxed()
    }
}

/// The mend of a refused form: it may be the app that was not known.
fn app_or(refusal: &Refusal, mend: String) -> String {
    match refusal.status == 401 || refusal.json()["error"] == "invalid_client" {
        true => "Check client_id and client_secret_file of this account.".to_owned(),
        false => mend,
    }
}

fn after(now: Timestamp, lives: Duration) -> Timestamp {
    let lives = SignedDuration::try_from(lives).unwrap_or(SignedDuration::MAX);
    now.checked_add(lives).unwrap_or(Timestamp::MAX)
}
