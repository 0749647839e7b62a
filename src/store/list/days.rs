//! What the sums kept by day know of a list: how many matches there are, and on which days. Only for what the listing's
//! facts tell apart.

use redb::ReadTransaction;

use super::super::error::Fault;
use super::super::facets::{ALL_DAYS, DAY_MS, DayKind, day_of, facts_of_text};
use super::super::schema::{DAYS, LISTING};
use super::streams::{Key, common};
use super::{Gathered, ListQuery, Span, fact_tags, facts_match, streams_of, wanted_tags};

/// The matches in all where kept sums know them: without filters, and by what the listing's facts tell apart.
pub(super) fn known_total(tx: &ReadTransaction, query: &ListQuery, span: Span) -> Result<Option<u64>, Fault> {
    let is_known = wanted_tags(query).is_empty()
        && query.phone_number.is_none()
        && query.whole_number.is_none()
        && query.among.is_none();
    if !is_known {
        return Ok(None);
    }
    let days = tx.open_table(DAYS)?;
    let sum = |from: i32, to: i32| -> Result<i64, Fault> {
        let mut sum = 0;
        let kind = DayKind::Facts as u8;
        for entry in days.range::<(u8, i32, &str)>((kind, from, "")..(kind, to, ""))? {
            let (key, sums) = entry?;
            if facts_of_text(key.value().2).is_some_and(|facts| facts_match(query, facts)) {
                sum += sums.value()[0];
            }
        }
        Ok(sum)
    };
    if (span.low, span.high) == (i64::MIN, i64::MAX) {
        return Ok(u64::try_from(sum(ALL_DAYS, ALL_DAYS + 1)?).ok());
    }
    // Whole days are summed up, what is left of the first and the last is counted.
    let (first, last) = span.whole_days();
    let listing = tx.open_table(LISTING)?;
    let count = |low: i64, high: i64| -> Result<i64, Fault> {
        let mut count = 0;
        for entry in listing.range((low, &[0; 16])..(high, &[0; 16]))? {
            count += i64::from(facts_match(query, entry?.1.value()));
        }
        Ok(count)
    };
    if first >= last {
        return Ok(u64::try_from(count(span.low, span.high)?).ok());
    }
    let mut total = sum(first, last)?;
    if span.low != i64::MIN {
        total += count(span.low, i64::from(first) * DAY_MS)?;
    }
    if span.high != i64::MAX {
        total += count(i64::from(last) * DAY_MS, span.high)?;
    }
    Ok(u64::try_from(total).ok())
}

/// Gathers a page day by day: days without a match, and days that are left out at the start, are passed over by their sums.
pub(super) fn gather(
    tx: &ReadTransaction,
    query: &ListQuery,
    span: Span,
    page: &mut Gathered<'_>,
) -> Result<(), Fault> {
    let high = query.after.map_or(span.high(), |after| after.key().min(span.high()));
    let kind = if asks_nothing(query) { DayKind::All } else { DayKind::Facts } as u8;
    let first = if span.low == i64::MIN { ALL_DAYS + 1 } else { day_of(span.low) };
    let end = if high.0 == i64::MAX { i32::MAX } else { day_of(high.0).saturating_add(1) };
    let table = tx.open_table(DAYS)?;
    let mut days = table.range::<(u8, i32, &str)>((kind, first, "")..(kind, end.max(first), ""))?;
    let mut day: Option<(i32, i64)> = None;
    loop {
        let sums = days.next_back().transpose()?;
        let next = sums.map(|(key, sums)| {
            let (_, day, text) = key.value();
            let fits = kind == DayKind::All as u8 || facts_of_text(text).is_some_and(|facts| facts_match(query, facts));
            (day, if fits { sums.value()[0] } else { 0 })
        });
        match (day, next) {
            (Some((day_now, count)), Some((day_next, more))) if day_now == day_next => {
                day = Some((day_now, count + more));
            }
            (Some((day_now, count)), _) => {
                gather_day(tx, query, (day_now, count), span.low, high, page)?;
                if page.has_more {
                    return Ok(());
                }
                day = next;
            }
            (None, Some(_)) => day = next,
            (None, None) => return Ok(()),
        }
    }
}

fn gather_day(
    tx: &ReadTransaction,
    query: &ListQuery,
    (day, count): (i32, i64),
    low: i64,
    high: Key,
    page: &mut Gathered<'_>,
) -> Result<(), Fault> {
    let (begins, ends) = (i64::from(day) * DAY_MS, i64::from(day) * DAY_MS + DAY_MS);
    let is_whole = low <= begins && ends <= high.0;
    if count <= 0 || is_whole && page.leave_out(count.cast_unsigned()) {
        return Ok(());
    }
    let (low, high) = (low.max(begins), high.min((ends, [0; 16])));
    if (low, [0; 16]) >= high {
        return Ok(());
    }
    common(streams_of(tx, query, low, high)?, |key| {
        page.see(key, || super::opened(tx, key))?;
        Ok(!page.has_more)
    })
}

fn asks_nothing(query: &ListQuery) -> bool {
    query.status.is_none() && query.min_quality.is_none() && fact_tags(query).next().is_none()
}
