//! `callscribe show`: one recording with its steps and its transcript.

mod sound;

use std::fmt::Write as _;
use std::process::ExitCode;

use axum::http::Method;
use serde_json::Value;

use super::archive::{Archive, encoded, refused};
use super::list::{length, minute, plain};
use super::print;
use crate::config::Config;
use crate::export::Format;

/// Show one recording or its transcript.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 shown, 1 failed, 66 there is no such recording or no such translation, 75 it has \
                  no transcript yet (with --format)."
)]
pub struct Args {
    /// callscribe's id of the recording, or the provider's
    id: String,
    /// Print only the transcript: txt, json, vtt or srt
    #[arg(long, conflicts_with = "json")]
    format: Option<Format>,
    /// The transcript in another language, by its code: en
    #[arg(long, value_name = "LANGUAGE", conflicts_with = "json")]
    translation: Option<String>,
    /// Print what GET /api/v1/recordings/ID answers
    #[arg(long)]
    json: bool,
    /// Without the masks of the privacy policy; the audit trail notes it
    #[arg(long)]
    unmasked: bool,
}

/// Shows a recording.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let text = match text(&args, &config).await {
        Ok(text) => text,
        Err(error) => return refused(error),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn text(args: &Args, config: &Config) -> anyhow::Result<String> {
    let archive = Archive::open(config).await?;
    let target = format!("/api/v1/recordings/{}", encoded(&args.id));
    let mut also = if args.unmasked { "&unmasked=true".to_owned() } else { String::new() };
    if let Some(language) = &args.translation {
        also += &format!("&translation={}", encoded(language));
    }
    if let Some(format) = args.format {
        return archive.text(Method::GET, &format!("{target}/transcript?format={format}{also}")).await;
    }
    let whole = if args.unmasked && args.json { format!("{target}?unmasked=true") } else { target.clone() };
    let recording = archive.json(Method::GET, &whole).await?;
    if args.json {
        return Ok(format!("{recording:#}\n"));
    }
    let spoken = match recording["transcript"] {
        Value::Null => None,
        _ => Some(archive.text(Method::GET, &format!("{target}/transcript?format=txt{also}")).await?),
    };
    Ok(page(&recording, spoken.as_deref()))
}

/// The recording for a person.
fn page(recording: &Value, spoken: Option<&str>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _infallible = writeln!(text, "{name:<11} {value}");
        }
    };
    let field = |key: &str| recording[key].as_str().map(plain);
    line("Recording", field("id"));
    let source = [field("provider"), field("account"), field("provider_recording_id")];
    line("Source", Some(source.into_iter().flatten().collect::<Vec<_>>().join(" / ")));
    line("Recorded", recording["started_at"].as_str().map(|at| minute(at) + " UTC"));
    line("Length", recording["duration"].as_f64().map(length));
    line("From", party(&recording["caller"]));
    line("To", party(&recording["callee"]));
    line("Direction", field("direction"));
    line("Queue", field("queue"));
    line("File", recording["audio"]["original_name"].as_str().map(plain));
    let score = recording["quality_score"].as_f64().unwrap_or(0.0);
    line("Status", field("processing_status").map(|status| format!("{status}, {:.0} % of the steps", score * 100.0)));
    line("Language", field("language"));
    line("Translated", Some(words(&recording["translations"])));
    line("Topics", Some(words(&recording["topics"])));
    line("Summary", field("insight_summary"));
    line("Phases", sound::phases(&recording["sound"]));
    line("Talk", sound::talk(&recording["insight"]["talk"]));
    for channel in recording["audio"]["channels"].as_array().into_iter().flatten() {
        line("Sound", sound::channel(channel));
    }
    line("Poor", recording["sound"]["poor_because"].as_str().map(plain));
    line("Error", field("last_error"));
    follow_up(&recording["insight"], &mut line);
    text.push('\n');
    for (name, step) in recording["steps"].as_object().into_iter().flatten() {
        let said = ["error", "reason"].iter().find_map(|key| step[key].as_str()).map(plain).unwrap_or_default();
        let when = step["until"].as_str().map(|until| format!("until {} UTC  ", minute(until))).unwrap_or_default();
        let row = format!("  {name:<17} {:<10} {when}{said}", step["state"].as_str().unwrap_or_default());
        let _infallible = writeln!(text, "{}", row.trim_end());
    }
    if let Some(spoken) = spoken {
        text.push('\n');
        text.push_str(spoken);
    }
    text
}

