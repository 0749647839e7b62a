//! What a file's name says it is: a recording, something that lies beside recordings, or neither.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Endings of files that may hold audio. Whether they do, and whether it can be read, `decode` finds out from the bytes
/// and says; a recording in a codec that is not supported is better shown as failed than passed over in silence.
const AUDIO: &[&str] = &[
    "wav", "wave", "wav49", "mp3", "mp2", "mpga", "m4a", "m4b", "mp4", "aac", "flac", "ogg", "oga", "opus", "spx",
    "webm", "wma", "aif", "aiff", "aifc", "caf", "au", "snd", "gsm", "g729", "g723", "g722", "amr", "awb", "3gp",
    "3gpp", "mka", "mkv", "mov", "raw", "pcm", "sln", "sln16", "ulaw", "ul", "mulaw", "pcmu", "alaw", "al", "pcma",
    "g711", "vox",
];

/// Endings of what recorders, players and this program put beside recordings.
const BESIDE: &[&str] = &[
    "json", "txt", "xml", "cue", "md5", "sha1", "sha256", "sha512", "sfv", "csv", "tsv", "log", "vtt", "srt", "m3u",
    "m3u8", "pls", "nfo", "ini", "db", "pk", "peak", "asd", "sig", "asc", "html", "htm", "yaml", "yml", "toml", "md",
];

/// Endings of files that some program is still writing.
const UNFINISHED: &[&str] = &["part", "tmp", "temp", "filepart", "crdownload", "download", "partial", "swp", "lock"];

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Perhaps a recording.
    Audio,
    /// None, and nobody expects it to be one.
    Ignored,
    /// No kind of file this program knows.
    Unknown,
}

impl Kind {
    /// Of a file.
    pub fn of(path: &Path) -> Self {
        let Some(name) = path.file_name() else { return Self::Ignored };
        if is_hidden(name) || name.as_bytes().ends_with(b"~") {
            return Self::Ignored;
        }
        // Recorders that write names without ending exist; the bytes decide.
        let Some(ending) = path.extension() else { return Self::Audio };
        let ending = ending.to_string_lossy().to_ascii_lowercase();
        if AUDIO.contains(&ending.as_str()) {
            Self::Audio
        } else if BESIDE.contains(&ending.as_str()) || UNFINISHED.contains(&ending.as_str()) {
            Self::Ignored
        // A unique id such as 1706711130.123 has no ending at all.
        } else if ending.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Audio
        } else {
            Self::Unknown
        }
    }
}

/// Hidden files and folders: editors, synchronisers and rsync's unfinished copies use them.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

/// The name without its ending, as far as it is text.
pub fn stem(path: &Path) -> String {
    let is_ending = |ending: &str| {
        let ending = ending.to_ascii_lowercase();
        AUDIO.contains(&ending.as_str())
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, ending)) if is_ending(ending) => stem.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_recordings_from_what_lies_beside_them() {
        let kind = |name: &str| Kind::of(Path::new(name));
        for name in ["a.wav", "A.WAV", "x/1706711130.123", "no-ending", "out-1-2.gsm", "b.mp3"] {
            assert_eq!(kind(name), Kind::Audio, "{name}");
        }
        for name in
            [".a.wav", "a.wav~", "a.wav.part", "a.tmp", "a.filepart", "a.crdownload", "a.json", "a.md5", "a.cue"]
        {
            assert_eq!(kind(name), Kind::Ignored, "{name}");
        }
        assert_eq!(kind("invoice.pdf"), Kind::Unknown);
    }

    #[test]
    fn only_an_audio_ending_is_cut_off() {
        assert_eq!(stem(Path::new("/a/1706711130.123.wav")), "1706711130.123");
        assert_eq!(stem(Path::new("1706711130.123")), "1706711130.123");
    }
}
