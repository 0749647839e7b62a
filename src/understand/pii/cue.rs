//! What a number is said to be: the nearest word before it that names a thing. "My phone number is", "order number".

use crate::understand::phrases::Phrases;
use crate::understand::reading::Reading;

/// Words before a number that may say what it is.
const REACH: usize = 16;
/// And how long before it.
const REACH_MS: u64 = 20_000;

/// Words behind a number that may say what it was: "…, that's my social security number".
const REACH_BEHIND: usize = 8;
const REACH_BEHIND_MS: u64 = 5_000;

const PHONES: &str = "area code|phone|telephone|phones|cell|cellphone|mobile|landline|call me|call you|call him|call her|reach me|\
    reach you|reach us|contact number|callback number|call back|text me|whatsapp|fax|dial|my number|your number|\
    best number|ring me|teléfono|móvil|celular|fijo|llámame|llámeme|llamarle|llamarme|llamarte|llame al|llámenos|\
    marque|mi número es|su número es|número de contacto|localizarle|contactarle|puede llamar";
const OTHERS: &str = "account|order|reference|invoice|policy|confirmation|tracking|ticket|case|claim|serial|model|\
    member|membership|customer number|card|sort code|routing|amount|total|dollars|euros|zip|postcode|code|flight|\
    booking|reservation|part number|security|passport|license|licence|meter|contract|iban|version|year|price|\
    cuenta|pedido|referencia|factura|póliza|confirmación|seguimiento|expediente|caso|reclamación|serie|modelo|socio|\
    cliente|tarjeta|importe|total|pesos|código|vuelo|reserva|pasaporte|licencia|contador|contrato|número de cliente|\
    matrícula|localizador|precio|dni|nie|nif|documento|seguridad social";
const EMAILS: &str =
    "email|e-mail|emails|mail|gmail|address|write to|send it to|correo|email es|escríbame|dirección|escriba";
const BIRTHS: &str = "date of birth|birth date|birthdate|birthday|dob|d.o.b|i was born|was born|born on|you born|\
    fecha de nacimiento|nací|nacido el|nacida el|nació|nacimiento|cumpleaños|naciste";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Phone,
    Other,
}

/// The words that name numbers.
pub(super) struct Cues {
    numbers: Phrases<Names>,
    emails: Phrases<()>,
    births: Phrases<()>,
}

impl Cues {
    pub(super) fn new() -> Self {
        Self {
            numbers: Phrases::of([(PHONES, Names::Phone), (OTHERS, Names::Other)]),
            emails: Phrases::of([(EMAILS, ())]),
            births: Phrases::of([(BIRTHS, ())]),
        }
    }

    /// Whether the number that begins at `first` is said to be a telephone's; `None` when nothing is said.
    pub(super) fn of_number(&self, reading: &Reading<'_>, first: usize) -> Option<bool> {
        let words = before(reading, first);
        let (mut nearest, mut at) = (None, 0);
        while at < words.len() {
            // What is part of a longer name is not looked at: the code of an area code is a telephone's.
            let found = self.numbers.longest_at(&words, at);
            nearest = found.map(|(_, names)| *names).or(nearest);
            at += found.map_or(1, |(length, _)| length);
        }
        nearest.map(|names| names == Names::Phone)
    }

    /// Whether an e-mail address is spoken of before a word.
    pub(super) fn is_email(&self, reading: &Reading<'_>, first: usize) -> bool {
        self.emails.is_in(&before(reading, first))
    }

    /// Whether the words from `at` on speak of a date of birth: how many words do.
    pub(super) fn birth_at(&self, words: &[&str], at: usize) -> Option<usize> {
        self.births.longest_at(words, at).map(|(length, ())| length)
    }
}

/// The folded words shortly behind one, of who said that.
pub(super) fn behind<'r>(reading: &'r Reading<'_>, last: usize) -> Vec<&'r str> {
    let speaker = |at: usize| reading.speaker_of[reading.tokens[at].segment as usize];
    let end_ms = reading.tokens[last].end_ms;
    (last + 1..(last + 1 + REACH_BEHIND).min(reading.tokens.len()))
        .take_while(|at| speaker(*at) == speaker(last) && reading.tokens[*at].start_ms <= end_ms + REACH_BEHIND_MS)
        .map(|at| reading.tokens[at].folded.as_str())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The folded words shortly before one, of whoever spoke.
pub(super) fn before<'r>(reading: &'r Reading<'_>, first: usize) -> Vec<&'r str> {
    let start_ms = reading.tokens[first].start_ms;
    reading.tokens[first.saturating_sub(REACH)..first]
        .iter()
        .filter(|token| token.end_ms + REACH_MS >= start_ms && !token.folded.is_empty())
        .map(|token| token.folded.as_str())
        .collect()
}
