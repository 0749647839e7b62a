//! Audio in which nobody speaks, or hardly any audio: no words, no crash, and a sentence that says so.

use callscribe::call::Transcript;
use callscribe::understand::wer::word_error_rate;

use crate::ear::{hear, script_of, text_of};
use crate::sound::{RATE, dtmf, hold_music, hum, noise, ring_tone, sample_call, scaled, silence, write_wav};

async fn heard(channels: &[Vec<f32>]) -> Transcript {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sound.wav");
    write_wav(&file, channels);
    hear(&file).await
}

async fn assert_wordless(what: &str, channels: &[Vec<f32>]) {
    let transcript = heard(channels).await;
    assert!(transcript.segments.is_empty(), "{what} became {:?}", transcript.text());
    let said_so = |note: &String| note.contains("No speech") || note.contains("no audio");
    assert!(transcript.notes.iter().any(said_so), "{what}: {:?}", transcript.notes);
}

#[tokio::test]
async fn silence_tones_music_and_noise_give_no_words() {
    assert_wordless("silence", &[silence(30.0), silence(30.0)]).await;
    assert_wordless("a ring tone", &[ring_tone(40.0), silence(40.0)]).await;
    assert_wordless("dialled keys", &[dtmf(20.0)]).await;
    assert_wordless("hold music", &[hold_music(60.0), noise(60.0, -60.0, 1)]).await;
    assert_wordless("line noise", &[noise(30.0, -45.0, 2), noise(30.0, -30.0, 3)]).await;
    assert_wordless("hum", &[hum(20.0)]).await;
}

#[tokio::test]
async fn hardly_any_audio_gives_no_words() {
    assert_wordless("no sample at all", &[vec![]]).await;
    assert_wordless("one sample", &[vec![0.5]]).await;
    assert_wordless("ten milliseconds", &[noise(0.01, -10.0, 4), silence(0.01)]).await;
}

#[tokio::test]
async fn samples_that_are_no_numbers_give_no_words_and_spoil_no_others() {
    assert_wordless("nothing but NaN", &[vec![f32::NAN; 80_000]]).await;
    let mut call = sample_call("en-refund");
    for channel in &mut call {
        channel.truncate(20 * RATE);
        channel.iter_mut().step_by(5000).for_each(|sample| *sample = f32::NAN);
    }
    let transcript = heard(&call).await;
    assert!(text_of(&transcript, 1).contains("I have a problem with my invoice."), "{}", transcript.text());
}

#[tokio::test]
async fn clipped_speech_is_heard_and_said_to_be_clipped() {
    let clip =
        |channel: &Vec<f32>| channel.iter().take(27 * RATE).map(|sample| (sample * 12.0).clamp(-1.0, 1.0)).collect();
    let clipped: Vec<Vec<f32>> = sample_call("en-refund").iter().map(clip).collect();
    let transcript = heard(&clipped).await;
    assert!(!transcript.segments.is_empty());
    assert!(transcript.notes.iter().any(|note| note.contains("clipped")), "{:?}", transcript.notes);
}

#[tokio::test]
async fn speech_behind_minutes_of_music_keeps_its_time() {
    let call = sample_call("en-refund");
    let lead_s = 180.0;
    let leads = [hold_music(lead_s), silence(lead_s)];
    let channels: Vec<Vec<f32>> = leads.into_iter().zip(call).map(|(lead, channel)| [lead, channel].concat()).collect();
    let transcript = heard(&channels).await;
    let first = &transcript.segments[0];
    let truth_ms = lead_s as u64 * 1000 + 100;
    assert!(first.start_ms.abs_diff(truth_ms) <= 100, "{first:?}");
    assert!(first.text.starts_with("This call is being recorded"), "{first:?}");
}

#[tokio::test]
async fn quiet_speech_is_not_dropped() {
    let quiet: Vec<Vec<f32>> = sample_call("en-refund").iter().map(|channel| scaled(channel, -30.0)).collect();
    let transcript = heard(&quiet).await;
    for channel in 0..2 {
        let text = text_of(&transcript, channel);
        let wer = word_error_rate(&script_of("en-refund", channel), &text);
        assert!(wer.rate() < 0.15, "channel {channel}: {wer:?}: {text}");
    }
}
