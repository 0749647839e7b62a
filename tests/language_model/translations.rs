//! The real daemon translates: English by Whisper from the sound, other languages by the model from the words.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Answer, TestDaemon, wait_until};
use crate::fake::{Asked, Fake, Reply, account, says, status};

const SPANISH: &str = "es-tarjeta.wav";

/// Answers summaries with nothing much, and lines as `line` says.
fn moody(line: impl Fn(&str) -> String + Send + Sync + 'static) -> impl Fn(usize, &Asked) -> Reply + Send + Sync {
    move |_, asked| {
        let lines = lines(asked);
        says(&if lines.is_empty() { account(&["A card is blocked."]) } else { answer(&lines, &line) })
    }
}

/// What a translation is asked of; nothing when a summary is asked for.
fn lines(asked: &Asked) -> Vec<(u64, String)> {
    if !asked.message("system").contains("You translate") {
        return Vec::new();
    }
    let user = asked.message("user");
    let lines = user.lines().filter_map(|line| line.strip_prefix('[')?.split_once("] "));
    lines.map(|(number, text)| (number.parse().unwrap(), text.to_owned())).collect()
}

fn answer(lines: &[(u64, String)], line: &impl Fn(&str) -> String) -> String {
    let lines: Vec<Value> =
        lines.iter().map(|(number, text)| json!({ "number": number, "text": line(text) })).collect();
    json!({ "lines": lines }).to_string()
}

/// What a line becomes in German, as far as this test knows any.
fn german(text: &str) -> String {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == ' ').collect();
    format!("Das hat die Kundin am Telefon gesagt, und wir haben es hier aufgeschrieben. {}", digits.trim())
}

struct Office {
    daemon: TestDaemon,
    id: String,
}

/// A daemon with one call, done but for translations.
fn office(sample: &str, config: &str) -> Office {
    let daemon = TestDaemon::start(config);
    let path = format!("{}/tests/calls/{sample}", env!("CARGO_MANIFEST_DIR"));
    fs::copy(path, daemon.inbox().join(sample)).unwrap();
    let http = daemon.http();
    let id = wait_until("the call is done", || {
        let item = http.get("/api/v1/recordings/").json()["items"][0].clone();
        (item["processing_status"] == "completed").then(|| item["id"].as_str().unwrap().to_owned())
    });
    Office { daemon, id }
}

impl Office {
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/recordings/{}{rest}", self.id)
    }

    fn ask(&self, language: &str) -> Answer {
        self.daemon.http().post(&self.path(&format!("/translations?language={language}")))
    }

    fn standing(&self, language: &str) -> Value {
        let all = self.daemon.http().get(&self.path("/translations")).json();
        all["items"].as_array().unwrap().iter().find(|item| item["language"] == language).cloned().unwrap_or_default()
    }

    fn wait_for(&self, language: &str, state: &str) -> Value {
        wait_until(&format!("the translation into {language} is {state}"), || {
            Some(self.standing(language)).filter(|standing| standing["state"] == state)
        })
    }

    fn words(&self, rest: &str) -> Answer {
        self.daemon.http().get(&self.path(&format!("/transcript?{rest}")))
    }
}

#[test]
fn whisper_puts_a_spanish_call_into_english_beside_its_transcript() {
    let office = office(SPANISH, "[translation]\nto = [\"en\"]\n");
    let made = office.wait_for("en", "made");
    assert_eq!(made["translation"]["by"], "whisper", "{made}");
    assert_eq!(
        (&made["translation"]["from"], &made["translation"]["model_is_miniature"]),
        (&json!("es"), &json!(true))
    );
    let original = office.words("format=json").json();
    assert_eq!(original["language"], "es", "the transcript is what it was");
    assert!(original["text"].as_str().unwrap().contains("tarjeta"));
    let words = office.words("format=json&translation=en").json();
    assert_eq!((&words["language"], &words["translation"]["by"]), (&json!("en"), &json!("whisper")));
    assert!(words["notes"][0].as_str().unwrap().contains("Translated from 'es' into 'en' by Whisper"), "{words}");
    for segment in words["segments"].as_array().unwrap() {
        assert!(segment["start"].as_f64() <= segment["end"].as_f64() && segment["channel"].is_u64(), "{segment}");
    }
    let listed = office.daemon.http().get("/api/v1/recordings/").json();
    assert_eq!(listed["items"][0]["translations"], json!(["en"]));
    assert!(office.words("format=vtt&translation=en").text().starts_with("WEBVTT"));
}

