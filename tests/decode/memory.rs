//! Memory does not grow with the length of the file.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use callscribe::decode::{DecodeLimits, Decoder};

use crate::wavs::{Coding, Wav};

/// An hour of µ-law stereo at 8 kHz has 57.6 MB; as planes of `f32` at 16 kHz, 461 MB.
const FRAMES: u64 = 3600 * 8000;
const GROWTH_KIB_MAX: u64 = 16 * 1024;

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells");
    line.split_whitespace().nth(1).and_then(|field| field.parse().ok()).expect("a number of KiB")
}

#[test]
fn an_hour_costs_no_more_memory_than_a_minute() {
    let head = Wav::of_samples(Coding::Mulaw, 2, 8_000, &[]);
    let mut file = Wav { declared_size: Some(FRAMES as u32 * 2), ..head }.file();
    let header_bytes = file.as_file().metadata().expect("metadata").len();
    // A hole in the file: it takes no disk, and reads as full-scale samples.
    file.as_file().set_len(header_bytes + FRAMES * 2).expect("a sparse file");
    file.seek(SeekFrom::End(-2)).expect("seek");
    file.write_all(&[0xFF, 0xFF]).expect("write");

    let mut decoder = Decoder::open(file.path(), None, &DecodeLimits::default()).expect("opens");
    let (mut frames, mut after_a_minute, mut peak) = (0, 0, 0);
    while let Some(block) = decoder.next_block().expect("decodes") {
        frames += block[0].len() as u64;
        let now = resident_kib();
        if frames <= 60 * 16_000 {
            after_a_minute = after_a_minute.max(now);
        }
        peak = peak.max(now);
    }
    assert_eq!(frames, FRAMES * 2);
    assert!(peak < after_a_minute + GROWTH_KIB_MAX, "grew from {after_a_minute} to {peak} KiB");
}
