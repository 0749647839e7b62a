//! Files whose channels are not two clean parties: each word once, on the right channel.

use callscribe::call::{ChannelRole, Transcript};
use callscribe::understand::wer::word_error_rate;

use crate::ear::{call_file, hear, script_of, text_of, turns};
use crate::sound::{delayed, mixed, noise, sample_call, scaled, write_wav};

const CALL: &str = "en-refund";

async fn heard(channels: &[Vec<f32>]) -> Transcript {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.wav");
    write_wav(&file, channels);
    hear(&file).await
}

/// Share of wrong words when `channel` should hold what `party` says.
fn error_rate(transcript: &Transcript, channel: u16, party: u16) -> f64 {
    word_error_rate(&script_of(CALL, party), &text_of(transcript, channel)).rate()
}

#[tokio::test]
async fn a_file_with_the_same_sound_on_both_channels_gives_each_word_once() {
    let call = sample_call(CALL);
    let mono = mixed(&call[0], &call[1]);
    let copy = delayed(&mixed(&scaled(&mono, -6.0), &noise(60.0, -60.0, 9)), 40);
    let transcript = heard(&[mono, copy]).await;
    assert_eq!(transcript.channels[1].role, ChannelRole::CopyOf { channel: 0 });
    assert_eq!(text_of(&transcript, 1), "");
    assert!(transcript.words().count() > 100);
}

#[tokio::test]
async fn a_dead_channel_is_said_to_be_dead_and_the_other_one_heard() {
    let call = sample_call(CALL);
    let mut dead = noise(60.0, -75.0, 3);
    dead.truncate(call[1].len());
    let transcript = heard(&[dead, call[1].clone()]).await;
    assert_eq!(transcript.channels[0].role, ChannelRole::Dead);
    assert!(error_rate(&transcript, 1, 1) < 0.1, "{}", transcript.text());
}

#[tokio::test]
async fn what_bleeds_from_one_party_into_the_other_channel_is_given_once() {
    let call = sample_call(CALL);
    for db in [-12.0, -20.0] {
        let agent = mixed(&call[0], &delayed(&scaled(&call[1], db), 80));
        let customer = mixed(&call[1], &delayed(&scaled(&call[0], db), 80));
        let transcript = heard(&[agent, customer]).await;
        for party in 0..2 {
            let rate = error_rate(&transcript, party, party);
            assert!(rate < 0.15, "bleed of {db} dB, channel {party}, {rate}: {}", text_of(&transcript, party));
        }
    }
}

#[tokio::test]
async fn swapped_channels_and_a_silent_one_between_keep_their_parties() {
    let call = sample_call(CALL);
    let silent = vec![0.0; call[0].len()];
    let transcript = heard(&[call[1].clone(), silent, call[0].clone()]).await;
    assert!(error_rate(&transcript, 0, 1) < 0.1);
    assert!(error_rate(&transcript, 2, 0) < 0.1);
    assert_eq!(transcript.channels[1].role, ChannelRole::Dead);
}

#[tokio::test]
async fn one_channel_with_both_parties_works_as_one() {
    let call = sample_call(CALL);
    let transcript = heard(&[mixed(&call[0], &call[1])]).await;
    assert_eq!(transcript.channels.len(), 1);
    let both: Vec<String> = turns(CALL).into_iter().map(|turn| turn.text).collect();
    let wer = word_error_rate(&both.join(" "), &text_of(&transcript, 0));
    assert!(wer.rate() < 0.1, "{wer:?}");
}

#[tokio::test]
async fn overlapping_speech_is_kept_on_both_channels() {
    let transcript = hear(&call_file("en-complaint.wav")).await;
    let (agent, customer) = (text_of(&transcript, 0), text_of(&transcript, 1));
    assert!(agent.contains("How may I help you?"), "{agent}");
    assert!(customer.contains("I want to cancel my credit card."), "{customer}");
}
