//! Numbers as people say them: "four two", "double seven", "oh", "cuatro dos", "cuarenta y dos", "4242-42". Each word
//! becomes the digits it stands for.

/// Words for digits and small numbers in English and Spanish. Whoever speaks of the one language in the other's words is
/// rare; both are known at once because the language of a call may be guessed wrong.
const NUMBERS: [(&str, &str); 62] = [
    ("zero", "0"),
    ("oh", "0"),
    ("o", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
    ("cero", "0"),
    ("uno", "1"),
    ("una", "1"),
    ("un", "1"),
    ("dos", "2"),
    ("tres", "3"),
    ("cuatro", "4"),
    ("cinco", "5"),
    ("seis", "6"),
    ("siete", "7"),
    ("ocho", "8"),
    ("nueve", "9"),
    ("diez", "10"),
    ("once", "11"),
    ("doce", "12"),
    ("trece", "13"),
    ("catorce", "14"),
    ("quince", "15"),
    ("dieciseis", "16"),
    ("diecisiete", "17"),
    ("dieciocho", "18"),
    ("diecinueve", "19"),
    ("veintiuno", "21"),
    ("veintidos", "22"),
    ("veintitres", "23"),
    ("veinticuatro", "24"),
    ("veinticinco", "25"),
    ("veintiseis", "26"),
    ("veintisiete", "27"),
    ("veintiocho", "28"),
    ("veintinueve", "29"),
    ("veintiun", "21"),
    ("naught", "0"),
    ("nought", "0"),
    ("nil", "0"),
    ("niner", "9"),
    ("hundred", "00"),
    ("thousand", "000"),
    ("cien", "100"),
    ("mil", "000"),
];

/// Words for hundreds in one word: one digit, and tens and units may follow. The feminine ends in "as".
const HUNDREDS: [(&str, char); 9] = [
    ("ciento", '1'),
    ("doscientos", '2'),
    ("trescientos", '3'),
    ("cuatrocientos", '4'),
    ("quinientos", '5'),
    ("seiscientos", '6'),
    ("setecientos", '7'),
    ("ochocientos", '8'),
    ("novecientos", '9'),
];

/// Words for tens: one digit, and the unit may follow.
const TENS: [(&str, char); 16] = [
    ("twenty", '2'),
    ("thirty", '3'),
    ("forty", '4'),
    ("fifty", '5'),
    ("sixty", '6'),
    ("seventy", '7'),
    ("eighty", '8'),
    ("ninety", '9'),
    ("veinte", '2'),
    ("treinta", '3'),
    ("cuarenta", '4'),
    ("cincuenta", '5'),
    ("sesenta", '6'),
    ("setenta", '7'),
    ("ochenta", '8'),
    ("noventa", '9'),
];

/// What one word is in a spoken number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// These digits.
    Digits(String),
    /// So many tens; a unit behind it takes the place of its zero.
    Tens(char),
    /// So many hundreds; tens and units behind it take the places of its zeros.
    Hundreds(char),
    /// The next digit so often: "double", "triple", "doble".
    Times(usize),
    /// A plus before a country's code.
    Plus,
    /// Joins tens and units, or is said between groups: "and", "y", "dash", "guion".
    Joint,
}

/// Whether a folded word says digits. Words that are far more often something else do not count: "once", "un", "o".
pub(super) fn is_number(folded: &str) -> bool {
    const DOUBTFUL: [&str; 9] = ["o", "oh", "un", "una", "uno", "once", "mil", "nil", "one"];
    !DOUBTFUL.contains(&folded)
        && matches!(
            heard(folded, folded),
            Some(Heard::Digits(_) | Heard::Tens(_) | Heard::Hundreds(_) | Heard::Times(_))
        )
}

/// What a folded word, whose text is `raw`, is in a number; `None` for a word that has no part in one.
pub(super) fn heard(folded: &str, raw: &str) -> Option<Heard> {
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    if !digits.is_empty() {
        let is_number = folded.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '/' | '(' | ')' | '–'));
        return is_number.then_some(Heard::Digits(digits));
    }
    if let Some((_, digits)) = NUMBERS.iter().find(|(word, _)| *word == folded) {
        return Some(Heard::Digits((*digits).to_owned()));
    }
    if let Some((_, tens)) = TENS.iter().find(|(word, _)| *word == folded) {
        return Some(Heard::Tens(*tens));
    }
    let is_it = |word: &str| {
        word == folded || folded.strip_suffix("as").is_some_and(|stem| word.strip_suffix("os") == Some(stem))
    };
    if let Some((_, hundreds)) = HUNDREDS.iter().find(|(word, _)| is_it(word)) {
        return Some(Heard::Hundreds(*hundreds));
    }
    if let Some((tens, unit)) = folded.split_once('-')
        && let Some((_, tens)) = TENS.iter().find(|(word, _)| *word == tens)
        && let Some((_, unit)) = NUMBERS.iter().find(|(word, digits)| *word == unit && digits.len() == 1)
    {
        return Some(Heard::Digits(format!("{tens}{unit}")));
    }
    match folded {
        "double" | "doble" => Some(Heard::Times(2)),
        "triple" | "treble" => Some(Heard::Times(3)),
        "plus" | "mas" => Some(Heard::Plus),
        "and" | "y" | "dash" | "hyphen" | "guion" => Some(Heard::Joint),
        "" if raw == "+" => Some(Heard::Plus),
        "" if matches!(raw, "-" | "–" | "—" | "/") => Some(Heard::Joint),
        _ => None,
    }
}
