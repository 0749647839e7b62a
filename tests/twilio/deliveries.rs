//! Deliveries: believed with the right signature alone, harmless however often they come.

use callscribe::config::{AccountConfig, TwilioConfig};
use callscribe::provider::{Delivery, Provider, Received};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use crate::fakes::twilio::{Callback, Signed, sign};
use crate::fakes::{TwilioRecording, examples};
use crate::support::{Office, PUBLIC_URL, recording};

const FORM: &str = "application/x-www-form-urlencoded";

/// One delivery, kept in pieces.
struct Post {
    method: &'static str,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Post {
    fn new(url: &str, kind: &str, body: impl Into<Vec<u8>>, signature: Option<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        if let Some(signature) = signature {
            headers.insert("x-twilio-signature", HeaderValue::from_str(&signature).unwrap());
        }
        Self { method: "POST", url: Url::parse(url).unwrap(), headers, body: body.into() }
    }

    /// As the fake would send it.
    fn of(callback: &Callback, office: &Office) -> Self {
        let signature = callback.signature(&office.fake.settings.auth_token);
        match &callback.json {
            Some(json) => Self::new(&callback.public_url, "application/json", json.as_bytes(), signature),
            None => Self::new(&callback.public_url, FORM, form(&callback.params), signature),
        }
    }

    fn to(&self, office: &Office) -> Received {
        let Self { method, url, headers, body } = self;
        office.provider.receive(&Delivery { method, url, headers, body })
    }
}

fn form(params: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn door(path: &str) -> String {
    format!("{PUBLIC_URL}/webhook/{path}")
}

/// A signed form to the door for calls.
fn call_status(office: &Office, params: &[(&str, &str)]) -> Received {
    let callback = Callback::form(&door("call_status"), pairs(params));
    Post::of(&callback, office).to(office)
}

fn with_token(token: &str) -> impl FnOnce(&mut AccountConfig, &mut TwilioConfig) {
    let token = token.to_owned();
    move |_, twilio| twilio.auth_token = Some(token.into())
}

#[tokio::test]
async fn every_published_vector_is_believed_and_no_other_token() {
    for vector in examples::json("twilio_signature_vectors.json")["vectors"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let params = vector["params"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1])));
        let params: Vec<_> = params.collect();
        let (kind, body) = match vector["body"].as_str() {
            Some(body) => ("application/json", body.to_owned()),
            None => (FORM, form(&params)),
        };
        let post = Post::new(&text(&vector["url"]), kind, body, Some(text(&vector["expected_signature"])));
        let right = Office::with(with_token(vector["token"].as_str().unwrap())).await;
        assert_eq!(post.to(&right).refusal, None, "{}", vector["name"]);
        let wrong = Office::with(with_token("1234")).await;
        assert_eq!(post.to(&wrong).answer.status, 403, "{}", vector["name"]);
    }
}

#[tokio::test]
async fn a_finished_recording_is_listed_and_asked_for_again() {
    let office = Office::with_recordings(2).await;
    let own = recording(1);
    let received = Post::of(&Callback::completed(&own, &door("handle_recording"), &office.fake), &office).to(&office);
    assert_eq!((received.refusal, received.answer.status), (None, 200));
    assert_eq!((received.listed.len(), received.changed), (1, vec![own.sid.clone()]));
    let listed = &received.listed[0];
    let found = office.provider.discover(None).await.unwrap().listed.remove(1);
    assert_eq!((&listed.remote_id, &listed.locator), (&found.remote_id, &found.locator));
    assert_eq!((&listed.call.call_id, listed.call.started_at), (&found.call.call_id, found.call.started_at));
    assert_eq!(listed.call.duration_ms, Some(6_000));
}

#[tokio::test]
async fn duplicates_say_the_same_again_and_running_recordings_are_only_listed() {
    let office = Office::with_recordings(1).await;
    let told = |status: &str| {
        let callback = Callback::recording_status(&recording(0), status, &door("handle_recording"), &office.fake);
        Post::of(&callback, &office).to(&office)
    };
    assert_eq!(told("completed"), told("completed"));
    assert_eq!((told("in-progress").listed.len(), told("in-progress").changed.len()), (1, 0));
    assert_eq!((told("absent").listed.len(), told("absent").changed.len()), (1, 1));
    assert_eq!(office.fake.requests().len(), 0, "a delivery sends nothing");
}

#[tokio::test]
async fn conferences_are_sessions_and_addresses_hold_the_sid() {
    let office = Office::new().await;
    let conference =
        TwilioRecording { conference_sid: Some("CF0123456789abcdef0123456789abcdef".to_owned()), ..recording(1) };
    let mut callback = Callback::completed(&conference, &door("handle_recording"), &office.fake);
    callback.params.retain(|(key, _)| key != "RecordingSid");
    let received = Post::of(&callback, &office).to(&office);
    assert_eq!(received.listed[0].remote_id, conference.sid);
    assert_eq!(received.listed[0].call.session_id, conference.conference_sid);
}

#[tokio::test]
async fn the_schemes_port_may_be_written_or_left_out() {
    let office = Office::new().await;
    for url in ["https://calls.example.com/webhook/x?y=1", "https://calls.example.com:8443/webhook/x"] {
        let callback = Callback::completed(&recording(1), url, &office.fake);
        assert_eq!(Post::of(&callback, &office).to(&office).refusal, None, "{url}");
    }
    let callback = Callback::completed(&recording(1), &door("handle_recording"), &office.fake);
    let with_port = Post::of(&callback.clone().signed(Signed::WithPort), &office);
    assert_eq!(with_port.to(&office).refusal, None);
    let elsewhere = callback.clone().known_as("https://calls.example.com:8443");
    let mut stripped = Post::of(&elsewhere, &office);
    stripped.headers = Post::of(&callback, &office).headers;
    assert_eq!(stripped.to(&office).refusal, None);
}

