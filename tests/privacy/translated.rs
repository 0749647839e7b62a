//! Translations go by the policy as the words do that they are of: those that a language model makes of masked words, and
//! those that Whisper hears anew in the sound.

use callscribe::call::{Language, Transcript, Translation, TranslationFacts, TranslationPolicy, Translator};
use callscribe::store::{BootId, Store};
use serde_json::{Value, json};

use crate::canaries::assert_nothing_is_given_out;
use crate::common::wait_until;
use crate::fake::{Asked, Fake, Reply, account, says};
use crate::seed::{at, segment};
use crate::world::{MASK_ALL, World, assert_clean, spoken};

/// A model that puts every line into Spanish of a kind, and makes up a card number now and then.
fn translates(_turn: usize, asked: &Asked) -> Reply {
    if !asked.message("system").contains("You translate") {
        return says(&account(&["A refund was asked for."]));
    }
    let user = asked.message("user");
    let lines = user.lines().filter_map(|line| line.strip_prefix('[')?.split_once("] "));
    let put = |(number, text): (&str, &str)| {
        let text =
            format!("La señora dijo por teléfono lo que sigue, palabra por palabra: {text} 4539 1488 0343 6467.");
        json!({ "number": number.parse::<u32>().unwrap(), "text": text })
    };
    let lines: Vec<Value> = lines.map(put).collect();
    says(&json!({ "lines": lines }).to_string())
}

fn state(world: &World) -> Value {
    world.http().get(&world.path("/translations")).json()["items"][0].clone()
}

fn wait_until_made(world: &World) {
    wait_until("the translation is made", || (state(world)["state"] == "made").then_some(()));
}

#[test]
fn what_is_masked_is_in_no_translation_by_a_language_model_nor_in_what_it_is_asked() {
    for fate in ["keep", "drop"] {
        let fake = Fake::start(translates);
        let privacy = format!("{MASK_ALL}\nunredacted = \"{fate}\"\n{}", fake.section(""));
        let world = World::under(&privacy);
        assert_eq!(world.http().post(&world.path("/translations?language=es")).status, 202);
        wait_until_made(&world);
        let words = world.http().get(&world.path("/transcript?translation=es&format=txt")).text().to_owned();
        assert!(words.contains("[card]") && words.contains("La señora dijo"), "{words}");
        assert_nothing_is_given_out(&world);
        for asked in fake.asked() {
            assert_clean("what the model was asked", asked.body.to_string().as_bytes());
        }
        let refused = world.reader().get(&world.path("/transcript?translation=es&unmasked=true"));
        assert_eq!(refused.status, 403);
        if fate == "drop" {
            world.wait_until_redacted();
            world.assert_no_file_holds_it();
        }
    }
}

/// As Whisper would have heard it, with times a little off.
fn heard() -> Translation {
    let mut words = spoken();
    words.language = Some(Language::new("es"));
    let said: Vec<&str> = "Mi tarjeta es 4539 1488 0343 6467, quiero un reembolso.".split(' ').collect();
    words.segments[1] = segment(1, "customer", 5_100, &said);
    let facts = TranslationFacts {
        by: Translator::Whisper,
        made_with: "base".to_owned(),
        is_of_miniature: false,
        version: "test".to_owned(),
        from: Some(Language::new("en")),
        made_at: at("2026-11-20T12:00:00Z"),
        doubtful: Vec::new(),
        is_stale: false,
    };
    Translation { facts, words: Transcript { suspects: Vec::new(), ..words } }
}

fn keep(store: &Store, world: &World, by: Translator) {
    let (es, now) = (Language::new("es"), at("2026-11-21T12:00:00Z"));
    store.translate(TranslationPolicy { to: Vec::new(), english_by: Translator::Whisper });
    store.wish_translation(world.id, &es, "test", now).unwrap();
    let claim = store.take_wish(Translator::LanguageModel, BootId::from_u128(1), 8, now).unwrap().unwrap();
    let heard = heard();
    let translation = Translation { facts: TranslationFacts { by, ..heard.facts }, ..heard };
    store.keep_translation(&claim, translation, now).unwrap().unwrap();
}

#[test]
fn what_whisper_hears_anew_is_masked_before_it_is_kept() {
    for fate in ["keep", "seal", "drop"] {
        let mut world = World::under(&format!("{MASK_ALL}\nunredacted = \"{fate}\""));
        if fate != "keep" {
            world.wait_until_redacted();
        }
        world.daemon.stop();
        keep(&world.store(), &world, Translator::Whisper);
        world.daemon.restart();
        wait_until_made(&world);
        assert_nothing_is_given_out(&world);
        let text = world.http().get(&world.path("/transcript?translation=es&format=txt")).text().to_owned();
        assert!(text.contains("Mi tarjeta es [card]") && text.contains("reembolso."), "{text}");
        let unmasked = world.http().get(&world.path("/transcript?translation=es&unmasked=true"));
        match fate {
            "keep" => assert!(unmasked.text().contains("4539 1488")),
            "seal" => assert_clean("what admins see", &unmasked.body),
            _ => assert_eq!(unmasked.status, 409),
        }
        if fate != "keep" {
            world.assert_no_file_holds_it();
        }
    }
}

#[test]
fn a_policy_that_comes_later_holds_for_translations_that_were_there_before() {
    for by in Translator::ALL {
        let fake = Fake::start(translates);
        let mut world = World::under(&format!("\n{}", fake.section("")));
        world.daemon.stop();
        keep(&world.store(), &world, by);
        world.daemon.restart();
        wait_until_made(&world);
        let open = world.http().get(&world.path("/transcript?translation=es")).text().to_owned();
        assert!(open.contains("4539 1488"), "{open}");
        world.daemon.stop();
        let config = std::fs::read_to_string(world.daemon.config()).unwrap();
        let policy = format!("[privacy]\n{MASK_ALL}\nunredacted = \"drop\"\n");
        std::fs::write(world.daemon.config(), config.replacen("[privacy]\n", &policy, 1)).unwrap();
        world.daemon.restart();
        assert_clean("the translation", &world.http().get(&world.path("/transcript?translation=es")).body);
        world.wait_until_redacted();
        // One of unmasked words is made again of masked ones.
        wait_until("the translation is there under the policy", || {
            let answer = world.http().get(&world.path("/transcript?translation=es"));
            (answer.status == 200 && state(&world)["state"] == "made").then_some(())
        });
        for rest in ["/transcript?translation=es", "/transcript?translation=es&format=srt", "/translations"] {
            assert_clean(rest, &world.http().get(&world.path(rest)).body);
        }
        let page = format!("/calls/{}?translation=es", world.id);
        assert_clean(&page, &world.http().get(&page).body);
        assert_eq!(state(&world)["translation"]["by"], by.as_str());
    }
}
