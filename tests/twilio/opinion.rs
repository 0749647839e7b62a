//! What Twilio itself makes of a call, and when it is waited for.

use callscribe::call::{Transcript, TranscriptSource};
use callscribe::provider::{Opinion, Provider};
use serde_json::{Value, json};

use crate::fakes::twilio::TwilioTranscript;
use crate::fakes::{ALWAYS, Endpoint, Fault, Match, TwilioCall, TwilioRecording, examples};
use crate::support::{Office, recording, refused, wait};

async fn office_of(recording: &TwilioRecording) -> Office {
    let office = Office::new().await;
    office.add(recording.clone());
    office
}

/// Long enough for both parties to speak.
fn with_transcript(plan: TwilioTranscript) -> TwilioRecording {
    let mut recording = TwilioRecording { transcript: Some(plan), ..recording(2) };
    recording.sound.length_ms = 30_000;
    recording
}

async fn opinion(office: &Office) -> Option<Opinion> {
    office.provider.opinion(&recording(2).sid, "").await.unwrap()
}

fn answer(body: &Value) -> Fault {
    Fault::Status { code: 200, retry_after: None, body: Some(body.to_string()) }
}

/// What the service makes of these sentences.
async fn of_sentences(sentences: &Value) -> Option<Transcript> {
    let office = office_of(&with_transcript(TwilioTranscript::default())).await;
    let page = json!({ "sentences": sentences, "meta": { "next_page_url": null } });
    office.fake.fault(Endpoint::Transcript, Match::Path("/Sentences".to_owned()), ALWAYS, answer(&page));
    opinion(&office).await.unwrap().transcript
}

#[tokio::test]
async fn a_transcript_comes_with_speakers_times_and_words() {
    let recording = with_transcript(TwilioTranscript::default());
    let office = office_of(&recording).await;
    let Opinion { transcript, insights, .. } = opinion(&office).await.unwrap();
    let transcript = transcript.unwrap();
    assert_eq!(
        (transcript.source, transcript.model.as_str()),
        (TranscriptSource::Provider, "Twilio Voice Intelligence")
    );
    assert_eq!((transcript.language.unwrap().as_str(), transcript.duration_ms), ("en", 30_000));
    let turns = recording.sound.turns();
    assert!(turns.iter().any(|turn| turn.channel == 1) && turns.iter().any(|turn| turn.channel == 0));
    assert_eq!(transcript.segments.len(), turns.len());
    for (segment, turn) in transcript.segments.iter().zip(&turns) {
        assert_eq!((segment.text.as_str(), segment.channel), (turn.text.as_deref().unwrap(), u16::from(turn.channel)));
        assert_eq!(segment.start_ms, (turn.start * 1000.0).round() as u64);
        assert_eq!(segment.words.len(), recording.sound.words(turn).len());
        assert_eq!(segment.speaker, ["Agent", "Customer"][usize::from(turn.channel)]);
    }
    assert_eq!(insights["operator_results"][0]["predicted_label"], "positive");
    assert_eq!(insights["transcript"]["sid"], recording.transcript_sid());
}

#[tokio::test]
async fn a_transcript_that_may_still_come_is_waited_for_three_days() {
    for plan in [None, Some(TwilioTranscript { after_asks: 50, ..TwilioTranscript::default() })] {
        let office = office_of(&TwilioRecording { transcript: plan, ..recording(2) }).await;
        let sid = recording(2).sid;
        assert_eq!(refused(office.provider.opinion(&sid, "").await).disposition, wait());
        office.clock.advance_ms(71 * 3_600_000);
        assert_eq!(refused(office.provider.opinion(&sid, "").await).disposition, wait());
        office.clock.advance_ms(2 * 3_600_000);
        assert_eq!(opinion(&office).await, None);
    }
}

#[tokio::test]
async fn a_late_transcript_is_there_when_it_is_asked_for_again() {
    let office = office_of(&with_transcript(TwilioTranscript { after_asks: 2, ..TwilioTranscript::default() })).await;
    for _ in 0..2 {
        assert_eq!(refused(office.provider.opinion(&recording(2).sid, "").await).disposition, wait());
    }
    assert!(opinion(&office).await.unwrap().transcript.is_some());
}

#[tokio::test]
async fn a_transcript_that_is_being_made_is_waited_for_and_a_failed_one_is_not() {
    let office = office_of(&recording(2)).await;
    let listed = |status: &str| {
        let mut page = examples::json("twilio_intelligence_transcripts_list.json");
        page["transcripts"][0]["status"] = json!(status);
        page["transcripts"][0]["channel"]["media_properties"]["source_sid"] = json!(recording(2).sid);
        page["meta"]["next_page_url"] = Value::Null;
        answer(&page)
    };
    for status in ["queued", "in-progress", "new", "some-new-word"] {
        office.fake.heal();
        office.fake.fault(Endpoint::Transcript, Match::Path("SourceSid".to_owned()), ALWAYS, listed(status));
        let error = refused(office.provider.opinion(&recording(2).sid, "").await);
        assert_eq!((error.disposition, error.message.contains("being made")), (wait(), true), "{status}");
    }
    for status in ["failed", "canceled", "error"] {
        office.fake.heal();
        office.fake.fault(Endpoint::Transcript, Match::Path("SourceSid".to_owned()), ALWAYS, listed(status));
        assert_eq!(opinion(&office).await, None, "{status}");
    }
}

