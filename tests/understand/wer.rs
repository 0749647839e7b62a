use callscribe::understand::wer::{Cer, Wer, call_error_rate, character_error_rate, normalised_words, word_error_rate};
use proptest::prelude::*;

use crate::{sample_call, transcript};

fn wer(substitutions: u32, insertions: u32, deletions: u32, words: u32) -> Wer {
    Wer { substitutions, insertions, deletions, words }
}

#[test]
fn edits_are_told_by_their_kind() {
    let said = "I want my money back";
    assert_eq!(word_error_rate(said, said), wer(0, 0, 0, 5));
    assert_eq!(word_error_rate(said, "I want my honey back"), wer(1, 0, 0, 5));
    assert_eq!(word_error_rate(said, "I want all my money back now"), wer(0, 2, 0, 5));
    assert_eq!(word_error_rate(said, "want money back"), wer(0, 0, 2, 5));
    assert_eq!(word_error_rate(said, ""), wer(0, 0, 5, 5));
}

#[test]
fn spelling_that_nobody_hears_does_not_count() {
    assert_eq!(word_error_rate("It's fine. Goodbye!", "its FINE — goodbye").errors(), 0);
    assert_eq!(word_error_rate("My number is 5 5 5 0 1 2 3.", "my number is 555-0123").errors(), 0);
    assert_eq!(word_error_rate("¿En qué puedo ayudarle?", "en QUÉ puedo ayudarle").errors(), 0);
    assert_eq!(word_error_rate("Está aquí", "esta aquí").errors(), 1, "accents are heard");
    assert_eq!(word_error_rate("before five", "before 5").errors(), 1, "number words stay words");
}

#[test]
fn the_rate_is_errors_for_a_spoken_word() {
    assert_eq!(wer(1, 1, 1, 12).rate(), 0.25);
    assert_eq!(word_error_rate("", "").rate(), 0.0);
    assert_eq!(word_error_rate("", "thank you").rate(), 2.0);
    assert_eq!([wer(1, 0, 0, 2), wer(0, 2, 3, 5)].into_iter().sum::<Wer>(), wer(1, 2, 3, 7));
}

#[test]
fn a_call_is_compared_channel_by_channel() {
    let call = sample_call("en-complaint");
    let turns = || call.segments.iter().map(|segment| (segment.channel, segment.text.as_str()));
    assert_eq!(call_error_rate(turns(), &call).errors(), 0);
    let swapped = transcript(Some("en"), &[(0, 0, 1, "yes"), (1, 1, 2, "no thanks")]);
    assert_eq!(call_error_rate([(1, "yes"), (0, "no thanks")], &swapped), wer(2, 1, 1, 3));
    assert_eq!(call_error_rate([], &swapped), wer(0, 3, 0, 0), "words on a silent channel are all invented");
}

#[test]
fn characters_are_compared_without_spaces_and_signs() {
    let cer = |said, heard| character_error_rate(said, heard);
    assert_eq!(cer("I want my money back.", "i want my MONEY back"), Cer { errors: 0, characters: 16 });
    assert_eq!(cer("money", "honey"), Cer { errors: 1, characters: 5 });
    assert_eq!(cer("can not", "cannot").errors, 0);
    assert_eq!((cer("", "ab").rate(), cer("", "").rate(), cer("ab", "").rate()), (2.0, 0.0, 1.0));
}

proptest! {
    #[test]
    fn words_survive_their_own_normalisation(text in "\\PC{0,80}") {
        let words = normalised_words(&text);
        prop_assert_eq!(&normalised_words(&words.join(" ")), &words);
    }

    #[test]
    fn errors_in_characters_are_the_edit_distance(said in "[abc]{0,200}", heard in "[abc]{0,200}") {
        let letters = |text: &str| text.chars().map(String::from).collect::<Vec<_>>().join(" ");
        let cer = character_error_rate(&said, &heard);
        prop_assert_eq!(cer.errors, word_error_rate(&letters(&said), &letters(&heard)).errors());
        prop_assert_eq!(cer.characters as usize, said.len());
    }

    #[test]
    fn errors_are_the_edit_distance(said in "[ab ]{0,14}", heard in "[ab ]{0,14}") {
        let (a, b) = (normalised_words(&said), normalised_words(&heard));
        let wer = word_error_rate(&said, &heard);
        prop_assert_eq!(wer.errors() as usize, edit_distance(&a, &b));
        prop_assert_eq!(wer.words + wer.insertions, b.len() as u32 + wer.deletions);
        prop_assert_eq!(wer.errors(), word_error_rate(&heard, &said).errors());
    }
}

/// By the definition, as slowly as it reads.
fn edit_distance(a: &[String], b: &[String]) -> usize {
    match (a, b) {
        ([], rest) | (rest, []) => rest.len(),
        ([x, xs @ ..], [y, ys @ ..]) if x == y => edit_distance(xs, ys),
        ([_, xs @ ..], [_, ys @ ..]) => 1 + edit_distance(xs, ys).min(edit_distance(xs, b)).min(edit_distance(a, ys)),
    }
}
