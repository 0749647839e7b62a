//! What is wrong with the sound, on calls that were damaged in a known way.

use callscribe::call::{Bandwidth, ChannelHealth, Transcript};

use crate::ear::hear;
use crate::sound::{RATE, delayed, mixed, noise, sample_call, scaled, silence, write_wav};

async fn heard(channels: &[Vec<f32>]) -> Transcript {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.wav");
    write_wav(&file, channels);
    hear(&file).await
}

fn health(transcript: &Transcript, channel: usize) -> ChannelHealth {
    transcript.channels[channel].health.clone().unwrap()
}

/// The first seconds of a sample call.
fn call(seconds: usize) -> Vec<Vec<f32>> {
    sample_call("en-refund").iter().map(|channel| channel[..seconds * RATE].to_vec()).collect()
}

fn poor_because(transcript: &Transcript) -> Option<&str> {
    transcript.sound.as_ref().unwrap().poor_because.as_deref()
}

#[tokio::test]
async fn a_clean_call_is_a_telephones_and_has_nothing_wrong_with_it() {
    let transcript = heard(&call(27)).await;
    for channel in 0..2 {
        let health = health(&transcript, channel);
        assert_eq!(health.bandwidth, Some(Bandwidth::Narrowband), "{health:?}");
        assert!(health.snr_db.unwrap() > 30.0 && health.dropouts.count == 0 && health.bleed_ms == 0, "{health:?}");
    }
    assert_eq!((poor_because(&transcript), transcript.sound.as_ref().unwrap().one_way), (None, None));
}

#[tokio::test]
async fn level_and_noise_are_measured_to_a_few_decibels() {
    let clean = call(27);
    let level = health(&heard(&clean).await, 0).speech_rms_dbfs.unwrap();
    let quieter: Vec<Vec<f32>> = clean.iter().map(|channel| scaled(channel, -20.0)).collect();
    let quiet = health(&heard(&quieter).await, 0).speech_rms_dbfs.unwrap();
    assert!((level - 20.0 - quiet).abs() < 1.5, "{level} and {quiet}");
    for over in [10.0, 20.0] {
        let noisy: Vec<Vec<f32>> =
            (0..).zip(&clean).map(|(seed, channel)| mixed(channel, &noise(27.0, level - over, seed))).collect();
        let snr = health(&heard(&noisy).await, 0).snr_db.unwrap();
        assert!((snr - over).abs() < 4.0, "{snr} instead of {over}");
    }
}

#[tokio::test]
async fn lost_packets_are_counted() {
    let mut channels = call(27);
    let mut lost = 0;
    // A packet of 40 ms every half second, where somebody speaks on.
    for start in (0..channels[0].len() - 800).step_by(RATE / 2) {
        let loud = |part: &[f32]| part.iter().map(|s| s * s).sum::<f32>() / part.len() as f32 > 1e-3;
        let packet = start..start + RATE / 25;
        if loud(&channels[0][packet.start - 80.min(packet.start)..packet.start + 1])
            && loud(&channels[0][packet.end..packet.end + 80])
        {
            channels[0][packet].fill(0.0);
            lost += 1;
        }
    }
    let transcript = heard(&channels).await;
    let dropouts = health(&transcript, 0).dropouts;
    assert!(lost > 8 && dropouts.count.abs_diff(lost) <= 2, "{dropouts:?} of {lost}");
    assert!((28..=42).contains(&dropouts.longest_ms), "{dropouts:?}");
    assert_eq!(health(&transcript, 1).dropouts.count, 0);
}

/// Repeated means of neighbours: little is left above 1500 Hz.
fn muffled(samples: &[f32]) -> Vec<f32> {
    let mean = |samples: Vec<f32>| samples.windows(4).map(|near| near.iter().sum::<f32>() / 4.0).collect::<Vec<f32>>();
    (0..8).fold(samples.to_vec(), |samples, _| mean(samples))
}

#[tokio::test]
async fn a_muffled_channel_is_told_by_its_band() {
    let channels: Vec<Vec<f32>> = call(27).iter().map(|channel| muffled(channel)).collect();
    let health = health(&heard(&channels).await, 0);
    assert_eq!(health.bandwidth, Some(Bandwidth::Muffled), "{health:?}");
}

#[tokio::test]
async fn what_is_heard_through_is_measured_with_its_delay() {
    let call = call(27);
    let agent = mixed(&call[0], &delayed(&scaled(&call[1], -20.0), 160));
    let transcript = heard(&[agent, call[1].clone()]).await;
    let health = health(&transcript, 0);
    assert_eq!(transcript.channels[0].bleed_from, Some(1));
    assert!(health.bleed_delay_ms.unwrap().abs_diff(20) <= 3 && health.bleed_ms > 2_000, "{health:?}");
}

#[tokio::test]
async fn a_call_in_which_only_one_side_is_heard_is_one_way() {
    let transcript = heard(&[call(27)[0].clone(), silence(27.0)]).await;
    assert_eq!(transcript.sound.as_ref().unwrap().one_way, Some(0));
    assert!(transcript.notes.iter().any(|note| note.contains("one-way audio")), "{:?}", transcript.notes);
}
