//! Damaged and malicious files: each ends in audio within the limits or in one sentence, and losses keep their place in
//! time.

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use callscribe::call::{Disposition, RawAudio, RawLaw};
use callscribe::decode::{DecodeError, DecodeLimits, Decoder, SAMPLE_RATE_HZ};
use fastrand::Rng;
use tempfile::NamedTempFile;

use crate::signal::{DURATION_MS, Decoded, audio, best_lag, decode, plane};
use crate::wavs::{Coding, Wav, chunk, file_of};

/// One file of every demuxer and codec, small ones first.
const SEEDS: &[&str] = &[
    "opus-16k-2ch.opus",
    "vbr-8k-2ch.mp3",
    "cbr-notag-8k-1ch.mp3",
    "q2-16k-2ch.ogg",
    "lc-8k-1ch.aac",
    "lc-8k-1ch.m4a",
    "faststart-16k-1ch.m4a",
    "fragmented-16k-2ch.m4a",
    "adpcm-ms-8k-2ch.wav",
    "adpcm-ima-8k-2ch.wav",
    "mp3-in-wav-16k-1ch.wav",
    "ext-mulaw-8k-3ch.wav",
    "s16-8k-8ch.flac",
    "id3-cover-22k-1ch.mp3",
];

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(audio(name)).expect("the file is there")
}

/// Audio within the limits, or one sentence. `what` names the case should it be neither.
fn audio_or_sentence(path: &Path, what: &str) -> Option<Decoded> {
    let outcome = catch_unwind(|| decode(path)).unwrap_or_else(|_| panic!("{what}: panicked"));
    match outcome {
        Ok(decoded) => {
            // Gaps in the time stamps may add silence, but not without bound.
            assert!(decoded.duration_ms() < 2.0 * 60.0 * 60.0 * 1000.0, "{what}: hours out of a second");
            Some(decoded)
        }
        Err(err) => {
            let text = err.to_string();
            assert!(!text.contains('\n') && text.len() < 400, "{what}: not one sentence: {text}");
            assert_eq!(err.disposition(), Disposition::Reject, "{what}: {text}");
            None
        }
    }
}

fn refused(file: &NamedTempFile) -> DecodeError {
    decode(file.path()).expect_err("this header is absurd")
}

#[test]
fn absurd_wav_headers_are_refused() {
    let sane = Wav::of_sound(Coding::S16, 1, 8_000);
    let absurd = [
        Wav { channels: 0, ..sane.clone() },
        Wav { channels: 9, block_align: 18, ..sane.clone() },
        Wav { channels: u16::MAX, ..sane.clone() },
        Wav { rate_hz: 0, ..sane.clone() },
        Wav { rate_hz: 100, ..sane.clone() },
        Wav { rate_hz: u32::MAX, ..sane.clone() },
        Wav { block_align: 0, ..sane.clone() },
        Wav { block_align: 5, ..sane.clone() },
        Wav { bits: 0xFFFF, ..sane.clone() },
        Wav { tag: 2, block_align: 1, bits: 4, ..sane.clone() },
        Wav { tag: 0x11, block_align: 4, bits: 4, ..sane.clone() },
        Wav { tag: 0x11, channels: 3, block_align: 1024, bits: 4, ..sane.clone() },
    ];
    for wav in absurd {
        assert_eq!(refused(&wav.file()).disposition(), Disposition::Reject);
    }
}

#[test]
fn chunks_without_end_are_refused() {
    let mut wav = Wav::of_sound(Coding::S16, 1, 8_000);
    wav.extra = chunk(b"junk", b"").repeat(10_000);
    assert!(matches!(refused(&wav.file()), DecodeError::Damaged { .. }));
}

#[test]
fn headerless_audio_without_channels_is_refused() {
    let raw = RawAudio { law: RawLaw::Mulaw, sample_rate_hz: 8_000, channel_count: 0 };
    let file = file_of(&[0xFF; 100], ".bin");
    assert!(Decoder::open(file.path(), Some(raw), &DecodeLimits::default()).is_err());
}

