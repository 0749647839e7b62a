//! How an account stands at Webex: reachable, signed in, what it may, what it sees. Everything that is wrong becomes a
//! sentence with its mend.

use jiff::SignedDuration;
use reqwest::Url;

use super::api::Endpoint;
use super::{WebexProvider, links, list, wire};
use crate::config::WebexReach;
use crate::provider::client::{CallError, Request};
use crate::provider::{Access, Visible};

/// How far back is counted.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

impl WebexProvider {
    /// Asks for as little as tells.
    pub(super) async fn look_over(&self) -> Access {
        let mut access = Access::default();
        // Without a token the API refuses, which shows that it is there.
        match self.api.client.send(Request::get(self.api.list_url())).await {
            Ok(_) | Err(CallError::Refused(_)) => access.is_reachable = true,
            Err(error) => {
                access.advice.push(format!("Webex account {}: {error}", self.config.name));
                return access;
            }
        }
        if let Err(error) = self.api.token().await {
            access.advice.push(error.message);
            return access;
        }
        access.is_signed_in = true;
        access.missing = self.missing_scopes().await;
        if !access.missing.is_empty() {
            access.advice.push(format!(
                "Webex account {}: the sign-in lacks {}. Add what is missing to the app at developer.webex.com, then: {}",
                self.config.name,
                access.missing.join(", "),
                self.api.grant.sign_in_again()
            ));
        }
        self.look_at_list(&mut access).await;
        access
    }

    /// Scopes that the configuration needs and the tokens, as far as they say so, do not have.
    async fn missing_scopes(&self) -> Vec<String> {
        let held = self.api.keeper.held().await.ok().flatten();
        let Some(granted) = held.and_then(|tokens| tokens.scope) else { return Vec::new() };
        let granted: Vec<&str> = granted.split_whitespace().collect();
        let missing = self.api.grant.scopes().iter().filter(|scope| !granted.contains(scope));
        missing.map(|scope| (*scope).to_owned()).collect()
    }

    async fn look_at_list(&self, access: &mut Access) {
        let answer = match self.api.get(Endpoint::List, self.week_url()).await {
            Ok(answer) => answer,
            Err(trouble) => {
                access.is_signed_in = trouble.status != Some(401);
                access.advice.push(trouble.error.message);
                return;
            }
        };
        let body = answer.json().unwrap_or_default();
        let items = wire::list(&body, "items");
        let at_least = answer.header("link").and_then(list::next_page).is_some();
        access.visible = Some(Visible { count: items.len(), at_least });
        let account = &self.config.name;
        match items.iter().find_map(|item| wire::id(item, "id")) {
            None => access.advice.push(self.why_nothing()),
            Some(_) if self.api.reach == WebexReach::Admin => access.advice.push(format!(
                "Webex account {account}: an administrator sees recordings without their audio. Set reach = \"compliance\" and \
                 sign in as a compliance officer."
            )),
            Some(id) => self.look_at_links(&id, access).await,
        }
    }

    fn week_url(&self) -> Url {
        let now = self.clock.now();
        let from = now.checked_sub(WEEK).unwrap_or(now);
        let second = |time: jiff::Timestamp| jiff::Timestamp::from_second(time.as_second()).unwrap_or(time).to_string();
        let mut url = self.api.list_url();
        url.query_pairs_mut()
            .append_pair("from", &second(from))
            .append_pair("to", &second(now))
            .append_pair("max", "100")
            .append_pair("status", "available");
        url
    }

    /// The newest recording tells whether there are links at all.
    async fn look_at_links(&self, id: &str, access: &mut Access) {
        match self.recording(id).await {
            Ok(recording) if !links::has_links(&recording) => access.advice.push(format!(
                "Webex account {}: the newest recording has no links to its audio. If that stays so, \"Prevent Downloading\" is \
                 on in Control Hub, or whoever signed in is neither its owner nor a compliance officer.",
                self.config.name
            )),
            Ok(_) => {}
            Err(trouble) => access.advice.push(trouble.error.message),
        }
    }

    fn why_nothing(&self) -> String {
        let account = &self.config.name;
        let more = match (self.api.reach, self.webex.owner_emails.is_empty()) {
            (WebexReach::User, _) => {
                "Only recordings of whoever signed in are shown; reach = \"compliance\" shows all."
            }
            (_, true) => "Should there be some, name their owners in owner_emails.",
            (_, false) => "Owners in owner_emails are asked for one by one when recordings are looked for.",
        };
        format!(
            "Webex account {account}: no recordings of the last week are shown. The recording provider in Control Hub must be \
             Webex. {more}"
        )
    }
}
