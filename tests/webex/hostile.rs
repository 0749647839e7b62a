//! JSON that is not as documented: members missing, of other types, with words nobody knows. Nothing panics, and the
//! other records of a page survive.

use std::sync::LazyLock;

use callscribe::provider::Provider;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, WebexRecording, examples};
use crate::support::{Account, details, download, hours_before_noon, ids};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static ACCOUNT: LazyLock<Account> = LazyLock::new(|| RUNTIME.block_on(Account::new()));

/// One change to a JSON value.
#[derive(Debug, Clone)]
enum Harm {
    Drop,
    Put(Value),
}

fn harm() -> impl Strategy<Value = Harm> {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("UNHEARD_OF"),
        json!("9999-99-99T99:99:99Z"),
        json!("\u{0}\u{202e}☎"),
        json!([]),
        json!([[{}], null]),
        json!({}),
        json!({ "id": { "id": [] } }),
        json!("x".repeat(5000)),
    ];
    prop_oneof![Just(Harm::Drop), proptest::sample::select(odd.to_vec()).prop_map(Harm::Put)]
}

/// Every place in a value, as a pointer.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, member) in below {
        let place = format!("{here}/{name}");
        places(member, &place, all);
        all.push(place);
    }
}

fn harmed(value: &Value, harms: &[(prop::sample::Index, Harm)]) -> Value {
    let mut value = value.clone();
    for (index, harm) in harms {
        let mut all = Vec::new();
        places(&value, "", &mut all);
        if all.is_empty() {
            return value;
        }
        let place = index.get(&all);
        match harm {
            Harm::Put(odd) => *value.pointer_mut(place).unwrap() = odd.clone(),
            Harm::Drop => {
                let (parent, name) = place.rsplit_once('/').unwrap();
                match value.pointer_mut(parent).unwrap() {
                    Value::Object(members) => drop(members.shift_remove(name)),
                    Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                    _ => unreachable!(),
                }
            }
        }
    }
    value
}

fn harms() -> impl Strategy<Value = Vec<(prop::sample::Index, Harm)>> {
    prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..6)
}

/// The fake answers this to an endpoint until the next call.
fn answer(endpoint: Endpoint, body: &Value) {
    let fault = Fault::Status { code: 200, retry_after: None, body: Some(body.to_string()) };
    ACCOUNT.webex.fault(endpoint, Match::Any, ALWAYS, fault);
}

/// The account is one for all: one case at a time.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone<T>(work: impl Future<Output = T>) -> T {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    ACCOUNT.webex.heal();
    RUNTIME.block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_harmed_record_never_takes_its_neighbours_with_it(harms in harms()) {
        let good = WebexRecording::new(5, hours_before_noon(3)).json();
        let bad = harmed(&examples::json("webex_recordings_list.json")["items"][0], &harms);
        let found = alone(async {
            answer(Endpoint::List, &json!({ "items": [bad, good] }));
            ACCOUNT.provider().discover(None).await.unwrap()
        });
        prop_assert!(ids(&[found]).contains(&good["id"].as_str().unwrap().to_owned()));
    }

    #[test]
    fn harmed_details_and_metadata_never_panic(details_harms in harms(), metadata_harms in harms()) {
        alone(async {
            answer(Endpoint::Details, &harmed(&examples::json("webex_recording_details.json"), &details_harms));
            answer(Endpoint::Metadata, &harmed(&examples::json("webex_recording_metadata.json"), &metadata_harms));
            let provider = ACCOUNT.provider();
            details(&provider, "x").await.unwrap();
            provider.metadata("x", "").await.unwrap();
        });
    }

    #[test]
    fn harmed_links_and_deliveries_never_panic(harms in harms()) {
        alone(async {
            let example = examples::without(examples::json("webex_recording_details.json"), &["temporaryDirectDownloadLinks"]);
            let links = json!({ "audioDownloadLink": "http://127.0.0.1:1/x", "transcriptDownloadLink": "nowhere" });
            let details = examples::with(example, json!({ "temporaryDirectDownloadLinks": links }));
            answer(Endpoint::Details, &harmed(&details, &harms));
            let provider = ACCOUNT.provider();
            download(&provider, "x").await.unwrap_err();
            provider.opinion("x", "").await.ok();
            let body = harmed(&examples::json("webex_webhook_created.json"), &harms).to_string();
            let mut headers = reqwest::header::HeaderMap::new();
            let signature = crate::fakes::webex::spark_signature("hook-secret-0123456789", body.as_bytes());
            headers.insert("x-spark-signature", signature.parse().unwrap());
            let url = "https://calls.example.com/webhook/webex".parse().unwrap();
            let delivery =
                callscribe::provider::Delivery { method: "POST", url: &url, headers: &headers, body: body.as_bytes() };
            assert_eq!(provider.receive(&delivery).answer.status, 200);
        });
    }

    #[test]
    fn transcripts_of_any_text_never_panic(text in "(WEBVTT\n\n)?([0-9:.,<>v/& a-zé\"\n-]|--> |\n\n){0,200}") {
        alone(async {
            let link = format!("{}/nbr/downloadMedia.do", ACCOUNT.webex.bases.media);
            let links = json!({ "transcriptDownloadLink": link });
            let details = examples::with(
                examples::json("webex_recording_details.json"),
                json!({ "temporaryDirectDownloadLinks": links }),
            );
            answer(Endpoint::Details, &details);
            let fault = Fault::Status { code: 200, retry_after: None, body: Some(text) };
            ACCOUNT.webex.fault(Endpoint::Transcript, Match::Any, ALWAYS, fault);
            ACCOUNT.provider().opinion("x", "").await.ok();
        });
    }
}
