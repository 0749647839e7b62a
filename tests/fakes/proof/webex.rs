//! Webex: sign-in, lists, details and their links, the download host, removal.

use std::time::Duration;

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{bearer, each, form, form_type, get, minutes_before_noon, noon, post_json};
use crate::fakes::webex::Vtt;
use crate::fakes::{Delivered, Endpoint, Fake, Webex, WebexRecording, WebexSettings, ask};

const COMPLIANCE: [&str; 2] = ["spark-compliance:recordings_read", "spark-compliance:recordings_write"];

async fn with_recordings(settings: WebexSettings, count: u32) -> Fake<Webex> {
    let webex = Webex::start(settings).await;
    (0..count).for_each(|n| webex.add_recording(WebexRecording::new(n, minutes_before_noon(n.into()))));
    webex
}

async fn got(webex: &Fake<Webex>, scopes: &[&str], path: &str) -> Delivered {
    get(&format!("{}/v1/{path}", webex.bases.api), bearer(&webex.tokens(scopes).0)).await
}

async fn token(webex: &Fake<Webex>, fields: &[(&str, &str)]) -> Delivered {
    let client = [("client_id", "C0123456789abcdef"), ("client_secret", "s3cr3t")];
    let url = format!("{}/v1/access_token", webex.bases.api);
    ask(Method::POST, &url, &[form_type()], form(&[&client, fields].concat())).await
}

