//! Sums by day of how calls were talked and how far transcripts agree: beside the sums of [`facets`](super::facets), under the
//! same keys, for the calls that have such figures.

use super::facets::{ALL_DAYS, ByDay, Sums};
use super::record::Row;
use crate::call::PartyRole;

/// Added up by day: calls with two transcripts, their agreement (millionths), their disputes; calls with talk metrics, their
/// time of conversation, of talk, of dead air, of overlap, of hold; calls whose agent is known, the agent's time of talk and
/// everybody's in those, the agent's words and interruptions; calls in which the agent answered, the sum of median times to
/// answer; calls worth a listen.
pub(super) type TalkSums = [i64; 17];

/// What a row adds to which sums: under the keys of its [`day_sums`](super::facets::day_sums), and nothing of a call without
/// such figures.
pub(super) fn talk_sums(row: &Row, days: &ByDay<Sums>) -> ByDay<TalkSums> {
    let sums = sums_of(row);
    if sums == TalkSums::default() {
        return ByDay::new();
    }
    days.keys().filter(|(_, day, _)| *day != ALL_DAYS).map(|key| (key.clone(), sums)).collect()
}

fn sums_of(row: &Row) -> TalkSums {
    let recording = &row.recording;
    let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let mut sums = TalkSums::default();
    if let Some(opinion) = &recording.opinion
        && let Some(agreement) = opinion.agreement
    {
        sums[0] = 1;
        sums[1] = (f64::from(agreement) * 1e6) as i64;
        sums[2] = i64::from(opinion.dispute_count);
    }
    if let Some(talk) = recording.insight.as_ref().and_then(|insight| insight.talk.as_ref()) {
        sums[3] = 1;
        sums[4] = whole(talk.conversation_ms);
        sums[5] = whole(talk.talk_ms);
        sums[6] = whole(talk.dead_air_ms);
        sums[7] = whole(talk.overlap_ms.unwrap_or(0));
        sums[8] = whole(talk.hold_ms);
        // Of several agents in one call nobody knows whose figures they are.
        let mut agents = talk.parties.iter().filter(|party| party.role == Some(PartyRole::Agent));
        if let (Some(agent), None) = (agents.next(), agents.next()) {
            sums[9] = 1;
            sums[10] = whole(agent.talk_ms);
            sums[11] = talk.parties.iter().map(|party| whole(party.talk_ms)).sum();
            sums[12] = i64::from(agent.words);
            sums[13] = i64::from(agent.interruptions);
            sums[14] = i64::from(agent.response_median_ms.is_some());
            sums[15] = whole(agent.response_median_ms.unwrap_or(0));
        }
    }
    sums[16] = i64::from(!recording.listen_reasons().is_empty());
    sums
}
