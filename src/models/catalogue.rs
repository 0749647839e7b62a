//! The published ggml Whisper models, and the miniature that ships with the program.
//!
//! Names, sizes and SHA-256 digests of the published files are those that the repository `ggerganov/whisper.cpp` on
//! Hugging Face states for them (its file list with Git LFS digests, revision 5359861c). The sizes of the multilingual
//! ones were also computed from the file format and the models' shapes: they agree to the byte.
//! `small.en-tdrz` is left out: it lives elsewhere, and its speaker-turn tokens are not used here.

use std::borrow::Cow;

/// Where the published models lie; a mirror has the same file names below it.
pub const DOWNLOAD_BASE_URL: &str = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main";

/// The model that ships with the program.
pub const MINIATURE_NAME: &str = "mini-q8_0";

/// Longest window given to a real Whisper model: two seconds under the 30 s it was trained on, so that padding fits.
const WINDOW_MS_MAX: u32 = 28_000;

/// Longest window the miniature is accurate on, by its own measurements (models/README.md).
const MINIATURE_WINDOW_MS_MAX: u32 = 6_000;

/// Silence the miniature's audio context keeps after the window.
const MINIATURE_CONTEXT_MARGIN_MS: u32 = 1_280;

/// Real models put far apart turns into one window without harm: nothing is carried over, and the time map undoes it.
const PAUSE_MS_MAX: u32 = 60_000;

/// The miniature is at its best with one turn in a window.
const MINIATURE_PAUSE_MS_MAX: u32 = 1_500;

/// Context behind the window for real models. Without any, whisper.cpp's users saw loops; with 1.3 s (64 positions) the
/// words of long contexts; four times that is the safe side, and a window in doubt is decoded again with all 30 s.
const CONTEXT_MARGIN_MS: u32 = 5_120;

/// What is known about a model before its file is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The name in configuration, transcripts and listings.
    pub name: Cow<'static, str>,
    /// The file's name, without folder.
    pub file_name: Cow<'static, str>,
    /// The file's exact size; absent for a file that no catalogue knows.
    pub size_bytes: Option<u64>,
    /// SHA-256 of the file in lower-case hexadecimal; absent for a file that no catalogue knows.
    pub sha256: Option<Cow<'static, str>>,
    /// Can be downloaded with `models pull`.
    pub published: bool,
    /// Knows other languages than English.
    pub multilingual: bool,
    /// Knows only the sample calls. Everything that shows a transcript of it says so.
    pub miniature: bool,
    /// Longest window of audio it is accurate on.
    pub window_ms_max: u32,
    /// Longest pause that is cut out inside a window; after a longer one a new window begins.
    pub pause_ms_max: u32,
    /// How much longer than the window the encoder's context must be; it is fitted to the window, not always 30 s.
    pub audio_ctx_margin_ms: u32,
    /// Memory one decoder state and the weights take, about.
    pub memory_bytes_estimate: u64,
}

impl ModelEntry {
    /// The address it is downloaded from; absent for what is not published.
    pub fn url(&self) -> Option<String> {
        self.published.then(|| format!("{DOWNLOAD_BASE_URL}/{}", self.file_name))
    }

    fn published((name, size_bytes, sha256): (&'static str, u64, &'static str)) -> Self {
        Self {
            name: name.into(),
            file_name: format!("ggml-{name}.bin").into(),
            size_bytes: Some(size_bytes),
            sha256: Some(sha256.into()),
            published: true,
            multilingual: !name.contains(".en"),
            miniature: false,
            window_ms_max: WINDOW_MS_MAX,
            pause_ms_max: PAUSE_MS_MAX,
            audio_ctx_margin_ms: CONTEXT_MARGIN_MS,
            memory_bytes_estimate: size_bytes + working_bytes(width_of(name)),
        }
    }

    /// The miniature, or a copy of it that was widened for a benchmark: the same words, the same short window.
    pub(super) fn miniature(name: &str, size_bytes: Option<u64>, width: u32) -> Self {
        let shipped = MINIATURES.iter().find(|(known, ..)| *known == name);
        let size_bytes = shipped.map(|(_, size, _)| *size).or(size_bytes);
        Self {
            name: name.to_owned().into(),
            file_name: format!("{name}.bin").into(),
            size_bytes,
            sha256: shipped.map(|(_, _, digest)| (*digest).into()),
            published: false,
            multilingual: true,
            miniature: true,
            window_ms_max: MINIATURE_WINDOW_MS_MAX,
            pause_ms_max: MINIATURE_PAUSE_MS_MAX,
            audio_ctx_margin_ms: MINIATURE_CONTEXT_MARGIN_MS,
            memory_bytes_estimate: size_bytes.unwrap_or(0) + working_bytes(width),
        }
    }

    /// A Whisper model that no catalogue knows, by what its header says.
    pub(super) fn unlisted(name: &str, file_name: &str, size_bytes: u64, width: u32, multilingual: bool) -> Self {
        Self {
            name: name.to_owned().into(),
            file_name: file_name.to_owned().into(),
            size_bytes: None,
            sha256: None,
            published: false,
            multilingual,
            miniature: false,
            window_ms_max: WINDOW_MS_MAX,
            pause_ms_max: PAUSE_MS_MAX,
            audio_ctx_margin_ms: CONTEXT_MARGIN_MS,
            memory_bytes_estimate: size_bytes + working_bytes(width),
        }
    }
}

/// Every model with a name: the miniature first, then the published ones from small to large.
pub fn catalogue() -> impl Iterator<Item = ModelEntry> {
    MINIATURES
        .iter()
        .map(|(name, size, _)| ModelEntry::miniature(name, Some(*size), MINIATURE_WIDTH))
        .chain(PUBLISHED.into_iter().map(ModelEntry::published))
}

