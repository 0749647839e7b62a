//! Discovery: the account's recordings by the time they were made, one page a call. Fact sheet, section 3.
//!
//! Twilio names no limit for a window and promises no order, so a window is read whole, and the next one begins some time
//! before its end: a recording may appear late. What is known already comes again and the store knows it.

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::refusals::Ask;
use super::{TwilioProvider, facts, wire};
use crate::call::Disposition;
use crate::provider::reach::Reach;
use crate::provider::{Discovery, Listed, Pages, ProviderError, Refused};

/// Recordings on a page; 1000 are allowed, and what a look finds is stored in one transaction.
const PAGE_SIZE: usize = 500;
/// Pages of one window.
const PAGES_MAX: u32 = 1000;

const LOOP: &str = "Twilio's list of recordings leads back to a page that was read before; what came up to it was taken \
                    in. Look back by hand (callscribe fetch) once Twilio has mended it.";
const ENDLESS: &str = "Twilio's list of recordings has no end; the first thousand pages were taken in. Look back by hand \
                       (callscribe fetch) for what is missing.";
const FOREIGN: &str = "Twilio's list of recordings goes on at an address that is not this account's; it was not followed, \
                       and what came before was taken in. Check base_url, region and edge.";

/// Where a look goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    /// The window's beginning; without an end, the last window's end.
    since: Timestamp,
    /// The window's end, while it is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The page to read next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Pages read in this window.
    #[serde(default)]
    pages: u32,
    /// An earlier page of this window, moved on at every power of two: whoever runs in circles meets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// How far back windows reached.
    #[serde(default)]
    reach: Reach,
}

/// What comes behind a page.
enum Next {
    Page(String),
    End,
    Broken(&'static str),
}

impl TwilioProvider {
    /// Reads one page of the window that `cursor` stands in.
    pub(super) async fn page_at(&self, cursor: Option<String>) -> Result<Discovery, ProviderError> {
        let mut cursor = self.window(cursor.as_deref());
        let until = cursor.until.unwrap_or(cursor.since);
        let first = self.first_page(cursor.since, Some(until), PAGE_SIZE)?;
        let page = match cursor.page.as_deref().and_then(|page| self.api.next_page(page)) {
            Some(url) => match self.api.try_get(url).await {
                // A continuation can grow old: the window is read from its beginning again.
                Err(error) if matches!(error.status(), Some(400 | 404 | 410)) => {
                    (cursor.page, cursor.mark) = (None, None);
                    self.api.get(Ask::List, first).await?
                }
                answer => answer.map_err(|error| self.api.refusals.sentence(Ask::List, &error))?,
            },
            None => self.api.get(Ask::List, first).await?,
        };
        let mut found = self.taken(&page)?;
        cursor.pages += 1;
        let next = self.behind(&page, &cursor);
        let mut reach = cursor.reach.clone();
        let is_settled = !matches!(next, Next::Page(_)) && reach.end(cursor.since, matches!(next, Next::End));
        let end = Cursor { since: until, until: None, page: None, pages: 0, mark: None, reach };
        let cursor = match next {
            Next::Page(next) => {
                found.more = true;
                let is_mark = cursor.pages.is_power_of_two();
                let mark = if is_mark { Some(next.clone()) } else { cursor.mark.clone() };
                Cursor { page: Some(next), mark, ..cursor }
            }
            Next::End => {
                found.cleared.extend(is_settled.then(|| self.listing()));
                end
            }
            Next::Broken(reason) => {
                found.refused.push(Refused { locator: self.listing(), reason: reason.to_owned() });
                end
            }
        };
        found.cursor = serde_json::to_string(&cursor).ok();
        Ok(found)
    }

