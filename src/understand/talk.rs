//! How a call was talked: who spoke how long, who waited for whom. Pure; the words only count, they are not read.
//!
//! What each figure means:
//!
//! - **Basis.** Each party on its own channel: its speech as voice activity found it. One channel, or no voice activity,
//!   but a transcript that names two speakers or more: their words, a pause under [`WORD_PAUSE_MS`] closed. Else
//!   `mixed`: the figures of the call without those of its parties.
//! - **Conversation**: the phases of that kind; without phases everything from the first word to the last. Ringing,
//!   announcements, hold music and beeps are left out, speech in them too. Everything below is measured in it.
//! - **Talk**: time a party speaks; of the call, time with anybody speaking. **Share**: of the sum over all parties.
//! - **Listen**: time another party speaks and this one does not.
//! - **Silence**: time of conversation with nobody speaking. **Dead air**: a silence of [`DEAD_AIR_MS`] or more.
//! - **Overlap**: time with two or more speaking.
//! - **Utterance**: a party's speech, own pauses under [`UTTERANCE_PAUSE_MS`] closed. One under [`BACKCHANNEL_MS`] that
//!   lies wholly inside another party's utterance ("mhm") is a backchannel; it counts as talk, but is no turn.
//! - **Turn**: utterances of one party that follow each other with no turn of another between, and no dead air.
//! - **Monologue**: a turn from its first sound to its last, pauses included.
//! - **Interruption**: a turn that begins while another party has been speaking for [`INTERRUPTED_AFTER_MS`], goes on
//!   together with it for [`INTERRUPTION_MS`] at least, and outlasts it.
//! - **Response time**: from the end of another party's turn to the beginning of the turn that follows it, 0 when they
//!   touch or overlap; after dead air nobody is answering. Interruptions are no answers.
//! - **Words a minute**: published words in conversation, for a minute of talk; from [`RATED_TALK_MS`] of talk on.
//! - **Hold**: phases of that kind, how many and how long together.
//! - **Moments**: where in the call the longest silence, dead air, interruptions, each party's longest monologue and
//!   longest response time are; at most [`MOMENTS_MAX`].

use crate::call::{
    CallSound, ChannelRole, PartyTalk, PhaseKind, Segment, Stretch, TalkBasis, TalkMetrics, TalkMoment, TalkMomentKind,
    Transcript,
};

/// A pause between two words that is part of speaking.
pub const WORD_PAUSE_MS: u64 = 300;
/// A silence that makes people ask "hello?"; contact centres count from here.
pub const DEAD_AIR_MS: u64 = 3_000;
/// A pause for breath inside what somebody says.
pub const UTTERANCE_PAUSE_MS: u64 = 1_000;
/// What is shorter, inside another's speech, is no wish to speak.
pub const BACKCHANNEL_MS: u64 = 1_000;
/// Who began less than this before was not interrupted: both began at once.
pub const INTERRUPTED_AFTER_MS: u64 = 500;
/// Less than this together is quick taking of turns.
pub const INTERRUPTION_MS: u64 = 300;
/// Talk from which a rate of words is told.
pub const RATED_TALK_MS: u64 = 3_000;
/// Moments of a call: what is longest comes first, then dead air and interruptions from the beginning on. Three hours in
/// which nobody has anything to say would have thousands.
pub const MOMENTS_MAX: usize = 200;

/// One party, as it is measured.
struct Voice {
    channel: u16,
    speaker: String,
    speech: Vec<Stretch>,
    words: u32,
}

/// A turn and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    voice: usize,
    stretch: Stretch,
    interrupts: bool,
}

/// Measures a call; `None` when nobody spoke in conversation.
pub fn measure(transcript: &Transcript) -> Option<TalkMetrics> {
    let (basis, mut voices) = voices(transcript);
    let conversation = conversation(transcript, &voices);
    for voice in &mut voices {
        voice.speech = within(&voice.speech, &conversation);
    }
    voices.retain(|voice| !voice.speech.is_empty());
    let talk = Stretch::merged(voices.iter().flat_map(|voice| voice.speech.iter().copied()).collect(), 0);
    let silences = without(&conversation, &talk);
    let dead_air: Vec<Stretch> =
        silences.iter().filter(|silence| silence.duration_ms() >= DEAD_AIR_MS).copied().collect();
    let talk_ms = length(&talk);
    if talk_ms == 0 {
        return None;
    }
    let words: u32 = voices.iter().map(|voice| voice.words).sum();
    let apart = basis != TalkBasis::Mixed;
    let turns = turns(&voices);
    let spoken: u64 = voices.iter().map(|voice| length(&voice.speech)).sum();
    let holds: Vec<Stretch> =
        transcript.sound.iter().flat_map(|sound| sound.of_kind(PhaseKind::Hold).collect::<Vec<_>>()).collect();
    Some(TalkMetrics {
        basis,
        conversation_ms: length(&conversation),
        talk_ms,
        silence_ms: length(&silences),
        silence_longest_ms: silences.iter().map(Stretch::duration_ms).max().unwrap_or(0),
        dead_air_min_ms: DEAD_AIR_MS,
        dead_air_count: count(dead_air.len()),
        dead_air_ms: length(&dead_air),
        overlap_ms: apart.then(|| overlap_ms(&voices)),
        hold_ms: length(&holds),
        hold_count: count(holds.len()),
        words_per_minute: words_per_minute(words, spoken),
        parties: if apart { parties(&voices, &turns, &talk, spoken) } else { Vec::new() },
        moments: moments(&silences, &dead_air, if apart { &turns } else { &[] }, voices.len()),
    })
}

