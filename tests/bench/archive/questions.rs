//! What is asked, as many different ways as there are recordings, people and words to ask for, and how long it may take.

use fastrand::Rng;

use super::client::Client;
use super::generator;

/// One line of the table.
pub struct Question {
    pub what: &'static str,
    /// What the 99th of a hundred may take.
    pub goal_ms: Option<f64>,
    pub targets: Vec<String>,
}

const PAGE_MS: Option<f64> = Some(20.0);
const TEXT_MS: Option<f64> = Some(100.0);
const STATS_MS: Option<f64> = Some(5.0);
/// Different questions of one line, where there are so many.
const DIFFERENT: u64 = 100;

/// Lists that no filter or cursor stands in.
pub fn first_pages() -> Vec<String> {
    vec![list("")]
}

/// Every line, in the order of the table.
pub fn all(count: u64, client: &mut Client) -> anyhow::Result<Vec<Question>> {
    let mut all = lists(count, client)?;
    all.extend(texts());
    all.extend(sums(count));
    Ok(all)
}

fn lists(count: u64, client: &mut Client) -> anyhow::Result<Vec<Question>> {
    let rng = &mut Rng::with_seed(1);
    let whose = ["Marta Ruiz", "ada holm", "kenji.mori@company.example", "Nora Lind", "Olga Petrova"].map(encoded);
    let page = |what, targets| Question { what, goal_ms: PAGE_MS, targets };
    let of = |parameters: &[&str]| parameters.iter().map(|parameter| list(parameter)).collect::<Vec<_>>();
    let some = |rng: &mut Rng, one: &mut dyn FnMut(u64) -> String| {
        (0..DIFFERENT).map(|_| list(&one(rng.u64(0..count)))).collect::<Vec<_>>()
    };
    let caller = |n| generator::recording(n).recording.call.caller.number.unwrap_or_default();
    let span = |from: u64, days: u64| {
        format!("start_date={}&end_date={}T12:30:00Z", generator::day(from), generator::day(from + days * 240))
    };
    let one_day =
        |n, whose: &str| format!("from_date={0}&to_date={0}&provider=twilio&owner={whose}", generator::day(n));
    Ok(vec![
        page("first page", first_pages()),
        page("first page, 500 items", of(&["limit=500"])),
        page("status", of(&["status=completed", "status=failed", "status=pending", "status=partial"])),
        page("provider", of(&["provider=twilio", "provider=webex", "provider=folder", "provider=upload"])),
        page("language", of(&["language=es", "language=en", "language=fr"])),
        page("has_transcript", of(&["has_transcript=true", "has_transcript=false"])),
        page("min_quality", of(&["min_quality=0.5", "min_quality=1"])),
        page("sentiment", of(&["sentiment=positive", "sentiment=neutral", "sentiment=negative"])),
        page("category", of(&["category=refund", "category=Password", "category=none"])),
        page("location", of(&["location=Berlin", "location=lyon"])),
        page("queue", of(&["queue=billing", "queue=technical"])),
        page("account", of(&["account=main", "account=ringcentral/office"])),
        page("owner", whose.iter().map(|name| list(&format!("owner={name}"))).collect()),
        page("from_date", some(rng, &mut |n| format!("from_date={}", generator::day(n)))),
        page("from_date and to_date", some(rng, &mut |n| span(n, 1 + n % 90))),
        page("phone_number, whole", some(rng, &mut |n| format!("phone_number={}", encoded(&caller(n))))),
        page("phone_number, its last three digits", some(rng, &mut |n| format!("phone_number={:03}", n % 999 + 1))),
        page("phone_number, the company's own", of(&["phone_number=%2B49309000100", "phone_number=9000100"])),
        page("metadata, one recording", some(rng, &mut |n| format!("metadata.call.leg=leg-{n:06}"))),
        page("metadata, an eighth of all", of(&["metadata.trunk=trunk-3", "metadata.tags=refund"])),
        page("metadata, half of all", of(&["metadata.call.direction=inbound", "metadata.region=eu"])),
        page("metadata, all", of(&["metadata.codec=PCMU"])),
        page("status and language", of(&["status=completed&language=es", "status=failed&language=es"])),
        page("location and queue", of(&["location=Berlin&queue=billing", "location=Lyon&queue=sales"])),
        page(
            "location, status, sentiment, metadata",
            of(&["location=Berlin&status=completed&sentiment=negative&metadata.call.rating=5"]),
        ),
        page("two that are never together", of(&["metadata.call.direction=inbound&metadata.call.leg=leg-000077"])),
        page("day, owner and provider", some(rng, &mut |n| one_day(n, &whose[0]))),
        page("deep cursor", cursors("", count, client)?),
        page("deep cursor, status and location", cursors("status=completed&location=Berlin", count, client)?),
        page("skip to the middle and the end", skips(&["", "status=completed", "provider=twilio"], count)),
        page("skip with a filter of tags", skips(&["location=Berlin&status=completed"], count / 6)),
        page("calls of one number", (0..DIFFERENT).map(|_| number(&caller(rng.u64(0..count)))).collect()),
        page("numbers", vec!["/api/v1/numbers".into(), "/api/v1/numbers?search=4930000".into()]),
    ])
}

