//! Memory does not grow with the call: a long one costs what a minute does.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::ear::{call_file, ear, hear_with_news, request};

/// What a worker may hold besides the weights.
const BESIDE_THE_MODEL_MIB: u64 = 150;
/// Minutes of the long call: held whole as samples it would be more than that. `CALLSCRIBE_CALL_MINUTES=120` for two hours.
const MINUTES: usize = 20;

fn minutes() -> usize {
    std::env::var("CALLSCRIBE_CALL_MINUTES").map_or(MINUTES, |minutes| minutes.parse().unwrap())
}

/// A long µ-law call: the sample call at its start, in the middle and at the end; silence between.
fn write_long_call(path: &Path) {
    let call = fs::read(call_file("en-refund.wav")).unwrap();
    let header_len = call.windows(4).position(|tag| tag == b"data").unwrap() + 8;
    let (header, sound) = call.split_at(header_len);
    let mut header = header.to_vec();
    let data_len = (minutes() * 60 * 8000 * 2) as u32;
    header[header_len - 4..].copy_from_slice(&data_len.to_le_bytes());
    header[4..8].copy_from_slice(&(data_len + header_len as u32 - 8).to_le_bytes());
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(&header).unwrap();
    let pause = vec![0xFF; (data_len as usize - 3 * sound.len()) / 4 * 2];
    for part in [sound, &pause, sound, &pause, sound] {
        file.write_all(part).unwrap();
    }
    file.flush().unwrap();
}

#[tokio::test]
async fn a_long_call_needs_no_more_memory_than_a_short_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.wav");
    write_long_call(&file);
    let ear = ear(2);
    let transcript = hear_with_news(&ear, request(&file)).await.0.unwrap();
    let minutes = minutes() as u64;
    assert!((minutes - 1..=minutes).contains(&(transcript.duration_ms / 60_000)), "{}", transcript.duration_ms);
    let said = transcript.segments.iter().filter(|segment| segment.text.contains("problem with my invoice")).count();
    assert_eq!(said, 3, "the beginning, the middle and the end were heard");
    let status = fs::read_to_string(format!("/proc/{}/status", ear.child_id().await.unwrap())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_mib = peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10;
    let model_mib = fs::metadata(concat!(env!("CARGO_MANIFEST_DIR"), "/models/mini-q8_0.bin")).unwrap().len() >> 20;
    assert!(peak_mib < model_mib + BESIDE_THE_MODEL_MIB, "the worker held {peak_mib} MiB");
}
