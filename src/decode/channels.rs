//! What each channel is. For now every channel counts as one of its own.
use std::ops::Range;
pub struct ChannelMap {
    pub sounds: Vec<ChannelSound>,
}
pub struct ChannelSound {
    pub rms_dbfs: Option<f32>,
    pub noise_floor_dbfs: Option<f32>,
    pub peak: f32,
    pub clipped_share: f32,
    pub relation: Relation,
}
#[derive(Clone, Copy)]
pub enum Relation {
    Own,
    Dead,
    CopyOf { channel: usize, gain_db: f32, lag_samples: i32 },
    Bleed { from: usize, attenuation_db: f32, lag_samples: i32 },
}
pub struct ChannelSurvey(usize);
impl ChannelSurvey {
    pub fn new(n: usize) -> Self {
        Self(n)
    }
    pub fn push(&mut self, _: &super::Block) {}
    pub fn finish(self) -> ChannelMap {
        ChannelMap {
            sounds: (0..self.0)
                .map(|_| ChannelSound {
                    rms_dbfs: None,
                    noise_floor_dbfs: None,
                    peak: 0.0,
                    clipped_share: 0.0,
                    relation: Relation::Own,
                })
                .collect(),
        }
    }
}
pub struct BleedMask;
impl BleedMask {
    pub fn new(_: &ChannelMap) -> Self {
        Self
    }
    pub fn push(&mut self, _: &super::Block) {}
    pub fn finish(self) -> Vec<Vec<Range<u64>>> {
        vec![]
    }
}
