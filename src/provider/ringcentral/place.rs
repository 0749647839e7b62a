//! Where a recording is found again: the address of its audio, with what the call log needs behind the `#`, which is
//! never sent. `https://media…/recording/3008431024/content#call=AWu1x…&began=2026-08-14T15:02:11.345Z`.

use jiff::Timestamp;
use reqwest::Url;
use serde_json::Value;

use super::wire;

/// A locator taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Of the audio.
    pub content: Option<Url>,
    /// The call log's id of the call.
    pub call: Option<String>,
    /// The extension whose log it is in; absent for the company's.
    pub extension: Option<String>,
    /// When the call began.
    pub began: Option<Timestamp>,
}

impl Place {
    /// Of a recording in a record of the call log. Nothing in it ever changes, so that the same recording is never taken
    /// for one that moved.
    pub fn of(record: &Value, content: Url, extension: Option<&str>) -> Self {
        Self {
            content: Some(content),
            call: wire::id(record, "id"),
            extension: extension.map(str::to_owned),
            began: wire::time(record, "startTime"),
        }
    }

    /// As it is kept.
    pub fn locator(&self) -> String {
        let Some(mut url) = self.content.clone() else { return String::new() };
        let pairs = [
            ("call", self.call.clone()),
            ("extension", self.extension.clone()),
            ("began", self.began.map(|began| began.to_string())),
        ];
        let told = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        url.set_fragment(Some(&told.collect::<Vec<_>>().join("&")));
        url.into()
    }

    /// Reads [`Place::locator`]; what cannot be read is absent.
    pub fn parse(locator: &str) -> Self {
        let mut content = Url::parse(locator).ok();
        let fragment = content.as_ref().and_then(|url| url.fragment()).unwrap_or_default().to_owned();
        if let Some(url) = &mut content {
            url.set_fragment(None);
        }
        let named = |name: &str| {
            let mut pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        Self {
            content,
            call: named("call").filter(|id| wire::is_id(id)),
            extension: named("extension").filter(|id| id == "~" || wire::is_id(id)),
            began: named("began").and_then(|began| began.parse().ok()),
        }
    }
}