#[tokio::test]
async fn whatever_is_not_signed_rightly_is_refused() {
    let office = Office::new().await;
    let callback = Callback::completed(&recording(1), &door("handle_recording"), &office.fake);
    for signed in [Signed::WrongToken, Signed::Altered, Signed::Unsigned] {
        let received = Post::of(&callback.clone().signed(signed), &office).to(&office);
        assert_eq!((received.answer.status, received.listed.len()), (403, 0), "{signed:?}");
    }
    let good = Post::of(&callback, &office);
    let body = |change: &dyn Fn(String) -> String| change(String::from_utf8(good.body.clone()).unwrap()).into_bytes();
    let bodies = [
        body(&|body| body.replace("completed", "absent")),
        body(&|body| format!("{body}&More=1")),
        body(&|body| body.replace("&ErrorCode=0", "")),
    ];
    for body in bodies {
        assert_eq!(
            Post { body, headers: good.headers.clone(), url: good.url.clone(), ..good }.to(&office).answer.status,
            403
        );
    }
    let url = Url::parse(&door("call_status")).unwrap();
    assert_eq!(
        Post { url, body: good.body.clone(), headers: good.headers.clone(), ..good }.to(&office).answer.status,
        403
    );
    for junk in ["", "=", "not base64!", "AAAA"] {
        let headers = Post::new(PUBLIC_URL, FORM, "", Some(junk.to_owned())).headers;
        assert_eq!(
            Post { headers, body: good.body.clone(), url: good.url.clone(), ..good }.to(&office).answer.status,
            403
        );
    }
}

#[tokio::test]
async fn json_is_believed_only_with_its_own_digest() {
    let office = Office::new().await;
    let callback = Callback::transcript_available(&recording(1), &door("handle_recording"), &office.fake);
    let post = Post::of(&callback, &office);
    assert_eq!(post.to(&office), Received::ok());
    let other = Post { body: b"{}".to_vec(), headers: post.headers.clone(), url: post.url.clone(), ..post };
    assert_eq!(other.to(&office).answer.status, 403);
    let token = &office.fake.settings.auth_token;
    let bare = Post::new(&door("x"), "application/json", "{}", Some(sign(token, &door("x"), &[])));
    assert_eq!(bare.to(&office).answer.status, 403, "an address alone proves no body");
}

#[tokio::test]
async fn deliveries_by_get_are_proved_by_their_address() {
    let office = Office::new().await;
    let callback = Callback::completed(&recording(1), "", &office.fake);
    let url = format!("{}?{}", door("handle_recording"), form(&callback.params));
    let signature = sign(&office.fake.settings.auth_token, &url, &[]);
    let get = Post { method: "GET", ..Post::new(&url, FORM, "", Some(signature)) };
    assert_eq!(get.to(&office).listed[0].remote_id, recording(1).sid);
}

#[tokio::test]
async fn a_call_that_begins_is_recorded_once_for_all_its_legs_where_configured() {
    let office = Office::new().await;
    let (call, leg) = (recording(1).call_sid, recording(2).call_sid);
    let began = call_status(&office, &[("CallSid", &call), ("CallStatus", "in-progress")]);
    assert_eq!(began.record_call.as_deref(), Some(call.as_str()));
    let leg = [("CallSid", leg.as_str()), ("ParentCallSid", &call), ("CallStatus", "in-progress")];
    assert_eq!(call_status(&office, &leg).record_call, Some(call.clone()));
    for status in ["initiated", "ringing", "busy", "no-answer", "something-new"] {
        assert_eq!(call_status(&office, &[("CallSid", &call), ("CallStatus", status)]), Received::ok(), "{status}");
    }
    let ended = call_status(&office, &[("CallSid", &call), ("CallStatus", "completed")]);
    assert_eq!((ended.look_after.len(), ended.record_call), (1, None));
    let quiet = Office::with(|config, _| config.record_calls = false).await;
    assert_eq!(call_status(&quiet, &[("CallSid", &call), ("CallStatus", "in-progress")]), Received::ok());
}

#[tokio::test]
async fn another_accounts_deliveries_are_not_taken() {
    let office = Office::new().await;
    let other =
        call_status(&office, &[("AccountSid", "ACffffffffffffffffffffffffffffffff"), ("CallStatus", "completed")]);
    assert_eq!(other.answer.status, 403);
}

#[tokio::test]
async fn without_the_auth_token_nothing_can_be_believed() {
    let office = Office::with(|_, twilio| {
        twilio.api_key_sid = Some("SK0123456789abcdef0123456789abcdef".to_owned());
        twilio.api_key_secret = Some("k3y-s3cr3t-0f-tw1l10".into());
        twilio.auth_token = None;
    })
    .await;
    let callback = Callback::completed(&recording(1), &door("handle_recording"), &office.fake);
    let received = Post::of(&callback, &office).to(&office);
    assert!(received.refusal.unwrap().contains("auth_token_file"));
}

#[tokio::test]
async fn the_example_forms_are_understood() {
    let office = Office::new().await;
    for name in examples::names(".form").iter().filter(|name| name.starts_with("twilio_recording_status")) {
        let body = examples::text(name);
        let params: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let signature = sign(&office.fake.settings.auth_token, &door("handle_recording"), &params);
        let received = Post::new(&door("handle_recording"), FORM, body, Some(signature)).to(&office);
        assert_eq!(received.listed[0].remote_id, "RE5f0c2d8e7b6a49318273645546372819", "{name}");
    }
}
