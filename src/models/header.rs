//! Reads a ggml Whisper file's header and walks its tensor table, without reading any weights.
//!
//! Layout, all numbers 32-bit little-endian: magic; 11 hyper-parameters; mel filters (`n_mel`, `n_fft`, floats);
//! vocabulary (count, then length and bytes each); tensors up to the end of the file (dimension count, name length,
//! type, dimensions, name, data). whisper.cpp takes a file without any tensor for an empty test model and loads it,
//! so the count is checked here.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::ModelError;

const MAGIC: u32 = 0x6767_6d6c;
/// Bytes looked at to name a file that is no model.
const PEEK_BYTES: usize = 64;
/// The largest vocabulary of any Whisper is 51866; a larger number means a damaged header, not a larger model.
const VOCABULARY_MAX: u32 = 200_000;
/// Longest token in the published vocabularies is under 200 bytes.
const TOKEN_BYTES_MAX: u32 = 4096;
/// large has 1280 and 32; anything beyond these is a damaged header.
const WIDTH_MAX: u32 = 8192;
const LAYERS_MAX: u32 = 256;
/// ggml's own bounds (`GGML_MAX_DIMS`, `GGML_MAX_NAME`).
const DIMENSIONS_MAX: u32 = 4;
const TENSOR_NAME_BYTES_MAX: u32 = 128;

/// What a model file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelHeader {
    /// Tokens, special ones included: 51864 English only, 51865 or 51866 multilingual.
    pub vocabulary_size: u32,
    /// Encoder positions of a full 30 s window (1500).
    pub audio_ctx: u32,
    /// Width of the encoder (`n_audio_state`).
    pub width: u32,
    /// Encoder layers.
    pub audio_layers: u32,
    /// Decoder layers.
    pub text_layers: u32,
    /// Mel bands: 80, or 128 since large-v3.
    pub mel_bands: u32,
    /// How the weights are stored: `f16`, `q8_0`, …
    pub quantisation: &'static str,
    /// Size of the file.
    pub size_bytes: u64,
}

impl ModelHeader {
    /// Knows other languages than English.
    pub const fn multilingual(&self) -> bool {
        self.vocabulary_size >= 51_865
    }

    /// Tensors a whole file has: 11 outside the layers, 15 in an encoder layer, 24 in a decoder layer.
    const fn tensor_count(&self) -> u32 {
        11 + 15 * self.audio_layers + 24 * self.text_layers
    }
}

/// Reads the header of `path` and checks that every tensor it announces lies whole inside the file.
///
/// # Errors
///
/// [`ModelError::WrongKind`] names what the file is instead, [`ModelError::Damaged`] what is missing.
pub fn inspect(path: &Path) -> Result<ModelHeader, ModelError> {
    let file = File::open(path).map_err(|source| not_readable(path, source))?;
    let metadata = file.metadata().map_err(ModelError::io(path, "read"))?;
    if !metadata.is_file() {
        return Err(wrong_kind(path, "it is not a regular file"));
    }
    let mut walk = Walk { path, size_bytes: metadata.len(), position: 0, reader: BufReader::new(file) };
    walk.whole_file()
}

fn not_readable(path: &Path, source: io::Error) -> ModelError {
    if source.kind() == io::ErrorKind::NotFound {
        return ModelError::NotFound {
            name: path.display().to_string(),
            mend: "There is no such file; `callscribe models list` shows what there is.".to_owned(),
        };
    }
    ModelError::Io { path: path.to_path_buf(), done: "read", source }
}

fn wrong_kind(path: &Path, found: impl Into<String>) -> ModelError {
    ModelError::WrongKind { path: path.to_path_buf(), found: found.into() }
}

/// One pass over the file.
struct Walk<'a> {
    path: &'a Path,
    size_bytes: u64,
    position: u64,
    reader: BufReader<File>,
}