/// Who spoke when, and on what that rests.
fn voices(transcript: &Transcript) -> (TalkBasis, Vec<Voice>) {
    let sound = transcript.sound.as_ref().filter(|sound| sound.speech.iter().any(|speech| !speech.is_empty()));
    let said: Vec<(u16, &str)> = speakers(&transcript.segments);
    let recorded =
        transcript.channels.iter().filter(|channel| !matches!(channel.role, ChannelRole::CopyOf { .. })).count();
    let by_turns = || said.iter().map(|&(channel, speaker)| from_words(transcript, channel, speaker)).collect();
    match sound {
        // Several channels are several parties, also when only one of them spoke; unless all of them spoke on it.
        Some(sound) if recorded > 1 && (speaking(sound) > 1 || said.len() <= 1) => {
            let spoken = (0..).zip(&sound.speech).filter(|(_, speech)| !speech.is_empty());
            let voices = spoken.map(|(channel, speech)| from_channel(transcript, channel, speech)).collect();
            (TalkBasis::Channels, voices)
        }
        _ if said.len() > 1 => (TalkBasis::Turns, by_turns()),
        Some(sound) => {
            let speech = Stretch::merged(sound.speech.iter().flatten().copied().collect(), 0);
            let words = words_in(transcript, |_| true);
            (TalkBasis::Mixed, vec![Voice { channel: 0, speaker: String::new(), speech, words }])
        }
        None => (TalkBasis::Mixed, by_turns()),
    }
}

fn speaking(sound: &CallSound) -> usize {
    sound.speech.iter().filter(|speech| !speech.is_empty()).count()
}

/// Channels and names of those who speak, by first appearance.
fn speakers(segments: &[Segment]) -> Vec<(u16, &str)> {
    let mut found: Vec<(u16, &str)> = Vec::new();
    for segment in segments {
        let speaker = (segment.channel, segment.speaker.as_str());
        if !found.contains(&speaker) {
            found.push(speaker);
        }
    }
    found
}

fn from_channel(transcript: &Transcript, channel: u16, speech: &[Stretch]) -> Voice {
    let facts = transcript.channels.iter().find(|facts| facts.channel == channel);
    let named = transcript.segments.iter().find(|segment| segment.channel == channel);
    let speaker = facts.map(|facts| &facts.speaker).or(named.map(|segment| &segment.speaker));
    Voice {
        channel,
        speaker: speaker.cloned().unwrap_or_else(|| format!("Speaker {}", channel + 1)),
        speech: Stretch::merged(speech.to_vec(), 0),
        words: words_in(transcript, |segment| segment.channel == channel),
    }
}

/// A party that is only known by its words; segments without words count whole.
fn from_words(transcript: &Transcript, channel: u16, speaker: &str) -> Voice {
    let is_own = |segment: &Segment| segment.channel == channel && segment.speaker == speaker;
    let stretches = |segment: &Segment| match segment.words.as_slice() {
        [] => vec![Stretch::new(segment.start_ms, segment.end_ms)],
        words => words.iter().map(|word| Stretch::new(word.start_ms, word.end_ms)).collect(),
    };
    let speech = transcript.segments.iter().filter(|segment| is_own(segment)).flat_map(stretches).collect();
    Voice {
        channel,
        speaker: speaker.to_owned(),
        speech: Stretch::merged(speech, WORD_PAUSE_MS),
        words: words_in(transcript, is_own),
    }
}

/// Words in conversation; of a segment without word times as many as it has.
fn words_in(transcript: &Transcript, is_own: impl Fn(&Segment) -> bool) -> u32 {
    let among = |at_ms: u64| transcript.sound.as_ref().is_none_or(|sound| sound.is_conversation(at_ms));
    let own = transcript.segments.iter().filter(|segment| is_own(segment));
    let counted = own.map(|segment| match segment.words.as_slice() {
        [] if among(segment.start_ms.midpoint(segment.end_ms)) => segment.text.split_whitespace().count(),
        words => words.iter().filter(|word| among(word.start_ms.midpoint(word.end_ms))).count(),
    });
    count(counted.sum())
}

