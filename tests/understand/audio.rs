//! Why a transcript is poor: one fault, one sentence, and the worst of several.

use callscribe::call::{
    Bandwidth, ChannelFacts, ChannelHealth, ChannelRole, Dropouts, Language, Suspect, SuspectReason, Transcript,
};
use callscribe::understand::audio::poor_because;

use crate::{channel, transcript};

type Fault = fn(&mut ChannelFacts);

fn health(channel: &mut ChannelFacts) -> &mut ChannelHealth {
    channel.health.get_or_insert_default()
}

/// A two-channel call of whose words the model was so sure, with these faults of its second channel.
fn call(probability: f32, faults: &[Fault]) -> Transcript {
    let turns = [(0, 0, 4_000, "how can I help you"), (1, 5_000, 9_000, "my router is not working")];
    let mut call = transcript(Some("en"), &turns);
    call.segments.iter_mut().flat_map(|segment| &mut segment.words).for_each(|word| word.probability = probability);
    call.channels = vec![channel(0, "agent"), channel(1, "customer")];
    faults.iter().for_each(|fault| fault(&mut call.channels[1]));
    call
}

const NOISY: Fault = |channel| health(channel).snr_db = Some(12.0);
const VERY_NOISY: Fault = |channel| health(channel).snr_db = Some(1.0);
const CLIPPED: Fault = |channel| channel.clipped_share = 0.022;
const LOSSY: Fault = |channel| health(channel).dropouts = Dropouts { count: 3, total_ms: 500, longest_ms: 200 };
const QUIET: Fault = |channel| health(channel).speech_rms_dbfs = Some(-46.0);
const MUFFLED: Fault = |channel| {
    health(channel).bandwidth = Some(Bandwidth::Muffled);
    health(channel).bandwidth_hz = Some(2_000);
};
const BLEEDING: Fault = |channel| {
    channel.bleed_from = Some(0);
    channel.bleed_attenuation_db = Some(6.0);
};

#[test]
fn every_fault_has_its_own_sentence() {
    let table: [(Fault, &str); 6] = [
        (NOISY, "Channel 1 is noisy: its speech is 12 dB above the noise."),
        (CLIPPED, "Channel 1 is clipped: 2.2 % of it is at full scale; record it at a lower level."),
        (LOSSY, "Channel 1 has 3 dropouts, 0.5 s together: packets were lost on the way."),
        (QUIET, "Channel 1 is very quiet: its speech is at -46 dBFS; record it at a higher level."),
        (MUFFLED, "Channel 1 is muffled: its speech ends at 2000 Hz."),
        (BLEEDING, "Channel 0 is heard through on channel 1, only 6 dB quieter than at home."),
    ];
    for (fault, sentence) in table {
        assert_eq!(poor_because(&call(0.5, &[fault])).as_deref(), Some(sentence));
        assert_eq!(poor_because(&call(0.9, &[fault])), None, "the words are sure all the same: {sentence}");
    }
}

#[test]
fn the_worst_fault_is_named() {
    let begins = |faults: &[Fault], words: &str| {
        let told = poor_because(&call(0.5, faults)).unwrap();
        assert!(told.starts_with(words), "{told}");
    };
    begins(&[NOISY, CLIPPED, LOSSY, QUIET, MUFFLED, BLEEDING], "Channel 1 has 3 dropouts");
    begins(&[NOISY, CLIPPED, QUIET, MUFFLED, BLEEDING], "Channel 1 is clipped");
    begins(&[NOISY, QUIET, MUFFLED, BLEEDING], "Channel 1 is muffled");
    begins(&[NOISY, QUIET, BLEEDING], "Channel 0 is heard through");
    begins(&[NOISY, QUIET], "Channel 1 is very quiet");
    begins(&[VERY_NOISY, MUFFLED], "Channel 1 is noisy");
}

#[test]
fn a_channel_without_a_party_has_no_fault() {
    let mut call = call(0.5, &[VERY_NOISY]);
    call.channels[1].role = ChannelRole::Dead;
    assert!(poor_because(&call).unwrap().starts_with("The sound is good"));
}

#[test]
fn words_are_poor_when_unsure_set_aside_or_missing() {
    assert_eq!(poor_because(&call(0.9, &[])), None);
    assert!(poor_because(&call(0.69, &[])).is_some());
    let mut doubted = call(0.9, &[]);
    let reasons = vec![SuspectReason::NoSpeech { no_speech_prob: 0.9, voiced_share: 0.0 }];
    doubted.suspects = vec![Suspect { segment: doubted.segments.remove(1), reasons }];
    assert!(poor_because(&doubted).is_some());
    let mut wordless = Transcript { segments: vec![], ..call(0.9, &[]) };
    assert!(poor_because(&wordless).is_some());
    wordless.channels.iter_mut().for_each(|channel| channel.speech_ms = 1_000);
    assert_eq!(poor_because(&wordless), None);
}

#[test]
fn where_the_sound_is_good_the_model_or_the_language_is_named() {
    let plain = call(0.5, &[]);
    let why = |call: Transcript| poor_because(&call).unwrap();
    assert!(why(plain.clone()).contains("a larger model may know them"));
    assert!(why(Transcript { model_is_miniature: true, ..plain.clone() }).contains("use a real one"));
    let (language, language_confidence) = (Some(Language::new("cy")), 0.4);
    let told = why(Transcript { language, language_confidence, ..plain });
    assert!(told.contains("uncertain ('cy', 40 %)"), "{told}");
}
