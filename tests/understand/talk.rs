use callscribe::call::{CallSound, Phase, PhaseKind, Stretch, TalkBasis, TalkMetrics, TalkMomentKind, Transcript};
use callscribe::understand::talk::{MOMENTS_MAX, measure};

use crate::{channel, sample_call, transcript};

/// A two-channel call with that speech, in seconds, and twenty words on each channel.
fn call(agent: &[(f64, f64)], customer: &[(f64, f64)], phases: &[(PhaseKind, f64, f64)]) -> Transcript {
    let ms = |seconds: f64| (seconds * 1000.0).round() as u64;
    let speech = |list: &[(f64, f64)]| list.iter().map(|&(from, to)| Stretch::new(ms(from), ms(to))).collect();
    let phase = |&(kind, from, to): &(PhaseKind, f64, f64)| Phase { kind, start_ms: ms(from), end_ms: ms(to) };
    let sound = CallSound {
        speech: vec![speech(agent), speech(customer)],
        phases: phases.iter().map(phase).collect(),
        ..CallSound::default()
    };
    Transcript {
        channels: vec![channel(0, "agent"), channel(1, "customer")],
        sound: Some(sound),
        ..transcript(None, &[])
    }
}

fn measured(agent: &[(f64, f64)], customer: &[(f64, f64)]) -> TalkMetrics {
    measure(&call(agent, customer, &[])).unwrap()
}

#[test]
fn talk_listen_silence_and_dead_air_add_up() {
    let talk = measured(&[(0.0, 4.0), (10.0, 12.0)], &[(4.5, 6.5), (11.0, 15.0)]);
    assert_eq!(talk.basis, TalkBasis::Channels);
    assert_eq!((talk.conversation_ms, talk.talk_ms, talk.silence_ms), (15_000, 11_000, 4_000));
    assert_eq!((talk.dead_air_count, talk.dead_air_ms, talk.silence_longest_ms), (1, 3_500, 3_500));
    assert_eq!(talk.overlap_ms, Some(1_000));
    let [agent, customer] = &talk.parties[..] else { panic!("{talk:?}") };
    assert_eq!((agent.talk_ms, agent.listen_ms), (6_000, 5_000));
    assert_eq!((customer.talk_ms, customer.listen_ms), (6_000, 5_000));
    assert_eq!((agent.talk_share, customer.talk_share), (0.5, 0.5));
}

#[test]
fn a_silence_under_three_seconds_is_no_dead_air() {
    let dead = |gap: f64| measured(&[(0.0, 2.0)], &[(2.0 + gap, 5.0 + gap)]).dead_air_count;
    assert_eq!((dead(2.9), dead(3.0)), (0, 1));
}

#[test]
fn who_takes_the_floor_from_somebody_who_speaks_interrupts() {
    let interruptions = |agent: &[(f64, f64)], customer: &[(f64, f64)]| {
        let talk = measured(agent, customer);
        (talk.parties[0].interruptions, talk.parties[1].interruptions)
    };
    assert_eq!(interruptions(&[(0.0, 4.0)], &[(3.0, 7.0)]), (0, 1), "the customer cuts in and goes on");
    assert_eq!(interruptions(&[(0.0, 4.0)], &[(3.8, 7.0)]), (0, 0), "200 ms together are quick taking of turns");
    assert_eq!(interruptions(&[(0.0, 8.0)], &[(3.0, 3.6)]), (0, 0), "a backchannel takes nothing");
    assert_eq!(interruptions(&[(0.0, 8.0)], &[(3.0, 5.0)]), (0, 0), "the agent kept the floor");
    assert_eq!(interruptions(&[(0.0, 4.0)], &[(0.3, 7.0)]), (0, 0), "both began at once");
}

#[test]
fn a_monologue_goes_on_over_pauses_and_backchannels_and_ends_with_a_turn_or_dead_air() {
    let longest =
        |agent: &[(f64, f64)], customer: &[(f64, f64)]| measured(agent, customer).parties[0].longest_monologue_ms;
    assert_eq!(longest(&[(0.0, 4.0), (5.5, 9.0)], &[(20.0, 21.0)]), 9_000);
    assert_eq!(longest(&[(0.0, 10.0)], &[(4.0, 4.5)]), 10_000);
    assert_eq!(longest(&[(0.0, 4.0), (6.0, 9.0)], &[(4.2, 5.8)]), 4_000);
    assert_eq!(longest(&[(0.0, 4.0), (7.5, 9.0)], &[(20.0, 21.0)]), 4_000);
}

#[test]
fn the_response_time_is_the_gap_to_the_other_partys_turn() {
    let talk = measured(&[(0.0, 2.0), (5.0, 6.0), (9.0, 10.0)], &[(2.4, 4.0), (6.8, 8.0), (10.0, 12.0), (20.0, 22.0)]);
    let [agent, customer] = &talk.parties[..] else { panic!("{talk:?}") };
    assert_eq!((agent.response_median_ms, agent.response_longest_ms), (Some(1_000), Some(1_000)));
    assert_eq!((customer.response_median_ms, customer.response_longest_ms), (Some(400), Some(800)), "0.4, 0.8 and 0");
    assert_eq!((agent.turns, customer.turns), (3, 4), "dead air ends a turn");
}

