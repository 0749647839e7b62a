//! Calls that do not fit into one request are cut between turns, and nothing of them is left out.

use callscribe::understand::model::parts::{Line, parts, tokens};

use crate::fake::transcript;

fn size(part: &[Line]) -> usize {
    part.iter().map(|line| tokens(&line.text)).sum()
}

#[test]
fn parts_fit_and_together_hold_every_word_once() {
    let texts: Vec<String> = (0..400).map(|at| format!("Sentence number {at} of a call without end.")).collect();
    let turns: Vec<(&str, &str)> =
        texts.iter().enumerate().map(|(at, text)| (["agent", "customer"][at / 3 % 2], text.as_str())).collect();
    let call = transcript("en", &turns);
    let parts = parts(&call, 500);
    assert!(parts.len() > 5);
    assert!(parts.iter().all(|part| size(part) <= 500));
    let segments: Vec<u32> = parts.iter().flatten().map(|line| line.segment).collect();
    assert_eq!(segments, (0..400).collect::<Vec<u32>>());
    // A part begins where somebody else begins to speak.
    assert!(parts[1..].iter().all(|part| part[0].segment % 3 == 0));
}

#[test]
fn a_segment_that_is_longer_than_a_part_is_cut_between_words() {
    let long: Vec<String> = (0..2000).map(|at| format!("word{at}")).collect();
    let call = transcript("en", &[("agent", "Hello."), ("customer", &long.join(" ")), ("agent", "Goodbye.")]);
    let parts = parts(&call, 300);
    assert!(parts.iter().all(|part| size(part) <= 300));
    let said: Vec<&str> = parts.iter().flatten().flat_map(|line| line.text.split(' ').skip(2)).collect();
    assert_eq!(said.len(), 2002);
}

#[test]
fn odd_calls_have_parts_too() {
    assert!(parts(&transcript("en", &[]), 300).is_empty());
    assert_eq!(parts(&transcript("en", &[("agent", "Hello.")]), 300).len(), 1);
    let endless = "x".repeat(100_000);
    assert!(parts(&transcript("en", &[("agent", &endless)]), 300).iter().all(|part| size(part) <= 320));
    let dense = "电话".repeat(3000);
    assert!(parts(&transcript("zh", &[("agent", &dense)]), 300).iter().all(|part| size(part) <= 320));
}
