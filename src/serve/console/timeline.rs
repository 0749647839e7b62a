//! Who spoke when: one lane a speaker over the length of the call.

use crate::call::Transcript;

/// Units of a lane's width.
const WIDTH: f64 = 1000.0;
/// Stretches closer together than this are drawn as one: less than a pixel apart.
const GAP_MIN: f64 = 0.6;
/// Narrowest stretch drawn.
const BAR_MIN: f64 = 1.0;
/// Lanes drawn; a conference has more speakers than a screen has room.
const LANES_MAX: usize = 12;
/// Colours there are for speakers.
pub(super) const HUES: usize = 6;

/// One speaker.
pub(super) struct Lane {
    pub(super) speaker: String,
    /// Channel in the file, for its sound.
    pub(super) channel: u16,
    pub(super) hue: usize,
    pub(super) bars: Vec<Bar>,
    pub(super) spoken_s: f64,
    /// Of all speech, 0 to 1.
    pub(super) share: f64,
}

/// One stretch of speech.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) width: f64,
}

/// Lanes in the order in which the speakers begin.
pub(super) fn lanes(transcript: &Transcript) -> Vec<Lane> {
    let length = transcript.duration_ms.max(1) as f64;
    let mut lanes: Vec<Lane> = Vec::new();
    for segment in &transcript.segments {
        let known = lanes.iter().position(|lane| lane.speaker == segment.speaker && lane.channel == segment.channel);
        let place = match known {
            Some(place) => place,
            None if lanes.len() < LANES_MAX => {
                let hue = lanes.len() % HUES;
                let (speaker, channel) = (segment.speaker.clone(), segment.channel);
                lanes.push(Lane { speaker, channel, hue, bars: Vec::new(), spoken_s: 0.0, share: 0.0 });
                lanes.len() - 1
            }
            None => continue,
        };
        let lane = &mut lanes[place];
        lane.spoken_s += segment.duration_ms() as f64 / 1000.0;
        let x = (segment.start_ms as f64 / length * WIDTH).min(WIDTH);
        let end = (segment.end_ms as f64 / length * WIDTH).min(WIDTH);
        let end = end.max(x + BAR_MIN);
        match lane.bars.last_mut() {
            Some(last) if x - (last.x + last.width) < GAP_MIN => last.width = last.width.max(end - last.x),
            _ => lane.bars.push(Bar { x, width: end - x }),
        }
    }
    let all: f64 = lanes.iter().map(|lane| lane.spoken_s).sum();
    for lane in &mut lanes {
        lane.share = if all > 0.0 { lane.spoken_s / all } else { 0.0 };
    }
    lanes
}

/// The colour of a speaker; the first one's for those without a lane.
pub(super) fn hue(lanes: &[Lane], speaker: &str) -> usize {
    lanes.iter().find(|lane| lane.speaker == speaker).map_or(0, |lane| lane.hue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Segment, TranscriptSource};

    fn spoken(turns: &[(u16, u64, u64)]) -> Transcript {
        let segment = |(channel, start_ms, end_ms): &(u16, u64, u64)| Segment {
            channel: *channel,
            speaker: format!("Speaker {}", channel + 1),
            start_ms: *start_ms,
            end_ms: *end_ms,
            text: String::new(),
            words: vec![],
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        };
        Transcript {
            duration_ms: 10_000,
            ..Transcript::new(TranscriptSource::Local, "base", turns.iter().map(segment).collect())
        }
    }

    #[test]
    fn each_speaker_has_a_lane_with_what_he_said_in_place() {
        let lanes = lanes(&spoken(&[(1, 0, 1_000), (0, 1_000, 4_000), (1, 5_000, 6_000)]));
        let speakers: Vec<&str> = lanes.iter().map(|lane| lane.speaker.as_str()).collect();
        assert_eq!(speakers, ["Speaker 2", "Speaker 1"]);
        assert_eq!(lanes[0].bars, [Bar { x: 0.0, width: 100.0 }, Bar { x: 500.0, width: 100.0 }]);
        assert!((lanes[0].share - 0.4).abs() < 1e-9);
    }

    #[test]
    fn thousands_of_stretches_become_few() {
        let turns: Vec<(u16, u64, u64)> = (0..5_000).map(|turn| (0, turn * 2, turn * 2 + 1)).collect();
        assert_eq!(lanes(&spoken(&turns))[0].bars.len(), 1);
    }

    #[test]
    fn a_stretch_past_the_end_stays_on_the_lane() {
        let bars = &lanes(&spoken(&[(0, 9_900, 99_000)]))[0].bars;
        assert!(bars[0].x + bars[0].width <= WIDTH + BAR_MIN);
    }
}
