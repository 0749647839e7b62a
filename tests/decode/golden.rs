//! Files by other people's encoders, see `audio/README.md`: right format, right channels, right length, right time.

use crate::signal::{DURATION_MS, Decoded, assert_is_the_sound, audio, decode, plane};
use crate::wavs::{Coding, Wav};

/// What a file is, and how closely its length and level can be known.
struct Golden {
    file: &'static str,
    container: &'static str,
    codec: &'static str,
    rate_hz: u32,
    channels: u16,
    /// Frames of a codec frame or block where the file does not say how much of the last one is padding: MP3 without a
    /// tag, ADTS, MS ADPCM whose writer counts the padding as sound.
    padding_frames: u32,
}

const fn golden(
    file: &'static str,
    container: &'static str,
    codec: &'static str,
    rate_hz: u32,
    channels: u16,
    padding_frames: u32,
) -> Golden {
    Golden { file, container, codec, rate_hz, channels, padding_frames }
}

#[rustfmt::skip]
const FILES: &[Golden] = &[
    golden("ext-mulaw-8k-3ch.wav",   "wav", "mulaw",     8_000,  3, 0),
    golden("ext-alaw-8k-3ch.wav",    "wav", "alaw",      8_000,  3, 0),
    golden("ext-s24-8k-1ch.wav",     "wav", "pcm_s24le", 8_000,  1, 0),
    golden("sox-mulaw-8k-1ch.wav",   "wav", "mulaw",     8_000,  1, 0),
    golden("adpcm-ms-8k-1ch.wav",    "wav", "adpcm_ms",  8_000,  1, 0),
    golden("adpcm-ms-8k-2ch.wav",    "wav", "adpcm_ms",  8_000,  2, 1_012),
    golden("sox-ms-22k-1ch.wav",     "wav", "adpcm_ms",  22_050, 1, 0),
    golden("adpcm-ima-8k-1ch.wav",   "wav", "adpcm_ima", 8_000,  1, 0),
    golden("adpcm-ima-8k-2ch.wav",   "wav", "adpcm_ima", 8_000,  2, 0),
    golden("adpcm-ima-16k-1ch.wav",  "wav", "adpcm_ima", 16_000, 1, 0),
    golden("sox-ima-8k-2ch.wav",     "wav", "adpcm_ima", 8_000,  2, 0),
    golden("mp3-in-wav-16k-1ch.wav", "wav", "mp3",       16_000, 1, 1_152),
    golden("cbr-8k-1ch.mp3",         "mp3", "mp3",       8_000,  1, 0),
    golden("cbr-8k-2ch.mp3",         "mp3", "mp3",       8_000,  2, 0),
    golden("cbr-16k-2ch.mp3",        "mp3", "mp3",       16_000, 2, 0),
    golden("cbr-22k-1ch.mp3",        "mp3", "mp3",       22_050, 1, 0),
    golden("cbr-44k-2ch.mp3",        "mp3", "mp3",       44_100, 2, 0),
    golden("cbr-48k-1ch.mp3",        "mp3", "mp3",       48_000, 1, 0),
    golden("vbr-8k-2ch.mp3",         "mp3", "mp3",       8_000,  2, 0),
    golden("vbr-44k-2ch.mp3",        "mp3", "mp3",       44_100, 2, 0),
    golden("vbr-notag-16k-2ch.mp3",  "mp3", "mp3",       16_000, 2, 576),
    golden("vbr-notag-44k-2ch.mp3",  "mp3", "mp3",       44_100, 2, 1_152),
    golden("cbr-notag-8k-1ch.mp3",   "mp3", "mp3",       8_000,  1, 576),
    golden("id3-cover-22k-1ch.mp3",  "mp3", "mp3",       22_050, 1, 0),
    golden("lc-8k-1ch.aac",          "aac", "aac",       8_000,  1, 1_024),
    golden("lc-16k-2ch.aac",         "aac", "aac",       16_000, 2, 1_024),
    golden("lc-44k-2ch.aac",         "aac", "aac",       44_100, 2, 1_024),
    golden("lc-8k-1ch.m4a",          "m4a", "aac",       8_000,  1, 0),
    golden("lc-16k-2ch.m4a",         "m4a", "aac",       16_000, 2, 0),
    golden("lc-44k-2ch.m4a",         "m4a", "aac",       44_100, 2, 0),
    golden("lc-48k-1ch.m4a",         "m4a", "aac",       48_000, 1, 0),
    golden("faststart-16k-1ch.m4a",  "m4a", "aac",       16_000, 1, 0),
    golden("fragmented-16k-2ch.m4a", "m4a", "aac",       16_000, 2, 1_024),
    golden("s16-8k-1ch.flac",        "flac", "flac",     8_000,  1, 0),
    golden("s16-8k-8ch.flac",        "flac", "flac",     8_000,  8, 0),
    golden("s24-16k-2ch.flac",       "flac", "flac",     16_000, 2, 0),
    golden("s16-44k-2ch.flac",       "flac", "flac",     44_100, 2, 0),
    golden("s16-48k-1ch.flac",       "flac", "flac",     48_000, 1, 0),
    golden("cover-8k-1ch.flac",      "flac", "flac",     8_000,  1, 0),
    golden("q2-8k-1ch.ogg",          "ogg", "vorbis",    8_000,  1, 0),
    golden("q2-16k-2ch.ogg",         "ogg", "vorbis",    16_000, 2, 0),
    golden("q2-44k-2ch.ogg",         "ogg", "vorbis",    44_100, 2, 0),
    golden("q2-8k-6ch.ogg",          "ogg", "vorbis",    8_000,  6, 0),
    golden("opus-8k-1ch.opus",       "ogg", "opus",      48_000, 1, 0),
    golden("opus-16k-2ch.opus",      "ogg", "opus",      48_000, 2, 0),
    golden("opus-48k-2ch.opus",      "ogg", "opus",      48_000, 2, 0),
    golden("opus-short-48k-1ch.opus", "ogg", "opus",     48_000, 1, 0),
];

