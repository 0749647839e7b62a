use std::fs;

use callscribe::cli::models::Listing;
use callscribe::config::Config;
use tempfile::TempDir;

use super::support::{shipped_dir, whisper_file};

fn config_with(dir: &TempDir, model: &str) -> Config {
    let mut config = Config::default_for(dir.path());
    config.transcribe.model = model.to_owned();
    config.transcribe.model_dirs = vec![dir.path().to_path_buf(), shipped_dir()];
    config
}

fn text_of(config: &Config, dir: &TempDir) -> String {
    let text = Listing::of(config).to_text();
    text.replace(dir.path().to_str().unwrap(), "STATE").replace(shipped_dir().to_str().unwrap(), "SHIPPED")
}

#[test]
fn the_list_says_what_is_here_what_is_in_use_and_what_can_be_had() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("ours.bin"), whisper_file(768)).unwrap();
    fs::write(dir.path().join("ggml-base.bin"), b"<html>").unwrap();
    insta::assert_snapshot!(text_of(&config_with(&dir, "mini-q8_0"), &dir));
}

#[test]
fn a_configured_model_that_is_missing_heads_the_list() {
    let dir = TempDir::new().unwrap();
    let text = text_of(&config_with(&dir, "small"), &dir);
    assert!(text.starts_with("The configured model 'small' cannot be used. No model 'small' was found."), "{text}");
}

#[test]
fn the_same_as_json() {
    let dir = TempDir::new().unwrap();
    let json = serde_json::to_value(Listing::of(&config_with(&dir, "mini-q8_0"))).unwrap();
    assert_eq!(
        (json["configured"].as_str(), &json["configured_problem"]),
        (Some("mini-q8_0"), &serde_json::Value::Null)
    );
    let models = json["models"].as_array().unwrap();
    assert_eq!((models[0]["name"].as_str(), models[0]["in_use"].as_bool()), (Some("mini-q8_0"), Some(true)));
    assert_eq!(models.len(), 34);
    assert!(models[1..].iter().all(|model| model["path"].is_null() && model["url"].is_string()));
}
