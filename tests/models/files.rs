use std::fs;
use std::path::Path;

use callscribe::call::Disposition;
use callscribe::models::{ModelError, inspect, installed, resolve};
use tempfile::TempDir;

use super::support::{miniature, shipped_dir, whisper_file};

fn sentence(name: &str, bytes: &[u8]) -> String {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    let error = inspect(&path).unwrap_err();
    assert_eq!(error.disposition(), Disposition::Park);
    error.to_string().replace(&format!("{}/", dir.path().display()), "")
}

fn widened(dir: &Path, name: &str, width: u32) {
    fs::write(dir.join(name), whisper_file(width)).unwrap();
}

#[test]
fn the_miniature_says_what_it_is() {
    let header = inspect(&miniature()).unwrap();
    assert_eq!((header.width, header.audio_layers, header.text_layers), (128, 4, 4));
    assert_eq!((header.vocabulary_size, header.audio_ctx, header.mel_bands), (51_865, 1500, 80));
    assert_eq!((header.quantisation, header.multilingual()), ("q8_0", true));
}

#[test]
fn a_truncated_file_says_so_wherever_it_was_cut() {
    let whole = fs::read(miniature()).unwrap();
    for length in [6, 40, 60, 1000, 100_000, 700_000, 5_000_000, whole.len() - 1] {
        let sentence = sentence("ggml-base.bin", &whole[..length]);
        assert!(sentence.starts_with("ggml-base.bin is damaged: it was cut off inside"), "{length}: {sentence}");
        assert!(sentence.ends_with("`callscribe models pull base` fetches it again."), "{sentence}");
    }
}

#[test]
fn a_file_cut_between_two_tensors_is_still_found_out() {
    let whole = whisper_file(384);
    let one_tensor = 7 * 4;
    insta::assert_snapshot!(sentence("own.bin", &whole[..whole.len() - one_tensor]), @"own.bin is damaged: it ends after 49 of 50 tensors. Copy it here again from where it came from.");
}

#[test]
fn bytes_after_the_last_tensor_are_found_out() {
    let mut longer = whisper_file(384);
    let tensor = longer[longer.len() - 28..].to_vec();
    longer.extend(tensor);
    insta::assert_snapshot!(sentence("own.bin", &longer), @"own.bin is damaged: it holds more than the 50 tensors its header announces. Copy it here again from where it came from.");
}

#[test]
fn what_is_no_whisper_model_is_named() {
    let found = |bytes: &[u8]| {
        let sentence = sentence("file.bin", bytes);
        let (_, rest) = sentence.split_once("ggml format: ").unwrap();
        rest.split_once(". Get one").unwrap().0.to_owned()
    };
    let mut silero = 0x6767_6d6c_u32.to_le_bytes().to_vec();
    silero.extend(10_u32.to_le_bytes());
    silero.extend(b"silero-16k");
    let garbage = [0x6767_6d6c_u32.to_le_bytes(), [0xff; 4]].concat().repeat(10);
    insta::assert_snapshot!(found(b""), @"it is empty");
    insta::assert_snapshot!(found(b"GGUF\x03\0\0\0"), @"it is a GGUF file, which whisper.cpp does not read");
    insta::assert_snapshot!(found(b"PK\x03\x04archive/data.pkl"), @"it is a ZIP archive, perhaps a PyTorch checkpoint");
    insta::assert_snapshot!(found(b"\n<!DOCTYPE html><html>"), @"it is a web page, perhaps a login or error page");
    insta::assert_snapshot!(found(b"version https://git-lfs.github.com/spec/v1\n"), @"it is a Git LFS pointer: the model itself was not fetched");
    insta::assert_snapshot!(found(b"RIFF\x24\0\0\0WAVE"), @"it is an audio file");
    insta::assert_snapshot!(found(b"\x40\0\0\0\0\0\0\0{\"a\":1}"), @"it is a safetensors file");
    insta::assert_snapshot!(found(&silero), @"it is a voice activity model; its place is transcribe.vad_model");
    insta::assert_snapshot!(found(&garbage), @"it starts like a ggml file, but its header is not that of a Whisper model");
    insta::assert_snapshot!(found(&[7; 100]), @"it does not start like one");
}

