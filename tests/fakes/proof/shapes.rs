//! What the fakes answer has the members of the examples, no more and no fewer.

use serde_json::Value;

use super::noon;
use crate::fakes::examples;
use crate::fakes::{CallLogRecord, TwilioCall, TwilioRecording, WebexRecording};

/// The members of an object and of the objects in it, as paths.
fn members(value: &Value, path: &str) -> Vec<String> {
    let Value::Object(object) = value else { return Vec::new() };
    let mut all: Vec<String> = object
        .iter()
        .flat_map(|(name, member)| {
            let path = format!("{path}.{name}");
            std::iter::once(path.clone()).chain(members(member, &path)).collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all
}

fn alike(made: &Value, example: &Value) {
    assert_eq!(members(made, ""), members(example, ""));
}

#[test]
fn every_example_of_json_can_be_read() {
    assert!(examples::names(".json").len() > 60);
    examples::names(".json").iter().for_each(|name| drop(examples::json(name)));
}

#[test]
fn twilio_has_the_shapes_of_its_examples() {
    let recording = TwilioRecording::new(1, noon());
    alike(&recording.json("AC", "", ""), &examples::json("twilio_recording.json"));
    alike(&recording.clone().absent().json("AC", "", ""), &examples::json("twilio_recording_absent.json"));
    let encrypted = TwilioRecording { encrypted: true, ..recording.clone() };
    alike(&encrypted.json("AC", "", ""), &examples::json("twilio_recording_encrypted.json"));
    alike(&recording.json_of_call("AC"), &examples::json("twilio_recording_start_201.json"));
    alike(&TwilioCall::new(1, noon()).json("AC"), &examples::json("twilio_call.json"));
}

#[test]
fn ringcentral_has_the_shapes_of_its_examples() {
    let record = CallLogRecord::new(1, noon());
    let simple = examples::json("ringcentral_call_log_simple.json");
    alike(&record.json("", "", "1", false), &simple["records"][0]);
    let (made, example) = (record.json("", "", "1", true), examples::json("ringcentral_call_log_detailed.json"));
    alike(&made, &example["records"][0]);
    alike(&made["legs"][0], &example["records"][0]["legs"][0]);
}

#[test]
fn webex_has_the_shapes_of_its_examples() {
    let inbound = WebexRecording { terminator: true, ..WebexRecording::new(1, noon()) };
    alike(&inbound.json(), &examples::json("webex_recordings_list.json")["items"][0]);
    alike(&inbound.metadata(true), &examples::json("webex_recording_metadata.json"));
    let outbound = WebexRecording { terminator: false, ..inbound };
    alike(&outbound.metadata(true), &examples::json("webex_recording_metadata_originator_minimal.json"));
}
