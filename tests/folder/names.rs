//! What the names of common recorders tell.

use std::collections::BTreeMap;

use callscribe::provider::folder::FileNames;
use jiff::tz::{TimeZone, offset};
use serde_json::{Value, json};

/// Names as the recorders write them, without ending. Local times are two hours east of Greenwich.
const NAMES: &[&str] = &[
    // FreePBX: kind, called, calling, time, unique id
    "out-5551234567-101-20240131-142530-1706703930.123",
    "external-101-5551234567-20240131-142530-1706703930.123",
    "internal-102-101-20240131-142530-1706703930.123",
    "exten-101-5551234567-20240131-142530-1706703930.123",
    "force-0821555018663-3201-20250327-092517-1743060317.12206",
    "q-600-5551234567-20240131-142530-1706703930.123",
    "rg-601-unknown-20240131-142530-1706703930.123",
    // the unique id shows that the recorder ran in another time zone
    "out-5551234567-101-20240131-062530-1706703930.123",
    // Asterisk
    "auto-1706703930-101-5551234567",
    "20240131-142530_1706703930.123_5551234567_101",
    "20240131142530-5551234567-101-1706703930.123",
    "5551234567-101-20240131-142530-1706703930.123",
    "1706703930.123",
    "20240131-1706703930.123",
    // 3CX
    "[]_100-0836826436_20190211124709(2)",
    "[27836826436]_27836826436-100_20190211124743(3)",
    "[Anna Lind]_201-0114627554_20190219120918(380)",
    // RingCentral
    "20251104-133555_302_(252)555-8686_Outgoing_Auto_2243071124051",
    "20251121-141152_(469)555-0558_Incoming_Auto_2254843027051",
    // VICIdial
    "20240131-142530_5551234567-all",
    "20240131-142530_5551234567_101_agent7-all",
    "20240131-142530_5551234567_agent7",
    // OrkAudio
    "20240131_142530_KXLQ",
    // telephones
    "20230414_215701.088+0300_out_sim1_+33123456789_Anna Lind",
    "20230414_215701.088+0300_in_0301234567",
    "Call recording +15551234567_240131_142530",
    // ids
    "RE0123456789abcdef0123456789abcdef",
    "0b982357-443b-4894-8e70-35b73ad7a24b",
    // plain
    "2024-01-31_14-25-30_5551234567_101",
    "2024-01-31 14.25_in_5551234567_101",
    "rec_20240131_142530_out_%2B4930123456_%2B4989123456",
    "Besprechung 2024-01-31 14-25-30",
    "2024-01-31T14:25:30Z standup",
    // nothing to be read
    "hello",
    "20241399-256199-x",
];

#[test]
fn names_of_common_recorders_are_understood() {
    let names = FileNames::new(&[]).unwrap();
    let zone = TimeZone::fixed(offset(2));
    let read: BTreeMap<&str, Value> = NAMES
        .iter()
        .map(|name| {
            let reading = names.read(name);
            let told = reading.map(|reading| json!({ "pattern": reading.pattern, "call": told(&reading.call(&zone)) }));
            (*name, told.unwrap_or(Value::Null))
        })
        .collect();
    insta::assert_json_snapshot!(read);
}

#[test]
fn the_operators_own_patterns_win_and_feed_the_same_facts() {
    let own = r"^(?<queue>[a-z]+)\.(?<agent>\w+)\.(?<epoch>\d+)\.(?<from>\d+)\.(?<to>\d+)\.(?<direction>in|out)$";
    let names = FileNames::new(&[own.to_owned()]).unwrap();
    let reading = names.read("sales.anna.1706703930.5551234567.101.in").unwrap();
    insta::assert_json_snapshot!(told(&reading.call(&TimeZone::UTC)), @r#"
    {
      "callee": {
        "number": "101"
      },
      "caller": {
        "number": "5551234567"
      },
      "direction": "inbound",
      "owner": {
        "id": "anna"
      },
      "queue": "sales",
      "started_at": "2024-01-31T12:25:30Z"
    }
    "#);
}

/// Only what is known.
fn told(call: &callscribe::call::CallFacts) -> Value {
    let Value::Object(fields) = serde_json::to_value(call).unwrap() else { panic!("facts are an object") };
    let is_open = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    let mut known: Vec<_> = fields.into_iter().filter(|(_, value)| !is_open(value)).collect();
    known.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(known.into_iter().collect())
}
