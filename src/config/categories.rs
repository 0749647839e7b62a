//! `[[categories]]`: what calls are looked through for.

use super::languages::known_language;
use super::reader::Section;
use crate::call::CategoryRule;

/// Rules in the file.
const RULES_MAX: usize = 500;
/// Phrases in one list of a rule.
const PHRASES_MAX: usize = 100;
/// Characters of a phrase: a sentence, which nobody says twice in the same words.
const PHRASE_CHARS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 64;
const DAY_S: u64 = 86_400;
/// How near is near when nothing is said.
const NEAR_S: u64 = 15;

/// One rule; `None` when it could never be applied, which is recorded.
pub(super) fn category(section: &Section<'_>) -> Option<CategoryRule> {
    if section.lacks("name") {
        section.problem("name", "Every category needs a name; it is what hits are filed under.");
    }
    let name = section.parsed("name", "recording-notice", name);
    let phrases = |key| section.list(key, "this call may be recorded", PHRASES_MAX, phrase);
    let (any, all, near) = (phrases("any"), phrases("all"), phrases("near"));
    let near_s = section.whole("near_s", 1..=3600, NEAR_S);
    let absent = section.flag("absent", false);
    let party = section.text("party", "agent");
    let within = |key| {
        let seconds = section.whole(key, 1..=DAY_S, 30);
        section.has(key).then_some(seconds)
    };
    let (within_first_s, within_last_s) = (within("within_first_s"), within("within_last_s"));
    let fuzzy = section.flag("fuzzy", true);
    let alert = section.flag("alert", false);
    let languages = section.list("languages", "en", PHRASES_MAX, known_language);
    section.finish(|key| {
        matches!(key, "phrases" | "phrase" | "words" | "none" | "not")
            .then(|| "Phrases stand in any, all or near; absent = true asks for what was not said.".to_owned())
    });
    if any.is_empty() && all.is_empty() && near.is_empty() {
        section.problem("any", "A category needs phrases in any, all or near; without them it would say nothing.");
        return None;
    }
    if near.len() == 1 {
        section.problem(
            "near",
            "Near takes at least two phrases, which must be said near each other; one belongs in any.",
        );
    }
    let seconds = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Some(CategoryRule {
        name: name?,
        any,
        all,
        near,
        near_s: seconds(near_s),
        absent,
        party,
        within_first_s: within_first_s.map(seconds),
        within_last_s: within_last_s.map(seconds),
        fuzzy,
        languages,
        alert,
    })
}

/// Names must differ: hits are filed under them.
pub(super) fn distinct(rules: &[(Section<'_>, CategoryRule)]) {
    for (at, (section, rule)) in rules.iter().enumerate() {
        if rules[..at].iter().any(|(_, other)| other.name == rule.name) {
            section.problem(
                "name",
                format!("There is another category called '{}'; give this one its own name.", rule.name),
            );
        }
    }
    if let Some((section, _)) = rules.get(RULES_MAX) {
        section.problem("name", format!("This file has {} categories; at most {RULES_MAX} are taken.", rules.len()));
    }
}

fn name(text: &str) -> Result<String, String> {
    let fits = text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("A name has at most {NAME_CHARS_MAX} characters, on one line."))
}

fn phrase(text: &str) -> Result<String, String> {
    if !text.chars().any(char::is_alphanumeric) {
        return Err("A phrase needs words.".to_owned());
    }
    match text.chars().count() {
        0..=PHRASE_CHARS_MAX => Ok(text.to_owned()),
        count => Err(format!(
            "The phrase has {count} characters; at most {PHRASE_CHARS_MAX} are taken. Shorter ones are found more often."
        )),
    }
}
