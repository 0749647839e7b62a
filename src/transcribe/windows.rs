//! Speech packed into windows for the recogniser, and the map from window time back to call time.
//!
//! Pure arithmetic on sample positions at 16 kHz: never sees audio. Data comes from `vad` as speech spans of one
//! channel and goes to `cut`, which fills the windows with samples, and to `words`, which maps times back.

use std::ops::Range;

use super::vad::SpeechSpan;
use crate::decode::SAMPLE_RATE_HZ;

/// Samples in a millisecond at 16 kHz.
pub const SAMPLES_PER_MS: u64 = SAMPLE_RATE_HZ as u64 / 1000;

/// Call audio kept on both sides of speech. Voice activity is tight; a recogniser needs the breath before a word and
/// the decay after it. On the sample calls 200 ms gave the fewest errors of 100, 200 and 300.
pub const PAD_MS: u64 = 200;

/// How much of the encoder's context is computed for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextFit {
    /// All 30 s, however short the window.
    Full,
    /// The window and a margin.
    Fitted {
        /// Encoder positions (20 ms each) behind the window.
        margin: u16,
    },
}

/// What windows a model wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackRules {
    /// Longest window. Belongs to the model: 28 s for Whisper, 6 s for the miniature.
    pub window_ms_max: u64,
    /// Longest pause inside a window; a longer one starts a new window.
    pub pause_ms_max: u64,
}

/// A stretch of call audio inside a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Piece {
    /// First sample in the call.
    pub call_start: u64,
    /// First sample in the window.
    pub window_start: u64,
    /// Samples.
    pub len: u64,
}

impl Piece {
    const fn call_end(&self) -> u64 {
        self.call_start + self.len
    }
}

/// What the recogniser is given at once: speech of one channel with the long pauses cut out.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Channel in the file.
    pub channel: u16,
    /// Stretches of call audio, in order, without gaps in the window.
    pub pieces: Vec<Piece>,
    /// The speech in it, in call time.
    pub spans: Vec<SpeechSpan>,
}

impl Window {
    /// Samples in the window.
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len).sum()
    }

    /// First call sample.
    pub fn call_start(&self) -> u64 {
        self.pieces.first().map_or(0, |piece| piece.call_start)
    }

    /// Samples of speech in it.
    pub fn speech_len(&self) -> u64 {
        self.spans.iter().map(|span| span.end - span.start).sum()
    }

    /// Where a call sample lies in the window; samples between pieces map to the joint.
    pub fn to_window(&self, call: u64) -> u64 {
        let Some(piece) = self.pieces.iter().find(|piece| call < piece.call_end()).or(self.pieces.last()) else {
            return 0;
        };
        piece.window_start + call.saturating_sub(piece.call_start).min(piece.len)
    }

    /// Parts it in the pause nearest its middle; `None` when nobody pauses in it.
    pub fn halves(&self) -> Option<(Self, Self)> {
        let pauses = self.spans.windows(2).map(|pair| self.to_window(pair[0].end.midpoint(pair[1].start)));
        let cut = pauses.min_by_key(|at| at.abs_diff(self.len() / 2))?;
        let halves = (self.part(0..cut), self.part(cut..self.len()));
        (!halves.0.spans.is_empty() && !halves.1.spans.is_empty()).then_some(halves)
    }

    /// What lies in a stretch of it that cuts through no speech.
    fn part(&self, range: Range<u64>) -> Self {
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            let from = piece.window_start.max(range.start);
            let to = (piece.window_start + piece.len).min(range.end);
            if from < to {
                let call_start = piece.call_start + (from - piece.window_start);
                pieces.push(Piece { call_start, window_start: from - range.start, len: to - from });
            }
        }
        let lies_in = |span: &&SpeechSpan| range.contains(&self.to_window(span.start.midpoint(span.end)));
        Self { channel: self.channel, pieces, spans: self.spans.iter().filter(lies_in).cloned().collect() }
    }

    /// Says which audio it is made of, for checkpoints: the same string means the same samples.
    pub fn fingerprint(&self) -> String {
        let pieces: Vec<String> =
            self.pieces.iter().map(|piece| format!("{}+{}", piece.call_start, piece.len)).collect();
        format!("{}:{}", self.channel, pieces.join(","))
    }
}

