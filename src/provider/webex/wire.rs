//! Reads Webex's JSON without believing in it: numbers may come as text and text as numbers, members may be missing,
//! words may be new. Nothing here fails; what cannot be read is absent.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Longest id taken: a UUID has 36 characters, a base64 id at Webex about 80.
const ID_CHARS_MAX: usize = 200;
/// Longest message of the other side that is repeated.
const MESSAGE_CHARS_MAX: usize = 200;
/// Words as long as this are tokens or tickets, digits as many are telephone numbers.
const OPAQUE_CHARS: usize = 32;
const NUMBER_DIGITS: usize = 7;

/// A member as text; absent when it is empty or neither text nor number.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    match &value[name] {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A member as a whole number that is not negative.
pub(super) fn whole(value: &Value, name: &str) -> Option<u64> {
    match &value[name] {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A member as a time, with any offset; without one it is UTC (fact sheet, section 2: the default of `timezone`).
pub(super) fn time(value: &Value, name: &str) -> Option<Timestamp> {
    let text = value[name].as_str()?.trim();
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })
}

/// A member that is a list; empty when it is something else.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// A recording's id. It becomes part of addresses, so that nothing but letters, digits and a few marks is taken (fact
/// sheet, section 2: a UUID with or without dashes, to be taken as opaque).
pub(super) fn id(value: &Value, name: &str) -> Option<String> {
    let id = text(value, name)?;
    is_id(&id).then_some(id)
}

/// Whether a text can be an id at Webex.
pub(super) fn is_id(text: &str) -> bool {
    let fits = (1..=ID_CHARS_MAX).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='))
}

/// The beginning of a SHA-256 in hexadecimal: a name for what has none.
pub(super) fn fingerprint(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().take(8).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// What the other side says, fit for a log: short, on one line, without addresses, tokens and telephone numbers.
pub(super) fn plain(message: &str) -> String {
    let words = message.split_whitespace().map(|word| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_secret = word.contains("://") || word.chars().count() >= OPAQUE_CHARS || digits >= NUMBER_DIGITS;
        if is_secret { "…" } else { word }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect();
    line.trim_end_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_may_be_text_and_text_numbers() {
        let value = json!({ "a": "187", "b": 187, "c": 187.9, "d": -1, "e": [], "f": " x ", "g": "" });
        assert_eq!([whole(&value, "a"), whole(&value, "b"), whole(&value, "c")], [Some(187); 3]);
        assert_eq!([whole(&value, "d"), whole(&value, "e"), whole(&value, "z")], [None; 3]);
        assert_eq!(text(&value, "b").as_deref(), Some("187"));
        assert_eq!((text(&value, "f").as_deref(), text(&value, "g")), (Some("x"), None));
    }

    #[test]
    fn times_come_with_any_offset_or_none() {
        let value = json!({ "a": "2026-08-14T13:15:00.000+02:00", "b": "2026-08-14T11:15:00", "c": "today", "d": 5 });
        let noon = "2026-08-14T11:15:00Z".parse().ok();
        assert_eq!([time(&value, "a"), time(&value, "b")], [noon, noon]);
        assert_eq!([time(&value, "c"), time(&value, "d")], [None, None]);
    }

    #[test]
    fn ids_cannot_leave_their_place_in_an_address() {
        assert!(is_id("7ee40776-779a-4c8a-a2c1-1f2e3d4c5b6a") && is_id("3324fb76946249cfa07fc30b3ccbf580"));
        for bad in ["", ".", "..", "a/b", "a?b", "a b", "ä", &"x".repeat(201)] {
            assert!(!is_id(bad), "{bad}");
        }
    }

    #[test]
    fn messages_lose_what_does_not_belong_in_a_log() {
        let said =
            "Call +14155550123 at https://x.webex.com/?ticket=1 with\nNDkzN2EyYjctexampleAccess_PE93_0123 failed.";
        assert_eq!(plain(said), "Call … at … with … failed");
    }
}
