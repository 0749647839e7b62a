//! How an account stands: whether Twilio answers, takes the credentials, and what it shows.

use jiff::SignedDuration;

use super::refusals::Ask;
use super::{TwilioProvider, wire};
use crate::provider::client::CallError;
use crate::provider::{Access, Visible};

/// What counts as lately.
const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Recordings counted: a whole page.
const COUNTED_MAX: usize = 1000;

impl TwilioProvider {
    /// Asks for the recordings of the last week, and whether Voice Intelligence may be asked.
    pub(super) async fn standing(&self) -> Access {
        let mut access = Access { advice: self.misfits(), ..Access::default() };
        let week_ago = self.context.clock.now().checked_sub(LATELY).unwrap_or_default();
        let page = match self.first_page(week_ago, None, COUNTED_MAX) {
            Ok(url) => self.api.try_get(url).await,
            Err(error) => {
                access.advice.push(error.message);
                return access;
            }
        };
        match page {
            Ok(page) => {
                (access.is_reachable, access.is_signed_in) = (true, true);
                let count = wire::items(&page, "recordings").len();
                let at_least = wire::text(&page, "next_page_uri").is_some();
                access.visible = Some(Visible { count, at_least });
                if count == 0 {
                    access.advice.push(self.nothing_to_see());
                }
                self.ask_intelligence(&mut access).await;
            }
            Err(error) => {
                access.is_reachable = matches!(error, CallError::Refused(_));
                access.is_signed_in = matches!(error.status(), Some(status) if status != 401);
                if error.status() == Some(403) {
                    access.missing.push("reading recordings".to_owned());
                }
                access.advice.push(self.api.refusals.sentence(Ask::List, &error).message);
            }
        }
        access
    }

    async fn ask_intelligence(&self, access: &mut Access) {
        if !self.config.transcripts || !self.api.has_intelligence() {
            return;
        }
        let Ok(mut url) = self.api.intelligence("Transcripts") else { return };
        url.query_pairs_mut().append_pair("PageSize", "1");
        // An account that never used it may answer 404; that is nothing to mend.
        match self.api.try_get(url).await {
            Err(error) if error.status() != Some(404) => {
                if matches!(error.status(), Some(401 | 403)) {
                    access.missing.push("reading Voice Intelligence".to_owned());
                }
                access.advice.push(self.api.refusals.sentence(Ask::Transcript, &error).message);
            }
            _ => {}
        }
    }

    fn nothing_to_see(&self) -> String {
        format!(
            "Account {} at Twilio shows no recording of the last week. If there should be some, see whether they were made in a \
             subaccount (its own account_sid) or in another region.",
            self.config.name
        )
    }

    /// What the configuration asks for and cannot have.
    fn misfits(&self) -> Vec<String> {
        let name = &self.config.name;
        let mut advice = Vec::new();
        if self.config.webhooks && self.twilio.auth_token.is_none() {
            advice.push(format!(
                "Account {name} at Twilio takes deliveries, and only its primary Auth Token proves them: set auth_token_file \
                 beside the API key."
            ));
        }
        if self.config.webhooks && self.context.public_url.is_none() {
            advice.push(format!(
                "Account {name} at Twilio takes deliveries, and nobody knows where: set public_url in [webhooks]."
            ));
        }
        if self.config.record_calls && !self.config.webhooks {
            advice.push(format!(
                "Account {name} at Twilio is to record calls as they begin, and does not hear of them: set webhooks = true."
            ));
        }
        advice
    }
}