#[test]
fn audio_longer_than_the_limit_is_refused() {
    let limits = DecodeLimits { duration_ms_max: 1_000, ..DecodeLimits::default() };
    let wav = Wav::of_sound(Coding::S16, 1, 8_000).file();
    assert!(matches!(Decoder::open(wav.path(), None, &limits), Err(DecodeError::OverLimit { .. })));
    let mut decoder = Decoder::open(&audio("cbr-8k-1ch.mp3"), None, &limits).expect("the header is fine");
    assert_eq!(decoder.next_block().expect("the first second is fine").map(|block| block[0].len()), Some(16_000));
    assert!(matches!(decoder.next_block(), Err(DecodeError::OverLimit { .. })));
}

#[test]
fn an_index_larger_than_the_limit_is_refused() {
    let limits = DecodeLimits { index_bytes_max: 100, ..DecodeLimits::default() };
    let opened = Decoder::open(&audio("lc-8k-1ch.m4a"), None, &limits);
    assert!(matches!(opened, Err(DecodeError::OverLimit { .. })));
}

#[test]
fn a_file_cut_off_anywhere_gives_its_beginning_or_one_sentence() {
    for name in SEEDS {
        let bytes = bytes_of(name);
        for twentieth in 0..20 {
            let cut = &bytes[..bytes.len() * twentieth / 20];
            if let Some(decoded) = audio_or_sentence(file_of(cut, "").path(), &format!("{name} cut at {twentieth}/20"))
            {
                assert!(decoded.duration_ms() < DURATION_MS as f64 + 200.0, "{name}: longer than the whole");
            }
        }
    }
}

#[test]
fn a_file_that_lost_its_last_third_gives_the_first_two() {
    let streamable = SEEDS.iter().filter(|name| **name != "lc-8k-1ch.m4a");
    for name in streamable {
        let bytes = bytes_of(name);
        let cut = file_of(&bytes[..bytes.len() * 2 / 3], "");
        let decoded = audio_or_sentence(cut.path(), name).unwrap_or_else(|| panic!("{name}: nothing decoded"));
        // A third of a small Vorbis file is its code books.
        assert!(decoded.duration_ms() > DURATION_MS as f64 / 10.0, "{name}: {} ms", decoded.duration_ms());
        let reference = plane(0, SAMPLE_RATE_HZ);
        let (lag, likeness) = best_lag(&decoded.planes[0], &reference[..decoded.frames().min(reference.len())]);
        assert!(lag.abs() <= 80 && likeness > 0.8, "{name}: lag {lag}, likeness {likeness:.2}");
    }
}

/// Damage in the middle; the last burst of the sound must still be where it was.
#[test]
fn what_follows_a_damaged_stretch_keeps_its_time() {
    for name in ["lc-8k-1ch.m4a", "q2-44k-2ch.ogg", "opus-short-48k-1ch.opus", "s16-48k-1ch.flac", "cbr-44k-2ch.mp3"] {
        let mut bytes = bytes_of(name);
        let middle = bytes.len() * 9 / 16;
        bytes[middle..middle + 100].iter_mut().for_each(|byte| *byte ^= 0x5A);
        let decoded = decode(file_of(&bytes, "").path()).expect("decodes what is left");
        let tail = (SAMPLE_RATE_HZ as f64 * 1.1) as usize;
        let (lag, likeness) = best_lag(&decoded.planes[0][tail..], &plane(0, SAMPLE_RATE_HZ)[tail..]);
        assert!(lag.abs() <= 80 && likeness > 0.9, "{name}: lag {lag}, likeness {likeness:.2}");
        assert!((decoded.duration_ms() - DURATION_MS as f64).abs() <= 20.0, "{name}: {} ms", decoded.duration_ms());
    }
}

#[test]
fn junk_behind_the_audio_is_not_heard() {
    let tag = [&b"TAG"[..], &[b' '; 125]].concat();
    for name in SEEDS {
        let once = decode(&audio(name)).expect("decodes").duration_ms();
        for junk in [&b"\0"[..], b"\xFF\xFF\0", &tag] {
            let decoded = decode(file_of(&[bytes_of(name), junk.to_vec()].concat(), "").path()).expect("decodes");
            let excess_ms = decoded.duration_ms() - once;
            assert!(excess_ms.abs() <= 20.0, "{name}: {excess_ms} ms");
        }
    }
}

