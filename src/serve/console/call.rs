//! `/calls/{id}`: one call, to be read, heard and mended.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::calls::title;
use super::shown::{Badge, Moment, length, percent, roughly, size, words};
use super::timeline::{Lane, hue, lanes};
use super::{Here, PageError, Shell, page_of, shown};
use crate::call::{Dispute, Recording, SecondOpinion, Segment, Suspect, SuspectReason, Transcript, TranscriptSource};
use crate::serve::error::ApiError;
use crate::serve::params::Params;
use crate::serve::view::{InsightView, PartyView, RecordingDetail, RecordingItem, StepView};
use crate::serve::{Api, Running};

/// Words the model was less sure of than this are marked.
const UNSURE_BELOW: f32 = 0.5;
/// Lines of metadata shown; the JSON has all of it.
const METADATA_LINES_MAX: usize = 400;
/// Disputes shown; the API has all of them.
const DISPUTES_SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "call.html", config = "src/serve/console/askama.toml")]
struct CallPage {
    shell: Shell,
    id: String,
    title: String,
    when: Moment,
    facts: Vec<(&'static str, String)>,
    badges: [Badge; 3],
    status: Badge,
    is_miniature: bool,
    legal_hold: bool,
    said: Option<Said>,
    no_transcript: &'static str,
    audio: Option<Sound>,
    summary: Vec<Told>,
    summary_note: Option<String>,
    topics: Vec<String>,
    steps: Vec<StepShown>,
    opinion: Option<Opinion>,
    metadata: Option<Node>,
}

/// A sentence of the summary.
struct Told {
    text: String,
    start_ms: u64,
    at: String,
    supported: bool,
}

/// The transcript.
struct Said {
    segments: Vec<Spoken>,
    lanes: Vec<Lane>,
    suspects: Vec<SetAside>,
    notes: Vec<String>,
    model: String,
    is_providers: bool,
    confidence: Option<String>,
    duration_ms: u64,
}

/// A stretch of speech.
struct Spoken {
    speaker: String,
    hue: usize,
    start_ms: u64,
    at: String,
    words: Vec<WordShown>,
}

struct WordShown {
    /// What stands between the word before and this one.
    gap: String,
    text: String,
    start_ms: u64,
    end_ms: u64,
    is_unsure: bool,
}

struct SetAside {
    speaker: String,
    at: String,
    start_ms: u64,
    text: String,
    reasons: String,
}

struct Sound {
    size: String,
    name: Option<String>,
    format: String,
    is_playable: bool,
    duration_ms: u64,
}

struct StepShown {
    name: &'static str,
    label: String,
    badge: Badge,
    says: Option<String>,
    when: Option<Moment>,
    took: Option<String>,
    attempts: u32,
    progress: Option<(u32, u32)>,
    is_running: bool,
    verb: &'static str,
}

struct Opinion {
    agreement: Option<String>,
    fetched: Moment,
    has_transcript: bool,
    disputes: Vec<DisputeShown>,
    left_out: usize,
    insights: Option<Node>,
}

struct DisputeShown {
    at: String,
    start_ms: u64,
    ours: String,
    theirs: String,
}

/// One entry of a tree of metadata.
#[derive(Template)]
#[template(path = "node.html", config = "src/serve/console/askama.toml")]
struct Node {
    key: String,
    text: Option<String>,
    children: Vec<Node>,
}

impl HtmlSafe for Node {}

/// Shows a call. Made where whole transcripts are made: a page of hours of speech is some megabytes.
pub(super) async fn get(State(api): State<Api>, Path(id): Path<String>, params: Params) -> Result<Response, PageError> {
    let failed = Here::Calls.failed();
    params.finish().map_err(&failed)?;
    let recording = api.recording(id).await.map_err(&failed)?;
    let running = api.0.loops.running().into_iter().find(|work| work.id == recording.id);
    let text = api.ask_whole(move |store| {
        let transcript = store.transcript(recording.id)?;
        let opinion = store.opinion(recording.id)?;
        let page = CallPage::of(&recording, transcript.as_ref(), opinion, running.as_ref());
        Ok(page.render().map(String::into_bytes).ok())
    });
    let text = text.await.and_then(|text| text.ok_or_else(ApiError::internal)).map_err(&failed)?;
    Ok(page_of(text))
}

impl CallPage {
    fn of(
        recording: &Recording,
        transcript: Option<&Transcript>,
        opinion: Option<SecondOpinion>,
        running: Option<&Running>,
    ) -> Self {
        let detail = RecordingDetail::of(recording, None);
        let item = &detail.item;
        let said = transcript.map(|transcript| Said::of(transcript, &detail));
        let summary = detail.insight.iter().flat_map(|insight| &insight.summary);
        Self {
            shell: Shell::new(Here::Calls, title(item)),
            id: item.id.to_string(),
            title: title(item),
            when: Moment::of(&item.started_at.unwrap_or(item.created_at)),
            facts: facts(&detail),
            badges: [
                Badge::part("Audio", item.recording_status),
                Badge::part("Transcript", item.transcript_status),
                Badge::part("Summary", item.summary_status),
            ],
            status: Badge::state(item.processing_status.as_str()),
            is_miniature: item.model_is_miniature,
            legal_hold: item.legal_hold,
            no_transcript: no_transcript(item),
            audio: detail.audio.is_some().then(|| Sound::of(&detail)),
            summary: summary
                .map(|sentence| Told {
                    text: sentence.text.clone(),
                    start_ms: (sentence.start * 1000.0) as u64,
                    at: length(sentence.start),
                    supported: sentence.supported,
                })
                .collect(),
            summary_note: detail.insight.as_ref().and_then(summary_note),
            topics: item.topics.clone(),
            steps: steps(&detail, running),
            opinion: opinion.map(Opinion::of),
            metadata: Node::tree("metadata", &detail.metadata),
            said,
        }
    }
}

/// Who wrote the summary, where that was no rule, and what else to know about it.
fn summary_note(insight: &InsightView) -> Option<String> {
    let written = insight.summary_model.as_ref().map(|model| format!("Written by {}.", model.name));
    let parts: Vec<String> = written.into_iter().chain(insight.summary_note.clone()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

const fn no_transcript(item: &RecordingItem) -> &'static str {
    use crate::call::StageStatus;
    match item.transcript_status {
        StageStatus::Failed => "There is no transcript: the step failed. Its error is below; mend the cause and retry.",
        StageStatus::Skipped => "There will be no transcript; the steps below say why.",
        StageStatus::Completed => "Nobody spoke in this call, as far as could be heard.",
        StageStatus::Pending | StageStatus::Processing => {
            "There is no transcript yet. It appears here by itself when it is done."
        }
    }
}

/// What is known of the call, without what is not.
fn facts(detail: &RecordingDetail) -> Vec<(&'static str, String)> {
    let item = &detail.item;
    let party = |party: &PartyView| {
        let parts = [&party.name, &party.number, &party.email].into_iter().flatten();
        let text = parts.map(String::as_str).collect::<Vec<_>>().join(" · ");
        (!text.is_empty()).then_some(text)
    };
    let known = [
        ("Length", item.duration.map(length)),
        ("Direction", item.direction.and_then(|way| serde_json::to_value(way).ok()?.as_str().map(words))),
        ("Caller", party(&item.caller)),
        ("Callee", party(&item.callee)),
        ("Owner", party(&detail.owner)),
        ("Language", item.language.as_ref().map(|language| language.as_str().to_uppercase())),
        ("Location", detail.location.clone()),
        ("Organisation", detail.organisation.clone()),
        ("Queue", detail.queue.clone()),
        ("Type", detail.recording_type.clone()),
        ("Service", detail.service_type.clone()),
        ("Stored in", detail.storage_region.clone()),
        ("Call id", detail.call_id.clone()),
        ("Session", detail.session_id.clone()),
        ("Source", Some(format!("{}/{}", item.provider, item.account))),
        ("Source's id", Some(item.provider_recording_id.clone())),
        ("Quality", Some(percent(item.quality_score))),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

impl Said {
    fn of(transcript: &Transcript, detail: &RecordingDetail) -> Self {
        let lanes = lanes(transcript);
        let facts = transcript.confidence();
        Self {
            segments: transcript.segments.iter().map(|segment| Spoken::of(segment, &lanes)).collect(),
            suspects: transcript.suspects.iter().map(SetAside::of).collect(),
            notes: transcript.notes.clone(),
            model: transcript.model.clone(),
            is_providers: transcript.source == TranscriptSource::Provider,
            confidence: facts.map(|score| percent(f64::from(score))),
            duration_ms: transcript.duration_ms.max((detail.item.duration.unwrap_or(0.0) * 1000.0) as u64),
            lanes,
        }
    }
}

impl Spoken {
    fn of(segment: &Segment, lanes: &[Lane]) -> Self {
        let ranges = segment.word_ranges().unwrap_or_default();
        let mut from = 0;
        let mut shown: Vec<WordShown> = Vec::with_capacity(segment.words.len());
        for (index, word) in segment.words.iter().enumerate() {
            let gap = match ranges.get(index) {
                Some(range) => {
                    let gap = segment.text.get(from..range.start).unwrap_or(" ").to_owned();
                    from = range.end;
                    gap
                }
                None => " ".to_owned(),
            };
            shown.push(WordShown {
                gap,
                text: word.word.clone(),
                start_ms: word.start_ms,
                end_ms: word.end_ms,
                is_unsure: word.probability < UNSURE_BELOW,
            });
        }
        // A provider's transcript may have no times of single words: the stretch is one.
        if shown.is_empty() {
            shown.push(WordShown {
                gap: String::new(),
                text: segment.text.clone(),
                start_ms: segment.start_ms,
                end_ms: segment.end_ms,
                is_unsure: false,
            });
        }
        Self {
            speaker: segment.speaker.clone(),
            hue: hue(lanes, &segment.speaker),
            start_ms: segment.start_ms,
            at: length(segment.start_ms as f64 / 1000.0),
            words: shown,
        }
    }
}

impl SetAside {
    fn of(suspect: &Suspect) -> Self {
        let reasons: Vec<String> = suspect.reasons.iter().map(reason).collect();
        Self {
            speaker: suspect.segment.speaker.clone(),
            at: length(suspect.segment.start_ms as f64 / 1000.0),
            start_ms: suspect.segment.start_ms,
            text: suspect.segment.text.clone(),
            reasons: reasons.join("; "),
        }
    }
}

fn reason(reason: &SuspectReason) -> String {
    match reason {
        SuspectReason::NoSpeech { voiced_share, .. } => {
            format!("no speech backs it ({} of its time is voiced)", percent(f64::from(*voiced_share)))
        }
        SuspectReason::LowProbability { avg_logprob } => {
            format!("the model was unsure (log-probability {avg_logprob:.2})")
        }
        SuspectReason::Loop { phrase, times } => format!("“{phrase}” {times} times in a row"),
        SuspectReason::Compression { ratio } => format!("it repeats itself (compresses {ratio:.1} to 1)"),
        SuspectReason::TooFast { words_per_s } => {
            format!("faster than anyone speaks ({words_per_s:.1} words a second)")
        }
        SuspectReason::StockPhrase => "a stock phrase models write over silence".to_owned(),
        SuspectReason::PromptEcho => "it repeats the model's prompt".to_owned(),
        SuspectReason::Bleed { from_channel } => format!("heard through from channel {}", from_channel + 1),
    }
}

impl Sound {
    fn of(detail: &RecordingDetail) -> Self {
        let audio = detail.audio.as_ref();
        let container = audio.and_then(|audio| audio.container.clone());
        let format = [
            container.clone(),
            audio.and_then(|audio| audio.codec.clone()),
            audio.and_then(|audio| audio.sample_rate_hz).map(|rate| format!("{} kHz", f64::from(rate) / 1000.0)),
            audio.and_then(|audio| audio.channel_count).map(|count| match count {
                1 => "1 channel".to_owned(),
                count => format!("{count} channels"),
            }),
        ];
        Self {
            size: size(audio.map_or(0, |audio| audio.size_bytes)),
            name: audio.and_then(|audio| audio.original_name.clone()),
            format: format.into_iter().flatten().collect::<Vec<_>>().join(", "),
            // No browser plays sound without a header.
            is_playable: container.as_deref() != Some("raw"),
            duration_ms: (detail.item.duration.unwrap_or(0.0) * 1000.0) as u64,
        }
    }
}

fn steps(detail: &RecordingDetail, running: Option<&Running>) -> Vec<StepShown> {
    let steps = &detail.steps;
    let all: [(&'static str, &StepView); 6] = [
        ("fetch_details", &steps.fetch_details),
        ("fetch_metadata", &steps.fetch_metadata),
        ("download_audio", &steps.download_audio),
        ("transcribe", &steps.transcribe),
        ("detect_language", &steps.detect_language),
        ("generate_summary", &steps.generate_summary),
    ];
    let shown = |(name, step): (&'static str, &StepView)| StepShown {
        name,
        label: words(name),
        badge: Badge::state(step.state),
        says: step.error.clone().or_else(|| step.reason.clone()).or_else(|| {
            step.last_error.as_ref().filter(|_| step.state != "completed").map(|error| format!("Last time: {error}"))
        }),
        when: step.at.or(step.until).or(step.since).as_ref().map(Moment::of),
        took: step.took.map(roughly),
        attempts: step.attempts,
        progress: running.filter(|work| work.step.as_str() == name).and_then(|work| work.windows),
        is_running: step.state == "running",
        verb: match step.state {
            "failed" | "skipped" => "Retry",
            "waiting" => "Try now",
            "completed" => "Do again",
            _ => "",
        },
    };
    all.into_iter().map(shown).collect()
}

impl Opinion {
    fn of(opinion: SecondOpinion) -> Self {
        let facts = opinion.facts();
        let disputes = opinion.agreement.map(|agreement| agreement.disputes).unwrap_or_default();
        let shown = |dispute: &Dispute| DisputeShown {
            at: length(dispute.start_ms as f64 / 1000.0),
            start_ms: dispute.start_ms,
            ours: dispute.ours.clone(),
            theirs: dispute.theirs.clone(),
        };
        Self {
            agreement: facts.agreement.map(|score| percent(f64::from(score))),
            fetched: Moment::of(&facts.fetched_at),
            has_transcript: facts.has_transcript,
            left_out: disputes.len().saturating_sub(DISPUTES_SHOWN_MAX),
            disputes: disputes.iter().take(DISPUTES_SHOWN_MAX).map(shown).collect(),
            insights: Node::tree("insights", &opinion.insights),
        }
    }
}

impl Node {
    /// A value as a tree; `None` when there is nothing in it.
    fn tree(key: &str, value: &Value) -> Option<Self> {
        let mut lines = METADATA_LINES_MAX;
        let node = Self::of(key, value, &mut lines);
        (!node.children.is_empty()).then_some(node)
    }

    fn of(key: &str, value: &Value, lines: &mut usize) -> Self {
        let key = key.to_owned();
        let mut children = Vec::new();
        let mut add = |key: &str, value: &Value| {
            if *lines > 0 {
                *lines -= 1;
                children.push(Self::of(key, value, lines));
            }
        };
        match value {
            Value::Object(entries) => entries.iter().for_each(|(key, value)| add(key, value)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, value)| add(&(index + 1).to_string(), value));
            }
            Value::String(text) => return Self { key, text: Some(text.clone()), children },
            other => return Self { key, text: Some(other.to_string()), children },
        }
        Self { key, text: children.is_empty().then(|| "—".to_owned()), children }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hostile_metadata_is_text_and_has_an_end() {
        let node = Node::tree("metadata", &json!({"<b>": {"note": "<script>alert(1)</script>"}})).unwrap();
        let html = node.render().unwrap();
        assert!(!html.contains("<script>") && html.contains("&#60;script&#62;"), "{html}");
        let endless: Value = (0..10_000).map(Value::from).collect();
        assert_eq!(Node::tree("list", &endless).unwrap().children.len(), METADATA_LINES_MAX);
    }

    #[test]
    fn words_stand_as_they_were_written() {
        let word = |word: &str, start_ms| crate::call::Word {
            word: word.to_owned(),
            start_ms,
            end_ms: start_ms + 100,
            probability: 0.9,
        };
        let segment = Segment {
            channel: 0,
            speaker: "agent".to_owned(),
            start_ms: 0,
            end_ms: 300,
            text: "Well — yes,  please.".to_owned(),
            words: vec![word("Well", 0), word("yes,", 100), word("please.", 200)],
            avg_logprob: 0.0,
            no_speech_prob: 0.0,
        };
        let spoken = Spoken::of(&segment, &[]);
        let text: String = spoken.words.iter().map(|word| format!("{}{}", word.gap, word.text)).collect();
        assert_eq!(text, segment.text);
    }
}
