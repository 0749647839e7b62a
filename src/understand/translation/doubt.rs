//! What a translation must hold whatever the language: the numbers that are written in digits, and the signs that stand for
//! what was masked.

use std::collections::BTreeMap;

/// Whether a number or a sign of the text is not in its translation.
pub(super) fn lacks_something(text: &str, translation: &str) -> bool {
    let there = marks(translation);
    marks(text).iter().any(|(mark, count)| there.get(mark).copied().unwrap_or(0) < *count)
}

/// How often each number and each sign like `[card]` stands in a text. Numbers are known by their digits alone: what
/// stands between those of one is another custom in each language.
fn marks(text: &str) -> BTreeMap<String, usize> {
    let mut marks = BTreeMap::new();
    for word in text.split_whitespace() {
        let digits: String = word.chars().filter_map(|c| c.to_digit(10)).map(|digit| digit.to_string()).collect();
        if !digits.is_empty() {
            *marks.entry(digits).or_insert(0) += 1;
        }
        for sign in word.split('[').skip(1).filter_map(|rest| rest.split_once(']')) {
            *marks.entry(format!("[{}]", sign.0)).or_insert(0) += 1;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::lacks_something;

    #[test]
    fn numbers_may_be_written_as_each_language_does() {
        assert!(!lacks_something("I paid $1,200.50 on the 4th.", "Pagué 1.200,50 $ el día 4."));
        assert!(!lacks_something("Two hundred dollars.", "Zweihundert Dollar."));
    }

    #[test]
    fn a_number_or_a_sign_that_is_gone_is_told() {
        assert!(lacks_something("I paid 1200 on the 4th.", "Pagué 1300 el día 4."));
        assert!(lacks_something("Card [card], please.", "La tarjeta, por favor."));
        assert!(lacks_something("5 5 5 0", "5 5 0"));
        assert!(!lacks_something("Card [card], please.", "La tarjeta [card], por favor."));
    }
}
