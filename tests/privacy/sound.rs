//! The redacted sound is silent where personal data is said, and everywhere else the sound that was received.

use crate::world::{MASK_ALL, RATE, VALUES, World, spoken};

const HEADER_BYTES: usize = 44;

/// The samples of a channel.
fn samples(wav: &[u8], channel: usize) -> Vec<i16> {
    wav[HEADER_BYTES..]
        .chunks_exact(4)
        .map(|frame| i16::from_le_bytes([frame[channel * 2], frame[channel * 2 + 1]]))
        .collect()
}

/// Milliseconds within the words of a segment.
fn said(segment: usize, first_word: usize, last_word: usize) -> (u64, u64) {
    let words = &spoken().segments[segment].words;
    (words[first_word].start_ms, words[last_word].end_ms)
}

fn assert_silent_where_said(wav: &[u8], original: &[u8]) {
    assert_eq!(wav.len(), original.len(), "its length stays");
    assert_eq!(wav[..HEADER_BYTES], original[..HEADER_BYTES]);
    assert!(samples(wav, 0).iter().all(|sample| *sample == VALUES[0]), "the agent said nothing of it");
    let customer = samples(wav, 1);
    let spans = [said(1, 4, 7), said(3, 4, 6), said(4, 3, 3), said(5, 3, 8), said(6, 5, 7)];
    for (start_ms, end_ms) in spans {
        let (from, to) = ((start_ms * RATE / 1000) as usize, (end_ms * RATE / 1000) as usize);
        assert!(customer[from..to].iter().all(|sample| *sample == 0), "{start_ms} to {end_ms} ms is silent");
    }
    let is_near = |ms: u64| {
        let suspect = (41_000, 41_950);
        spans.iter().chain([&suspect]).any(|(start, end)| ms + 250 >= *start && ms <= end + 250)
    };
    for (at, sample) in customer.iter().enumerate() {
        if !is_near(at as u64 * 1000 / RATE) {
            assert_eq!(*sample, VALUES[1], "sample {at} is as it was received");
        }
    }
}

#[test]
fn by_policy_everybody_hears_the_redacted_sound() {
    let world = World::under(MASK_ALL);
    let http = world.reader();
    let whole = http.get(&world.path("/audio"));
    assert_eq!(whole.status, 200);
    assert_silent_where_said(&whole.body, &world.original);
    for path in [world.path("/stream"), format!("/api/v1/recordings/download/{}/audio", world.id)] {
        assert_eq!(http.get(&path).body, whole.body, "{path}");
    }
    assert_eq!(world.http().get(&world.path("/audio")).body, whole.body, "administrators too, unless they ask");

    // Six seconds in, one second of it: a range lies where it lies in the whole.
    let first = HEADER_BYTES + 6 * RATE as usize * 4;
    let range = format!("Range: bytes={first}-{}", first + 31_999);
    let part = http.send("GET", &world.path("/audio"), &[&range]);
    assert_eq!(part.status, 206);
    assert_eq!(part.body, whole.body[first..first + 32_000]);
    assert_eq!(part.header("etag"), whole.header("etag"));

    let waveform = http.get(&world.path("/waveform")).json();
    let point_ms = (waveform["point_duration"].as_f64().unwrap() * 1000.0) as u64;
    let at = |ms: u64| waveform["channels"][1][(ms / point_ms) as usize].as_u64().unwrap();
    assert!(at(6_500) <= 1 && at(3_000) > 10, "{} {}", at(6_500), at(3_000));
}

#[test]
fn who_asks_for_it_hears_the_redacted_sound_where_no_policy_says_so() {
    let world = World::under("");
    let http = world.reader();
    assert_eq!(http.get(&world.path("/audio")).body, world.original);
    let redacted = http.get(&world.path("/audio?redacted=true"));
    assert_silent_where_said(&redacted.body, &world.original);
    let both = world.http().get(&world.path("/audio?redacted=true&unmasked=true"));
    assert_eq!(both.status, 400);
}

#[test]
fn other_formats_become_wav_with_the_same_sound_outside_of_the_silence() {
    use callscribe::call::Silence;
    use callscribe::decode::{DecodeLimits, Decoder, silenced};
    let decoded = |path: &std::path::Path| {
        let mut decoder = Decoder::open(path, None, &DecodeLimits::default()).unwrap();
        let mut channels: Vec<Vec<f32>> = Vec::new();
        while let Some(block) = decoder.next_block().unwrap() {
            channels.resize(block.len(), Vec::new());
            channels.iter_mut().zip(block).for_each(|(all, plane)| all.extend(plane));
        }
        channels
    };
    let folder = tempfile::tempdir().unwrap();
    let audio = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decode/audio");
    let mut tried = 0;
    for entry in std::fs::read_dir(audio).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let Ok(decoder) = Decoder::open(&path, None, &DecodeLimits::default()) else { continue };
        let is_wav = decoder.format().container == "wav";
        let out = folder.path().join(format!("{tried}"));
        std::fs::write(&out, "").unwrap();
        let silences = [Silence { channel: Some(0), start_ms: 100, end_ms: 300 }];
        let Ok(format) = silenced(&path, None, &silences, &out) else { continue };
        assert_eq!(format.container, "wav", "{}", path.display());
        let (before, after) = (decoded(&path), decoded(&out));
        assert!(before[0].len().abs_diff(after[0].len()) <= 2, "{}", path.display());
        let end = before[0].len().min(after[0].len());
        // The resampler rings for a few milliseconds around the edges.
        let (from, to, ring) = (1600, 4800, 400);
        assert!(
            after[0][(from + ring).min(end)..(to - ring).min(end)].iter().all(|s| s.abs() < 1e-3),
            "{}",
            path.display()
        );
        for channel in 0..before.len() {
            for at in 0..end.min(after[channel].len()) {
                let is_outside = channel > 0 || at + ring < from || at > to + ring;
                let is_same = (before[channel][at].clamp(-1.0, 1.0) - after[channel][at]).abs() < 2e-3;
                assert!(!is_outside || is_same, "{} channel {channel} sample {at}", path.display());
            }
        }
        tried += usize::from(!is_wav);
    }
    assert!(tried >= 3, "compressed formats were among them: {tried}");
}