/// The model of that name.
pub fn entry_named(name: &str) -> Option<ModelEntry> {
    catalogue().find(|entry| entry.name == name)
}

/// Width (`n_audio_state`) of the miniature; the smallest published model has 384.
pub(super) const MINIATURE_WIDTH: u32 = 128;

/// What a decoder state needs beside the weights: the memory whisper.cpp's README states for the f16 models (273, 388,
/// 852, 2100, 3900 MB) less their file sizes. Quantising shrinks the weights, not this.
const fn working_bytes(width: u32) -> u64 {
    const MB: u64 = 1_000_000;
    match width {
        0..=383 => 100 * MB,
        384..=511 => 195 * MB,
        512..=767 => 240 * MB,
        768..=1023 => 364 * MB,
        1024..=1279 => 566 * MB,
        _ => 805 * MB,
    }
}

fn width_of(name: &str) -> u32 {
    match name.split(['.', '-']).next() {
        Some("tiny") => 384,
        Some("base") => 512,
        Some("small") => 768,
        Some("medium") => 1024,
        _ => 1280,
    }
}

type Row = (&'static str, u64, &'static str);

/// Name, size, SHA-256. The second ships in `models/`; the first is the f16 file it was quantised from.
const MINIATURES: [Row; 2] = [
    ("mini", 18_747_713, "aec9ac37ad0a23d5421d23ec8665b70d62b58e8ce3d770a6181530f5de8ee30f"),
    (MINIATURE_NAME, 10_803_593, "903175cc3f046002e23b135f21176b51321955adf75f708fd8960cac3aa60bb1"),
];

/// Name, size, SHA-256.
const PUBLISHED: [Row; 33] = [
    ("tiny", 77_691_713, "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"),
    ("tiny-q5_1", 32_152_673, "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7"),
    ("tiny-q8_0", 43_537_433, "c2085835d3f50733e2ff6e4b41ae8a2b8d8110461e18821b09a15c40c42d1cca"),
    ("tiny.en", 77_704_715, "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f"),
    ("tiny.en-q5_1", 32_166_155, "c77c5766f1cef09b6b7d47f21b546cbddd4157886b3b5d6d4f709e91e66c7c2b"),
    ("tiny.en-q8_0", 43_550_795, "5bc2b3860aa151a4c6e7bb095e1fcce7cf12c7b020ca08dcec0c6d018bb7dd94"),
    ("base", 147_951_465, "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe"),
    ("base-q5_1", 59_707_625, "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"),
    ("base-q8_0", 81_768_585, "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9"),
    ("base.en", 147_964_211, "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002"),
    ("base.en-q5_1", 59_721_011, "4baf70dd0d7c4247ba2b81fafd9c01005ac77c2f9ef064e00dcf195d0e2fdd2f"),
    ("base.en-q8_0", 81_781_811, "a4d4a0768075e13cfd7e19df3ae2dbc4a68d37d36a7dad45e8410c9a34f8c87e"),
    ("small", 487_601_967, "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b"),
    ("small-q5_1", 190_085_487, "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb"),
    ("small-q8_0", 264_464_607, "49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f"),
    ("small.en", 487_614_201, "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d"),
    ("small.en-q5_1", 190_098_681, "bfdff4894dcb76bbf647d56263ea2a96645423f1669176f4844a1bf8e478ad30"),
    ("small.en-q8_0", 264_477_561, "67a179f608ea6114bd3fdb9060e762b588a3fb3bd00c4387971be4d177958067"),
    ("medium", 1_533_763_059, "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208"),
    ("medium-q5_0", 539_212_467, "19fea4b380c3a618ec4723c3eef2eb785ffba0d0538cf43f8f235e7b3b34220f"),
    ("medium-q8_0", 823_369_779, "42a1ffcbe4167d224232443396968db4d02d4e8e87e213d3ee2e03095dea6502"),
    ("medium.en", 1_533_774_781, "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356"),
    ("medium.en-q5_0", 539_225_533, "76733e26ad8fe1c7a5bf7531a9d41917b2adc0f20f2e4f5531688a8c6cd88eb0"),
    ("medium.en-q8_0", 823_382_461, "43fa2cd084de5a04399a896a9a7a786064e221365c01700cea4666005218f11c"),
    ("large-v1", 3_094_623_691, "7d99f41a10525d0206bddadd86760181fa920438b6b33237e3118ff6c83bb53d"),
    ("large-v2", 3_094_623_691, "9a423fe4d40c82774b6af34115b8b935f34152246eb19e80e376071d3f999487"),
    ("large-v2-q5_0", 1_080_732_091, "3a214837221e4530dbc1fe8d734f302af393eb30bd0ed046042ebf4baf70f6f2"),
    ("large-v2-q8_0", 1_656_129_691, "fef54e6d898246a65c8285bfa83bd1807e27fadf54d5d4e81754c47634737e8c"),
    ("large-v3", 3_095_033_483, "64d182b440b98d5203c4f9bd541544d84c605196c4f7b845dfa11fb23594d1e2"),
    ("large-v3-q5_0", 1_081_140_203, "d75795ecff3f83b5faa89d1900604ad8c780abd5739fae406de19f23ecd98ad1"),
    ("large-v3-turbo", 1_624_555_275, "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69"),
    ("large-v3-turbo-q5_0", 574_041_195, "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2"),
    ("large-v3-turbo-q8_0", 874_188_075, "317eb69c11673c9de1e1f0d459b253999804ec71ac4c23c17ecf5fbe24e259a1"),
];
