//! Second pass over a file: fills planned windows with samples.
//!
//! Reads block by block and holds only the windows that are being filled: at most one a channel.

use super::windows::Window;
use crate::decode::Block;

/// Fills windows as blocks go by.
pub struct Cutter<'a> {
    /// Per channel, the windows still to fill, next one last.
    waiting: Vec<Vec<(usize, &'a Window)>>,
    /// Per channel, the window being filled.
    filling: Vec<Vec<f32>>,
    position: u64,
}

impl<'a> Cutter<'a> {
    /// Takes windows with their numbers; those of one channel must be in call order.
    pub fn new(windows: impl Iterator<Item = (usize, &'a Window)>, channel_count: usize) -> Self {
        let mut waiting: Vec<Vec<(usize, &Window)>> = vec![Vec::new(); channel_count];
        for (number, window) in windows {
            if let Some(list) = waiting.get_mut(usize::from(window.channel)) {
                list.push((number, window));
            }
        }
        for list in &mut waiting {
            list.reverse();
        }
        Self { waiting, filling: vec![Vec::new(); channel_count], position: 0 }
    }

    /// True when every window has been handed out.
    pub fn is_done(&self) -> bool {
        self.waiting.iter().all(Vec::is_empty)
    }

    /// Takes the next block and hands full windows to `full`, with their numbers.
    pub fn push<E>(
        &mut self,
        block: &Block,
        mut full: impl FnMut(usize, &'a Window, Vec<f32>) -> Result<(), E>,
    ) -> Result<(), E> {
        let block_len = block.first().map_or(0, Vec::len) as u64;
        let block_end = self.position + block_len;
        for (channel, samples) in block.iter().enumerate() {
            while let Some(&(number, window)) = self.waiting.get(channel).and_then(|list| list.last()) {
                let filling = &mut self.filling[channel];
                take(window, filling, samples, self.position);
                if (filling.len() as u64) < window.len() {
                    break;
                }
                self.waiting[channel].pop();
                full(number, window, std::mem::take(filling))?;
            }
        }
        self.position = block_end;
        Ok(())
    }

    /// Hands out what is left when the file ended earlier than in the first pass, padded with silence.
    pub fn finish<E>(&mut self, mut full: impl FnMut(usize, &'a Window, Vec<f32>) -> Result<(), E>) -> Result<(), E> {
        for (list, filling) in self.waiting.iter_mut().zip(&mut self.filling) {
            while let Some((number, window)) = list.pop() {
                let mut samples = std::mem::take(filling);
                samples.resize(window.len() as usize, 0.0);
                full(number, window, samples)?;
            }
        }
        Ok(())
    }
}

/// Appends what this block has of the window.
fn take(window: &Window, filling: &mut Vec<f32>, samples: &[f32], position: u64) {
    for piece in &window.pieces {
        let done = (filling.len() as u64).saturating_sub(piece.window_start).min(piece.len);
        let from = piece.call_start + done;
        let to = piece.call_start + piece.len;
        if done == piece.len {
            continue;
        }
        let end = position + samples.len() as u64;
        if from < position || from >= end {
            return;
        }
        let stop = to.min(end);
        filling.extend_from_slice(&samples[(from - position) as usize..(stop - position) as usize]);
        if stop < to {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcribe::windows::Piece;

    fn window(channel: u16, pieces: &[(u64, u64)]) -> Window {
        let mut window_start = 0;
        let pieces = pieces
            .iter()
            .map(|&(call_start, len)| {
                let piece = Piece { call_start, window_start, len };
                window_start += len;
                piece
            })
            .collect();
        Window { channel, pieces, spans: Vec::new() }
    }

    /// Two channels that count samples: channel 1 from one million.
    fn cut(windows: &[Window], block_len: u64) -> Vec<(usize, Vec<f32>)> {
        let mut cutter = Cutter::new(windows.iter().enumerate(), 2);
        let mut out = Vec::new();
        for start in (0..1000).step_by(block_len as usize) {
            let count = |from: u64| (from..from + block_len).map(|x| x as f32).collect::<Vec<_>>();
            let block = vec![count(start), count(start + 1_000_000)];
            let full = |n, _: &Window, samples| -> Result<(), ()> {
                out.push((n, samples));
                Ok(())
            };
            cutter.push(&block, full).unwrap();
        }
        assert!(cutter.is_done());
        out
    }

    #[test]
    fn windows_hold_their_pieces_whatever_the_block_size() {
        let windows = [window(0, &[(10, 30), (500, 5)]), window(1, &[(0, 1000)]), window(0, &[(505, 100)])];
        for block_len in [1, 8, 50, 1000] {
            let mut out = cut(&windows, block_len);
            out.sort_by_key(|(n, _)| *n);
            let expect0: Vec<f32> = (10..40).chain(500..505).map(|x| x as f32).collect();
            assert_eq!(out[0].1, expect0);
            assert_eq!(out[1].1.len(), 1000);
            assert_eq!(out[1].1[999], 1_000_999.0);
            assert_eq!(out[2].1[0], 505.0);
        }
    }

    #[test]
    fn a_file_that_ends_early_gives_silence_for_the_rest() {
        let windows = [window(0, &[(10, 30)])];
        let mut cutter = Cutter::new(windows.iter().enumerate(), 1);
        cutter.push(&vec![vec![1.0; 20]], |_, _, _| Err("too early")).unwrap();
        let mut got = Vec::new();
        let full = |_, _: &Window, samples: Vec<f32>| -> Result<(), ()> {
            got = samples;
            Ok(())
        };
        cutter.finish(full).unwrap();
        assert_eq!((got.len(), got[9], got[10]), (30, 1.0, 0.0));
    }
}
