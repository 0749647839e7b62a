//! Gives the miniature Whisper model the compute shape of a real one without changing what it computes.
//!
//! The miniature is so small that its speed says nothing about real models. Every feature is repeated k times and every
//! matrix divided by k on its input side, which leaves layer norms, attention and logits as they were: the same text at
//! the cost of a model of that size. Layers beyond the miniature's own have zero output matrices and pass their input
//! through. Reads and writes ggml Whisper files: f32, f16 and q8_0 in, f16 and q8_0 out.

use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// "ggml" as a little-endian number.
const MAGIC: i32 = 0x6767_6d6c;
/// Tensor types of ggml that are read here.
const F32: i32 = 0;
const F16: i32 = 1;
const Q8_0: i32 = 8;
/// Values that share one scale in q8_0, and the bytes they take with it.
const Q8_0_VALUES: usize = 32;
const Q8_0_BYTES: usize = 34;
/// Features of one attention head, in every Whisper model.
const HEAD_WIDTH: i32 = 64;
/// Two-dimensional tensors that whisper.cpp wants in f32 whatever the file's type.
const FULL_PRECISION: [&str; 4] =
    ["encoder.conv1.bias", "encoder.conv2.bias", "encoder.positional_embedding", "decoder.positional_embedding"];
/// Part of the cached file's name; rises when this file computes something else.
const VERSION: u32 = 1;

/// Places in the header's eleven numbers.
const AUDIO_WIDTH: usize = 2;
const AUDIO_HEADS: usize = 3;
const AUDIO_LAYERS: usize = 4;
const TEXT_WIDTH: usize = 6;
const TEXT_HEADS: usize = 7;
const TEXT_LAYERS: usize = 8;
const FILE_TYPE: usize = 10;

/// What the widened model is shaped like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Mini,
    /// Whisper tiny.
    Tiny,
    /// Whisper base.
    Base,
    /// Whisper small.
    Small,
}

impl Shape {
    /// All shapes, from small to large.
    pub const ALL: [Self; 4] = [Self::Mini, Self::Tiny, Self::Base, Self::Small];

    /// The name in environment and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::Tiny => "tiny",
            Self::Base => "base",
            Self::Small => "small",
        }
    }

    /// Width, and layers of encoder and decoder; `None` keeps what the file has.
    const fn size(self) -> Option<(i32, i32)> {
        match self {
            Self::Mini => None,
            Self::Tiny => Some((384, 4)),
            Self::Base => Some((512, 6)),
            Self::Small => Some((768, 12)),
        }
    }
}

/// How matrices are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Half precision.
    F16,
    /// Eight bits with a scale for 32 values.
    Q8_0,
}

impl Weights {
    /// The name in environment and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }

    /// ggml's number for a file of this type; 2 is the version of its quantisation formats.
    const fn file_type(self) -> i32 {
        match self {
            Self::F16 => 1,
            Self::Q8_0 => 2007,
        }
    }
}

/// The miniature at `source` in another shape, from the cache in `folder` if it was made before.
pub fn widened(source: &Path, folder: &Path, shape: Shape, weights: Weights) -> io::Result<PathBuf> {
    let bytes = std::fs::read(source)?;
    let digest: String = Sha256::digest(&bytes).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    // A name that begins with `mini-` tells the program whose ear the model has.
    let name = format!("mini-{}-{}-{digest}-v{VERSION}.bin", shape.as_str(), weights.as_str());
    let target = folder.join(name);
    if target.exists() {
        return Ok(target);
    }
    let model = Model::read(&mut bytes.as_slice())?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    model.write(&mut BufWriter::new(file.as_file_mut()), shape, weights)?;
    file.persist(&target)?;
    Ok(target)
}

/// A Whisper file in memory.
struct Model {
    header: [i32; 11],
    /// Mel filter bank and vocabulary, as they stand in the file.
    middle: Vec<u8>,
    tensors: Vec<Tensor>,
}

/// One tensor, row-major: `rows` (output side) x `columns` (input side) x `inner` (taps of a convolution).
struct Tensor {
    name: String,
    /// Lengths of the dimensions in ggml's order, innermost first.
    lengths: Vec<i32>,
    rows: usize,
    columns: usize,
    inner: usize,
    values: Vec<f32>,
}

impl Model {
    fn read(file: &mut impl Read) -> io::Result<Self> {
        if read_i32(file)? != MAGIC {
            return Err(invalid("this is not a ggml Whisper file"));
        }
        let mut header = [0; 11];
        for number in &mut header {
            *number = read_i32(file)?;
        }
        let mut middle = Vec::new();
        let (bands, bins) = (copy_i32(file, &mut middle)?, copy_i32(file, &mut middle)?);
        copy(file, &mut middle, length(bands)? * length(bins)? * 4)?;
        for _ in 0..copy_i32(file, &mut middle)? {
            let token_bytes = copy_i32(file, &mut middle)?;
            copy(file, &mut middle, length(token_bytes)?)?;
        }
        let mut tensors = Vec::new();
        while let Some(tensor) = Tensor::read(file)? {
            tensors.push(tensor);
        }
        Ok(Self { header, middle, tensors })
    }

