//! The words of a text by which it can be checked: numbers, days and months, names, and what else carries meaning.

use std::collections::BTreeSet;

use super::super::fold::fold;
use super::super::summary::StopWords;

/// Days, months and the days around today: each row one, in English and Spanish, so that a summary in the one language
/// can be held against a call in the other. Folded.
const DATES: [&[&str]; 22] = [
    &["monday", "lunes"],
    &["tuesday", "martes"],
    &["wednesday", "miercoles"],
    &["thursday", "jueves"],
    &["friday", "viernes"],
    &["saturday", "sabado"],
    &["sunday", "domingo"],
    &["january", "enero"],
    &["february", "febrero"],
    &["march", "marzo"],
    &["april", "abril"],
    &["june", "junio"],
    &["july", "julio"],
    &["august", "agosto"],
    &["september", "septiembre", "setiembre"],
    &["october", "octubre"],
    &["november", "noviembre"],
    &["december", "diciembre"],
    &["today", "hoy"],
    &["tomorrow", "manana"],
    &["yesterday", "ayer"],
    &["tonight"],
];

/// Words for numbers, folded; the place of a word says what it counts.
const ENGLISH_ONES: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
    sixteen seventeen eighteen nineteen";
const SPANISH_ONES: &str = "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince \
    dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis \
    veintisiete veintiocho veintinueve";
const ENGLISH_TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";
const SPANISH_TENS: &str = "treinta cuarenta cincuenta sesenta setenta ochenta noventa";
const SPANISH_HUNDREDS: &str = "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos \
    ochocientos novecientos";
/// Counts in one of the languages and is another word in the other, or no number at all mostly: passed over in what is to be
/// checked.
const AMBIGUOUS: [&str; 5] = ["once", "one", "uno", "una", "un"];

/// What tells of a call and stands in none: without weight for or against a sentence. Folded.
const TELLING: &str = "\
call caller calls called calling agent customer client representative operator party speaker asked asks says said states \
stated explains explained informs informed confirms confirmed requests requested wants wanted reports reported mentions \
mentioned agrees agreed promises promised offers offered provides provided discussed inquires inquired conversation \
llamada llama llamo cliente agente operador interlocutor pregunta pregunto dice dijo indica indico explica explico \
informa informo confirma confirmo solicita solicito quiere queria menciona menciono acuerda acordo promete prometio \
ofrece ofrecio conversacion";

/// Letters of a word that are enough to know it by, whatever its ending.
const STEM_LETTERS: usize = 4;

/// A text as it is checked.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// Digits of what is a number, spoken or written.
    pub(super) numbers: BTreeSet<String>,
    /// Rows of [`DATES`].
    pub(super) dates: BTreeSet<usize>,
    /// Capitalised words that do not begin a sentence, folded.
    pub(super) names: BTreeSet<String>,
    /// What else carries meaning, folded.
    pub(super) words: BTreeSet<String>,
}

impl Terms {
    /// Whether a folded word tells of a call and stands in none.
    pub(super) fn is_telling(word: &str) -> bool {
        TELLING.split_ascii_whitespace().any(|known| known == word)
    }

    /// The terms of a text that somebody wrote. `names` says whether capital letters mean names in its language.
    pub(super) fn of(text: &str, stop_words: &StopWords, has_names: bool) -> Self {
        let mut terms = Self { numbers: numbers(text, true), ..Self::default() };
        let words: Vec<&str> = text.split_whitespace().collect();
        for (at, raw) in words.iter().enumerate() {
            let word = bare(raw);
            if word.is_empty() || word.chars().any(|c| c.is_ascii_digit()) {
                continue;
            }
            if let Some(row) = date(&word) {
                terms.dates.insert(row);
                continue;
            }
            let is_capital =
                |raw: &str| raw.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(char::is_uppercase);
            let begins = at == 0 || words[at - 1].ends_with(['.', '?', '!', ':', '…']);
            // "Maria Lopez called" and "Maria called" begin with a name, "Invoice and refund" does not.
            let follows_name = |next: &&str| is_capital(next) || Self::is_telling(&bare(next));
            let begins_with_name = begins && words.get(at + 1).is_some_and(follows_name) && !raw.ends_with('.');
            if Self::is_telling(&word) || !stop_words.is_content(&raw_lower(raw)) {
                continue;
            }
            if has_names && is_capital(raw) && (!begins || begins_with_name) {
                terms.names.insert(word);
            } else if value(&word).is_none() {
                terms.words.insert(word);
            }
        }
        terms
    }
}

