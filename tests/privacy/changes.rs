//! The policy changes over an archive that is there: from the first answer on nothing shows what it forbids.

use callscribe::call::{
    Insight, ProviderKind, RecordingId, RecordingKey, SecondOpinion, SummaryModel, SummarySentence, SummarySource,
    TranscriptSource,
};
use callscribe::call::{Segment, Transcript};
use callscribe::store::{KeptOpinion, NewRecording, Store, TrendBy};
use serde_json::json;

use crate::common::wait_until;
use crate::seed::{at, refund_call, segment};
use crate::world::{MASK_ALL, World, assert_clean, spoken};

impl World {
    /// Gives the stopped daemon another policy.
    fn set_policy(&self, privacy: &str) {
        let config = std::fs::read_to_string(self.daemon.config()).unwrap();
        let begun = config.split("[privacy]").next().unwrap();
        let rest = config.split("[[notify]]").nth(1).unwrap();
        std::fs::write(self.daemon.config(), format!("{begun}[privacy]\n{privacy}\n[[notify]]{rest}")).unwrap();
    }

    fn wait_until_veiled(&self) {
        wait_until("the archive is under the policy", || {
            let answer = self.http().get("/api/v1/analytics/topics").json();
            answer["withheld"].is_null().then_some(())
        });
    }
}

