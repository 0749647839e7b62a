//! Reads what a language model made of lines: each of them exactly once, or nothing at all. Tolerant, as with summaries,
//! about what stands around the JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Line;
use crate::understand::model::answer::{ANSWER_BYTES_MAX, object};

/// How much longer than what was said a translation may be, in characters: from Chinese a few times, and short lines more.
const LONGER_TIMES: usize = 10;
const LONGER_CHARS: usize = 200;

/// Why an answer is of no use. Holds no word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no object in it, or not all of one.
    #[error("its answer is not the JSON that was asked for")]
    NotJson,
    /// A line was not translated.
    #[error("line {0} is missing in its answer")]
    Missing(u32),
    /// A line is there more than once.
    #[error("line {0} is in its answer twice")]
    Doubled(u32),
    /// A line is there that nobody asked for.
    #[error("its answer has a line that was not asked for")]
    Unknown,
    /// Nobody needs that many words.
    #[error("its answer is far too long")]
    TooLong,
}

/// Reads an answer: the texts of `lines`, in their order.
///
/// # Errors
///
/// [`AnswerError`].
pub fn read(answer: &str, lines: &[Line]) -> Result<Vec<String>, AnswerError> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(AnswerError::TooLong);
    }
    let fields = object(answer, "lines").ok_or(AnswerError::NotJson)?;
    let items = fields.get("lines").and_then(Value::as_array).ok_or(AnswerError::NotJson)?;
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    for item in items {
        let number = number(&item["number"]).ok_or(AnswerError::NotJson)?;
        let text = item["text"].as_str().ok_or(AnswerError::NotJson)?;
        if !lines.iter().any(|line| line.number == number) {
            return Err(AnswerError::Unknown);
        }
        if texts.insert(number, on_one_line(text)).is_some() {
            return Err(AnswerError::Doubled(number));
        }
    }
    lines.iter().map(|line| text_of(line, &mut texts)).collect()
}

fn text_of(line: &Line, texts: &mut BTreeMap<u32, String>) -> Result<String, AnswerError> {
    let text = texts.remove(&line.number).filter(|text| !text.is_empty()).ok_or(AnswerError::Missing(line.number))?;
    let chars_max = line.text.chars().count() * LONGER_TIMES + LONGER_CHARS;
    if text.chars().count() > chars_max { Err(AnswerError::TooLong) } else { Ok(text) }
}

fn number(value: &Value) -> Option<u32> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok()?,
        _ => return None,
    };
    u32::try_from(number).ok()
}

fn on_one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        let line = |number, text: &str| Line { number, segment: number, text: text.to_owned() };
        vec![line(3, "Hola."), line(4, "¿Qué tal?")]
    }

    fn of(answer: &str) -> Result<Vec<String>, AnswerError> {
        read(answer, &lines())
    }

    #[test]
    fn lines_come_in_any_order_and_wrapping() {
        let answer = r#"Sure: ```json
            {"lines": [{"number": "[4]", "text": "How are\nyou?"}, {"number": 3, "text": "Hello."}]}``` Anything else?"#;
        assert_eq!(of(answer).unwrap(), ["Hello.", "How are you?"]);
    }

    #[test]
    fn each_line_is_there_exactly_once() {
        let three = r#"{"number": 3, "text": "Hello."}"#;
        let wrapped = |rest: &str| format!(r#"{{"lines": [{three}{rest}]}}"#);
        assert_eq!(of(&wrapped("")), Err(AnswerError::Missing(4)));
        assert_eq!(of(&wrapped(r#", {"number": 4, "text": " "}"#)), Err(AnswerError::Missing(4)));
        assert_eq!(of(&wrapped(&format!(", {three}"))), Err(AnswerError::Doubled(3)));
        assert_eq!(of(&wrapped(r#", {"number": 5, "text": "Bye."}"#)), Err(AnswerError::Unknown));
        let long = format!(r#", {{"number": 4, "text": "{}"}}"#, "word ".repeat(200));
        assert_eq!(of(&wrapped(&long)), Err(AnswerError::TooLong));
        assert_eq!(of("I cannot help with that."), Err(AnswerError::NotJson));
        assert_eq!(of(r#"{"lines": "none"}"#), Err(AnswerError::NotJson));
    }
}
