//! Text told while the call is still being heard: each segment once nothing that is still to be heard can come before it or
//! be joined to it. Windows are heard side by side and end in any order; what is told keeps the order of the transcript,
//! of all channels together.

use super::assemble::{by_time, joined_by_channel, sorted_out};
use super::checkpoint::Checkpoints;
use super::protocol::Event;
use super::survey::Survey;
use super::windows::{SAMPLES_PER_MS, Window};
use super::words::SEGMENT_PAUSE_MS;
use crate::call::{Language, Segment};

/// Tells of one call.
pub struct Teller<'a> {
    survey: &'a Survey,
    windows: &'a [Window],
    /// Windows before this one are in.
    next: usize,
    /// Segments of these that were not told.
    pending: Vec<Segment>,
}

impl<'a> Teller<'a> {
    /// Has told nothing yet.
    pub const fn new(survey: &'a Survey, windows: &'a [Window]) -> Self {
        Self { survey, windows, next: 0, pending: Vec::new() }
    }

    /// Takes in the windows that are settled in the language of their channel, and answers what can be told now.
    pub fn go_on(
        &mut self,
        checkpoints: &Checkpoints,
        language_of: impl Fn(&Window) -> Option<Language>,
    ) -> Option<Event> {
        let before = self.next;
        while let Some(window) = self.windows.get(self.next) {
            if !checkpoints.is_settled(self.next, language_of(window).as_ref()) {
                break;
            }
            if let Some(heard) = checkpoints.get(self.next) {
                self.pending.extend(sorted_out(self.survey, window, heard).0);
            }
            self.next += 1;
        }
        if self.next == before {
            return None;
        }
        self.pending = by_time(joined_by_channel(std::mem::take(&mut self.pending)));
        let told = self.pending.iter().enumerate().take_while(|(place, _)| self.is_final(*place)).count();
        let texts: Vec<String> = self.pending.drain(..told).map(|segment| segment.text).collect();
        (!texts.is_empty()).then_some(Event::Said { texts })
    }

    /// Whether no window that is still to come changes the segment or stands before it.
    fn is_final(&self, place: usize) -> bool {
        // Windows are in the order in which they begin, and no word lies before its window.
        let Some(to_come_ms) = self.windows.get(self.next).map(|window| window.call_start() / SAMPLES_PER_MS) else {
            return true;
        };
        let (segment, later) = (&self.pending[place], &self.pending[place + 1..]);
        let is_followed = later.iter().any(|other| other.channel == segment.channel);
        segment.start_ms < to_come_ms && (is_followed || segment.end_ms + SEGMENT_PAUSE_MS <= to_come_ms)
    }
}