    /// Reads pages from `since` on until there are `limit` recordings.
    pub(super) async fn pages_since(&self, since: Timestamp, limit: usize) -> Result<Discovery, ProviderError> {
        let mut found = Discovery::default();
        let mut pages = Pages::default();
        let mut next = Some(self.first_page(since, None, limit.clamp(1, PAGE_SIZE))?);
        while let Some(url) = next.filter(|_| found.listed.len() < limit) {
            if let Err(error) = pages.visit(&url) {
                found.refused.push(Refused { locator: self.listing(), reason: error.message });
                break;
            }
            let page = self.api.get(Ask::List, url).await?;
            let Discovery { listed, refused, .. } = self.taken(&page)?;
            found.listed.extend(listed);
            found.refused.extend(refused);
            let uri = wire::text(&page, "next_page_uri");
            next = uri.as_deref().and_then(|uri| self.api.next_page(uri));
            if uri.is_some() && next.is_none() {
                found.refused.push(Refused { locator: self.listing(), reason: FOREIGN.to_owned() });
            }
        }
        found.listed.truncate(limit);
        Ok(found)
    }

    /// The first page of a window. Keys hold the operator (section 3): `DateCreated>=…` reads as "from … on".
    pub(super) fn first_page(
        &self,
        since: Timestamp,
        until: Option<Timestamp>,
        size: usize,
    ) -> Result<Url, ProviderError> {
        let mut url = self.api.voice("Recordings.json")?;
        let mut query = url.query_pairs_mut();
        query.append_pair("DateCreated>", &seconds(since)).append_pair("PageSize", &size.to_string());
        if let Some(until) = until {
            // Whole seconds: the one that has begun belongs to the window.
            query.append_pair("DateCreated<", &seconds(back(until, SignedDuration::from_secs(-1))));
        }
        drop(query);
        Ok(url)
    }

    fn window(&self, cursor: Option<&str>) -> Cursor {
        let now = self.context.clock.now();
        let new = |(since, reach)| Cursor { since, until: Some(now), page: None, pages: 0, mark: None, reach };
        match cursor.and_then(|text| serde_json::from_str::<Cursor>(text).ok()) {
            None => new(Reach::first(now, self.config.look_back)),
            Some(Cursor { since, until: None, reach, .. }) => new(reach.next(since, now, self.config.overlap)),
            Some(cursor) => cursor,
        }
    }

    fn behind(&self, page: &Value, cursor: &Cursor) -> Next {
        let Some(next) = wire::text(page, "next_page_uri") else { return Next::End };
        if self.api.next_page(&next).is_none() {
            return Next::Broken(FOREIGN);
        }
        let first = wire::text(page, "first_page_uri");
        let seen = [&cursor.page, &cursor.mark, &wire::text(page, "uri"), &first];
        if seen.into_iter().flatten().any(|seen| *seen == next) {
            return Next::Broken(LOOP);
        }
        if cursor.pages >= PAGES_MAX { Next::Broken(ENDLESS) } else { Next::Page(next) }
    }

    /// The recordings of a page; one that cannot be read stops none of the others.
    fn taken(&self, page: &Value) -> Result<Discovery, ProviderError> {
        let mut found = Discovery::default();
        if !page.get("recordings").is_some_and(Value::is_array) {
            // To go on from here would pass by what the page should have held.
            let retry = Disposition::Retry { after: None };
            return Err(self
                .api
                .refusals
                .say("the list of recordings came without recordings; it is asked for again.", retry));
        }
        for recording in wire::items(page, "recordings") {
            match wire::sid("RE", recording, "sid") {
                Some(remote_id) => found.listed.push(self.listed(remote_id, recording)),
                None => found.refused.push(unreadable(recording)),
            }
        }
        Ok(found)
    }

    /// A recording as a listing shows it.
    pub(super) fn listed(&self, remote_id: String, recording: &Value) -> Listed {
        let call = facts::listed(&self.config, recording);
        Listed { locator: self.api.locator(&remote_id), remote_id, call, returned: false }
    }

    /// What a broken listing is refused as.
    fn listing(&self) -> String {
        self.api.locator("").trim_end_matches('/').to_owned()
    }
}

/// A record without a SID, known by its content: pages shift.
fn unreadable(recording: &Value) -> Refused {
    let digest = Sha256::digest(recording.to_string());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let reason = "Twilio lists a recording without a sid (RE and 32 hexadecimal digits), so nobody can ask for it. Nothing can \
                  be done here; tell Twilio if it should be one of yours.";
    Refused { locator: format!("twilio:unreadable/{digest}"), reason: reason.to_owned() }
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn back(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}
