//! `/calls/{id}`: one call, to be read, heard and mended.

mod heard;
mod opinion;
mod said;
mod told;
mod translated;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::calls::{encoded, isolated, title};
use super::shown::{Badge, Moment, length, percent, roughly, size, words};
use super::timeline::lanes;
use super::{Here, PageError, Shell, page_of, shown};
use crate::call::{Language, Recording, SecondOpinion, Transcript};
use crate::serve::error::ApiError;
use crate::serve::params::Params;
use crate::serve::view::{PartyView, RecordingDetail, RecordingItem, StepView};
use crate::serve::{Api, Running};
use heard::{Heard, TalkShown};
use opinion::{Node, Opinion};
use said::Said;
use told::Told;
use translated::{TonguesShown, Translated};

#[derive(Template)]
#[template(path = "call.html", config = "src/serve/console/askama.toml")]
struct CallPage {
    shell: Shell,
    id: String,
    title: String,
    when: Moment,
    facts: Vec<Fact>,
    badges: [Badge; 3],
    status: Badge,
    is_miniature: bool,
    legal_hold: bool,
    said: Option<Said>,
    translated: Option<Translated>,
    tongues: Option<TonguesShown>,
    no_transcript: &'static str,
    audio: Option<Sound>,
    heard: Option<Heard>,
    told: Option<Told>,
    talk: Option<TalkShown>,
    steps: Vec<StepShown>,
    opinion: Option<Opinion>,
    metadata: Option<Node>,
}

impl CallPage {
    fn encoded(&self, text: &str) -> String {
        encoded(text)
    }
}

/// Something that is known of the call.
struct Fact {
    name: &'static str,
    value: String,
    /// Where there is more of it.
    link: Option<String>,
}

impl Fact {
    /// Worth a place beside the title.
    fn is_first(&self) -> bool {
        matches!(self.name, "Length" | "Direction" | "Language")
    }
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
    is_failed: bool,
    verb: &'static str,
}

/// Shows a call. Made where whole transcripts are made: a page of hours of speech is some megabytes.
pub(super) async fn get(
    State(api): State<Api>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Response, PageError> {
    let failed = Here::Calls.failed();
    let into = params.language(&["translation"]).map_err(&failed)?.map(|code| Language::new(&code));
    params.finish().map_err(&failed)?;
    let recording = api.recording(id).await.map_err(&failed)?;
    let running = api.0.loops.running().into_iter().find(|work| work.id == recording.id);
    let tongues = api.0.loops.translates_into();
    let text = api.ask_whole(move |store| {
        let transcript = store.transcript(recording.id)?;
        let opinion = store.opinion(recording.id)?;
        let standings = store.translations(recording.id)?;
        let translation = into.as_ref().map(|into| store.translation(recording.id, into)).transpose()?.flatten();
        let mut page = CallPage::of(&recording, transcript.as_ref(), opinion, running.as_ref());
        let shown = into.as_ref().filter(|_| translation.is_some());
        if let (Some(into), Some(translation), Some(transcript)) = (shown, &translation, &transcript) {
            page.translated = Some(Translated::of(into, translation, transcript, &lanes(transcript)));
        }
        page.tongues = TonguesShown::of(transcript.as_ref(), &standings, shown, &tongues);
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
        let lanes = transcript.map(lanes).unwrap_or_default();
        let insight = detail.insight.as_ref();
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
            heard: transcript.map(|transcript| Heard::of(transcript, &lanes)),
            told: insight.map(|insight| Told::of(insight, transcript, &lanes)),
            talk: insight.and_then(|insight| insight.talk.as_ref()).map(|talk| TalkShown::of(talk, &lanes)),
            steps: steps(&detail, running),
            opinion: opinion.map(Opinion::of),
            metadata: Node::tree("As the source describes it", &detail.metadata),
            said: transcript.map(|transcript| Said::of(transcript, &detail, lanes)),
            translated: None,
            tongues: None,
        }
    }
}

const fn no_transcript(item: &RecordingItem) -> &'static str {
    use crate::call::StageStatus;
    match item.transcript_status {
        StageStatus::Failed => "There is no transcript: the step failed, and says why. Mend the cause and retry.",
        StageStatus::Skipped => "There will be no transcript; the steps say why.",
        StageStatus::Completed => "Nobody spoke in this call, as far as could be heard.",
        StageStatus::Pending | StageStatus::Processing => {
            "There is no transcript yet. It appears here by itself when it is done."
        }
    }
}

/// What is known of the call, without what is not.
fn facts(detail: &RecordingDetail) -> Vec<Fact> {
    let item = &detail.item;
    let party = |party: &PartyView| {
        let parts = [&party.name, &party.number, &party.email].into_iter().flatten();
        let text = parts.map(|part| isolated(part)).collect::<Vec<_>>().join(" · ");
        (!text.is_empty()).then_some(text)
    };
    let calls_of = |party: &PartyView| {
        let digits: String =
            party.number.iter().flat_map(|number| number.chars()).filter(char::is_ascii_digit).collect();
        (!digits.trim_start_matches('0').is_empty()).then(|| format!("/numbers/{digits}"))
    };
    let filtered = |filter: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("/calls?{filter}={}", encoded(value)))
    };
    let owner = &detail.owner;
    let owned = filtered("owner", &[&owner.name, &owner.email].into_iter().find_map(Clone::clone));
    let others: Vec<String> = detail.participants.iter().filter_map(party).collect();
    let known = [
        ("Length", item.duration.map(length), None),
        ("Direction", item.direction.and_then(|way| serde_json::to_value(way).ok()?.as_str().map(words)), None),
        ("Caller", party(&item.caller), calls_of(&item.caller)),
        ("Callee", party(&item.callee), calls_of(&item.callee)),
        ("User", party(owner), owned),
        ("Others", (!others.is_empty()).then(|| others.join(", ")), None),
        ("Language", item.language.as_ref().map(|language| language.as_str().to_uppercase()), None),
        ("Location", detail.location.clone(), filtered("location", &detail.location)),
        ("Organisation", detail.organisation.clone(), None),
        ("Queue", detail.queue.clone(), filtered("queue", &detail.queue)),
        ("Type", detail.recording_type.clone(), None),
        ("Service", detail.service_type.clone(), None),
        ("Stored in", detail.storage_region.clone(), None),
        ("Steps done", Some(percent(item.quality_score)), None),
        ("Source", Some(format!("{}/{}", item.provider, item.account)), None),
        ("Call id", detail.call_id.clone(), None),
        ("Session", detail.session_id.clone(), None),
        ("Source's id", Some(item.provider_recording_id.clone()), None),
        ("Our id", Some(item.id.to_string()), None),
    ];
    known.into_iter().filter_map(|(name, value, link)| Some(Fact { name, value: value?, link })).collect()
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
        is_failed: step.state == "failed",
        verb: match step.state {
            "failed" | "skipped" => "Retry",
            "waiting" => "Try now",
            "completed" => "Do again",
            _ => "",
        },
    };
    all.into_iter().map(shown).collect()
}
