//! The language of a call, from what was heard and from what was written down.

use super::Setback;
use crate::call::{HeardLanguage, Language, Transcript, TranscriptSource};
use crate::understand::language::{LanguageGuess, detect};

/// Weighs the model's ear against the text. Agreement makes surer; of a disagreement the surer side wins, the less sure
/// the nearer they are.
pub(in crate::pipeline) fn run(transcript: &Transcript, allowed: &[Language]) -> Result<LanguageGuess, Setback> {
    let HeardLanguage { language, confidence } = transcript.heard();
    let heard = language.map(|language| LanguageGuess { language, confidence });
    let read = detect(&transcript.conversation_text(), allowed);
    match (heard, read) {
        // Our own ear was held against the text when the transcript was made: its confidence is what is left after that.
        (Some(heard), Some(read))
            if heard.language != read.language && transcript.source == TranscriptSource::Local =>
        {
            Ok(heard)
        }
        (Some(heard), Some(read)) => Ok(weighed(heard, read)),
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (None, None) => Err(Setback::NotToBeHad("Too little was said to tell the language.".to_owned())),
    }
}

fn weighed(heard: LanguageGuess, read: LanguageGuess) -> LanguageGuess {
    let (a, b) = (heard.confidence.clamp(0.0, 1.0), read.confidence.clamp(0.0, 1.0));
    if heard.language == read.language {
        return LanguageGuess { confidence: 1.0 - (1.0 - a) * (1.0 - b), ..heard };
    }
    let (winner, high, low) = if a >= b { (heard, a, b) } else { (read, b, a) };
    let (for_it, against) = (high * (1.0 - low), low * (1.0 - high));
    let confidence = if for_it + against > 0.0 { for_it / (for_it + against) } else { 0.5 };
    LanguageGuess { confidence, ..winner }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(language: &str, confidence: f32) -> LanguageGuess {
        LanguageGuess { language: Language::new(language), confidence }
    }

    #[test]
    fn agreement_makes_surer() {
        assert_eq!(weighed(guess("en", 0.8), guess("en", 0.5)), guess("en", 0.9));
    }

    #[test]
    fn of_a_disagreement_the_surer_side_wins_with_less_certainty() {
        let one = weighed(guess("en", 0.9), guess("de", 0.6));
        assert_eq!(one.language, Language::new("en"));
        assert!(one.confidence > 0.8 && one.confidence < 0.9, "{one:?}");
        assert_eq!(weighed(guess("en", 0.3), guess("de", 0.7)).language, Language::new("de"));
    }

    #[test]
    fn certainty_against_certainty_is_a_toss() {
        assert_eq!(weighed(guess("en", 1.0), guess("de", 1.0)).confidence, 0.5);
    }
}
