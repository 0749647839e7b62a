//! `[privacy]`: what personal data is masked, and where.

use regex::RegexBuilder;

use super::reader::Section;
use crate::call::{PiiKind, Place, PrivacyPolicy, Unredacted};

/// Kinds of national numbers.
const PATTERNS_MAX: usize = 50;
/// Memory a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 18;
/// What is looked for when nothing is named: social security numbers, and the two numbers of Spain.
const NATIONAL_IDS: [&str; 4] = [
    r"social security|ssn|soc sec|my social|your social|his social|her social|their social|the social|full social => \d{9}",
    r"dni|d.n.i|nif => \d{8}[A-Z]?",
    r"documento|documento de identidad => \d{8}[A-Z]",
    r"nie|n.i.e|documento => [XYZ]\d{7}[A-Z]",
];

pub(super) fn privacy(section: &Section<'_>) -> PrivacyPolicy {
    let mask = section.list("mask", "card", PiiKind::ALL.len(), str::parse::<PiiKind>);
    let named = section.list("mask_in", "text", Place::ALL.len(), str::parse::<Place>);
    // Who names kinds and no places means everywhere.
    let places = if section.has("mask_in") { named } else { Place::ALL.to_vec() };
    let unredacted = section.parsed("unredacted", "keep", str::parse::<Unredacted>).unwrap_or_default();
    if unredacted != Unredacted::Keep && places.len() < Place::ALL.len() {
        let name = unredacted.as_str();
        section.problem("unredacted", format!("'{name}' leaves nothing to be shown unmasked; leave mask_in out."));
    }
    if unredacted != Unredacted::Keep && mask.is_empty() {
        section.problem("unredacted", "There is nothing to redact: name the kinds in mask.");
    }
    let named = section.list("national_ids", r"ssn => \d{9}", PATTERNS_MAX, national_id);
    let national_ids = if section.has("national_ids") { named } else { NATIONAL_IDS.map(str::to_owned).to_vec() };
    section.finish(|_| None);
    PrivacyPolicy { mask, places, unredacted, national_ids }
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