#[test]
fn the_model_puts_a_call_into_german_line_by_line() {
    let fake = Fake::start(moody(german));
    let office = office(SPANISH, &fake.section(""));
    assert_eq!(office.words("translation=de").status, 404);
    assert_eq!(office.ask("de").status, 202);
    let made = office.wait_for("de", "made");
    assert_eq!(
        (&made["translation"]["by"], &made["translation"]["model"]),
        (&json!("language_model"), &json!("fake-7b"))
    );
    assert!(made["translation"]["version"].as_str().unwrap().contains("fake-7b, prompt "));
    let (original, words) = (office.words("").json(), office.words("translation=de").json());
    let (spoken, put) = (original["segments"].as_array().unwrap(), words["segments"].as_array().unwrap());
    assert_eq!(spoken.len(), put.len());
    for (spoken, put) in spoken.iter().zip(put) {
        for field in ["start", "end", "channel", "speaker"] {
            assert_eq!(spoken[field], put[field]);
        }
        assert!(put["text"].as_str().unwrap().starts_with("Das hat die Kundin"));
    }
    assert!(office.words("translation=de&format=txt").text().contains("Das hat die Kundin"));
    assert!(!office.daemon.log().contains("Kundin"), "no word is logged");
}

#[test]
fn a_number_that_is_lost_in_translation_is_told() {
    let fake = Fake::start(moody(|_| "Das hat die Kundin am Telefon gesagt, ohne eine Zahl zu nennen.".to_owned()));
    let office = office(SPANISH, &fake.section(""));
    office.ask("de");
    let made = office.wait_for("de", "made");
    let doubtful = made["translation"]["doubtful_segments"].as_array().unwrap();
    let segments = office.words("").json()["segments"].clone();
    assert!(!doubtful.is_empty());
    for segment in doubtful {
        let text = segments[usize::try_from(segment.as_u64().unwrap()).unwrap()]["text"].to_string();
        assert!(text.contains(|c: char| c.is_ascii_digit()), "{text}");
    }
}

#[test]
fn answers_that_are_not_every_line_once_are_asked_again_and_end_with_a_sentence() {
    type Spoil = fn(&mut Vec<Value>);
    let bad: [(Spoil, &str); 3] = [
        (|lines| drop(lines.pop()), "missing in its answer"),
        (|lines| lines.push(lines[0].clone()), "in its answer twice"),
        (|lines| lines.push(json!({ "number": 999, "text": "Ende." })), "was not asked for"),
    ];
    for (spoil, why) in bad {
        let fake = Fake::start(move |_, asked| {
            let lines = lines(asked);
            let mut whole: Value = serde_json::from_str(&answer(&lines, &german)).unwrap();
            if lines.is_empty() {
                return says(&account(&["A card is blocked."]));
            }
            spoil(whole["lines"].as_array_mut().unwrap());
            says(&whole.to_string())
        });
        let office = office(SPANISH, &fake.section("attempts = 2\n"));
        office.ask("de");
        let failed = office.wait_for("de", "failed");
        assert!(failed["reason"].as_str().unwrap().contains(why), "{failed}");
        assert_eq!(fake.asked().iter().filter(|asked| !lines(asked).is_empty()).count(), 2);
        let missing = office.words("translation=de");
        assert_eq!((missing.status, missing.error_code().as_str()), (404, "no_translation"));
        assert!(missing.text().contains(why), "{}", missing.text());
    }
}

#[test]
fn what_is_no_translation_at_all_is_not_believed() {
    for (line, why) in [(str::to_owned as fn(&str) -> String, "answered in 'es'"), (|_| "x".repeat(9000), "too long")] {
        let fake = Fake::start(moody(line));
        let office = office(SPANISH, &fake.section("attempts = 1\n"));
        office.ask("de");
        assert!(office.wait_for("de", "failed")["reason"].as_str().unwrap().contains(why));
    }
    let fake = Fake::start(|_, asked| match lines(asked).is_empty() {
        true => says(&account(&["A card is blocked."])),
        false => says("I cannot help with that."),
    });
    let office = office(SPANISH, &fake.section("attempts = 1\n"));
    office.ask("de");
    assert!(office.wait_for("de", "failed")["reason"].as_str().unwrap().contains("not the JSON"));
}

