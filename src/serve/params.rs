//! Query parameters: taken by name, checked against what is allowed, and refused by name when they do not fit.
//!
//! A parameter nobody asked for is refused too: a mistyped filter that is passed over would answer with every call.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::error::ApiError;

/// Characters of a caller's value that are repeated to him: enough to recognise it.
const SHOWN_CHARS_MAX: usize = 80;
/// Longest text searched for, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 256;
/// Fields of a description that one request may ask for.
const FIELDS_MAX: usize = 16;

/// A caller's value as it may be repeated: quoted, shortened, without control characters.
pub(super) fn shown(value: &str) -> String {
    let plain: String = value.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect();
    if value.chars().count() > SHOWN_CHARS_MAX { format!("'{plain}…'") } else { format!("'{plain}'") }
}

/// The query of one request, handed out by name.
#[derive(Debug, Default)]
pub(super) struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
    /// What the names of whole families of parameters begin with.
    prefixes: Vec<&'static str>,
}

/// One given parameter: under which of its names, and what.
struct Given {
    name: &'static str,
    value: String,
}

impl Given {
    fn refused(&self, allowed: impl Display) -> ApiError {
        ApiError::bad_parameter(
            format!("Parameter {} is {}; it must be {allowed}.", self.name, shown(&self.value)),
            "Leave the parameter out, or give it a value it allows.",
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(given) = query.map_err(|_| {
            ApiError::bad_parameter("The query cannot be read.", "Write it as name=value&name=value, percent-encoded.")
        })?;
        Ok(Self { given, ..Self::default() })
    }
}

impl Params {
    /// What was given, in its order.
    pub(super) fn all(&self) -> &[(String, String)] {
        &self.given
    }

    /// Without what a form sends for a field that nobody filled in.
    pub(super) fn without_empty(mut self) -> Self {
        self.given.retain(|(_, value)| !value.trim().is_empty());
        self
    }

    /// With one more.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.given.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value under any of `names`, which all mean the same; given once at most.
    fn take(&mut self, names: &'static [&'static str]) -> Result<Option<Given>, ApiError> {
        self.known.extend(names);
        let mut taken: Option<Given> = None;
        for (given_name, value) in &self.given {
            let Some(name) = names.iter().copied().find(|name| name == given_name) else { continue };
            if let Some(first) = &taken {
                return Err(ApiError::bad_parameter(
                    format!("Parameter {} is given twice{}.", first.name, synonym(first.name, name)),
                    "Give it once.",
                ));
            }
            taken = Some(Given { name, value: value.trim().to_owned() });
        }
        Ok(taken)
    }

