//! Finding recordings: RingCentral lists none, they are found in the call log (fact sheet, section 2).
//!
//! One look reads one page. Pages are read from the newest call back within a window whose end is fixed when it is
//! opened, so that calls that come meanwhile shift nothing out of sight. Windows overlap: calls reach the log late. The
//! log has no largest window. Records come with their legs, so that nothing need be asked for twice.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::{Api, Ask, Group};
use super::facts;
use super::place::Place;
use super::records::Records;
use super::sentence::What;
use super::wire::{self, id, list, member, text};
use crate::call::Disposition;
use crate::config::{AccountConfig, VendorConfig};
use crate::provider::reach::Reach;
use crate::provider::{Discovery, KnownPlace, Listed, Pages, ProviderError, Refused};

/// Records on a page, legs included.
const PAGE_RECORDS: &str = "250";
/// Pages of one window, over restarts: RingCentral numbers no more (fact sheet, section 2).
const PAGES_MAX: u32 = 1000;
/// Longer numbers are ids of extensions, shorter ones the numbers people dial.
const EXTENSION_NUMBER_DIGITS_MAX: usize = 6;
/// The name in the quarantine of a listing that did not end well.
const LISTING: &str = "call-log";

/// Where the next look starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    /// The last window ended here; while one is open, where it begins.
    since: Option<Timestamp>,
    /// Where the open window ends; absent while none is open.
    until: Option<Timestamp>,
    /// The page to be read; absent for the first.
    page: Option<String>,
    /// Pages read in this window.
    pages: u32,
    /// Which of the configured logs is being read.
    log: usize,
    /// How far back windows reached.
    reach: Reach,
    /// The open window was begun again once, after a page that was refused.
    begun_again: bool,
    /// Some log of the open window did not end well.
    is_broken: bool,
}

/// Whose calls are read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Log {
    /// The company's; needs FullCompanyCallLog.
    Company,
    /// Of the company's log what concerns the extension with this number.
    Number(String),
    /// The log of the extension with this id; `~` is the signed-in user's.
    Extension(String),
}

/// The listing of one account.
pub struct Listing {
    logs: Vec<Log>,
    look_back: Duration,
    overlap: Duration,
    channels: Vec<String>,
    /// Entries that stand in quarantine.
    quarantined: Mutex<HashSet<String>>,
}

/// One page, read.
struct Page {
    found: Discovery,
    /// The next page, or why there is none though RingCentral says so.
    next: Result<Option<Url>, String>,
}

impl Listing {
    /// As configured.
    pub fn new(config: &AccountConfig) -> Self {
        let extensions = match &config.vendor {
            VendorConfig::RingCentral(vendor) => vendor.extensions.as_slice(),
            _ => &[],
        };
        let logs = if extensions.is_empty() {
            vec![Log::Company]
        } else {
            extensions.iter().map(|extension| Log::of(extension)).collect()
        };
        Self {
            logs,
            look_back: config.look_back,
            overlap: config.overlap,
            channels: config.channels.clone(),
            quarantined: Mutex::default(),
        }
    }

    /// Takes in what stands in quarantine.
    pub fn recall(&self, _known: &[KnownPlace], quarantined: &[String]) {
        self.quarantined().extend(quarantined.iter().cloned());
    }

    fn quarantined(&self) -> MutexGuard<'_, HashSet<String>> {
        self.quarantined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the page that `cursor` names.
    ///
    /// # Errors
    ///
    /// One sentence; the same page is read next time.
    pub async fn discover(
        &self,
        api: &Api,
        records: &Records,
        cursor: Option<String>,
    ) -> Result<Discovery, ProviderError> {
        // A cursor nobody can read is a first look's.
        let cursor = cursor.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut cursor = self.opened(cursor, api.clock.now());
        let (Some(since), Some(until), Some(log)) = (cursor.since, cursor.until, self.logs.get(cursor.log)) else {
            return Ok(ended(Discovery::default(), &cursor));
        };
        let url = match cursor.page.as_deref().map(Url::parse) {
            Some(Ok(page)) if api.is_own(&page) => page,
            _ => log.first_page(api, since, until),
        };
        let page = match self.page(api, records, log, url, cursor.page.is_some()).await {
            // A continuation can grow old: the window is read from its beginning again, once.
            Ok(Page { next: Err(_), found })
                if found.listed.is_empty() && cursor.page.is_some() && !cursor.begun_again =>
            {
                (cursor.page, cursor.pages, cursor.begun_again) = (None, 0, true);
                return Ok(gone_on(found, &cursor));
            }
            page => page?,
        };
        let Page { mut found, next } = page;
        cursor.pages += 1;
        let next = next.and_then(|next| match next {
            Some(_) if cursor.pages >= PAGES_MAX => Err(endless(&api.account)),
            next => Ok(next),
        });
        match next {
            Ok(Some(next)) => {
                cursor.page = Some(next.into());
                Ok(gone_on(found, &cursor))
            }
            Ok(None) => Ok(self.log_read(found, &mut cursor)),
            Err(reason) => {
                cursor.is_broken = true;
                self.refuse(&mut found, LISTING.to_owned(), reason);
                Ok(self.log_read(found, &mut cursor))
            }
        }
    }

