//! A call in another language as its page shows it: the translated lines, each with what was spoken then below it, and the
//! languages there are.

use super::super::shown::{Badge, Moment};
use super::super::timeline::Lane;
use super::said::Spoken;
use crate::call::{
    Language, Segment, Transcript, Translation, TranslationFacts, TranslationStanding, TranslationState, Translator,
};
use crate::serve::Tongues;

/// The call in another language.
pub(super) struct Translated {
    pub(super) language: String,
    pub(super) from: Option<String>,
    pub(super) made: String,
    pub(super) when: Moment,
    pub(super) is_of_miniature: bool,
    pub(super) is_stale: bool,
    pub(super) lines: Vec<LineShown>,
}

/// A stretch of translated speech.
pub(super) struct LineShown {
    pub(super) turn: Spoken,
    pub(super) is_doubtful: bool,
    pub(super) originals: Vec<Original>,
}

/// What was spoken then.
pub(super) struct Original {
    /// Place of the segment in the transcript, which links lead to.
    pub(super) segment: usize,
    pub(super) text: String,
}

/// The languages of a call, and what may be done about them.
pub(super) struct TonguesShown {
    /// What was spoken.
    pub(super) spoken: String,
    pub(super) is_original: bool,
    pub(super) others: Vec<TongueShown>,
    /// Somebody could translate it into something.
    pub(super) may_ask: bool,
    pub(super) is_english_alone: bool,
}

/// One other language.
pub(super) struct TongueShown {
    pub(super) language: String,
    pub(super) is_here: bool,
    pub(super) is_made: bool,
    /// Absent where it is simply there.
    pub(super) badge: Option<Badge>,
    pub(super) says: Option<String>,
    pub(super) is_failed: bool,
}

impl Translated {
    pub(super) fn of(into: &Language, translation: &Translation, original: &Transcript, lanes: &[Lane]) -> Self {
        let facts = &translation.facts;
        let lines = translation.words.segments.iter().zip(aligned(&translation.words.segments, &original.segments));
        let lines = (0..).zip(lines).map(|(at, (segment, originals))| LineShown {
            turn: Spoken::of(segment, lanes),
            is_doubtful: facts.doubtful.contains(&at),
            originals: originals.into_iter().map(|at| original_at(original, at)).collect(),
        });
        Self {
            language: into.to_string(),
            from: facts.from.as_ref().map(Language::to_string),
            made: made(facts),
            when: Moment::of(&facts.made_at),
            is_of_miniature: facts.is_of_miniature,
            is_stale: facts.is_stale,
            lines: lines.collect(),
        }
    }
}

fn original_at(original: &Transcript, segment: usize) -> Original {
    let text = original.segments.get(segment).map(|spoken| spoken.text.clone()).unwrap_or_default();
    Original { segment, text }
}

fn made(facts: &TranslationFacts) -> String {
    match facts.by {
        Translator::Whisper => format!("Whisper ({}), from the sound", facts.made_with),
        Translator::LanguageModel => format!("{}, from the transcript", facts.made_with),
    }
}

/// For each translated segment the spoken ones that belong to it: each goes to the one it shares most time with, else to the
/// one nearest to it, on its own channel where that has any.
fn aligned(translated: &[Segment], spoken: &[Segment]) -> Vec<Vec<usize>> {
    let mut aligned: Vec<Vec<usize>> = vec![Vec::new(); translated.len()];
    for (at, said) in spoken.iter().enumerate() {
        let fit = |line: &Segment| {
            let shared = line.end_ms.min(said.end_ms).saturating_sub(line.start_ms.max(said.start_ms));
            (line.channel == said.channel, shared, std::cmp::Reverse(line.start_ms.abs_diff(said.start_ms)))
        };
        let best = (0..translated.len()).max_by_key(|place| fit(&translated[*place]));
        if let Some(place) = best {
            aligned[place].push(at);
        }
    }
    aligned
}

impl TonguesShown {
    /// Absent where there are no words to translate.
    pub(super) fn of(
        transcript: Option<&Transcript>,
        standings: &[TranslationStanding],
        here: Option<&Language>,
        into: &Tongues,
    ) -> Option<Self> {
        let transcript = transcript.filter(|transcript| !transcript.segments.is_empty())?;
        let is_english = transcript.language.as_ref().is_some_and(|language| language.as_str() == "en");
        let may_ask = match into {
            Tongues::Any => true,
            Tongues::English => !is_english,
            Tongues::Nothing(_) => false,
        };
        let is_shown = |language: &Language| here == Some(language);
        let others: Vec<TongueShown> =
            standings.iter().map(|standing| TongueShown::of(standing, is_shown(&standing.language))).collect();
        (may_ask || !others.is_empty()).then(|| Self {
            spoken: transcript
                .language
                .as_ref()
                .map_or_else(|| "Original".to_owned(), |one| one.as_str().to_uppercase()),
            is_original: here.is_none(),
            others,
            may_ask,
            is_english_alone: *into == Tongues::English,
        })
    }
}

impl TongueShown {
    fn of(standing: &TranslationStanding, is_here: bool) -> Self {
        let says = match &standing.state {
            TranslationState::Waiting { reason, .. } => reason.clone(),
            TranslationState::Failed { error, .. } => Some(error.clone()),
            TranslationState::Stale => Some("It is of an earlier transcript.".to_owned()),
            TranslationState::Running { .. } | TranslationState::Made => None,
        };
        let is_plain = standing.state == TranslationState::Made;
        Self {
            language: standing.language.to_string(),
            is_here,
            is_made: standing.made.is_some(),
            badge: (!is_plain).then(|| Badge::state(standing.state.name())),
            says,
            is_failed: matches!(standing.state, TranslationState::Failed { .. }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(channel: u16, start_ms: u64, end_ms: u64) -> Segment {
        Segment {
            channel,
            speaker: String::new(),
            start_ms,
            end_ms,
            text: String::new(),
            words: Vec::new(),
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        }
    }

    #[test]
    fn what_was_spoken_stands_with_the_line_of_its_time_and_channel() {
        let translated = [segment(0, 0, 4000), segment(1, 3000, 6000), segment(0, 9000, 9500)];
        let spoken = [segment(0, 100, 2000), segment(0, 2100, 3900), segment(1, 3100, 3900), segment(0, 7900, 8500)];
        assert_eq!(aligned(&translated, &spoken), [vec![0, 1], vec![2], vec![3]]);
        assert!(aligned(&[], &spoken).is_empty());
    }
}
