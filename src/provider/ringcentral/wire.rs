//! Reading RingCentral's JSON: numbers that come as text, members that are missing, kinds nobody has heard of. What
//! cannot be read is absent; nothing here fails.

use jiff::Timestamp;
use serde_json::Value;

/// Longest id.
const ID_LENGTH_MAX: usize = 128;
/// Longest call that is believed, in milliseconds: a month.
const LONGEST_MS: f64 = 31.0 * 86_400_000.0;

/// A member that is text or a number, as text; absent when it is empty.
pub fn text(value: &Value, name: &str) -> Option<String> {
    let text = match value.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A member that is an id. Ids become parts of addresses: what could lead an address elsewhere is none.
pub fn id(value: &Value, name: &str) -> Option<String> {
    text(value, name).filter(|id| is_id(id))
}

/// Whether a text can be an id of RingCentral's.
pub fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= ID_LENGTH_MAX && text.chars().all(fits)
}

/// A member that is a number, or a number in quotes.
pub fn number(value: &Value, name: &str) -> Option<f64> {
    let number = match value.get(name)? {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

/// A length or place in milliseconds that stands there in units of so many milliseconds.
pub fn milliseconds(value: &Value, name: &str, unit_ms: f64) -> Option<u64> {
    let ms = number(value, name)? * unit_ms;
    (0.0..=LONGEST_MS).contains(&ms).then(|| ms.round() as u64)
}

/// A time of day with its zone.
pub fn time(value: &Value, name: &str) -> Option<Timestamp> {
    value.get(name)?.as_str()?.trim().parse().ok()
}

/// The elements of a member; none when it is no list.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member, or nothing: never fails on what is no object.
pub fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
