//! `callscribe list`: recordings, newest first, as a table or as the API's JSON.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use axum::http::Method;
use console::{Term, measure_text_width, truncate_str};
use serde_json::Value;

use super::archive::{Archive, query, refused};
use super::print;
use crate::config::Config;

/// Narrowest text column worth showing.
const TEXT_WIDTH_MIN: usize = 16;

/// List recordings, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 listed (also when nothing matches), 1 failed, 66 there is no archive yet.")]
pub struct Args {
    /// pending, processing, completed, partial or failed
    #[arg(long)]
    status: Option<String>,
    /// Most recordings shown, 1 to 500
    #[arg(long, default_value_t = 50)]
    limit: u64,
    /// Recordings left out at the start
    #[arg(long, default_value_t = 0)]
    skip: u64,
    /// Recorded on this date (2026-11-20) or at this time (2026-11-20T09:30:00Z) or later
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Recorded up to and including this date or time
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Some party has this telephone number; its end is enough
    #[arg(long)]
    number: Option<String>,
    /// A name, number, file name or the beginning of the transcript contains this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Language of the transcript: en, es, …
    #[arg(long)]
    language: Option<String>,
    /// folder, twilio, ringcentral or webex
    #[arg(long)]
    provider: Option<String>,
    /// Print what GET /api/v1/recordings/ answers
    #[arg(long)]
    json: bool,
}

/// Lists recordings.
///
/// # Errors
///
/// What went wrong, as a sentence.
pub async fn run(args: Args, config: Config) -> anyhow::Result<ExitCode> {
    let page = match page(&args, &config).await {
        Ok(page) => page,
        Err(error) => return refused(error),
    };
    if args.json {
        print(&format!("{page:#}\n"))?;
    } else {
        let terminal = Term::stdout();
        let width = std::io::stdout().is_terminal().then(|| usize::from(terminal.size().1));
        print(&table(&page, width))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn page(args: &Args, config: &Config) -> anyhow::Result<Value> {
    let query = query(&[
        ("limit", Some(args.limit.to_string())),
        ("skip", Some(args.skip.to_string())),
        ("status", args.status.clone()),
        ("from_date", args.from.clone()),
        ("to_date", args.to.clone()),
        ("phone_number", args.number.clone()),
        ("search_text", args.search.clone()),
        ("language", args.language.clone()),
        ("provider", args.provider.clone()),
    ]);
    Archive::open(config).await?.json(Method::GET, &format!("/api/v1/recordings/{query}")).await
}

/// The page as lines; the last column is cut to a terminal of `width` columns.
fn table(page: &Value, width: Option<usize>) -> String {
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rows = vec![["ID", "RECORDED (UTC)", "LENGTH", "STATUS", "FROM", "TO", "TEXT"].map(str::to_owned)];
    rows.extend(items.iter().map(row));
    let widths: [usize; 7] =
        std::array::from_fn(|column| rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row[..6].iter().zip(widths) {
            let padding = width - measure_text_width(cell);
            let _infallible = write!(line, "{cell}{:padding$}  ", "");
        }
        let room = width.map(|width| width.saturating_sub(measure_text_width(&line)).max(TEXT_WIDTH_MIN));
        line.push_str(&room.map_or_else(|| row[6].as_str().into(), |room| truncate_str(&row[6], room, "…")));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let total = page["total"].as_u64().unwrap_or(0);
    let first = page["skip"].as_u64().unwrap_or(0);
    match items.len() as u64 {
        0 if total == 0 => "No recordings.\n".to_owned(),
        0 => format!("No recordings beyond {first}; there are {total}.\n"),
        shown if shown < total => text + &format!("{} to {} of {total}\n", first + 1, first + shown),
        _ => text,
    }
}

fn row(item: &Value) -> [String; 7] {
    let text = |key: &str| plain(item[key].as_str().unwrap_or_default());
    let party = |key: &str| plain(item[key]["name"].as_str().or(item[key]["number"].as_str()).unwrap_or("-"));
    let said = match (item["last_error"].as_str(), item["transcript_preview"].as_str()) {
        (Some(error), _) => format!("! {}", plain(error)),
        (None, preview) => plain(preview.unwrap_or_default()),
    };
    let recorded = item["started_at"].as_str().or(item["created_at"].as_str()).unwrap_or_default();
    [
        text("id"),
        minute(recorded),
        item["duration"].as_f64().map_or_else(|| "-".to_owned(), length),
        text("processing_status"),
        party("caller"),
        party("callee"),
        said,
    ]
}

/// Names and transcripts come from outside: what would steer a terminal is left out.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control()).collect()
}

/// `2026-11-20 09:10` of a time as the API writes it, in UTC.
pub(super) fn minute(time: &str) -> String {
    time.chars().take(16).collect::<String>().replace('T', " ")
}

/// `3:25`, `1:02:03`.
pub(super) fn length(seconds: f64) -> String {
    let seconds = seconds.round().max(0.0) as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Value {
        let item = |name: &str, error: Option<&str>, preview: Option<&str>| {
            serde_json::json!({
                "id": "01a1f82f-1e80-790a-ba3f-a91199f4d254", "started_at": "2026-11-20T09:00:00Z", "duration": 3725.4,
                "processing_status": "completed", "caller": { "name": null, "number": "+49 30 1234567" },
                "callee": { "name": name, "number": "200" }, "last_error": error, "transcript_preview": preview,
            })
        };
        let items = [item("Größe", None, Some("Hello,\u{1b}[31m I want a refund.")), item("日本", Some("Gone."), None)];
        serde_json::json!({ "total": 7, "skip": 2, "limit": 2, "items": items })
    }

    #[test]
    fn columns_stay_in_line_whatever_the_script() {
        insta::assert_snapshot!(table(&page(), None), @r"
        ID                                    RECORDED (UTC)    LENGTH   STATUS     FROM            TO     TEXT
        01a1f82f-1e80-790a-ba3f-a91199f4d254  2026-11-20 09:00  1:02:05  completed  +49 30 1234567  Größe  Hello,[31m I want a refund.
        01a1f82f-1e80-790a-ba3f-a91199f4d254  2026-11-20 09:00  1:02:05  completed  +49 30 1234567  日本   ! Gone.
        3 to 4 of 7
        ");
    }

    #[test]
    fn a_terminal_gets_no_line_wider_than_itself_and_no_escape_from_a_call() {
        let text = table(&page(), Some(120));
        assert!(text.lines().all(|line| measure_text_width(line) <= 120), "{text}");
        assert!(!table(&page(), None).contains('\u{1b}'));
    }

    #[test]
    fn nothing_found_is_said() {
        assert_eq!(table(&serde_json::json!({ "total": 0, "skip": 0, "items": [] }), None), "No recordings.\n");
        let beyond = serde_json::json!({ "total": 3, "skip": 9, "items": [] });
        assert_eq!(table(&beyond, None), "No recordings beyond 9; there are 3.\n");
    }
}