    fn write(&self, file: &mut impl Write, shape: Shape, weights: Weights) -> io::Result<()> {
        let (width, layers) = shape.size().unwrap_or((self.header[AUDIO_WIDTH], self.header[AUDIO_LAYERS]));
        if width % self.header[AUDIO_WIDTH] != 0 || layers < self.header[AUDIO_LAYERS] {
            return Err(invalid("the model is not narrower and shallower than the shape asked for"));
        }
        let mut header = self.header;
        (header[AUDIO_WIDTH], header[TEXT_WIDTH]) = (width, width);
        (header[AUDIO_HEADS], header[TEXT_HEADS]) = (width / HEAD_WIDTH, width / HEAD_WIDTH);
        (header[AUDIO_LAYERS], header[TEXT_LAYERS]) = (layers, layers);
        header[FILE_TYPE] = weights.file_type();
        for number in [MAGIC].iter().chain(&header) {
            file.write_all(&number.to_le_bytes())?;
        }
        file.write_all(&self.middle)?;

        let times = length(width / self.header[AUDIO_WIDTH])?;
        for tensor in &self.tensors {
            tensor.widened(times).write(file, weights)?;
        }
        let own_layers = self.header[AUDIO_LAYERS];
        for part in ["encoder", "decoder"] {
            let last = format!("{part}.blocks.{}.", own_layers - 1);
            for layer in own_layers..layers {
                for tensor in &self.tensors {
                    if let Some(tail) = tensor.name.strip_prefix(&last) {
                        let name = format!("{part}.blocks.{layer}.{tail}");
                        tensor.widened(times).passing_through(name, tail).write(file, weights)?;
                    }
                }
            }
        }
        file.flush()
    }
}

impl Tensor {
    /// `None` at the end of the file.
    fn read(file: &mut impl Read) -> io::Result<Option<Self>> {
        let mut first = [0; 4];
        if file.read(&mut first[..1])? == 0 {
            return Ok(None);
        }
        file.read_exact(&mut first[1..])?;
        let dimensions = i32::from_le_bytes(first);
        let (name_bytes, kind) = (length(read_i32(file)?)?, read_i32(file)?);
        let lengths = (0..dimensions).map(|_| read_i32(file)).collect::<io::Result<Vec<i32>>>()?;
        let mut name = vec![0; name_bytes];
        file.read_exact(&mut name)?;
        let name = String::from_utf8(name).map_err(|_| invalid("a tensor's name is not text"))?;
        let at = |index: usize| lengths.get(index).map_or(Ok(1), |&number| length(number));
        let (rows, columns, inner) = match lengths.len() {
            1 => (at(0)?, 1, 1),
            2 => (at(1)?, at(0)?, 1),
            3 => (at(2)?, at(1)?, at(0)?),
            _ => return Err(invalid("a tensor has more than three dimensions")),
        };
        let values = read_values(file, kind, rows * columns * inner)?;
        Ok(Some(Self { name, lengths, rows, columns, inner, values }))
    }

    /// The tensor of a model `times` as wide.
    fn widened(&self, times: usize) -> Self {
        let is_matrix = self.name.ends_with(".weight") && self.lengths.len() >= 2;
        match self.name.as_str() {
            "encoder.positional_embedding" | "decoder.positional_embedding" | "decoder.token_embedding.weight" => {
                self.repeated(1, times, 1.0)
            }
            // The mel bands that come in are not repeated.
            "encoder.conv1.weight" => self.repeated(times, 1, 1.0),
            // Logits are embedding times state: with both repeated they would be `times` as large.
            "decoder.ln.weight" | "decoder.ln.bias" => self.repeated(times, 1, times as f32),
            _ if is_matrix => self.repeated(times, times, times as f32),
            _ => self.repeated(times, 1, 1.0),
        }
    }

    fn repeated(&self, row_times: usize, column_times: usize, divisor: f32) -> Self {
        let row_values = self.columns * self.inner;
        let mut values = Vec::with_capacity(self.values.len() * row_times * column_times);
        for _ in 0..row_times {
            for row in self.values.chunks(row_values) {
                for _ in 0..column_times {
                    values.extend(row.iter().map(|value| value / divisor));
                }
            }
        }
        let (rows, columns) = (self.rows * row_times, self.columns * column_times);
        let mut lengths = self.lengths.clone();
        let last = lengths.len() - 1;
        lengths[last] *= row_times as i32;
        if last > 0 {
            lengths[last - 1] *= column_times as i32;
        }
        Self { name: self.name.clone(), lengths, rows, columns, inner: self.inner, values }
    }

