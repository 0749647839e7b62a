//! Webex's transcripts in the layouts that were seen (fact sheet, section 6): WebVTT with the speaker in the cue's
//! identifier, WebVTT with voice tags, and plain lines `Name: text` without times.
//!
//! Cues of one speaker that follow each other closely are one segment: Webex cuts sentences in two. Webex tells no
//! words' times and no confidence.

use crate::call::Segment;

/// A pause as long as this begins a new segment.
const PAUSE_MS: u64 = 1000;
/// Longest segment put together from cues.
const SEGMENT_MS_MAX: u64 = 30_000;
/// Longest name before a colon in plain lines; what is longer is speech with a colon in it.
const NAME_CHARS_MAX: usize = 60;
/// Words of the longest name.
const NAME_WORDS_MAX: usize = 5;

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    /// In the order of time.
    pub(super) segments: Vec<Segment>,
    /// False for the layout without times: all of its segments are at 0.
    pub(super) has_times: bool,
}

/// Reads any of the layouts; what is none of them brings no segments.
pub(super) fn read(text: &str) -> Read {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    if text.contains("-->") { cues(&text) } else { plain(&text) }
}

fn cues(text: &str) -> Read {
    let mut segments: Vec<Segment> = Vec::new();
    for block in text.split("\n\n") {
        let lines: Vec<&str> = block.lines().map(str::trim).collect();
        let Some(at) = lines.iter().position(|line| line.contains("-->")) else { continue };
        let Some((start_ms, end_ms)) = times(lines[at]) else { continue };
        let named = at.checked_sub(1).and_then(|before| name_in_identifier(lines[before]));
        for (tagged, said) in voices(&lines[at + 1..].join(" ")) {
            let speaker = tagged.or_else(|| named.clone()).unwrap_or_else(|| "Speaker 1".to_owned());
            segments.push(segment(speaker, (start_ms, end_ms.max(start_ms)), said));
        }
    }
    segments.sort_by_key(|segment| segment.start_ms);
    Read { segments: joined(segments), has_times: true }
}

fn plain(text: &str) -> Read {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("WEBVTT"));
    let mut segments = Vec::new();
    for line in lines {
        let named = line.split_once(':').filter(|(name, _)| is_name(name));
        let (name, said) = named.map_or((None, line), |(name, said)| (Some(name.trim().to_owned()), said));
        for (tagged, said) in voices(said) {
            let speaker = tagged.or_else(|| name.clone()).unwrap_or_else(|| "Speaker 1".to_owned());
            segments.push(segment(speaker, (0, 0), said));
        }
    }
    Read { segments, has_times: false }
}

fn is_name(text: &str) -> bool {
    let has_its_length = (1..=NAME_CHARS_MAX).contains(&text.trim().chars().count());
    let is_sentence = text.split_whitespace().count() > NAME_WORDS_MAX || text.contains(['<', '{', '.', '?', '!', ',']);
    // "It is 3:30 now" names nobody.
    has_its_length && !is_sentence && !text.ends_with(|c: char| c.is_ascii_digit())
}

fn segment(speaker: String, (start_ms, end_ms): (u64, u64), text: String) -> Segment {
    let (avg_logprob, no_speech_prob) = (0.0, 0.0);
    Segment { channel: 0, speaker, start_ms, end_ms, text, words: Vec::new(), avg_logprob, no_speech_prob }
}

/// Puts together what one speaker says without a long pause.
fn joined(segments: Vec<Segment>) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for segment in segments {
        match joined.last_mut() {
            Some(last)
                if last.speaker == segment.speaker
                    && segment.start_ms <= last.end_ms.saturating_add(PAUSE_MS)
                    && segment.end_ms.saturating_sub(last.start_ms) <= SEGMENT_MS_MAX =>
            {
                last.text.push(' ');
                last.text.push_str(&segment.text);
                last.end_ms = last.end_ms.max(segment.end_ms);
            }
            _ => joined.push(segment),
        }
    }
    joined
}

