//! JSON as nobody documents it: members dropped, kinds changed. Nothing panics, and the other records of a page are there.

use callscribe::provider::{Delivery, Provider};
use proptest::prelude::*;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::fakes::{Endpoint, Fault, Match, examples};
use crate::support::{Account, VERIFICATION, generous, ids};

/// Everything that may stand in the place of anything.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(true)),
        Just(json!(-1e300)),
        Just(json!(u64::MAX)),
        Just(json!("")),
        Just(json!("../../x?y#z")),
        Just(json!("9999-99-99T99:99:99Z")),
        Just(json!([null, {}, [[]], "x", 3])),
        ".{0,20}".prop_map(|text| json!(text)),
    ]
}

/// Changes to a value: which of its places (counted through), and what stands there; `None` drops it.
fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Option<Value>)>> {
    prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(odd())), 1..6)
}

fn paths(value: &Value, at: &str, all: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, below)| (escaped(key), below)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(place, below)| (place.to_string(), below)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in below {
        let path = format!("{at}/{key}");
        all.push(path.clone());
        paths(value, &path, all);
    }
}

fn spoilt(mut value: Value, changes: &[(prop::sample::Index, Option<Value>)]) -> Value {
    for (index, change) in changes {
        let mut all = Vec::new();
        paths(&value, "", &mut all);
        if all.is_empty() {
            return value;
        }
        let path = index.get(&all);
        let (above, key) = path.rsplit_once('/').unwrap();
        match (value.pointer_mut(above).unwrap(), change) {
            (Value::Object(members), None) => drop(members.shift_remove(key)),
            (parent, Some(odd)) if parent.is_object() => parent[key] = odd.clone(),
            (Value::Array(items), change) => items[key.parse::<usize>().unwrap()] = change.clone().unwrap_or_default(),
            _ => {}
        }
    }
    value
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

fn answer(body: &Value) -> Fault {
    Fault::Status { code: 200, retry_after: None, body: Some(body.to_string()) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_spoilt_record_leaves_its_page_standing(changes in changes()) {
        let good = examples::json("ringcentral_call_log_detailed.json")["records"][0].clone();
        let other = examples::json("ringcentral_call_log_last_page.json")["records"][0].clone();
        let page = json!({ "records": [spoilt(good, &changes), other] });
        block_on(async {
            let account = Account::new(0).await;
            account.fake.fault(Endpoint::List, Match::Any, 1, answer(&page));
            let (found, _) = account.look(None).await;
            assert!(ids(&found).contains(&"3008432555".to_owned()));
            for listed in &found.listed {
                account.details(listed).await.unwrap();
                account.provider.metadata(&listed.remote_id, &listed.locator).await.unwrap();
            }
        });
    }

    #[test]
    fn a_spoilt_page_is_an_answer_or_a_sentence(changes in changes()) {
        let page = spoilt(examples::json("ringcentral_call_log_simple.json"), &changes);
        block_on(async {
            let account = Account::new(0).await;
            account.fake.fault(Endpoint::List, Match::Any, 1, answer(&page));
            if let Err(error) = account.provider.discover(None).await {
                assert!(error.message.contains("'main'"), "{}", error.message);
            }
        });
    }

    #[test]
    fn spoilt_insights_are_read_as_far_as_they_go(changes in changes()) {
        let insights = spoilt(examples::json("ringcentral_ringsense_insights.json"), &changes);
        block_on(async {
            let account = Account::new(1).await;
            let listed = account.only().await;
            account.fake.fault(Endpoint::Transcript, Match::Any, 1, answer(&insights));
            let opinion = account.provider.opinion(&listed.remote_id, &listed.locator).await;
            let segments = opinion.ok().flatten().and_then(|opinion| opinion.transcript).map(|it| it.segments);
            assert!(segments.unwrap_or_default().iter().all(|segment| segment.end_ms >= segment.start_ms));
        });
    }

    #[test]
    fn spoilt_tokens_are_used_or_refused_with_a_sentence(changes in changes()) {
        let token = spoilt(examples::json("ringcentral_token.json"), &changes);
        block_on(async {
            let account = Account::new(0).await;
            account.fake.fault(Endpoint::SignIn, Match::Any, 1, answer(&token));
            if let Err(error) = account.provider.discover(None).await {
                assert!(error.message.contains("'main'"), "{}", error.message);
            }
        });
    }

    #[test]
    fn spoilt_events_are_answered(changes in changes(), which in 0_usize..3) {
        let name = ["telephony_session_event_disconnected", "telephony_session_event_answered", "ringsense_event"][which];
        let event = spoilt(examples::json(&format!("ringcentral_{name}.json")), &changes);
        block_on(async {
            let account = Account::with(generous(), 0, |config| config.record_calls = true).await;
            let url = Url::parse("https://calls.example.com/webhook/ringcentral").unwrap();
            let headers: HeaderMap =
                [("verification-token".parse().unwrap(), VERIFICATION.parse().unwrap())].into_iter().collect();
            let body = event.to_string();
            let delivery = Delivery { method: "POST", url: &url, headers: &headers, body: body.as_bytes() };
            assert_eq!(account.provider.receive(&delivery).answer.status, 200);
        });
    }
}