/// What follows from the call, an item a line with the time that backs it.
fn follow_up(insight: &Value, line: &mut impl FnMut(&str, Option<String>)) {
    let text = |value: &Value| value.as_str().map(plain).filter(|text| !text.is_empty());
    let at = |item: &Value| item["start"].as_f64().map(length).unwrap_or_default();
    let list = |key: &str| insight[key].as_array().map(Vec::as_slice).unwrap_or_default();
    line("Intent", text(&insight["intent"]["label"]));
    let sentiment = &insight["sentiment"];
    let score = sentiment["score"].as_f64().map(|score| format!(" ({score:+.2})")).unwrap_or_default();
    line("Sentiment", text(&sentiment["label"]).map(|label| label + &score));
    for action in list("action_items") {
        let when = text(&action["when"]).map(|when| format!(", {when}")).unwrap_or_default();
        let (who, what) = (text(&action["who"]).unwrap_or_default(), text(&action["what"]).unwrap_or_default());
        line("To do", Some(format!("[{}] {who}: {what}{when}", at(action))));
    }
    for question in list("open_questions") {
        line("Open", text(&question["text"]).map(|asked| format!("[{}] {asked}", at(question))));
    }
    for category in list("categories").iter().filter(|category| category["matched"] == true) {
        let place = category["hits"][0].as_object().map(|_| format!(" [{}]", at(&category["hits"][0])));
        let missing = if category["absent"] == true { " (not said)" } else { "" };
        let name = text(&category["name"]).unwrap_or_default();
        line("Category", Some(format!("{name}{missing}{}", place.unwrap_or_default())));
    }
}

fn party(party: &Value) -> Option<String> {
    let parts = ["name", "number"].iter().filter_map(|key| party[key].as_str().map(plain));
    Some(parts.collect::<Vec<_>>().join(", "))
}

fn words(list: &Value) -> String {
    let words = list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(plain));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_that_waits_shows_for_what() {
        let recording = serde_json::json!({
            "id": "01a1f82f-1e80-790a-ba3f-a91199f4d254", "provider": "folder", "account": "inbox",
            "provider_recording_id": "74e7e5bb", "started_at": "2026-11-20T09:00:00.187634096Z", "duration": 65.0,
            "caller": { "name": "Ana", "number": "+49 30 1234567" }, "callee": { "name": null, "number": null },
            "direction": "inbound", "queue": null, "audio": { "original_name": "a.wav" }, "quality_score": 0.5,
            "processing_status": "processing", "language": null, "topics": [], "insight_summary": null,
            "last_error": "The worker died.", "transcript": null,
            "steps": {
                "download_audio": { "state": "completed", "attempts": 1 },
                "transcribe": { "state": "waiting", "until": "2026-11-20T09:10:00Z", "reason": "The worker died." },
                "detect_language": { "state": "pending", "attempts": 0 },
            },
        });
        insta::assert_snapshot!(page(&recording, None), @r"
        Recording   01a1f82f-1e80-790a-ba3f-a91199f4d254
        Source      folder / inbox / 74e7e5bb
        Recorded    2026-11-20 09:00 UTC
        Length      1:05
        From        Ana, +49 30 1234567
        Direction   inbound
        File        a.wav
        Status      processing, 50 % of the steps
        Error       The worker died.

          download_audio    completed
          transcribe        waiting    until 2026-11-20 09:10 UTC  The worker died.
          detect_language   pending
        ");
    }
}
