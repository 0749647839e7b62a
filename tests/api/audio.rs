//! The sound, whole and in parts.

use std::os::unix::fs::PermissionsExt as _;

use crate::common::Answer;
use crate::seed::{Archive, SOUND, SOUND_SHA256, Served};

fn audio(served: &Served, archive: &Archive, headers: &[&str]) -> Answer {
    served.http.send("GET", &format!("/api/v1/recordings/{}/audio", archive.completed), headers)
}

#[test]
fn the_whole_file_comes_with_its_digest_type_and_name() {
    let (served, archive) = Served::archive();
    let answer = audio(&served, &archive, &[]);
    assert_eq!((answer.status, answer.body.as_slice()), (200, SOUND));
    assert_eq!(answer.header("etag"), Some(format!("\"{SOUND_SHA256}\"").as_str()));
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert_eq!(answer.header("content-length"), Some("36"));
    let name = "inline; filename=\"R_ckruf M_ller.wav\"; filename*=UTF-8''R%C3%BCckruf%20M%C3%BCller.wav";
    assert_eq!(answer.header("content-disposition"), Some(name));
}

#[test]
fn ranges_give_their_part() {
    let (served, archive) = Served::archive();
    let cases: [(&str, &[u8], &str); 10] = [
        ("bytes=0-0", b"0", "bytes 0-0/36"),
        ("bytes=0-9", b"0123456789", "bytes 0-9/36"),
        ("bytes=30-", b"uvwxyz", "bytes 30-35/36"),
        ("bytes=-3", b"xyz", "bytes 33-35/36"),
        ("bytes=33-999", b"xyz", "bytes 33-35/36"),
        ("bytes=0-35", SOUND, "bytes 0-35/36"),
        ("bytes=-36", SOUND, "bytes 0-35/36"),
        ("bytes=-37", SOUND, "bytes 0-35/36"),
        ("bytes=-99999999999999999999999", SOUND, "bytes 0-35/36"),
        ("bytes=34-99999999999999999999999", b"yz", "bytes 34-35/36"),
    ];
    for (range, part, content_range) in cases {
        let answer = audio(&served, &archive, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.body.as_slice()), (206, part), "{range}");
        assert_eq!(answer.header("content-range"), Some(content_range));
        assert_eq!(answer.header("content-length"), Some(part.len().to_string().as_str()));
        assert!(answer.header("etag").is_some());
    }
}

#[test]
fn a_range_outside_the_file_is_refused_with_its_size() {
    let (served, archive) = Served::archive();
    for range in ["bytes=36-", "bytes=99-100", "bytes=-0", "bytes=99999999999999999999999-"] {
        let answer = audio(&served, &archive, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.error_code().as_str()), (416, "range_not_satisfiable"), "{range}");
        assert_eq!(answer.header("content-range"), Some("bytes */36"));
    }
}

#[test]
fn several_ranges_or_another_unit_give_the_whole_file() {
    let (served, archive) = Served::archive();
    for range in ["bytes=0-1,5-6", "seconds=0-1", "lines=1-2"] {
        let answer = audio(&served, &archive, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.body.as_slice()), (200, SOUND), "{range}");
    }
}

#[test]
fn a_range_that_cannot_be_understood_is_ignored() {
    let (served, archive) = Served::archive();
    for range in ["bytes=", "bytes=-", "bytes=a-b", "bytes=9-3", "bytes=1", "bytes=+1-2", "bytes=0-1-2", "bytes", "0-1"]
    {
        let answer = audio(&served, &archive, &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.body.as_slice()), (200, SOUND), "{range}");
    }
}

#[test]
fn if_range_gives_a_part_only_of_the_same_file() {
    let (served, archive) = Served::archive();
    let status = |tag: &str| audio(&served, &archive, &["Range: bytes=0-3", &format!("If-Range: {tag}")]).status;
    assert_eq!(status(&format!("\"{SOUND_SHA256}\"")), 206);
    assert_eq!(status(&format!("W/\"{SOUND_SHA256}\"")), 200);
    assert_eq!(status("\"another\""), 200);
    assert_eq!(status("Fri, 20 Nov 2026 09:00:00 GMT"), 200);
}

