//! Speakers for a call whose parties share one channel: the provider knows who spoke when, we know what was said when.
//!
//! Pure. The provider's turns are laid over our word times: each word goes to the speaker whose turn covers most of it, and
//! a new segment begins where the speaker changes.

use crate::call::{Segment, Transcript, Word};

/// A word that lies in nobody's turn goes to the nearest within this, in ms; providers round to seconds.
const REACH_MS: u64 = 1_500;

/// Our transcript with the provider's speakers; `None` when there is nothing to gain: several channels tell the parties
/// apart already, or the provider knows one speaker at most.
pub fn laid_over(ours: &Transcript, theirs: &Transcript) -> Option<Transcript> {
    let is_mixed = ours.channels.len() <= 1 && ours.segments.iter().all(|segment| segment.channel == 0);
    let first = theirs.segments.first().map(|segment| &segment.speaker)?;
    // A transcript without times says who spoke, and not when.
    let has_times = theirs.segments.iter().any(|segment| segment.end_ms > segment.start_ms);
    if !is_mixed || !has_times || theirs.segments.iter().all(|segment| segment.speaker == *first) {
        return None;
    }
    let segments = ours.segments.iter().flat_map(|segment| parted(segment, &theirs.segments)).collect();
    Some(Transcript { segments, ..ours.clone() })
}

/// One segment, parted where the speaker changes.
fn parted(segment: &Segment, turns: &[Segment]) -> Vec<Segment> {
    let mut parts: Vec<(String, Vec<Word>)> = Vec::new();
    for word in &segment.words {
        // A word that nobody claims goes on with whoever spoke.
        let speaker = speaker_of(word, turns);
        match parts.last_mut() {
            Some((last, words)) if speaker.is_none_or(|speaker| speaker == last) => words.push(word.clone()),
            _ => parts.push((speaker.unwrap_or(&segment.speaker).to_owned(), vec![word.clone()])),
        }
    }
    if parts.len() <= 1 {
        let speaker = parts.pop().map_or_else(|| segment.speaker.clone(), |(speaker, _)| speaker);
        return vec![Segment { speaker, ..segment.clone() }];
    }
    parts.into_iter().map(|(speaker, words)| part(segment, speaker, words)).collect()
}

fn part(segment: &Segment, speaker: String, words: Vec<Word>) -> Segment {
    let text: Vec<&str> = words.iter().map(|word| word.word.as_str()).collect();
    Segment {
        speaker,
        start_ms: words.first().map_or(segment.start_ms, |word| word.start_ms),
        end_ms: words.last().map_or(segment.end_ms, |word| word.end_ms),
        text: text.join(" "),
        words,
        ..segment.clone()
    }
}

/// Who spoke during a word: the turn that covers most of it, else the nearest.
fn speaker_of<'a>(word: &Word, turns: &'a [Segment]) -> Option<&'a str> {
    let covered = |turn: &&Segment| word.end_ms.min(turn.end_ms).saturating_sub(word.start_ms.max(turn.start_ms));
    let distance =
        |turn: &&Segment| turn.start_ms.saturating_sub(word.end_ms).max(word.start_ms.saturating_sub(turn.end_ms));
    let most = turns.iter().filter(|turn| covered(turn) > 0).max_by_key(covered);
    let nearest = || turns.iter().filter(|turn| distance(turn) <= REACH_MS).min_by_key(distance);
    most.or_else(nearest).map(|turn| turn.speaker.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::TranscriptSource;

    fn segment(speaker: &str, start_ms: u64, end_ms: u64, text: &str) -> Segment {
        let words: Vec<&str> = text.split(' ').collect();
        let each = (end_ms - start_ms) / words.len() as u64;
        let words = words.iter().enumerate().map(|(at, word)| Word {
            word: (*word).to_owned(),
            start_ms: start_ms + each * at as u64,
            end_ms: start_ms + each * (at as u64 + 1),
            probability: 1.0,
        });
        Segment {
            channel: 0,
            speaker: speaker.into(),
            start_ms,
            end_ms,
            text: text.into(),
            words: words.collect(),
            avg_logprob: -0.1,
            no_speech_prob: 0.0,
        }
    }

    fn transcript(segments: Vec<Segment>) -> Transcript {
        Transcript { duration_ms: 10_000, ..Transcript::new(TranscriptSource::Local, "test", segments) }
    }

    #[test]
    fn a_mixed_channel_is_parted_where_the_provider_heard_the_speaker_change() {
        let ours = transcript(vec![segment("Speaker 1", 0, 6000, "thank you for calling hello there")]);
        let theirs = transcript(vec![segment("Laura", 0, 4000, "x"), segment("Daniel", 4000, 6000, "y")]);
        let laid: Vec<(String, String)> = laid_over(&ours, &theirs)
            .unwrap()
            .segments
            .into_iter()
            .map(|segment| (segment.speaker, segment.text))
            .collect();
        let expected = [("Laura", "thank you for calling"), ("Daniel", "hello there")];
        assert_eq!(laid, expected.map(|(speaker, text)| (speaker.to_owned(), text.to_owned())));
    }

    #[test]
    fn parties_on_channels_of_their_own_keep_them_and_one_speaker_says_nothing() {
        let mut ours = transcript(vec![segment("agent", 0, 1000, "hello"), segment("customer", 1000, 2000, "hi")]);
        let one = transcript(vec![segment("Laura", 0, 2000, "x")]);
        assert_eq!(laid_over(&ours, &one), None);
        ours.segments[1].channel = 1;
        let two = transcript(vec![segment("Laura", 0, 1000, "x"), segment("Daniel", 1000, 2000, "x")]);
        assert_eq!(laid_over(&ours, &two), None);
    }
}