/// `3 "Matt Lund" (2022698496) (f938d292-…)`
fn name_in_identifier(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('"')?;
    let (name, _) = rest.rsplit_once('"')?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// `00:00:03.610 --> 00:00:05.200 align:start`
fn times(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_once("-->")?;
    Some((clock(start)?, clock(end)?))
}

/// `hh:mm:ss.mmm` or `mm:ss.mmm`, with a comma too.
fn clock(text: &str) -> Option<u64> {
    let text = text.split_whitespace().next()?;
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let seconds = whole.split(':').try_fold(0_u64, |sum, part| {
        let part: u64 = part.parse().ok()?;
        sum.checked_mul(60)?.checked_add(part)
    })?;
    let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
    let millis: u64 = digits.parse().ok()?;
    seconds.checked_mul(1000)?.checked_add(millis)
}

/// The parts of a cue's text by voice: `<v Dana Cole>text</v>`; without tags one part without a name.
fn voices(text: &str) -> Vec<(Option<String>, String)> {
    let mut parts = Vec::new();
    let (before, tagged) = match text.find("<v") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    parts.push((None, words(before)));
    for part in tagged.split("<v").skip(1) {
        let (tag, said) = part.split_once('>').unwrap_or(("", part));
        // Classes stand between the tag and the name: `<v.loud Dana>`.
        let name = tag.split_once(char::is_whitespace).map(|(_, name)| words(name)).filter(|name| !name.is_empty());
        parts.push((name, words(said)));
    }
    parts.retain(|(_, said)| !said.is_empty());
    parts
}

/// Text without tags, entities and double spaces.
pub(super) fn words(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        bare.push_str(before);
        match tag.split_once('>') {
            Some((_, after)) => {
                bare.push(' ');
                rest = after;
            }
            None => {
                bare.push('<');
                rest = tag;
            }
        }
    }
    bare.push_str(rest);
    let entities = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let bare = entities.iter().fold(bare, |bare, (entity, sign)| bare.replace(entity, sign));
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(String, u64, u64, String)> {
        let read = read(text).segments.into_iter();
        read.map(|segment| (segment.speaker, segment.start_ms, segment.end_ms, segment.text)).collect()
    }

    #[test]
    fn clocks_have_two_or_three_parts() {
        assert_eq!(clock("01:02:03.004"), Some(3_723_004));
        assert_eq!(clock(" 02:03,5 align:start"), Some(123_500));
        assert_eq!(clock("7"), Some(7000));
        for odd in ["", "a:b", "1:-2", "99999999999999999999:00", "00:00.x"] {
            assert_eq!(clock(odd), None, "{odd}");
        }
    }

    #[test]
    fn one_cue_may_hold_several_voices_and_entities() {
        let text = "WEBVTT\n\nNOTE a\n\n1\n00:01.000 --> 00:02.000\n<v.loud A &amp; B>R&amp;D <i>now</i></v> <v C>Yes";
        let expected =
            [("A & B".to_owned(), 1000, 2000, "R&D now".to_owned()), ("C".to_owned(), 1000, 2000, "Yes".to_owned())];
        assert_eq!(said(text), expected);
    }

    #[test]
    fn a_pause_or_another_speaker_begins_a_segment() {
        let cue = |n: u32, who: &str, from: u32, to: u32| {
            format!("{n} \"{who}\" (1) (u)\n00:00:{from:02}.000 --> 00:00:{to:02}.000\nw{n}\n\n")
        };
        let text = [cue(1, "A", 0, 2), cue(2, "A", 3, 4), cue(3, "A", 6, 7), cue(4, "B", 7, 8)].concat();
        let texts: Vec<String> = said(&format!("WEBVTT\r\n\r\n{text}")).into_iter().map(|(.., text)| text).collect();
        assert_eq!(texts, ["w1 w2", "w3", "w4"]);
    }

    #[test]
    fn what_is_no_transcript_brings_nothing_and_never_fails() {
        for odd in ["", "WEBVTT", "-->", "a --> b\nc", "\n\n\n", "<v", "00:01 --> 00:02\n<v"] {
            assert!(read(odd).segments.len() <= 1, "{odd}");
        }
    }
}
