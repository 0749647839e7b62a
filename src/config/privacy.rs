//! `[privacy]`: what personal data is masked, and where.

use regex::RegexBuilder;

use super::reader::Section;
use crate::call::{PiiKind, PrivacyPolicy};

/// Kinds of national numbers.
const PATTERNS_MAX: usize = 50;
/// Memory a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 18;
/// Places that can be named.
const PLACES: [&str; 1] = ["summaries"];
/// What is looked for when nothing is named: social security numbers, and the two numbers of Spain.
const NATIONAL_IDS: [&str; 3] = [
    r"social security|social security number|ssn => \d{9}",
    r"dni|d.n.i|nif|documento|documento de identidad => \d{8}[A-Z]",
    r"nie|n.i.e|documento => [XYZ]\d{7}[A-Z]",
];

pub(super) fn privacy(section: &Section<'_>) -> PrivacyPolicy {
    let mask = section.list("mask", "card", PiiKind::ALL.len(), str::parse::<PiiKind>);
    let places = section.list("mask_in", "summaries", PLACES.len(), |text| {
        let place = PLACES.iter().find(|place| **place == text);
        place.copied().ok_or_else(|| format!("'{text}' is no place to mask in; there is {}.", PLACES.join(", ")))
    });
    // Who names kinds and no places means everywhere.
    let is_in = |place| if section.has("mask_in") { places.contains(&place) } else { true };
    let named = section.list("national_ids", r"ssn => \d{9}", PATTERNS_MAX, national_id);
    let national_ids = if section.has("national_ids") { named } else { NATIONAL_IDS.map(str::to_owned).to_vec() };
    section.finish(|_| None);
    PrivacyPolicy { mask, in_summaries: is_in("summaries"), national_ids }
}

/// `words|words => pattern`.
fn national_id(text: &str) -> Result<String, String> {
    let Some((names, pattern)) = text.split_once("=>").filter(|(names, _)| names.chars().any(char::is_alphanumeric))
    else {
        return Err(
            r"This takes the words that name the number, '=>' and what it looks like: 'dni|documento => \d{8}[A-Z]'."
                .to_owned(),
        );
    };
    let built = RegexBuilder::new(pattern.trim()).size_limit(PATTERN_BYTES_MAX).build();
    match built {
        Ok(_) if pattern.trim().is_empty() => Err("Behind '=>' stands what the number looks like.".to_owned()),
        Ok(_) => Ok(format!("{} => {}", names.trim(), pattern.trim())),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(format!("What stands behind '=>' is no regular expression: {reason}."))
        }
    }
}
