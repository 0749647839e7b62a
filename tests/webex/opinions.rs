//! Webex's own transcript and notes.

use callscribe::call::TranscriptSource;
use callscribe::provider::{Opinion, Provider};

use crate::fakes::webex::Vtt;
use crate::fakes::{ALWAYS, Endpoint, Fault, Match, WebexRecording, WebexSettings, examples};
use crate::support::{Account, RETRY, WAIT, check_sentence, hours_before_noon};

const LAYOUTS: [Vtt; 4] = [Vtt::NamedCues, Vtt::VoiceTags, Vtt::Plain, Vtt::SplitSentences];

fn spoken(opinion: &Opinion) -> Vec<(String, String)> {
    let segments = &opinion.transcript.as_ref().unwrap().segments;
    segments.iter().map(|segment| (segment.speaker.clone(), segment.text.clone())).collect()
}

#[tokio::test]
async fn every_layout_gives_the_same_speakers_and_words() {
    let mut seen = Vec::new();
    for layout in LAYOUTS {
        let (_account, provider, recording) = Account::with_one(|one| {
            one.transcript = Some(layout);
            one.sound.length_ms = 9_000;
        })
        .await;
        let opinion = provider.opinion(&recording.id, "").await.unwrap().unwrap();
        let transcript = opinion.transcript.as_ref().unwrap();
        assert_eq!((transcript.source, transcript.model.as_str()), (TranscriptSource::Provider, "webex"));
        assert_eq!(transcript.notes.is_empty(), layout != Vtt::Plain, "no times are said to be none");
        assert_eq!(opinion.insights["transcript"], recording.vtt(layout));
        seen.push(spoken(&opinion));
    }
    assert!(!seen[0].is_empty());
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn the_documented_example_is_read_with_its_times() {
    let (account, provider, recording) = Account::with_one(|one| one.notes = false).await;
    let body = Some(examples::text("webex_transcript.vtt"));
    account.webex.fault(Endpoint::Transcript, Match::Any, 1, Fault::Status { code: 200, retry_after: None, body });
    let opinion = provider.opinion(&recording.id, "").await.unwrap().unwrap();
    insta::assert_json_snapshot!("the_documented_transcript", opinion.transcript.unwrap());
}

#[tokio::test]
async fn a_transcript_that_comes_later_is_waited_for() {
    let (_account, provider, recording) = Account::with_one(|one| {
        one.links_after = 1;
        one.transcript_after = 1;
    })
    .await;
    for why in ["gave no links", "minutes to days"] {
        let error = provider.opinion(&recording.id, "").await.unwrap_err();
        assert_eq!(error.disposition, WAIT);
        check_sentence(&error, &[why]);
    }
    assert!(provider.opinion(&recording.id, "").await.unwrap().unwrap().transcript.is_some());
}

#[tokio::test]
async fn three_days_after_the_recording_there_will_be_none() {
    let (account, provider, recording) = Account::with_one(|one| one.transcript = None).await;
    assert_eq!(provider.opinion(&recording.id, "").await.unwrap_err().disposition, WAIT);
    account.clock.advance_ms(3 * 24 * 3_600_000);
    let opinion = provider.opinion(&recording.id, "").await.unwrap().unwrap();
    assert!(opinion.transcript.is_none() && opinion.insights["short_notes"].is_object());
    account.webex.change(&recording.id, |one| one.notes = false);
    assert_eq!(provider.opinion(&recording.id, "").await.unwrap(), None);
}

#[tokio::test]
async fn nothing_is_asked_where_the_configuration_wants_none() {
    let (mut account, _, recording) = Account::with_one(|_| ()).await;
    account.config.transcripts = false;
    assert_eq!(account.provider().opinion(&recording.id, "").await.unwrap(), None);
    assert_eq!(account.webex.requests().len(), 0);
}

#[tokio::test]
async fn notes_are_kept_whole_and_as_text() {
    let (_account, provider, recording) = Account::with_one(|_| ()).await;
    let insights = provider.opinion(&recording.id, "").await.unwrap().unwrap().insights;
    assert_eq!(insights["short_notes"]["text"], "Invoice corrected.");
    assert_eq!(insights["action_items"]["text"], "Ravi Agent: send the corrected invoice");
    assert_eq!(insights["suggested_notes"]["html"], examples::text("webex_suggested_notes.html"));
}

#[tokio::test]
async fn notes_that_want_a_token_are_left_out_and_no_token_leaves_webex() {
    let settings = WebexSettings { notes_need_token: true, ..WebexSettings::default() };
    let account = Account::with(settings).await;
    account.add(WebexRecording::new(1, hours_before_noon(2)));
    let id = WebexRecording::new(1, hours_before_noon(2)).id;
    let opinion = account.provider().opinion(&id, "").await.unwrap().unwrap();
    assert!(opinion.transcript.is_some());
    assert!(opinion.insights["short_notes"]["missing"].as_str().unwrap().contains("401"));
    assert_eq!(account.webex.credentials_on_media_host().len(), 0);
}

#[tokio::test]
async fn a_link_that_ended_is_fetched_anew_once() {
    let (account, provider, recording) = Account::with_one(|one| one.notes = false).await;
    account.webex.fault(Endpoint::Transcript, Match::Any, 1, Fault::status(403));
    assert!(provider.opinion(&recording.id, "").await.unwrap().is_some());
    account.webex.fault(Endpoint::Transcript, Match::Any, ALWAYS, Fault::status(403));
    assert_eq!(provider.opinion(&recording.id, "").await.unwrap_err().disposition, WAIT);
}

#[tokio::test]
async fn a_page_or_a_message_is_no_transcript() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    let message = Fault::Status { code: 200, retry_after: None, body: Some(r#"{"message":"no"}"#.to_owned()) };
    for fault in [Fault::Html, message, Fault::GzipBomb, Fault::Truncated { after: 5 }] {
        account.webex.fault(Endpoint::Transcript, Match::Any, 1, fault);
        let error = provider.opinion(&recording.id, "").await.unwrap_err();
        assert_eq!(error.disposition, RETRY);
        check_sentence(&error, &["transcript"]);
    }
}

#[tokio::test]
async fn an_empty_transcript_says_that_nothing_was_said() {
    let (account, provider, recording) = Account::with_one(|one| one.notes = false).await;
    let body = Some("WEBVTT\n".to_owned());
    account.webex.fault(Endpoint::Transcript, Match::Any, 1, Fault::Status { code: 200, retry_after: None, body });
    let opinion = provider.opinion(&recording.id, "").await.unwrap().unwrap();
    assert_eq!((opinion.transcript, &opinion.insights["transcript"]), (None, &"WEBVTT\n".into()));
}
