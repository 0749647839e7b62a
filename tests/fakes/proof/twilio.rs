//! Twilio: sign-in, pages, media, calls, deletion, transcripts and callbacks.

use axum::http::Method;
use serde_json::{Value, json};

use super::{basic, each, form, form_type, get, minutes_before_noon, noon, of_twilio};
use crate::fakes::twilio::{Callback, Signed, TwilioTranscript, sign};
use crate::fakes::{
    Delivered, Endpoint, Fake, Host, Listener, Reply, Twilio, TwilioCall, TwilioRecording, TwilioSettings, ask,
};

async fn with_recordings(count: u32) -> Fake<Twilio> {
    let twilio = Twilio::start(TwilioSettings::default()).await;
    (0..count).for_each(|n| twilio.add_recording(TwilioRecording::new(n, minutes_before_noon(n.into()))));
    twilio
}

/// Below the account.
fn url(twilio: &Fake<Twilio>, rest: &str) -> String {
    format!("{}/2010-04-01/Accounts/{}/{rest}", twilio.bases.api, twilio.settings.account_sid)
}

async fn got(twilio: &Fake<Twilio>, rest: &str) -> Delivered {
    get(&url(twilio, rest), of_twilio(twilio)).await
}

async fn posted(twilio: &Fake<Twilio>, rest: &str, fields: &[(&str, &str)]) -> Delivered {
    ask(Method::POST, &url(twilio, rest), &[of_twilio(twilio), form_type()], form(fields)).await
}

#[tokio::test]
async fn both_pairs_of_credentials_sign_in_and_no_other() {
    let twilio = with_recordings(1).await;
    let list = url(&twilio, "Recordings.json");
    let settings = &twilio.settings;
    assert_eq!(get(&list, basic(&settings.key_sid, &settings.key_secret)).await.status, Some(200));
    let refused = get(&list, basic(&settings.account_sid, &settings.key_secret)).await;
    assert_eq!((refused.status, &refused.json()["code"]), (Some(401), &json!(20003)));
    twilio.refuse_credentials(true);
    assert_eq!(got(&twilio, "Recordings.json").await.status, Some(401));
}

#[tokio::test]
async fn pages_end_and_hold_every_recording_once() {
    let twilio = with_recordings(7).await;
    let mut next = Some(url(&twilio, "Recordings.json?PageSize=3&DateCreated%3E=2026-08-14"));
    let mut seen = Vec::new();
    while let Some(page) = next {
        let body = get(&page, of_twilio(&twilio)).await.json();
        seen.extend(each(&body["recordings"], "sid").into_iter().map(str::to_owned));
        next = body["next_page_uri"].as_str().map(|uri| format!("{}{uri}", twilio.bases.api));
        assert!(next.as_ref().is_none_or(|uri| uri.contains("DateCreated%3E=2026-08-14")), "the filter stays");
    }
    let newest_first: Vec<String> = (0..7).map(|n| TwilioRecording::new(n, noon()).sid).collect();
    assert_eq!(seen, newest_first);
    assert_eq!(twilio.count(Endpoint::List), 3);
}

#[tokio::test]
async fn pages_can_be_made_to_loop() {
    let twilio = with_recordings(7).await;
    twilio.loop_pages(true);
    let body = got(&twilio, "Recordings.json?PageSize=3").await.json();
    let again = format!("{}{}", twilio.bases.api, body["next_page_uri"].as_str().unwrap());
    assert_eq!(get(&again, of_twilio(&twilio)).await.json()["recordings"], body["recordings"]);
}

#[tokio::test]
async fn dates_filter_from_both_ends() {
    let twilio = with_recordings(4).await;
    let of = async |query: &str| got(&twilio, &format!("Recordings.json?{query}")).await;
    let count = async |query: &str| of(query).await.json()["recordings"].as_array().unwrap().len();
    assert_eq!(count("DateCreated%3E=2026-08-14T11:58:00Z").await, 3);
    assert_eq!(count("DateCreated%3C=2026-08-14T11:58:00Z").await, 2);
    assert_eq!(count("DateCreated%3C=2026-08-13").await, 0);
    assert_eq!(count("DateCreated=2026-08-14").await, 4);
    assert_eq!(of("DateCreated%3E=yesterday").await.status, Some(400));
}

#[tokio::test]
async fn media_have_two_channels_unless_only_one_is_kept() {
    let twilio = with_recordings(0).await;
    let two = TwilioRecording::new(1, noon());
    let one = TwilioRecording { dual_version: false, channels: 1, ..TwilioRecording::new(2, noon()) };
    twilio.add_recording(two.clone());
    twilio.add_recording(one.clone());
    let media = async |sid: &str, rest: &str| got(&twilio, &format!("Recordings/{sid}{rest}")).await;
    assert_eq!(media(&two.sid, "").await.body, two.sound.wav(2));
    assert_eq!(media(&two.sid, ".wav?RequestedChannels=1").await.body, two.sound.wav(1));
    let mp3 = media(&two.sid, ".mp3").await;
    assert_eq!((mp3.header("content-type"), &mp3.body), (Some("audio/mpeg"), &two.sound.mp3()));
    assert_eq!(media(&one.sid, ".wav?RequestedChannels=2").await.status, Some(400));
    assert_eq!(media(&one.sid, ".wav?RequestedChannels=1").await.body, one.sound.wav(1));
}