impl Walk<'_> {
    fn whole_file(&mut self) -> Result<ModelHeader, ModelError> {
        self.check_kind()?;
        let header = self.hyper_parameters()?;
        self.mel_filters(&header)?;
        self.vocabulary()?;
        let mut tensors = 0;
        while self.position < self.size_bytes {
            self.tensor(tensors)?;
            tensors += 1;
            if tensors > header.tensor_count() {
                return Err(self.damaged(format!(
                    "it holds more than the {} tensors its header announces",
                    header.tensor_count()
                )));
            }
        }
        if tensors < header.tensor_count() {
            let found = format!("it ends after {tensors} of {} tensors", header.tensor_count());
            return Err(self.damaged(found));
        }
        Ok(header)
    }

    /// Everything else that is handed over as a model gets its name here.
    fn check_kind(&mut self) -> Result<(), ModelError> {
        let mut peek = [0; PEEK_BYTES];
        let length = read_up_to(&mut self.reader, &mut peek).map_err(ModelError::io(self.path, "read"))?;
        let peek = &peek[..length];
        self.reader.seek(SeekFrom::Start(4)).map_err(ModelError::io(self.path, "read"))?;
        self.position = 4;
        match kind_of(peek) {
            Kind::Whisper => Ok(()),
            Kind::Other(found) => Err(wrong_kind(self.path, found)),
        }
    }

    fn hyper_parameters(&mut self) -> Result<ModelHeader, ModelError> {
        let mut values = [0; 11];
        for value in &mut values {
            *value = self.number()?;
        }
        let [vocabulary_size, audio_ctx, width, _, audio_layers, _, text_width, _, text_layers, mel_bands, ftype] =
            values;
        let plausible = (1..=VOCABULARY_MAX).contains(&vocabulary_size)
            && (1..=WIDTH_MAX).contains(&width)
            && text_width == width
            && (1..=LAYERS_MAX).contains(&audio_layers)
            && (1..=LAYERS_MAX).contains(&text_layers)
            && (1..=10_000).contains(&audio_ctx)
            && (1..=1024).contains(&mel_bands);
        let quantisation = quantisation_name(ftype);
        let (true, Some(quantisation)) = (plausible, quantisation) else {
            return Err(wrong_kind(
                self.path,
                "it starts like a ggml file, but its header is not that of a Whisper model",
            ));
        };
        let size_bytes = self.size_bytes;
        Ok(ModelHeader {
            vocabulary_size,
            audio_ctx,
            width,
            audio_layers,
            text_layers,
            mel_bands,
            quantisation,
            size_bytes,
        })
    }

    fn mel_filters(&mut self, header: &ModelHeader) -> Result<(), ModelError> {
        let (bands, bins) = (self.number()?, self.number()?);
        if bands != header.mel_bands || bins > 10_000 {
            return Err(self.damaged("its mel filters do not fit its header".to_owned()));
        }
        self.skip(u64::from(bands) * u64::from(bins) * 4, "its mel filters")
    }

    fn vocabulary(&mut self) -> Result<(), ModelError> {
        let count = self.number()?;
        if count > VOCABULARY_MAX {
            return Err(self.damaged("its vocabulary has no sensible size".to_owned()));
        }
        for _ in 0..count {
            let length = self.number()?;
            if length > TOKEN_BYTES_MAX {
                return Err(self.damaged("its vocabulary is garbled".to_owned()));
            }
            self.skip(u64::from(length), "its vocabulary")?;
        }
        Ok(())
    }

    fn tensor(&mut self, index: u32) -> Result<(), ModelError> {
        let (dimensions, name_length, kind) = (self.number()?, self.number()?, self.number()?);
        if !(1..=DIMENSIONS_MAX).contains(&dimensions) || name_length > TENSOR_NAME_BYTES_MAX {
            return Err(self.damaged(format!("its table of tensors is garbled at number {index}")));
        }
        let mut elements: u64 = 1;
        for _ in 0..dimensions {
            elements = elements.saturating_mul(u64::from(self.number()?));
        }
        let Some((block_elements, block_bytes)) = block_of(kind) else {
            return Err(self.damaged(format!("tensor {index} has type {kind}, which no Whisper model has")));
        };
        self.skip(u64::from(name_length), "the name of a tensor")?;
        self.skip((elements / block_elements).saturating_mul(block_bytes), "its weights")
    }

    fn number(&mut self) -> Result<u32, ModelError> {
        let mut bytes = [0; 4];
        if self.position + 4 > self.size_bytes {
            return Err(self.cut_off(self.position + 4, "its header"));
        }
        self.reader.read_exact(&mut bytes).map_err(ModelError::io(self.path, "read"))?;
        self.position += 4;
        Ok(u32::from_le_bytes(bytes))
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Result<(), ModelError> {
        let end = self.position.saturating_add(bytes);
        if end > self.size_bytes {
            return Err(self.cut_off(end, what));
        }
        let offset = i64::try_from(bytes).map_err(|_| self.cut_off(end, what))?;
        self.reader.seek_relative(offset).map_err(ModelError::io(self.path, "read"))?;
        self.position = end;
        Ok(())
    }

    fn cut_off(&self, end: u64, what: &str) -> ModelError {
        let found = format!("it was cut off inside {what} ({} bytes of at least {end})", self.size_bytes);
        self.damaged(found)
    }

    fn damaged(&self, found: String) -> ModelError {
        ModelError::Damaged { path: self.path.to_path_buf(), found, mend: mend_for(self.path) }
    }
}