    /// A whole number within `allowed`.
    pub(super) fn whole(
        &mut self,
        names: &'static [&'static str],
        allowed: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let Some(given) = self.take(names)? else { return Ok(None) };
        let (low, high) = (allowed.start(), allowed.end());
        let number = given.value.parse().ok().filter(|number| allowed.contains(number));
        number.map(Some).ok_or_else(|| given.refused(format!("a whole number from {low} to {high}")))
    }

    /// A number within `allowed`.
    pub(super) fn number(
        &mut self,
        names: &'static [&'static str],
        allowed: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ApiError> {
        let Some(given) = self.take(names)? else { return Ok(None) };
        let (low, high) = (allowed.start(), allowed.end());
        let number = given.value.parse().ok().filter(|number| allowed.contains(number));
        number.map(Some).ok_or_else(|| given.refused(format!("a number from {low} to {high}")))
    }

    /// `true` or `false`, also as `1` or `0`.
    pub(super) fn truth(&mut self, names: &'static [&'static str]) -> Result<Option<bool>, ApiError> {
        let Some(given) = self.take(names)? else { return Ok(None) };
        match given.value.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(given.refused("true or false")),
        }
    }

    /// Text to look for; empty counts as not given, as a form sends it.
    pub(super) fn text(&mut self, names: &'static [&'static str]) -> Result<Option<String>, ApiError> {
        let Some(given) = self.take(names)?.filter(|given| !given.value.is_empty()) else { return Ok(None) };
        let fits = given.value.chars().count() <= TEXT_CHARS_MAX && !given.value.contains('\0');
        if fits { Ok(Some(given.value)) } else { Err(given.refused(format!("at most {TEXT_CHARS_MAX} characters"))) }
    }

    /// All parameters whose name begins with `prefix`, as (rest of the name, value); `shown_as` names the family. In order of
    /// the names, so that the order they were given in means nothing.
    pub(super) fn fields(
        &mut self,
        prefix: &'static str,
        shown_as: &'static str,
    ) -> Result<Vec<(String, String)>, ApiError> {
        self.prefixes.push(prefix);
        self.known.push(shown_as);
        let mut fields = Vec::new();
        for (name, value) in &self.given {
            let Some(path) = name.strip_prefix(prefix) else { continue };
            let value = value.trim();
            let fits = |text: &str| !text.is_empty() && text.chars().count() <= TEXT_CHARS_MAX && !text.contains('\0');
            if !fits(path) || !fits(value) || fields.len() == FIELDS_MAX {
                return Err(ApiError::bad_parameter(
                    format!(
                        "Parameter {} is {}; it must be a path and a value of 1 to {TEXT_CHARS_MAX} characters, at most {FIELDS_MAX} times.",
                        shown(name),
                        shown(value)
                    ),
                    "Write metadata.call.direction=inbound for {\"call\": {\"direction\": \"inbound\"}}.",
                ));
            }
            fields.push((path.to_owned(), value.to_owned()));
        }
        fields.sort();
        Ok(fields)
    }

    /// A telephone number or the end of one: some digit must be in it.
    pub(super) fn phone_number(&mut self, names: &'static [&'static str]) -> Result<Option<String>, ApiError> {
        let Some(value) = self.text(names)? else { return Ok(None) };
        if value.contains(|c: char| matches!(c, '1'..='9')) {
            return Ok(Some(value));
        }
        let given = Given { name: names.first().copied().unwrap_or_default(), value };
        Err(given.refused("a telephone number or the end of one, such as +49301234567"))
    }

    /// A language by its code.
    pub(super) fn language(&mut self, names: &'static [&'static str]) -> Result<Option<String>, ApiError> {
        let Some(value) = self.text(names)? else { return Ok(None) };
        if (2..=3).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Ok(Some(value));
        }
        let given = Given { name: names.first().copied().unwrap_or_default(), value };
        Err(given.refused("a language code of ISO 639-1, such as en"))
    }

    /// One of a few words, whatever `T` reads; empty counts as not given.
    pub(super) fn word<T: FromStr>(
        &mut self,
        names: &'static [&'static str],
        allowed: &str,
    ) -> Result<Option<T>, ApiError> {
        let Some(given) = self.take(names)?.filter(|given| !given.value.is_empty()) else { return Ok(None) };
        given.value.to_ascii_lowercase().parse().map(Some).map_err(|_| given.refused(allowed))
    }

    /// Several words separated by commas; at least one.
    pub(super) fn words<T: FromStr>(
        &mut self,
        names: &'static [&'static str],
        allowed: &str,
    ) -> Result<Option<Vec<T>>, ApiError> {
        let Some(given) = self.take(names)? else { return Ok(None) };
        let words = given.value.split(',').map(|word| word.trim().parse()).collect::<Result<Vec<T>, _>>();
        words.map(Some).map_err(|_| given.refused(format!("one or more of {allowed}, separated by commas")))
    }

    /// A time from which on; a bare date is its first moment in UTC.
    pub(super) fn time_from(&mut self, names: &'static [&'static str]) -> Result<Option<Timestamp>, ApiError> {
        let Some(given) = self.take(names)? else { return Ok(None) };
        let date = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
        read_time(&given.value, date).map(Some).ok_or_else(|| given.refused(TIMES))
    }

    /// A time up to which, itself included, as the first moment after it: what a half-open span ends with. A bare date
    /// includes its whole day in UTC.
    pub(super) fn time_to(&mut self, names: &'static [&'static str]) -> Result<Option<Timestamp>, ApiError> {
        let Some(given) = self.take(names)? else { return Ok(None) };
        let just_before_next = |date: Date| {
            let next = date.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
            next.checked_sub(1.millisecond()).ok()
        };
        let after = |time: Timestamp| time.checked_add(1.millisecond()).ok();
        read_time(&given.value, just_before_next).and_then(after).map(Some).ok_or_else(|| given.refused(TIMES))
    }

    /// From when on and up to when, as [`Params::time_from`] and [`Params::time_to`]; the first before the second.
    pub(super) fn span(&mut self) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
        const FROM: &[&str] = &["from_date", "start_date"];
        const TO: &[&str] = &["to_date", "end_date"];
        let (from, to) = (self.time_from(FROM)?, self.time_to(TO)?);
        if let (Some(first), Some(end)) = (from, to)
            && first >= end
            && let (Some(given), Some(other)) = (self.take(FROM)?, self.take(TO)?)
        {
            return Err(given.refused(format!("no later than {}, which is {}", other.name, shown(&other.value))));
        }
        Ok((from, to))
    }

    /// Refuses whatever was given and not asked for. Called after the last parameter was taken.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        let is_of_a_family = |name: &str| self.prefixes.iter().any(|prefix| name.starts_with(prefix));
        let is_strange = |name: &str| !self.known.contains(&name) && !is_of_a_family(name);
        let stranger = self.given.iter().find(|(name, _)| is_strange(name));
        let Some((name, _)) = stranger else { return Ok(()) };
        let hint = match self.known.as_slice() {
            [] => "This path takes no parameters.".to_owned(),
            known => format!("Parameters here are {}.", known.join(", ")),
        };
        Err(ApiError::bad_parameter(format!("There is no parameter {} here.", shown(name)), hint))
    }
}

