//! `callscribe search`: calls in which something was said, with the second and the speaker.

use std::fmt::Write as _;
use std::process::ExitCode;

use axum::http::Method;
use serde_json::Value;

use super::archive::{Archive, query, refused};
use super::list::{length, minute, plain};
use super::print;
use crate::config::Config;

/// Find calls by what was said in them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Words must all be there, in any form. \"a phrase\", beginning*, roughly~, -not, agent:refund, \
                        name:ada. Quote the whole for your shell: callscribe search '\"call back\" refund*'\n\n\
                        Exit codes: 0 searched (also when nothing was found), 1 failed, 66 there is no archive yet, \
                        75 the index is not there yet."
)]
pub struct Args {
    /// What to look for
    #[arg(required = true, allow_hyphen_values = true)]
    words: Vec<String>,
    /// Who must have said it: agent, customer, a name
    #[arg(long)]
    speaker: Option<String>,
    /// Newest first instead of best first
    #[arg(long)]
    newest: bool,
    /// Most calls shown, 1 to 500
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// Recorded on this date (2026-11-20) or at this time or later
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Recorded up to and including this date or time
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Language of the transcript: en, es, …
    #[arg(long)]
    language: Option<String>,
    /// Print what GET /api/v1/search answers
    #[arg(long)]
    json: bool,
}

/// Searches.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let query = query(&[
        ("q", Some(args.words.join(" "))),
        ("speaker", args.speaker.clone()),
        ("sort", args.newest.then(|| "newest".to_owned())),
        ("limit", Some(args.limit.to_string())),
        ("from_date", args.from.clone()),
        ("to_date", args.to.clone()),
        ("language", args.language.clone()),
    ]);
    let page = async { Archive::open(&config).await?.json(Method::GET, &format!("/api/v1/search{query}")).await };
    let page = match page.await {
        Ok(page) => page,
        Err(error) => return refused(error),
    };
    print(&if args.json { format!("{page:#}\n") } else { lines(&page) })?;
    Ok(ExitCode::SUCCESS)
}

/// A paragraph for each call: what it is, then its places with the second and who said it.
fn lines(page: &Value) -> String {
    let mut text = String::new();
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    for item in items {
        let recording = &item["recording"];
        let field = |key: &str| plain(recording[key].as_str().unwrap_or_default());
        let party = |key: &str| {
            let party = &recording[key];
            plain(party["name"].as_str().or(party["number"].as_str()).unwrap_or("-"))
        };
        let recorded = recording["started_at"].as_str().or(recording["created_at"].as_str()).unwrap_or_default();
        let (from, to) = (party("caller"), party("callee"));
        let _infallible = writeln!(text, "{}  {}  {from} > {to}", field("id"), minute(recorded));
        for snippet in item["snippets"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let place = match (snippet["start"].as_f64(), snippet["speaker"].as_str()) {
                (Some(start), Some(speaker)) => format!("{:>7}  {}", length(start), plain(speaker)),
                _ => format!("{:>7}  {}", "", plain(snippet["place"].as_str().unwrap_or_default())),
            };
            let _infallible = writeln!(text, "{place}: {}", marked(snippet));
        }
    }
    let (total, shown) = (page["total"].as_u64().unwrap_or(0), items.len() as u64);
    let mut end = match total {
        0 => "Nothing was found.\n".to_owned(),
        _ if shown < total => format!("The first {shown} of {total} calls.\n"),
        _ => format!("{total} calls.\n"),
    };
    if page["index"]["complete"] == false {
        let indexed = page["index"]["indexed"].as_u64().unwrap_or(0);
        let _infallible = writeln!(end, "The search index is still being made: {indexed} recordings are in it.");
    }
    text + &end
}

/// The text with its marks in brackets.
fn marked(snippet: &Value) -> String {
    let chars: Vec<char> = snippet["text"].as_str().unwrap_or_default().chars().collect();
    let mut text = String::new();
    let mut at = 0;
    for mark in snippet["marks"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let bound =
            |index: usize| mark[index].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0).min(chars.len());
        let (from, to) = (bound(0).max(at), bound(1));
        if from < to {
            text.extend(&chars[at..from]);
            text.push('[');
            text.extend(&chars[from..to]);
            text.push(']');
            at = to;
        }
    }
    text.extend(&chars[at..]);
    plain(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_marked_with_its_second_and_speaker() {
        let said = serde_json::json!({
            "place": "speech", "channel": 1, "speaker": "customer", "start": 61.5,
            "text": "Ich möchte \u{1b}mein Geld zurück.", "marks": [[4, 10], [17, 21]],
        });
        let named = serde_json::json!({
            "place": "name", "channel": null, "speaker": null, "start": null, "text": "Ada Holm", "marks": [[0, 3]],
        });
        let recording = serde_json::json!({
            "id": "01a1f82f-1e80-790a-ba3f-a91199f4d254", "started_at": "2026-11-20T09:00:00Z",
            "caller": { "name": "Ada Holm", "number": "+49 30 1234567" }, "callee": { "name": null, "number": "200" },
        });
        let page = serde_json::json!({
            "total": 3, "index": { "indexed": 2, "waiting": 1, "complete": false },
            "items": [{ "recording": recording, "snippets": [said, named] }],
        });
        insta::assert_snapshot!(lines(&page), @r"
        01a1f82f-1e80-790a-ba3f-a91199f4d254  2026-11-20 09:00  Ada Holm > 200
           1:02  customer: Ich [möchte] mein [Geld] zurück.
                 name: [Ada] Holm
        The first 1 of 3 calls.
        The search index is still being made: 2 recordings are in it.
        ");
    }
}
