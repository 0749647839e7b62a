//! `--language`: what commands take and what it means.

use std::str::FromStr;

use crate::call::Language;
use crate::config::known_language;

/// One `--language CODE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LanguageArgument {
    /// `auto`: whichever the model knows.
    Any,
    /// A language the model knows.
    One(Language),
}

impl FromStr for LanguageArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" { Ok(Self::Any) } else { known_language(text).map(Self::One) }
    }
}

/// The languages to choose among, empty for any; absent when nothing was said.
pub(super) fn chosen(given: &[LanguageArgument]) -> Option<Vec<Language>> {
    let one = |argument: &LanguageArgument| match argument {
        LanguageArgument::Any => None,
        LanguageArgument::One(language) => Some(language.clone()),
    };
    // `auto` beside others is any of them and every other.
    let all: Option<Vec<Language>> = given.iter().map(one).collect();
    (!given.is_empty()).then(|| all.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(codes: &[&str]) -> Option<Vec<Language>> {
        let given: Vec<LanguageArgument> = codes.iter().map(|code| code.parse().unwrap()).collect();
        chosen(&given)
    }

    #[test]
    fn auto_means_any_and_nothing_said_leaves_the_configuration() {
        assert_eq!(parsed(&[]), None);
        assert_eq!(parsed(&["auto"]), Some(vec![]));
        assert_eq!(parsed(&["en", "auto"]), Some(vec![]));
        assert_eq!(parsed(&["en", "ES"]), Some(["en", "es"].map(Language::new).to_vec()));
    }

    #[test]
    fn a_code_whisper_does_not_know_is_refused_with_its_name() {
        let refused = "english".parse::<LanguageArgument>().unwrap_err();
        assert!(refused.starts_with("Whisper knows no language 'english'."), "{refused}");
    }
}