const TIMES: &str = "a date (2026-11-20) or a time (2026-11-20T09:30:00Z)";

fn synonym(first: &str, second: &str) -> String {
    if first == second { String::new() } else { format!(", also as {second}") }
}

/// RFC 3339, a time without a zone (UTC), or a date, which `whole_day` turns into a moment.
fn read_time(text: &str, whole_day: impl FnOnce(Date) -> Option<Timestamp>) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // A `+` that was not percent-encoded reaches us as a space: 2026-11-20T09:30:00 01:00.
    if let Some((time, offset)) = text.rsplit_once(' ')
        && time.contains(':')
    {
        return format!("{time}+{offset}").parse().ok();
    }
    if text.contains(':') {
        return text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    }
    text.parse::<Date>().ok().and_then(whole_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(given: &[(&str, &str)]) -> Params {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Params { given, ..Params::default() }
    }

    fn time_to(text: &str) -> Option<String> {
        params(&[("to", text)]).time_to(&["to"]).ok().flatten().map(|time| time.to_string())
    }

    #[test]
    fn a_bare_date_includes_its_whole_day() {
        assert_eq!(time_to("2026-11-20").as_deref(), Some("2026-11-21T00:00:00Z"));
        let from = params(&[("from", "2026-11-20")]).time_from(&["from"]).unwrap().unwrap();
        assert_eq!(from.to_string(), "2026-11-20T00:00:00Z");
    }

    #[test]
    fn a_plus_that_became_a_space_is_still_an_offset() {
        assert_eq!(time_to("2026-11-20T09:30:00 01:00").as_deref(), Some("2026-11-20T08:30:00.001Z"));
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        assert_eq!(time_to("2026-11-20T09:30:00").as_deref(), Some("2026-11-20T09:30:00.001Z"));
        assert_eq!(time_to("2026-11-20 09:30:00").as_deref(), Some("2026-11-20T09:30:00.001Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "20:00", "2026-11-20T25:00:00Z", "99999-01-01"] {
            assert_eq!(time_to(text), None, "{text}");
        }
    }

    #[test]
    fn two_names_of_one_parameter_are_one_parameter() {
        let error = params(&[("skip", "1"), ("offset", "2")]).whole(&["skip", "offset"], 0..=9).unwrap_err();
        assert!(format!("{error:?}").contains("given twice, also as offset"));
    }

    #[test]
    fn nan_is_not_a_number_in_any_range() {
        assert!(params(&[("q", "NaN")]).number(&["q"], 0.0..=1.0).is_err());
    }
}
