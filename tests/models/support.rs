//! Model files to test with: the miniature that ships, and small files made in its format.

use std::path::{Path, PathBuf};

/// The folder that ships with the program.
pub fn shipped_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// The miniature.
pub fn miniature() -> PathBuf {
    shipped_dir().join("mini-q8_0.bin")
}

/// A whole file in ggml's Whisper format with the given width: one layer on each side, tiny tensors, no sense.
pub fn whisper_file(width: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut numbers = |values: &[u32]| bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    numbers(&[0x6767_6d6c]);
    numbers(&[51_865, 1500, width, 2, 1, 448, width, 2, 1, 80, 1]);
    numbers(&[80, 1]);
    numbers(&[0; 80]);
    numbers(&[1, 4, 0x6464_6464]);
    for _ in 0..(11 + 15 + 24) {
        numbers(&[1, 4, 0, 2, 0x6e6e_6e6e, 0, 0]);
    }
    bytes
}
