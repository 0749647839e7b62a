//! Each format as a whole.

use callscribe::call::{ChannelFacts, ChannelRole, Transcript};
use callscribe::export::{Format, render};
use serde_json::Value;

use crate::{call, segment, transcript};

#[test]
fn a_call_as_text_reads_as_a_conversation() {
    insta::assert_snapshot!(render(&call(), Format::Txt));
}

#[test]
fn a_call_as_webvtt_has_a_voice_for_each_speaker() {
    insta::assert_snapshot!(render(&call(), Format::Vtt));
}

#[test]
fn a_call_as_subrip_has_numbers_and_speakers() {
    insta::assert_snapshot!(render(&call(), Format::Srt));
}

#[test]
fn a_call_as_json_has_everything() {
    let mut call = call();
    call.segments.truncate(1);
    call.channels = vec![ChannelFacts {
        role: ChannelRole::CopyOf { channel: 0 },
        speech_level_dbfs: Some(-18.5),
        speech_ms: 9_640,
        ..ChannelFacts::new(1, "customer")
    }];
    insta::assert_snapshot!(render(&call, Format::Json));
}

#[test]
fn json_times_are_seconds_with_milliseconds() {
    let json: Value = serde_json::from_str(&render(&call(), Format::Json)).unwrap();
    assert_eq!(json["duration"], 23.456);
    assert_eq!(json["segments"][1]["start"], 2.9);
    assert_eq!(json["segments"][1]["end"], 12.54);
    assert_eq!(json["suspects"][0]["words"][0]["start"], 20.0);
}

#[test]
fn a_score_that_is_no_number_is_null() {
    let mut call = call();
    call.segments[0].avg_logprob = f32::NAN;
    call.segments[0].no_speech_prob = f32::NEG_INFINITY;
    let json: Value = serde_json::from_str(&render(&call, Format::Json)).unwrap();
    assert_eq!(json["segments"][0]["avg_logprob"], Value::Null);
    assert_eq!(json["segments"][0]["no_speech_prob"], Value::Null);
}

#[test]
fn a_call_without_words_is_still_a_file_of_its_format() {
    let silent = Transcript { language: None, notes: vec!["Nobody spoke.".to_owned()], ..transcript(Vec::new()) };
    assert_eq!(render(&silent, Format::Txt), "# Nobody spoke.\n");
    assert_eq!(render(&silent, Format::Srt), "");
    assert_eq!(render(&silent, Format::Vtt), "WEBVTT\n\nNOTE\nModel: base\nNobody spoke.\n");
    let json: Value = serde_json::from_str(&render(&silent, Format::Json)).unwrap();
    assert_eq!(json["segments"], Value::Array(Vec::new()));
    assert_eq!(json["language"], Value::Null);
}

#[test]
fn a_real_model_needs_no_warning() {
    let real = transcript(vec![segment(0, "agent", 0, 900, "Hello.")]);
    assert_eq!(render(&real, Format::Txt), "[00:00.000] agent: Hello.\n");
}

#[test]
fn text_shows_hours_from_the_first_hour_on() {
    let long = transcript(vec![
        segment(0, "agent", 3_599_999, 3_600_500, "Now."),
        segment(1, "", 3_661_001, 3_662_000, "Yes."),
    ]);
    assert_eq!(render(&long, Format::Txt), "[59:59.999] agent: Now.\n[1:01:01.001] Speaker 2: Yes.\n");
}

#[test]
fn formats_are_known_by_their_names_alone() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    let error = "docx".parse::<Format>().unwrap_err();
    assert_eq!(error.to_string(), "'docx' is not a transcript format; formats are txt, json, vtt and srt");
}
