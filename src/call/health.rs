//! How well a channel can be heard.

use serde::{Deserialize, Serialize};

/// How wide the band of a channel's speech is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bandwidth {
    /// Less than a telephone carries, below 2.5 kHz: muffled.
    Muffled,
    /// A telephone's: up to 4 kHz.
    Narrowband,
    /// More than that.
    Wideband,
}

/// Moments in which the sound is gone in the middle of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dropouts {
    /// How many.
    pub count: u32,
    /// All together.
    pub total_ms: u64,
    /// The longest.
    pub longest_ms: u64,
}

/// What was measured on the sound of one channel, beside [`super::ChannelFacts`], which has the level of its loudest
/// speech, its noise, the share of clipped samples and the bleed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelHealth {
    /// RMS over all its speech in dB below full scale; absent without speech.
    pub speech_rms_dbfs: Option<f32>,
    /// Speech over the noise between it, in dB; absent without speech, or where the quiet is digital silence.
    pub snr_db: Option<f32>,
    /// Highest frequency, in steps of 500 Hz, that speech reaches; 8000 at most, for more is not looked at.
    pub bandwidth_hz: Option<u32>,
    /// What that makes.
    pub bandwidth: Option<Bandwidth>,
    /// Digital zeros in the middle of speech.
    pub dropouts: Dropouts,
    /// Time in which only another channel is heard through; see `bleed_from`.
    pub bleed_ms: u64,
    /// How much later the other channel is heard through, in milliseconds; beyond 20 people call it an echo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bleed_delay_ms: Option<i32>,
}