    /// Lists what was recorded since then, at most so many.
    ///
    /// # Errors
    ///
    /// One sentence, when nothing could be read.
    pub async fn look_back(
        &self,
        api: &Api,
        records: &Records,
        since: Timestamp,
        limit: usize,
    ) -> Result<Discovery, ProviderError> {
        let until = api.clock.now();
        let mut total = Discovery::default();
        for log in &self.logs {
            let mut pages = Pages::default();
            let mut next = Some(log.first_page(api, since, until));
            while let Some(url) = next.take().filter(|_| total.listed.len() < limit) {
                let page = match pages.visit(&url) {
                    Ok(()) => self.page(api, records, log, url, false).await,
                    Err(error) => Err(error),
                };
                let page = match page {
                    Ok(page) => page,
                    Err(error) if total.listed.is_empty() => return Err(error),
                    Err(error) => Page { found: Discovery::default(), next: Err(error.message) },
                };
                total.listed.extend(page.found.listed);
                total.refused.extend(page.found.refused);
                match page.next {
                    Ok(following) => next = following,
                    Err(reason) => self.refuse(&mut total, LISTING.to_owned(), reason),
                }
            }
        }
        total.listed.truncate(limit);
        Ok(total)
    }

    /// The first page of every log since then.
    pub fn first_pages(&self, api: &Api, since: Timestamp) -> Vec<Url> {
        let until = api.clock.now();
        self.logs.iter().map(|log| log.first_page(api, since, until)).collect()
    }

    /// Opens a window where none is open.
    fn opened(&self, cursor: Cursor, now: Timestamp) -> Cursor {
        if cursor.since.is_some() && cursor.until.is_some() {
            return cursor;
        }
        let (since, reach) = match cursor.since {
            Some(last) => cursor.reach.next(last, now, self.overlap),
            None => Reach::first(now, self.look_back),
        };
        Cursor { since: Some(since), until: Some(now), reach, ..Cursor::default() }
    }

    /// The log is at its end: on to the next one, or the window is closed.
    fn log_read(&self, mut found: Discovery, cursor: &mut Cursor) -> Discovery {
        let log = cursor.log + 1;
        if log < self.logs.len() {
            return gone_on(found, &Cursor { page: None, pages: 0, begun_again: false, log, ..cursor.clone() });
        }
        if let Some(since) = cursor.since
            && cursor.reach.end(since, !cursor.is_broken)
        {
            found.cleared.extend(self.quarantined().take(LISTING));
        }
        ended(found, cursor)
    }

    async fn page(
        &self,
        api: &Api,
        records: &Records,
        log: &Log,
        url: Url,
        is_continued: bool,
    ) -> Result<Page, ProviderError> {
        let answer = match api.json(Ask::get(What::CallLog, Group::Heavy, url.clone())).await {
            Ok(answer) => answer,
            // The rest of a window that RingCentral does not know any more; the next window overlaps with it.
            Err(error) if is_continued && error.disposition == Disposition::Reject => {
                return Ok(Page { found: Discovery::default(), next: Err(error.message) });
            }
            Err(error) => return Err(error),
        };
        let Some(shown) = answer.get("records").and_then(Value::as_array) else {
            let message = format!("RingCentral's call log of account '{}' came without records.", api.account);
            return Err(ProviderError { message, disposition: Disposition::Retry { after: None } });
        };
        let mut found = Discovery::default();
        for (place, record) in shown.iter().enumerate() {
            self.read(api, records, log, record, place, &mut found);
        }
        Ok(Page { found, next: next_page(api, &url, &answer) })
    }

