//! The language questions are asked in: words that must all be there, `"phrases"`, `beginnings*`, `roughly~`, `-not`,
//! `agent:who said it`, `name:where it stands`.

use super::AskError;
use super::words::{Analyzer, Piece};

/// Words of one question: more costs time and finds nothing.
const CLAUSES_MAX: usize = 16;
/// Letters of a beginning: one letter begins a tenth of everything.
const PREFIX_CHARS_MIN: usize = 2;

/// What may stand before a word beside a speaker.
pub(super) const PLACES: [&str; 6] = ["name", "number", "file", "summary", "topic", "note"];

/// A question, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub(super) clauses: Vec<Clause>,
}

/// One word or phrase of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    /// It must not be there.
    pub(super) negated: bool,
    /// Where it must be: a speaker's label, or `@` with one of [`PLACES`].
    pub(super) part: Option<String>,
    pub(super) kind: Kind,
    pub(super) pieces: Vec<Piece>,
}

/// How a clause's pieces are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As written, accents and case aside.
    Literal,
    /// Any form of the word, where its language is one with a stemmer.
    AnyForm,
    /// Any form, and words it is the beginning of.
    AnyFormOrBeginning,
    /// The last piece is the beginning of a word.
    Beginning,
    /// A letter or two may differ.
    Roughly,
}

impl Ask {
    /// Reads a question; with `speaker` every word without a place of its own must be said by that one.
    ///
    /// # Errors
    ///
    /// [`AskError`], as what the parameter must be.
    pub fn read(text: &str, speaker: Option<&str>) -> Result<Self, AskError> {
        Self::read_as(text, speaker, Kind::AnyForm)
    }

    /// Reads a question of somebody who is still typing: plain words may be beginnings.
    ///
    /// # Errors
    ///
    /// As [`Ask::read`].
    pub fn read_loosely(text: &str) -> Result<Self, AskError> {
        Self::read_as(text, None, Kind::AnyFormOrBeginning)
    }

    fn read_as(text: &str, speaker: Option<&str>, plain: Kind) -> Result<Self, AskError> {
        let mut analyzer = Analyzer::new();
        let speaker = speaker.map(|name| analyzer.label(name)).filter(|label| !label.is_empty());
        let mut clauses = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (clause, left) = clause(rest, plain, &mut analyzer)?;
            if let Some(mut clause) = clause {
                clause.part = clause.part.or_else(|| speaker.clone());
                clauses.push(clause);
            }
            rest = left.trim_start();
        }
        match clauses.iter().filter(|clause| !clause.negated).count() {
            0 if clauses.is_empty() => Err(AskError::Empty),
            0 => Err(AskError::OnlyNot),
            _ if clauses.len() > CLAUSES_MAX => Err(AskError::TooMany(CLAUSES_MAX)),
            _ => Ok(Self { clauses }),
        }
    }
}

/// Reads what a question begins with; what holds no letter or digit is passed over.
fn clause<'t>(text: &'t str, plain: Kind, analyzer: &mut Analyzer) -> Result<(Option<Clause>, &'t str), AskError> {
    let (negated, text) = match text.strip_prefix('-') {
        Some(rest) if rest.starts_with(|c: char| c.is_alphanumeric() || c == '"') => (true, rest),
        _ => (false, text),
    };
    let (part, text) = qualifier(text, analyzer);
    let (words, mut kind, rest) = match text.strip_prefix('"') {
        Some(quoted) => {
            let (words, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
            (words, Kind::Literal, rest)
        }
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            (&text[..end], plain, &text[end..])
        }
    };
    if kind != Kind::Literal {
        kind = if words.ends_with('*') {
            Kind::Beginning
        } else if words.ends_with('~') {
            Kind::Roughly
        } else {
            kind
        };
    }
    let pieces = analyzer.pieces(words);
    let last_chars = pieces.last().map_or(0, |piece| piece.folded.chars().count());
    match kind {
        _ if pieces.is_empty() => return Ok((None, rest)),
        Kind::Beginning if pieces.len() == 1 && last_chars < PREFIX_CHARS_MIN && words.is_ascii() => {
            return Err(AskError::ShortPrefix(PREFIX_CHARS_MIN));
        }
        Kind::AnyFormOrBeginning if pieces.len() > 1 || last_chars < PREFIX_CHARS_MIN => kind = Kind::AnyForm,
        _ => {}
    }
    Ok((Some(Clause { negated, part, kind, pieces }), rest))
}

/// `agent:` or `name:` before a word or phrase; anything else before a colon is a word like any other.
fn qualifier<'t>(text: &'t str, analyzer: &mut Analyzer) -> (Option<String>, &'t str) {
    let Some((name, rest)) = text.split_once(':') else { return (None, text) };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if !is_name || !rest.starts_with(|c: char| c.is_alphanumeric() || c == '"') {
        return (None, text);
    }
    let label = analyzer.label(name);
    let is_number = label.bytes().all(|byte| byte.is_ascii_digit());
    match label {
        _ if is_number => (None, text),
        label if PLACES.contains(&label.as_str()) => (Some(format!("@{label}")), rest),
        label => (Some(label), rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let clauses = Ask::read(text, None).unwrap().clauses.into_iter();
        let words = |clause: &Clause| clause.pieces.iter().map(|p| p.folded.as_str()).collect::<Vec<_>>().join("+");
        clauses
            .map(|clause| {
                let not = if clause.negated { "not " } else { "" };
                format!("{not}{:?} {} in {}", clause.kind, words(&clause), clause.part.as_deref().unwrap_or("any"))
            })
            .collect()
    }

    #[test]
    fn every_way_to_ask_is_read() {
        assert_eq!(
            shown(r#"refund agent:"Call back" Tarjet* refnud~ -card name:ada 10:30 customer:angry"#),
            [
                "AnyForm refund in any",
                "Literal call+back in agent",
                "Beginning tarjet in any",
                "Roughly refnud in any",
                "not AnyForm card in any",
                "AnyForm ada in @name",
                "AnyForm 10+30 in any",
                "AnyForm angry in customer",
            ]
        );
    }

    #[test]
    fn what_cannot_be_asked_is_said() {
        let refused = |text: &str| Ask::read(text, None).unwrap_err();
        assert_eq!(refused(" … "), AskError::Empty);
        assert_eq!(refused("-card"), AskError::OnlyNot);
        assert_eq!(refused("a*"), AskError::ShortPrefix(2));
        assert_eq!(refused(&"word ".repeat(17)), AskError::TooMany(16));
        assert!(Ask::read("\"never closed", None).is_ok());
    }
}