fn conversation(transcript: &Transcript, voices: &[Voice]) -> Vec<Stretch> {
    let phases = transcript.sound.as_ref().filter(|sound| !sound.phases.is_empty());
    if let Some(sound) = phases {
        return sound.of_kind(PhaseKind::Conversation).collect();
    }
    let all = || voices.iter().flat_map(|voice| &voice.speech);
    let ends = all().map(|speech| speech.start_ms).min().zip(all().map(|speech| speech.end_ms).max());
    ends.map(|(start, end)| Stretch::new(start, end)).into_iter().collect()
}

fn overlap_ms(voices: &[Voice]) -> u64 {
    // Every edge with what it does to the number of those who speak; ends before beginnings of the same moment.
    let edges = voices.iter().flat_map(|voice| voice.speech.iter().flat_map(|s| [(s.start_ms, 1), (s.end_ms, -1)]));
    let mut edges: Vec<(u64, i32)> = edges.collect();
    edges.sort_unstable();
    let (mut speaking, mut since, mut sum) = (0, 0, 0);
    for (at, change) in edges {
        sum += if speaking > 1 { at - since } else { 0 };
        speaking += change;
        since = at;
    }
    sum
}

fn parties(voices: &[Voice], turns: &[Turn], talk: &[Stretch], spoken: u64) -> Vec<PartyTalk> {
    let told = |(index, voice): (usize, &Voice)| {
        let talk_ms = length(&voice.speech);
        let own: Vec<&Turn> = turns.iter().filter(|turn| turn.voice == index).collect();
        let mut responses: Vec<u64> = responses(turns, index).map(|gap| gap.duration_ms()).collect();
        responses.sort_unstable();
        PartyTalk {
            channel: voice.channel,
            speaker: voice.speaker.clone(),
            role: None,
            talk_ms,
            talk_share: (talk_ms as f64 / spoken.max(1) as f64) as f32,
            listen_ms: length(talk) - talk_ms,
            longest_monologue_ms: own.iter().map(|turn| turn.stretch.duration_ms()).max().unwrap_or(0),
            turns: count(own.len()),
            interruptions: count(own.iter().filter(|turn| turn.interrupts).count()),
            response_median_ms: median(&responses),
            response_longest_ms: responses.last().copied(),
            words: voice.words,
            words_per_minute: words_per_minute(voice.words, talk_ms),
        }
    };
    voices.iter().enumerate().map(told).collect()
}

/// Of every answer that `who` gave, from the end of what it answers until it begins; without length where they overlap.
fn responses(turns: &[Turn], who: usize) -> impl Iterator<Item = Stretch> {
    turns.windows(2).filter_map(move |pair| {
        let (before, turn) = (pair[0], pair[1]);
        let gap = Stretch::new(before.stretch.end_ms.min(turn.stretch.start_ms), turn.stretch.start_ms);
        let is_answer = turn.voice == who && before.voice != who && !turn.interrupts;
        (is_answer && gap.duration_ms() < DEAD_AIR_MS).then_some(gap)
    })
}

/// Where the figures come from. Of what is longest the first, when others are as long.
fn moments(silences: &[Stretch], dead_air: &[Stretch], turns: &[Turn], voices: usize) -> Vec<TalkMoment> {
    use TalkMomentKind::{DeadAir, Interruption, LongestMonologue, LongestResponse, LongestSilence};
    let moment = |kind, party| move |stretch| TalkMoment { stretch, kind, party };
    let mut found: Vec<TalkMoment> =
        longest(silences.iter().copied()).map(moment(LongestSilence, None)).into_iter().collect();
    for voice in 0..voices {
        let own = turns.iter().filter(|turn| turn.voice == voice).map(|turn| turn.stretch);
        found.extend(longest(own).map(moment(LongestMonologue, Some(voice))));
        found.extend(longest(responses(turns, voice)).map(moment(LongestResponse, Some(voice))));
    }
    let interruptions = turns.iter().filter(|turn| turn.interrupts);
    let mut rest: Vec<TalkMoment> =
        interruptions.map(|turn| moment(Interruption, Some(turn.voice))(turn.stretch)).collect();
    rest.extend(dead_air.iter().copied().map(moment(DeadAir, None)));
    rest.sort_unstable();
    found.extend(rest);
    found.truncate(MOMENTS_MAX);
    found.sort_unstable();
    found
}

