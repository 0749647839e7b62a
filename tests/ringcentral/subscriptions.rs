//! One subscription, alive, whatever happened to it.

use callscribe::provider::Provider;
use jiff::Timestamp;

use crate::fakes::{Asked, Listener, Reply, RingCentralSettings};
use crate::support::{Account, generous, noon};

/// As our door answers a handshake.
fn polite(asked: &Asked) -> Reply {
    Reply::empty(200).header("validation-token", asked.header("validation-token").unwrap_or_default())
}

async fn with_door(settings: RingCentralSettings, answer: fn(&Asked) -> Reply) -> (Account, Listener) {
    let door = Listener::start(answer).await;
    let account = Account::with(settings, 0, |_| ()).await.at(&door.url);
    // The fake's subscriptions go by the time of day.
    account.clock.advance_ms(Timestamp::now().as_millisecond() - noon().as_millisecond());
    (account, door)
}

#[tokio::test]
async fn a_subscription_is_made_once_at_our_door() {
    let (account, door) = with_door(generous(), polite).await;
    for _ in 0..3 {
        account.provider.tend().await.unwrap();
    }
    let [subscription] = account.fake.subscriptions().try_into().unwrap();
    assert_eq!(subscription.address, format!("{}/webhook/ringcentral", door.url));
    assert_eq!(subscription.verification_token, crate::support::VERIFICATION);
    assert_eq!((door.heard().len(), subscription.event_filters.len()), (1, 2));
    assert!(subscription.event_filters.iter().any(|filter| filter.contains("statusCode=Disconnected")));
}

#[tokio::test]
async fn one_that_ends_soon_is_renewed() {
    let (account, _door) = with_door(generous(), polite).await;
    account.provider.tend().await.unwrap();
    let [before] = account.fake.subscriptions().try_into().unwrap();
    account.wait(4 * 24 * 60);
    account.provider.tend().await.unwrap();
    let [after] = account.fake.subscriptions().try_into().unwrap();
    assert!(after.id == before.id && after.expires > before.expires);
}

#[tokio::test]
async fn one_that_was_blacklisted_is_made_anew() {
    let (account, door) = with_door(generous(), polite).await;
    account.provider.tend().await.unwrap();
    account.fake.blacklist(&account.fake.subscriptions()[0].id);
    account.provider.tend().await.unwrap();
    let [subscription] = account.fake.subscriptions().try_into().unwrap();
    assert_eq!((subscription.blacklisted, door.heard().len()), (None, 2));
}

#[tokio::test]
async fn one_for_other_events_is_replaced() {
    let (account, door) = with_door(generous(), polite).await;
    account.provider.tend().await.unwrap();
    let account = account.changed(|config| config.record_calls = true).at(&door.url);
    account.provider.tend().await.unwrap();
    let [subscription] = account.fake.subscriptions().try_into().unwrap();
    assert!(subscription.event_filters.iter().any(|filter| filter.ends_with("/telephony/sessions")));
}

#[tokio::test]
async fn a_filter_that_was_refused_is_told_and_not_asked_for_again_and_again() {
    let settings = RingCentralSettings { refused_filter: Some("telephony".to_owned()), ..generous() };
    let (account, door) = with_door(settings, polite).await;
    let messages = [account.provider.tend().await.unwrap_err(), account.provider.tend().await.unwrap_err()];
    assert_eq!((messages[0].message.as_str(), door.heard().len()), (messages[1].message.as_str(), 1));
    insta::assert_snapshot!(messages[0].message);
}

#[tokio::test]
async fn a_door_that_does_not_open_is_told() {
    let (account, _door) = with_door(generous(), |_| Reply::empty(500)).await;
    let error = account.provider.tend().await.unwrap_err();
    insta::assert_snapshot!(error.message);
    let shut = account.changed(|_| ());
    assert!(shut.provider.tend().await.unwrap_err().message.contains("public_url"));
}

#[tokio::test]
async fn without_webhooks_nothing_is_subscribed() {
    let (account, door) = with_door(generous(), polite).await;
    let account = account.changed(|config| config.webhooks = false).at(&door.url);
    account.provider.tend().await.unwrap();
    assert!(account.fake.requests().is_empty());
}
