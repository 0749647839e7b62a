//! Reads what a language model answered: strict about what it is to be, tolerant about how it is wrapped. Models put JSON
//! between fences, say something first, write numbers as text; none of that costs the answer.

use serde_json::{Map, Value};

/// Characters of one text; a longer one is no sentence.
const TEXT_CHARS_MAX: usize = 600;
/// Characters of who, what, when and of a topic.
const SHORT_CHARS_MAX: usize = 200;
/// Items read of one list.
const ITEMS_MAX: usize = 50;
/// Segments named with one item.
const SEGMENTS_MAX: usize = 30;
/// Braces at which an object is looked for, when there is text around it.
const BRACES_MAX: usize = 64;
/// Characters read at all.
pub(in crate::understand) const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What a model says about a call, unchecked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The summary.
    pub summary: Vec<Claim>,
    /// What else matters.
    pub points: Vec<Claim>,
    /// What somebody said they would do.
    pub action_items: Vec<ActionClaim>,
    /// What was asked and not answered.
    pub open_questions: Vec<Claim>,
    /// Words and phrases.
    pub topics: Vec<String>,
}

/// One sentence and the segments that are said to back it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// As the model says.
    pub segments: Vec<u32>,
}

/// What somebody is said to have promised.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActionClaim {
    /// The whole of it, with the segments.
    pub claim: Claim,
    /// Who is to do it.
    pub who: String,
    /// What.
    pub what: String,
    /// By when.
    pub when: Option<String>,
}

/// Why an answer is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no object in it, or not all of one.
    #[error("its answer is not the JSON that was asked for")]
    NotJson,
    /// It is JSON and holds no summary.
    #[error("its answer holds no summary")]
    NoSummary,
    /// Nobody writes that much about a call.
    #[error("its answer is far too long")]
    TooLong,
}

/// Reads an answer.
///
/// # Errors
///
/// [`AnswerError`].
pub fn read(answer: &str) -> Result<Draft, AnswerError> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(AnswerError::TooLong);
    }
    let fields = object(answer, "summary").ok_or(AnswerError::NotJson)?;
    let list = |key: &str| fields.get(key).map(items).unwrap_or_default();
    let draft = Draft {
        summary: list("summary").into_iter().filter_map(claim).collect(),
        points: list("points").into_iter().filter_map(claim).collect(),
        action_items: list("action_items").into_iter().filter_map(action).collect(),
        open_questions: list("open_questions").into_iter().filter_map(claim).collect(),
        topics: list("topics").into_iter().filter_map(|topic| short(Some(topic))).collect(),
    };
    if draft.summary.is_empty() { Err(AnswerError::NoSummary) } else { Ok(draft) }
}

/// The first object with a field of that name, else the first, wherever it begins.
pub(in crate::understand) fn object(answer: &str, field: &str) -> Option<Map<String, Value>> {
    let mut first = None;
    for (at, _) in answer.match_indices('{').take(BRACES_MAX) {
        let mut values = serde_json::Deserializer::from_str(&answer[at..]).into_iter::<Value>();
        if let Some(Ok(Value::Object(fields))) = values.next() {
            if fields.contains_key(field) {
                return Some(fields);
            }
            first.get_or_insert(fields);
        }
    }
    first
}

/// A list, or the one thing that stands where a list should.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().take(ITEMS_MAX).collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn claim(value: &Value) -> Option<Claim> {
    match value {
        Value::String(_) => Some(Claim { text: text(value, TEXT_CHARS_MAX)?, segments: Vec::new() }),
        Value::Object(fields) => {
            let text = fields.get("text").or_else(|| fields.get("sentence")).or_else(|| fields.get("question"));
            Some(Claim { text: self::text(text?, TEXT_CHARS_MAX)?, segments: segments(fields) })
        }
        _ => None,
    }
}

fn action(value: &Value) -> Option<ActionClaim> {
    let Value::Object(fields) = value else {
        let claim = claim(value)?;
        return Some(ActionClaim { what: claim.text.clone(), claim, ..ActionClaim::default() });
    };
    let (who, what) = (short(fields.get("who")), short(fields.get("what")));
    let told = claim(value).map(|claim| claim.text).or_else(|| what.clone())?;
    Some(ActionClaim {
        what: what.unwrap_or_else(|| told.clone()),
        claim: Claim { text: told, segments: segments(fields) },
        who: who.unwrap_or_default(),
        when: short(fields.get("when")),
    })
}

fn segments(fields: &Map<String, Value>) -> Vec<u32> {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok(),
        _ => None,
    };
    let named = fields.get("segments").map(items).unwrap_or_default();
    let mut segments: Vec<u32> =
        named.into_iter().take(SEGMENTS_MAX).filter_map(number).filter_map(|n| u32::try_from(n).ok()).collect();
    segments.sort_unstable();
    segments.dedup();
    segments
}

fn short(value: Option<&Value>) -> Option<String> {
    text(value?, SHORT_CHARS_MAX)
}

/// A text on one line, cut off where it is too long.
fn text(value: &Value, chars_max: usize) -> Option<String> {
    let words = value.as_str()?.split(|c: char| c.is_whitespace() || c.is_control());
    let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let is_said = text.chars().any(char::is_alphanumeric);
    let cut = |text: String| match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    };
    is_said.then(|| cut(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"summary": [{"text": "A refund was asked for.", "segments": [1, "2", "[3]"]}]}"#;

    #[test]
    fn an_answer_is_found_whatever_stands_around_it() {
        let fenced = format!("```json\n{PLAIN}\n```");
        let chatty = format!("<think>What {{a}} call.</think> Sure! Here is {{}}: {PLAIN} Anything else?");
        for answer in [PLAIN, &fenced, &chatty] {
            let draft = read(answer).unwrap();
            assert_eq!(draft.summary[0].text, "A refund was asked for.");
            assert_eq!(draft.summary[0].segments, [1, 2, 3]);
        }
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_no_answer() {
        assert_eq!(read(&PLAIN[..PLAIN.len() - 5]), Err(AnswerError::NotJson));
        assert_eq!(read("I cannot help with that."), Err(AnswerError::NotJson));
        assert_eq!(read(r#"{"summary": []}"#), Err(AnswerError::NoSummary));
        assert_eq!(read(r#"{"answer": "HACKED"}"#), Err(AnswerError::NoSummary));
        assert_eq!(read(&"{".repeat(ANSWER_BYTES_MAX + 1)), Err(AnswerError::TooLong));
    }

    #[test]
    fn plain_texts_stand_for_lists_and_long_ones_are_cut() {
        let long = "word ".repeat(1000);
        let answer = serde_json::json!({ "summary": "One.", "points": ["Two.", 7, null], "action_items": ["Call back."],
            "open_questions": [{ "text": long, "segments": null }], "topics": ["refund", "\u{7}"] });
        let draft = read(&answer.to_string()).unwrap();
        assert_eq!((draft.summary.len(), draft.points.len(), draft.topics.len()), (1, 1, 1));
        assert_eq!(draft.action_items[0].what, "Call back.");
        assert_eq!(draft.open_questions[0].text.chars().count(), TEXT_CHARS_MAX + 1);
    }
}
