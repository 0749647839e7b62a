//! Discovery: the list of converged recordings, one page a call (fact sheet, section 2).
//!
//! Windows are cut to the provider's limit of 30 days and always have both ends. The next page's link is followed as it
//! is, on the API's own host alone. Recordings come by the time their file was made, which may be hours after the
//! recording began: every look overlaps the last one.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::LINK;
use serde_json::Value;

use super::api::{Endpoint, Trouble};
use super::cursor::Look;
use super::{WebexProvider, facts, wire};
use crate::call::Disposition;
use crate::config::WebexReach;
use crate::provider::client::Answer;
use crate::provider::{Discovery, Listed, ProviderError, Refused};

/// The largest page Webex gives.
const PAGE_MAX: u32 = 100;
/// The smallest one asked for where it takes too long to make (504).
const PAGE_MIN: u32 = 10;
/// Pages of one slice: a hundred thousand recordings.
const PAGES_MAX: usize = 1000;

/// How many recordings are asked for at once: fewer after a timeout on the other side, all again after a whole look.
pub(super) struct PageSize(AtomicU32);

impl Default for PageSize {
    fn default() -> Self {
        Self(AtomicU32::new(PAGE_MAX))
    }
}

impl PageSize {
    fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn halve(&self) {
        self.0.store((self.get() / 2).max(PAGE_MIN), Ordering::Relaxed);
    }

    fn reset(&self) {
        self.0.store(PAGE_MAX, Ordering::Relaxed);
    }
}

impl WebexProvider {
    /// One page, and where the next one is.
    pub(super) async fn look(&self, cursor: Option<&str>) -> Result<Discovery, ProviderError> {
        let spans = (self.config.look_back, self.config.overlap);
        let mut look = Look::go_on(cursor, self.clock.now(), spans, self.owners().len());
        self.one_page(&mut look).await
    }

    /// Pages of what was made since then, until there are `limit` recordings.
    pub(super) async fn look_since(&self, since: Timestamp, limit: usize) -> Result<Discovery, ProviderError> {
        let mut look = Look::over(since, self.clock.now(), self.owners().len());
        let mut all = Discovery::default();
        loop {
            let page = match self.one_page(&mut look).await {
                // What came before is not lost with what did not.
                Err(error) if !all.listed.is_empty() => {
                    all.refused.push(self.listing_refused(error.message));
                    return Ok(all);
                }
                page => page?,
            };
            all.listed.extend(page.listed);
            all.refused.extend(page.refused);
            if all.listed.len() >= limit || !page.more {
                all.listed.truncate(limit);
                return Ok(all);
            }
        }
    }

    /// Owners that are asked for one by one; only administrators can.
    fn owners(&self) -> &[String] {
        match self.api.reach {
            WebexReach::User => &[],
            WebexReach::Admin | WebexReach::Compliance => &self.webex.owner_emails,
        }
    }

    async fn one_page(&self, look: &mut Look) -> Result<Discovery, ProviderError> {
        let url = self.page_url(look);
        look.note(wire::fingerprint(url.as_str()));
        let answer = match self.api.get(Endpoint::List, url).await {
            Ok(answer) => answer,
            Err(trouble) => return self.without_page(look, trouble),
        };
        let body = answer.json().map_err(|error| self.api.trouble(Endpoint::List, &error))?;
        let Some(items) = body["items"].as_array() else { return Err(self.no_items()) };
        let mut discovery = self.read(items);
        let stop = self.turn_page(look, &answer);
        discovery.refused.extend(stop.map(|reason| self.listing_refused(reason)));
        discovery.more = !look.is_over();
        if look.is_over() && look.is_whole() {
            self.page_size.reset();
        }
        if look.is_over() && look.settle() {
            discovery.cleared.push(self.api.list_url().into());
        }
        discovery.cursor = look.cursor();
        Ok(discovery)
    }

    fn page_url(&self, look: &Look) -> Url {
        let followed = look.page().and_then(|page| Url::parse(page).ok()).filter(|url| self.api.is_own(url));
        if let Some(url) = followed {
            return url;
        }
        let (from, to) = look.slice();
        let mut url = self.api.list_url();
        url.query_pairs_mut()
            .append_pair("from", &from.to_string())
            .append_pair("to", &to.to_string())
            .append_pair("max", &self.page_size.get().to_string())
            .append_pair("status", "available");
        if let Some(owner) = look.owner().and_then(|owner| self.owners().get(owner)) {
            url.query_pairs_mut().append_pair("ownerEmail", owner);
        }
        url
    }