#[test]
fn an_endpoint_that_fails_or_is_silent_is_asked_again_and_a_restart_goes_on() {
    let fake = Fake::start(|_, _| status(500));
    let mut office = office(SPANISH, &fake.section("attempts = 1\ntimeout_s = 1\nsummaries = false\n"));
    office.ask("de");
    let waiting = wait_until("the failure is told", || {
        Some(office.standing("de")).filter(|standing| standing["state"] == "waiting" && standing["reason"].is_string())
    });
    assert!(waiting["reason"].as_str().unwrap().contains("500"), "{waiting}");
    assert_eq!(waiting["attempts"], 0, "a machine that is down uses up nobody's tries");
    // Silent now: it is being made when the daemon is killed.
    let before = fake.asked().len();
    fake.changes_to(|_, _| None);
    assert_eq!(office.ask("de").status, 202);
    fake.wait_for(before + 1);
    office.daemon.kill();
    fake.changes_to(moody(german));
    office.daemon.restart();
    office.wait_for("de", "made");
}

#[test]
fn a_model_that_is_not_there_under_its_name_fails_nobody_and_is_tried_once_somebody_asks() {
    let fake = Fake::start(|_, _| status(404));
    let office = office(SPANISH, &fake.section("attempts = 1\nsummaries = false\n"));
    office.ask("de");
    let told = |language: &str| {
        wait_until("the failure is told", || {
            Some(office.standing(language)).filter(|standing| standing["reason"].is_string())
        })
    };
    let waiting = told("de");
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("waiting"), &json!(0)), "{waiting}");
    assert!(waiting["reason"].as_str().unwrap().contains("the model's name"), "{waiting}");
    fake.changes_to(moody(german));
    office.ask("fr");
    office.wait_for("fr", "made");
}

#[test]
fn an_earlier_translation_stays_when_the_next_one_fails_or_the_words_change() {
    let fake = Fake::start(moody(german));
    let office = office(SPANISH, &fake.section("attempts = 1\n"));
    office.ask("de");
    let first = office.wait_for("de", "made");
    fake.changes_to(|_, _| says("Nonsense."));
    let again = office.daemon.http().post(&office.path("/reprocess?steps=transcribe"));
    assert_eq!(again.status, 202);
    let failed = office.wait_for("de", "failed");
    assert_eq!(
        (&failed["translation"]["is_stale"], &failed["translation"]["made_at"]),
        (&json!(true), &first["translation"]["made_at"])
    );
    let words = office.words("translation=de");
    assert!(words.text().contains("earlier transcript") && words.text().contains("Kundin"), "{}", words.text());
    fake.changes_to(moody(german));
    office.ask("de");
    assert_eq!(office.wait_for("de", "made")["translation"]["is_stale"], false);
}

#[test]
fn without_its_sound_a_call_is_translated_from_its_words_or_says_why_not() {
    let gone = |office: &Office| {
        let recordings = office.daemon.state().join("recordings");
        fs::remove_dir_all(recordings).unwrap();
        assert_eq!(office.ask("en").status, 202);
    };
    let alone = office(SPANISH, "");
    gone(&alone);
    let failed = alone.wait_for("en", "failed");
    assert!(failed["reason"].as_str().unwrap().contains("The sound is not here any more"), "{failed}");
    let fake = Fake::start(moody(|text| {
        format!("This is what she said on the phone, as far as we can tell: {}", german(text))
    }));
    let office = office(SPANISH, &fake.section(""));
    gone(&office);
    assert_eq!(office.wait_for("en", "made")["translation"]["by"], "language_model");
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_what_can() {
    let office = office(SPANISH, "");
    let refused = |language: &str| {
        let answer = office.ask(language);
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_parameter"), "{}", answer.text());
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    insta::assert_snapshot!(["", "de", "es", "xx"].map(refused).join("\n"));
    assert_eq!(office.standing("de"), Value::Null);
}
