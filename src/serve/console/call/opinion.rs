//! What the provider made of a call, and trees of what sources describe.

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value;

use super::super::shown::{Moment, length, percent};
use crate::call::{Dispute, SecondOpinion};

/// Lines of metadata shown; the JSON has all of it.
const METADATA_LINES_MAX: usize = 400;
/// Disputes shown; the API has all of them.
const DISPUTES_SHOWN_MAX: usize = 200;

pub(super) struct Opinion {
    pub(super) agreement: Option<String>,
    pub(super) fetched: Moment,
    pub(super) has_transcript: bool,
    pub(super) disputes: Vec<DisputeShown>,
    pub(super) left_out: usize,
    pub(super) insights: Option<Node>,
}

pub(super) struct DisputeShown {
    pub(super) at: String,
    pub(super) start_ms: u64,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// One entry of a tree of metadata.
#[derive(Template)]
#[template(path = "node.html", config = "src/serve/console/askama.toml")]
pub(super) struct Node {
    pub(super) key: String,
    pub(super) text: Option<String>,
    pub(super) children: Vec<Node>,
}

impl HtmlSafe for Node {}

impl Opinion {
    pub(super) fn of(opinion: SecondOpinion) -> Self {
        let facts = opinion.facts();
        let disputes = opinion.agreement.map(|agreement| agreement.disputes).unwrap_or_default();
        let shown = |dispute: &Dispute| DisputeShown {
            at: length(dispute.start_ms as f64 / 1000.0),
            start_ms: dispute.start_ms,
            ours: dispute.ours.clone(),
            theirs: dispute.theirs.clone(),
        };
        Self {
            agreement: facts.agreement.map(|score| percent(f64::from(score))),
            fetched: Moment::of(&facts.fetched_at),
            has_transcript: facts.has_transcript,
            left_out: disputes.len().saturating_sub(DISPUTES_SHOWN_MAX),
            disputes: disputes.iter().take(DISPUTES_SHOWN_MAX).map(shown).collect(),
            insights: Node::tree("More of what it made of the call", &opinion.insights),
        }
    }
}

impl Node {
    /// A value as a tree; `None` when there is nothing in it.
    pub(super) fn tree(key: &str, value: &Value) -> Option<Self> {
        let mut lines = METADATA_LINES_MAX;
        let node = Self::of(key, value, &mut lines);
        (!node.children.is_empty()).then_some(node)
    }

    fn of(key: &str, value: &Value, lines: &mut usize) -> Self {
        let key = key.to_owned();
        let mut children = Vec::new();
        let mut add = |key: &str, value: &Value| {
            if *lines > 0 {
                *lines -= 1;
                children.push(Self::of(key, value, lines));
            }
        };
        match value {
            Value::Object(entries) => entries.iter().for_each(|(key, value)| add(key, value)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, value)| add(&(index + 1).to_string(), value));
            }
            Value::String(text) => return Self { key, text: Some(text.clone()), children },
            other => return Self { key, text: Some(other.to_string()), children },
        }
        Self { key, text: children.is_empty().then(|| "—".to_owned()), children }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hostile_metadata_is_text_and_has_an_end() {
        let node = Node::tree("metadata", &json!({"<b>": {"note": "<script>alert(1)</script>"}})).unwrap();
        let html = node.render().unwrap();
        assert!(!html.contains("<script>") && html.contains("&#60;script&#62;"), "{html}");
        let endless: Value = (0..10_000).map(Value::from).collect();
        assert_eq!(Node::tree("list", &endless).unwrap().children.len(), METADATA_LINES_MAX);
    }
}
