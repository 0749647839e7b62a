//! What a word sounds like, as far as loudness and brightness can tell: from its letters to classes of sound with their
//! usual lengths.
//!
//! Knows letters, not languages: a rough reading is enough, because the audio has the last word. Alphabets it does not
//! know become sounds of unknown kind, which are laid out by length alone.

use crate::call::Language;

/// Classes of sound that level and brightness tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Vowels: loud, neither dark nor bright.
    Vowel,
    /// Nasals, liquids, glides: less loud, dark.
    Sonorant,
    /// s, sh, ch, z: bright.
    Hiss,
    /// f, v, th, h: faint and rather bright.
    Breath,
    /// p, t, k, b, d, g: a dip.
    Stop,
    /// A letter of an alphabet that is not in the table.
    Unknown,
}

/// One sound of a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phone {
    /// What it sounds like.
    pub sound: Sound,
    /// How long it takes at an ordinary pace, in ms.
    pub usual_ms: f32,
}

/// A pause is likely after a word with this at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// No punctuation.
    None,
    /// Comma, colon, semicolon.
    Clause,
    /// Full stop, question or exclamation mark.
    Sentence,
}

/// Length of a syllable sign (Han, kana, Hangul), in ms: five a second.
const SYLLABLE_MS: f32 = 180.0;
/// The last sounds before a pause are drawn out by about half (pre-final lengthening); how many are.
const FINAL_STRETCH: f32 = 1.5;
const FINAL_PHONES: usize = 2;

const VOWELS: &str = "aeiouyáàâäãåæéèêëíìîïóòôöõøœúùûüýаеёиоуыэюяіїєαεηιουωάέήίόύώ";
const SONORANTS: &str = "mnñlłrwмнлрйλμνρ";
const HISSES: &str = "szjxçšžśźżčćßсзжшщцчσςζξψ";
const BREATHS: &str = "fvhфвхφθχβγδ";
const STOPS: &str = "ptkbdgcqтпбдкгґτπκ";

const DIGITS_EN: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const DIGITS_ES: [&str; 10] = ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"];
/// A digit or sign in a language whose names for them are not known: a syllable and a half.
const NAMELESS: &str = "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}";

/// The sounds of a word; at least one.
pub fn phones(word: &str, language: Option<&Language>) -> Vec<Phone> {
    let spanish = language.is_some_and(|language| language.as_str() == "es");
    let letters: Vec<char> = spoken(word, language).chars().collect();
    let mut phones: Vec<Phone> = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        let (sound, taken) = read(letter, next, at == 0, spanish);
        let silent_e = letter == 'e' && next.is_none() && !spanish && at > 2 && !is_vowel(letters[at - 1]);
        at += taken;
        let same_vowel = sound == Some(Sound::Vowel) && phones.last().is_some_and(|last| last.sound == Sound::Vowel);
        if let Some(sound) = sound.filter(|_| !same_vowel && !silent_e) {
            phones.push(Phone { sound, usual_ms: usual_ms(sound, letter) });
        }
    }
    if phones.is_empty() {
        phones.push(Phone { sound: Sound::Vowel, usual_ms: usual_ms(Sound::Vowel, 'a') });
    }
    if break_after(word) != Break::None {
        for phone in phones.iter_mut().rev().take(FINAL_PHONES) {
            phone.usual_ms *= FINAL_STRETCH;
        }
    }
    phones
}

/// The pause that punctuation at the end of a word announces.
pub fn break_after(word: &str) -> Break {
    match word.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']']).chars().last() {
        Some('.' | '?' | '!' | '…' | '。' | '？' | '！' | '؟' | '।') => Break::Sentence,
        Some(',' | ';' | ':' | '，' | '、' | '；' | '：' | '،') => Break::Clause,
        _ => Break::None,
    }
}

/// Letters only, in lower case; digits by their names.
fn spoken(word: &str, language: Option<&Language>) -> String {
    let digits = match language.map(Language::as_str) {
        Some("en") => Some(DIGITS_EN),
        Some("es") => Some(DIGITS_ES),
        _ => None,
    };
    let mut spoken = String::new();
    for character in word.chars().flat_map(char::to_lowercase) {
        match (character.to_digit(10), digits) {
            (Some(digit), Some(names)) => spoken.push_str(names[digit as usize]),
            (Some(_), None) => spoken.push_str(NAMELESS),
            (None, _) if "$€£¥%&@+=".contains(character) => spoken.push_str(NAMELESS),
            (None, _) if character.is_alphabetic() => spoken.push(character),
            (None, _) => {}
        }
    }
    spoken
}

