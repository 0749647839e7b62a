//! Nothing goes anywhere but to the account's own hosts.

use callscribe::call::Disposition;
use callscribe::provider::Provider;
use callscribe::provider::twilio::TwilioProvider;

use crate::fakes::{ALWAYS, Endpoint, Fault, Listener, Match, Reply};
use crate::support::{Office, context, recording, refused};

#[tokio::test]
async fn redirects_to_foreign_hosts_are_not_followed() {
    let office = Office::with_recordings(2).await;
    let ear = Listener::start(|_| Reply::empty(200)).await;
    for endpoint in [Endpoint::List, Endpoint::Details, Endpoint::Call, Endpoint::Media, Endpoint::Transcript] {
        office.fake.fault(endpoint, Match::Any, ALWAYS, Fault::RedirectTo(format!("{}/stolen", ear.url)));
    }
    let sid = recording(1).sid;
    let provider = &office.provider;
    assert_eq!(refused(provider.discover(None).await).disposition, Disposition::Reject);
    assert_eq!(refused(provider.details(&sid, "").await).disposition, Disposition::Reject);
    assert_eq!(refused(provider.opinion(&sid, "").await).disposition, Disposition::Reject);
    office.fake.heal();
    office.fake.fault(Endpoint::Media, Match::Any, ALWAYS, Fault::RedirectTo(format!("{}/stolen", ear.url)));
    let error = refused(office.audio(&sid).await);
    assert_eq!(error.disposition, Disposition::Reject);
    assert!(error.message.contains("none of this account's hosts"), "{}", error.message);
    assert_eq!(ear.heard().len(), 0);
}

#[tokio::test]
async fn a_redirect_to_a_media_host_loses_the_credentials() {
    let office = Office::with_recordings(2).await;
    let there = format!("{}/storage/{}", office.fake.bases.media, recording(1).sid);
    office.fake.change(&recording(1).sid, |recording| recording.external = true);
    let twilio = Match::Path("RequestedChannels".to_owned());
    office.fake.fault(Endpoint::Media, twilio, ALWAYS, Fault::RedirectTo(there));
    assert_eq!(office.audio(&recording(1).sid).await.unwrap(), recording(1).sound.wav(2));
    assert_eq!(office.fake.credentials_on_media_host().len(), 0);
}

#[tokio::test]
async fn addresses_inside_this_network_are_not_asked_unless_that_is_configured() {
    let office = Office::with_recordings(1).await;
    let mut config = office.config.clone();
    config.allow_private_addresses = false;
    config.base_url = Some(office.fake.bases.api.replace("http:", "https:"));
    let provider = TwilioProvider::new(&config, context(office.clock.clone())).unwrap();
    let error = refused(provider.discover(None).await);
    assert_eq!(error.disposition, Disposition::Reject);
    assert!(error.message.contains("allow_private_addresses"), "{}", error.message);
    assert_eq!(office.fake.requests().len(), 0);
}

#[tokio::test]
async fn without_tls_nothing_is_sent() {
    let office = Office::with_recordings(1).await;
    let mut config = office.config.clone();
    config.allow_private_addresses = false;
    let provider = TwilioProvider::new(&config, context(office.clock.clone())).unwrap();
    assert_eq!(refused(provider.discover(None).await).disposition, Disposition::Reject);
    assert!(!provider.access().await.is_reachable);
    assert_eq!(office.fake.requests().len(), 0);
}
