use std::fs;
use std::path::{Path, PathBuf};

use callscribe::models::{Imported, ModelError, Verdict, import};
use tempfile::TempDir;

use super::support::{miniature, whisper_file};

fn bring(source: &Path, name: Option<&str>, into: &Path) -> Result<Imported, ModelError> {
    import(source, name, into, &mut |_| ())
}

fn stick(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_known_model_is_recognised_under_any_file_name() {
    let (_stick, source) = stick("from-a-friend.bin", &fs::read(miniature()).unwrap());
    let into = TempDir::new().unwrap();
    let imported = bring(&source, None, into.path()).unwrap();
    assert_eq!(imported.name, "mini-q8_0");
    assert!(matches!(imported.verdict, Verdict::Verified(_)));
    assert_eq!(names_in(into.path()), ["mini-q8_0.bin"]);
}

#[test]
fn a_model_of_ones_own_keeps_its_name_or_takes_the_given_one() {
    let (_stick, source) = stick("ggml-ours.bin", &whisper_file(384));
    let into = TempDir::new().unwrap();
    assert_eq!(bring(&source, None, into.path()).unwrap().name, "ours");
    let named = bring(&source, Some("sales"), into.path()).unwrap();
    assert!(matches!(named.verdict, Verdict::Whole(_)));
    assert_eq!(names_in(into.path()), ["ours.bin", "sales.bin"]);
}

#[test]
fn a_file_that_only_carries_a_published_name_is_refused_and_the_good_model_stays() {
    let (_stick, source) = stick("ggml-base.bin", &whisper_file(512));
    let into = TempDir::new().unwrap();
    fs::write(into.path().join("ggml-base.bin"), b"the good one").unwrap();
    let error = bring(&source, None, into.path()).unwrap_err();
    assert!(error.to_string().contains("instead of the 147951465 of base"), "{error}");
    assert_eq!(names_in(into.path()), ["ggml-base.bin"]);
    assert_eq!(fs::read(into.path().join("ggml-base.bin")).unwrap(), b"the good one");
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    let (_stick, source) = stick("x.bin", &whisper_file(384));
    let into = TempDir::new().unwrap();
    for name in ["../up", "/etc/x", "", ".hidden"] {
        assert!(bring(&source, Some(name), into.path()).is_err(), "{name}");
    }
    assert!(names_in(into.path()).is_empty());
}