#[test]
fn a_corrupt_packet_is_counted() {
    let mut bytes = bytes_of("adpcm-ima-8k-1ch.wav");
    let data_at = bytes.windows(4).position(|four| four == b"data").expect("a data chunk") + 8;
    // The step index of the second block, out of range.
    bytes[data_at + 1024 + 2] = 0xFF;
    let decoded = decode(file_of(&bytes, "").path()).expect("decodes what is left");
    assert_eq!(decoded.health.corrupt_packets, 1);
    assert!((decoded.duration_ms() - DURATION_MS as f64).abs() <= 20.0);
}

#[test]
fn nothing_but_corrupt_packets_is_an_error() {
    let mut bytes = bytes_of("adpcm-ima-8k-1ch.wav");
    let data_at = bytes.windows(4).position(|four| four == b"data").expect("a data chunk") + 8;
    bytes[data_at..].fill(0xFF);
    assert!(matches!(decode(file_of(&bytes, "").path()), Err(DecodeError::TooCorrupt { .. })));
}

#[test]
fn recordings_joined_end_to_end_are_both_heard() {
    for name in ["cbr-8k-1ch.mp3", "opus-8k-1ch.opus", "q2-16k-2ch.ogg"] {
        let once = bytes_of(name);
        let decoded = decode(file_of(&[once.clone(), once].concat(), "").path()).expect("decodes");
        let excess_ms = decoded.duration_ms() - 2.0 * DURATION_MS as f64;
        // The filler between two MP3s is part of the stream.
        assert!((-20.0..=400.0).contains(&excess_ms), "{name}: {excess_ms} ms");
    }
}

#[test]
fn a_change_of_format_midway_is_named() {
    let pairs = [
        ("cbr-8k-1ch.mp3", "cbr-44k-2ch.mp3"),
        ("q2-8k-1ch.ogg", "q2-16k-2ch.ogg"),
        ("lc-8k-1ch.aac", "lc-16k-2ch.aac"),
    ];
    for (first, second) in pairs {
        let joined = file_of(&[bytes_of(first), bytes_of(second)].concat(), "");
        let err = decode(joined.path()).expect_err("two formats in one file");
        assert!(matches!(err, DecodeError::FormatChanges { .. }), "{first} + {second}: {err}");
    }
}

/// Flips bits, moves and removes pieces, and plants extreme numbers.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(1..=8) {
        if bytes.len() < 8 {
            return;
        }
        // Headers are where damage bites, so half of it goes there.
        let reach = if rng.bool() { bytes.len().min(512) } else { bytes.len() };
        let at = rng.usize(..reach - 4);
        match rng.u8(..6) {
            0 | 1 => bytes[at] ^= 1 << rng.u8(..8),
            2 => bytes[at] = rng.u8(..),
            3 => bytes[at..at + 4].fill(*rng.choice(&[0x00, 0x7F, 0x80, 0xFF]).expect("four values")),
            4 => drop(bytes.drain(at..(at + rng.usize(1..64)).min(reach))),
            _ => {
                let piece = bytes[at..(at + rng.usize(1..64)).min(reach)].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}

fn try_mutation(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let name = rng.choice(SEEDS).expect("there are seeds");
    let mut bytes = bytes_of(name);
    mutate(&mut bytes, &mut rng);
    audio_or_sentence(file_of(&bytes, "").path(), &format!("{name}, seed {seed}"));
}

#[test]
fn mutated_files_give_audio_or_one_sentence() {
    for seed in 0..400 {
        try_mutation(seed);
    }
}

/// The same for as long as `CALLSCRIBE_FUZZ_SECONDS` says, from a new seed every time; a failure names its seed.
#[test]
fn mutated_files_for_as_long_as_asked() {
    let Some(seconds) = std::env::var("CALLSCRIBE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()) else {
        return;
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut seed = fastrand::u64(..);
    while Instant::now() < until {
        try_mutation(seed);
        seed = seed.wrapping_add(1);
    }
}
