//! What happens next after every status, wherever it comes: one table.

use callscribe::provider::Provider;

use crate::fakes::ringcentral::InsightsPlan;
use crate::fakes::{ALWAYS, CallLogRecord, Endpoint, Fault, Match};
use crate::support::{Account, record, short};

const STATUSES: [u16; 13] = [401, 403, 404, 408, 409, 410, 423, 425, 429, 500, 502, 503, 504];
const ENDPOINTS: [Endpoint; 4] = [Endpoint::List, Endpoint::Details, Endpoint::Media, Endpoint::Transcript];

async fn outcome(endpoint: Endpoint, fault: Fault) -> String {
    let account = Account::new(0).await;
    account.fake.add_record(CallLogRecord { insights: Some(InsightsPlan::default()), ..record(0) });
    let listed = account.only().await;
    // So that details are asked for at all.
    let account = account.restart();
    account.fake.fault(endpoint, Match::Any, ALWAYS, fault);
    let ended = match endpoint {
        Endpoint::List => account.provider.discover(None).await.map(|_| "found".to_owned()),
        Endpoint::Details => account.details(&listed).await.map(|_| "known".to_owned()),
        Endpoint::Media => account.download(&listed).await.map(|_| "here".to_owned()),
        _ => {
            let opinion = account.provider.opinion(&listed.remote_id, &listed.locator).await;
            opinion.map(|opinion| opinion.map_or("none", |_| "some").to_owned())
        }
    };
    ended.unwrap_or_else(|error| {
        assert!(error.message.contains("'main'") || error.message.contains("RingSense"), "{}", error.message);
        short(error.disposition)
    })
}

#[tokio::test]
async fn every_status_has_its_consequence() {
    let mut table = format!("{:<10}{:<14}{:<14}{:<14}transcript\n", "", "list", "details", "download");
    let plain = STATUSES.map(|code| (code.to_string(), Fault::status(code)));
    let timed = [429, 503].map(|code| {
        let fault = Fault::Status { code, retry_after: Some("77".to_owned()), body: None };
        (format!("{code} 77s"), fault)
    });
    for (name, fault) in plain.into_iter().chain(timed) {
        table += &format!("{name:<10}");
        for endpoint in ENDPOINTS {
            table += &format!("{:<14}", outcome(endpoint, fault.clone()).await);
        }
        table = table.trim_end().to_owned() + "\n";
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn no_sentence_shows_what_a_provider_should_not_have_written() {
    let account = Account::new(1).await;
    let told = r#"{"errorCode":"CMN-101","message":"Call of +1 415 555 0123 or +14155550123 at https://x/?key=abc, token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI0MDAxMzE0MjgwMDgifQ.c2ln"}"#;
    let fault = Fault::Status { code: 400, retry_after: None, body: Some(told.to_owned()) };
    account.fake.fault(Endpoint::List, Match::Any, 1, fault);
    insta::assert_snapshot!(account.provider.discover(None).await.unwrap_err().message);
}
