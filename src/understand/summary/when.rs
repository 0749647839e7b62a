//! Times people name: "on Friday", "within two days", "mañana por la tarde". Found as runs of the words times are made
//! of; never turned into a date, because what was said is what counts.

use std::collections::HashSet;

/// The words of times in one language.
pub(super) struct When {
    /// A time by themselves.
    strong: HashSet<&'static str>,
    /// A time only behind a number or a word that picks one out ("next", "every").
    units: HashSet<&'static str>,
    pickers: HashSet<&'static str>,
    /// What may stand in between or before.
    glue: HashSet<&'static str>,
}

const ENGLISH: [&str; 4] = [
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays \
     sundays tomorrow tonight january february march april june july august september october november december \
     o'clock noon midnight later soon shortly asap eod weekend",
    "minute minutes hour hours day days week weeks month months year years morning afternoon evening night today \
     moment am pm a.m p.m quarter",
    "next this few couple end first one two three four five six seven eight nine ten eleven twelve fifteen twenty \
     thirty forty sixty ninety half an business working last following within coming early late later",
    "on by before until till within in at the a an of next this after around about and or to between every no than \
     business working day week month",
];

const SPANISH: [&str; 4] = [
    "lunes martes miercoles jueves viernes sabado domingo manana enero febrero marzo abril mayo junio julio agosto \
     septiembre setiembre octubre noviembre diciembre mediodia medianoche luego pronto enseguida",
    "minuto minutos hora horas dia dias semana semanas mes meses ano anos tarde noche hoy madrugada rato",
    "proximo proxima proximos proximas esta este estas un una dos tres cuatro cinco seis siete ocho nueve diez once \
     doce quince veinte treinta cuarenta sesenta noventa media medio primera unos unas pocos pocas mas fin final \
     dentro habiles laborables entrante pasado",
    "el la los las en a al de del por antes despues dentro para hasta sobre entre y o que viene plazo maximo mas \
     primera siguiente cada ultima hora",
];

/// What stands before the name of an hour.
const HOUR_OPENERS: [&str; 7] = ["at", "before", "after", "by", "until", "las", "la"];

impl When {
    pub(super) fn english() -> Self {
        Self::of(ENGLISH)
    }

    pub(super) fn spanish() -> Self {
        Self::of(SPANISH)
    }

    fn of(lists: [&'static str; 4]) -> Self {
        let [strong, units, pickers, glue] = lists.map(|list| list.split_ascii_whitespace().collect());
        Self { strong, units, pickers, glue }
    }

    /// The longest run of words that names a time: first and last word of it.
    pub(super) fn find(&self, words: &[&str]) -> Option<(usize, usize)> {
        let mut best: Option<(usize, usize)> = None;
        let mut at = 0;
        while at < words.len() {
            let mut end = at;
            while end < words.len() && self.is_part(words[end]) {
                end += 1;
            }
            if let Some(run) = self.trimmed(words, at, end)
                && best.is_none_or(|(first, last)| run.1 - run.0 > last - first)
            {
                best = Some(run);
            }
            at = end.max(at + 1);
        }
        best
    }

    /// The run without what hangs over at its end, when it names a time at all.
    fn trimmed(&self, words: &[&str], from: usize, mut to: usize) -> Option<(usize, usize)> {
        // "before five", "a las cinco": an hour ends a time, an article or a preposition does not.
        let is_hour =
            |to: usize| to >= from + 2 && HOUR_OPENERS.contains(&words[to - 2]) && self.pickers.contains(words[to - 1]);
        while to > from && !self.ends_a_time(words[to - 1]) && !is_hour(to) {
            to -= 1;
        }
        let run = words.get(from..to).filter(|run| !run.is_empty())?;
        let is_strong = run.iter().any(|word| self.strong.contains(word));
        let is_picked = run.iter().enumerate().any(|(at, word)| {
            self.units.contains(word)
                && (matches!(*word, "today" | "hoy")
                    || run[..at].iter().any(|before| self.pickers.contains(before) || is_number(before)))
        });
        (is_strong || is_picked).then(|| (from, to - 1))
    }

    fn is_part(&self, word: &str) -> bool {
        [&self.strong, &self.units, &self.pickers, &self.glue].iter().any(|set| set.contains(word)) || is_number(word)
    }

    fn ends_a_time(&self, word: &str) -> bool {
        self.strong.contains(word)
            || self.units.contains(word)
            || is_number(word)
            || matches!(word, "viene" | "proximo" | "proxima" | "habiles" | "laborables" | "entrante")
    }
}

/// "5", "24", "3rd", "17:30".
fn is_number(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    digits > 0 && word.len() <= digits + 3 && word.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(when: &When, text: &str) -> Option<String> {
        let words: Vec<&str> = text.split(' ').collect();
        when.find(&words).map(|(first, last)| words[first..=last].join(" "))
    }

    #[test]
    fn times_are_found_and_courtesies_are_not() {
        let english = When::english();
        for (text, time) in [
            ("i will call you back on friday", Some("on friday")),
            ("we ship it within two business days okay", Some("within two business days")),
            ("you get it by the end of the week", Some("by the end of the week")),
            ("see you tomorrow at 5 pm then", Some("tomorrow at 5 pm")),
            ("i call you in the next hour", Some("in the next hour")),
            ("i will call you tomorrow before five okay", Some("tomorrow before five")),
            ("have a great day", None),
            ("it is up to you", None),
            ("the total is one hundred dollars", None),
        ] {
            assert_eq!(found(&english, text).as_deref(), time, "{text}");
        }
        let spanish = When::spanish();
        for (text, time) in [
            ("le llamo el viernes por la tarde", Some("el viernes por la tarde")),
            ("lo recibira en un plazo de 48 horas", Some("en un plazo de 48 horas")),
            ("se lo envio la semana que viene", None),
            ("se lo envio la proxima semana", Some("la proxima semana")),
            ("que tenga un buen dia", None),
            ("no hay de que", None),
        ] {
            assert_eq!(found(&spanish, text).as_deref(), time, "{text}");
        }
    }
}
