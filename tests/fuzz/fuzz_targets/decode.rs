//! Any bytes: the decoder ends in audio within its limits or in an error, and never panics.
//!
//! The first byte chooses between reading by header and reading as headerless G.711.

#![no_main]

use std::io::Write as _;

use callscribe::call::{RawAudio, RawLaw};
use callscribe::decode::{DecodeLimits, Decoder};
use libfuzzer_sys::fuzz_target;

/// Keeps one input from taking seconds: a minute of audio is decoded, longer is an error.
const DURATION_MS_MAX: u64 = 60_000;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let raw = (choice & 1 == 1).then_some(RawAudio { law: RawLaw::Mulaw, sample_rate_hz: 8_000, channel_count: 2 });
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("the file takes the bytes");
    let limits = DecodeLimits { duration_ms_max: DURATION_MS_MAX, ..DecodeLimits::default() };
    let Ok(mut decoder) = Decoder::open(file.path(), raw, &limits) else { return };
    let channels = usize::from(decoder.format().channel_count);
    while let Ok(Some(block)) = decoder.next_block() {
        assert_eq!(block.len(), channels);
        assert!(block.iter().all(|plane| plane.len() == block[0].len() && !plane.is_empty()));
    }
});
