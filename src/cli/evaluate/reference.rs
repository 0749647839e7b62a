//! Corrected transcripts beside calls: what was truly said, on which channel where the file tells.
//!
//! Taken are callscribe's own exports after somebody corrected them, JSON with `turns` of `channel` and `text`, WebVTT,
//! and plain text with or without `name:` in front of a line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::call::{Language, Transcript};
use crate::understand::language::detect;

/// Endings of corrected transcripts; the first that is there is read.
const ENDINGS: [&str; 3] = ["json", "vtt", "txt"];
/// Files looked at in the folder: an evaluation is of a few calls, and each is heard by every model.
const FILES_MAX: usize = 10_000;
/// Largest corrected transcript; ten hours of unbroken speech are 20 MB of JSON.
const BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A call with what was truly said in it.
#[derive(Debug)]
pub(super) struct Call {
    /// The audio.
    pub audio: PathBuf,
    /// Its name.
    pub name: String,
    /// What was said, in order.
    pub turns: Vec<Turn>,
    /// The language, as the file says or as it reads.
    pub language: Option<Language>,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// By whom.
    pub by: By,
    /// What.
    pub text: String,
}

/// Who said it, as far as the file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// A channel of the file.
    Channel(u16),
    /// A name.
    Name(String),
    /// Nobody knows.
    Unknown,
}

/// The calls of a folder that have a corrected transcript beside them, by name.
pub(super) fn calls(folder: &Path) -> anyhow::Result<Vec<Call>> {
    let listed =
        std::fs::read_dir(folder).with_context(|| format!("The folder {} cannot be read.", folder.display()))?;
    let mut files: Vec<PathBuf> = listed.take(FILES_MAX).filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut calls = Vec::new();
    for audio in files.into_iter().filter(|path| path.is_file() && !is_text(path)) {
        if let Some(text) = beside(&audio) {
            calls.push(read(audio, &text).with_context(|| format!("{} cannot be used.", text.display()))?);
        }
    }
    if calls.is_empty() {
        bail!(
            "{} holds no call with a corrected transcript of the same name beside it, like call.wav with call.txt, \
             call.vtt or call.json.",
            folder.display()
        );
    }
    Ok(calls)
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

fn beside(audio: &Path) -> Option<PathBuf> {
    ENDINGS.iter().map(|ending| audio.with_extension(ending)).find(|path| path.is_file())
}

fn read(audio: PathBuf, path: &Path) -> anyhow::Result<Call> {
    ensure!(std::fs::metadata(path)?.len() <= BYTES_MAX, "It is larger than {} MiB.", BYTES_MAX >> 20);
    let text = std::fs::read_to_string(path).context("It is no UTF-8 text.")?;
    let (turns, told) = match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => from_json(&text)?,
        Some("vtt") => (from_vtt(&text), None),
        _ => (from_txt(&text), None),
    };
    ensure!(turns.iter().any(|turn| !turn.text.trim().is_empty()), "It holds no words.");
    let whole: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
    let language = told.or_else(|| detect(&whole.join(" "), &[]).map(|guess| guess.language));
    let name = audio.file_name().unwrap_or(audio.as_os_str()).to_string_lossy().into_owned();
    Ok(Call { audio, name, turns, language })
}

#[derive(Deserialize)]
struct Document {
    language: Option<String>,
    #[serde(alias = "segments")]
    turns: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    channel: Option<u16>,
    speaker: Option<String>,
    #[serde(default)]
    text: String,
}

fn from_json(text: &str) -> anyhow::Result<(Vec<Turn>, Option<Language>)> {
    let document: Document = serde_json::from_str(text)
        .context("It is no JSON with `segments` or `turns`, each with `text` and its `channel`.")?;
    let by = |piece: &Piece| match (piece.channel, &piece.speaker) {
        (Some(channel), _) => By::Channel(channel),
        (None, Some(name)) => By::Name(name.clone()),
        (None, None) => By::Unknown,
    };
    let turns = document.turns.into_iter().map(|piece| Turn { by: by(&piece), text: piece.text });
    Ok((turns.filter(|turn| !turn.text.is_empty()).collect(), document.language.as_deref().map(Language::new)))
}

/// Cues only: what comes after a line with an arrow, up to an empty one.
fn from_vtt(text: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let (mut in_cue, mut by) = (false, By::Unknown);
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.contains("-->") {
            (in_cue, by) = (!line.is_empty(), By::Unknown);
        } else if in_cue {
            let (name, spoken) = voice(line);
            by = name.map_or(by, By::Name);
            turns.push(Turn { by: by.clone(), text: unescaped(&without_tags(spoken)) });
        }
    }
    turns
}

/// `<v Name>text`.
fn voice(line: &str) -> (Option<String>, &str) {
    let tagged = line.strip_prefix("<v ").and_then(|rest| rest.split_once('>'));
    tagged.map_or((None, line), |(name, rest)| (Some(unescaped(name.trim())), rest))
}

