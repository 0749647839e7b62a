//! The names this machine may be asked by.

use callscribe::config::Config;
use callscribe::serve::Door;

use crate::seed::Served;

#[test]
fn a_name_that_was_added_is_known_and_no_other() {
    let served = Served::behind(Door { hosts: vec!["calls.example.com".to_owned()], ..Door::default() });
    let port = served.http.address.port();
    let token = format!("Authorization: Bearer {}", served.http.token);
    let ask = |host: &str| served.http.raw("GET", "/api/v1/queue", &[&format!("Host: {host}"), &token]).status;
    for known in ["calls.example.com", "CALLS.example.com", &format!("calls.example.com:{port}"), "localhost"] {
        assert_eq!(ask(known), 200, "{known}");
    }
    for other in ["example.com", "calls.example.com.evil.org", "calls.example.com:1", "a.calls.example.com", ""] {
        assert_eq!(ask(other), 403, "{other}");
    }
}

fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, format!("state_dir = \"/srv/callscribe\"\n{text}")).unwrap();
    let env = |name: &str| (name == "CALLSCRIBE_WALLBOARD_TOKEN").then(|| "0123456789abcdef".to_owned());
    Config::load(Some(&file), &env).map_err(|errors| errors.to_string())
}

#[test]
fn an_address_others_can_reach_needs_tokens_and_tls() {
    let listen = "[api]\nlisten = \"0.0.0.0:8377\"\n";
    let token = "[[tokens]]\nname = \"wallboard\"\nrole = \"read\"\n";
    let tls = "tls_cert_file = \"/etc/a.crt\"\ntls_key_file = \"/etc/a.key\"\n";
    let needs = "can be reached from other machines";
    assert!(load(listen).unwrap_err().contains(needs));
    assert!(load(&format!("{listen}{token}")).unwrap_err().contains(needs));
    assert!(load(&format!("{listen}{tls}")).unwrap_err().contains(needs));
    assert!(load(&format!("{listen}behind_tls_proxy = true\n")).unwrap_err().contains(needs));
    assert!(load(&format!("{listen}{tls}{token}")).is_ok());
    assert!(load(&format!("{listen}behind_tls_proxy = true\n{token}")).is_ok());
}

#[test]
fn a_token_without_role_name_or_strength_is_refused() {
    for (block, key) in [
        ("[[tokens]]\nname = \"wallboard\"", "role"),
        ("[[tokens]]\nrole = \"read\"", "name"),
        ("[[tokens]]\nname = \"wallboard\"\nrole = \"root\"", "role"),
        ("[[tokens]]\nname = \"api-token\"\nrole = \"read\"", "name"),
        ("[[tokens]]\nname = \"other\"\nrole = \"read\"", "token_file"),
        ("[[tokens]]\nname = \"wallboard\"\nrole = \"read\"\ntoken = \"0123456789abcdef\"", "token"),
    ] {
        let error = load(block).unwrap_err();
        assert!(error.contains(&format!("tokens[0].{key}")), "{block}: {error}");
    }
}
