//! What an evaluation says: tables for a person, one JSON object for a script, and what to do.

use std::fmt::Write as _;

use serde::Serialize;

use super::score::{Heard, Rates, Score, sums};

/// Models this close to the best, in share of words, are as good; the fastest of them is the one to take.
const AS_GOOD: f64 = 0.01;
/// Word error rate from which a larger model, or better audio, is worth a thought.
const HIGH: f64 = 0.25;
/// Share of errors that must vanish when the channels are exchanged, and the rate from which it is looked at.
const SWAPPED_GAIN: f64 = 0.5;
const SWAPPED_MIN: f64 = 0.5;
/// A channel whose rate is so many times the call's, and so much above it, is worth a word.
const WORSE: f64 = 1.5;
const WORSE_BY: f64 = 0.1;

/// Everything that is printed.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    models: Vec<ModelRow>,
    channels: Vec<ChannelRow>,
    languages: Vec<LanguageRow>,
    calls: Vec<CallRow>,
    failed: Vec<Failed>,
    recommendations: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ModelRow {
    model: String,
    #[serde(flatten)]
    rates: Rates,
    /// Seconds of call for a second of work.
    times_faster: f64,
}

#[derive(Debug, Serialize)]
struct ChannelRow {
    model: String,
    channel: u16,
    speaker: String,
    #[serde(flatten)]
    rates: Rates,
}

#[derive(Debug, Serialize)]
struct LanguageRow {
    model: String,
    /// As the corrected transcript has it; null where it cannot be told.
    language: Option<String>,
    #[serde(flatten)]
    rates: Rates,
}

#[derive(Debug, Serialize)]
struct CallRow {
    model: String,
    call: String,
    language: Option<String>,
    language_heard: Option<String>,
    poor_because: Option<String>,
    #[serde(flatten)]
    rates: Rates,
}

/// A call that a model could not be tried on.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Failed {
    /// The model.
    pub model: String,
    /// The call.
    pub call: String,
    /// Why not.
    pub error: String,
}

/// How the calls were heard, as far as the advice hangs on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// The language was given, not found out.
    pub pinned: bool,
    /// All models tried are miniatures.
    pub miniature_only: bool,
}

impl Report {
    /// Adds everything up.
    pub(super) fn new(heard: &[Heard], failed: Vec<Failed>, setting: Setting) -> Self {
        let code = |language: &Option<crate::call::Language>| language.as_ref().map(ToString::to_string);
        let models = sums(heard.iter().map(|one| (one.model.as_str(), &one.score)));
        let channels = heard.iter().flat_map(|one| {
            one.channels
                .iter()
                .map(|(channel, speaker, score)| ((one.model.as_str(), *channel, speaker.as_str()), score))
        });
        let languages = heard.iter().map(|one| ((one.model.as_str(), code(&one.expected)), &one.score));
        let call = |one: &Heard| CallRow {
            model: one.model.clone(),
            call: one.call.clone(),
            language: code(&one.expected),
            language_heard: code(&one.language),
            poor_because: one.poor_because.clone(),
            rates: one.score.into(),
        };
        let models: Vec<ModelRow> = models
            .into_iter()
            .map(|(model, score)| ModelRow {
                model: model.to_owned(),
                rates: score.into(),
                times_faster: (times_faster(heard, model) * 10.0).round() / 10.0,
            })
            .collect();
        let channels: Vec<ChannelRow> = sums(channels)
            .into_iter()
            .map(|((model, channel, speaker), score)| ChannelRow {
                model: model.to_owned(),
                channel,
                speaker: speaker.to_owned(),
                rates: score.into(),
            })
            .collect();
        let languages = sums(languages)
            .into_iter()
            .map(|((model, language), score)| LanguageRow { model: model.to_owned(), language, rates: score.into() })
            .collect();
        let recommendations = recommend(heard, &models, &channels, setting);
        Self { models, channels, languages, calls: heard.iter().map(call).collect(), failed, recommendations }
    }

    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let rates = |rates: &Rates| {
            let percent = |rate: f64| format!("{:>6.1} %", 100.0 * rate);
            format!("{} {}  {:>6} words", percent(rates.wer), percent(rates.cer), rates.words)
        };
        let mut table = |head: &str, rows: Vec<(String, String)>| {
            if rows.is_empty() {
                return;
            }
            let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0).max(head.len());
            let _infallible = writeln!(text, "{head:<width$}      WER      CER");
            for (name, row) in rows {
                let _infallible = writeln!(text, "{name:<width$} {row}");
            }
            text.push('\n');
        };
        let model = |row: &ModelRow| {
            (row.model.clone(), format!("{}  {:.1} times faster than the call", rates(&row.rates), row.times_faster))
        };
        table("Model", self.models.iter().map(model).collect());
        let channel = |row: &ChannelRow| (format!("{}  {} {}", row.model, row.channel, row.speaker), rates(&row.rates));
        table("Channel", self.channels.iter().map(channel).collect());
        let language = |row: &LanguageRow| {
            (format!("{}  {}", row.model, row.language.as_deref().unwrap_or("?")), rates(&row.rates))
        };
        table("Language", self.languages.iter().map(language).collect());
        table(
            "Call",
            self.calls.iter().map(|row| (format!("{}  {}", row.model, row.call), rates(&row.rates))).collect(),
        );
        for failed in &self.failed {
            let _infallible = writeln!(text, "{}  {}: {}", failed.model, failed.call, failed.error);
        }
        for advice in &self.recommendations {
            let _infallible = writeln!(text, "- {advice}");
        }
        text
    }
}

