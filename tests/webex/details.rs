//! What is known of a recording and its call.

use callscribe::call::{Direction, Disposition};
use callscribe::provider::Provider;

use crate::fakes::webex::status;
use crate::fakes::{Endpoint, Fault, Match, WebexRecording, examples};
use crate::support::{Account, RETRY, check_sentence, details, hours_before_noon};

#[tokio::test]
async fn details_and_metadata_fill_every_field() {
    let (_account, provider, recording) = Account::with_one(|_| ()).await;
    let facts = details(&provider, &recording.id).await.unwrap();
    insta::assert_json_snapshot!("an_inbound_call", facts);
}

#[tokio::test]
async fn the_metadata_are_kept_whole_and_the_links_are_not() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    let kept = provider.metadata(&recording.id, "").await.unwrap();
    let shown = &kept["metadata"]["serviceData"];
    assert_eq!(shown["callActivity"][0]["mediaStreams"][0]["mode"], "mixed", "showAllTypes was asked for");
    assert_eq!(kept["recording"], recording.json());
    assert!(!kept.to_string().contains("ticket"));
    assert_eq!(account.webex.count(Endpoint::Metadata), 1);
}

#[tokio::test]
async fn an_outbound_call_of_a_queue_tells_direction_and_queue() {
    let (_account, provider, recording) = Account::with_one(|recording| {
        recording.terminator = false;
        recording.owner_type = "callQueue".to_owned();
    })
    .await;
    let facts = details(&provider, &recording.id).await.unwrap();
    assert_eq!(facts.direction, Some(Direction::Outbound));
    assert_eq!(facts.queue.as_deref(), Some("Ravi Agent"), "the owner is the queue");
    assert_eq!(facts.callee.number, Some(recording.number));
    assert_eq!(facts.owner.kind.as_deref(), Some("callQueue"));
}

#[tokio::test]
async fn configured_channels_win() {
    let mut account = Account::new().await;
    account.config.channels = vec!["everybody".to_owned()];
    account.add(WebexRecording::new(1, hours_before_noon(2)));
    let provider = account.provider();
    let listed = provider.discover(None).await.unwrap().listed.remove(0);
    assert_eq!(listed.call.channel_parties, ["everybody"]);
    assert_eq!(details(&provider, &listed.remote_id).await.unwrap().channel_parties, ["everybody"]);
}

#[tokio::test]
async fn details_alone_are_enough_where_metadata_are_refused() {
    let (account, provider, recording) = Account::with_one(|_| ()).await;
    account.webex.fault(Endpoint::Metadata, Match::Any, 1, Fault::status(403));
    let facts = details(&provider, &recording.id).await.unwrap();
    assert_eq!((facts.session_id, facts.direction), (Some(recording.call_session_id), None));
    account.webex.fault(Endpoint::Metadata, Match::Any, 1, Fault::status(500));
    assert_eq!(details(&provider, &recording.id).await.unwrap_err().disposition, RETRY);
}

#[tokio::test]
async fn what_was_purged_is_absent() {
    let (_account, provider, recording) = Account::with_one(|one| one.status = status::PURGED.to_owned()).await;
    let error = details(&provider, &recording.id).await.unwrap_err();
    assert_eq!(error.disposition, Disposition::Absent);
    check_sentence(&error, &["404", "The requested resource could not be found", "ROUTERGW_", "purged"]);
}

#[tokio::test]
async fn listings_tell_what_they_can() {
    let account = Account::new().await;
    let body = examples::text("webex_recordings_list_last_page.json");
    let fault = Fault::Status { code: 200, retry_after: None, body: Some(body) };
    account.webex.fault(Endpoint::List, Match::Any, 1, fault);
    let listed = account.provider().discover(None).await.unwrap().listed.remove(0);
    insta::assert_json_snapshot!("a_queues_recording_in_a_list", listed.call);
}
