//! WAV and headerless G.711, made on the spot.

use callscribe::call::{RawAudio, RawLaw};

use crate::signal::{DURATION_MS, assert_is_the_sound, decode, decode_as, interleaved};
use crate::wavs::{Coding, Wav, chunk, file_of};

const RATES_HZ: [u32; 8] = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

fn exact_frames(rate_hz: u32) -> usize {
    let frames_in = DURATION_MS * u64::from(rate_hz) / 1000;
    (frames_in * 16_000).div_ceil(u64::from(rate_hz)) as usize
}

#[test]
fn every_coding_plain_and_extensible_is_the_sound() {
    for coding in Coding::ALL {
        for wav in [Wav::of_sound(coding, 2, 8_000), Wav::of_sound(coding, 2, 8_000).extensible()] {
            let decoded = decode(wav.file().path()).expect("decodes");
            assert_eq!((decoded.format.container.as_str(), decoded.format.codec.as_str()), ("wav", coding.codec()));
            assert_eq!((decoded.format.sample_rate_hz, decoded.format.channel_count), (8_000, 2));
            assert_eq!(decoded.frames(), exact_frames(8_000));
            assert_is_the_sound(&decoded, 0.3);
        }
    }
}

#[test]
fn every_rate_gives_the_exact_number_of_frames() {
    for rate_hz in RATES_HZ {
        let decoded = decode(Wav::of_sound(Coding::S16, 1, rate_hz).file().path()).expect("decodes");
        assert_eq!(decoded.frames(), exact_frames(rate_hz), "{rate_hz} Hz");
        assert_eq!(decoded.declared_duration_ms, Some(DURATION_MS));
        assert_is_the_sound(&decoded, 0.1);
    }
}

#[test]
fn one_to_eight_channels_keep_their_order() {
    for channels in 1..=8 {
        let decoded = decode(Wav::of_sound(Coding::Mulaw, channels, 8_000).file().path()).expect("decodes");
        assert_eq!(decoded.format.channel_count, channels);
        assert_is_the_sound(&decoded, 0.3);
    }
}

#[test]
fn headerless_g711_is_read_as_told() {
    for (law, coding, codec) in [(RawLaw::Mulaw, Coding::Mulaw, "mulaw"), (RawLaw::Alaw, Coding::Alaw, "alaw")] {
        for (rate_hz, channels) in [(8_000, 1), (8_000, 2), (16_000, 1)] {
            let file = file_of(&Wav::of_sound(coding, channels, rate_hz).data, ".bin");
            let raw = RawAudio { law, sample_rate_hz: rate_hz, channel_count: channels };
            let decoded = decode_as(file.path(), Some(raw)).expect("decodes");
            assert_eq!((decoded.format.container.as_str(), decoded.format.codec.as_str()), ("raw", codec));
            assert_eq!(decoded.frames(), exact_frames(rate_hz));
            assert_is_the_sound(&decoded, 0.3);
        }
    }
}

#[test]
fn headerless_g711_is_known_by_its_usual_name_endings() {
    for (suffix, coding) in
        [(".ulaw", Coding::Mulaw), (".ul", Coding::Mulaw), (".alaw", Coding::Alaw), (".al", Coding::Alaw)]
    {
        let file = file_of(&Wav::of_sound(coding, 1, 8_000).data, suffix);
        assert_is_the_sound(&decode(file.path()).expect("decodes"), 0.3);
    }
}

#[test]
fn a_header_wins_over_what_was_said_about_headerless_audio() {
    let raw = RawAudio { law: RawLaw::Alaw, sample_rate_hz: 16_000, channel_count: 2 };
    let decoded = decode_as(Wav::of_sound(Coding::S16, 1, 8_000).file().path(), Some(raw)).expect("decodes");
    assert_eq!(decoded.format.codec, "pcm_s16le");
    assert_is_the_sound(&decoded, 0.1);
}