    /// The same tensor in a layer that adds nothing to what runs past it.
    fn passing_through(mut self, name: String, tail: &str) -> Self {
        if tail.starts_with("mlp.2.") || tail.rsplit('.').nth(1) == Some("out") {
            self.values.fill(0.0);
        }
        self.name = name;
        self
    }

    fn write(&self, file: &mut impl Write, weights: Weights) -> io::Result<()> {
        let (kind, data) = if self.lengths.len() < 2 || FULL_PRECISION.contains(&self.name.as_str()) {
            (F32, self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        } else if weights == Weights::F16 || self.lengths.len() != 2 {
            (F16, self.values.iter().flat_map(|&value| f16_from_f32(value).to_le_bytes()).collect())
        } else {
            (Q8_0, quantise_q8_0(&self.values))
        };
        for number in [self.lengths.len() as i32, self.name.len() as i32, kind].iter().chain(&self.lengths) {
            file.write_all(&number.to_le_bytes())?;
        }
        file.write_all(self.name.as_bytes())?;
        file.write_all(&data)
    }
}

fn read_values(file: &mut impl Read, kind: i32, count: usize) -> io::Result<Vec<f32>> {
    let size_bytes = match kind {
        F32 => count * 4,
        F16 => count * 2,
        Q8_0 => count / Q8_0_VALUES * Q8_0_BYTES,
        _ => return Err(invalid("a tensor is neither f32 nor f16 nor q8_0")),
    };
    let mut bytes = vec![0; size_bytes];
    file.read_exact(&mut bytes)?;
    let half = |pair: &[u8]| f32_from_f16(u16::from_le_bytes([pair[0], pair[1]]));
    Ok(match kind {
        F32 => bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect(),
        F16 => bytes.chunks_exact(2).map(half).collect(),
        _ => {
            let block = |block: &[u8]| {
                let scale = half(block);
                block[2..].iter().map(|&step| f32::from(step.cast_signed()) * scale).collect::<Vec<f32>>()
            };
            bytes.chunks_exact(Q8_0_BYTES).flat_map(block).collect()
        }
    })
}

/// One scale for 32 values, as ggml does it: the largest becomes 127.
fn quantise_q8_0(values: &[f32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() / Q8_0_VALUES * Q8_0_BYTES);
    for block in values.chunks_exact(Q8_0_VALUES) {
        let scale = block.iter().fold(0.0f32, |max, value| max.max(value.abs())) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        out.extend(f16_from_f32(scale).to_le_bytes());
        out.extend(block.iter().map(|value| ((value * inverse).round_ties_even() as i8).cast_unsigned()));
    }
    out
}

/// IEEE 754 half precision, rounded to nearest, ties to even.
fn f16_from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = value.abs();
    // Below the smallest normal number (2^-14) halves are steps of 2^-24; scaling by powers of two is exact.
    if magnitude < f32::from_bits(0x3880_0000) {
        return sign | (magnitude * 16_777_216.0).round_ties_even() as u16;
    }
    if magnitude >= 65_520.0 || magnitude.is_nan() {
        return sign | if magnitude.is_nan() { 0x7e00 } else { 0x7c00 };
    }
    // Rebias the exponent (127 to 15), add just under half a step, and one more when the kept part is odd.
    let rebiased = (bits & 0x7fff_ffff) - (112 << 23);
    sign | ((rebiased + 0xfff + (rebiased >> 13 & 1)) >> 13) as u16
}

fn f32_from_f16(half: u16) -> f32 {
    let (exponent, fraction) = (half >> 10 & 0x1f, u32::from(half & 0x3ff));
    let magnitude = match exponent {
        0 => fraction as f32 / 16_777_216.0,
        0x1f if fraction == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => f32::from_bits((u32::from(exponent) + 112) << 23 | fraction << 13),
    };
    if half & 0x8000 == 0 { magnitude } else { -magnitude }
}

fn read_i32(file: &mut impl Read) -> io::Result<i32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(i32::from_le_bytes(bytes))
}

fn copy(file: &mut impl Read, to: &mut Vec<u8>, size_bytes: usize) -> io::Result<()> {
    let from = to.len();
    to.resize(from + size_bytes, 0);
    file.read_exact(&mut to[from..])
}

fn copy_i32(file: &mut impl Read, to: &mut Vec<u8>) -> io::Result<i32> {
    let number = read_i32(file)?;
    to.extend(number.to_le_bytes());
    Ok(number)
}

fn length(number: i32) -> io::Result<usize> {
    usize::try_from(number).map_err(|_| invalid("a length is negative"))
}

fn invalid(sentence: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, sentence)
}
