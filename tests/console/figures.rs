//! The figures that pages tell are those that were measured, and are written out where people look for them.

use crate::common::TestDaemon;
use crate::office::{CATEGORIES, fill};
use crate::person::Person;

#[test]
fn the_system_page_tells_of_sources_the_model_and_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("never-mounted");
    let person = Person::at(TestDaemon::start(&format!("[[folders]]\nname = \"gone\"\npath = {gone:?}\n")));
    let browser = &person.browser;
    person.go("/system");
    browser.wait_until(
        "both were looked at",
        "return /Reachable/.test(document.querySelector('#sources').closest('section').innerText) || location.reload()",
    );
    let sources = browser
        .run("return [...document.querySelectorAll('[aria-labelledby=sources] .card')].map((card) => card.innerText)");
    let source = |name: &str| {
        let cards = sources.as_array().unwrap().iter().filter_map(|card| card.as_str());
        cards.into_iter().find(|card| card.contains(name)).unwrap_or_else(|| panic!("{name}: {sources}"))
    };
    assert!(source("Folder inbox").contains("Reachable") && source("Folder inbox").contains("Last looked at"));
    assert!(source("Folder gone").contains("Last look failed") && source("Folder gone").contains("never-mounted"));
    browser.click("form[action='/api/v1/providers/inbox/check'] button");
    browser.wait_until(
        "it was checked",
        "return /It can do its work/.test(document.querySelector('form[action*=inbox] .outcome').innerText)",
    );

    let health = browser.text("[aria-labelledby=health]");
    assert!(health.contains("Model mini-q8_0 can be used."), "{health}");
    assert!(health.contains("Folder gone Its last look failed: calls from there are missing."), "{health}");
    let tile = |name: &str| {
        let script = format!(
            "return [...document.querySelectorAll('.tiles div')].find((tile) => tile.querySelector('dt').innerText === '{name}')?.querySelector('dd').innerText ?? ''"
        );
        browser.run(&script).as_str().unwrap().replace('\n', " ")
    };
    assert_eq!(tile("Model in use"), "mini-q8_0");
    assert_eq!(tile("Audio on disk"), "0 B");
    let disk = rustix::fs::statvfs(person.daemon.state().as_path()).unwrap();
    let gigabytes = (disk.f_blocks * disk.f_frsize) as f64 / 1e9;
    let digits = usize::from(gigabytes < 99.95);
    assert!(tile("Disk free").ends_with(&format!("of {gigabytes:.digits$} GB")), "{}, {gigabytes}", tile("Disk free"));
}

#[test]
fn trends_tell_how_each_desk_talks_and_how_far_transcripts_agree() {
    let person = Person::at(TestDaemon::start_on("", CATEGORIES, fill));
    let (browser, http) = (&person.browser, person.daemon.http());
    person.go("/trends?days=90");
    let rows = |title: &str| {
        browser.run(&format!("return [...document.querySelectorAll('[aria-labelledby={title}] tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"))
    };
    let agents = rows("agents-title");
    let transcribed = |desk: &str| {
        let query = format!("/api/v1/recordings/?limit=1&has_transcript=true&owner={}", desk.replace(' ', "%20"));
        http.get(&query).json()["total"].to_string()
    };
    // Each desk as the office has it: share of talk, words a minute, interruptions a call, time to answer.
    for (desk, figures) in [
        ("Front desk", ["40 %", "120", "0.0", "0.5 s"]),
        ("Billing desk", ["45 %", "130", "1.0", "0.6 s"]),
        ("Nurse line", ["50 %", "140", "2.0", "0.7 s"]),
        ("Laboratory", ["60 %", "160", "4.0", "0.9 s"]),
    ] {
        let row = agents.as_array().unwrap().iter().find(|row| row[0] == desk).unwrap_or_else(|| panic!("{agents}"));
        let [share, words, interruptions, answers] = figures;
        assert_eq!(*row, serde_json::json!([desk, transcribed(desk), share, words, interruptions, answers]));
    }

    // Agreement falls from 98 % by the week.
    let account = &rows("agreement-title")[0];
    let known = http.get("/api/v1/analytics/agreement").json()["items"][0].take();
    let weeks = known["weeks"].as_array().unwrap();
    assert!(weeks.len() > 8 && known["drift"].as_f64() < Some(-0.04), "{known}");
    let calls: u64 = weeks.iter().map(|week| week["calls"].as_u64().unwrap()).sum();
    let percent = |share: &serde_json::Value| format!("{:.0} %", share.as_f64().unwrap() * 100.0);
    let drift = format!("{:+.0} points", known["drift"].as_f64().unwrap() * 100.0);
    assert_eq!(account[0], "folder/inbox");
    assert_eq!(account[1], calls.to_string());
    assert_eq!(account[2], percent(&known["average_agreement"]));
    assert_eq!(account[4], drift);
    let line = browser
        .run("return document.querySelector('[aria-labelledby=agreement-title] .spark').getAttribute('aria-label')");
    let [first, last] = [weeks.first(), weeks.last()].map(|week| percent(&week.unwrap()["average_agreement"]));
    assert!(
        line.as_str().unwrap().starts_with(&format!("By week: {first} at first, {last} at last")),
        "{line}, {known}"
    );

    // A topic stands beside the same of the period before.
    let of = |from: u64, to: u64, topic: &str| {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let day = |back: u64| now.saturating_sub(jiff::Span::new().days(back as i64));
        let topics = http.get(&format!("/api/v1/analytics/topics?from_date={}&to_date={}", day(from), day(to))).json();
        let topics = topics["items"].as_array().unwrap().clone();
        topics.iter().find(|one| one["key"] == topic).map_or(0, |one| one["calls"].as_u64().unwrap())
    };
    person.go("/trends?days=30");
    let bar = browser.run("return [...document.querySelectorAll('.bars.is-compared li')].find((bar) => bar.innerText.startsWith('invoice')).querySelector('.number').innerText");
    let told = format!("{} {} before", of(29, 0, "invoice"), of(59, 30, "invoice"));
    assert_eq!(bar.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" "), told);
    browser.take_picture("trends-compared");
    person.heard_no_complaint();
}