/// Packs the speech of one channel into windows. `spans` are in order and do not overlap; `call_len` is in samples.
pub fn pack(channel: u16, spans: &[SpeechSpan], call_len: u64, rules: PackRules) -> Vec<Window> {
    let window_max = rules.window_ms_max * SAMPLES_PER_MS;
    let pause_max = rules.pause_ms_max * SAMPLES_PER_MS;
    let mut windows: Vec<Window> = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        let before = index.checked_sub(1).map_or(0, |i| spans[i].end);
        let after = spans.get(index + 1).map_or(call_len, |next| next.start);
        let padded = pad(span, before, after);
        let fits = windows.last().is_some_and(|window| {
            let grown = window.len() + growth(window, &padded);
            grown <= window_max && span.start.saturating_sub(before) <= pause_max
        });
        match windows.last_mut().filter(|_| fits) {
            Some(window) => {
                append(window, padded);
                window.spans.push(span.clone());
            }
            None => windows.push(Window {
                channel,
                pieces: vec![Piece { call_start: padded.start, window_start: 0, len: padded.end - padded.start }],
                spans: vec![span.clone()],
            }),
        }
    }
    windows
}

/// A span with its padding; neighbours share the pause between them.
fn pad(span: &SpeechSpan, before: u64, after: u64) -> Range<u64> {
    let pad = PAD_MS * SAMPLES_PER_MS;
    let room_before = if before == 0 { span.start } else { span.start.saturating_sub(before) / 2 };
    let room_after = after.saturating_sub(span.end);
    // At the end of the call all the room is ours; before a neighbour, half of it.
    let room_after = if room_after > 2 * pad { room_after } else { room_after.div_ceil(2) };
    span.start - pad.min(room_before)..span.end + pad.min(room_after)
}

fn growth(window: &Window, padded: &Range<u64>) -> u64 {
    let end = window.pieces.last().map_or(0, Piece::call_end);
    padded.end - padded.start.max(end)
}

fn append(window: &mut Window, padded: Range<u64>) {
    let window_start = window.len();
    match window.pieces.last_mut() {
        Some(last) if padded.start <= last.call_end() => last.len = padded.end - last.call_start,
        _ => window.pieces.push(Piece { call_start: padded.start, window_start, len: padded.end - padded.start }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start_ms: u64, end_ms: u64) -> SpeechSpan {
        SpeechSpan {
            start: start_ms * SAMPLES_PER_MS,
            end: end_ms * SAMPLES_PER_MS,
            peak_score: 1.0,
            level_dbfs: -20.0,
            by_energy: false,
        }
    }

    const RULES: PackRules = PackRules { window_ms_max: 6000, pause_ms_max: u64::MAX / 32 };

    fn packed(spans: &[SpeechSpan]) -> Vec<Window> {
        pack(0, spans, 600_000 * SAMPLES_PER_MS, RULES)
    }

    #[test]
    fn no_speech_gives_no_window() {
        assert!(packed(&[]).is_empty());
    }

    #[test]
    fn speech_before_and_after_a_minute_of_music_shares_a_window_without_the_music() {
        let windows = packed(&[span(1000, 3000), span(63_000, 65_000)]);
        assert_eq!(windows.len(), 1);
        assert_eq!(windows[0].len(), 2 * (2000 + 2 * PAD_MS) * SAMPLES_PER_MS);
    }

    #[test]
    fn no_window_is_longer_than_the_model_wants() {
        let spans: Vec<_> = (0..50).map(|i| span(i * 1700, i * 1700 + 1300)).collect();
        let windows = packed(&spans);
        assert!(windows.iter().all(|window| window.len() <= RULES.window_ms_max * SAMPLES_PER_MS));
        assert_eq!(windows.iter().map(|window| window.spans.len()).sum::<usize>(), spans.len());
    }

    #[test]
    fn no_sample_is_given_twice() {
        let spans: Vec<_> = (0..20).map(|i| span(i * 1000, i * 1000 + 900)).collect();
        let mut pieces: Vec<Piece> = packed(&spans).into_iter().flat_map(|window| window.pieces).collect();
        pieces.sort_by_key(|piece| piece.call_start);
        assert!(pieces.windows(2).all(|pair| pair[0].call_end() <= pair[1].call_start));
    }

    #[test]
    fn halves_share_speech_and_samples_between_them() {
        let spans = [span(1000, 2000), span(2500, 3000), span(63_000, 66_000)];
        let whole = &packed(&spans)[0];
        let (first, second) = whole.halves().unwrap();
        assert_eq!((first.spans.as_slice(), second.spans.as_slice()), (&spans[..2], &spans[2..]));
        assert_eq!(first.len() + second.len(), whole.len());
        assert_eq!(second.to_window(63_000 * SAMPLES_PER_MS), PAD_MS * SAMPLES_PER_MS);
        assert_eq!(second.halves(), None);
    }

    #[test]
    fn the_map_is_exact_in_speech_behind_a_cut() {
        let window = &packed(&[span(1000, 3000), span(63_000, 65_000)])[0];
        let first_piece = (2000 + 2 * PAD_MS) * SAMPLES_PER_MS;
        assert_eq!(window.to_window(63_000 * SAMPLES_PER_MS), first_piece + PAD_MS * SAMPLES_PER_MS);
        assert_eq!(window.to_window(30_000 * SAMPLES_PER_MS), first_piece);
    }
}
