//! Files that are not audio, or not audio that is decoded: each gets one sentence that names it and says what to do.

use std::fmt::Write as _;
use std::path::Path;

use callscribe::call::{Disposition, RawAudio, RawLaw};
use callscribe::decode::DecodeError;

use crate::signal::{audio, decode, decode_as};
use crate::wavs::{Coding, Wav, file_of};

/// Committed files that are tested here.
pub const FILES: &[&str] = &[
    "apple.aiff",
    "call.avi",
    "call.mkv",
    "call.mp4",
    "call.ts",
    "g726-in-wav.wav",
    "gsm-in-wav.wav",
    "layer2.mp2",
    "lossless.m4a",
    "raw.gsm",
    "speech.wma",
    "speex.ogg",
    "sun.au",
    "three-channels.opus",
];

/// Files by their first bytes, with the name they were given.
const HEADS: &[(&str, &[u8])] = &[
    ("login page saved as .mp3", b"\n  <!DOCTYPE html>\n<html><title>Sign in</title></html>"),
    ("login page saved as .wav", b"\xEF\xBB\xBF<HTML><BODY>session expired</BODY></HTML>"),
    ("API answer", b"{ \"message\": \"Recording not found\", \"status\": 404 }"),
    ("API list", b"[\n  {\"sid\": 1}]"),
    ("storage error", b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
    ("notes", "Gespräch mit Frau Müller, bitte zurückrufen.\n".as_bytes()),
    ("UTF-16 notes", b"\xFF\xFEH\0e\0l\0l\0o\0"),
    ("PDF", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3"),
    ("zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
    ("gzip", b"\x1F\x8B\x08\x00\0\0\0\0"),
    ("7-Zip", b"7z\xBC\xAF\x27\x1C\0\x04"),
    ("AMR", b"#!AMR\n\x3C\x91"),
    ("AMR wide-band", b"#!AMR-WB\n\x3C"),
    ("Flash video", b"FLV\x01\x05"),
    ("DSS", b"\x02dss"),
    ("picture", b"\x89PNG\r\n\x1A\n"),
    ("OpenSSL", b"Salted__\x01\x02\x03\x04"),
    ("zeros", &[0; 4096]),
    ("bytes of no format", &[0x9C, 0x11, 0xE3, 0x7A, 0x05, 0xD0, 0xB8, 0x41]),
    ("tag without audio", b"ID3\x04\0\0\0\0\0\0"),
    ("Ogg that begins in the middle", b"OggS\0\0\0\0\0\0"),
    ("WAV header alone", b"RIFF\x24\0\0\0WAVEfmt "),
    ("MP4 without index", b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\0\0\0\x08mdat"),
    ("FLAC header alone", b"fLaC"),
    ("big-endian WAV", b"RIFX\0\0\0\x24WAVEfmt "),
];

fn sentence(result: Result<impl std::fmt::Debug, DecodeError>) -> String {
    let err = result.expect_err("this is no audio");
    assert_eq!(err.disposition(), Disposition::Reject, "{err}");
    let text = err.to_string();
    assert!(!text.contains('\n') && text.len() < 400, "not one sentence: {text}");
    text
}

#[test]
fn each_gets_one_sentence() {
    let mut all = String::new();
    for name in FILES {
        writeln!(all, "{name}: {}", sentence(decode(&audio(name)))).expect("a string takes text");
    }
    for (name, head) in HEADS {
        writeln!(all, "{name}: {}", sentence(decode(file_of(head, ".mp3").path()))).expect("a string takes text");
    }
    for tag in [0x0022, 0x0042, 0x0083, 0x0161, 0x2048, 0x4242] {
        let wav = Wav { tag, ..Wav::of_sound(Coding::U8, 1, 8_000) };
        writeln!(all, "WAV tag {tag:#06x}: {}", sentence(decode(wav.file().path()))).expect("a string takes text");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn an_empty_file_says_so() {
    assert!(matches!(decode(file_of(b"", ".wav").path()), Err(DecodeError::Empty)));
}

#[test]
fn a_directory_is_not_a_recording() {
    assert!(matches!(decode(Path::new(env!("CARGO_MANIFEST_DIR"))), Err(DecodeError::NotAFile { .. })));
}

#[test]
fn a_file_that_cannot_be_opened_is_tried_again() {
    let err = decode(Path::new("/nonexistent/call.wav")).expect_err("there is no such file");
    assert_eq!(err.disposition(), Disposition::Retry { after: None });
}

#[test]
fn the_name_does_not_decide() {
    let flac = std::fs::read(audio("s16-8k-1ch.flac")).expect("the file is there");
    for suffix in [".mp3", ".wav", ".txt", ".ulaw", ""] {
        let decoded = decode(file_of(&flac, suffix).path()).expect("decodes");
        assert_eq!(decoded.format.container, "flac");
    }
}

#[test]
fn what_is_no_headerless_audio_is_not_decoded_as_such() {
    let raw = RawAudio { law: RawLaw::Mulaw, sample_rate_hz: 8_000, channel_count: 1 };
    for head in [&b"<html><body>Sign in</body></html>"[..], b"%PDF-1.7", b"{\"error\": 1}"] {
        sentence(decode_as(file_of(head, ".ulaw").path(), Some(raw)));
    }
}

#[test]
fn headerless_silence_is_not_taken_for_text_or_mp3() {
    // A-law silence is the letter U, µ-law silence looks like the start of MPEG frames.
    for (law, byte) in [(RawLaw::Alaw, 0x55), (RawLaw::Mulaw, 0xFF)] {
        let raw = RawAudio { law, sample_rate_hz: 8_000, channel_count: 1 };
        let decoded = decode_as(file_of(&[byte; 8_000], ".bin").path(), Some(raw)).expect("decodes");
        assert_eq!(decoded.frames(), 16_000);
        assert!(decoded.planes[0].iter().all(|sample| sample.abs() < 0.001));
    }
}
