//! What goes on when: calls made of ringing, menus, music, beeps and the sample calls.

use PhaseKind::{Announcement, Beep, Conversation, Hold, Ring};
use callscribe::call::{PhaseKind, Transcript};

use crate::ear::{call_file, hear};
use crate::sound::{RATE, dtmf, hold_music, mixed, noise, ring_tone, sample_call, silence, tone, write_wav};

async fn heard(channels: &[Vec<f32>]) -> Transcript {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("call.wav");
    write_wav(&file, channels);
    hear(&file).await
}

/// Seconds `from..to` of both channels of a sample call.
fn part(name: &str, from: f32, to: f32) -> Vec<Vec<f32>> {
    let cut = |channel: &Vec<f32>| channel[(from * RATE as f32) as usize..(to * RATE as f32) as usize].to_vec();
    sample_call(name).iter().map(cut).collect()
}

/// A beep at `hz` with ends that do not click.
fn beep(seconds: f32, hz: f32) -> Vec<f32> {
    tone(seconds, |t| 0.3 * (std::f32::consts::TAU * hz * t).sin() * (50.0 * t).min(50.0 * (seconds - t)).min(1.0))
}

/// Continental ringing: 425 Hz, one second of five.
fn ring_425(seconds: f32) -> Vec<f32> {
    tone(seconds, |t| if t % 5.0 < 1.0 { 0.2 * (std::f32::consts::TAU * 425.0 * t).sin() } else { 0.0 })
}

/// British ringing: 400 and 450 Hz, 0.4 s on, 0.2 off, 0.4 on, 2 off.
fn ring_british(seconds: f32) -> Vec<f32> {
    let on = |t: f32| t % 3.0 < 0.4 || (0.6..1.0).contains(&(t % 3.0));
    let pair = |t: f32| (std::f32::consts::TAU * 400.0 * t).sin() + (std::f32::consts::TAU * 450.0 * t).sin();
    tone(seconds, |t| if on(t) { 0.15 * pair(t) } else { 0.0 })
}

/// Chords of four voices that change every second, with a soft attack.
fn chords(seconds: f32) -> Vec<f32> {
    let chords = [[262.0, 330.0, 392.0, 523.0], [294.0, 349.0, 440.0, 587.0], [247.0, 311.0, 370.0, 494.0]];
    tone(seconds, |t| {
        let chord: [f32; 4] = chords[t as usize % 3];
        0.07 * chord.iter().map(|hz| (std::f32::consts::TAU * hz * t).sin()).sum::<f32>()
            * (0.6 + 0.4 * (6.0 * t).cos())
    })
}

fn told(transcript: &Transcript) -> Vec<(PhaseKind, u64, u64)> {
    let sound = transcript.sound.as_ref().unwrap();
    sound.phases.iter().map(|phase| (phase.kind, phase.start_ms, phase.end_ms)).collect()
}

/// The phases are these, each end within 300 ms.
fn assert_phases(transcript: &Transcript, expected: &[(PhaseKind, f32, f32)]) {
    let told = told(transcript);
    let near = |ms: u64, s: f32| (ms as f32 / 1000.0 - s).abs() <= 0.3;
    let fits = told.len() == expected.len()
        && told
            .iter()
            .zip(expected)
            .all(|(is, should)| is.0 == should.0 && near(is.1, should.1) && near(is.2, should.2));
    assert!(fits, "{told:?} instead of {expected:?}");
}

#[tokio::test]
async fn ringing_of_america_the_continent_and_britain_is_told_from_the_talk_behind_it() {
    for (ring, seconds, end) in
        [(ring_tone(15.0), 15.0, 14.0), (ring_425(12.0), 12.0, 11.0), (ring_british(12.0), 12.0, 10.0)]
    {
        let call = part("en-refund", 0.0, 15.8);
        let transcript = heard(&[[ring, call[0].clone()].concat(), [silence(seconds), call[1].clone()].concat()]).await;
        assert_phases(&transcript, &[(Ring, 0.0, end), (Conversation, seconds + 0.1, seconds + 15.5)]);
    }
}

#[tokio::test]
async fn hold_music_and_chords_part_a_conversation() {
    let (before, after) = (part("en-refund", 0.0, 27.7), part("en-refund", 36.0, 45.0));
    for music in [hold_music(20.0), chords(20.0)] {
        let office = [&before[0][..], &music, &after[0]].concat();
        let caller = [&before[1][..], &silence(20.0), &after[1]].concat();
        let transcript = heard(&[office, caller]).await;
        assert_phases(&transcript, &[(Conversation, 0.1, 27.6), (Hold, 27.7, 47.7), (Conversation, 47.8, 56.7)]);
    }
}

#[tokio::test]
async fn a_greeting_a_beep_and_a_message_are_told_on_one_channel_and_on_two() {
    let (greeting, message) = (part("en-refund", 0.0, 8.7), part("en-refund", 8.7, 16.0));
    let gap = silence(0.5);
    let office = [&greeting[0][..], &gap, &beep(0.6, 1000.0), &silence(7.3)].concat();
    let caller = [&silence(8.7)[..], &gap, &silence(0.6), &message[1]].concat();
    let expected = [(Announcement, 0.1, 8.4), (Beep, 9.2, 9.8), (Conversation, 10.1, 16.7)];
    assert_phases(&heard(&[office.clone(), caller.clone()]).await, &expected);
    assert_phases(&heard(&[mixed(&office, &caller)]).await, &expected);
}

#[tokio::test]
async fn a_menu_that_keys_answer_is_an_announcement_and_its_language_does_not_count() {
    let (menu, call) = (part("en-refund", 0.0, 8.7), part("es-tarjeta", 0.0, 20.0));
    let office = [&menu[0][..], &silence(2.0), &call[0]].concat();
    let caller = [&silence(8.7)[..], &dtmf(1.0), &silence(1.0), &call[1]].concat();
    let transcript = heard(&[office, caller]).await;
    let phases = told(&transcript);
    assert_eq!(phases[0].0, Announcement, "{phases:?}");
    assert!(phases[0].2 < 8_700 && phases[1].0 == Conversation && phases.len() == 2, "{phases:?}");
    assert_eq!(transcript.language.as_ref().unwrap().as_str(), "es");
}

#[tokio::test]
async fn silence_and_noise_have_no_phases() {
    assert_phases(&heard(&[silence(10.0), noise(10.0, -40.0, 7)]).await, &[]);
}

#[tokio::test]
async fn the_sample_calls_have_the_phases_of_their_scripts() {
    let hold = [(Conversation, 0.1, 27.6), (Hold, 27.9, 35.9), (Conversation, 36.1, 54.7)];
    for (name, expected) in [
        ("en-refund", &hold[..]),
        ("es-tarjeta", &[(Conversation, 0.1, 41.9)]),
        ("en-complaint", &[(Conversation, 0.1, 38.8)]),
    ] {
        assert_phases(&hear(&call_file(&format!("{name}.wav"))).await, expected);
    }
}
