//! Memory does not grow with the length of the file.
//!
//! Measured in a process of its own: the other tests run beside this one and allocate as they please.

use std::fs;
use std::process::Command;

use callscribe::decode::{DecodeLimits, Decoder};

use crate::wavs::{Coding, Wav};

/// An hour of µ-law stereo at 8 kHz has 57.6 MB; as planes of `f32` at 16 kHz, 461 MB.
const FRAMES: u64 = 3600 * 8000;
/// What an allocator may need for itself.
const GROWTH_KIB_MAX: u64 = 8 * 1024;

fn peak_resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells");
    line.split_whitespace().nth(1).and_then(|field| field.parse().ok()).expect("a number of KiB")
}

#[test]
fn an_hour_costs_no_more_memory_than_a_minute() {
    let this = std::env::current_exe().expect("the test runs from a file");
    let child = Command::new(this).args(["--exact", "memory::decode_an_hour", "--ignored", "--nocapture"]).output();
    let output = child.expect("the test starts again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by an_hour_costs_no_more_memory_than_a_minute, in a process of its own"]
fn decode_an_hour() {
    let empty = Wav::of_samples(Coding::Mulaw, 2, 8_000, &[]);
    let file = Wav { declared_size: Some(FRAMES as u32 * 2), ..empty }.file();
    let header_bytes = file.as_file().metadata().expect("metadata").len();
    // A hole in the file: it takes no disk, and reads as samples of full scale.
    file.as_file().set_len(header_bytes + FRAMES * 2).expect("a sparse file");

    let mut decoder = Decoder::open(file.path(), None, &DecodeLimits::default()).expect("opens");
    let (mut frames, mut after_a_minute) = (0, 0);
    while let Some(block) = decoder.next_block().expect("decodes") {
        frames += block[0].len() as u64;
        if frames == 60 * 16_000 {
            after_a_minute = peak_resident_kib();
        }
    }
    assert_eq!(frames, FRAMES * 2);
    let peak = peak_resident_kib();
    println!("{after_a_minute} KiB after a minute, {peak} KiB after an hour");
    assert!(peak < after_a_minute + GROWTH_KIB_MAX, "grew from {after_a_minute} to {peak} KiB");
}