/// Through the consent page to a code, with a challenge.
async fn code(webex: &Fake<Webex>, redirect_uri: &str, verifier: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let query = form(&[
        ("client_id", "C0123456789abcdef"),
        ("response_type", "code"),
        ("redirect_uri", redirect_uri),
        ("scope", "spark:recordings_read spark:recordings_write"),
        ("state", "s t&te"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let page = ask(Method::GET, &format!("{}/v1/authorize?{query}", webex.bases.api), &[], "").await;
    let back = page.header("location").unwrap().to_owned();
    let (start, query) = back.split_once('?').unwrap();
    assert_eq!((page.status, start), (Some(302), redirect_uri));
    let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(fields[1], ("state".to_owned(), "s t&te".to_owned()));
    fields[0].1.clone()
}

#[tokio::test]
async fn a_code_works_once_and_for_who_has_the_verifier() {
    let webex = with_recordings(WebexSettings::default(), 0).await;
    let back = "http://127.0.0.1:1/auth/callback";
    let redeem = async |code: &str, verifier: &str| {
        let fields =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", back), ("code_verifier", verifier)];
        token(&webex, &fields).await
    };
    let first = code(&webex, back, "the verifier").await;
    let pair = redeem(&first, "the verifier").await.json();
    assert_eq!((&pair["token_type"], &pair["expires_in"]), (&json!("Bearer"), &json!(1_209_599)));
    assert_eq!(pair["scope"], "spark:recordings_read spark:recordings_write");
    assert_eq!(redeem(&first, "the verifier").await.status, Some(400));
    let second = code(&webex, back, "the verifier").await;
    let refused = redeem(&second, "another").await;
    assert_eq!((refused.status, &refused.json()["error"]), (Some(400), &json!("invalid_grant")));
    let access = bearer(pair["access_token"].as_str().unwrap());
    let list = format!("{}/v1/convergedRecordings", webex.bases.api);
    assert_eq!(get(&list, access).await.status, Some(200));
}

#[tokio::test]
async fn refresh_tokens_rotate_only_when_told() {
    for rotate in [false, true] {
        let settings = WebexSettings { rotate_refresh_tokens: rotate, ..WebexSettings::default() };
        let webex = with_recordings(settings, 0).await;
        let (_, refresh) = webex.tokens(&COMPLIANCE);
        let refreshed =
            async |token_: &str| token(&webex, &[("grant_type", "refresh_token"), ("refresh_token", token_)]).await;
        let next = refreshed(&refresh).await.json()["refresh_token"].as_str().unwrap().to_owned();
        assert_eq!(next != refresh, rotate);
        assert_eq!(refreshed(&refresh).await.status, Some(if rotate { 400 } else { 200 }), "the old one");
        assert_eq!(refreshed(&next).await.status, Some(200), "the new one");
        webex.end_consent();
        assert_eq!(refreshed(&next).await.json()["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn a_service_app_gets_its_token_from_the_developers() {
    let webex = with_recordings(WebexSettings::default(), 1).await;
    let settings = &webex.settings;
    let url = format!("{}/v1/applications/{}/token", webex.bases.api, settings.service_app_id);
    let body = json!({ "clientId": settings.client_id, "clientSecret": settings.client_secret, "targetOrgId": settings.org_id });
    assert_eq!(post_json(&url, bearer("another"), &body).await.status, Some(401));
    let pair = post_json(&url, bearer(&settings.developer_token), &body).await.json();
    let list =
        format!("{}/v1/admin/convergedRecordings?from=2026-08-14T00:00:00Z&to=2026-08-15T00:00:00Z", webex.bases.api);
    let items = get(&list, bearer(pair["access_token"].as_str().unwrap())).await.json();
    assert_eq!(items["items"].as_array().unwrap().len(), 1);
}

/// The address in a `Link` header, when it is of the next page.
fn next_of(answer: &Delivered) -> Option<String> {
    let link = answer.header("link")?;
    assert!(link.ends_with("; rel=\"next\""));
    Some(link.split(['<', '>']).nth(1).unwrap().to_owned())
}

const DAY: &str = "from=2026-08-14T00:00:00Z&to=2026-08-15T00:00:00Z";

#[tokio::test]
async fn pages_end_with_the_one_without_a_link() {
    let webex = with_recordings(WebexSettings::default(), 7).await;
    let (access, _) = webex.tokens(&COMPLIANCE);
    let mut next = Some(format!("{}/v1/admin/convergedRecordings?{DAY}&max=3", webex.bases.api));
    let mut seen = Vec::new();
    while let Some(page) = next {
        let answer = get(&page, bearer(&access)).await;
        seen.extend(each(&answer.json()["items"], "id").into_iter().map(str::to_owned));
        next = next_of(&answer);
        assert!(next.as_ref().is_none_or(|url| url.starts_with(&webex.bases.api) && url.contains("max=3")));
    }
    assert_eq!(seen, (0..7).map(|n| WebexRecording::new(n, noon()).id).collect::<Vec<_>>());
    assert_eq!(webex.count(Endpoint::List), 3);
    webex.loop_pages(true);
    let looping = got(&webex, &COMPLIANCE, &format!("admin/convergedRecordings?{DAY}&max=3")).await;
    let again = get(&next_of(&looping).unwrap(), bearer(&access)).await;
    assert_eq!(again.body, looping.body);
}

#[tokio::test]
async fn lists_have_limits_and_defaults() {
    let webex = with_recordings(WebexSettings::default(), 120).await;
    let list = async |query: &str| got(&webex, &COMPLIANCE, &format!("admin/convergedRecordings?{query}")).await;
    let count = async |query: &str| list(query).await.json()["items"].as_array().unwrap().len();
    assert_eq!(count(DAY).await, 10);
    assert_eq!(count(&format!("{DAY}&max=5000")).await, 100);
    assert_eq!(count(&format!("{DAY}&status=deleted")).await, 0);
    assert_eq!(count("from=2026-08-14T00:00:00Z&to=2026-08-14T10:00:40Z").await, 0, "to is not part of it");
    assert_eq!(list("from=2026-07-01T00:00:00Z&to=2026-08-15T00:00:00Z").await.status, Some(400));
    assert_eq!(list("from=yesterday").await.status, Some(400));
    let user = ["spark:recordings_read"];
    assert_eq!(got(&webex, &user, &format!("admin/convergedRecordings?{DAY}")).await.status, Some(403));
    let refused = ask(Method::GET, &format!("{}/v1/convergedRecordings", webex.bases.api), &[], "").await;
    assert_eq!(refused.status, Some(401));
    assert!(refused.header("trackingid").unwrap().starts_with("ROUTERGW_"));
}

#[tokio::test]
async fn an_admin_may_see_only_their_own_until_asking_by_owner() {
    let webex = with_recordings(WebexSettings { admin_sees_only_own: true, ..WebexSettings::default() }, 1).await;
    let other = "other@example.com".to_owned();
    webex.add_recording(WebexRecording {
        owner_id: "other".to_owned(),
        owner_email: other.clone(),
        ..WebexRecording::new(9, noon())
    });
    let admin = ["spark-admin:recordings_read"];
    let list = async |rest: &str| got(&webex, &admin, &format!("admin/convergedRecordings?{DAY}{rest}")).await.json();
    assert_ne!(list("").await["items"][0]["ownerEmail"], json!(other));
    assert_eq!(list(&format!("&ownerEmail={other}")).await["items"][0]["ownerEmail"], json!(other));
}

async fn links(webex: &Fake<Webex>, scopes: &[&str], id: &str) -> Value {
    got(webex, scopes, &format!("convergedRecordings/{id}")).await.json()["temporaryDirectDownloadLinks"].clone()
}

#[tokio::test]
async fn links_depend_on_the_scope_and_come_late() {
    let webex = with_recordings(WebexSettings::default(), 0).await;
    let recording =
        WebexRecording { links_after: 2, transcript_after: 1, notes: false, ..WebexRecording::new(1, noon()) };
    let barred = WebexRecording { no_links: true, ..WebexRecording::new(2, noon()) };
    [&recording, &barred].into_iter().for_each(|one| webex.add_recording(one.clone()));
    assert_eq!(links(&webex, &["spark-admin:recordings_read"], &recording.id).await, Value::Null);
    for _ in 0..2 {
        assert_eq!(links(&webex, &COMPLIANCE, &recording.id).await, Value::Null);
    }
    let third = links(&webex, &["spark:recordings_read"], &recording.id).await;
    assert_eq!(third.as_object().unwrap().keys().collect::<Vec<_>>(), ["audioDownloadLink", "expiration"]);
    assert!(links(&webex, &COMPLIANCE, &recording.id).await["transcriptDownloadLink"].is_string());
    assert_eq!(links(&webex, &COMPLIANCE, &barred.id).await, Value::Null);
}

#[tokio::test]
async fn the_download_host_wants_a_ticket_and_no_sign_in() {
    let webex = with_recordings(WebexSettings::default(), 1).await;
    let recording = WebexRecording::new(0, noon());
    let links = links(&webex, &COMPLIANCE, &recording.id).await;
    let fetch = async |name: &str| ask(Method::GET, links[name].as_str().unwrap(), &[], "").await;
    let audio = fetch("audioDownloadLink").await;
    assert_eq!((audio.header("content-type"), &audio.body), (Some("audio/mpeg"), &recording.sound.mp3()));
    assert!(links["audioDownloadLink"].as_str().unwrap().starts_with(&webex.bases.media));
    assert!(fetch("transcriptDownloadLink").await.body.starts_with(b"WEBVTT"));
    for name in ["suggestedNotesDownloadLink", "shortNotesDownloadLink", "actionItemsDownloadLink"] {
        assert!(fetch(name).await.body.starts_with(b"<html>"));
    }
    assert_eq!(webex.credentials_on_media_host().len(), 0);
    let forged = links["audioDownloadLink"].as_str().unwrap().replace("ticket=", "ticket=x");
    assert_eq!(ask(Method::GET, &forged, &[], "").await.status, Some(401));
    webex.pass(Duration::from_secs(3 * 3_600));
    assert_eq!(fetch("audioDownloadLink").await.status, Some(403));
}

#[tokio::test]
async fn notes_may_ask_for_the_token() {
    let webex = with_recordings(WebexSettings { notes_need_token: true, ..WebexSettings::default() }, 1).await;
    let links = links(&webex, &COMPLIANCE, &WebexRecording::new(0, noon()).id).await;
    let notes = links["shortNotesDownloadLink"].as_str().unwrap();
    assert_eq!(ask(Method::GET, notes, &[], "").await.status, Some(401));
    assert_eq!(get(notes, bearer(&webex.tokens(&COMPLIANCE).0)).await.status, Some(200));
}

#[test]
fn transcripts_come_in_four_layouts() {
    let mut recording = WebexRecording::new(1, noon());
    recording.sound.length_ms = 9_000;
    let said = recording.sound.turns()[0].text.clone().unwrap();
    let named = recording.vtt(Vtt::NamedCues);
    assert!(named.starts_with("WEBVTT\n\n1 \"Ravi Agent\" (2022698496) ("), "{named}");
    assert!(named.contains(&format!("00:00:00.100 --> 00:00:05.340\n{said}\n")), "{named}");
    assert!(recording.vtt(Vtt::VoiceTags).contains(&format!("<v Ravi Agent>{said}")));
    assert!(recording.vtt(Vtt::Plain).starts_with(&format!("Ravi Agent: {said}\n")));
    let split = recording.vtt(Vtt::SplitSentences);
    assert_eq!(split.matches(" --> ").count(), 2 * named.matches(" --> ").count());
}

#[tokio::test]
async fn metadata_hide_what_is_not_asked_for() {
    let webex = with_recordings(WebexSettings::default(), 0).await;
    let recording = WebexRecording { terminator: true, ..WebexRecording::new(1, noon()) };
    webex.add_recording(recording.clone());
    let path = format!("convergedRecordings/{}/metadata", recording.id);
    let plain = got(&webex, &COMPLIANCE, &path).await.json();
    assert_eq!(plain["ownerType"], "USER");
    assert_eq!(plain["serviceData"]["callingParty"]["number"], json!(recording.number));
    assert_eq!(plain["serviceData"]["callActivity"][0].get("mediaStreams"), None);
    let all = got(&webex, &COMPLIANCE, &format!("{path}?showAllTypes=true")).await.json();
    assert_eq!(all["serviceData"]["callActivity"][0]["mediaStreams"][0]["mode"], "mixed");
    assert_eq!(webex.count(Endpoint::Metadata), 2);
}

#[tokio::test]
async fn recordings_go_to_the_bin_and_out_of_it_or_for_good() {
    let webex = with_recordings(WebexSettings::default(), 2).await;
    let id = WebexRecording::new(0, noon()).id;
    let (access, _) = webex.tokens(&COMPLIANCE);
    let base = format!("{}/v1/convergedRecordings", webex.bases.api);
    let moved = async |action: &str| {
        post_json(&format!("{base}/{action}"), bearer(&access), &json!({ "recordingIds": [id] })).await.status
    };
    assert_eq!(moved("softDelete").await, Some(204));
    assert!(webex.recording(&id).unwrap().is("deleted"));
    assert_eq!(links(&webex, &COMPLIANCE, &id).await, Value::Null);
    assert_eq!(moved("restore").await, Some(204));
    let delete = async |body: &str| {
        ask(Method::DELETE, &format!("{base}/{id}"), &[bearer(&access)], body.to_owned()).await.status
    };
    assert_eq!(delete("").await, Some(400));
    assert_eq!(delete(r#"{"reason":"audit","comment":"over"}"#).await, Some(204));
    assert_eq!(got(&webex, &COMPLIANCE, &format!("convergedRecordings/{id}")).await.status, Some(404));
    assert_eq!(delete(r#"{"reason":"audit"}"#).await, Some(404));
}

#[tokio::test]
async fn recording_can_be_begun_on_a_live_call() {
    let webex = with_recordings(WebexSettings::default(), 0).await;
    webex.add_live_call("call-1");
    let url = format!("{}/v1/telephony/calls/startRecording", webex.bases.api);
    let (access, _) = webex.tokens(&["spark:calls_write"]);
    assert_eq!(post_json(&url, bearer(&access), &json!({ "callId": "call-1" })).await.status, Some(204));
    assert_eq!(post_json(&url, bearer(&access), &json!({ "callId": "call-2" })).await.status, Some(404));
    assert_eq!(webex.recordings_begun("call-1"), 1);
}
