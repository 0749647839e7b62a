//! The webhook at Webex that brings deliveries: made, supervised, repaired (fact sheet, section 8).
//!
//! One webhook for all events of recordings; of the whole organisation where the account reads it as a compliance
//! officer, else of the signed-in user. It is known by its name, `callscribe ACCOUNT`, or by its address.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::api::{Endpoint, Trouble};
use super::{WebexProvider, wire};
use crate::call::Disposition;
use crate::config::WebexReach;
use crate::provider::ProviderError;

/// The path of our door.
const PATH: &str = "/webhook/webex";
/// Webhooks listed at once; an organisation has a few.
const MAX: &str = "100";

impl WebexProvider {
    /// Makes sure that there is one webhook, active, at our address and with our secret.
    pub(super) async fn keep_webhook(&self) -> Result<(), ProviderError> {
        if !self.config.webhooks {
            return Ok(());
        }
        let wanted = self.wanted_webhook()?;
        let mut url = self.api.url(&["webhooks"]);
        url.query_pairs_mut().append_pair("max", MAX);
        let listed = self.api.get_json(Endpoint::Webhooks, url).await?;
        let mut ours = wire::list(&listed, "items").iter().filter(|one| is_ours(one, &wanted));
        match ours.next() {
            None => self.create_webhook(&wanted).await?,
            Some(kept) if kept["event"] != wanted["event"] || kept["resource"] != wanted["resource"] => {
                self.delete_webhook(kept).await?;
                self.create_webhook(&wanted).await?;
            }
            Some(kept) if !is_well(kept, &wanted) => self.repair_webhook(kept, &wanted).await?,
            Some(_) => {}
        }
        // More than one would only deliver everything twice.
        for spare in ours {
            self.delete_webhook(spare).await?;
        }
        Ok(())
    }

    fn wanted_webhook(&self) -> Result<Value, ProviderError> {
        let account = &self.config.name;
        let missing = |what: &str| {
            let message = format!("Webex account {account}: webhooks are on, and they need {what}.");
            ProviderError::new(message, Disposition::Park)
        };
        let public_url = self.public_url.as_deref();
        let public_url =
            public_url.ok_or_else(|| missing("public_url in [webhooks], where Webex reaches this daemon"))?;
        let secret = self.webex.webhook_secret.as_ref();
        let secret = secret.ok_or_else(|| missing("webhook_secret_file, which proves deliveries"))?;
        let mut wanted = json!({
            "name": format!("callscribe {account}"),
            "targetUrl": format!("{}{PATH}", public_url.trim_end_matches('/')),
            "resource": "convergedRecordings",
            "event": "all",
            "secret": secret.expose_secret(),
        });
        if self.api.reach == WebexReach::Compliance {
            wanted["ownedBy"] = "org".into();
        }
        Ok(wanted)
    }

    async fn create_webhook(&self, wanted: &Value) -> Result<(), Trouble> {
        let url = self.api.url(&["webhooks"]);
        self.api.send_json(Endpoint::Webhooks, Method::POST, url, wanted.clone()).await?;
        tracing::info!(account = %self.config.name, "A webhook was made at Webex.");
        Ok(())
    }

    async fn repair_webhook(&self, kept: &Value, wanted: &Value) -> Result<(), Trouble> {
        let Some(id) = wire::id(kept, "id") else { return Ok(()) };
        let mut body = json!({ "status": "active" });
        for name in ["name", "targetUrl", "secret", "ownedBy"] {
            if wanted[name].is_string() {
                body[name] = wanted[name].clone();
            }
        }
        let url = self.api.url(&["webhooks", &id]);
        let repaired = self.api.send_json(Endpoint::Webhooks, Method::PUT, url, body).await;
        match repaired {
            // It went away in between.
            Err(Trouble { status: Some(404), .. }) => self.create_webhook(wanted).await,
            repaired => {
                repaired?;
                tracing::warn!(account = %self.config.name, "The webhook at Webex was not as it should be and was set right.");
                Ok(())
            }
        }
    }

    async fn delete_webhook(&self, kept: &Value) -> Result<(), Trouble> {
        let Some(id) = wire::id(kept, "id") else { return Ok(()) };
        let request = crate::provider::client::Request::new(Method::DELETE, self.api.url(&["webhooks", &id]));
        match self.api.call(Endpoint::Webhooks, request).await {
            Err(trouble) if trouble.status != Some(404) => Err(trouble),
            _ => Ok(()),
        }
    }
}

/// Ours by name, or by address and resource.
fn is_ours(webhook: &Value, wanted: &Value) -> bool {
    let same = |name: &str| webhook[name] == wanted[name];
    same("name") || (same("targetUrl") && same("resource"))
}

/// Active, at our address, with our secret where the list shows it.
fn is_well(webhook: &Value, wanted: &Value) -> bool {
    let is_active = wire::text(webhook, "status").is_some_and(|status| status.eq_ignore_ascii_case("active"));
    let same_secret = !webhook["secret"].is_string() || webhook["secret"] == wanted["secret"];
    is_active && webhook["targetUrl"] == wanted["targetUrl"] && same_secret
}
