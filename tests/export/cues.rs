//! WebVTT and SubRip under odd texts and odd times, read back by `subtp`.

use callscribe::call::{Segment, Transcript, Word};
use callscribe::export::{Format, render};
use proptest::prelude::*;
use subtp::srt::{SrtTimestamp, SubRip};
use subtp::vtt::{VttBlock, VttTimestamp, WebVtt};

use crate::{segment, transcript};

/// One cue as a player would show it.
#[derive(Debug, PartialEq)]
struct Shown {
    start_ms: u64,
    end_ms: u64,
    speaker: String,
    lines: Vec<String>,
}

fn vtt_ms(at: VttTimestamp) -> u64 {
    let minutes = u64::from(at.hours) * 60 + u64::from(at.minutes);
    (minutes * 60 + u64::from(at.seconds)) * 1000 + u64::from(at.milliseconds)
}

fn srt_ms(at: SrtTimestamp) -> u64 {
    let minutes = u64::from(at.hours) * 60 + u64::from(at.minutes);
    (minutes * 60 + u64::from(at.seconds)) * 1000 + u64::from(at.milliseconds)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn read_vtt(transcript: &Transcript) -> Vec<Shown> {
    let text = render(transcript, Format::Vtt);
    let parsed = WebVtt::parse(&text).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
    let cues = parsed.blocks.into_iter().filter_map(|block| match block {
        VttBlock::Que(cue) => Some(cue),
        _ => None,
    });
    let shown = |cue: subtp::vtt::VttCue| {
        let payload = cue.payload.join("\n");
        let (speaker, text) = payload.strip_prefix("<v ").unwrap().split_once('>').unwrap();
        assert!(!text.contains(['<', '>']), "unescaped: {text}");
        Shown {
            start_ms: vtt_ms(cue.timings.start),
            end_ms: vtt_ms(cue.timings.end),
            speaker: unescape(speaker),
            lines: text.lines().map(unescape).collect(),
        }
    };
    cues.map(shown).collect()
}

fn read_srt(transcript: &Transcript) -> Vec<Shown> {
    let text = render(transcript, Format::Srt);
    let parsed = SubRip::parse(&text).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
    let shown = |(index, cue): (usize, subtp::srt::SrtSubtitle)| {
        assert_eq!(cue.sequence as usize, index + 1);
        let text = cue.text.join("\n");
        let (speaker, text) = text.split_once(": ").unwrap();
        Shown {
            start_ms: srt_ms(cue.start),
            end_ms: srt_ms(cue.end),
            speaker: speaker.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
        }
    };
    parsed.subtitles.into_iter().enumerate().map(shown).collect()
}

/// What both formats show; they differ in nothing but their spelling.
fn read(transcript: &Transcript) -> Vec<Shown> {
    let (vtt, srt) = (read_vtt(transcript), read_srt(transcript));
    assert_eq!(vtt, srt);
    vtt
}

/// The text without any white space: cutting into lines and cues may change that and nothing else.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect()
}

#[test]
fn a_long_turn_is_cut_into_cues_that_can_be_read() {
    let sentence = "I have been waiting since Monday, and nobody called me back. ";
    let long = transcript(vec![segment(1, "customer", 1_000, 41_000, &sentence.repeat(10))]);
    let cues = read(&long);
    assert!(cues.len() >= 6);
    for cue in &cues {
        assert!(cue.lines.len() <= 2 && cue.lines.iter().all(|line| line.chars().count() <= 42), "{cue:?}");
        assert!(cue.end_ms - cue.start_ms <= 7_000, "{cue:?}");
    }
    assert_eq!((cues[0].start_ms, cues[cues.len() - 1].end_ms), (1_000, 41_000));
    let sentence_starts = cues.iter().filter(|cue| cue.lines[0].starts_with("I have been")).count();
    assert_eq!(sentence_starts, 10, "cues begin where sentences begin: {cues:?}");
}

#[test]
fn cues_begin_when_their_first_word_is_spoken() {
    let mut slow = segment(0, "agent", 0, 30_000, "One moment please");
    slow.words[1].start_ms = 20_000;
    slow.words[1].end_ms = 20_400;
    slow.words[2].start_ms = 20_500;
    let cues = read(&transcript(vec![slow]));
    assert_eq!(cues.iter().map(|cue| cue.start_ms).collect::<Vec<_>>(), [0, 20_000, 20_500]);
}

#[test]
fn overlapping_speech_stays_overlapping_and_in_order_of_time() {
    let sentence = "The total is one hundred dollars and it is due on Friday in the afternoon. ".repeat(3);
    let both = transcript(vec![
        segment(0, "agent", 0, 20_000, &sentence),
        segment(1, "customer", 5_000, 6_000, "No, that is not right."),
    ]);
    let cues = read(&both);
    assert!(cues.is_sorted_by_key(|cue| cue.start_ms));
    let customer = cues.iter().position(|cue| cue.speaker == "customer").unwrap();
    assert!(cues[customer - 1].end_ms > cues[customer].start_ms);
}

