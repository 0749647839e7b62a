use std::fs;

use serde_json::Value;

use crate::support::{Place, code, err, out};

/// A folder with sample calls and, under the same names, their scripts.
fn calls(place: &Place, names: &[&str]) -> String {
    let folder = place.path("calls");
    fs::create_dir_all(&folder).unwrap();
    for name in names {
        for ending in ["wav", "json"] {
            let file = format!("{}/tests/calls/{name}.{ending}", env!("CARGO_MANIFEST_DIR"));
            fs::copy(file, folder.join(format!("{name}.{ending}"))).unwrap();
        }
    }
    folder.to_str().unwrap().to_owned()
}

fn evaluated(place: &Place, arguments: &[&str]) -> Value {
    let done = place.run(&[&["evaluate", "--json"], arguments].concat());
    assert_eq!(code(&done), 0, "{done:?}");
    serde_json::from_str(&out(&done)).unwrap()
}

fn advice(report: &Value) -> String {
    report["recommendations"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn sample_calls_have_no_errors_and_each_altered_word_counts_once() {
    let place = Place::new();
    let folder = calls(&place, &["en-refund", "es-tarjeta"]);
    let right = evaluated(&place, &[&folder, "--models", "mini-q8_0", "--language", "en,es"]);
    assert_eq!(
        (right["models"][0]["wer"].as_f64(), right["models"][0]["cer"].as_f64()),
        (Some(0.0), Some(0.0)),
        "{right}"
    );
    let words = right["models"][0]["words"].as_u64().unwrap();
    assert_eq!(right["languages"].as_array().unwrap().len(), 2);
    assert_eq!(right["channels"].as_array().unwrap().len(), 2);
    assert!(advice(&right).contains("knows only the sample calls"), "{right}");

    let script = format!("{folder}/en-refund.json");
    let altered = fs::read_to_string(&script).unwrap();
    let altered =
        altered.replace("a problem with my invoice", "a trouble with invoice").replace("I am sorry", "I am very sorry");
    fs::write(&script, altered).unwrap();
    let wrong = evaluated(&place, &[&folder, "--models", "mini-q8_0", "--language", "en,es"]);
    let row = &wrong["models"][0];
    let kinds = ["substitutions", "insertions", "deletions"].map(|kind| row[kind].as_u64().unwrap());
    assert_eq!(kinds, [1, 1, 1], "{row}");
    assert_eq!(row["words"].as_u64().unwrap(), words, "one word less, one more");
    assert_eq!(row["wer"].as_f64().unwrap(), (3.0 / words as f64 * 10_000.0).round() / 10_000.0);
}

#[test]
fn swapped_channels_and_a_language_that_need_not_be_sought_are_recommended() {
    let place = Place::new();
    let folder = calls(&place, &["en-refund"]);
    let script = format!("{folder}/en-refund.json");
    let text = fs::read_to_string(&script).unwrap();
    let exchanged = text
        .replace("\"channel\": 0", "\"channel\": 9")
        .replace("\"channel\": 1", "\"channel\": 0")
        .replace("\"channel\": 9", "\"channel\": 1");
    fs::write(&script, exchanged).unwrap();
    let report = evaluated(&place, &[&folder, "--language", "en,es"]);
    assert!(advice(&report).contains("In 1 of 1 calls the channels are swapped"), "{report}");
    assert!(advice(&report).contains("languages = [\"en\"]"), "{report}");
}

#[test]
fn a_table_names_models_channels_and_calls_and_our_own_exports_are_read_back() {
    let place = Place::new();
    let folder = calls(&place, &["en-complaint"]);
    let call = format!("{folder}/en-complaint.wav");
    fs::remove_file(format!("{folder}/en-complaint.json")).unwrap();
    for format in ["txt", "vtt", "json"] {
        let speakers = ["--speakers", "agent,customer"];
        let export = ["transcribe", &call, "--format", format, "--output", &folder];
        assert_eq!(code(&place.run(&[&export[..], &speakers].concat())), 0);
        let done = place.run(&[&["evaluate", &folder][..], &speakers].concat());
        assert_eq!(code(&done), 0, "{done:?}");
        for part in ["mini-q8_0    0.0 %    0.0 %", "mini-q8_0  0 agent", "mini-q8_0  1 customer", "en-complaint.wav"] {
            assert!(out(&done).contains(part), "{part} is not in {}", out(&done));
        }
        fs::remove_file(format!("{folder}/en-complaint.{format}")).unwrap();
    }
}

#[test]
fn a_folder_without_pairs_and_a_broken_transcript_are_refused_by_name() {
    let place = Place::new();
    place.call("calls/call.wav");
    let folder = place.path("calls").to_str().unwrap().to_owned();
    let none = place.run(&["evaluate", &folder]);
    assert_eq!(code(&none), 1);
    assert!(err(&none).contains("holds no call with a corrected transcript"), "{none:?}");
    fs::write(place.path("calls/call.json"), "{").unwrap();
    let broken = place.run(&["evaluate", &folder]);
    assert!(err(&broken).contains("call.json cannot be used"), "{broken:?}");
}
