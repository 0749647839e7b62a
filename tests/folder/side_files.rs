//! The JSON file beside a recording.

use callscribe::provider::Provider;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Inbox, source};

/// Facts and metadata of the one recording in the folder.
async fn facts(inbox: &Inbox) -> (Value, Value) {
    inbox.look().await;
    let recording = &inbox.recordings()[0];
    let (id, locator) = (&recording.key.remote_id, source(recording));
    let call = inbox.provider().details(id, &locator).await.unwrap();
    assert_eq!(call, recording.call, "the listing tells the same");
    let mut metadata = inbox.provider().metadata(id, &locator).await.unwrap();
    metadata["file"]["modified_at"].take();
    (serde_json::to_value(call).unwrap(), metadata)
}

#[tokio::test]
async fn a_side_file_tells_everything_it_can() {
    let inbox = Inbox::new();
    inbox.write("call.wav", "hello");
    let side = json!({
        "start_time": "2024-01-31 14:25:30",
        "Direction": "Inbound",
        "caller": { "number": "+49 30 5550199", "name": "Ada Holm" },
        "to": "101",
        "agent": { "id": "a7", "name": "Ben", "email": "ben@example.com" },
        "queue_name": "support",
        "unique-id": "1706703930.123",
        "duration": 61.5,
        "channels": [{ "role": "customer" }, { "role": "agent" }],
        "language": "de",
        "participants": ["+493055501", { "name": "Eve" }],
        "ticket": { "number": 42 },
    });
    inbox.write("call.json", &side.to_string());
    let (call, metadata) = facts(&inbox).await;
    insta::assert_json_snapshot!(call);
    assert_eq!(metadata["sidecar"], side, "the whole of it is kept");
    assert_eq!(metadata["language"], "de");
}

#[tokio::test]
async fn the_side_file_wins_over_the_name_which_fills_what_it_leaves_open() {
    let inbox = Inbox::new();
    inbox.write("out-5551234567-101-20240131-142530-1706703930.123.wav", "hello");
    inbox.write(
        "out-5551234567-101-20240131-142530-1706703930.123.wav.json",
        r#"{"recording": {"start": 1706703999, "src": "\"Ada Holm\" <102>"}}"#,
    );
    let (call, metadata) = facts(&inbox).await;
    assert_eq!(call["started_at"], "2024-01-31T12:26:39Z");
    assert_eq!(call["caller"], json!({ "number": "102", "name": "Ada Holm" }));
    assert_eq!(call["callee"], json!({ "number": "5551234567" }));
    assert_eq!((&call["direction"], &call["call_id"]), (&json!("outbound"), &json!("1706703930.123")));
    assert_eq!(metadata["name"]["pattern"], "freepbx");
}

#[tokio::test]
async fn a_broken_side_file_is_noted_and_the_call_taken_in_all_the_same() {
    for broken in ["{", "", "\u{0}", &format!("\"{}\"", "x".repeat(2_000_000)), &"[".repeat(100_000)] {
        let inbox = Inbox::new();
        inbox.write("call.wav", "hello");
        inbox.write("call.json", broken);
        let (_, metadata) = facts(&inbox).await;
        assert!(metadata["sidecar_error"].as_str().unwrap().starts_with("The side file is"), "{metadata}");
    }
}

#[tokio::test]
async fn odd_values_in_a_side_file_are_passed_over() {
    let inbox = Inbox::new();
    inbox.write("call.wav", "hello");
    let side = json!({
        "start_time": "yesterday", "direction": "sideways", "caller": [1], "callee": null, "duration": -5,
        "channels": 2, "participants": "many", "queue": "", "agent": true,
    });
    inbox.write("call.json", &side.to_string());
    let (call, _) = facts(&inbox).await;
    assert_eq!((&call["direction"], &call["duration_ms"], &call["queue"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(call["caller"], json!({}));
    assert!(call["started_at"].is_string(), "the file's own time");
}

#[tokio::test]
async fn configured_channels_hold_where_the_call_says_nothing() {
    let now = Timestamp::now() + SignedDuration::from_hours(48);
    let inbox = Inbox::with(now, |config| config.channels = vec!["agent".into(), "customer".into()]);
    inbox.write("call.wav", "hello");
    let (call, _) = facts(&inbox).await;
    assert_eq!(call["channel_parties"], json!(["agent", "customer"]));
}