fn times_faster(heard: &[Heard], model: &str) -> f64 {
    let own = heard.iter().filter(|one| one.model == model);
    let (length, work) = own.fold((0, 0), |sum, one| (sum.0 + one.duration_ms, sum.1 + one.wall_ms));
    length as f64 / work.max(1) as f64
}

fn recommend(heard: &[Heard], models: &[ModelRow], channels: &[ChannelRow], setting: Setting) -> Vec<String> {
    let Some(best) = models.iter().min_by(|a, b| a.rates.wer.total_cmp(&b.rates.wer)) else { return Vec::new() };
    let as_good = models.iter().filter(|row| row.rates.wer <= best.rates.wer + AS_GOOD);
    let chosen = as_good.max_by(|a, b| a.times_faster.total_cmp(&b.times_faster)).unwrap_or(best);
    let own: Vec<&Heard> = heard.iter().filter(|one| one.model == chosen.model).collect();
    let mut advice = vec![model_advice(chosen, best, models.len())];
    advice.extend(language_advice(&own, setting.pinned));
    advice.extend(swap_advice(&own));
    let worse = |row: &&ChannelRow| {
        let (own, all) = (row.rates.wer, chosen.rates.wer);
        row.model == chosen.model && own > WORSE * all && own > all + WORSE_BY
    };
    advice.extend(channels.iter().filter(worse).map(|row| {
        format!("Channel {} is much worse than the others ({:.1} %); listen to it.", row.channel, 100.0 * row.rates.wer)
    }));
    advice.extend(own.iter().filter_map(|one| Some(format!("{}: {}", one.call, one.poor_because.as_ref()?))));
    if setting.miniature_only {
        advice.push(
            "Only a miniature was tried, which knows only the sample calls; `callscribe models pull base` brings a real \
             model."
                .to_owned(),
        );
    } else if chosen.rates.wer >= HIGH {
        advice.push("Many words are wrong; try a larger model (`callscribe models list`) or better audio.".to_owned());
    }
    advice
}

fn model_advice(chosen: &ModelRow, best: &ModelRow, count: usize) -> String {
    let said = |row: &ModelRow| {
        format!("{:.1} % of words wrong, {:.1} times faster than the call", 100.0 * row.rates.wer, row.times_faster)
    };
    if count == 1 {
        return format!("{}: {}. Try others with --models to compare.", chosen.model, said(chosen));
    }
    if chosen.model == best.model {
        return format!("Use model = \"{}\": {}.", chosen.model, said(chosen));
    }
    format!(
        "Use model = \"{}\": {}; {} is no better to speak of ({}).",
        chosen.model,
        said(chosen),
        best.model,
        said(best)
    )
}