fn longest(stretches: impl Iterator<Item = Stretch>) -> Option<Stretch> {
    stretches
        .filter(|stretch| stretch.duration_ms() > 0)
        .max_by_key(|stretch| (stretch.duration_ms(), std::cmp::Reverse(stretch.start_ms)))
}

/// The turns of all parties, by where they begin.
fn turns(voices: &[Voice]) -> Vec<Turn> {
    let utterances: Vec<Vec<Stretch>> =
        voices.iter().map(|voice| Stretch::merged(voice.speech.clone(), UTTERANCE_PAUSE_MS - 1)).collect();
    let mut all: Vec<(Stretch, usize)> = Vec::new();
    for (voice, own) in utterances.iter().enumerate() {
        let others = || utterances.iter().enumerate().filter(|(other, _)| *other != voice).map(|(_, list)| list);
        let is_backchannel = |one: &Stretch| {
            let around =
                |list: &Vec<Stretch>| holding(list, one).is_some_and(|held| held.duration_ms() > one.duration_ms());
            one.duration_ms() < BACKCHANNEL_MS && others().any(around)
        };
        all.extend(own.iter().filter(|one| !is_backchannel(one)).map(|one| (*one, voice)));
    }
    all.sort_unstable();
    let mut turns: Vec<Turn> = Vec::new();
    for (stretch, voice) in all {
        match turns.last_mut() {
            Some(last) if last.voice == voice && stretch.start_ms.saturating_sub(last.stretch.end_ms) < DEAD_AIR_MS => {
                last.stretch.end_ms = last.stretch.end_ms.max(stretch.end_ms);
            }
            _ => {
                let others = utterances.iter().enumerate().filter(|(other, _)| *other != voice).map(|(_, list)| list);
                let interrupts = others.into_iter().any(|list| interrupts(list, &stretch));
                turns.push(Turn { voice, stretch, interrupts });
            }
        }
    }
    turns
}

/// The utterance of a sorted list that `one` lies wholly in.
fn holding<'a>(list: &'a [Stretch], one: &Stretch) -> Option<&'a Stretch> {
    let at = list.partition_point(|other| other.start_ms <= one.start_ms);
    at.checked_sub(1).map(|at| &list[at]).filter(|held| held.end_ms >= one.end_ms)
}

/// Whether a turn that begins with `one` takes the floor from somebody in `list`.
fn interrupts(list: &[Stretch], one: &Stretch) -> bool {
    let at = list.partition_point(|other| other.start_ms + INTERRUPTED_AFTER_MS <= one.start_ms);
    at.checked_sub(1)
        .map(|at| list[at])
        .is_some_and(|speaking| speaking.end_ms >= one.start_ms + INTERRUPTION_MS && speaking.end_ms < one.end_ms)
}

fn words_per_minute(words: u32, talk_ms: u64) -> Option<u32> {
    let rate = || (f64::from(words) * 60_000.0 / talk_ms as f64).round() as u32;
    (talk_ms >= RATED_TALK_MS).then(rate)
}

fn median(sorted: &[u64]) -> Option<u64> {
    match sorted.len() {
        0 => None,
        even if even % 2 == 0 => Some(sorted[even / 2 - 1].midpoint(sorted[even / 2])),
        odd => Some(sorted[odd / 2]),
    }
}

fn length(stretches: &[Stretch]) -> u64 {
    stretches.iter().map(Stretch::duration_ms).sum()
}

/// The parts of sorted `stretches` that lie in sorted `frames`.
fn within(stretches: &[Stretch], frames: &[Stretch]) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut from = 0;
    for stretch in stretches {
        while frames.get(from).is_some_and(|frame| frame.end_ms <= stretch.start_ms) {
            from += 1;
        }
        let met = frames[from..].iter().take_while(|frame| frame.start_ms < stretch.end_ms);
        out.extend(
            met.map(|frame| Stretch::new(frame.start_ms.max(stretch.start_ms), frame.end_ms.min(stretch.end_ms))),
        );
    }
    out
}

/// The parts of sorted `frames` that sorted `taken` leaves.
fn without(frames: &[Stretch], taken: &[Stretch]) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut from = 0;
    for frame in frames {
        let mut at = frame.start_ms;
        while taken.get(from).is_some_and(|cut| cut.end_ms <= at) {
            from += 1;
        }
        for cut in taken[from..].iter().take_while(|cut| cut.start_ms < frame.end_ms) {
            if cut.start_ms > at {
                out.push(Stretch::new(at, cut.start_ms));
            }
            at = at.max(cut.end_ms);
        }
        if at < frame.end_ms {
            out.push(Stretch::new(at, frame.end_ms));
        }
    }
    out
}

/// A call has far fewer of anything than `u32` counts.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
