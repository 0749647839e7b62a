//! Audio files: whole or not there, and what a crash leaves is cleaned away without touching what is not ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use callscribe::call::{Disposition, RecordingId};
use callscribe::fetch::{Destination, FetchError, Files, Standing, SweepReport};
use tempfile::TempDir;

use crate::support::at;

const ID: RecordingId = RecordingId::from_bytes([7; 16]);

fn files() -> (Files, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Files::open(folder.path()).unwrap(), folder)
}

fn destination(original_name: Option<&str>) -> Destination<'_> {
    Destination { id: ID, recorded_at: at(0), original_name }
}

/// All files below a folder, relative, sorted.
fn tree(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            paths.extend(tree(&entry.path()).iter().map(|below| format!("{name}/{below}")));
        } else {
            paths.push(name);
        }
    }
    paths.sort();
    paths
}

fn put(folder: &Path, relative: &str) {
    let path = folder.join(relative);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "sound").unwrap();
}

#[test]
fn a_kept_file_lies_under_its_day_with_size_and_digest() {
    let (files, folder) = files();
    let partial = files.partial().unwrap();
    fs::write(partial.path(), "abc").unwrap();
    let audio = files.keep(partial, &destination(Some("Call 1.WAV")), 3).unwrap();
    assert_eq!(audio.path, format!("2023/11/14/{ID}.wav"));
    assert_eq!((audio.size_bytes, audio.original_name.as_deref()), (3, Some("Call 1.WAV")));
    assert_eq!(audio.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(tree(folder.path()), [format!("recordings/2023/11/14/{ID}.wav")]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let path = files.audio_path(&audio.path);
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_file_that_is_too_large_leaves_nothing_behind() {
    let (files, folder) = files();
    let partial = files.partial().unwrap();
    fs::write(partial.path(), "abcd").unwrap();
    let error = files.keep(partial, &destination(None), 3).unwrap_err();
    assert_eq!(error.disposition(), Disposition::Reject);
    assert_eq!(error.to_string(), "The audio has 4 bytes; the limit is 3 (transcribe.file_bytes_max).");
    assert_eq!(tree(folder.path()), Vec::<String>::new());
}

#[test]
fn a_second_attempt_replaces_the_first() {
    let (files, folder) = files();
    for body in ["half", "the whole"] {
        let partial = files.partial().unwrap();
        fs::write(partial.path(), body).unwrap();
        files.keep(partial, &destination(Some("a.wav")), 100).unwrap();
    }
    let path = format!("recordings/2023/11/14/{ID}.wav");
    assert_eq!(tree(folder.path()).join(" "), path);
    assert_eq!(fs::read_to_string(folder.path().join(path)).unwrap(), "the whole");
}

#[test]
fn no_name_leads_out_of_the_folder() {
    for name in ["", "call", "call.", "a.w/av", "a.../../../etc/passwd", "a.wav\0", "a.verylongending", "a.wäv"] {
        let path = destination(Some(name)).relative_path();
        assert_eq!(path, format!("2023/11/14/{ID}.bin"), "{name:?}");
    }
}

#[test]
fn a_full_disk_is_waited_for() {
    let (files, _folder) = files();
    files.check_free_space(1).unwrap();
    let error = files.check_free_space(u64::MAX).unwrap_err();
    assert!(matches!(error, FetchError::DiskFull { .. }) && error.is_disk_full());
    assert!(matches!(error.disposition(), Disposition::Retry { after: Some(_) }));
}

#[test]
fn an_unfinished_download_is_swept_at_the_next_start() {
    let (files, folder) = files();
    put(folder.path(), "recordings/.partial/x1y2.part");
    assert_eq!(files.sweep_partials().unwrap(), 1);
    assert_eq!(tree(folder.path()), Vec::<String>::new());
}

#[test]
fn only_what_was_removed_or_replaced_long_ago_is_swept() {
    let (files, folder) = files();
    let [kept, removed, orphan, unknown] = [1, 2, 3, 4].map(|n| RecordingId::from_bytes([n; 16]));
    let audio = |id| format!("recordings/2024/01/02/{id}.wav");
    let words = |id| format!("transcripts/2024/01/02/{id}.vtt");
    for path in [kept, removed, orphan, unknown].into_iter().flat_map(|id| [audio(id), words(id)]) {
        put(folder.path(), &path);
    }
    put(folder.path(), "recordings/notes of the operator.txt");
    let sweep = |age_s| {
        let now = SystemTime::now() + Duration::from_secs(age_s);
        let report = files.sweep_orphans::<FetchError>(now, |id, _, relative| {
            assert!(relative.starts_with("2024/01/02/"));
            let standing = [Standing::Referenced, Standing::Forgotten, Standing::Unreferenced, Standing::Unknown];
            Ok([kept, removed, orphan, unknown].into_iter().zip(standing).find(|(known, _)| *known == id).unwrap().1)
        });
        report.unwrap()
    };
    let young = sweep(60);
    assert_eq!(young, SweepReport { orphans_removed: 2, left: 5, ..SweepReport::default() });
    let old = sweep(7200);
    assert_eq!(old, SweepReport { orphans_removed: 2, left: 3, ..SweepReport::default() });
    let left =
        [audio(kept), audio(unknown), "recordings/notes of the operator.txt".into(), words(kept), words(unknown)];
    assert_eq!(tree(folder.path()), left);
}

#[test]
fn removal_takes_audio_and_transcript_and_forgives_their_absence() {
    let (files, folder) = files();
    put(folder.path(), "recordings/2024/01/02/a.wav");
    files.write_transcript("2024/01/02/a.wav", "WEBVTT\n").unwrap();
    assert!(files.transcript_path("2024/01/02/a.wav").exists());
    files.remove("2024/01/02/a.wav").unwrap();
    assert_eq!(tree(folder.path()), Vec::<String>::new());
    files.remove("2024/01/02/a.wav").unwrap();
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recordings"), "a file").unwrap();
    let error = Files::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("recordings"), "{error}");
}
