//! What a call was about, in its own sentences or, where a language model is configured, in that one's; and what else its
//! words tell.

use super::Setback;
use super::model_summary::Writer;
use crate::call::{Insight, Place, PrivacyPolicy, SummaryModel, SummarySource, Transcript};
use crate::understand::insight::{Rules, draw};
use crate::understand::model::{Account, transcript_digest};
use crate::understand::pii::PLACES_MAX;
use crate::understand::pii::mask::{masked, places_in_masked};
use crate::understand::pii::retold::Retold;

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
    let mut insight = unlisted(transcript, rules, privacy);
    insight.pii_left_out = insight.pii.len().saturating_sub(PLACES_MAX).try_into().unwrap_or(u32::MAX);
    insight.pii.truncate(PLACES_MAX);
    Ok(insight)
}

/// With every place that holds personal data.
fn unlisted(transcript: &Transcript, rules: &Rules, privacy: &PrivacyPolicy) -> Insight {
    let insight = draw(transcript, rules);
    if !privacy.masks_in(Place::Summaries) || !insight.pii.iter().any(|span| privacy.mask.contains(&span.kind)) {
        return insight;
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
    let pii = if privacy.masks_in(Place::Text) {
        places_in_masked(&insight.pii, transcript, &privacy.mask)
    } else {
        insight.pii
    };
    Insight { categories, pii, sentiment: insight.sentiment, talk: insight.talk, ..hidden }
}

/// Draws the insight anew after the policy changed. A language model's account of the same words is kept, masked by today's
/// policy, where it is in a language whose numbers can be told; else the sentences chosen by rule take its place, and say so.
pub(in crate::pipeline) fn again(
    transcript: &Transcript,
    spoken: &Transcript,
    rules: &Rules,
    privacy: &PrivacyPolicy,
    earlier: &Insight,
) -> Result<Insight, Setback> {
    let mut insight = by_rule(transcript, rules, privacy)?;
    let Some(model) = earlier.summary_model.as_ref().filter(|_| earlier.summary_source == SummarySource::Model) else {
        insight.summary_note.clone_from(&earlier.summary_note);
        return Ok(insight);
    };
    let mut account = Account::of(earlier);
    let kinds = if privacy.masks_in(Place::Summaries) { privacy.mask.as_slice() } else { &[] };
    if Retold::of(spoken, kinds, &rules.pii).mask(account.texts_mut()) {
        account.put_into(&mut insight);
        insight.summary_source = SummarySource::Model;
        insight.summary_note.clone_from(&earlier.summary_note);
        let transcript_digest = transcript_digest(&masked(spoken, kinds, &rules.pii));
        insight.summary_model = Some(SummaryModel { transcript_digest, ..model.clone() });
    } else {
        insight.summary_note = Some(
            "The language model's summary is in a language in which personal data cannot be told apart; since the privacy \
             policy changed, this one made by rule takes its place."
                .to_owned(),
        );
    }
    Ok(insight)
}
