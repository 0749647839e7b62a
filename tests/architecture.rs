//! Holds the map in `src/lib.rs`: a module uses only what stands below it, every module says what it is, files stay
//! readable, and `unsafe` has one home.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From the bottom up; modules of one row do not use each other.
const FLOORS: [&[&str]; 6] = [
    &["call"],
    &["config", "observe", "systemd", "clock"],
    &["provider", "fetch", "decode", "transcribe", "understand", "export", "store", "search", "models", "chat"],
    &["serve", "notify", "pipeline", "discover"],
    &["daemon"],
    &["cli"],
];

/// Neighbours that may be used all the same, with the reason.
const BRIDGES: [(&str, &str); 7] = [
    // Hearing is decoding, recognising and checking the language of what came out, with a model from the catalogue.
    ("transcribe", "decode"),
    ("transcribe", "understand"),
    ("transcribe", "models"),
    // The index is made from the store, and what it finds is read there.
    ("search", "store"),
    // A language model is asked by the one client that sends, which checks and counts.
    ("chat", "provider"),
    // Logging is set up from its section of the configuration.
    ("observe", "config"),
    // The API shows what the pipeline is doing now.
    ("serve", "pipeline"),
];

/// Longest file: a sitting, with some room for tests at its end.
const LINES_MAX: usize = 500;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(files.len() > 20, "the sources were not found");
    files
}

/// `transcribe` for `transcribe/words.rs` and for `transcribe.rs`.
fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules named after `crate::`, comments left out.
fn uses(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split("//").next().unwrap())
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

fn floors() -> BTreeMap<&'static str, usize> {
    FLOORS.iter().enumerate().flat_map(|(floor, row)| row.iter().map(move |module| (*module, floor))).collect()
}

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let floors = floors();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some(own) = floors.get(module.as_str()) else { continue };
        for used in uses(&text) {
            let Some(other) = floors.get(used.as_str()) else { continue };
            let bridged = BRIDGES.contains(&(module.as_str(), used.as_str()));
            if used != module && other >= own && !bridged {
                wrong.push(format!("{}: {module} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the map in src/lib.rs:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_crate_has_its_place_on_the_map() {
    let floors = floors();
    let map = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for line in map.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let module = line.trim_end_matches(';');
        assert!(floors.contains_key(module), "{module} has no floor in tests/architecture.rs");
        assert!(map.contains(&format!("[`{module}`]")), "{module} is not on the map in src/lib.rs");
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not open with what it is", path.display());
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines, more than {LINES_MAX}", path.display());
    }
}

#[test]
fn unsafe_code_has_one_home() {
    for (path, text) in sources() {
        if path != Path::new("transcribe/whisper.rs") {
            let code: String = text.lines().map(|line| line.split("//").next().unwrap()).collect();
            assert!(!code.contains("unsafe "), "{} holds unsafe code", path.display());
            assert!(!code.contains("allow(unsafe_code)"), "{} allows unsafe code", path.display());
        }
    }
}

#[test]
fn only_the_store_knows_the_database() {
    for (path, text) in sources() {
        let module = module_of(&path);
        assert!(module == "store" || !text.contains("redb::"), "{} uses the database", path.display());
    }
}

/// Whoever shows words gets them through the veil: only the steps, which work on them, see them as they lie in the store,
/// and only administrators' requests, which are written down, see them without it.
#[test]
fn words_are_shown_through_the_veil_alone() {
    let unmasked = [".unmasked(", ".unmasked_opinion(", ".unmasked_translation("];
    let behind = [".spoken(", ".spoken_opinion("].into_iter().chain(unmasked);
    let may = |path: &Path| {
        let shown = ["serve/recordings.rs", "serve/transcript.rs", "serve/translations.rs", "serve/opinion.rs"];
        path.starts_with("store") || path.starts_with("pipeline") || shown.iter().any(|one| path == Path::new(one))
    };
    for (path, text) in sources() {
        for call in behind.clone() {
            assert!(may(&path) || !text.contains(call), "{} goes around the veil: {call}", path.display());
        }
        if path.starts_with("serve") {
            let unmasked: usize = unmasked.iter().map(|call| text.matches(call).count()).sum();
            let asked = text.matches("if is_unmasked { store.unmasked").count();
            assert_eq!(asked, unmasked, "{} shows words to whoever asks", path.display());
        }
        if text.contains("Store::open(&path)") && !path.starts_with("store") {
            assert!(text.contains(".show_through("), "{} opens the store without a veil", path.display());
        }
    }
}
