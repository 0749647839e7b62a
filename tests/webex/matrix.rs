//! What every status means at every step: one table.

use std::fmt::Write as _;

use callscribe::call::Disposition;
use callscribe::provider::webex::WebexProvider;
use callscribe::provider::{Provider, ProviderError};

use crate::fakes::{ALWAYS, Endpoint, Fault, Match};
use crate::support::{Account, check_sentence, details, download};

const STATUSES: [u16; 13] = [401, 403, 404, 408, 409, 410, 423, 425, 429, 500, 502, 503, 504];
const STEPS: [Endpoint; 4] = [Endpoint::List, Endpoint::Details, Endpoint::Media, Endpoint::Transcript];

async fn ask(provider: &WebexProvider, step: Endpoint, id: &str) -> ProviderError {
    match step {
        Endpoint::List => provider.discover(None).await.unwrap_err(),
        Endpoint::Details => details(provider, id).await.unwrap_err(),
        Endpoint::Media => download(provider, id).await.unwrap_err(),
        _ => provider.opinion(id, "").await.unwrap_err(),
    }
}

fn word(disposition: Disposition) -> String {
    let named = |word: &str, after: Option<std::time::Duration>| {
        after.map_or_else(|| word.to_owned(), |after| format!("{word} in {} s", after.as_secs()))
    };
    match disposition {
        Disposition::Retry { after } => named("retry", after),
        Disposition::Wait { after } => named("wait", after),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[tokio::test]
async fn every_status_has_its_consequence_at_every_step() {
    let mut table = format!("{:<20}{:<15}{:<15}{:<15}{}\n", "status", "list", "details", "download", "transcript");
    let cases = STATUSES.into_iter().flat_map(|code| {
        let with_time = [423, 429, 503].contains(&code).then(|| (code, Some("77".to_owned())));
        std::iter::once((code, None)).chain(with_time)
    });
    for (code, retry_after) in cases {
        let name = retry_after.as_ref().map_or_else(|| code.to_string(), |after| format!("{code} Retry-After {after}"));
        write!(table, "{name:<20}").unwrap();
        for step in STEPS {
            let (account, provider, recording) = Account::with_one(|_| ()).await;
            let fault = Fault::Status { code, retry_after: retry_after.clone(), body: None };
            account.webex.fault(step, Match::Any, ALWAYS, fault);
            let error = ask(&provider, step, &recording.id).await;
            check_sentence(&error, &[&code.to_string()]);
            let word = word(error.disposition);
            write!(table, "{word:<15}").unwrap();
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    insta::assert_snapshot!("statuses", table);
}

#[tokio::test]
async fn after_too_many_requests_the_account_keeps_still() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    account.webex.fault(Endpoint::List, Match::Any, 1, Fault::too_many(60));
    provider.discover(None).await.unwrap_err();
    let error = details(&provider, &recording.id).await.unwrap_err();
    check_sentence(&error, &["429", "left alone"]);
    assert!(matches!(error.disposition, Disposition::Wait { after: Some(after) } if after.as_secs() >= 58));
    assert_eq!(account.webex.count(Endpoint::Details), 0);
}

#[tokio::test]
async fn what_webex_says_is_repeated_without_numbers_addresses_and_tokens() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    let body = r#"{"message":"No +14155550123 at https://a.webex.com/?ticket=7 or MDEyMzQ1Njc4exampleRefresh_PE93_0123",
        "errors":[{"errorCode":"CR-17"}],"trackingId":"ROUTERGW_1"}"#;
    let fault = Fault::Status { code: 400, retry_after: None, body: Some(body.to_owned()) };
    account.webex.fault(Endpoint::Details, Match::Any, 1, fault);
    let error = details(&provider, &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Reject);
    check_sentence(&error, &["400 CR-17 \"No … at … or …\" (trackingId ROUTERGW_1)"]);
}