/// Level that codecs may change.
const LEVEL_DB: f64 = 1.0;
/// Length that is asked for.
const DURATION_TOLERANCE_MS: f64 = 20.0;

fn assert_golden(golden: &Golden, decoded: &Decoded) {
    let format = &decoded.format;
    assert_eq!((format.container.as_str(), format.codec.as_str()), (golden.container, golden.codec), "{}", golden.file);
    assert_eq!((format.sample_rate_hz, format.channel_count), (golden.rate_hz, golden.channels), "{}", golden.file);
    let excess_ms = decoded.duration_ms() - DURATION_MS as f64;
    let padding_ms = 2.0 * f64::from(golden.padding_frames) * 1000.0 / f64::from(golden.rate_hz);
    let is_near = (-DURATION_TOLERANCE_MS..=DURATION_TOLERANCE_MS + padding_ms).contains(&excess_ms);
    assert!(is_near, "{}: {excess_ms:.1} ms longer than the sound", golden.file);
    if let Some(declared_ms) = decoded.declared_duration_ms {
        let is_true = (declared_ms as f64 - decoded.duration_ms()).abs() <= DURATION_TOLERANCE_MS;
        assert!(is_true, "{}: declares {declared_ms} ms", golden.file);
    }
    assert_eq!(decoded.health, Default::default(), "{}", golden.file);
}

#[test]
fn every_golden_file_is_the_sound() {
    let mut wrong = Vec::new();
    for golden in FILES {
        let check = || {
            let decoded = decode(&audio(golden.file)).expect("decodes");
            assert_golden(golden, &decoded);
            assert_is_the_sound(&decoded, LEVEL_DB);
        };
        if std::panic::catch_unwind(check).is_err() {
            wrong.push(golden.file);
        }
    }
    assert!(wrong.is_empty(), "not the sound: {wrong:?}");
}

#[test]
fn every_committed_file_is_tested() {
    for entry in std::fs::read_dir(audio("")).expect("the directory is there") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        let is_known = FILES.iter().any(|golden| golden.file == name) || crate::odd::FILES.contains(&name.as_str());
        assert!(is_known || name == "README.md" || name == "make.sh", "{name} is tested nowhere");
    }
}

/// The sources that `audio/make.sh` encodes.
#[test]
#[ignore = "writes files; see audio/README.md"]
fn write_sources() {
    let directory = std::env::var("CALLSCRIBE_SOURCES").expect("CALLSCRIBE_SOURCES names a directory");
    for (rate_hz, channels) in
        [8_000, 16_000, 22_050, 44_100, 48_000].into_iter().flat_map(|rate| [1, 2, 3, 6, 8].map(|n| (rate, n)))
    {
        let name = format!("{directory}/{}k-{channels}ch.wav", rate_hz / 1000);
        std::fs::write(name, Wav::of_sound(Coding::S24, channels, rate_hz).bytes()).expect("the source is written");
    }
    assert_eq!(plane(0, 8_000).len(), 12_160);
}
