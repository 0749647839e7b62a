//! Which speaker is the agent and which the customer: by name where the channels are named, else by what they say when
//! the call opens. Guessed only where exactly one side speaks like an agent.

use super::fold::{fold, fold_phrase};
use super::reading::Reading;
pub(super) use crate::call::PartyRole as Role;

/// Names by which configurations and providers call the sides.
const AGENT_NAMES: [&str; 12] = [
    "agent",
    "operator",
    "advisor",
    "representative",
    "rep",
    "staff",
    "support",
    "agente",
    "operador",
    "operadora",
    "asesor",
    "asesora",
];
const CUSTOMER_NAMES: [&str; 10] =
    ["customer", "caller", "client", "patient", "user", "cliente", "llamante", "paciente", "usuario", "usuaria"];
/// What the side that answers for a business says, folded.
const AGENT_PHRASES: [&str; 18] = [
    "thank you for calling",
    "thanks for calling",
    "how can i help",
    "how may i help",
    "how can i assist",
    "how may i assist",
    "anything else i can help",
    "call may be recorded",
    "call is being recorded",
    "gracias por llamar",
    "en que puedo ayudar",
    "en que le puedo ayudar",
    "en que puedo servir",
    "como puedo ayudar",
    "algo mas en lo que pueda ayudar",
    "algo mas en que le pueda",
    "llamada sera grabada",
    "llamada esta siendo grabada",
];

/// The role of each speaker of a reading, where it is known.
pub(super) fn roles(reading: &Reading<'_>) -> Vec<Option<Role>> {
    let mut roles: Vec<Option<Role>> = reading.speakers.iter().map(|name| by_name(name)).collect();
    if roles.iter().all(Option::is_none) {
        let agents = speak_like_agents(reading);
        if agents.iter().filter(|is_agent| **is_agent).count() == 1 {
            roles = agents.iter().map(|is_agent| is_agent.then_some(Role::Agent)).collect();
        }
    }
    if let [a, b] = roles.as_mut_slice() {
        let other = |role: &Role| if *role == Role::Agent { Role::Customer } else { Role::Agent };
        match (&a, &b) {
            (Some(known), None) => *b = Some(other(known)),
            (None, Some(known)) => *a = Some(other(known)),
            _ => {}
        }
    }
    roles
}

/// Whether a speaker is the party a rule names: by name or by role.
pub(super) fn is_party(speaker: &str, role: Option<Role>, wanted: &str) -> bool {
    let wanted = fold(wanted);
    fold(speaker) == wanted || (role.is_some() && by_name(&wanted) == role)
}

fn by_name(name: &str) -> Option<Role> {
    let name = fold(name);
    if AGENT_NAMES.contains(&name.as_str()) {
        Some(Role::Agent)
    } else {
        CUSTOMER_NAMES.contains(&name.as_str()).then_some(Role::Customer)
    }
}

fn speak_like_agents(reading: &Reading<'_>) -> Vec<bool> {
    let phrases: Vec<Vec<String>> = AGENT_PHRASES.iter().map(|phrase| fold_phrase(phrase)).collect();
    let mut agents = vec![false; reading.speakers.len()];
    for sentence in &reading.sentences {
        let words = reading.words_of(sentence);
        // The last word of a phrase may go on: "ayudar" in "ayudarle".
        let begins = |phrase: &Vec<String>| {
            words.windows(phrase.len()).any(|window| {
                window.iter().zip(phrase).enumerate().all(|(at, (word, wanted))| {
                    *word == wanted || (at + 1 == phrase.len() && word.starts_with(wanted.as_str()))
                })
            })
        };
        if phrases.iter().any(begins) {
            agents[reading.speaker_of[sentence.segment as usize]] = true;
        }
    }
    agents
}
