//! The one subscription of an account at RingCentral: made, renewed, and made anew when it was blacklisted, which is for
//! ever (fact sheet, section 6).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::api::{Api, Ask, Group};
use super::sentence::What;
use super::wire::{self, id, list, member, text};
use crate::call::Disposition;
use crate::config::{AccountConfig, VendorConfig};
use crate::provider::ProviderError;

/// Where RingCentral delivers to, below our public address.
const DOOR: &str = "webhook/ringcentral";
/// How long a subscription is made for.
const LIFE_S: u64 = 7 * 86_400;
/// It is renewed when it has less time left: days of being off are survived.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(4 * 24);

const CALLS: &str = "/restapi/v1.0/account/~/telephony/sessions";
const ENDED_CALLS: &str = "/restapi/v1.0/account/~/telephony/sessions?withRecordings=true&statusCode=Disconnected";
const INSIGHTS: &str = "/ai/ringsense/v1/public/accounts/~/domains/pbx/insights";

/// Sees to it that there is one subscription, alive, for what the configuration asks.
pub async fn tend(api: &Api, config: &AccountConfig, public_url: Option<&str>) -> Result<(), ProviderError> {
    let account = &api.account;
    let secret = match &config.vendor {
        VendorConfig::RingCentral(vendor) => vendor.verification_token.as_ref(),
        _ => None,
    };
    let Some((public_url, secret)) = public_url.zip(secret) else {
        let message = format!(
            "The RingCentral account '{account}' takes no deliveries: they need webhooks.public_url and \
             verification_token_file."
        );
        return Err(ProviderError { message, disposition: Disposition::Park });
    };
    let address = format!("{}/{DOOR}", public_url.trim_end_matches('/'));
    let wanted = wanted(api, config).await?;
    let shown = ask(api, Group::Medium, Method::GET, "restapi/v1.0/subscription", None).await?;
    let ours = list(&shown, "records").iter().filter(|one| address_of(one).as_deref() == Some(&address));
    let mut kept = None;
    for subscription in ours {
        let Some(id) = id(subscription, "id") else { continue };
        let is_alive = text(subscription, "status").as_deref() == Some("Active");
        if kept.is_none() && is_alive && filters(subscription) == wanted {
            kept = Some((id, subscription));
        } else {
            end(api, &id).await?;
        }
    }
    let current = match kept {
        Some((id, subscription)) if is_ending(api, subscription) => {
            let path = format!("restapi/v1.0/subscription/{id}/renew");
            ask(api, Group::Light, Method::POST, &path, None).await?
        }
        Some((_, subscription)) => subscription.clone(),
        None => {
            let mode = json!({
                "transportType": "WebHook", "address": address, "verificationToken": secret.expose_secret()
            });
            let body = json!({ "eventFilters": wanted, "expiresIn": LIFE_S, "deliveryMode": mode });
            ask(api, Group::Medium, Method::POST, "restapi/v1.0/subscription", Some(body)).await?
        }
    };
    all_filters_stand(api, &current)
}

/// Calls as they end; all their events where calls are recorded as they begin; insights where the app may read them.
async fn wanted(api: &Api, config: &AccountConfig) -> Result<BTreeSet<String>, ProviderError> {
    api.token().await?;
    let scope = api.held().await?.and_then(|tokens| tokens.scope).unwrap_or_default();
    let reads_insights = config.transcripts && scope.split(' ').any(|scope| scope == "RingSense");
    let calls = if config.record_calls { CALLS } else { ENDED_CALLS };
    Ok([Some(calls), reads_insights.then_some(INSIGHTS)].into_iter().flatten().map(str::to_owned).collect())
}

/// What a subscription was made for, refused filters included: they are refused again.
fn filters(subscription: &Value) -> BTreeSet<String> {
    let enabled = list(subscription, "eventFilters").iter().filter_map(|filter| Some(filter.as_str()?.to_owned()));
    let disabled = list(subscription, "disabledFilters").iter().filter_map(|filter| text(filter, "filter"));
    enabled.chain(disabled).map(|filter| anonymous(&filter)).collect()
}

/// RingCentral writes the account's number where we wrote `~`.
fn anonymous(filter: &str) -> String {
    let mut parts: Vec<&str> = filter.split('/').collect();
    for place in 1..parts.len() {
        if matches!(parts[place - 1], "account" | "accounts") {
            parts[place] = "~";
        }
    }
    parts.join("/")
}

fn address_of(subscription: &Value) -> Option<String> {
    text(member(subscription, "deliveryMode"), "address")
}

fn is_ending(api: &Api, subscription: &Value) -> bool {
    let ends = wire::time(subscription, "expirationTime");
    ends.is_none_or(|ends| ends.duration_since(api.clock.now()) < RENEWED_BEFORE)
}

/// Ends a subscription; one that has ended by itself is as good.
async fn end(api: &Api, id: &str) -> Result<(), ProviderError> {
    let url = api.url(&format!("restapi/v1.0/subscription/{id}"));
    let ask = Ask { what: What::Subscription, group: Group::Medium, method: Method::DELETE, url, body: None };
    match api.try_json(ask).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.status() == Some(404) => Ok(()),
        Err(failure) => Err(api.explain(What::Subscription, failure)),
    }
}

async fn ask(api: &Api, group: Group, method: Method, path: &str, body: Option<Value>) -> Result<Value, ProviderError> {
    api.json(Ask { what: What::Subscription, group, method, url: api.url(path), body }).await
}

/// A filter that was refused brings nothing, and nobody says so but this answer.
fn all_filters_stand(api: &Api, subscription: &Value) -> Result<(), ProviderError> {
    let Some(refused) = list(subscription, "disabledFilters").first() else { return Ok(()) };
    let what = match text(refused, "filter").unwrap_or_default().contains("/telephony/") {
        true => "calls",
        false => "insights",
    };
    let reason = text(refused, "reason").unwrap_or_else(|| "no reason given".to_owned());
    let message = format!(
        "RingCentral does not tell the account '{}' of {what} ({reason}). Give the app, and the user it signs in as, the \
         permission to read them, or set webhooks = false.",
        api.account
    );
    Err(ProviderError { message, disposition: Disposition::Park })
}
