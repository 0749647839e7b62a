//! Who may still see the words and hear the sound as they were: kept, sealed or dropped.

use callscribe::call::{SecondOpinion, Transcript};
use callscribe::store::KeptOpinion;

use crate::common::wait_until;
use crate::seed::{at, segment};
use crate::world::{MASK_ALL, World, assert_clean, files_below, spoken};

fn assert_admins_alone_see_it(world: &World) {
    let (admin, reader) = (world.http(), world.reader());
    for rest in ["/transcript", "", "/opinion", "/audio"] {
        let target = world.path(&format!("{rest}?unmasked=true"));
        let refused = reader.get(&target);
        assert_eq!(refused.status, 403, "{target}");
        assert_eq!(refused.json()["error"]["code"], "role_too_low");
    }
    let text = admin.get(&world.path("/transcript?format=txt&unmasked=true"));
    assert!(text.text().contains("4539 1488 0343 6467, I want a refund."), "{}", text.text());
    assert!(admin.get(&world.path("?unmasked=true")).text().contains("quintx"));
    assert!(admin.get(&world.path("/opinion?unmasked=true")).text().contains("6461"));
}

/// What the audit trail says of it.
fn times_noted(world: &mut World) -> usize {
    world.daemon.stop();
    let store = callscribe::store::Store::open(&world.daemon.state().join("callscribe.redb")).unwrap();
    let noted = store.audit_trail(100).unwrap();
    let seen = noted.iter().filter(|entry| entry.what == "read_unmasked" && entry.by == "api:api-token");
    let count = seen.count();
    drop(store);
    world.daemon.restart();
    count
}

#[test]
fn what_is_kept_is_for_administrators_and_each_time_is_noted() {
    let mut world = World::under(MASK_ALL);
    assert_admins_alone_see_it(&world);
    assert_eq!(world.http().get(&world.path("/audio?unmasked=true")).body, world.original);
    assert_eq!(times_noted(&mut world), 4);
}

