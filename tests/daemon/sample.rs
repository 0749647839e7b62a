//! Short calls cut from a sample call: every one has other bytes, so every one is a recording of its own.

use std::fs;
use std::path::Path;

/// Bytes a millisecond: two channels of one byte at 8 kHz.
const BYTES_PER_MS: usize = 16;

/// Writes the stretch from `start_ms` to `end_ms` of `en-refund.wav` to `path`, whole at once as a move would.
pub fn cut_call(path: &Path, start_ms: usize, end_ms: usize) {
    let call = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/en-refund.wav")).unwrap();
    let header_len = call.windows(4).position(|tag| tag == b"data").unwrap() + 8;
    let sound = &call[header_len + start_ms * BYTES_PER_MS..header_len + end_ms * BYTES_PER_MS];
    let mut bytes = call[..header_len].to_vec();
    let data_len = u32::try_from(sound.len()).unwrap();
    bytes[header_len - 4..].copy_from_slice(&data_len.to_le_bytes());
    let riff_len = u32::try_from(header_len + sound.len() - 8).unwrap();
    bytes[4..8].copy_from_slice(&riff_len.to_le_bytes());
    bytes.extend_from_slice(sound);
    let part = path.with_extension("part");
    fs::write(&part, bytes).unwrap();
    fs::rename(part, path).unwrap();
}