#[test]
fn text_that_looks_like_the_format_is_harmless() {
    let evil = "First.\n\n7\n00:00:01,000 --> 00:00:02,000\nNOTE STYLE WEBVTT & <b> </v> &amp;";
    let mut segment = segment(0, "a <b>\n\n& c", 0, 5_000, evil);
    segment.words.clear();
    let evil = transcript(vec![segment]);
    let text: String = read_vtt(&evil).iter().flat_map(|cue| cue.lines.clone()).collect();
    assert_eq!(letters(&text), letters(&evil.segments[0].text));
    assert!(read_srt(&evil).iter().all(|cue| cue.speaker == "a <b> & c"));
}

#[test]
fn hours_take_as_many_digits_as_they_need() {
    let late = transcript(vec![segment(0, "agent", 360_000_001, 360_000_900, "Still here.")]);
    assert!(render(&late, Format::Vtt).contains("\n100:00:00.001 --> 100:00:00.900\n"));
    assert!(render(&late, Format::Srt).contains("\n100:00:00,001 --> 100:00:00,900\n"));
}

#[test]
fn no_cue_is_empty_or_without_length() {
    let odd = transcript(vec![
        segment(0, "agent", 1_000, 1_000, "Okay."),
        segment(0, "agent", 2_000, 3_000, ""),
        segment(0, "agent", 4_000, 5_000, " \n "),
        Segment { end_ms: 5_000, ..segment(1, "customer", 6_000, 7_000, "Backwards.") },
    ]);
    let cues = read(&odd);
    assert_eq!(cues.len(), 2);
    assert!(cues.iter().all(|cue| cue.end_ms > cue.start_ms && !cue.lines.is_empty()), "{cues:?}");
}

#[test]
fn scripts_that_run_right_to_left_keep_every_letter_in_order() {
    let text = "שלום, מדבר דניאל. יש לי בעיה עם החשבונית שלי, חויבתי במאתיים שקלים.";
    let cues = read(&transcript(vec![segment(0, "לקוח", 0, 9_000, text)]));
    let shown: Vec<String> = cues.iter().map(|cue| cue.lines.join(" ")).collect();
    assert_eq!(shown.join(" "), text);
}

#[test]
fn words_without_spaces_between_them_get_none() {
    let words = ["こんにちは", "、", "請求書", "に", "問題", "が", "あります", "。"];
    let mut segment = segment(0, "お客様", 0, 8_000, &words.concat());
    segment.words = (0..)
        .zip(words)
        .map(|(n, word)| Word { word: word.to_owned(), start_ms: n * 1000, end_ms: n * 1000 + 900, probability: 1.0 })
        .collect();
    let shown: String = read(&transcript(vec![segment])).iter().flat_map(|cue| cue.lines.clone()).collect();
    assert_eq!(shown, words.concat());
}

prop_compose! {
    /// A segment with any text; its words are its own, somebody else's, or missing.
    fn any_segment()(
        channel in 0u16..3,
        speaker in "[^:]{0,12}",
        start_ms in 0u64..300_000_000,
        length_ms in 0u64..60_000,
        text in "(\\PC|[ \n\t\r&<>.,-]|-->){0,200}",
        words_fit in any::<bool>(),
        foreign in prop::collection::vec((".{0,10}", any::<u64>(), any::<u64>()), 0..4),
    ) -> Segment {
        let mut segment = segment(channel, &speaker, start_ms, start_ms + length_ms, &text);
        if !words_fit {
            let word = |(word, start_ms, end_ms)| Word { word, start_ms, end_ms, probability: 0.5 };
            segment.words = foreign.into_iter().map(word).collect();
        }
        segment
    }
}

/// SRT writes `→` where `-->` would end a cue's text; for comparing they are the same.
fn arrows(text: &str) -> String {
    text.replace('→', "-->")
}

proptest! {
    #[test]
    fn any_text_survives(segments in prop::collection::vec(any_segment(), 0..5)) {
        let call = transcript(segments);
        for shown in [read_vtt(&call), read_srt(&call)] {
            prop_assert!(shown.is_sorted_by_key(|cue| cue.start_ms));
            prop_assert!(shown.iter().all(|cue| cue.start_ms < cue.end_ms));
            let mut shown: Vec<char> = shown.iter().flat_map(|cue| arrows(&letters(&cue.lines.concat())).chars().collect::<Vec<_>>()).collect();
            let mut said: Vec<char> = call.segments.iter().flat_map(|s| arrows(&letters(&s.text)).chars().collect::<Vec<_>>()).collect();
            // Cues of several segments may interleave; then only the bag of characters can be compared.
            if call.segments.len() > 1 {
                shown.sort_unstable();
                said.sort_unstable();
            }
            prop_assert_eq!(shown, said);
        }
    }

    #[test]
    fn json_is_json_and_text_is_a_line_a_segment(segments in prop::collection::vec(any_segment(), 0..5)) {
        let call = transcript(segments);
        let json: serde_json::Value = serde_json::from_str(&render(&call, Format::Json)).unwrap();
        for (written, segment) in json["segments"].as_array().unwrap().iter().zip(&call.segments) {
            prop_assert_eq!(written["text"].as_str(), Some(segment.text.as_str()));
        }
        let said = call.segments.iter().filter(|segment| !letters(&segment.text).is_empty()).count();
        prop_assert_eq!(render(&call, Format::Txt).lines().count(), said);
    }
}
