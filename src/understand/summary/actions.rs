//! Action items: sentences in which somebody promises something or is asked to do something after the call. English and
//! Spanish; in other languages none are claimed.

use std::collections::HashSet;

use super::when::When;
use crate::call::ActionItem;
use crate::understand::phrases::Phrases;
use crate::understand::reading::{Reading, Sentence};

/// Action items of a call: beyond that the rules mistake small talk for promises.
const ACTIONS_MAX: usize = 20;
/// Words that may stand between a promise and its verb: "I will also personally send".
const GAP_MAX: usize = 3;

/// Who acts in a sentence that a phrase opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    /// The one who speaks, or whom they speak for.
    Speaker,
    /// The one spoken to.
    Other,
}

const ENGLISH_PROMISES: &str = "i will|i'll|i shall|we will|we'll|we shall|i am going to|i'm going to|we are going to|\
    we're going to|someone will|somebody will|technician will|colleague will|manager will|doctor will|nurse will|\
    team will|supervisor will|they will|they'll|he will|he'll|she will|she'll|you will receive|you'll receive|\
    you will get|you'll get|i promise to|we promise to|i need to|i have to|i can";
const ENGLISH_REQUESTS: &str = "please|could you|can you|would you|you need to|you have to|you will need to|\
    you'll need to|you should|you must|make sure to|make sure you|remember to|don't forget to";
/// Done after the call.
const ENGLISH_LATER: &str = "\
call email e-mail mail send ship deliver refund reimburse schedule reschedule book arrange contact escalate forward \
order cancel issue file submit replace text notify process follow credit return reach write bring pay sign upload \
fill print drop pick visit come dispatch receive get fix repair prepare report investigate deactivate register renew \
inform remind message ring phone post transfer reply respond update review request confirm apply open close";
/// Done at once, unless a time is named.
const ENGLISH_NOW: &str = "transfer update review request confirm apply close get text register process report pay \
    sign come order fix inform";

const SPANISH_PROMISES: &str = "voy a|vamos a|le voy a|te voy a|les voy a|va a recibir|van a llamar|va a llamar|\
    le van a|va a ir|me comprometo a|prometo|tengo que|tenemos que";
const SPANISH_REQUESTS: &str = "por favor|tiene que|tienes que|debe|deberá|debera|necesita|necesito que|asegurese de|\
    no olvide|no se olvide de|recuerde|puede|podria|podrias";
/// Infinitives; also what stems of futures end in.
const SPANISH_LATER: &str = "\
llamar enviar mandar devolver reembolsar programar agendar contactar escalar reenviar pedir cancelar emitir reemplazar \
avisar notificar procesar escribir traer pagar firmar subir rellenar completar imprimir visitar venir ir recibir \
arreglar reparar preparar informar recordar comunicar responder contestar actualizar revisar solicitar confirmar \
tramitar gestionar entregar abonar reservar cambiar presentar renovar hacer poner llegar";
const SPANISH_NOW: &str = "actualizar revisar solicitar confirmar pedir procesar cambiar hacer poner ir firmar pagar \
    subir recordar llegar";
/// Present tense that promises when a time stands beside it: "le llamo el viernes".
const SPANISH_PRESENT: &str = "\
llamo llamamos envio enviamos mando mandamos devuelvo devolvemos aviso avisamos escribo confirmo confirmamos programo \
agendo reservo paso pasamos contacto traigo pago pagamos entregamos";
/// What people are told to do.
const SPANISH_ORDERS: &str = "\
envie envieme envienos envienoslo mande mandeme mandenos llame llameme llamenos traiga traigame complete rellene firme \
devuelva pague presente suba imprima venga acuda llamame llamanos enviame mandame avise aviseme avisenos escriba \
escribame confirme confirmenos visite";

/// What promises look like in one language.
pub(super) struct Promises {
    openings: Phrases<Actor>,
    later: HashSet<&'static str>,
    now: HashSet<&'static str>,
    present: HashSet<&'static str>,
    orders: HashSet<&'static str>,
    when: When,
    is_spanish: bool,
}

/// A promise found in a sentence: the words, counted within the sentence.
struct Found {
    actor: Actor,
    verb: usize,
    when: Option<(usize, usize)>,
}

impl Promises {
    /// The rules of a language, if it has any.
    pub(super) fn of(language: &str) -> Option<Self> {
        let set = |list: &'static str| list.split_ascii_whitespace().collect();
        match language {
            "en" => Some(Self {
                openings: Phrases::of([(ENGLISH_PROMISES, Actor::Speaker), (ENGLISH_REQUESTS, Actor::Other)]),
                later: set(ENGLISH_LATER),
                now: set(ENGLISH_NOW),
                present: set(""),
                orders: set(""),
                when: When::english(),
                is_spanish: false,
            }),
            "es" => Some(Self {
                openings: Phrases::of([(SPANISH_PROMISES, Actor::Speaker), (SPANISH_REQUESTS, Actor::Other)]),
                later: set(SPANISH_LATER),
                now: set(SPANISH_NOW),
                present: set(SPANISH_PRESENT),
                orders: set(SPANISH_ORDERS),
                when: When::spanish(),
                is_spanish: true,
            }),
            _ => None,
        }
    }

