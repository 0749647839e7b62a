//! `config.toml.example` says the truth: its settings are the defaults, there is none it leaves out, and every setting a
//! message sends somebody to is in it.

use std::fs;
use std::path::{Path, PathBuf};

use callscribe::call::{RawAudio, RawLaw};
use callscribe::config::Config;
use regex::Regex;

use super::support::{load, repository};

/// Accounts, tokens and sinks have no defaults: the example shows each kind as text.
const BLOCKS: [&str; 6] = ["twilio", "ringcentral", "webex", "tokens", "notify", "categories"];

fn example() -> String {
    fs::read_to_string(repository().join("config.toml.example")).unwrap()
}

/// The example with every setting taken out of its comment.
fn uncommented() -> String {
    let is_setting =
        |line: &str| line.starts_with('#') && !line.starts_with("# ") && !line.starts_with("##") && line.len() > 1;
    let lines: Vec<String> =
        example().lines().map(|line| if is_setting(line) { line[1..].to_owned() } else { line.to_owned() }).collect();
    lines.join("\n")
}

/// Everything but where it came from.
fn shown(config: Config) -> String {
    let mut config = Config { file: None, ..config };
    // The loaded one may know $CALLSCRIBE_MODELS; both know the same folders here.
    config.folders.clear();
    format!("{config:#?}")
}

fn defaults() -> String {
    shown(Config::default_for(Path::new("/var/lib/callscribe")))
}

#[test]
fn the_example_as_it_is_gives_the_defaults() {
    let config = load(&example(), &[]).unwrap();
    assert!(config.folders.is_empty());
    assert_eq!(shown(config), defaults());
}

#[test]
fn the_example_with_every_setting_taken_up_gives_the_defaults() {
    assert_eq!(shown(load(&uncommented(), &[]).unwrap()), defaults());
}

#[test]
fn the_folder_in_the_example_shows_the_defaults_of_a_folder() {
    let mut of_example = load(&uncommented(), &[]).unwrap().folders;
    let smallest = "[[folders]]\nname = \"archive\"\npath = \"/srv/recordings\"";
    let of_smallest = load(smallest, &[]).unwrap().folders;
    let raw = of_example[0].raw.take();
    assert_eq!(raw, Some(RawAudio { law: RawLaw::Mulaw, sample_rate_hz: 8000, channel_count: 1 }));
    assert_eq!(format!("{of_example:?}"), format!("{of_smallest:?}"));
}

/// What each block of the example is once the "# " is taken away.
fn taken_up(block: &str) -> String {
    let example = example();
    let (_, rest) = example.split_once(&format!("# [[{block}]]\n")).unwrap();
    let lines = rest.lines().take_while(|line| line.starts_with("# ") || line.starts_with("##"));
    let lines = lines.map(|line| line.strip_prefix("# ").unwrap_or(line));
    format!("[[{block}]]\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn an_example_with_its_marks_taken_away_is_a_block_with_a_name() {
    for block in BLOCKS {
        let table: toml::Table = taken_up(block).parse().unwrap_or_else(|error| panic!("{block}: {error}"));
        assert!(table[block][0]["name"].is_str(), "{block}");
    }
}

#[test]
fn the_example_leaves_no_setting_out() {
    let text = uncommented();
    // A key that does not exist makes the loader list the ones that do.
    let probe = |section: &str| {
        let text = format!("{section}\nqqqqqqqqqqqq = 1");
        let message = load(&text, &[])
            .unwrap_err()
            .problems
            .into_iter()
            .find(|p| p.key.ends_with("qqqqqqqqqqqq"))
            .unwrap()
            .message;
        let (_, known) = message.split_once("Here are known: ").unwrap();
        known.trim_end_matches('.').split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let table: toml::Table = text.parse().unwrap();
    let top = probe("");
    assert_eq!(top.len(), table.len() + BLOCKS.len(), "{top:?}");
    for block in BLOCKS {
        assert!(example().contains(&format!("# [[{block}]]")), "{block} is not in the example");
        for key in probe(&format!("[[{block}]]\nname = \"x\"")) {
            assert!(example().contains(&key), "{block}.{key} is not in the example");
        }
    }
    for section in ["log", "api", "transcribe", "pipeline", "webhooks", "language_model", "translation", "privacy"] {
        for key in probe(&format!("[{section}]")) {
            assert!(table[section].as_table().unwrap().contains_key(&key), "{section}.{key} is not in the example");
        }
    }
    for key in probe("[[folders]]") {
        assert!(table["folders"][0].as_table().unwrap().contains_key(&key), "folders.{key} is not in the example");
    }
}

/// Every source file.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository().join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

/// The texts a program may show: string literals, comments and characters skipped.
fn literals(source: &str) -> Vec<String> {
    let token =
        Regex::new(r##"(?s)//[^\n]*|'(?:\\.|[^'\\])'|r#"(?P<c>.*?)"#|r"(?P<b>[^"]*)"|"(?P<a>(?:\\.|[^"\\])*)""##)
            .unwrap();
    let text = |found: regex::Captures<'_>| {
        ["a", "b", "c"].iter().find_map(|name| found.name(name)).map(|text| text.as_str().to_owned())
    };
    token.captures_iter(source).filter_map(text).collect()
}

#[test]
fn every_setting_that_a_message_names_exists() {
    let table: toml::Table = uncommented().parse().unwrap();
    let named = Regex::new(r"(?:^|[^\w.:/])(log|api|transcribe|pipeline|language_model)\.([a-z_]+)").unwrap();
    let mut seen = 0;
    for path in sources() {
        for literal in literals(&fs::read_to_string(&path).unwrap()) {
            for found in named.captures_iter(&literal) {
                let behind = &literal[found.get(0).unwrap().end()..];
                // A host, like api.example.com.
                if behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())) {
                    continue;
                }
                let is_there = table[&found[1]].as_table().unwrap().contains_key(&found[2]);
                assert!(is_there, "{}: there is no setting {}.{}: {literal}", path.display(), &found[1], &found[2]);
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "the messages were not found");
}
