//! Signing in, and what is said when that fails.

use callscribe::call::Disposition;
use callscribe::provider::Provider;
use callscribe::provider::twilio::TwilioProvider;

use crate::fakes::{ALWAYS, Endpoint, Fault, Match, examples};
use crate::support::{Office, context, refused};

#[tokio::test]
async fn the_auth_token_signs_in_and_an_api_key_goes_before_it() {
    let office = Office::with_recordings(1).await;
    assert_eq!(office.look(None).await.0.listed.len(), 1);
    let user = |office: &Office| office.fake.requests().last().unwrap().asked.basic().unwrap().0;
    assert_eq!(user(&office), office.fake.settings.account_sid);

    let office = Office::with(|_, twilio| {
        twilio.api_key_sid = Some("SK0123456789abcdef0123456789abcdef".to_owned());
        twilio.api_key_secret = Some("k3y-s3cr3t-0f-tw1l10".into());
    })
    .await;
    office.look(None).await;
    assert_eq!(user(&office), office.fake.settings.key_sid);
}

#[tokio::test]
async fn a_wrong_secret_parks_the_account_and_names_account_code_and_mend() {
    let office = Office::with(|_, twilio| twilio.auth_token = Some("wr0ng-t0ken".into())).await;
    let error = refused(office.provider.discover(None).await);
    assert_eq!(error.disposition, Disposition::Park);
    insta::assert_snapshot!(error.message, @"Account main at Twilio: Twilio refused the list of recordings with status 401, code 20003 (Authenticate). Check account_sid with auth_token_file, or api_key_sid with api_key_secret_file; credentials belong to one region, so region and edge must be theirs.");
    assert_eq!(office.fake.requests().len(), 1, "there is nothing to renew");
}

#[tokio::test]
async fn a_missing_permission_parks_and_says_where_to_give_it() {
    let office = Office::new().await;
    let body = Some(r#"{"code":20403,"message":"Forbidden for +1 415 555 0123","status":403}"#.to_owned());
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, Fault::Status { code: 403, retry_after: None, body });
    let error = refused(office.provider.discover(None).await);
    assert_eq!(error.disposition, Disposition::Park);
    insta::assert_snapshot!(error.message, @"Account main at Twilio: Twilio refused the list of recordings with status 403, code 20403 (Forbidden for …). Give the API key the permission for it in the Twilio console, and see there that the account is active.");
}

#[tokio::test]
async fn no_error_shows_a_secret_even_when_twilio_does() {
    let office = Office::new().await;
    let token = &office.fake.settings.auth_token;
    let body = Some(format!(r#"{{"code":20001,"message":"Bad token {token} in https://x.example/?key=abc"}}"#));
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, Fault::Status { code: 400, retry_after: None, body });
    let error = refused(office.provider.discover(None).await);
    assert!(!error.message.contains(token) && !error.message.contains("key=abc"), "{}", error.message);
    assert_eq!(error.disposition, Disposition::Reject);
}

#[tokio::test]
async fn the_newer_form_of_errors_is_understood() {
    let office = Office::new().await;
    let body = Some(examples::text("twilio_error_rfc9457.json"));
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, Fault::Status { code: 429, retry_after: None, body });
    let error = refused(office.provider.discover(None).await);
    assert!(error.message.contains("status 429, code 20429 (Concurrency limit reached)"), "{}", error.message);
}

#[tokio::test]
async fn a_region_without_its_edge_is_not_asked() {
    let office = Office::new().await;
    let mut config = office.config.clone();
    config.base_url = None;
    let callscribe::config::VendorConfig::Twilio(twilio) = &mut config.vendor else { panic!("an account at Twilio") };
    twilio.region = Some("ie1".to_owned());
    let error = refused(TwilioProvider::new(&config, context(office.clock.clone())));
    assert_eq!(error.disposition, Disposition::Park);
    insta::assert_snapshot!(error.message, @"Account main at Twilio cannot be reached: region ie1 is served only with its edge. Correct it in the configuration.");
}

#[tokio::test]
async fn at_most_eight_requests_are_on_their_way() {
    let office = Office::with_recordings(1).await;
    let late = Fault::Late(std::time::Duration::from_millis(20));
    office.fake.fault(Endpoint::List, Match::Any, ALWAYS, late);
    let looks = (0..50).map(|_| office.provider.discover(None));
    assert!(futures_util::future::join_all(looks).await.iter().all(Result::is_ok));
    assert!(office.fake.most_in_flight() <= 8, "{}", office.fake.most_in_flight());
}
