//! A question in the words of the index.

use tantivy::Term;
use tantivy::query::{BooleanQuery, FuzzyTermQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::ask::{Ask, Clause, Kind};
use super::document::{FROM_END, JOINT};
use super::index::Fields;
use super::words::{Analyzer, Stemmed};

/// Digits that may be the end of a telephone number.
const NUMBER_DIGITS_MIN: usize = 4;
/// Letters up to which one may differ, and two beyond.
const ONE_DIFFERS_CHARS_MAX: usize = 5;

/// How many letters may differ.
pub(super) fn distance(word: &str) -> u8 {
    if word.chars().count() <= ONE_DIFFERS_CHARS_MAX { 1 } else { 2 }
}

/// What finds the recordings a question asks for.
pub(super) fn query(ask: &Ask, fields: &Fields) -> BooleanQuery {
    let mut analyzer = Analyzer::new();
    let clauses = ask.clauses.iter().map(|clause| {
        let occur = if clause.negated { Occur::MustNot } else { Occur::Must };
        (occur, of_clause(clause, fields, &mut analyzer))
    });
    BooleanQuery::new(clauses.collect())
}

fn of_clause(clause: &Clause, fields: &Fields, analyzer: &mut Analyzer) -> Box<dyn Query> {
    let label = clause.part.as_ref().map(|part| format!("{part}{JOINT}"));
    let field = if label.is_some() { fields.labelled } else { fields.plain };
    let label = label.unwrap_or_default();
    let term = |word: &str| Term::from_field_text(field, &format!("{label}{word}"));
    let literal: Vec<Term> = clause.pieces.iter().map(|piece| term(&piece.folded)).collect();
    let last = clause.pieces.last().map_or("", |piece| piece.folded.as_str());
    match clause.kind {
        Kind::Literal => in_a_row(literal),
        Kind::Beginning if literal.len() > 1 => Box::new(PhrasePrefixQuery::new(literal)),
        Kind::Beginning => Box::new(FuzzyTermQuery::new_prefix(term(last), 0, true)),
        Kind::Roughly if literal.len() == 1 => Box::new(FuzzyTermQuery::new(term(last), distance(last), true)),
        Kind::Roughly => in_a_row(literal),
        Kind::AnyForm | Kind::AnyFormOrBeginning => {
            let mut ways = vec![in_a_row(literal)];
            for language in Stemmed::ALL {
                let stem = |piece| term(&format!("{}{}", language.mark(), analyzer.stem(piece, language)));
                ways.push(in_a_row(clause.pieces.iter().map(stem).collect()));
            }
            if clause.kind == Kind::AnyFormOrBeginning {
                ways.push(Box::new(FuzzyTermQuery::new_prefix(term(last), 0, true)));
            }
            ways.extend(number(clause, fields.labelled));
            Box::new(BooleanQuery::union(ways))
        }
    }
}

/// The end of a telephone number, when it may be one.
fn number(clause: &Clause, labelled: Field) -> Option<Box<dyn Query>> {
    let digits: String = clause.pieces.iter().map(|piece| piece.folded.as_str()).collect();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() >= NUMBER_DIGITS_MIN;
    let may_be_here = clause.part.as_deref().is_none_or(|part| part == "@number");
    if !is_number || !may_be_here {
        return None;
    }
    let from_end: String = digits.trim_start_matches('0').chars().rev().collect();
    let term = Term::from_field_text(labelled, &format!("{FROM_END}{JOINT}{from_end}"));
    Some(Box::new(FuzzyTermQuery::new_prefix(term, 0, true)))
}

fn in_a_row(mut terms: Vec<Term>) -> Box<dyn Query> {
    match terms.pop() {
        Some(only) if terms.is_empty() => Box::new(TermQuery::new(only, IndexRecordOption::WithFreqs)),
        Some(last) => {
            terms.push(last);
            Box::new(PhraseQuery::new(terms))
        }
        None => Box::new(BooleanQuery::new(Vec::new())),
    }
}
