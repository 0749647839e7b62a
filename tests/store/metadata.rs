//! Any field of a source's description can be asked for, however deep it lies and whatever stands in it.

use callscribe::store::ListQuery;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::*;

/// A store with one recording of this description.
fn with(metadata: Value) -> Fixture {
    let fixture = Fixture::new();
    let mut recording = callscribe::call::Recording::discovered(
        callscribe::call::RecordingId::from_bytes([7; 16]),
        listed("a", 0).key,
        listed("a", 0).call,
        at(0),
    );
    recording.metadata = metadata;
    let whole = callscribe::store::WholeRecording { recording, locator: "in/a.wav".into(), transcript: None };
    fixture.store.insert_whole(&[whole], at(0)).unwrap();
    fixture
}

fn total(fixture: &Fixture, fields: &[(&str, &str)]) -> u64 {
    let metadata = fields.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    fixture.store.list(&ListQuery { metadata, limit: 1, ..ListQuery::default() }).unwrap().total
}

#[test]
fn a_field_is_found_by_its_path_and_value() {
    let fixture = with(json!({
        "call": {"legs": [{"id": "L1", "rating": 5}, {"id": "L2", "hold": [true, [3, {"deep": "x"}]]}], "a.b": "dotted"},
        "number": 7, "zero": 0, "negative": -1.5, "large": 18446744073709551615_u64, "text": " Ünïcode İ ",
        "flag": false, "nothing": null, "empty": "", "list": [], "object": {}, "7": "digit", "": "nameless",
    }));
    for (path, value) in [
        ("call.legs.id", "L1"),
        ("call.legs.id", "l2"),
        ("call.legs.rating", "5"),
        ("call.legs.hold", "true"),
        ("call.legs.hold", "3"),
        ("call.legs.hold.deep", "x"),
        ("call.a.b", "dotted"),
        ("number", "7"),
        ("zero", "0"),
        ("negative", "-1.5"),
        ("large", "18446744073709551615"),
        ("text", "ünïcode i̇"),
        ("text", "ÜNÏCODE İ"),
        ("flag", "FALSE"),
        ("nothing", "null"),
        ("7", "digit"),
    ] {
        assert_eq!(total(&fixture, &[(path, value)]), 1, "{path}={value}");
    }
    for (path, value) in [
        ("call", "L1"),
        ("call.legs", "L1"),
        ("call.legs.0.id", "L1"),
        ("call.legs.id", "L"),
        ("legs.id", "L1"),
        ("number", "7.0"),
        ("number", "07"),
        ("flag", "0"),
        ("list", "[]"),
        ("object", "{}"),
        ("Number", "7"),
        ("absent", "null"),
    ] {
        assert_eq!(total(&fixture, &[(path, value)]), 0, "{path}={value}");
    }
    assert_eq!(
        total(&fixture, &[("number", "7"), ("flag", "false"), ("call.legs.id", "L1"), ("call.legs.id", "L2")]),
        1
    );
    assert_eq!(total(&fixture, &[("number", "7"), ("flag", "true")]), 0);
}

#[test]
fn a_description_that_is_no_object_is_no_harm() {
    for metadata in [Value::Null, json!("text"), json!([1, 2]), json!(7)] {
        let fixture = with(metadata);
        assert_eq!(fixture.store.list(&ListQuery { limit: 1, ..ListQuery::default() }).unwrap().total, 1);
        assert_whole(&fixture.store);
    }
}

#[test]
fn what_is_longer_than_a_parameter_is_left_out_and_the_rest_is_found() {
    let fixture = with(json!({"long": "a".repeat(257), "just": "a".repeat(256), "short": "x"}));
    assert_eq!(total(&fixture, &[("just", &"A".repeat(256))]), 1);
    assert_eq!(total(&fixture, &[("long", &"a".repeat(257))]), 0);
    assert_eq!(total(&fixture, &[("short", "x")]), 1);
}

/// Every value of a description with its path, by a walk of the test's own.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            leaves(value, &path, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, path, found)),
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        other => found.push((path.to_owned(), other.to_string())),
    }
}

fn description() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~À-ſ一-丟]{1,12}".prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-z.]{1,4}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    proptest::collection::vec(("[a-z]{1,4}", tree), 1..4).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rounds(24) as u32, ..ProptestConfig::default() })]

    #[test]
    fn every_value_of_any_description_is_found(metadata in description()) {
        let mut all = Vec::new();
        leaves(&metadata, "", &mut all);
        let fixture = with(metadata);
        for (path, value) in &all {
            prop_assert_eq!(total(&fixture, &[(path, value)]), 1, "{}={}", path, value);
            prop_assert_eq!(total(&fixture, &[(path, &format!("{value}!not"))]), 0);
        }
    }
}