#[tokio::test]
async fn another_recordings_words_are_not_taken() {
    let office = office_of(&recording(2)).await;
    let page = examples::json("twilio_intelligence_transcripts_list.json");
    office.fake.fault(Endpoint::Transcript, Match::Path("SourceSid".to_owned()), ALWAYS, answer(&page));
    assert_eq!(refused(office.provider.opinion(&recording(2).sid, "").await).disposition, wait());
}

#[tokio::test]
async fn the_old_transcription_is_taken_where_there_is_no_other() {
    let office = office_of(&TwilioRecording { legacy_text: Some("Hello there.".to_owned()), ..recording(2) }).await;
    let Opinion { transcript, insights, .. } = opinion(&office).await.unwrap();
    let transcript = transcript.unwrap();
    assert_eq!((transcript.text().as_str(), transcript.segments[0].end_ms), ("Hello there.", 6_000));
    assert_eq!((transcript.segments[0].speaker.as_str(), transcript.notes.len()), ("Speaker 1", 1));
    assert_eq!(insights["transcriptions"][0]["transcription_text"], "Hello there.");
}

#[tokio::test]
async fn speakers_are_the_configured_ones_then_the_certain_ones_then_the_services() {
    let speakers = async |channels: &[&str], source: &str, participants: Vec<(u8, String)>| {
        let plan = TwilioTranscript { participants, ..TwilioTranscript::default() };
        let office =
            Office::with(|config, _| config.channels = channels.iter().map(|&name| name.into()).collect()).await;
        let recording = TwilioRecording { source: source.to_owned(), ..with_transcript(plan) };
        let inbound = TwilioCall { direction: "inbound".to_owned(), ..TwilioCall::new(2, recording.date_created) };
        office.fake.add_call(inbound);
        office.fake.add_recording(recording);
        let transcript = opinion(&office).await.unwrap().transcript.unwrap();
        let names: Vec<String> = transcript.channels.into_iter().map(|channel| channel.speaker).collect();
        names.join(" ")
    };
    let default = || TwilioTranscript::default().participants;
    assert_eq!(speakers(&["left", "right"], "DialVerb", default()).await, "left right");
    assert_eq!(speakers(&[], "DialVerb", default()).await, "customer agent");
    assert_eq!(speakers(&[], "Trunking", default()).await, "Agent Customer");
    assert_eq!(speakers(&[], "Trunking", vec![(2, "Ana".to_owned())]).await, "Speaker 1 Ana");
}

#[tokio::test]
async fn sentences_without_times_stand_between_their_neighbours() {
    let example = examples::json("twilio_intelligence_sentences.json");
    let transcript = of_sentences(&example["sentences"]).await.unwrap();
    let times: Vec<_> = transcript.segments.iter().map(|segment| (segment.start_ms, segment.end_ms)).collect();
    assert_eq!(times, [(480, 3_120), (3_610, 7_050), (7_050, 7_050)]);
    assert_eq!(transcript.segments[1].text, "Hi, my name is [Redacted: Name] and I have a question.");
    assert_eq!([transcript.segments[0].words.len(), transcript.segments[1].words.len()], [6, 0]);
    assert!((transcript.segments[0].words[0].probability - 0.9431).abs() < 1e-6);
}

#[tokio::test]
async fn numbers_in_sentences_may_be_numbers_and_order_may_be_any() {
    let sentence = |index: u32, start: f64| json!({ "media_channel": "2", "sentence_index": index, "start_time": start, "end_time": start + 1.0, "transcript": format!("said {index}"), "confidence": 0.5 });
    let transcript = of_sentences(&json!([sentence(1, 4.0), null, sentence(0, 1.5), {}])).await.unwrap();
    assert_eq!((transcript.text().as_str(), transcript.segments[0].channel), ("said 0 said 1", 1));
    assert_eq!(transcript.segments[0].start_ms, 1_500);
}

#[tokio::test]
async fn insights_without_a_word_are_an_opinion_too() {
    assert_eq!(of_sentences(&json!([])).await, None);
}

#[tokio::test]
async fn pages_of_sentences_that_run_in_circles_are_left() {
    let office = office_of(&with_transcript(TwilioTranscript::default())).await;
    let next = format!("{}/v2/Transcripts/{}/Sentences?Page=1", office.fake.bases.api, recording(2).transcript_sid());
    let page = json!({ "sentences": [], "meta": { "next_page_url": next } });
    office.fake.fault(Endpoint::Transcript, Match::Path("/Sentences".to_owned()), ALWAYS, answer(&page));
    let error = refused(office.provider.opinion(&recording(2).sid, "").await);
    assert!(error.message.contains("leads back"), "{}", error.message);
}

#[tokio::test]
async fn where_transcripts_are_not_wanted_nothing_is_asked() {
    let office = Office::with(|config, _| config.transcripts = false).await;
    office.add(with_transcript(TwilioTranscript::default()));
    assert_eq!(opinion(&office).await, None);
    assert_eq!(office.fake.requests().len(), 0);
}

#[tokio::test]
async fn voice_intelligence_is_asked_only_where_it_is_known_to_be() {
    let office = Office::with(|_, twilio| twilio.intelligence_url = None).await;
    office.add(with_transcript(TwilioTranscript::default()));
    assert_eq!(refused(office.provider.opinion(&recording(2).sid, "").await).disposition, wait());
    assert!(office.fake.requests().iter().all(|seen| !seen.asked.path.starts_with("/v2")));
}
