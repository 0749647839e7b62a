use callscribe::config::Config;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::support::{file_with_mode, load};

const CANARY: &str = "canary-3b7e0f92d1a8c654";

/// A token file with this mode, and a configuration that names it.
fn token_file(mode: u32) -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("token");
    file_with_mode(&path, &format!("{CANARY}\n"), mode);
    let text = format!("[api]\ntoken_file = {path:?}");
    (dir, text)
}

fn token(config: &Config) -> &str {
    config.api.token.as_ref().unwrap().expose_secret()
}

#[test]
fn the_token_comes_from_a_file_a_variable_or_a_credential() {
    let (dir, text) = token_file(0o600);
    assert_eq!(token(&load(&text, &[]).unwrap()), CANARY);
    assert_eq!(token(&load("", &[("CALLSCRIBE_API_TOKEN", CANARY)]).unwrap()), CANARY);
    file_with_mode(&dir.path().join("api-token"), CANARY, 0o400);
    let credentials = [("CREDENTIALS_DIRECTORY", dir.path().to_str().unwrap())];
    assert_eq!(token(&load("", &credentials).unwrap()), CANARY);
}

#[test]
fn a_credentials_folder_without_ours_is_no_source() {
    let (_dir, text) = token_file(0o600);
    let other = TempDir::new().unwrap();
    assert!(load(&text, &[("CREDENTIALS_DIRECTORY", other.path().to_str().unwrap())]).is_ok());
}

#[test]
fn two_sources_are_refused() {
    let (_dir, text) = token_file(0o600);
    let errors = load(&text, &[("CALLSCRIBE_API_TOKEN", CANARY)]).unwrap_err();
    insta::assert_snapshot!(errors, @"
    config.toml has a problem:
      api.token_file: The API token comes from the file in api.token_file and from the variable CALLSCRIBE_API_TOKEN; keep one of them.
    ");
}

#[test]
fn a_file_that_everybody_can_read_is_refused() {
    let (dir, text) = token_file(0o644);
    let errors = load(&text, &[]).unwrap_err().to_string();
    insta::assert_snapshot!(errors.replace(dir.path().to_str().unwrap(), "DIR"), @"
    config.toml has a problem:
      api.token_file: DIR/token can be read by everybody on this machine; run `chmod 600 DIR/token`.
    ");
}

#[test]
fn a_guessable_or_garbled_token_is_refused() {
    let problem = |token: &str| load("", &[("CALLSCRIBE_API_TOKEN", token)]).unwrap_err().problems.remove(0).message;
    assert!(problem("short").starts_with("The token has fewer than 16 characters"));
    assert!(problem("two words are not one token").starts_with("The token may hold printable ASCII"));
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let (_dir, text) = token_file(0o600);
    for empty in ["", " "] {
        let variable = [("CALLSCRIBE_API_TOKEN", empty)];
        assert!(load("", &variable).unwrap().api.token.is_none());
        assert_eq!(token(&load(&text, &variable).unwrap()), CANARY, "and is no second source");
    }
}

/// Everything that could be printed about a configuration, right or wrong, with the canary in every place for a secret.
#[test]
fn a_secret_is_never_shown() {
    let (_dir, file) = token_file(0o600);
    let (_open, open) = token_file(0o644);
    let broken = format!("[api]\ntoken_file = {CANARY:?}\ntoken = {CANARY:?}\nsecret = {CANARY:?}\nlisten = \"x\"");
    let unfinished = format!("[api]\ntoken = \"{CANARY}\nlisten = 4");
    let unknown = format!("[api]\napi-key = {CANARY:?}\n[transcribe]\nhugging_face_token = {CANARY:?}");
    let variable = [("CALLSCRIBE_API_TOKEN", CANARY)];
    let bad_variable = format!("{CANARY} with spaces");
    let mut shown = Vec::new();
    for text in ["", &file, &open, &broken, &unfinished, &unknown] {
        for variables in [&[][..], &variable, &[("CALLSCRIBE_API_TOKEN", bad_variable.as_str())]] {
            match load(text, variables) {
                Ok(config) => shown.push(format!("{config:?}{config:#?}")),
                Err(errors) => shown.push(format!("{errors}{errors:?}{}", serde_json::to_string(&errors).unwrap())),
            }
        }
    }
    assert_eq!(shown.len(), 18);
    for text in shown {
        assert!(!text.contains("canary") && !text.contains("3b7e0f92"), "{text}");
    }
}
