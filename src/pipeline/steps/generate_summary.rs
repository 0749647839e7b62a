//! What a call was about, in its own sentences or, where a language model is configured, in that one's; and what else its
//! words tell.

use super::Setback;
use super::model_summary::Writer;
use crate::call::{Insight, Place, PrivacyPolicy, Transcript};
use crate::understand::insight::{Rules, draw};
use crate::understand::pii::mask::masked;

/// Draws the insight from the words, then has `writer` put its account in the place of the sentences chosen by rule. What it
/// is shown is masked as summaries are.
pub(in crate::pipeline) async fn run(
    transcript: &Transcript,
    rules: &Rules,
    privacy: &PrivacyPolicy,
    writer: Option<&Writer>,
    earlier: Option<&Insight>,
) -> Result<Insight, Setback> {
    let mut insight = by_rule(transcript, rules, privacy)?;
    if let Some(writer) = writer {
        let kinds = if privacy.masks_in(Place::Summaries) { privacy.mask.as_slice() } else { &[] };
        writer.rewrite(&mut insight, &masked(transcript, kinds, &rules.pii), earlier).await;
    }
    Ok(insight)
}

/// Draws the insight from the words. Where summaries are masked, the sentences are those of the masked transcript; what
/// and where personal data is, and what the operator's rules find, is told of the words as they were spoken.
pub(in crate::pipeline) fn by_rule(
    transcript: &Transcript,
    rules: &Rules,
    privacy: &PrivacyPolicy,
) -> Result<Insight, Setback> {
    if transcript.segments.is_empty() {
        return Err(Setback::NotToBeHad("There is nothing to summarise: the transcript has no words.".to_owned()));
    }
    let insight = draw(transcript, rules);
    if !privacy.masks_in(Place::Summaries) || !insight.pii.iter().any(|span| privacy.mask.contains(&span.kind)) {
        return Ok(insight);
    }
    let hidden = draw(&masked(transcript, &privacy.mask, &rules.pii), rules);
    // The words of a hit may be those of a number; its place is enough then.
    let is_masked = |start_ms: u64, end_ms: u64| {
        insight
            .pii
            .iter()
            .any(|span| privacy.mask.contains(&span.kind) && span.start_ms <= end_ms && span.end_ms >= start_ms)
    };
    let mut categories = insight.categories.clone();
    for hit in categories.iter_mut().flat_map(|result| &mut result.hits) {
        if is_masked(hit.start_ms, hit.end_ms) {
            hit.words.clone_from(&hit.phrase);
        }
    }
    Ok(Insight { categories, pii: insight.pii, sentiment: insight.sentiment, talk: insight.talk, ..hidden })
}
