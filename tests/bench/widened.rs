//! The benchmark's models are the miniature in other shapes, and nothing but their cost is changed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the benchmark uses the rest")]

mod calls;
mod plain;
mod process;
mod widen;

use std::path::{Path, PathBuf};

use callscribe::understand::wer::normalised_words;
use whisper_rs::{WhisperContext, WhisperContextParameters};
use widen::{Shape, Weights, widened};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The miniature in a shape, in a folder that goes with the test.
fn model(folder: &Path, shape: Shape, weights: Weights) -> PathBuf {
    widened(&repository("models/mini-q8_0.bin"), folder, shape, weights).unwrap()
}

/// What a model hears in the customer's first turn of the refund call: long enough to be told from any other. The audio
/// context is fitted to it (50 positions a second), or the encoder would work through thirty seconds each time; one
/// thread, because several wait for each other by spinning, which a busy machine punishes.
fn heard(model: &Path) -> Vec<String> {
    whisper_rs::install_logging_hooks();
    let samples = &plain::channels(&repository("tests/calls/en-refund.wav")).unwrap()[1];
    let context = WhisperContext::new_with_params(model, WhisperContextParameters::default()).unwrap();
    let mut state = context.create_state().unwrap();
    let turn = &samples[9 * 16_000..15_800 * 16];
    let mut params = plain::parameters("en", plain::Fallback::None);
    params.set_audio_ctx(384);
    params.set_n_threads(1);
    normalised_words(&plain::transcribe(&mut state, turn, params).unwrap())
}

#[test]
fn a_widened_model_hears_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let mini = heard(&model(folder.path(), Shape::Mini, Weights::F16));
    assert!(mini.len() >= 10, "the miniature hears the turn: {mini:?}");
    for (shape, weights) in [(Shape::Tiny, Weights::F16), (Shape::Tiny, Weights::Q8_0), (Shape::Base, Weights::Q8_0)] {
        assert_eq!(heard(&model(folder.path(), shape, weights)), mini, "{shape:?} {weights:?}");
    }
}

#[test]
fn a_model_that_is_only_copied_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let copy = std::fs::read(model(folder.path(), Shape::Mini, Weights::Q8_0)).unwrap();
    assert!(copy == std::fs::read(repository("models/mini-q8_0.bin")).unwrap());
}

#[test]
fn a_widened_model_is_the_size_of_a_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let model = callscribe::models::inspect(&model(folder.path(), Shape::Base, Weights::Q8_0)).unwrap();
    assert_eq!((model.width, model.audio_layers, model.text_layers), (512, 6, 6));
    // The published ggml-base-q8_0.bin has 81 768 585 bytes.
    assert!(model.size_bytes.abs_diff(81_768_585) < 100_000, "{}", model.size_bytes);
}

#[test]
fn the_long_call_is_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let compose = |name: &str| {
        let target = folder.path().join(name);
        let call = calls::long_call(&repository("tests/calls"), 2.0, &target).unwrap();
        (call.turns, call.duration_s, std::fs::read(target).unwrap())
    };
    let (turns, duration_s, bytes) = compose("one.wav");
    assert!((120.0..160.0).contains(&duration_s), "{duration_s}");
    assert!(turns.len() > 10);
    assert!((turns, duration_s, bytes) == compose("two.wav"));
    let channels = plain::channels(&folder.path().join("one.wav")).unwrap();
    assert_eq!(channels.iter().map(Vec::len).collect::<Vec<_>>(), [(duration_s * 16_000.0) as usize; 2]);
}
