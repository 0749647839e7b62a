use std::fs;
use std::net::TcpListener;

use callscribe::cli::check::{Grade, Report};
use callscribe::config::Config;
use tempfile::TempDir;

use super::support::{env, load, repository};

/// A configuration that is fine on this machine, with its state in a folder of its own.
fn sound() -> (TempDir, Config) {
    let dir = TempDir::new().unwrap();
    let mut config = Config::default_for(dir.path());
    config.transcribe.model_dirs = vec![repository().join("models")];
    config.pipeline.free_disk_bytes_min = 0;
    config.api.listen.set_port(0);
    (dir, config)
}

fn grade_of(report: &Report, subject: &str) -> (Grade, String) {
    let finding = report.findings.iter().find(|finding| finding.subject == subject).unwrap();
    (finding.grade, finding.message.clone())
}

#[test]
fn a_sound_configuration_passes_and_the_miniature_is_named_as_such() {
    let (_dir, config) = sound();
    let report = Report::of(&Ok(config));
    assert!(report.ok, "{}", report.to_text());
    let (grade, message) = grade_of(&report, "transcribe.model");
    assert_eq!(grade, Grade::Note);
    assert!(message.contains("it knows only the sample calls"), "{message}");
}

#[test]
fn a_wrong_configuration_is_shown_whole() {
    let errors = load("[api]\nlisten = 7\n[log]\nfilter = 8", &[]).unwrap_err();
    let report = Report::of(&Err(errors));
    insta::assert_snapshot!(report.to_text());
    insta::assert_json_snapshot!(report);
}

#[test]
fn everything_that_is_missing_is_a_problem() {
    let (dir, mut config) = sound();
    let text = format!(
        "state_dir = {:?}\n[transcribe]\nmodel = \"base\"\nvad_model = \"/nowhere/silero.bin\"\nworker_memory_mib_max = 256\n[[folders]]\nname = \"gone\"\npath = \"/nowhere/in\"",
        dir.path()
    );
    let named = load(&text, &[]).unwrap();
    config.transcribe.model = named.transcribe.model;
    config.transcribe.vad_model = named.transcribe.vad_model;
    config.folders = named.folders;
    config.pipeline.free_disk_bytes_min = u64::MAX;
    config.state_dir = "/proc/callscribe".into();
    let report = Report::of(&Ok(config));
    assert!(!report.ok);
    for subject in ["state_dir", "disk", "transcribe.model", "transcribe.vad_model", "folder gone"] {
        assert_eq!(grade_of(&report, subject).0, Grade::Problem, "{subject}");
    }
}

#[test]
fn a_port_that_is_taken_is_noted() {
    let (_dir, mut config) = sound();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    config.api.listen = taken.local_addr().unwrap();
    assert_eq!(grade_of(&Report::of(&Ok(config)), "api.listen").0, Grade::Note);
}

#[test]
fn a_model_too_large_for_the_worker_is_a_problem() {
    let (_dir, mut config) = sound();
    config.transcribe.worker_memory_bytes_max = 1 << 20;
    let (grade, message) = grade_of(&Report::of(&Ok(config)), "transcribe.model");
    assert_eq!(grade, Grade::Problem);
    assert!(message.contains("worker_memory_mib_max = 1"), "{message}");
}

#[test]
fn nothing_is_changed_by_looking() {
    let (dir, mut config) = sound();
    config.state_dir = dir.path().join("not/yet/there");
    assert!(Report::of(&Ok(config)).ok);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn without_a_file_the_default_model_is_found_in_the_source_tree() {
    let elsewhere = TempDir::new().unwrap();
    let state = elsewhere.path().to_str().unwrap();
    let config = Config::load(None, &env(&[("CALLSCRIBE_STATE_DIR", state)]));
    // A machine-wide file of whoever runs this test may name another model.
    if let Ok(config @ Config { file: None, .. }) = config {
        assert_eq!(grade_of(&Report::of(&Ok(config)), "transcribe.model").0, Grade::Note);
    }
}