/// A call of which there is nothing but what its provider said.
fn noted_only(store: &Store) -> RecordingId {
    let now = at("2026-11-20T12:00:00Z");
    let key = RecordingKey {
        provider: ProviderKind::Folder,
        account: "inbox".parse().unwrap(),
        remote_id: "call-2".to_owned(),
    };
    let found = [NewRecording {
        key: key.clone(),
        call: refund_call(),
        locator: "/srv/calls/call-2.wav".to_owned(),
        returned: false,
        opinion_due: None,
    }];
    let id = store.insert_discovered((key.provider, &key.account), &found, &[], None, now).unwrap()[0].id;
    let opinion = SecondOpinion {
        transcript: Some(Transcript { source: TranscriptSource::Provider, suspects: Vec::new(), ..spoken() }),
        insights: json!({ "call me at 917 555 0163": "yes", "customerPhone": "mariela.quintx@example.org" }),
        fetched_at: now,
        agreement: None,
    };
    let kept = KeptOpinion { opinion: &opinion, compared: None, named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(id, &kept, now).unwrap().unwrap();
    id
}

#[test]
fn what_a_provider_said_of_a_call_without_words_of_ours_is_brought_under_the_policy() {
    let mut world = World::under("");
    world.daemon.stop();
    let id = noted_only(&world.store());
    world.set_policy(&format!("{MASK_ALL}\nunredacted = \"drop\""));
    world.daemon.restart();
    assert_clean("its opinion", &world.http().get(&format!("/api/v1/recordings/{id}/opinion")).body);
    world.wait_until_veiled();
    world.wait_until_redacted();
    world.daemon.stop();
    assert!(!world.store().is_scrub_owed().unwrap(), "every free page was written over");
    let kept = world.store().spoken_opinion(id).unwrap().unwrap();
    assert_clean("what is stored", &serde_json::to_vec(&kept).unwrap());
    world.assert_no_file_holds_it();
    assert!(kept.insights.as_object().unwrap().contains_key("call me at [phone]"), "{}", kept.insights);
}

#[test]
fn topics_are_not_added_up_until_all_calls_are_under_the_policy() {
    let mut world = World::under("");
    let told = |world: &World| world.http().get("/api/v1/analytics/topics").json();
    assert!(!told(&world)["items"].as_array().unwrap().is_empty());
    world.daemon.stop();
    world.set_policy(MASK_ALL);
    {
        let store = world.store();
        assert!(store.is_being_veiled().unwrap());
        assert_eq!(store.trends(TrendBy::Topic, None, None).unwrap(), []);
        assert_eq!(store.trends(TrendBy::All, None, None).unwrap().len(), 1, "other sums hold no words");
    }
    world.daemon.restart();
    world.wait_until_veiled();
    assert!(!told(&world)["items"].as_array().unwrap().is_empty());
    assert_clean("topics", &world.http().get("/api/v1/analytics/topics").body);
}

#[test]
fn evidence_on_hold_stays_as_it_was_and_nothing_drawn_from_it_tells() {
    let mut world = World::under("");
    world.daemon.stop();
    world.store().set_legal_hold(world.id, true, at("2026-11-21T12:00:00Z")).unwrap();
    world.set_policy(&format!("{MASK_ALL}\nunredacted = \"drop\""));
    world.daemon.restart();
    world.wait_until_veiled();
    assert_clean("the call", &world.http().get(&world.path("")).body);
    assert_clean("topics", &world.http().get("/api/v1/analytics/topics").body);
    assert!(world.http().get(&world.path("")).json()["insight"].is_object());
    world.daemon.stop();
    assert!(world.store().spoken(world.id).unwrap().unwrap().text().contains("4539"), "the evidence");
}

#[test]
fn a_models_summary_is_masked_again_and_not_replaced() {
    let mut world = World::under("");
    world.daemon.stop();
    let tells = |text: &str| {
        let sentence = |text: &str| SummarySentence::spoken(text.to_owned(), 1, 5000);
        Insight {
            summary: vec![sentence(text)],
            summary_source: SummarySource::Model,
            summary_model: Some(SummaryModel {
                name: "gemma".to_owned(),
                prompt_version: "1".to_owned(),
                transcript_digest: "d".to_owned(),
            }),
            ..Insight::default()
        }
    };
    let text = "The customer gave the card that ends in 6467 and wants a refund, and mariela.quintx is her mailbox.";
    world.summarised(&world.store(), tells(text));
    world.set_policy(MASK_ALL);
    world.daemon.restart();
    world.wait_until_veiled();
    let insight = world.http().get(&world.path("")).json()["insight"].clone();
    assert_eq!(insight["summary_source"], "model");
    let shown = "The customer gave the card that ends in [card] and wants a refund, and [email] is her mailbox.";
    assert_eq!(insight["summary"][0]["text"], shown);

    world.daemon.stop();
    let text =
        "Die Kundin hat ihre Karte genannt und möchte das Geld für die Bestellung so bald wie möglich zurück haben.";
    world.summarised(&world.store(), tells(text));
    world.set_policy(&MASK_ALL.replace(", \"national_id\"", ""));
    world.daemon.restart();
    world.wait_until_veiled();
    let insight = world.http().get(&world.path("")).json()["insight"].clone();
    assert_eq!(insight["summary_source"], "extractive");
    assert!(insight["summary_note"].as_str().unwrap().contains("this one made by rule takes its place"), "{insight}");
}

#[test]
fn places_of_personal_data_point_into_the_words_that_are_shown() {
    let world = World::under(MASK_ALL);
    for unmasked in ["", "?unmasked=true"] {
        let call = world.http().get(&world.path(unmasked)).json();
        let transcript = world.http().get(&world.path(&format!("/transcript{unmasked}"))).json();
        let places = call["insight"]["pii"].as_array().unwrap();
        assert!(places.len() >= 5, "{places:?}");
        for place in places {
            let at = |field: &str| usize::try_from(place[field].as_u64().unwrap()).unwrap();
            let words = transcript["segments"][at("segment")]["words"].as_array().unwrap();
            let told = &words[at("first_word")..=at("last_word")];
            let told: Vec<&str> = told.iter().map(|word| word["word"].as_str().unwrap()).collect();
            let is_sign = told.len() == 1 && told[0].starts_with(&format!("[{}]", place["kind"].as_str().unwrap()));
            assert_eq!(is_sign, unmasked.is_empty(), "{told:?}");
            assert!(is_sign || told.join(" ").contains(|c: char| c.is_ascii_digit() || c == '@'), "{told:?}");
        }
    }
}

#[test]
fn what_is_sealed_has_the_providers_speakers_too() {
    let mut world = World::under(&format!("{MASK_ALL}\nunredacted = \"seal\""));
    world.wait_until_redacted();
    world.daemon.stop();
    let mixed = |one: &Segment| Segment { channel: 0, speaker: "Speaker 1".to_owned(), ..one.clone() };
    let mut words = spoken();
    words.segments = words.segments.iter().map(mixed).collect();
    words.channels.clear();
    world.transcribed(&world.store(), words);
    let store = world.store();
    let mut opinion = store.unmasked_opinion(world.id).unwrap().unwrap();
    opinion.agreement = None;
    let theirs = opinion.transcript.as_mut().unwrap();
    theirs.segments = vec![segment(0, "Laura", 0, &["Billing,"; 20]), segment(0, "Daniel", 5_000, &["My"; 20])];
    theirs.segments[1].end_ms = 60_000;
    let kept = KeptOpinion { opinion: &opinion, compared: None, named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(world.id, &kept, at("2026-11-21T12:00:00Z")).unwrap().unwrap();
    store.hasten_late(world.id, at("2026-11-21T12:00:00Z")).unwrap();
    drop(store);
    world.daemon.restart();
    wait_until("the speakers have their names", || {
        world.http().get(&world.path("/transcript")).text().contains("Laura").then_some(())
    });
    let opened = world.http().get(&world.path("/transcript?format=txt&unmasked=true")).text().to_owned();
    assert!(opened.contains("Daniel") && opened.contains("4539 1488 0343 6467"), "{opened}");
    assert_clean("what is shown", &world.http().get(&world.path("/transcript")).body);
}
