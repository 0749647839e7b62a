//! How an account stands: reachable, signed in, allowed what the configuration asks for, and what it sees.

use std::collections::BTreeSet;

use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;

use super::api::{Api, Ask, Failure, Group};
use super::list::{Listing, recorded};
use super::sentence::{What, told};
use super::wire::{member, text};
use crate::config::AccountConfig;
use crate::provider::client::CallError;
use crate::provider::oauth::Tokens;
use crate::provider::{Access, ProviderError, Visible};

/// How far back recordings are counted, in hours.
const WEEK_H: i64 = 7 * 24;

/// Signs in, compares the scopes, and counts the recordings of a week.
pub async fn access(api: &Api, listing: &Listing, config: &AccountConfig) -> Access {
    let token: Result<SecretString, ProviderError> = api.token().await;
    if let Err(error) = token {
        return Access { is_reachable: api.is_reached(), advice: vec![error.message], ..Access::default() };
    }
    let mut access = Access { is_reachable: true, is_signed_in: true, ..Access::default() };
    let mut missing = BTreeSet::new();
    match api.held().await {
        Ok(tokens) => {
            let scopes = missing_scopes(tokens.as_ref(), config);
            access.advice.extend(scopes.iter().map(|scope| advice(scope)));
            missing.extend(scopes);
        }
        Err(error) => access.advice.push(error.message),
    }
    let since = api.clock.now().checked_sub(jiff::SignedDuration::from_hours(WEEK_H)).unwrap_or_default();
    for url in listing.first_pages(api, since) {
        match api.try_json(Ask::get(What::CallLog, Group::Heavy, url)).await {
            Ok(answer) => add(&mut access, &answer),
            Err(failure) => {
                access.is_reachable = api.is_reached();
                access.is_signed_in = !matches!(failure, Failure::SignIn(_)) && failure.status() != Some(401);
                missing.extend(missing_permission(&failure));
                access.advice.push(api.explain(What::CallLog, failure).message);
                break;
            }
        }
    }
    access.missing = missing.into_iter().collect();
    access
}

fn add(access: &mut Access, answer: &Value) {
    let seen = access.visible.unwrap_or(Visible { count: 0, at_least: false });
    let next: Option<Url> =
        text(member(member(answer, "navigation"), "nextPage"), "uri").and_then(|uri| uri.parse().ok());
    let visible = Visible { count: seen.count + recorded(answer), at_least: seen.at_least || next.is_some() };
    access.visible = Some(visible);
}

/// Scopes the configuration needs (fact sheet, section 1), less those that the token has. The scope for webhooks goes by
/// several names; whether it is there shows when the subscription is made.
fn missing_scopes(tokens: Option<&Tokens>, config: &AccountConfig) -> Vec<String> {
    let Some(scope) = tokens.and_then(|tokens| tokens.scope.as_deref()) else { return Vec::new() };
    let has = |wanted: &str| scope.split(' ').any(|scope| scope.eq_ignore_ascii_case(wanted));
    let mut missing = Vec::new();
    let mut need = |wanted: &str, is_there: bool| missing.extend((!is_there).then(|| wanted.to_owned()));
    // Reading recordings implies reading the log.
    need("ReadCallLog", has("ReadCallLog") || has("ReadCallRecording"));
    need("ReadCallRecording", has("ReadCallRecording"));
    need("RingSense", !config.transcripts || has("RingSense"));
    need("CallControl", !config.record_calls || has("CallControl"));
    missing
}

fn missing_permission(failure: &Failure) -> Option<String> {
    match failure {
        Failure::Call(CallError::Refused(refusal)) if refusal.status == 403 => told(refusal).permission,
        _ => None,
    }
}

fn advice(missing: &str) -> String {
    match missing {
        "RingSense" => {
            "Without RingSense there are no transcripts from RingCentral. Add the scope to the app, or set transcripts = \
             false."
                .to_owned()
        }
        "CallControl" => {
            "Without CallControl no recording can be begun. Add the scope to the app, or set record_calls = false."
                .to_owned()
        }
        missing => format!("Add {missing} to the app in RingCentral's developer console."),
    }
}