#[test]
fn a_file_the_caller_has_is_not_sent_again() {
    let (served, archive) = Served::archive();
    for tags in [format!("\"{SOUND_SHA256}\""), format!("\"other\", W/\"{SOUND_SHA256}\""), "*".to_owned()] {
        let answer = audio(&served, &archive, &[&format!("If-None-Match: {tags}")]);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{tags}");
        assert!(answer.header("etag").is_some());
    }
    assert_eq!(audio(&served, &archive, &["If-None-Match: \"other\""]).status, 200);
    assert_eq!(audio(&served, &archive, &["If-Match: \"other\""]).status, 412);
    assert_eq!(audio(&served, &archive, &[&format!("If-Match: \"{SOUND_SHA256}\"")]).status, 200);
}

#[test]
fn head_tells_the_length_and_sends_nothing() {
    let (served, archive) = Served::archive();
    let target = format!("/api/v1/recordings/{}/audio", archive.completed);
    for range in [&[][..], &["Range: bytes=0-3"]] {
        let answer = served.http.send("HEAD", &target, range);
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert_eq!(answer.header("content-length"), Some("36"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    }
}

#[test]
fn the_download_path_asks_to_be_saved_and_stream_to_be_played() {
    let (served, archive) = Served::archive();
    let disposition = |path: String| served.http.get(&path).header("content-disposition").unwrap().to_owned();
    assert!(disposition(format!("/api/v1/recordings/download/{}/audio", archive.completed)).starts_with("attachment;"));
    assert!(disposition(format!("/api/v1/recordings/{}/stream", archive.completed)).starts_with("inline;"));
    assert!(disposition("/api/v1/recordings/download/call-1/audio".to_owned()).starts_with("attachment;"));
}

#[test]
fn audio_that_is_not_here_yet_is_streamed_from_its_provider_where_that_gives_a_link() {
    let (served, archive) = Served::archive();
    let stream = |id| served.http.get(&format!("/api/v1/recordings/{id}/stream"));
    assert_eq!(stream(archive.pending).status, 409);
    let link = "https://media.example.com/one?signature=1";
    served.loops.set(|report| report.audio_link = Some(link.to_owned()));
    let answer = stream(archive.pending);
    assert_eq!((answer.status, answer.header("location")), (307, Some(link)));
    assert_eq!(stream(archive.completed).status, 200);
    let played = served.http.get(&format!("/api/v1/recordings/{}/audio", archive.pending));
    assert_eq!(played.status, 409);
}

#[test]
fn audio_that_is_not_here_says_why() {
    let (served, archive) = Served::archive();
    let answer = served.http.get(&format!("/api/v1/recordings/{}/audio", archive.failed));
    assert_eq!((answer.status, answer.error_code().as_str()), (409, "not_available"));
    assert!(answer.text().contains("gone from its folder"));
}

#[test]
fn a_file_that_changed_on_disk_is_not_sent_under_the_old_digest() {
    let (served, archive) = Served::archive();
    let file = served.recordings().join(format!("2026/11/20/{}.wav", archive.completed));
    std::fs::write(&file, b"half").unwrap();
    let shorter = audio(&served, &archive, &[]);
    assert_eq!((shorter.status, shorter.error_code().as_str()), (409, "audio_damaged"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(audio(&served, &archive, &[]).error_code(), "audio_damaged");
}

#[test]
fn a_file_the_daemon_may_not_read_is_damaged_and_not_an_unknown_path() {
    let (served, archive) = Served::archive();
    let file = served.recordings().join(format!("2026/11/20/{}.wav", archive.completed));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    // For root there is no file that it may not read; the mapping alone is tested beside the code then.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let answer = audio(&served, &archive, &[]);
    assert_eq!((answer.status, answer.error_code().as_str()), (409, "audio_damaged"));
}
