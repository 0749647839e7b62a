//! Many phrases looked for at once: those that begin with the word at hand are tried, the others cost nothing.

use std::collections::HashMap;

use super::fold::fold_phrase;

/// Phrases by their first word, each with what it stands for. A phrase may end in `*`: its last word may go on.
pub(super) struct Phrases<T> {
    by_first: HashMap<String, Vec<Phrase<T>>>,
}

struct Phrase<T> {
    rest: Vec<String>,
    is_open: bool,
    means: T,
}

impl<T: Clone> Phrases<T> {
    /// Phrases separated by `|`, each list with its meaning.
    pub(super) fn of<'a>(lists: impl IntoIterator<Item = (&'a str, T)>) -> Self {
        let mut by_first: HashMap<String, Vec<Phrase<T>>> = HashMap::new();
        for (list, means) in lists {
            for phrase in list.split('|') {
                let mut words = fold_phrase(phrase).into_iter();
                let Some(first) = words.next() else { continue };
                let is_open = phrase.trim_end().ends_with('*');
                let phrase = Phrase { rest: words.collect(), is_open, means: means.clone() };
                by_first.entry(first).or_default().push(phrase);
            }
        }
        Self { by_first }
    }

    /// The longest phrase that begins at a word: how many words it takes and what it means.
    pub(super) fn longest_at(&self, words: &[&str], at: usize) -> Option<(usize, &T)> {
        let fits = |phrase: &&Phrase<T>| {
            let rest = words.get(at + 1..at + 1 + phrase.rest.len());
            rest.is_some_and(|rest| {
                rest.iter().zip(&phrase.rest).enumerate().all(|(index, (word, wanted))| {
                    *word == wanted
                        || (phrase.is_open && index + 1 == phrase.rest.len() && word.starts_with(wanted.as_str()))
                })
            })
        };
        let candidates = self.by_first.get(*words.get(at)?)?;
        let longest = candidates.iter().filter(fits).max_by_key(|phrase| phrase.rest.len())?;
        Some((longest.rest.len() + 1, &longest.means))
    }

    /// The first phrase in some words: where, how many words, what it means.
    pub(super) fn first_in(&self, words: &[&str]) -> Option<(usize, usize, &T)> {
        (0..words.len()).find_map(|at| self.longest_at(words, at).map(|(length, means)| (at, length, means)))
    }

    /// How many phrases.
    pub(super) fn len(&self) -> usize {
        self.by_first.values().map(Vec::len).sum()
    }

    /// Whether any of them is there.
    pub(super) fn is_in(&self, words: &[&str]) -> bool {
        self.first_in(words).is_some()
    }
}