fn raw_lower(raw: &str) -> String {
    raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// A word as it is compared, without what marks possession.
pub(super) fn bare(raw: &str) -> String {
    let word = fold(raw);
    word.strip_suffix("'s").map_or_else(|| word.clone(), str::to_owned)
}

/// Which day or month a folded word names.
pub(super) fn date(word: &str) -> Option<usize> {
    DATES.iter().position(|row| row.contains(&word))
}

/// Whether two folded words are the same but for ending or a misheard letter.
pub(super) fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let longest = a.chars().count().max(b.chars().count());
    let is_stem = shared >= STEM_LETTERS && shared * 3 >= longest * 2;
    is_stem || (longest > STEM_LETTERS + 1 && strsim::damerau_levenshtein(a, b) <= 1)
}

/// What a folded word counts.
pub(super) fn value(word: &str) -> Option<u64> {
    let place = |list: &'static str| list.split_ascii_whitespace().position(|known| known == word).map(|at| at as u64);
    match word {
        "una" | "un" => Some(1),
        "ciento" => Some(100),
        _ => place(ENGLISH_ONES)
            .or_else(|| place(SPANISH_ONES))
            .or_else(|| place(ENGLISH_TENS).map(|at| (at + 2) * 10))
            .or_else(|| place(SPANISH_TENS).map(|at| (at + 3) * 10))
            .or_else(|| place(SPANISH_HUNDREDS).map(|at| (at + 1) * 100)),
    }
}

/// A number as it is being said.
#[derive(Default)]
struct Counting {
    thousands: u64,
    group: Option<u64>,
}

impl Counting {
    fn end(&mut self, found: &mut BTreeSet<String>) {
        let Self { thousands, group } = std::mem::take(self);
        if let Some(group) = group {
            found.insert(thousands.saturating_add(group).to_string());
        }
    }

    fn take(&mut self, value: u64, found: &mut BTreeSet<String>) {
        match self.group {
            // "Twenty five" is one number, "four two" are two.
            Some(before) if goes_on(before, value) => self.group = Some(before.saturating_add(value)),
            _ => {
                self.end(found);
                self.group = Some(value);
            }
        }
    }
}

/// The numbers of a text by their digits: "$1,200.50" is 1200 and 50, "twenty five" is 25. One is never among them: it is
/// said of anything.
pub(super) fn numbers(text: &str, is_claim: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut counting = Counting::default();
    for raw in text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | ':')) {
        let word = bare(raw);
        if word.chars().any(|c| c.is_ascii_digit()) {
            counting.end(&mut found);
            found.extend(written(&word));
            continue;
        }
        let value = value(&word).filter(|_| !(is_claim && AMBIGUOUS.contains(&word.as_str())));
        match (word.as_str(), value) {
            ("hundred", _) => counting.group = Some(counting.group.unwrap_or(1).saturating_mul(100)),
            ("thousand" | "mil", _) => {
                counting.thousands = counting.group.unwrap_or(1).saturating_mul(1000);
                counting.group = Some(0);
            }
            ("and" | "y", _) if counting.group.is_some() => {}
            (_, Some(value)) => counting.take(value, &mut found),
            _ => counting.end(&mut found),
        }
        if raw.ends_with([',', '.', ';', '?', '!']) {
            counting.end(&mut found);
        }
    }
    counting.end(&mut found);
    found.remove("");
    found.remove("1");
    found
}

/// The digits of a written number: what stands before and behind a decimal point, thousands put together.
fn written(word: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in word.split(['.', ',']) {
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        match parts.last_mut() {
            Some(whole) if digits.len() == 3 && part.len() == 3 && !whole.is_empty() => whole.push_str(&digits),
            _ => parts.push(digits),
        }
    }
    parts.iter().map(|digits| digits.trim_start_matches('0').to_owned()).collect()
}

const fn goes_on(before: u64, value: u64) -> bool {
    let is_tens = before % 100 >= 20 && before.is_multiple_of(10) && !before.is_multiple_of(100);
    (is_tens && value > 0 && value < 10) || (before.is_multiple_of(100) && before > 0 && value < 100) || before == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        numbers(text, false).into_iter().collect()
    }

    #[test]
    fn numbers_are_the_same_spoken_and_written() {
        assert_eq!(found("twenty-five dollars"), ["25"]);
        assert_eq!(found("one hundred and fifty"), ["150"]);
        assert_eq!(found("mil doscientos cuarenta y dos euros"), ["1242"]);
        assert_eq!(found("$1,200 on the 4th"), ["1200", "4"]);
        assert_eq!(found("four two, seven"), ["2", "4", "7"]);
        assert_eq!(found("1.200,50 EUR and 45.00"), ["1200", "45", "50"]);
        assert_eq!(found("nothing"), Vec::<String>::new());
    }

    #[test]
    fn words_are_known_by_their_beginning() {
        assert!(alike("refund", "refunded") && alike("invoice", "invoices") && alike("factura", "facturas"));
        assert!(!alike("refund", "return") && !alike("card", "cat") && !alike("ana", "anna"));
    }
}
