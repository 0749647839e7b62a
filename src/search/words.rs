//! What a word is: where it begins and ends, how it is written without accents and case, and its stem.
//!
//! One way for the index, for questions and for marks in a snippet, so that what is found can be shown.

use std::collections::HashMap;
use std::ops::Range;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language as StemLanguage, LowerCaser, RawTokenizer, Stemmer, TextAnalyzer, TokenStream as _,
};

/// Longest word; what is longer is noise or an address, and cut.
const WORD_CHARS_MAX: usize = 64;
/// Stems remembered; speech repeats itself.
const STEMS_MAX: usize = 20_000;

/// Languages with a stemmer, by ISO 639-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stemmed {
    English,
    Spanish,
}

impl Stemmed {
    pub(super) const ALL: [Self; 2] = [Self::English, Self::Spanish];

    pub(super) fn of(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    /// Stands before a stem in the index: no letter, so that no word begins so.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::English => "\u{1}e",
            Self::Spanish => "\u{1}s",
        }
    }
}

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    /// In small letters, accents kept.
    lower: String,
    /// In small letters without accents.
    pub(super) folded: String,
}

/// Cuts, folds and stems.
pub(super) struct Analyzer {
    fold: TextAnalyzer,
    english: TextAnalyzer,
    spanish: TextAnalyzer,
    stems: HashMap<(Stemmed, String), String>,
}

impl Analyzer {
    pub(super) fn new() -> Self {
        let plain = || TextAnalyzer::builder(RawTokenizer::default());
        Self {
            fold: plain().filter(LowerCaser).filter(AsciiFoldingFilter).build(),
            english: plain().filter(Stemmer::new(StemLanguage::English)).build(),
            spanish: plain().filter(Stemmer::new(StemLanguage::Spanish)).filter(AsciiFoldingFilter).build(),
            stems: HashMap::new(),
        }
    }

    /// The words of a text. Scripts that write no spaces give a piece for each character; an article that lost its vowel
    /// (`l'abonnement`) is a word of its own.
    pub(super) fn pieces(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices() {
            if is_unspaced(c) {
                self.end(text, start.take(), at, &mut pieces);
                self.end(text, Some(at), at + c.len_utf8(), &mut pieces);
            } else if is_apostrophe(c) && start.is_some_and(|start| is_elided(&text[start..at])) {
                self.end(text, start.take(), at, &mut pieces);
            } else if c.is_alphanumeric() || is_accent(c) || start.is_some() && is_apostrophe(c) {
                start = start.or(Some(at));
            } else {
                self.end(text, start.take(), at, &mut pieces);
            }
        }
        self.end(text, start, text.len(), &mut pieces);
        pieces
    }

    fn end(&mut self, text: &str, start: Option<usize>, end: usize, pieces: &mut Vec<Piece>) {
        let Some(start) = start else { return };
        let word = text[start..end].trim_end_matches(is_apostrophe);
        let range = start..start + word.len();
        let lower: String =
            word.chars().filter(|c| !is_apostrophe(*c) && !is_accent(*c)).take(WORD_CHARS_MAX).collect();
        let lower: String = lower.to_lowercase().chars().map(plain_arabic).collect();
        let folded = self.fold(&lower);
        if !folded.is_empty() {
            pieces.push(Piece { range, lower, folded });
        }
    }

    /// A word in small letters without accents.
    pub(super) fn fold(&mut self, word: &str) -> String {
        if word.is_ascii() { word.to_ascii_lowercase() } else { through(&mut self.fold, word) }
    }

    /// A name as one word: `Speaker 1` is `speaker1`.
    pub(super) fn label(&mut self, name: &str) -> String {
        self.pieces(name).into_iter().map(|piece| piece.folded).collect()
    }

    /// The stem of a piece, without accents.
    pub(super) fn stem(&mut self, piece: &Piece, language: Stemmed) -> String {
        let key = (language, piece.lower.clone());
        if let Some(known) = self.stems.get(&key) {
            return known.clone();
        }
        let stem = match language {
            Stemmed::English => through(&mut self.english, &piece.folded),
            Stemmed::Spanish => through(&mut self.spanish, &with_accent(&piece.lower)),
        };
        if self.stems.len() >= STEMS_MAX {
            self.stems.clear();
        }
        self.stems.insert(key, stem.clone());
        stem
    }
}

/// People leave out the accent of `-ción`, by which the stemmer knows the ending.
fn with_accent(word: &str) -> String {
    for (plain, accented) in [("cion", "ción"), ("sion", "sión")] {
        if let Some(stem) = word.strip_suffix(plain) {
            return format!("{stem}{accented}");
        }
    }
    word.to_owned()
}

fn through(analyzer: &mut TextAnalyzer, word: &str) -> String {
    let mut stream = analyzer.token_stream(word);
    if stream.advance() { stream.token().text.clone() } else { String::new() }
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

/// French and Italian words that lose their last letters before a vowel. English hardly has any (`c'mon`).
fn is_elided(word: &str) -> bool {
    const ELIDED: [&str; 21] = [
        "c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "un", "all", "dall",
        "dell", "nell", "sull", "quest", "quell",
    ];
    ELIDED.iter().any(|elided| word.eq_ignore_ascii_case(elided))
}

/// Accents, vowel signs and stretching written as characters of their own: Latin, Hebrew, Arabic.
const fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Letters that Arabic is written with or without.
const fn plain_arabic(c: char) -> char {
    match c {
        '\u{622}' | '\u{623}' | '\u{625}' | '\u{671}' => '\u{627}',
        '\u{649}' => '\u{64a}',
        '\u{629}' => '\u{647}',
        other => other,
    }
}

/// Scripts that write no spaces between words, and Hangul, whose words grow endings.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e01}'..='\u{0e3a}' | '\u{0e40}'..='\u{0e4e}' | '\u{0e80}'..='\u{0eff}' | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17d3}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        Analyzer::new().pieces(text).into_iter().map(|piece| piece.folded).collect()
    }

    fn stem(word: &str, language: Stemmed) -> String {
        let mut analyzer = Analyzer::new();
        let piece = analyzer.pieces(word).remove(0);
        analyzer.stem(&piece, language)
    }

    #[test]
    fn words_end_where_their_script_says() {
        assert_eq!(folded("Hello, Ada! don't"), ["hello", "ada", "dont"]);
        assert_eq!(folded("canción Straße naïve"), ["cancion", "strasse", "naive"]);
        assert_eq!(folded("cancio\u{301}n"), ["cancion"]);
        assert_eq!(folded("契約を確認 ok"), ["契", "約", "を", "確", "認", "ok"]);
        assert_eq!(folded("คืนเงิน").len(), 7);
        assert_eq!(folded("a@b.example +49-30"), ["a", "b", "example", "49", "30"]);
        assert_eq!(folded("… ''"), Vec::<String>::new());
        assert_eq!(
            folded("l'abonnement d’Ada qu'il we'll o'clock"),
            ["l", "abonnement", "d", "ada", "qu", "il", "well", "oclock"]
        );
        assert_eq!(folded("اُرِيدُ اسْتِرْدَادَ الفاتورة"), folded("اريد استرداد الفاتوره"));
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        let spanish = |word| stem(word, Stemmed::Spanish);
        assert_eq!(spanish("canción"), spanish("canciones"));
        assert_eq!(spanish("facturación"), spanish("facturaciones"));
        assert_eq!(spanish("facturacion"), spanish("facturación"));
        assert_eq!(spanish("tarjeta"), spanish("tarjetas"));
        let english = |word| stem(word, Stemmed::English);
        assert_eq!(english("refunds"), english("refunded"));
    }
}