#[test]
fn sizes_that_a_killed_recorder_left_behind_do_not_matter() {
    for declared_size in [0, u32::MAX, 0x7FFF_FFFF, 1_000_000] {
        let wav = Wav { declared_size: Some(declared_size), ..Wav::of_sound(Coding::Mulaw, 2, 8_000) };
        let decoded = decode(wav.file().path()).expect("decodes");
        assert_eq!(decoded.frames(), exact_frames(8_000), "declared {declared_size}");
        assert_is_the_sound(&decoded, 0.3);
    }
}

#[test]
fn chunks_around_the_samples_are_not_taken_for_sound() {
    let mut wav = Wav::of_sound(Coding::S16, 1, 8_000);
    wav.extra = [chunk(b"LIST", b"INFOISFT\x03\0\0\0abc"), chunk(b"bext", &[0; 602])].concat();
    let mut bytes = wav.bytes();
    bytes.extend(chunk(b"LIST", &[0x7F; 4000]));
    let decoded = decode(file_of(&bytes, ".wav").path()).expect("decodes");
    assert_eq!(decoded.frames(), exact_frames(8_000));
}

#[test]
fn an_rf64_file_takes_its_size_from_the_long_header() {
    let wav = Wav { declared_size: Some(u32::MAX), ..Wav::of_sound(Coding::S16, 1, 8_000) };
    let mut ds64 = [0; 28];
    ds64[8..16].copy_from_slice(&(wav.data.len() as u64).to_le_bytes());
    let mut bytes = b"RF64\xFF\xFF\xFF\xFFWAVE".to_vec();
    bytes.extend(chunk(b"ds64", &ds64));
    bytes.extend(&wav.bytes()[12..]);
    bytes.extend(chunk(b"LIST", &[0x7F; 4000]));
    let decoded = decode(file_of(&bytes, ".wav").path()).expect("decodes");
    assert_eq!(decoded.frames(), exact_frames(8_000));
    assert_is_the_sound(&decoded, 0.1);
}

#[test]
fn twenty_bits_in_three_bytes_are_read_at_full_level() {
    let wav = Wav { bits: 20, ..Wav::of_sound(Coding::S24, 1, 8_000) };
    assert_is_the_sound(&decode(wav.file().path()).expect("decodes"), 0.1);
}

#[test]
fn no_samples_end_at_once_and_one_sample_is_one_frame_or_more() {
    for rate_hz in RATES_HZ {
        let decode_some =
            |count| decode(Wav::of_samples(Coding::S16, 1, rate_hz, &vec![0.5; count]).file().path()).expect("decodes");
        assert_eq!(decode_some(0).frames(), 0);
        assert_eq!(decode_some(1).frames(), 16_000_usize.div_ceil(rate_hz as usize));
    }
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_counted() {
    let mut samples = interleaved(1, 16_000);
    samples[1_000] = f64::NAN;
    samples[2_000] = f64::INFINITY;
    samples[3_000] = f64::NEG_INFINITY;
    samples[4_000] = 7.5;
    for coding in [Coding::F32, Coding::F64] {
        let decoded = decode(Wav::of_samples(coding, 1, 16_000, &samples).file().path()).expect("decodes");
        assert_eq!(decoded.health.bad_samples, 4);
        assert_eq!(decoded.planes[0][1_000..=3_000].iter().step_by(1_000).copied().collect::<Vec<_>>(), [0.0; 3]);
        assert_eq!(decoded.planes[0][4_000].to_bits(), 1_f32.to_bits());
    }
}

#[test]
fn a_click_stays_where_it_was_through_every_conversion() {
    for rate_hz in RATES_HZ {
        let mut samples = vec![0.0; rate_hz as usize];
        samples[rate_hz as usize / 2] = 0.9;
        let decoded = decode(Wav::of_samples(Coding::F32, 1, rate_hz, &samples).file().path()).expect("decodes");
        let loudest = decoded.planes[0].iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let at = loudest.expect("a second of audio").0 as i64;
        assert!((at - 8_000).abs() <= 1, "{rate_hz} Hz: the click moved to frame {at}");
    }
}