fn language_advice(own: &[&Heard], pinned: bool) -> Option<String> {
    let known = || own.iter().filter_map(|one| one.expected.as_ref());
    let first = known().next()?;
    let mistaken = own.iter().filter(|one| one.expected.is_some() && one.language != one.expected).count();
    let uniform = own.len() == known().count() && known().all(|language| language == first);
    if pinned && mistaken > 0 {
        return Some(format!("{mistaken} of {} calls are in another language than the one given.", own.len()));
    }
    let mut codes: Vec<String> = known().map(|language| format!("\"{language}\"")).collect();
    codes.sort();
    codes.dedup();
    let list = codes.join(", ");
    match (pinned, mistaken) {
        (true, _) => None,
        (false, 0) if uniform => {
            Some(format!("All calls are in one language; languages = [{list}] saves finding it out."))
        }
        (false, 0) => None,
        (false, _) => Some(format!(
            "The language of {mistaken} of {} calls was mistaken; pin it with languages = [{list}].",
            own.len()
        )),
    }
}

fn swap_advice(own: &[&Heard]) -> Option<String> {
    let rate = |score: &Score| score.words.rate();
    let is_swapped = |one: &&&Heard| {
        let here = rate(&one.score);
        here >= SWAPPED_MIN && one.swapped.as_ref().is_some_and(|swapped| rate(swapped) < SWAPPED_GAIN * here)
    };
    let swapped = own.iter().filter(is_swapped).count();
    (swapped > 0).then(|| {
        format!(
            "In {swapped} of {} calls the channels are swapped: name the parties the other way round (`channels`, \
             --speakers).",
            own.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::wer::{Cer, Wer};

    const SETTING: Setting = Setting { pinned: true, miniature_only: false };

    /// A thousand words, so many of them wrong, heard so many times faster than the call.
    fn heard(model: &str, errors: u32, times_faster: u64) -> Heard {
        let words = Wer { substitutions: errors, insertions: 0, deletions: 0, words: 1000 };
        let score = Score { words, characters: Cer { errors, characters: 5000 } };
        Heard {
            model: model.to_owned(),
            call: "call-1".to_owned(),
            score,
            channels: Vec::new(),
            swapped: None,
            language: None,
            expected: None,
            duration_ms: 60_000 * times_faster,
            wall_ms: 60_000,
            poor_because: None,
        }
    }

    fn advice(heard: &[Heard]) -> Vec<String> {
        Report::new(heard, Vec::new(), SETTING).recommendations
    }

    #[test]
    fn of_models_that_are_as_good_as_the_best_the_fastest_is_recommended() {
        let told =
            advice(&[heard("tiny", 200, 40), heard("base", 104, 20), heard("small", 100, 8), heard("medium", 101, 2)]);
        assert_eq!(
            told,
            [
                "Use model = \"base\": 10.4 % of words wrong, 20.0 times faster than the call; small is no better to speak \
              of (10.0 % of words wrong, 8.0 times faster than the call)."
            ]
        );
    }

    #[test]
    fn a_model_that_is_better_to_speak_of_is_recommended_though_it_is_slower() {
        let told = advice(&[heard("base", 120, 20), heard("small", 100, 8)]);
        assert_eq!(told, ["Use model = \"small\": 10.0 % of words wrong, 8.0 times faster than the call."]);
    }

    #[test]
    fn a_model_is_weighed_by_all_of_its_calls() {
        let told =
            advice(&[heard("base", 0, 20), heard("base", 200, 20), heard("small", 60, 8), heard("small", 60, 8)]);
        assert!(told[0].starts_with("Use model = \"small\": 6.0 %"), "{told:?}");
    }

    #[test]
    fn advice_is_about_the_calls_of_the_model_that_is_recommended() {
        let noisy = Heard { poor_because: Some("Channel 0 is noisy.".to_owned()), ..heard("tiny", 500, 40) };
        let swapped = Heard { swapped: Some(heard("tiny", 10, 1).score), ..heard("tiny", 600, 40) };
        assert_eq!(advice(&[noisy, swapped, heard("small", 100, 8)]).len(), 1);
    }

    #[test]
    fn where_even_the_best_model_errs_much_more_is_said_than_its_name() {
        let told = advice(&[heard("base", 400, 20), heard("small", 300, 8)]);
        assert!(
            told[0].starts_with("Use model = \"small\"") && told[1].starts_with("Many words are wrong"),
            "{told:?}"
        );
        assert!(advice(&[]).is_empty());
        assert!(advice(&[heard("base", 100, 20)])[0].contains("Try others with --models"));
    }
}
