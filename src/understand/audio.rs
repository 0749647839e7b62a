//! Why a transcript is poor, when it is: one sentence that names the worst fault of the sound and its mend.
//!
//! Pure. A transcript is poor when the model was unsure of its words on average, when much was set aside, or when there
//! are no words although somebody spoke for seconds. Faults of the sound alone are no reason to complain.

use crate::call::{Bandwidth, ChannelFacts, ChannelRole, Transcript};

/// Mean word probability under which a transcript is poor: good telephone speech has 0.85 to 0.95.
const CONFIDENCE_MIN: f32 = 0.70;
/// Share of words set aside from which it is.
const SUSPECT_SHARE_MAX: f32 = 0.20;
/// Speech without a single word that makes it poor.
const WORDLESS_SPEECH_MS: u64 = 3_000;
/// Speech over noise from which nobody complains, in dB.
const SNR_DB_GOOD: f32 = 15.0;
/// Quieter speech is lost in the steps of a telephone codec, in dBFS.
const LEVEL_DBFS_MIN: f32 = -40.0;
/// Share of clipped samples that is heard, and share of speech lost to dropouts that is.
const CLIPPED_SHARE_MAX: f32 = 0.005;
const DROPPED_SHARE_MAX: f32 = 0.01;
/// The other party this close under its own level is taken for this one, in dB.
const BLEED_DB_MIN: f32 = 12.0;
/// Confidence in the language under which it may be the wrong one.
const LANGUAGE_CONFIDENCE_MIN: f32 = 0.6;

/// The sentence; `None` for a transcript that is not poor.
pub fn poor_because(transcript: &Transcript) -> Option<String> {
    if !is_poor(transcript) {
        return None;
    }
    let channels = transcript.channels.iter().filter(|channel| channel.role == ChannelRole::Party);
    let worst = channels.flat_map(faults).max_by(|a, b| a.0.total_cmp(&b.0));
    Some(worst.map_or_else(|| without_fault(transcript), |(_, sentence)| sentence))
}

fn is_poor(transcript: &Transcript) -> bool {
    let words = transcript.words().count();
    let doubted: usize = transcript.suspects.iter().map(|suspect| suspect.segment.words.len()).sum();
    let speech_ms: u64 = transcript.channels.iter().map(|channel| channel.speech_ms).sum();
    let unsure = transcript.confidence().is_some_and(|confidence| confidence < CONFIDENCE_MIN);
    let set_aside = doubted as f32 > SUSPECT_SHARE_MAX * (words + doubted) as f32;
    unsure || set_aside || (words == 0 && speech_ms >= WORDLESS_SPEECH_MS)
}

/// Faults of one channel with their weight: 1 is as bad as it gets.
fn faults(channel: &ChannelFacts) -> Vec<(f32, String)> {
    let number = channel.channel;
    let health = channel.health.clone().unwrap_or_default();
    let mut found = Vec::new();
    if let Some(snr) = health.snr_db.filter(|snr| *snr < SNR_DB_GOOD) {
        let said = format!("Channel {number} is noisy: its speech is {snr:.0} dB above the noise.");
        found.push(((SNR_DB_GOOD - snr) / SNR_DB_GOOD, said));
    }
    if channel.clipped_share > CLIPPED_SHARE_MAX {
        let percent = 100.0 * channel.clipped_share;
        let said =
            format!("Channel {number} is clipped: {percent:.1} % of it is at full scale; record it at a lower level.");
        found.push((0.3 + 10.0 * channel.clipped_share, said));
    }
    let dropped = health.dropouts.total_ms as f32 / channel.speech_ms.max(1) as f32;
    if dropped > DROPPED_SHARE_MAX {
        let (count, seconds) = (health.dropouts.count, health.dropouts.total_ms as f32 / 1000.0);
        let said =
            format!("Channel {number} has {count} dropouts, {seconds:.1} s together: packets were lost on the way.");
        found.push((0.3 + 5.0 * dropped, said));
    }
    if let Some(level) = health.speech_rms_dbfs.filter(|level| *level < LEVEL_DBFS_MIN) {
        let said =
            format!("Channel {number} is very quiet: its speech is at {level:.0} dBFS; record it at a higher level.");
        found.push(((LEVEL_DBFS_MIN - level) / 20.0, said));
    }
    if health.bandwidth == Some(Bandwidth::Muffled) {
        let hz = health.bandwidth_hz.unwrap_or_default();
        found.push((0.5, format!("Channel {number} is muffled: its speech ends at {hz} Hz.")));
    }
    if let (Some(from), Some(db)) = (channel.bleed_from, channel.bleed_attenuation_db.filter(|db| *db < BLEED_DB_MIN)) {
        let said =
            format!("Channel {from} is heard through on channel {number}, only {db:.0} dB quieter than at home.");
        found.push((0.4, said));
    }
    found
}

/// What to try when the sound is not to blame.
fn without_fault(transcript: &Transcript) -> String {
    if transcript.model_is_miniature {
        return "The miniature model knows only the sample calls; use a real one.".to_owned();
    }
    match &transcript.language {
        Some(language) if transcript.language_confidence < LANGUAGE_CONFIDENCE_MIN => {
            let percent = 100.0 * transcript.language_confidence;
            format!("The language is uncertain ('{language}', {percent:.0} %); say which languages these calls are in.")
        }
        _ => "The sound is good, but the model is unsure of the words; a larger model may know them.".to_owned(),
    }
}