#[test]
fn every_figure_says_where_it_can_be_heard() {
    use TalkMomentKind::{DeadAir, Interruption, LongestMonologue, LongestResponse, LongestSilence};
    let talk = measured(&[(0.0, 4.0), (10.0, 12.0), (15.5, 17.0)], &[(3.0, 7.0), (11.0, 15.0)]);
    let told: Vec<_> =
        talk.moments.iter().map(|at| (at.kind, at.party, at.stretch.start_ms, at.stretch.end_ms)).collect();
    let expected = [
        (LongestMonologue, Some(0), 0, 4_000),
        (LongestMonologue, Some(1), 3_000, 7_000),
        (Interruption, Some(1), 3_000, 7_000),
        (LongestSilence, None, 7_000, 10_000),
        (DeadAir, None, 7_000, 10_000),
        (Interruption, Some(1), 11_000, 15_000),
        (LongestResponse, Some(0), 15_000, 15_500),
    ];
    assert_eq!(told, expected);
}

#[test]
fn of_a_call_that_falls_silent_again_and_again_the_longest_silence_is_told_wherever_it_is() {
    let mut agent: Vec<(f64, f64)> = (0..300).map(|n| (f64::from(n) * 10.0, f64::from(n) * 10.0 + 1.0)).collect();
    agent.push((3_030.0, 3_031.0));
    let talk = measured(&agent, &[(3_031.0, 3_032.0)]);
    assert_eq!((talk.dead_air_count, talk.moments.len()), (300, MOMENTS_MAX));
    let longest = talk.moments.iter().find(|moment| moment.kind == TalkMomentKind::LongestSilence).unwrap();
    assert_eq!((longest.stretch.start_ms, longest.stretch.duration_ms()), (2_991_000, 39_000));
}

#[test]
fn only_conversation_counts_and_hold_is_told_apart() {
    use PhaseKind::{Announcement, Conversation, Hold};
    let phases = [(Announcement, 0.0, 5.0), (Conversation, 6.0, 12.0), (Hold, 12.0, 30.0), (Conversation, 31.0, 40.0)];
    let call = call(&[(0.0, 5.0), (6.0, 9.0), (31.0, 35.0)], &[(9.5, 12.0), (15.0, 16.0), (36.0, 40.0)], &phases);
    let talk = measure(&call).unwrap();
    assert_eq!((talk.conversation_ms, talk.hold_ms, talk.hold_count), (15_000, 18_000, 1));
    assert_eq!((talk.parties[0].talk_ms, talk.parties[1].talk_ms), (7_000, 6_500));
    assert_eq!((talk.silence_ms, talk.dead_air_count), (1_500, 0));
}

#[test]
fn words_a_minute_are_words_for_the_time_of_talk() {
    let mut call = call(&[(0.0, 6.0)], &[(7.0, 8.0)], &[]);
    let text = "one two three four five six seven eight nine ten eleven twelve";
    call.segments = transcript(None, &[(0, 0, 6_000, text), (1, 7_000, 8_000, "yes please")]).segments;
    let talk = measure(&call).unwrap();
    assert_eq!((talk.parties[0].words, talk.parties[0].words_per_minute), (12, Some(120)));
    assert_eq!((talk.parties[1].words, talk.parties[1].words_per_minute), (2, None), "a second is too little to tell");
}

#[test]
fn one_channel_is_measured_by_the_speakers_turns_or_not_by_party() {
    let mut mono = transcript(None, &[(0, 0, 4_000, "how can I help you"), (0, 5_000, 8_000, "I want a refund")]);
    mono.channels = vec![channel(0, "Speaker 1")];
    let mixed = measure(&mono).unwrap();
    assert_eq!((mixed.basis, mixed.parties.len(), mixed.overlap_ms), (TalkBasis::Mixed, 0, None));
    assert_eq!((mixed.talk_ms, mixed.silence_ms), (7_000, 1_000));
    mono.segments[0].speaker = "agent".to_owned();
    mono.segments[1].speaker = "customer".to_owned();
    let turns = measure(&mono).unwrap();
    assert_eq!(turns.basis, TalkBasis::Turns);
    assert_eq!((turns.parties[0].talk_ms, turns.parties[1].response_median_ms), (4_000, Some(1_000)));
}

#[test]
fn a_call_in_which_nobody_speaks_has_no_talk() {
    assert_eq!(measure(&call(&[], &[], &[])), None);
    assert_eq!(measure(&transcript(None, &[])), None);
}

#[test]
fn a_sample_call_is_measured_as_its_script_says() {
    let talk = measure(&sample_call("en-refund")).unwrap();
    assert_eq!(talk.parties.len(), 2);
    assert!(talk.silence_longest_ms > 8_000, "the hold is a silence where no sound is known: {talk:?}");
    assert_eq!(talk.talk_ms + talk.silence_ms, talk.conversation_ms);
}