    /// Takes in one record's recordings. Most calls are not recorded, and short recordings are not kept: neither is
    /// anything to report.
    fn read(&self, api: &Api, records: &Records, log: &Log, record: &Value, place: usize, found: &mut Discovery) {
        let recorded = facts::recordings(record);
        let named = id(record, "id").map(|id| format!("{LISTING}/{id}"));
        let mut ids = Vec::new();
        for one in &recorded {
            let Some(recording_id) = id(one.recording, "id") else { continue };
            let content = text(one.recording, "contentUri").and_then(|uri| Url::parse(&uri).ok());
            let content = content.unwrap_or_else(|| api.content_url(&recording_id));
            let locator = Place::of(record, content, log.extension()).locator();
            let call = facts::call(record, *one, &self.channels);
            found.listed.push(Listed { remote_id: recording_id.clone(), locator, call, returned: false });
            ids.push(recording_id);
        }
        let is_whole = record.is_object() && ids.len() == recorded.len();
        if is_whole {
            found.cleared.extend(named.and_then(|name| self.quarantined().take(&name)));
        } else {
            let began = wire::time(record, "startTime").map_or_else(|| place.to_string(), |began| began.to_string());
            let locator = named.unwrap_or_else(|| format!("{LISTING}/at/{began}"));
            let reason = format!(
                "RingCentral's call log of account '{}' holds a record whose recording cannot be read: its id is missing or \
                 of an unknown form. Look the call up in RingCentral's admin portal.",
                api.account
            );
            self.refuse(found, locator, reason);
        }
        if !ids.is_empty() {
            records.keep(ids, record);
        }
    }

    fn refuse(&self, found: &mut Discovery, locator: String, reason: String) {
        self.quarantined().insert(locator.clone());
        found.refused.push(Refused { locator, reason });
    }
}

impl Log {
    fn of(extension: &str) -> Self {
        let is_number = extension.len() <= EXTENSION_NUMBER_DIGITS_MAX && extension.bytes().all(|b| b.is_ascii_digit());
        if is_number { Self::Number(extension.to_owned()) } else { Self::Extension(extension.to_owned()) }
    }

    fn extension(&self) -> Option<&str> {
        match self {
            Self::Extension(extension) => Some(extension),
            Self::Company | Self::Number(_) => None,
        }
    }

    /// `dateFrom` and `dateTo` always: the default is one day.
    fn first_page(&self, api: &Api, since: Timestamp, until: Timestamp) -> Url {
        let mut url = match self {
            Self::Extension(extension) => api.url(&format!("restapi/v1.0/account/~/extension/{extension}/call-log")),
            Self::Company | Self::Number(_) => api.url("restapi/v1.0/account/~/call-log"),
        };
        let stamp = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        url.query_pairs_mut()
            .append_pair("view", "Detailed")
            .append_pair("type", "Voice")
            .append_pair("recordingType", "All")
            .append_pair("dateFrom", &stamp(since))
            .append_pair("dateTo", &stamp(until))
            .append_pair("perPage", PAGE_RECORDS)
            .append_pair("page", "1");
        if let Self::Number(number) = self {
            url.query_pairs_mut().append_pair("extensionNumber", number);
        }
        url
    }
}

fn gone_on(found: Discovery, cursor: &Cursor) -> Discovery {
    Discovery { more: true, cursor: serde_json::to_string(cursor).ok(), ..found }
}

fn ended(found: Discovery, cursor: &Cursor) -> Discovery {
    let cursor = Cursor { since: cursor.until.or(cursor.since), reach: cursor.reach.clone(), ..Cursor::default() };
    Discovery { more: false, cursor: serde_json::to_string(&cursor).ok(), ..found }
}

/// The page after this one: RingCentral decides with `nextPage`, not with totals.
fn next_page(api: &Api, page: &Url, answer: &Value) -> Result<Option<Url>, String> {
    let Some(uri) = text(member(member(answer, "navigation"), "nextPage"), "uri") else { return Ok(None) };
    let account = &api.account;
    let next = Url::parse(&uri).ok().filter(|next| api.is_own(next));
    let Some(next) = next else {
        return Err(format!(
            "The call log of the RingCentral account '{account}' goes on at an address that is not the API's; it was \
             not followed. Check base_url."
        ));
    };
    let goes_back = match (number_of(page), number_of(&next)) {
        (Some(this), Some(next)) => next <= this,
        _ => next == *page,
    };
    match goes_back {
        true => Err(format!(
            "The call log of the RingCentral account '{account}' leads back to a page that was read before; the pages \
             up to it were taken in."
        )),
        false => Ok(Some(next)),
    }
}

fn number_of(page: &Url) -> Option<u32> {
    page.query_pairs().find(|(name, _)| name == "page").and_then(|(_, number)| number.parse().ok())
}

fn endless(account: &crate::call::AccountName) -> String {
    format!(
        "The call log of the RingCentral account '{account}' has no end; the first {PAGES_MAX} pages of this window were \
         taken in."
    )
}

/// The records of a listing page, for those who only count them.
pub fn recorded(answer: &Value) -> usize {
    list(answer, "records").iter().map(|record| facts::recordings(record).len()).sum()
}