#[test]
fn an_absurd_header_costs_no_memory_and_no_time() {
    let mut bytes = whisper_file(384);
    let vocabulary_at = 4 + 44 + 8 + 80 * 4;
    bytes[vocabulary_at..vocabulary_at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(sentence("own.bin", &bytes).contains("its vocabulary has no sensible size"));
}

#[test]
fn the_miniature_is_found_by_name_and_by_path() {
    let by_name = resolve("mini-q8_0", &[shipped_dir()]).unwrap();
    let by_path = resolve(miniature().to_str().unwrap(), &[]).unwrap();
    assert_eq!(by_name, by_path);
    assert!(by_name.entry.miniature);
    assert_eq!(by_name.entry.window_ms_max, 6_000);
}

#[test]
fn a_copy_of_the_miniature_in_the_shape_of_base_keeps_its_short_window() {
    let dir = TempDir::new().unwrap();
    widened(dir.path(), "mini-base-q8_0.bin", 512);
    let model = resolve("mini-base-q8_0", &[dir.path().to_path_buf()]).unwrap();
    assert!(model.entry.miniature);
    assert_eq!((model.entry.window_ms_max, &*model.entry.name), (6_000, "mini-base-q8_0"));
}

#[test]
fn the_miniature_is_known_by_its_shape_under_any_name() {
    let dir = TempDir::new().unwrap();
    widened(dir.path(), "base.bin", 128);
    assert!(resolve("base", &[dir.path().to_path_buf()]).unwrap().entry.miniature);
}

#[test]
fn a_model_no_catalogue_knows_gets_the_full_window() {
    let dir = TempDir::new().unwrap();
    widened(dir.path(), "our-accent.bin", 768);
    let model = resolve("our-accent", &[dir.path().to_path_buf()]).unwrap();
    assert_eq!((model.entry.window_ms_max, model.entry.miniature), (28_000, false));
    assert_eq!((model.entry.sha256, model.entry.multilingual), (None, true));
}

#[test]
fn the_first_folder_wins() {
    let dir = TempDir::new().unwrap();
    fs::copy(miniature(), dir.path().join("mini-q8_0.bin")).unwrap();
    let model = resolve("mini-q8_0", &[dir.path().to_path_buf(), shipped_dir()]).unwrap();
    assert_eq!(model.path.parent().unwrap(), dir.path());
}

#[test]
fn a_missing_model_says_how_to_get_it() {
    let sentence = |name: &str| resolve(name, &["/nowhere".into()]).unwrap_err().to_string();
    insta::assert_snapshot!(sentence("base"), @"No model 'base' was found. `callscribe models pull base` downloads it; `callscribe models import FILE` brings it in without network.");
    insta::assert_snapshot!(sentence("bsae"), @"No model 'bsae' was found. Did you mean 'base'? `callscribe models list` shows all names; a file of your own is named by its path.");
    insta::assert_snapshot!(sentence("mini-q8_0"), @"No model 'mini-q8_0' was found. It ships with callscribe; looked in /nowhere. Set CALLSCRIBE_MODELS to the folder that holds it.");
    insta::assert_snapshot!(sentence("/nowhere/ggml-base.bin"), @"No model '/nowhere/ggml-base.bin' was found. There is no such file; `callscribe models list` shows what there is.");
}

#[test]
fn a_broken_file_does_not_hide_the_good_ones() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("broken.bin"), b"GGUF").unwrap();
    widened(dir.path(), "whole.bin", 384);
    fs::write(dir.path().join("notes.txt"), b"not a model").unwrap();
    let found = installed(&[dir.path().to_path_buf(), "/nowhere".into()]);
    assert_eq!(found.len(), 2);
    assert!(matches!(found[0].1, Err(ModelError::WrongKind { .. })));
    assert!(found[1].1.is_ok());
}