#[tokio::test]
async fn media_may_be_late_absent_or_encrypted() {
    let twilio = with_recordings(0).await;
    let late = TwilioRecording { media_404s: 2, ..TwilioRecording::new(1, noon()) };
    let absent = TwilioRecording::new(2, noon()).absent();
    let encrypted = TwilioRecording { encrypted: true, ..TwilioRecording::new(3, noon()) };
    [&late, &absent, &encrypted].into_iter().for_each(|recording| twilio.add_recording(recording.clone()));
    let media = async |sid: &str| got(&twilio, &format!("Recordings/{sid}")).await;
    let early = media(&late.sid).await;
    assert_eq!((early.status, early.header("content-type")), (Some(404), Some("application/xml")));
    assert_eq!([media(&late.sid).await.status, media(&late.sid).await.status], [Some(404), Some(200)]);
    assert_eq!(media(&absent.sid).await.status, Some(404));
    assert_eq!(got(&twilio, &format!("Recordings/{}.json", absent.sid)).await.json()["media_url"], Value::Null);
    assert_ne!(media(&encrypted.sid).await.body, encrypted.sound.wav(2));
    let details = got(&twilio, &format!("Recordings/{}.json", encrypted.sid)).await.json();
    assert!(details["encryption_details"]["encryption_cek"].is_string());
}

#[tokio::test]
async fn external_media_lie_on_the_other_host_which_notes_credentials() {
    let twilio = with_recordings(0).await;
    let external = TwilioRecording { external: true, ..TwilioRecording::new(1, noon()) };
    twilio.add_recording(external.clone());
    let details = got(&twilio, &format!("Recordings/{}.json", external.sid)).await.json();
    let media = details["media_url"].as_str().unwrap();
    assert!(media.starts_with(&twilio.bases.media));
    assert_eq!(got(&twilio, &format!("Recordings/{}", external.sid)).await.status, Some(404));
    assert_eq!(ask(Method::GET, media, &[], "").await.body, external.sound.wav(2));
    assert_eq!(twilio.credentials_on_media_host().len(), 0);
    get(media, of_twilio(&twilio)).await;
    assert_eq!(twilio.credentials_on_media_host().len(), 1);
    assert_eq!(twilio.requests().last().unwrap().asked.host, Host::Media);
}

#[tokio::test]
async fn a_deleted_recording_is_gone_but_for_those_who_ask_for_it() {
    let twilio = with_recordings(1).await;
    let path = format!("Recordings/{}.json", TwilioRecording::new(0, noon()).sid);
    let delete = async || ask(Method::DELETE, &url(&twilio, &path), &[of_twilio(&twilio)], "").await;
    let first = delete().await;
    assert_eq!((first.status, first.body.len()), (Some(204), 0));
    let second = delete().await;
    assert_eq!((second.status, &second.json()["code"]), (Some(404), &json!(20404)));
    assert_eq!(got(&twilio, &path).await.status, Some(404));
    assert_eq!(got(&twilio, &format!("{path}?IncludeSoftDeleted=true")).await.json()["status"], "deleted");
}

#[tokio::test]
async fn recordings_are_begun_on_live_calls_alone_and_report_when_done() {
    let twilio = with_recordings(0).await;
    let ear = Listener::start(|_| Reply::empty(204)).await;
    let (live, over) = (TwilioCall::new(1, noon()).in_progress(), TwilioCall::new(2, noon()));
    twilio.add_call(live.clone());
    twilio.add_call(over.clone());
    let begin = async |call: &TwilioCall| {
        let fields = [("RecordingChannels", "dual"), ("RecordingStatusCallback", ear.url.as_str())];
        posted(&twilio, &format!("Calls/{}/Recordings.json", call.sid), &fields).await
    };
    let refused = begin(&over).await;
    assert_eq!((refused.status, &refused.json()["code"]), (Some(400), &json!(21220)));
    let begun = begin(&live).await;
    assert_eq!((begun.status, &begun.json()["status"]), (Some(201), &json!("in-progress")));
    assert_eq!(twilio.active_recordings(&live.sid), 1);
    assert_eq!(begin(&live).await.status, Some(201));
    assert_eq!(twilio.active_recordings(&live.sid), 2);
    let current = format!("Calls/{}/Recordings/Twilio.CURRENT.json", live.sid);
    assert_eq!(posted(&twilio, &current, &[("Status", "paused")]).await.json()["code"], 16108);

    assert_eq!(twilio.end_call(&live.sid).await.len(), 2);
    assert_eq!(twilio.active_recordings(&live.sid), 0);
    let heard = &ear.heard()[0];
    assert_eq!(heard.form("RecordingStatus").as_deref(), Some("completed"));
    assert_eq!(heard.form("RecordingSid").as_deref(), begun.json()["sid"].as_str());
    let fields: Vec<_> = form_urlencoded::parse(&heard.body).into_owned().collect();
    let signature = sign(&twilio.settings.auth_token, &ear.url, &fields);
    assert_eq!(heard.header("x-twilio-signature"), Some(signature.as_str()));
}

