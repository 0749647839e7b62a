//! What each channel of a call is, judged by its sound: a party, a copy of another channel, dead, or a party that another
//! one is heard through.
//!
//! Takes blocks at 16 kHz as `decode` hands them out and keeps a fixed amount of state however long the call. Never looks
//! at words: text that two channels share may have been said twice.
//!
//! Two passes: [`ChannelSurvey`] says what the channels are; where one is heard through on another, [`BleedMask`] says
//! when.

mod bleed;
mod dropout;
mod filter;
mod level;
mod pair;
mod relation;

use super::Block;
use crate::call::Dropouts;

pub use self::bleed::BleedMask;
pub use self::filter::{HighPass, sane};
pub use self::level::{SILENCE_DBFS, power_dbfs};

use self::dropout::DropoutMeter;
use self::level::LevelMeter;
use self::pair::PairMeter;

/// Lags looked for between two channels: 50 ms either way, beyond any echo path inside one building.
const LAG_MAX_SAMPLES: usize = 800;

/// What one channel is to the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation {
    /// Has a sound of its own and no other channel in it.
    Own,
    /// Nothing above the noise of a line.
    Dead,
    /// The same sound as another channel, and nothing else.
    CopyOf {
        /// The channel to listen to instead; the earlier one unless that is much quieter.
        channel: usize,
        /// How much louder this channel is.
        gain_db: f32,
        /// How much later this channel is, in samples at 16 kHz.
        lag_samples: i32,
    },
    /// Has a sound of its own, and another channel is heard through on it.
    Bleed {
        /// The channel that is heard through; the loudest of them when there are several.
        from: usize,
        /// How much quieter it is here than at home.
        attenuation_db: f32,
        /// How much later it is here, in samples at 16 kHz.
        lag_samples: i32,
    },
}

/// What was measured on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelSound {
    /// RMS over the whole call without offset, in dB below full scale; absent for digital silence.
    pub rms_dbfs: Option<f32>,
    /// Level under which the quietest tenth of the call lies; absent for digital silence.
    pub noise_floor_dbfs: Option<f32>,
    /// Largest absolute sample.
    pub peak: f32,
    /// Share of samples at full scale, 0 to 1.
    pub clipped_share: f32,
    /// Mean of the samples.
    pub dc_offset: f32,
    /// Digital zeros in the middle of sound.
    pub dropouts: Dropouts,
    /// What it is to the others.
    pub relation: Relation,
    /// Length at 16 kHz.
    pub duration_samples: u64,
}

/// One way in which a channel is heard on another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BleedPath {
    /// Where the sound is at home.
    pub from: usize,
    /// Where it is heard as well.
    pub to: usize,
    /// How much quieter it is there.
    pub attenuation_db: f32,
    /// How much later it is there, in samples at 16 kHz.
    pub lag_samples: i32,
}

/// What every channel is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChannelMap {
    /// One a channel.
    pub sounds: Vec<ChannelSound>,
    /// Every bleed that was found, several into one channel included.
    pub paths: Vec<BleedPath>,
}

/// Listens to all channels once.
#[derive(Debug)]
pub struct ChannelSurvey {
    filters: Vec<HighPass>,
    levels: Vec<LevelMeter>,
    dropouts: Vec<DropoutMeter>,
    pairs: PairMeter,
    /// The samples that were pushed last, as numbers that can be measured.
    clean: Vec<f32>,
    /// All channels behind the high-pass.
    filtered: Vec<Vec<f32>>,
}

impl ChannelSurvey {
    /// For a file with that many channels.
    pub fn new(channel_count: usize) -> Self {
        Self {
            filters: vec![HighPass::default(); channel_count],
            levels: vec![LevelMeter::default(); channel_count],
            dropouts: vec![DropoutMeter::default(); channel_count],
            pairs: PairMeter::new(channel_count),
            clean: Vec::new(),
            filtered: vec![Vec::new(); channel_count],
        }
    }

    /// Takes the next block; what is not a number counts as silence. Hands out the same audio behind the high-pass, one a
    /// channel, for whoever measures further.
    pub fn push(&mut self, block: &Block) -> &[Vec<f32>] {
        let meters = self.filters.iter_mut().zip(&mut self.levels).zip(&mut self.dropouts).zip(&mut self.filtered);
        for (channel, (((filter, level), dropouts), audio)) in block.iter().zip(meters) {
            self.clean.clear();
            self.clean.extend(channel.iter().map(|&sample| sane(sample)));
            filter.run_into(&self.clean, audio);
            level.push(&self.clean, audio);
            dropouts.push(&self.clean);
        }
        self.pairs.push(&self.filtered);
        &self.filtered
    }

    /// Says what each channel is.
    pub fn finish(self) -> ChannelMap {
        let mut map = relation::judge(&self.levels, &self.pairs);
        for (sound, dropouts) in map.sounds.iter_mut().zip(&self.dropouts) {
            sound.dropouts = dropouts.dropouts();
        }
        map
    }
}