fn texts() -> Vec<Question> {
    let text = |what, questions: &[&str]| Question {
        what,
        goal_ms: TEXT_MS,
        targets: questions.iter().map(|question| format!("/api/v1/search?q={question}")).collect(),
    };
    vec![
        text("text: rare word", &["chargeback", "order77", "kunde4711"]),
        text("text: common word", &["refund", "factura", "router", "parcel"]),
        text("text: phrase", &["%22call%20me%20back%22", "%22el%20contrato%20termina%22"]),
        text("text: several words", &["password%20router%20minutes", "refund%20-invoice"]),
        text("text: beginning", &["invo*", "order1*", "contra*"]),
        text("text: roughly", &["deliveri~", "refnud~", "contrase%C3%B1as~", "pasword~"]),
        text("text: by one speaker, newest first", &["customer:refund&sort=newest", "agent:invo*&sort=newest"]),
        text("text: two filters", &["refund&status=completed&location=Berlin", "tarjeta&owner=Ada%20Holm&language=es"]),
        text("text: 500 items", &["refund&limit=500"]),
        Question {
            what: "text: list with search_text and a filter",
            goal_ms: TEXT_MS,
            targets: ["search_text=refund&status=completed", "search_text=invo&queue=billing"].map(list).into(),
        },
    ]
}

fn sums(count: u64) -> Vec<Question> {
    let recordings = (0..DIFFERENT).map(|n| format!("/api/v1/recordings/RE{:032x}", n * (count / DIFFERENT).max(1)));
    let analytics = ["volume", "volume?by=owner", "quality?by=location", "topics", "sentiment?by=day"];
    vec![
        Question { what: "stats", goal_ms: STATS_MS, targets: vec!["/api/v1/recordings/stats/summary".into()] },
        Question {
            what: "analytics of all days",
            goal_ms: None,
            targets: analytics.map(|what| format!("/api/v1/analytics/{what}")).into(),
        },
        Question { what: "one recording, transcript and all", goal_ms: None, targets: recordings.collect() },
        Question { what: "queue", goal_ms: None, targets: vec!["/api/v1/queue".into()] },
    ]
}

fn list(parameters: &str) -> String {
    format!("/api/v1/recordings/?{parameters}")
}

fn number(number: &str) -> String {
    format!("/api/v1/numbers/{}", encoded(number))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn skips(filters: &[&str], matches: u64) -> Vec<String> {
    let places = [matches / 2, matches * 9 / 10, matches.saturating_sub(100)];
    let all = filters.iter().flat_map(|filter| places.map(|skip| list(&format!("{filter}&skip={skip}"))));
    all.map(|target| target.replace("?&", "?")).collect()
}

/// Cursors of pages all over the older half of a list.
fn cursors(filter: &str, count: u64, client: &mut Client) -> anyhow::Result<Vec<String>> {
    let total = client.json(&list(&format!("{filter}&limit=1")).replace("?&", "?"))?["total"].as_u64().unwrap_or(count);
    let mut targets = Vec::new();
    for step in 0..DIFFERENT / 2 {
        let skip = total / 2 + step * (total / DIFFERENT);
        let page = client.json(&list(&format!("{filter}&limit=1&skip={skip}")).replace("?&", "?"))?;
        let Some(cursor) = page["next_cursor"].as_str() else { continue };
        targets.push(list(&format!("{filter}&cursor={cursor}")).replace("?&", "?"));
    }
    Ok(targets)
}
