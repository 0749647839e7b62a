//! Every file in `invalid/` is named `<key>_<reason>.toml`; what is said about it is a snapshot. Every file in `valid/`
//! loads.

use std::fs;

use callscribe::call::Disposition;
use callscribe::config::{Config, ConfigErrors};

use super::support::{load, repository};

fn samples(kind: &str) -> Vec<(String, String)> {
    let dir = repository().join("tests/config").join(kind);
    let mut samples: Vec<(String, String)> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    samples.sort();
    assert!(samples.len() > 3, "no samples in {}", dir.display());
    samples
}

#[test]
fn every_invalid_sample_is_refused_with_its_reasons() {
    for (name, text) in samples("invalid") {
        let Err(errors) = load(&text, &[]) else { panic!("{name} was accepted") };
        assert_eq!(errors.disposition(), Disposition::Fatal);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("invalid_{name}"), errors);
        });
    }
}

#[test]
fn every_valid_sample_loads() {
    for (name, text) in samples("valid") {
        if let Err(errors) = load(&text, &[]) {
            panic!("{name}: {errors}");
        }
    }
}

#[test]
fn every_setting_arrives_where_it_belongs() {
    let (_, text) = samples("valid").into_iter().find(|(name, _)| name == "everything_set").unwrap();
    let mut config = load(&text, &[]).unwrap();
    config.transcribe.model_dirs.truncate(2);
    insta::assert_debug_snapshot!(config);
}

#[test]
fn the_environment_overrides_the_file() {
    let text = "state_dir = \"/srv/file\"\n[api]\nlisten = \"127.0.0.1:1\"\n[transcribe]\nmodel = \"tiny\"\n[log]\nfilter = \"warn\"";
    let variables = [
        ("CALLSCRIBE_STATE_DIR", "/srv/env"),
        ("CALLSCRIBE_LISTEN", "127.0.0.1:2"),
        ("CALLSCRIBE_MODEL", "base"),
        ("CALLSCRIBE_LOG", "debug"),
        ("CALLSCRIBE_MODELS", "/srv/a:/srv/b"),
    ];
    let config = load(text, &variables).unwrap();
    assert_eq!(config.state_dir.to_str(), Some("/srv/env"));
    assert_eq!(config.api.listen.port(), 2);
    assert_eq!((config.transcribe.model.as_str(), config.log.filter.as_str()), ("base", "debug"));
    let dirs: Vec<_> = config.transcribe.model_dirs.iter().take(3).map(|dir| dir.to_str().unwrap()).collect();
    assert_eq!(dirs, ["/srv/env/models", "/srv/a", "/srv/b"]);
}

#[test]
fn a_wrong_variable_is_reported_under_its_own_name() {
    let errors = load("", &[("CALLSCRIBE_LISTEN", "0.0.0.0:1"), ("CALLSCRIBE_STATE_DIR", "here")]).unwrap_err();
    let keys: Vec<&str> = errors.problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["CALLSCRIBE_STATE_DIR", "CALLSCRIBE_LISTEN"]);
}

#[test]
fn a_named_file_that_is_missing_is_not_skipped() {
    let missing = std::path::Path::new("/nowhere/config.toml");
    let by_argument = Config::load(Some(missing), &|_| None).unwrap_err();
    let by_variable =
        Config::load(None, &|name| (name == "CALLSCRIBE_CONFIG").then(|| "/nowhere/config.toml".to_owned()));
    insta::assert_snapshot!(by_argument, @"
    /nowhere/config.toml has a problem:
      The file cannot be read: No such file or directory (os error 2).
    ");
    assert_eq!(by_variable.unwrap_err(), by_argument);
}

#[test]
fn the_users_own_file_is_found_below_home() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(".config/callscribe");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), "[log]\njson = true").unwrap();
    let at_home = home.path().to_str().unwrap().to_owned();
    let config = Config::load(None, &|name| (name == "HOME").then(|| at_home.clone())).unwrap();
    // A machine-wide file of whoever runs this test comes first.
    assert!(config.log.json || config.file == Some("/etc/callscribe/config.toml".into()));
}

#[test]
fn a_symbolic_link_does_not_hide_that_folders_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::symlink(&state, dir.path().join("calls")).unwrap();
    let text =
        format!("state_dir = {state:?}\n[[folders]]\nname = \"calls\"\npath = {:?}", dir.path().join("calls/new"));
    let errors: ConfigErrors = load(&text, &[]).unwrap_err();
    assert!(errors.to_string().contains("lies inside the state folder"), "{errors}");
}
