//! Everything that is drawn from one transcript, in one go. The same words and the same rules give the same insight.

use sha2::{Digest as _, Sha256};

use super::categories::Categories;
use super::pii::Pii;
use super::reading::Reading;
use super::{parties, sentiment, summary, talk};
use crate::call::{CategoryRule, Insight, PrivacyPolicy, Transcript};

/// Version of the rules: raised when the same words would give another insight.
pub const RULES_VERSION: u32 = 6;

/// What the operator set: which rules are applied beside the built-in ones.
#[derive(Debug, Default)]
pub struct Rules {
    /// What calls are looked through for.
    pub categories: Categories,
    /// What counts as personal data.
    pub pii: Pii,
    /// Short digest of both as they were configured, by which calls drawn under other rules are told.
    pub digest: String,
}

impl Rules {
    /// The rules of a configuration.
    pub fn of(categories: &[CategoryRule], privacy: &PrivacyPolicy) -> Self {
        // A program that knows more of a rule writes another digest; it has another version, too.
        let configured = format!("{categories:?}\n{:?}", privacy.national_ids);
        let digest = Sha256::digest(configured).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { categories: Categories::of(categories), pii: Pii::of(&privacy.national_ids), digest }
    }
}

/// Draws the insight from the published words. Suspects are not looked at.
pub fn draw(transcript: &Transcript, rules: &Rules) -> Insight {
    let reading = Reading::of(transcript);
    let mut insight = Insight { rules_version: RULES_VERSION, ..Insight::default() };
    summary::summarise(&reading, &mut insight);
    insight.sentiment = sentiment::sentiment(&reading);
    insight.categories = rules.categories.apply(&reading);
    insight.pii = rules.pii.find_in(&reading);
    insight.talk = talk::measure(transcript);
    let roles = parties::roles(&reading);
    for party in insight.talk.iter_mut().flat_map(|talk| &mut talk.parties) {
        let speaker = reading.speakers.iter().position(|speaker| *speaker == party.speaker);
        party.role = speaker.and_then(|speaker| roles[speaker]);
    }
    insight
}
