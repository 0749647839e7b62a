//! JSON with members missing, of wrong types, with words nobody knows: nothing panics, and one bad record spoils no page.

use callscribe::provider::{Delivery, Provider};
use proptest::prelude::*;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::fakes::twilio::{TwilioTranscript, sign, with_body_digest};
use crate::fakes::{ALWAYS, Endpoint, Fault, Match, examples};
use crate::support::{Office, PUBLIC_URL, recording};

/// Which member, counted over all of them, and what becomes of it; `None` drops it.
type Change = (usize, Option<Value>);

fn odd() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        Just(Some(json!([]))),
        Just(Some(json!({}))),
        Just(Some(json!([[1], "x", null]))),
        Just(Some(json!(true))),
        Just(Some(json!(-1))),
        Just(Some(json!(1e300))),
        Just(Some(json!("NaN"))),
        Just(Some(json!("9".repeat(40)))),
        any::<i64>().prop_map(|number| Some(json!(number))),
        ".{0,12}".prop_map(|text| Some(json!(text))),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((any::<usize>(), odd()), 1..6)
}

/// The ways to all members of objects and lists, outermost first.
fn ways(value: &Value, here: &str, ways_so_far: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(place, item)| (place.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, member) in members {
        let way = format!("{here}/{name}");
        ways_so_far.push(way.clone());
        ways(member, &way, ways_so_far);
    }
}

fn changed(mut value: Value, changes: &[Change]) -> Value {
    for (pick, odd) in changes {
        let mut all = Vec::new();
        ways(&value, "", &mut all);
        let Some(way) = all.get(pick % all.len().max(1)) else { continue };
        let (parent, name) = way.rsplit_once('/').unwrap();
        match (odd, value.pointer_mut(parent)) {
            (Some(odd), Some(_)) => *value.pointer_mut(way).unwrap() = odd.clone(),
            (None, Some(Value::Object(members))) => drop(members.shift_remove(name)),
            _ => {}
        }
    }
    value
}

/// What the endpoint answers from now on.
fn answers(office: &Office, endpoint: Endpoint, path: &str, body: &Value) {
    let fault = Fault::Status { code: 200, retry_after: None, body: Some(body.to_string()) };
    office.fake.fault(endpoint, Match::Path(path.to_owned()), ALWAYS, fault);
}

struct Stage {
    runtime: Runtime,
    office: Office,
}

/// One fake for all cases of a property.
fn stage() -> Stage {
    let runtime = Runtime::new().unwrap();
    let office = runtime.block_on(async {
        let office = Office::new().await;
        let transcript = Some(TwilioTranscript::default());
        office.add(crate::fakes::TwilioRecording { transcript, ..recording(1) });
        office
    });
    Stage { runtime, office }
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() }
}

/// Runs a property against one fake.
fn hold<S: Strategy>(strategy: S, property: impl Fn(&Stage, S::Value) -> Result<(), TestCaseError>) {
    let stage = stage();
    let mut runner = proptest::test_runner::TestRunner::new(config());
    runner.run(&strategy, |value| property(&stage, value)).unwrap();
}

#[test]
fn one_bad_record_spoils_no_page() {
    hold(changes(), |Stage { runtime, office }, changes| {
        let mut page = examples::json("twilio_recordings_list.json");
        page["next_page_uri"] = Value::Null;
        page["recordings"][0] = changed(page["recordings"][0].clone(), &changes);
        office.fake.heal();
        answers(office, Endpoint::List, "Recordings.json", &page);
        let found = runtime.block_on(office.provider.discover(None)).unwrap();
        prop_assert!(found.listed.iter().any(|listed| listed.remote_id == "RE11aa22bb33cc44dd55ee66ff77889900"));
        prop_assert_eq!(found.listed.len() + found.refused.len(), 2);
        Ok(())
    });
}