#[test]
fn what_is_sealed_is_opened_for_administrators() {
    let mut world = World::under(&format!("{MASK_ALL}\nunredacted = \"seal\""));
    world.wait_until_redacted();
    assert_admins_alone_see_it(&world);
    let opened = world.http().get(&world.path("/audio?unmasked=true"));
    assert!(opened.body == world.original, "the sound as it was received");
    assert_ne!(world.reader().get(&world.path("/audio")).body, world.original);
    assert_eq!(times_noted(&mut world), 4);
    assert_eq!(world.http().delete(&world.path("")).status, 200);
    let left = files_below(&world.daemon.state().join("sealed"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_lost_key_ends_nothing_and_opens_again_what_it_sealed() {
    let mut world = World::under(&format!("{MASK_ALL}\nunredacted = \"seal\""));
    world.wait_until_redacted();
    world.daemon.stop();
    let (key, aside) = (world.daemon.state().join("seal.key"), world.daemon.state().join("seal.key.old"));
    std::fs::rename(&key, &aside).unwrap();
    // Another policy, so that everything is gone through again.
    let config = std::fs::read_to_string(world.daemon.config()).unwrap();
    std::fs::write(world.daemon.config(), config.replace(", \"national_id\"]", "]")).unwrap();
    world.daemon.restart();
    wait_until("the summary is back", || world.http().get(&world.path("")).json()["insight"].is_object().then_some(()));
    assert_clean("the call", &world.http().get(&world.path("")).body);
    for rest in ["/transcript", "/opinion"] {
        assert_eq!(world.http().get(&world.path(&format!("{rest}?unmasked=true"))).status, 409, "{rest}");
    }
    world.daemon.stop();
    assert_eq!(world.daemon.log().matches("was sealed with another key").count(), 1, "{}", world.daemon.log());
    std::fs::rename(&aside, &key).unwrap();
    world.daemon.restart();
    assert_admins_alone_see_it(&world);
}

#[test]
fn new_words_that_are_kept_replace_what_was_sealed_before() {
    let mut world = World::under(&format!("{MASK_ALL}\nunredacted = \"seal\""));
    world.wait_until_redacted();
    world.daemon.stop();
    let config = std::fs::read_to_string(world.daemon.config()).unwrap();
    std::fs::write(world.daemon.config(), config.replace("\"seal\"", "\"keep\"")).unwrap();
    let store = world.store();
    assert!(store.unmasked(world.id).unwrap().unwrap().text().contains("4539"));
    let new = segment(0, "agent", 0, &["Altogether", "new", "words."]);
    world.transcribed(&store, Transcript { segments: vec![new.clone()], ..spoken() });
    assert_eq!(store.unmasked(world.id).unwrap().unwrap().segments, std::slice::from_ref(&new));
    let opinion = store.unmasked_opinion(world.id).unwrap().unwrap();
    let mut theirs = opinion.transcript.clone().unwrap();
    theirs.segments = vec![new.clone()];
    let opinion = SecondOpinion { transcript: Some(theirs), ..opinion };
    let kept = KeptOpinion { opinion: &opinion, compared: None, named: None, is_named_as_spoken: false, again: None };
    store.keep_opinion(world.id, &kept, at("2026-11-21T12:00:00Z")).unwrap().unwrap();
    assert_eq!(store.unmasked_opinion(world.id).unwrap().unwrap().transcript.unwrap().segments, [new]);
}

#[test]
fn of_what_is_dropped_there_is_nothing_to_see() {
    let world = World::under(&format!("{MASK_ALL}\nunredacted = \"drop\""));
    world.wait_until_redacted();
    for rest in ["/transcript", "", "/opinion", "/audio"] {
        let answer = world.http().get(&world.path(&format!("{rest}?unmasked=true")));
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str().unwrap()), (409, "not_available"));
    }
    assert!(files_below(&world.daemon.state().join("sealed")).is_empty());
}

#[test]
fn a_policy_that_comes_later_holds_for_what_was_there_before() {
    let mut world = World::under("");
    assert!(world.http().get(&world.path("/transcript")).text().contains("4539"));
    assert_eq!(world.http().get("/api/v1/search?q=quintx").json()["total"], 1);
    for unredacted in ["keep", "drop"] {
        world.daemon.stop();
        let config = std::fs::read_to_string(world.daemon.config()).unwrap();
        let begun = config.split("[privacy]").next().unwrap();
        let rest = config.split("[[notify]]").nth(1).unwrap();
        let policy = format!("{MASK_ALL}\nunredacted = \"{unredacted}\"\n");
        std::fs::write(world.daemon.config(), format!("{begun}[privacy]\n{policy}[[notify]]{rest}")).unwrap();
        world.daemon.restart();
        let http = world.http();
        assert_clean("the list", &http.get("/api/v1/recordings/").body);
        assert_clean("the call", &http.get(&world.path("")).body);
        wait_until("the summary is back, masked", || {
            (http.get(&world.path("")).json()["insight"].is_object()).then_some(())
        });
        wait_until("the index is made anew", || {
            let found = http.get("/api/v1/search?q=refund");
            (found.status == 200 && found.json()["total"] == 1).then_some(())
        });
        assert_eq!(http.get("/api/v1/search?q=quintx").json()["total"], 0);
        assert_clean("the call", &http.get(&world.path("")).body);
    }
    world.wait_until_redacted();
    let path = world.path("/transcript?unmasked=true");
    assert_eq!(world.http().get(&path).status, 409);
}

#[test]
fn kills_while_sound_is_dropped_leave_one_sound_that_is_redacted() {
    for delay_ms in [0, 5, 20, 60] {
        let mut world = World::under("");
        world.daemon.stop();
        let config = std::fs::read_to_string(world.daemon.config()).unwrap();
        let dropping = config.replace("[privacy]\n", &format!("[privacy]\n{MASK_ALL}\nunredacted = \"drop\"\n"));
        std::fs::write(world.daemon.config(), dropping).unwrap();
        world.daemon.restart();
        // The moment of the kill is what is tried.
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        world.daemon.kill();
        let recordings = world.daemon.state().join("recordings");
        assert!(!wavs(&recordings).is_empty(), "never is there no sound");
        world.daemon.restart();
        world.wait_until_redacted();
        assert_ne!(world.http().get(&world.path("/audio")).body, world.original);
        assert_eq!(world.http().get(&world.path("/audio")).status, 200);
    }
}

fn wavs(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    files_below(folder).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "wav")).collect()
}
