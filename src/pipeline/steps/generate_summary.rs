//! What a call was about, in its own sentences, and how it was talked.

use super::Setback;
use crate::call::{Insight, Transcript};
use crate::understand::summary::summarise;
use crate::understand::talk;

/// Draws summary and topics from the words, and how it was talked from who spoke when.
pub(in crate::pipeline) fn run(transcript: &Transcript) -> Result<Insight, Setback> {
    if transcript.segments.is_empty() {
        return Err(Setback::NotToBeHad("The transcript has no words.".to_owned()));
    }
    Ok(Insight { talk: talk::measure(transcript), ..summarise(transcript) })
}