fn without_tags(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .filter(|&c| {
            let was = inside;
            inside = (inside || c == '<') && c != '>';
            !was && c != '<'
        })
        .collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Lines; `[00:09.050]` in front, comments and names are taken off. A name is what stands before a colon in two lines
/// or more, or what follows a time.
fn from_txt(text: &str) -> Vec<Turn> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let lines: Vec<(bool, &str)> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(without_time).collect();
    let name_of = |line: &str| line.split_once(':').map(|(name, _)| name.trim().to_owned());
    let often = |name: &str| lines.iter().filter(|(_, line)| name_of(line).as_deref() == Some(name)).count() > 1;
    let turn = |(timed, line): &(bool, &str)| match line.split_once(':') {
        Some((name, rest)) if *timed || often(name.trim()) => {
            Turn { by: By::Name(name.trim().to_owned()), text: rest.trim().to_owned() }
        }
        _ => Turn { by: By::Unknown, text: (*line).to_owned() },
    };
    lines.iter().map(turn).collect()
}

/// Whether there was a time in front, and the line without it.
fn without_time(line: &str) -> (bool, &str) {
    let timed = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_time = |text: &str| text.chars().all(|c| c.is_ascii_digit() || ":.".contains(c));
    timed.filter(|(time, _)| is_time(time)).map_or((false, line), |(_, rest)| (true, rest.trim()))
}

impl Call {
    /// What was said by channel: `None` when the file does not tell, or names nobody that the transcript knows.
    pub(super) fn by_channel(&self, transcript: &Transcript) -> Option<Vec<(u16, &str)>> {
        let named = |name: &str| {
            let same = |speaker: &str| speaker.eq_ignore_ascii_case(name);
            let of_channel = transcript.channels.iter().find(|facts| same(&facts.speaker)).map(|facts| facts.channel);
            of_channel.or_else(|| transcript.segments.iter().find(|s| same(&s.speaker)).map(|s| s.channel))
        };
        let channel = |turn: &Turn| match &turn.by {
            By::Channel(channel) => Some(*channel),
            By::Name(name) => named(name),
            By::Unknown => None,
        };
        let told: Option<Vec<(u16, &str)>> =
            self.turns.iter().map(|turn| Some((channel(turn)?, turn.text.as_str()))).collect();
        // A file with one channel holds everybody, whatever the corrected transcript calls them.
        if transcript.channels.len() == 1 {
            return Some(self.turns.iter().map(|turn| (0, turn.text.as_str())).collect());
        }
        told
    }

    /// Everything that was said.
    pub(super) fn text(&self) -> String {
        let texts: Vec<&str> = self.turns.iter().map(|turn| turn.text.as_str()).collect();
        texts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(turns: &[Turn]) -> Vec<(&str, &str)> {
        let name = |by: &By| match by {
            By::Name(name) => name.clone().leak() as &str,
            By::Channel(_) | By::Unknown => "",
        };
        turns.iter().map(|turn| (name(&turn.by), turn.text.as_str())).collect()
    }

    #[test]
    fn plain_text_is_read_with_and_without_names_and_times() {
        let exported = "# a note\n\n[00:00.100] agent: Hello: you?\n[00:09.050] customer: Hi.\n";
        assert_eq!(named(&from_txt(exported)), [("agent", "Hello: you?"), ("customer", "Hi.")]);
        assert_eq!(named(&from_txt("Remember: be kind.\nYes.")), [("", "Remember: be kind."), ("", "Yes.")]);
        assert_eq!(named(&from_txt("A: one\nB: two\nA: three\nB: four")).len(), 4);
    }

    #[test]
    fn cues_lose_their_tags_and_keep_their_voices() {
        let vtt = "WEBVTT\n\nNOTE\nThe model\n\n1\n00:00.100 --> 00:01.000\n<v agent>Black &amp; <i>white</i>\nand red\n\n\
                   00:02.000 --> 00:03.000\nWho?\n";
        assert_eq!(named(&from_vtt(vtt)), [("agent", "Black & white"), ("agent", "and red"), ("", "Who?")]);
    }

    #[test]
    fn both_kinds_of_json_give_turns_with_channels() {
        let ours = r#"{"language": "en", "segments": [{"channel": 1, "speaker": "customer", "text": "Hi."}]}"#;
        let script = r#"{"turns": [{"channel": 1, "text": "Hi."}, {"kind": "hold"}]}"#;
        for (text, language) in [(ours, Some(Language::new("en"))), (script, None)] {
            let expected = vec![Turn { by: By::Channel(1), text: "Hi.".to_owned() }];
            assert_eq!(from_json(text).unwrap(), (expected, language));
        }
        assert!(from_json("[]").is_err());
    }
}
