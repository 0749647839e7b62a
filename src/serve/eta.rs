//! How long what waits will take, from how long calls took of late; or why nobody can say.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Parked, Running};
use crate::call::{RecordingId, Step};
use crate::store::{Backlog, Pace};

/// A measured forecast. No more than that: calls that come meanwhile and waits between tries are not in it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Eta {
    /// Seconds of work left; null when nobody can say.
    pub(super) eta_seconds: Option<f64>,
    /// What the forecast rests on, or why there is none.
    pub(super) eta_note: String,
}

impl Eta {
    fn known(seconds: f64, note: impl Into<String>) -> Self {
        Self { eta_seconds: Some(tenths(seconds)), eta_note: note.into() }
    }

    /// No forecast.
    pub(super) fn unknown(note: impl Into<String>) -> Self {
        Self { eta_seconds: None, eta_note: note.into() }
    }
}

/// What forecasts are made of.
pub(super) struct Outlook {
    pub(super) backlog: Backlog,
    pub(super) pace: Option<Pace>,
    pub(super) is_paused: bool,
    pub(super) running: Vec<Running>,
    pub(super) parked: Vec<Parked>,
    pub(super) newest_first_of_five: u8,
}

impl Outlook {
    /// Of everything that waits or runs.
    pub(super) fn of_all(&self) -> Eta {
        if self.backlog.total() == 0 {
            return Eta::known(0.0, "Nothing waits.");
        }
        let pace = match self.pace() {
            Ok(pace) => pace,
            Err(note) => return Eta::unknown(note),
        };
        if self.backlog.to_transcribe == 0 {
            return Eta::known(0.0, "Only short steps are left.");
        }
        let (calls, known) = (self.backlog.to_transcribe, self.backlog.of_known_length);
        let length_ms = self.backlog.known_ms as f64 + (calls - known).max(0) as f64 * pace.mean_length_ms;
        let done_ms: f64 = self.running.iter().map(done_ms).sum();
        let seconds = (length_ms - done_ms).max(0.0) / 1000.0 * pace.work_per_call;
        let note = format!(
            "{}, {} of unknown length; of late a minute of call took {} seconds.",
            if calls == 1 {
                "1 call is to be transcribed".to_owned()
            } else {
                format!("{calls} calls are to be transcribed")
            },
            (calls - known).max(0),
            tenths(60.0 * pace.work_per_call)
        );
        Eta::known(seconds, note)
    }

    /// Of one recording that has work to come or in hand, with its length where that is known; `around` are the calls in
    /// line that are newer and older.
    pub(super) fn of_one(
        &self,
        id: RecordingId,
        length_ms: Option<u64>,
        is_transcribed: bool,
        around: (usize, usize),
    ) -> Eta {
        if is_transcribed {
            return Eta::known(0.0, "Only short steps are left.");
        }
        let pace = match self.pace() {
            Ok(pace) => pace,
            Err(note) => return Eta::unknown(note),
        };
        let whole_ms = |work: &Running| work.duration_ms.map_or(pace.mean_length_ms, |ms| ms as f64);
        let left_ms = |work: &Running| (whole_ms(work) - done_ms(work)).max(0.0);
        let mut transcriptions = self.running.iter().filter(|work| work.step == Step::Transcribe);
        if let Some(work) = transcriptions.clone().find(|work| work.id == id) {
            return Eta::known(left_ms(work) / 1000.0 * pace.work_per_call, "It is being transcribed.");
        }
        let running_ms: f64 = transcriptions.by_ref().map(left_ms).sum();
        let before = self.before(around);
        let mean_ms = match self.backlog.of_known_length {
            1.. => self.backlog.known_ms as f64 / self.backlog.of_known_length as f64,
            _ => pace.mean_length_ms,
        };
        let own_ms = length_ms.map_or(mean_ms, |ms| ms as f64);
        let seconds = (running_ms + before as f64 * mean_ms + own_ms) / 1000.0 * pace.work_per_call;
        Eta::known(seconds, format!("About {before} other calls come before it."))
    }

