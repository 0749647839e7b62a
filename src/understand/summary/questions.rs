//! Questions that nobody answered: no one else spoke after them, or who did said that they did not know. What one side asks
//! itself, and the courtesies that open and close a call, are no questions.

use std::collections::BTreeSet;

use crate::call::Question;
use crate::understand::phrases::Phrases;
use crate::understand::reading::{Reading, Sentence};

/// Open questions of a call.
const QUESTIONS_MAX: usize = 10;
/// Turns of others that are looked through for an answer.
const REPLIES_MAX: usize = 3;
/// Words below which nothing was asked ("Hello?", "Right?").
const WORDS_MIN: usize = 3;
/// Words of an answer that comes after "I don't know".
const LATE_WORDS_MIN: usize = 5;
/// How long after the question an answer is still one to it.
const ANSWER_MS_MAX: u64 = 60_000;

/// Asked out of courtesy.
const COURTESIES: &str = "how can i help|how may i help|how can i assist|how may i assist|how are you|anything else|\
    can you hear me|are you there|could you hold|can you hold|may i put you|can i put you|is that okay|is that correct|\
    what can i do for you|who am i speaking|may i ask who|en que puedo ayudar*|en que le puedo ayudar|en que puedo servir*|\
    como puedo ayudar*|como esta|como estas|algo mas|me escucha|me oye|sigue ahi|puede esperar|puedo ponerle|es correcto|\
    que tal|con quien hablo";
/// Not an answer.
const EVASIONS: &str = "i don't know|i do not know|i'm not sure|i am not sure|not sure about|i have no idea|no idea|\
    i can't say|i cannot say|i couldn't say|can't tell you|cannot tell you|hard to say|i have to check|i'd have to check|\
    i need to check|i would have to check|i'd have to ask|i have to ask|i need to ask|let me find out|\
    get back to you|i'll find out|i will find out|\
    no lo se|no se decirle|no sabria decirle|no estoy segur*|no tengo idea|ni idea|no puedo decirle|no le puedo decir|\
    tengo que consultar*|tendria que consultar*|tengo que preguntar|tendria que preguntar|no tengo esa informacion|\
    no lo tengo claro|eso no lo se";
/// Neither an answer nor a refusal: the answer comes behind.
const PAUSES: &str = "one moment|just a moment|one second|just a second|hold on|let me check|let me see|let me look|\
    bear with me|un momento|un segundo|un instante|espere|dejeme ver|dejeme revisar|permitame";

enum Reply {
    Answer,
    Evasion,
    /// Look further.
    Pause,
}

/// The questions left open, in the order of the call. With one speaker there is nobody who could have answered.
pub(super) fn open_questions(reading: &Reading<'_>) -> Vec<Question> {
    let spoken: Vec<&Sentence> = reading.conversation().collect();
    let voices: BTreeSet<usize> = spoken.iter().map(|sentence| reading.speaker_of[sentence.segment as usize]).collect();
    if voices.len() < 2 {
        return Vec::new();
    }
    let courtesies = Phrases::of([(COURTESIES, ())]);
    let replies = Phrases::of([(EVASIONS, Evasive::Evasion), (PAUSES, Evasive::Pause)]);
    let asked = spoken.iter().enumerate().filter(|(_, sentence)| {
        let words = reading.words_of(sentence);
        sentence.is_question && words.len() >= WORDS_MIN && !courtesies.is_in(&words)
    });
    asked
        .filter(|(at, _)| is_open(reading, &spoken[*at..], &replies))
        .take(QUESTIONS_MAX)
        .map(|(_, sentence)| Question {
            text: reading.text_of(sentence).to_owned(),
            speaker: reading.speaker(sentence.segment).to_owned(),
            segment: sentence.segment,
            start_ms: sentence.start_ms,
            segments: Vec::new(),
            supported: true,
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evasive {
    Evasion,
    Pause,
}

/// Whether the first of these sentences, a question, is answered by none of the others.
fn is_open(reading: &Reading<'_>, from: &[&Sentence], replies: &Phrases<Evasive>) -> bool {
    let Some((question, later)) = from.split_first() else { return false };
    let asker = reading.speaker_of[question.segment as usize];
    let mut turn = None;
    let mut turns = 0;
    let mut evaded = None;
    for sentence in later {
        if sentence.start_ms > question.start_ms + ANSWER_MS_MAX {
            break;
        }
        if reading.speaker_of[sentence.segment as usize] == asker {
            continue;
        }
        if turn != Some(sentence.segment) {
            turns += 1;
            turn = Some(sentence.segment);
        }
        if turns > REPLIES_MAX {
            break;
        }
        match reply(reading, sentence, replies) {
            Reply::Answer if evaded.is_none() => return false,
            // "I don't know" is not mended by what is said in the same breath, but by words that come back to it.
            Reply::Answer if evaded != turn && reading.words_of(sentence).len() >= LATE_WORDS_MIN => return false,
            Reply::Evasion => evaded = turn,
            _ => {}
        }
    }
    true
}

fn reply(reading: &Reading<'_>, sentence: &Sentence, replies: &Phrases<Evasive>) -> Reply {
    let words = reading.words_of(sentence);
    match replies.first_in(&words) {
        Some((.., Evasive::Evasion)) => Reply::Evasion,
        Some((.., Evasive::Pause)) => Reply::Pause,
        None if sentence.is_question || words.is_empty() => Reply::Pause,
        None => Reply::Answer,
    }
}
