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
            "{calls} calls are to be transcribed, {} of them of unknown length; of late a minute of call took {} seconds.",
            (calls - known).max(0),
            tenths(60.0 * pace.work_per_call)
        );
        Eta::known(seconds, note)
    }

    /// Of one recording that has work to come or in hand, with its length where that is known.
    pub(super) fn of_one(&self, id: RecordingId, length_ms: Option<u64>, is_transcribed: bool) -> Eta {
        if is_transcribed {
            return Eta::known(0.0, "Only short steps are left.");
        }
        let pace = match self.pace() {
            Ok(pace) => pace,
            Err(note) => return Eta::unknown(note),
        };
        let at_work = self.running.iter().find(|work| work.id == id && work.step == Step::Transcribe);
        let Some(work) = at_work else {
            let all = self.of_all();
            let note = "At the latest, when everything that waits now is done.";
            return Eta { eta_note: note.to_owned(), ..all };
        };
        let length_ms = work.duration_ms.or(length_ms).map_or(pace.mean_length_ms, |ms| ms as f64);
        let left_ms = (length_ms - done_ms(work)).max(0.0);
        Eta::known(left_ms / 1000.0 * pace.work_per_call, "It is being transcribed.")
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
        Outlook { backlog, pace, is_paused: false, running: Vec::new(), parked: Vec::new() }
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
}
