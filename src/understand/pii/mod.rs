//! Personal data in a call: payment cards, telephone numbers, e-mail addresses, account numbers, national numbers, dates
//! of birth. Found by what they are (checksums, shapes) and by what people say they are; English and Spanish.
//!
//! Pure. [`Pii::find`] says where; [`mask::masked`] gives the transcript without, [`veil::Mask`] by the operator's policy and
//! with the places where the sound is to be silent. Sound is not touched here.

mod birth;
mod cue;
mod digits;
mod email;
mod iban;
pub mod mask;
mod national;
mod numbers;
pub mod retold;
mod runs;
pub mod veil;

use self::cue::Cues;
use self::national::National;
use super::reading::Reading;
use crate::call::{PiiKind, PiiSpan, Transcript};

/// Places that are listed of one call; more is a list of numbers read out by a machine. Masked are all.
pub const PLACES_MAX: usize = 5_000;

/// One thing found: its words.
struct Entity {
    kind: PiiKind,
    tokens: Vec<usize>,
}

/// What is looked for.
pub struct Pii {
    cues: Cues,
    nationals: Vec<National>,
}

impl std::fmt::Debug for Pii {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pii").field("nationals", &self.nationals.len()).finish_non_exhaustive()
    }
}

impl Default for Pii {
    /// Without national numbers.
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Pii {
    /// With these national numbers, `words => pattern` each; one that is wrong is left out, because the configuration has
    /// refused it.
    pub fn of(national_ids: &[String]) -> Self {
        let nationals = national_ids.iter().filter_map(|text| National::of(text).ok()).collect();
        Self { cues: Cues::new(), nationals }
    }

    /// Where personal data is, in the order of the call.
    pub fn find(&self, transcript: &Transcript) -> Vec<PiiSpan> {
        self.find_in(&Reading::of(transcript))
    }

    pub(super) fn find_in(&self, reading: &Reading<'_>) -> Vec<PiiSpan> {
        let runs = runs::runs(reading);
        let mut taken = vec![false; reading.tokens.len()];
        let mut entities: Vec<Entity> = Vec::new();
        // What is proved by a checksum first; a telephone number is what is left.
        let found = mask::marks(reading)
            .into_iter()
            .chain(iban::ibans(reading))
            .chain(numbers::cards(reading, &runs))
            .chain(email::emails(reading, &self.cues))
            .chain(birth::births(reading, &self.cues))
            .chain(self.nationals.iter().flat_map(|national| national.find(reading, &runs)))
            .chain(numbers::phones(reading, &runs, &self.cues));
        for mut entity in found {
            entity.tokens.sort_unstable();
            entity.tokens.dedup();
            // What is known for something else already is that; the rest is not left open for it. A telephone number is
            // known by all its digits, so one that shares some with a card is none.
            if entity.kind == PiiKind::Phone && entity.tokens.iter().any(|token| taken[*token]) {
                continue;
            }
            entity.tokens.retain(|token| !taken[*token]);
            if entity.tokens.is_empty() {
                continue;
            }
            for token in &entity.tokens {
                taken[*token] = true;
            }
            entities.push(entity);
        }
        entities.sort_by_key(|entity| entity.tokens[0]);
        let mut spans: Vec<PiiSpan> =
            (0..).zip(&entities).flat_map(|(number, entity)| spans(reading, number, entity)).collect();
        spans.sort_by_key(|span| (span.segment, span.from));
        spans
    }
}

/// One span for each segment an entity has words in, from its first word there to its last; a gap of other words between
/// two parts in one segment parts them too.
fn spans(reading: &Reading<'_>, number: u32, entity: &Entity) -> Vec<PiiSpan> {
    /// Words inside a number that belong to it: "and", "dash", a filler.
    const GAP_MAX: usize = 4;
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &token in &entity.tokens {
        match parts.last_mut() {
            Some((_, last))
                if reading.tokens[*last].segment == reading.tokens[token].segment && token - *last <= GAP_MAX =>
            {
                *last = token;
            }
            _ => parts.push((token, token)),
        }
    }
    let span = |(first, last): (usize, usize)| {
        let (first, last) = (&reading.tokens[first], &reading.tokens[last]);
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        PiiSpan {
            kind: entity.kind.clone(),
            entity: number,
            segment: first.segment,
            first_word: first.word,
            last_word: last.word,
            from: byte(first.bytes.start),
            to: byte(last.bytes.end),
            start_ms: first.start_ms,
            end_ms: last.end_ms.max(first.start_ms),
        }
    };
    parts.into_iter().map(span).collect()
}
