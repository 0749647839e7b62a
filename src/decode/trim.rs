//! Cuts off what an encoder put before and behind the recording.

/// What to cut from a stream of frames at the file's own rate.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Trim {
    /// Frames still to drop from the front.
    pub lead_in: u64,
    /// Frames still to hand out; None for all.
    pub keep: Option<u64>,
    /// Padding to drop at the end.
    pub padding: Option<Padding>,
}

/// Filler at the end of an MP3, believed only where the stream is exactly as long as its header says: in a file that
/// was cut off, or to which another was appended, the last frames are speech.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Padding {
    /// Filler frames.
    pub frames: u64,
    /// Frames of the whole stream, lead-in and filler included.
    pub total: u64,
}

/// Applies a [`Trim`] to planes of samples as they come.
pub(super) struct Trimmer {
    trim: Trim,
    seen: u64,
    held: Vec<Vec<f32>>,
}

impl Trimmer {
    pub(super) fn new(trim: Trim, channels: usize) -> Self {
        Self { trim, seen: 0, held: vec![Vec::new(); channels] }
    }

    /// Drops `frames` more from what comes next: the lead-in of a stream that follows the first.
    pub(super) fn skip(&mut self, frames: u64) {
        self.trim.lead_in += frames;
    }

    /// True once everything that is to be kept has been handed out.
    pub(super) fn is_done(&self) -> bool {
        self.trim.keep == Some(0)
    }

    /// Cuts `planes` in place.
    pub(super) fn cut(&mut self, planes: &mut [Vec<f32>]) {
        let frames = planes.first().map_or(0, Vec::len);
        self.seen += frames as u64;
        let drop = self.trim.lead_in.min(frames as u64) as usize;
        self.trim.lead_in -= drop as u64;
        let mut left = frames - drop;
        if let Some(keep) = &mut self.trim.keep {
            left = (*keep).min(left as u64) as usize;
            *keep -= left as u64;
        }
        for plane in planes.iter_mut() {
            plane.drain(..drop);
            plane.truncate(left);
        }
        if let Some(padding) = &self.trim.padding {
            let hold = padding.frames as usize;
            for (held, plane) in self.held.iter_mut().zip(planes) {
                held.append(plane);
                plane.extend(held.drain(..held.len().saturating_sub(hold)));
            }
        }
    }

    /// What was held back and turned out to be recording.
    pub(super) fn finish(&mut self, planes: &mut [Vec<f32>]) {
        let is_filler = self.trim.padding.as_ref().is_some_and(|padding| padding.total == self.seen);
        for (held, plane) in self.held.iter_mut().zip(planes) {
            plane.clear();
            if !is_filler {
                plane.append(held);
            }
        }
    }
}
