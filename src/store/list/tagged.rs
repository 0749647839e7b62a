//! How many recordings a list of one tag has: that is kept, and a page of them is read without counting.

use redb::ReadTransaction;

use super::super::error::Fault;
use super::super::schema::TAGS;
use super::{ListQuery, Span, wanted_tags};

/// The matches in all, where one tag and nothing else is asked for.
pub(super) fn known_total(tx: &ReadTransaction, query: &ListQuery, span: Span) -> Result<Option<u64>, Fault> {
    let [tag] = wanted_tags(query)[..] else { return Ok(None) };
    let asks_more = query.status.is_some()
        || query.min_quality.is_some()
        || super::fact_tags(query).next().is_some()
        || query.phone_number.is_some()
        || query.whole_number.is_some()
        || query.among.is_some();
    if asks_more || (span.low, span.high) != (i64::MIN, i64::MAX) {
        return Ok(None);
    }
    Ok(Some(tx.open_table(TAGS)?.get(tag)?.map_or(0, |count| count.value())))
}