    /// Who acts and by which verb.
    fn verb(&self, words: &[&str], raw: &[String], has_when: bool) -> Option<(Actor, usize)> {
        let is_later = |word: &str| self.later.contains(word) && (has_when || !self.now.contains(word));
        for at in 0..words.len() {
            if let Some((length, actor)) = self.openings.longest_at(words, at) {
                // "you will receive" has its verb inside.
                let from = if words[at + length - 1] == "receive" || words[at + length - 1] == "get" {
                    length - 1
                } else {
                    length
                };
                let behind = at + from..(at + from + GAP_MAX + 1).min(words.len());
                if let Some(verb) = behind.into_iter().find(|verb| is_later(infinitive(words[*verb]))) {
                    let is_no = words[at..verb].iter().any(|word| matches!(*word, "not" | "no" | "never" | "nunca"));
                    return (!is_no).then_some((*actor, verb));
                }
            }
            let is_denied = words[at.saturating_sub(GAP_MAX)..at].iter().any(|word| matches!(*word, "no" | "nunca"));
            if self.is_spanish && !is_denied {
                if future_stem(&raw[at]).is_some_and(|stem| is_later(&stem)) {
                    return Some((Actor::Speaker, at));
                }
                if has_when && self.present.contains(words[at]) {
                    return Some((Actor::Speaker, at));
                }
                if self.orders.contains(words[at]) && (has_when || words.contains(&"favor")) {
                    return Some((Actor::Other, at));
                }
            }
        }
        None
    }

    fn find(&self, words: &[&str], raw: &[String], is_question: bool) -> Option<Found> {
        let when = self.when.find(words);
        let (actor, verb) = self.verb(words, raw, when.is_some())?;
        // "Can you confirm your address?" is answered at once; "Can I call you tomorrow?" promises nothing yet.
        let is_asked_for_later = actor == Actor::Other && (when.is_some() || !self.now.contains(words[verb]));
        (!is_question || is_asked_for_later).then_some(Found { actor, verb, when })
    }
}

/// "llamarle" without what hangs on it.
fn infinitive(word: &str) -> &str {
    let bare = ["selo", "sela", "les", "los", "las", "nos", "le", "lo", "la", "te", "me"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|bare| bare.len() >= 4 && bare.ends_with('r')));
    bare.unwrap_or(word)
}

/// The infinitive of a Spanish future: "llamaré", "llamaremos", "recibirá". The accent tells it from other tenses.
fn future_stem(raw: &str) -> Option<String> {
    let stem = ["remos", "rán", "ré", "rá"].iter().find_map(|ending| raw.strip_suffix(ending))?;
    let infinitive = match stem {
        "ha" => "hacer".to_owned(),
        "pond" => "poner".to_owned(),
        "vend" => "venir".to_owned(),
        stem => format!("{stem}r"),
    };
    Some(infinitive)
}

/// What is to be done after the call, in its order.
pub(super) fn actions(reading: &Reading<'_>) -> Vec<ActionItem> {
    let Some(promises) = reading.language().and_then(Promises::of) else { return Vec::new() };
    let mut actions: Vec<ActionItem> = Vec::new();
    for sentence in reading.conversation() {
        if actions.len() >= ACTIONS_MAX {
            break;
        }
        if let Some(action) = action(reading, sentence, &promises)
            && !actions.iter().any(|known| known.text == action.text)
        {
            actions.push(action);
        }
    }
    actions
}

fn action(reading: &Reading<'_>, sentence: &Sentence, promises: &Promises) -> Option<ActionItem> {
    let spoken: Vec<usize> = sentence.tokens.clone().filter(|at| !reading.tokens[*at].folded.is_empty()).collect();
    let words: Vec<&str> = spoken.iter().map(|at| reading.tokens[*at].folded.as_str()).collect();
    let text = &reading.transcript.segments[sentence.segment as usize].text;
    let raw: Vec<String> = spoken
        .iter()
        .map(|at| text[reading.tokens[*at].bytes.clone()].trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .collect();
    let Found { actor, verb, when } = promises.find(&words, &raw, sentence.is_question)?;
    let told = |first: usize, last: usize| {
        let told = reading.text_between(spoken[first], spoken[last]);
        told.trim_matches(|c: char| c.is_whitespace() || (c.is_ascii_punctuation() && c != '\'')).to_owned()
    };
    let last = match when {
        Some((first, last)) if first > verb && last + 1 == words.len() => first - 1,
        _ => words.len() - 1,
    };
    // "le llamaré": what hangs before the verb says to whom.
    let first = if verb > 0 && ["le", "les", "te", "se", "lo", "la", "me"].contains(&words[verb - 1]) {
        verb - 1
    } else {
        verb
    };
    let speaker = reading.speaker(sentence.segment);
    let who = match actor {
        Actor::Speaker => speaker.to_owned(),
        Actor::Other => other_than(reading, speaker)?,
    };
    Some(ActionItem {
        text: reading.text_of(sentence).to_owned(),
        who,
        what: told(first, last),
        when: when.map(|(first, last)| told(first, last)),
        segment: sentence.segment,
        start_ms: sentence.start_ms,
        segments: Vec::new(),
        supported: true,
    })
}

/// The other one of two; with one or many nobody can say who is meant.
fn other_than(reading: &Reading<'_>, speaker: &str) -> Option<String> {
    match reading.speakers.as_slice() {
        [a, b] => Some(if *a == speaker { (*b).to_owned() } else { (*a).to_owned() }),
        _ => None,
    }
}