    /// Of a job with several recordings, from how long those took that have ended.
    pub(super) fn of_many(&self, done: u32, left: u32, since_s: f64) -> Eta {
        if self.is_paused {
            return Eta::unknown("The queue is paused.");
        }
        if done == 0 {
            return Eta::unknown("None of its recordings has ended yet.");
        }
        let seconds = since_s.max(0.0) / f64::from(done) * f64::from(left);
        Eta::known(seconds, format!("If the {left} that are left take as long as the {done} before them."))
    }

    /// How many calls are taken up before one with so many newer and older ones around it, when both ends are worked from.
    fn before(&self, (newer, older): (usize, usize)) -> usize {
        let of_five = usize::from(self.newest_first_of_five.min(5));
        let by_newest = (newer * 5).checked_div(of_five);
        let by_oldest = (older * 5).checked_div(5 - of_five);
        by_newest.into_iter().chain(by_oldest).min().unwrap_or(0).min(newer + older)
    }

    fn pace(&self) -> Result<Pace, String> {
        if self.is_paused {
            return Err("The queue is paused.".to_owned());
        }
        if let Some(parked) = self.parked.iter().find(|parked| parked.what == "transcribe") {
            return Err(format!("Transcription waits: {}", parked.reason));
        }
        self.pace.ok_or_else(|| "No call was transcribed yet, so nobody knows how long one takes here.".to_owned())
    }
}

/// How much of a call is behind a running transcription.
fn done_ms(work: &Running) -> f64 {
    match (work.step, work.duration_ms, work.windows) {
        (Step::Transcribe, Some(length), Some((done, total))) if total > 0 => {
            length as f64 * f64::from(done) / f64::from(total)
        }
        _ => 0.0,
    }
}

pub(super) fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(backlog: Backlog) -> Outlook {
        let pace = Some(Pace { work_per_call: 0.1, mean_length_ms: 60_000.0 });
        Outlook { backlog, pace, is_paused: false, running: Vec::new(), parked: Vec::new(), newest_first_of_five: 4 }
    }

    fn waiting(calls: i64, known: i64, known_ms: i64) -> Backlog {
        let by_step = [0, 0, 0, calls, 0, 0];
        Backlog { by_step, to_transcribe: calls, of_known_length: known, known_ms, uploads: 0 }
    }

    #[test]
    fn unknown_lengths_are_taken_for_the_mean() {
        assert_eq!(outlook(waiting(3, 1, 600_000)).of_all().eta_seconds, Some(72.0));
    }

    #[test]
    fn nobody_guesses_without_a_measurement_or_while_nothing_moves() {
        let unmeasured = Outlook { pace: None, ..outlook(waiting(1, 0, 0)) };
        let paused = Outlook { is_paused: true, ..outlook(waiting(1, 0, 0)) };
        for outlook in [unmeasured, paused] {
            assert_eq!(outlook.of_all().eta_seconds, None);
        }
        assert_eq!(outlook(Backlog::default()).of_all().eta_seconds, Some(0.0));
    }

    #[test]
    fn a_call_waits_for_those_before_it_and_no_others() {
        let id = RecordingId::from_bytes([1; 16]);
        let outlook = outlook(waiting(100, 100, 6_000_000));
        let newest = outlook.of_one(id, Some(60_000), false, (0, 99));
        let middle = outlook.of_one(id, Some(60_000), false, (40, 59));
        let oldest = outlook.of_one(id, Some(60_000), false, (99, 0));
        // Six seconds a call: none before it; 50, of which 40 are newer; none, since it is the next of the oldest.
        assert_eq!([newest, middle, oldest].map(|eta| eta.eta_seconds), [Some(6.0), Some(306.0), Some(6.0)]);
    }

    #[test]
    fn a_job_over_many_goes_by_its_own_pace() {
        let outlook = outlook(waiting(5000, 0, 0));
        assert_eq!(outlook.of_many(100, 300, 50.0).eta_seconds, Some(150.0));
        assert_eq!(outlook.of_many(0, 300, 50.0).eta_seconds, None);
    }
}