#[test]
fn no_page_brings_a_look_down() {
    hold(changes(), |Stage { runtime, office }, changes| {
        office.fake.heal();
        let page = changed(examples::json("twilio_recordings_list.json"), &changes);
        answers(office, Endpoint::List, "Recordings.json", &page);
        let _found_or_refused = runtime.block_on(office.provider.discover(None));
        Ok(())
    });
}

#[test]
fn no_recording_and_no_call_bring_details_down() {
    hold((changes(), changes()), |Stage { runtime, office }, (of_recording, of_call)| {
        office.fake.heal();
        let encrypted = changed(examples::json("twilio_recording_encrypted.json"), &of_recording);
        answers(office, Endpoint::Details, "", &encrypted);
        answers(office, Endpoint::Call, "", &changed(examples::json("twilio_call.json"), &of_call));
        let sid = recording(1).sid;
        let _facts = runtime.block_on(office.provider.details(&sid, ""));
        let _metadata = runtime.block_on(office.provider.metadata(&sid, ""));
        let _audio = runtime.block_on(office.audio(&sid));
        Ok(())
    });
}

#[test]
fn no_transcript_brings_an_opinion_down() {
    hold([changes(), changes(), changes()], |Stage { runtime, office }, [transcripts, sentences, results]| {
        office.fake.heal();
        let of = |name: &str, changes: &[Change]| changed(examples::json(name), changes);
        answers(office, Endpoint::Transcript, "/Sentences", &of("twilio_intelligence_sentences.json", &sentences));
        answers(office, Endpoint::Transcript, "/Operator", &of("twilio_intelligence_operator_results.json", &results));
        let own = examples::json("twilio_intelligence_transcripts_list.json");
        let own = examples::replaced(&own, "RE5f0c2d8e7b6a49318273645546372819", &recording(1).sid);
        answers(office, Endpoint::Transcript, "SourceSid", &changed(own, &transcripts));
        let legacy = of("twilio_transcriptions_list.json", &sentences);
        answers(office, Endpoint::Transcript, "/Transcriptions.json", &legacy);
        if let Ok(Some(opinion)) = runtime.block_on(office.provider.opinion(&recording(1).sid, "")) {
            let ordered =
                |transcript: &callscribe::call::Transcript| transcript.segments.is_sorted_by_key(|one| one.start_ms);
            prop_assert!(opinion.transcript.as_ref().is_none_or(ordered));
            prop_assert!(serde_json::to_string(&opinion.transcript).is_ok());
        }
        Ok(())
    });
}

#[test]
fn no_delivery_brings_the_door_down() {
    let urls = "[ -~é]{0,40}".prop_map(|text| text.replace(['\\', '#'], ""));
    hold(
        (any::<Vec<u8>>(), urls, changes(), any::<bool>()),
        |Stage { office, .. }, (bytes, query, changes, is_signed)| {
            let token = &office.fake.settings.auth_token;
            let json = changed(examples::json("twilio_intelligence_webhook.json"), &changes).to_string();
            let url = with_body_digest(&format!("{PUBLIC_URL}/webhook/x"), &json);
            let posts = [
                ("application/json", url.clone(), json.into_bytes()),
                ("application/x-www-form-urlencoded", format!("{PUBLIC_URL}/webhook/x?{query}"), bytes.clone()),
                ("text/plain", url, bytes),
            ];
            for (kind, url, body) in posts {
                let url = Url::parse(&url).unwrap();
                let mut headers = HeaderMap::new();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                let fields = if kind.ends_with("urlencoded") {
                    form_urlencoded::parse(&body).into_owned().collect()
                } else {
                    Vec::new()
                };
                if is_signed {
                    headers.insert(
                        "x-twilio-signature",
                        HeaderValue::from_str(&sign(token, url.as_str(), &fields)).unwrap(),
                    );
                }
                let received =
                    office.provider.receive(&Delivery { method: "POST", url: &url, headers: &headers, body: &body });
                prop_assert!(is_signed || received.refusal.is_some());
            }
            Ok(())
        },
    );
}
