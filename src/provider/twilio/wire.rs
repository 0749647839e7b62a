//! Reads Twilio's JSON tolerantly: numbers that come as text, members that are missing, words that are new.
//!
//! Nothing here fails: what cannot be read is absent. Fact sheet, sections 4, 7 and 9.

use jiff::Timestamp;
use serde_json::Value;

/// Hexadecimal digits behind the two letters of a SID.
const SID_DIGITS: usize = 32;
/// No call lasts longer: a hundred days.
const SECONDS_MAX: f64 = 8_640_000.0;

/// A member as text; numbers are written out, empty texts are none.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A member as a number, written as one or as text.
pub(super) fn number(value: &Value, key: &str) -> Option<f64> {
    let number = match value.get(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A member that counts something.
pub(super) fn whole(value: &Value, key: &str) -> Option<u64> {
    let number = number(value, key).filter(|number| (0.0..=1e15).contains(number))?;
    Some(number as u64)
}

/// A member that holds seconds, in milliseconds.
pub(super) fn seconds_ms(value: &Value, key: &str) -> Option<u64> {
    let seconds = number(value, key).filter(|seconds| (0.0..=SECONDS_MAX).contains(seconds))?;
    Some((seconds * 1000.0).round() as u64)
}

/// A member that holds a time: RFC 2822 in the API of 2010, ISO 8601 in the newer ones.
pub(super) fn time(value: &Value, key: &str) -> Option<Timestamp> {
    let text = text(value, key)?;
    let old = || jiff::fmt::rfc2822::parse(&text).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(old)
}

/// A member that holds a list; no items where it holds something else.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that is an object with something in it.
pub(super) fn object<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|member| member.as_object().is_some_and(|members| !members.is_empty()))
}

/// Whether this is a SID of that kind: two letters and 32 hexadecimal digits.
pub(super) fn is_sid(kind: &str, text: &str) -> bool {
    let digits = text.strip_prefix(kind).filter(|digits| digits.len() == SID_DIGITS);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A member that holds a SID of that kind.
pub(super) fn sid(kind: &str, value: &Value, key: &str) -> Option<String> {
    text(value, key).filter(|text| is_sid(kind, text))
}

/// The SID of that kind in an address or a path, with or without an ending or a query behind it.
pub(super) fn sid_in(kind: &str, text: &str) -> Option<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    // Behind the account and the call, the recording comes last.
    parts.rev().find(|part| is_sid(kind, part)).map(str::to_owned)
}

/// Whether a recording is still being made (section 4).
pub(super) fn is_unfinished(recording: &Value) -> bool {
    let status = text(recording, "status");
    matches!(status.as_deref(), Some("in-progress" | "paused" | "stopped" | "processing"))
}

/// What Twilio says of an error, in whichever of its three forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Its own code.
    pub(super) code: Option<u64>,
    /// Its own words.
    pub(super) message: Option<String>,
}

/// Reads `{code, message}`, the newer `{code, title, detail}`, and the XML of paths that do not end in `.json`.
pub(super) fn told(body: &[u8]) -> Told {
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        let message = ["message", "detail", "title"].into_iter().find_map(|key| text(&json, key));
        return Told { code: whole(&json, "code"), message };
    }
    let xml = String::from_utf8_lossy(body);
    if !xml.contains("<RestException>") {
        return Told::default();
    }
    let element = |name: &str| {
        let rest = xml.split_once(&format!("<{name}>"))?.1;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim().to_owned()).filter(|text| !text.is_empty())
    };
    Told { code: element("Code").and_then(|code| code.parse().ok()), message: element("Message") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_may_be_text_and_text_may_be_numbers() {
        let value = json!({ "a": "187", "b": 187, "c": null, "d": "x", "e": -1, "f": "NaN", "g": " ", "h": "0.4804" });
        assert_eq!(
            (whole(&value, "a"), whole(&value, "b"), text(&value, "b")),
            (Some(187), Some(187), Some("187".into()))
        );
        for nothing in ["c", "d", "e", "f", "g", "missing"] {
            assert_eq!((whole(&value, nothing), seconds_ms(&value, nothing)), (None, None), "{nothing}");
        }
        assert_eq!(seconds_ms(&value, "h"), Some(480));
    }

    #[test]
    fn a_recordings_sid_is_found_in_every_form_of_its_address() {
        let (account, sid) = (format!("AC{}", "a".repeat(32)), format!("RE{}", "0".repeat(32)));
        for form in ["", ".json", ".wav", ".mp3?RequestedChannels=2", "/Transcriptions.json", "#x"] {
            let address =
                format!("https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/{account}/Recordings/{sid}{form}");
            assert_eq!(sid_in("RE", &address), Some(sid.clone()), "{form}");
        }
        assert_eq!(sid_in("RE", &format!("x{sid}")), None);
        assert_eq!(sid_in("RE", "RE12"), None);
    }

    #[test]
    fn errors_are_read_in_all_three_forms() {
        let seen = |body: &str| {
            let told = told(body.as_bytes());
            (told.code, told.message.unwrap_or_default())
        };
        assert_eq!(seen(r#"{"code":20003,"message":"Authenticate"}"#), (Some(20003), "Authenticate".into()));
        assert_eq!(seen(r#"{"code":20429,"title":"Too Many","detail":"Limit"}"#), (Some(20429), "Limit".into()));
        let xml = "<TwilioResponse><RestException><Code>20404</Code><Message>Not found</Message></RestException></TwilioResponse>";
        assert_eq!(seen(xml), (Some(20404), "Not found".into()));
        assert_eq!(seen("<html>"), (None, String::new()));
    }
}