/// What the next letter or two sound like, and how many letters that took.
fn read(letter: char, next: Option<char>, is_first: bool, spanish: bool) -> (Option<Sound>, usize) {
    match (letter, next) {
        ('h', _) if spanish => (None, 1),
        ('c', Some('h')) => (Some(Sound::Hiss), 2),
        ('s', Some('h')) if !spanish => (Some(Sound::Hiss), 2),
        ('t' | 'p', Some('h')) if !spanish => (Some(Sound::Breath), 2),
        ('g', Some('h')) if !spanish => (None, 2),
        ('n', Some('g')) => (Some(Sound::Sonorant), 2),
        ('c', Some('k')) | ('q', Some('u')) => (Some(Sound::Stop), 2),
        ('c', Some('e' | 'i' | 'é' | 'í')) => (Some(Sound::Hiss), 1),
        ('y', _) if is_first => (Some(Sound::Sonorant), 1),
        // A doubled letter is one sound: the second one is read.
        (_, Some(next)) if next == letter && class(letter) != Sound::Unknown => (None, 1),
        _ => (Some(class(letter)), 1),
    }
}

fn is_vowel(letter: char) -> bool {
    VOWELS.contains(letter)
}

fn class(letter: char) -> Sound {
    let table = [
        (VOWELS, Sound::Vowel),
        (SONORANTS, Sound::Sonorant),
        (HISSES, Sound::Hiss),
        (BREATHS, Sound::Breath),
        (STOPS, Sound::Stop),
    ];
    table.into_iter().find(|(letters, _)| letters.contains(letter)).map_or(Sound::Unknown, |(_, sound)| sound)
}

/// Lengths in unhurried speech, rounded; only their proportions matter, the pace is taken from the audio.
fn usual_ms(sound: Sound, letter: char) -> f32 {
    match sound {
        Sound::Vowel => 95.0,
        Sound::Sonorant => 65.0,
        Sound::Hiss => 105.0,
        Sound::Breath => 70.0,
        Sound::Stop => 75.0,
        Sound::Unknown if ('\u{2E80}'..'\u{FB00}').contains(&letter) => SYLLABLE_MS,
        Sound::Unknown => 80.0,
    }
}

#[cfg(test)]
mod tests {
    use super::Sound::{Breath, Hiss, Sonorant, Stop, Vowel};
    use super::*;

    fn sounds(word: &str, language: &str) -> Vec<Sound> {
        phones(word, Some(&Language::new(language))).iter().map(|phone| phone.sound).collect()
    }

    #[test]
    fn letters_are_read_as_sounds() {
        assert_eq!(sounds("Thank", "en"), [Breath, Vowel, Sonorant, Stop]);
        assert_eq!(sounds("charge", "en"), [Hiss, Vowel, Sonorant, Stop]);
        assert_eq!(sounds("hola", "es"), [Vowel, Sonorant, Vowel]);
        assert_eq!(sounds("calling", "en"), [Stop, Vowel, Sonorant, Vowel, Sonorant]);
    }

    #[test]
    fn a_digit_sounds_like_its_name() {
        assert_eq!(sounds("5", "en"), sounds("five", "en"));
        assert_eq!(sounds("5", "es"), sounds("cinco", "es"));
        assert_eq!(phones("5", Some(&Language::new("de"))).len(), 4);
    }

    #[test]
    fn a_word_of_any_script_has_a_sound() {
        for word in ["世界", "привет", "مرحبا", "…", "-", ""] {
            assert!(!phones(word, None).is_empty(), "{word}");
        }
        assert!(phones("世", None)[0].usual_ms > 2.0 * phones("ש", None)[0].usual_ms);
    }

    #[test]
    fn punctuation_announces_a_pause() {
        assert_eq!(break_after("you?\""), Break::Sentence);
        assert_eq!(break_after("Norte,"), Break::Clause);
        assert_eq!(break_after("世。"), Break::Sentence);
        assert_eq!(break_after("name"), Break::None);
    }
}
