//! The filters against a recording's own facts: while the keys are not all there, and for a text that is looked for without
//! an index.

use std::sync::Arc;

use redb::ReadTransaction;

use super::super::derived::is_filled;
use super::super::error::Fault;
use super::super::facets::parties;
use super::counted::{FactsFilter, RowFacts};
use super::streams::{Stream, Streams};
use super::{ListQuery, Span, facts_match, streams_of};
use crate::call::{Party, Recording};

/// What a recording must be.
pub(super) struct RowFilter {
    facts: FactsFilter,
    needle: Option<String>,
}

impl RowFilter {
    pub(super) fn of(query: &ListQuery, span: Span) -> Self {
        let needle = query.search_text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Self { facts: FactsFilter::of(query, span), needle: needle.map(str::to_lowercase) }
    }

    pub(super) fn streams<'q>(
        &self,
        tx: &ReadTransaction,
        query: &'q ListQuery,
        span: Span,
    ) -> Result<Streams<'q>, Fault> {
        if is_filled(tx)? {
            return streams_of(tx, query, span.low, span.high());
        }
        let facts = Stream::listing(tx, span.low, span.high(), Box::new(|facts| facts_match(query, facts)))?;
        let among = query.among.as_ref().map(|among| Stream::given(Arc::clone(&among.0), span.low, span.high()));
        Ok(Streams { all: [facts].into_iter().chain(among).collect(), without: Vec::new() })
    }

    pub(super) fn matches(&self, recording: &Recording) -> bool {
        let says = |wanted: &String| {
            let preview = recording.transcript.as_ref().map(|transcript| transcript.preview.as_str());
            let file = recording.audio.as_ref().and_then(|audio| audio.original_name.as_deref());
            let mut texts = parties(recording).flat_map(texts_of).chain(preview).chain(file);
            texts.any(|text| text.to_lowercase().contains(wanted))
        };
        RowFacts::of(recording).is_some_and(|facts| self.facts.matches(&facts)) && self.needle.as_ref().is_none_or(says)
    }
}

fn texts_of(party: &Party) -> impl Iterator<Item = &str> {
    [&party.number, &party.name, &party.email].into_iter().filter_map(|text| text.as_deref())
}