/// How to get a whole copy of the model in `path`.
pub(super) fn mend_for(path: &Path) -> String {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    super::catalogue().find(|entry| entry.published && entry.file_name == file_name).map_or_else(
        || "Copy it here again from where it came from.".to_owned(),
        |entry| format!("`callscribe models pull {}` fetches it again.", entry.name),
    )
}

fn read_up_to(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match reader.read(&mut into[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

enum Kind {
    Whisper,
    Other(String),
}

fn kind_of(peek: &[u8]) -> Kind {
    let other = |found: &str| Kind::Other(found.to_owned());
    if peek.is_empty() {
        return other("it is empty");
    }
    let text = String::from_utf8_lossy(peek).trim_start().to_ascii_lowercase();
    if peek.starts_with(&MAGIC.to_le_bytes()) {
        // Silero's voice activity model shares the magic; a type name follows it.
        return if text.contains("silero") {
            other("it is a voice activity model; its place is transcribe.vad_model")
        } else {
            Kind::Whisper
        };
    }
    match peek {
        [b'G', b'G', b'U', b'F', ..] => other("it is a GGUF file, which whisper.cpp does not read"),
        [b'P', b'K', 3, 4, ..] => other("it is a ZIP archive, perhaps a PyTorch checkpoint"),
        [b'R', b'I', b'F', b'F', ..] => other("it is an audio file"),
        [0x1f, 0x8b, ..] => other("it is compressed with gzip"),
        [_, _, _, _, _, _, _, _, b'{', ..] => other("it is a safetensors file"),
        _ if text.starts_with("version https://git-lfs") => {
            other("it is a Git LFS pointer: the model itself was not fetched")
        }
        _ if text.starts_with('<') => other("it is a web page, perhaps a login or error page"),
        _ => other("it does not start like one"),
    }
}

/// ggml's file types; a quantised file adds 1000 for each version of the quantisation format.
fn quantisation_name(ftype: u32) -> Option<&'static str> {
    Some(match ftype % 1000 {
        0 => "f32",
        1 => "f16",
        2 => "q4_0",
        3 => "q4_1",
        7 => "q8_0",
        8 => "q5_0",
        9 => "q5_1",
        10 => "q2_K",
        11 => "q3_K",
        12 => "q4_K",
        13 => "q5_K",
        14 => "q6_K",
        24 => "bf16",
        _ => return None,
    })
}

/// Elements and bytes of one block of a tensor type, after ggml's table of types.
fn block_of(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),
        1 | 30 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    })
}

/// Checks that `path` is a Silero voice activity model in ggml format.
///
/// # Errors
///
/// [`ModelError::WrongKind`] when it is anything else, [`ModelError::NotFound`] when it is not there.
pub fn inspect_voice_activity(path: &Path) -> Result<(), ModelError> {
    let mut peek = [0; PEEK_BYTES];
    let mut file = File::open(path).map_err(|source| not_readable(path, source))?;
    let length = read_up_to(&mut file, &mut peek).map_err(ModelError::io(path, "read"))?;
    let named = peek[..length].windows(6).any(|window| window.eq_ignore_ascii_case(b"silero"));
    if peek[..length].starts_with(&MAGIC.to_le_bytes()) && named {
        return Ok(());
    }
    Err(wrong_kind(path, "transcribe.vad_model takes Silero weights in ggml format (ggml-silero-….bin)"))
}
