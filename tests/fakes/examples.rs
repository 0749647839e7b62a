//! The providers' example payloads in `examples/`, the shapes that the fakes answer with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use super::locked;

/// The folder with the examples.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/examples")
}

/// One example as it lies in the folder.
pub fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("example {name}: {error}"))
}

/// One example as JSON; read once.
pub fn json(name: &str) -> Value {
    static READ: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());
    if let Some(value) = locked(&READ).get(name) {
        return value.clone();
    }
    let value: Value = serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("example {name}: {error}"));
    locked(&READ).insert(name.to_owned(), value.clone());
    value
}

/// The names of all examples that end so.
pub fn names(ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(ending));
    names.sort();
    names
}

/// `value` with these members set; `null` included, absent members are added.
pub fn with(mut value: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("members are an object") };
    for (name, member) in members {
        value[name] = member;
    }
    value
}

/// `value` without these members.
pub fn without(mut value: Value, names: &[&str]) -> Value {
    for name in names {
        value.as_object_mut().unwrap().shift_remove(*name);
    }
    value
}

/// `value` with one text replaced in every string, as a host or an id is.
pub fn replaced(value: &Value, from: &str, to: &str) -> Value {
    let text = value.to_string();
    serde_json::from_str(&text.replace(from, to)).unwrap()
}
