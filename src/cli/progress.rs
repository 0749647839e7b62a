//! Progress on standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::transcribe::Event;

/// Between two lines when nobody watches a terminal: a log should show life, not scroll.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far the transcription of one file is.
#[derive(Debug)]
pub struct FileProgress {
    name: String,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl FileProgress {
    /// Begins to show `name`.
    pub fn new(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} windows {elapsed} left {eta}");
            let bar = ProgressBar::new(0).with_prefix(name.to_owned());
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        Self { name: name.to_owned(), bar, last_line: Instant::now() }
    }

    /// Takes news of the call.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Surveyed { duration_ms, speech_ms, windows, .. } => match &self.bar {
                Some(bar) => bar.set_length(u64::from(*windows)),
                None => eprintln!(
                    "{}: {:.1} s, {:.1} s of speech, {windows} windows",
                    self.name,
                    *duration_ms as f64 / 1000.0,
                    *speech_ms as f64 / 1000.0
                ),
            },
            Event::Said { .. } => {}
            Event::Window { done, windows, .. } => match &self.bar {
                Some(bar) => bar.set_position(u64::from(*done)),
                None if self.last_line.elapsed() >= LINE_EVERY => {
                    self.last_line = Instant::now();
                    eprintln!("{}: {done} of {windows} windows", self.name);
                }
                None => {}
            },
        }
    }

    /// Clears the bar, so that the result stands alone.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
