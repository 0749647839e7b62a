//! What follows from every status, at every step.

use std::fmt::Write;

use callscribe::call::Disposition;
use callscribe::provider::{Provider, ProviderError};

use crate::fakes::{ALWAYS, Endpoint, Fault, Match};
use crate::support::{Office, recording};

const STATUSES: [u16; 13] = [401, 403, 404, 408, 409, 410, 423, 425, 429, 500, 502, 503, 504];
const STEPS: [Endpoint; 4] = [Endpoint::List, Endpoint::Details, Endpoint::Media, Endpoint::Transcript];

/// `retry`, `retry after 7 s`, …
fn word(answer: Result<(), ProviderError>) -> String {
    let after = |after: Option<std::time::Duration>| after.map(|after| format!(" after {} s", after.as_secs()));
    match answer.err().map(|error| error.disposition) {
        None => "nothing".to_owned(),
        Some(Disposition::Retry { after: wish }) => format!("retry{}", after(wish).unwrap_or_default()),
        Some(Disposition::Wait { after: wish }) => format!("wait{}", after(wish).unwrap_or_default()),
        Some(other) => format!("{other:?}").to_lowercase(),
    }
}

async fn step(office: &Office, endpoint: Endpoint) -> Result<(), ProviderError> {
    let sid = recording(0).sid;
    match endpoint {
        Endpoint::List => office.provider.discover(None).await.map(drop),
        Endpoint::Details => office.provider.details(&sid, "").await.map(drop),
        Endpoint::Media => office.audio(&sid).await.map(drop),
        _ => office.provider.opinion(&sid, "").await.map(drop),
    }
}

#[tokio::test]
async fn every_status_at_every_step_has_its_consequence() {
    let office = Office::with_recordings(1).await;
    let mut table = format!("{:<12}{:<18}{:<18}{:<18}{}\n", "", "list", "details", "download", "transcript");
    for status in STATUSES {
        for retry_after in [None, Some("7".to_owned())] {
            let name = format!("{status}{}", if retry_after.is_some() { ", 7 s" } else { "" });
            write!(table, "{name:<12}").unwrap();
            for endpoint in STEPS {
                office.fake.heal();
                let fault = Fault::Status { code: status, retry_after: retry_after.clone(), body: None };
                office.fake.fault(endpoint, Match::Any, ALWAYS, fault);
                write!(table, "{:<18}", word(step(&office, endpoint).await)).unwrap();
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn every_refusal_names_account_status_and_what_follows() {
    let office = Office::with_recordings(1).await;
    for (status, endpoint) in STATUSES.into_iter().flat_map(|status| STEPS.map(|endpoint| (status, endpoint))) {
        office.fake.heal();
        office.fake.fault(endpoint, Match::Any, ALWAYS, Fault::status(status));
        if let Err(ProviderError { message, .. }) = step(&office, endpoint).await {
            let is_whole = message.starts_with("Account main at Twilio") && message.ends_with('.');
            assert!(is_whole && !message.contains("http://"), "{message}");
            assert!(message.contains(&format!("status {status}")) || endpoint == Endpoint::Transcript, "{message}");
        }
    }
}