#[tokio::test]
async fn callbacks_are_signed_for_the_public_address_in_every_variant() {
    let twilio = with_recordings(1).await;
    let recording = twilio.recording(&TwilioRecording::new(0, noon()).sid).unwrap();
    let ear = Listener::start(|_| Reply::empty(204)).await;
    let token = twilio.settings.auth_token.clone();
    let to = format!("{}/webhook?x=1", ear.url);
    let callback = Callback::completed(&recording, &to, &twilio).known_as("https://calls.example.com");
    assert_eq!(callback.public_url, "https://calls.example.com/webhook?x=1");
    let with_port = callback.clone().signed(Signed::WithPort).signature(&token).unwrap();
    assert_eq!(with_port, sign(&token, "https://calls.example.com:443/webhook?x=1", &callback.params));
    assert!(twilio.deliver(&callback.clone().signed(Signed::WrongToken)).await.accepted());
    assert!(twilio.deliver(&callback.clone().signed(Signed::Unsigned)).await.accepted());
    let heard = ear.heard();
    assert_ne!(heard[0].header("x-twilio-signature"), callback.signature(&token).as_deref());
    assert_eq!(heard[1].header("x-twilio-signature"), None);

    let available = Callback::transcript_available(&recording, &to, &twilio);
    twilio.deliver(&available).await;
    let heard = ear.heard().pop().unwrap();
    assert_eq!(heard.json().unwrap()["transcript_sid"], recording.transcript_sid());
    assert_eq!(heard.query("bodySHA256").map(|digest| digest.len()), Some(64));
}

#[tokio::test]
async fn a_transcript_comes_after_some_asks_with_words_and_pages() {
    let twilio = with_recordings(0).await;
    let transcript = Some(TwilioTranscript { after_asks: 2, ..TwilioTranscript::default() });
    let mut recording = TwilioRecording { transcript, ..TwilioRecording::new(2, noon()) };
    recording.sound.length_ms = 30_000;
    twilio.add_recording(recording.clone());
    let v2 = format!("{}/v2/Transcripts", twilio.bases.api);
    let v2_get = async |rest: &str| get(&format!("{v2}{rest}"), of_twilio(&twilio)).await;
    let asked = format!("?SourceSid={}", recording.sid);
    for _ in 0..2 {
        assert_eq!(v2_get(&asked).await.json()["transcripts"], json!([]));
    }
    let listed = v2_get(&asked).await.json();
    assert_eq!(listed["transcripts"][0]["status"], "completed");
    let sid = listed["transcripts"][0]["sid"].as_str().unwrap();
    let mut next = Some(format!("{v2}/{sid}/Sentences?WordTimestamps=true&PageSize=2"));
    let mut texts = Vec::new();
    while let Some(page) = next {
        let body = get(&page, of_twilio(&twilio)).await.json();
        assert!(body["sentences"][0]["words"][0]["start_time"].is_string());
        texts.extend(each(&body["sentences"], "transcript").into_iter().map(str::to_owned));
        next = body["meta"]["next_page_url"].as_str().map(str::to_owned);
    }
    let said: Vec<String> = recording.sound.turns().into_iter().map(|turn| turn.text.unwrap()).collect();
    assert!(said.len() > 2);
    assert_eq!(texts, said);
    let results = v2_get(&format!("/{sid}/OperatorResults")).await.json();
    assert_eq!(results["operator_results"][0]["transcript_sid"], sid);
}

#[tokio::test]
async fn a_transcript_can_be_asked_of_the_service() {
    let twilio = with_recordings(1).await;
    let recording = TwilioRecording::new(0, noon());
    let channel = json!({ "media_properties": { "source_sid": recording.sid } }).to_string();
    let fields = [("ServiceSid", twilio.settings.service_sid.as_str()), ("Channel", &channel)];
    let v2 = format!("{}/v2/Transcripts", twilio.bases.api);
    let created = ask(Method::POST, &v2, &[of_twilio(&twilio), form_type()], form(&fields)).await;
    assert_eq!((created.status, &created.json()["status"]), (Some(202), &json!("queued")));
    let url = format!("{v2}/{}", recording.transcript_sid());
    assert_eq!(get(&url, of_twilio(&twilio)).await.json()["status"], "completed");
}

#[tokio::test]
async fn too_many_at_once_are_told_so() {
    let twilio = Twilio::start(TwilioSettings { concurrent_max: Some(0), ..TwilioSettings::default() }).await;
    let refused = got(&twilio, "Recordings.json").await;
    assert_eq!((refused.status, &refused.json()["code"]), (Some(429), &json!(20429)));
}

#[tokio::test]
async fn the_call_knows_the_numbers() {
    let twilio = with_recordings(0).await;
    let call = TwilioCall::new(5, noon());
    twilio.add_call(call.clone());
    assert_eq!(got(&twilio, &format!("Calls/{}.json", call.sid)).await.json()["from"], call.from);
    assert_eq!(twilio.count(Endpoint::Call), 1);
}
