//! `config.toml.example` says the truth: its settings are the defaults, and there is none it leaves out.

use std::fs;
use std::path::Path;

use callscribe::call::{RawAudio, RawLaw};
use callscribe::config::Config;

use super::support::{load, repository};

fn example() -> String {
    fs::read_to_string(repository().join("config.toml.example")).unwrap()
}

/// The example with every setting taken out of its comment.
fn uncommented() -> String {
    let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
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
    assert_eq!(top.len(), table.len(), "{top:?}");
    for section in ["log", "api", "transcribe", "pipeline"] {
        for key in probe(&format!("[{section}]")) {
            assert!(table[section].as_table().unwrap().contains_key(&key), "{section}.{key} is not in the example");
        }
    }
    for key in probe("[[folders]]") {
        assert!(table["folders"][0].as_table().unwrap().contains_key(&key), "folders.{key} is not in the example");
    }
}
