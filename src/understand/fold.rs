//! Words as they are compared: lower case, without accents, without the punctuation around them. A recogniser writes
//! "número", "numero" and "Número," for one word.

/// Lower case, accents off, punctuation at both ends off, apostrophes straight. Empty for what holds no letter or digit.
pub(super) fn fold(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let mut folded = String::with_capacity(bare.len());
    for c in bare.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else {
            folded.extend(c.to_lowercase().map(plain));
        }
    }
    folded
}

/// The folded words of a phrase; what holds no letter or digit is left out.
pub(super) fn fold_phrase(phrase: &str) -> Vec<String> {
    phrase.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect()
}

/// A Latin letter without its accent; all other characters as they are.
const fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ī' | 'į' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ț' | 'ţ' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        '’' | '‘' | 'ʼ' => '\'',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_only_in_case_accents_and_punctuation_is_one_word() {
        assert_eq!(fold("¿Número?"), "numero");
        assert_eq!(fold("DON’T,"), "don't");
        assert_eq!(fold("ana@x.com."), "ana@x.com");
        assert_eq!(fold("…"), "");
        assert_eq!(fold_phrase("  ¡Está grabada — hoy! "), ["esta", "grabada", "hoy"]);
    }
}