    /// A continuation may have died meanwhile: the slice begins again with the next look, and nothing is lost.
    fn without_page(&self, look: &mut Look, trouble: Trouble) -> Result<Discovery, ProviderError> {
        if trouble.status == Some(504) {
            self.page_size.halve();
        }
        let is_dead = look.page().is_some() && matches!(trouble.status, Some(400 | 404 | 410));
        if !is_dead {
            return Err(trouble.error);
        }
        look.begin_slice_again();
        let reason = format!("{} The list is read again from its beginning with the next look.", trouble.error.message);
        Ok(Discovery {
            refused: vec![self.listing_refused(reason)],
            cursor: look.cursor(),
            more: false,
            ..Discovery::default()
        })
    }

    /// Sets `look` to what comes after this page; answers why the listing was left before its end, if it was.
    fn turn_page(&self, look: &mut Look, answer: &Answer) -> Option<String> {
        let account = &self.config.name;
        let next = answer.headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok()).find_map(next_page);
        let Some(next) = next else {
            look.end_slice();
            return None;
        };
        let left = match Url::parse(next) {
            Ok(url) if self.api.is_own(&url) => {
                let mut probe = look.clone();
                match probe.note(wire::fingerprint(url.as_str())) {
                    (_, true) => "leads back to a page that was read before",
                    (seen, _) if seen >= PAGES_MAX => "does not end after a thousand pages",
                    _ => {
                        look.turn_to(url.into());
                        return None;
                    }
                }
            }
            Ok(_) => "goes on at a host that is not the API's, which was not asked",
            Err(_) => "goes on at something that is no address",
        };
        look.break_off_slice();
        let so_far = "The pages up to it were taken in; what came after it is missing.";
        Some(format!("Webex account {account}: the list of recordings {left}. {so_far}"))
    }

    /// What cannot be read is left out with a reason; the rest of the page stays.
    fn read(&self, items: &[Value]) -> Discovery {
        let mut discovery = Discovery::default();
        for item in items {
            match wire::id(item, "id") {
                // The list is asked for what is available; a recycle bin is no source.
                Some(_) if wire::text(item, "status").is_some_and(|status| !is_available(&status)) => {}
                Some(id) => discovery.listed.push(self.listed(id, item)),
                None => discovery.refused.push(self.unreadable(item)),
            }
        }
        discovery
    }

    /// A recording as a list or a delivery shows it.
    pub(super) fn listed(&self, id: String, item: &Value) -> Listed {
        let call = self.with_channels(facts::of_recording(item));
        let locator = self.api.url(&["convergedRecordings", &id]).into();
        Listed { remote_id: id, locator, call, returned: false }
    }

    fn unreadable(&self, item: &Value) -> Refused {
        let locator = format!("{}#{}", self.api.list_url(), wire::fingerprint(&item.to_string()));
        let account = &self.config.name;
        let reason = format!(
            "Webex account {account}: an entry of the list of recordings has no id that could be used; the others of its \
             page were taken in. Look for it in Control Hub."
        );
        Refused { locator, reason }
    }

    fn listing_refused(&self, reason: String) -> Refused {
        Refused { locator: self.api.list_url().into(), reason }
    }

    fn no_items(&self) -> ProviderError {
        let account = &self.config.name;
        let message = format!(
            "Webex account {account}: the list of recordings has no items. It is asked for again; should it stay so, check \
             base_url."
        );
        ProviderError::new(message, Disposition::Retry { after: None })
    }
}

/// `available`, in any case: the word is an open enumeration.
pub(super) fn is_available(status: &str) -> bool {
    status.eq_ignore_ascii_case("available")
}

/// The address that a `Link` header calls the next one: `<https://…>; rel="next"`.
pub(super) fn next_page(link: &str) -> Option<&str> {
    // Addresses may hold commas: the parts are cut where an address begins.
    link.split('<').skip(1).find_map(|part| {
        let (url, rest) = part.split_once('>')?;
        let is_next = rest.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        is_next.then_some(url)
    })
}

#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn only_the_next_page_is_followed() {
        let one = r#"<https://x/a?b=1,2&c=d>; rel="next""#;
        assert_eq!(next_page(one), Some("https://x/a?b=1,2&c=d"));
        assert_eq!(next_page(r#"<https://x/1>; rel="prev", <https://x/2>; REL=next"#), Some("https://x/2"));
        assert_eq!(next_page(r#"<https://x/1>; rel="prev", <https://x/2>; rel="last""#), None);
        for odd in ["", "<", "<>", "rel=next", "<https://x", "<https://x>; rel"] {
            assert_eq!(next_page(odd), None, "{odd}");
        }
    }
}
