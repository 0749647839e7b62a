//! The operator's policy as something that masks: what the store shows words through.

use serde_json::Value;

use super::Pii;
use super::mask::{aside, masked_with, spans_of};
use crate::call::{
    ChannelRole, PiiKind, PiiSpan, PrivacyPolicy, SecondOpinion, Segment, Silence, Transcript, TranscriptSource, Veil,
};
use crate::understand::agreement;

/// Raised when the same words would be masked in another way.
const MASK_VERSION: u64 = 1;
/// Silence before and behind what was said: word times are good to a tenth of a second.
const MARGIN_MS: u64 = 200;

/// Masks as a policy says.
#[derive(Debug)]
pub struct Mask {
    policy: PrivacyPolicy,
    pii: Pii,
    mark: u64,
}

impl Mask {
    /// The mask of a policy.
    pub fn of(policy: &PrivacyPolicy) -> Self {
        Self { policy: policy.clone(), pii: Pii::of(&policy.national_ids), mark: mark(policy) }
    }

    fn kinds(&self) -> &[PiiKind] {
        &self.policy.mask
    }
}

impl Veil for Mask {
    fn policy(&self) -> &PrivacyPolicy {
        &self.policy
    }

    fn mark(&self) -> u64 {
        self.mark
    }

    fn transcript(&self, transcript: &Transcript) -> Transcript {
        masked_with(transcript, self.kinds(), &self.pii, &[])
    }

    fn opinion(&self, ours: Option<&Transcript>, opinion: &SecondOpinion) -> SecondOpinion {
        if self.kinds().is_empty() {
            return opinion.clone();
        }
        let spans = |one: &Transcript| spans_of(one, self.kinds(), &self.pii, &[]);
        let told = ours.map(spans).unwrap_or_default();
        let theirs = opinion.transcript.as_ref();
        let transcript = theirs.map(|theirs| masked_with(theirs, self.kinds(), &self.pii, &told));
        let mut agreement = opinion.agreement.clone();
        if let (Some(agreement), Some(ours), Some(masked)) = (&mut agreement, ours, &transcript) {
            let told = theirs.map(spans).unwrap_or_default();
            let ours = masked_with(ours, self.kinds(), &self.pii, &told);
            // What is disputed is told in masked words from the beginning.
            agreement.disputes = agreement::compare(&ours, masked).disputes;
        }
        SecondOpinion { transcript, insights: self.value(&opinion.insights), agreement, ..opinion.clone() }
    }

    fn translation(&self, ours: Option<&Transcript>, translated: &Transcript) -> Transcript {
        let told = ours.map(|ours| spans_of(ours, self.kinds(), &self.pii, &[])).unwrap_or_default();
        masked_with(translated, self.kinds(), &self.pii, &told)
    }

    fn silences(&self, transcript: &Transcript) -> Vec<Silence> {
        let kinds = if self.kinds().is_empty() { PiiKind::ALL.to_vec() } else { self.kinds().to_vec() };
        let published = spans_of(transcript, &kinds, &self.pii, &[]);
        let set_aside = aside(transcript);
        let suspected = spans_of(&set_aside, &kinds, &self.pii, &[]);
        let of = |transcript: &Transcript, spans: &[PiiSpan]| -> Vec<Silence> {
            spans.iter().filter_map(|span| silence(transcript, span)).collect()
        };
        let mut all = of(transcript, &published);
        all.extend(of(&set_aside, &suspected));
        merged(all)
    }
}

impl Mask {
    /// A tree of texts, read one after the other, so that one says what the next one is.
    fn value(&self, value: &Value) -> Value {
        let mut texts = Vec::new();
        gather(value, &mut texts);
        if texts.is_empty() {
            return value.clone();
        }
        let masked = masked_with(&as_transcript(&texts), self.kinds(), &self.pii, &[]);
        let mut masked = masked.segments.into_iter().map(|segment| segment.text);
        let mut value = value.clone();
        put_back(&mut value, &mut masked);
        value
    }
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, texts)),
        _ => {}
    }
}

fn put_back(value: &mut Value, texts: &mut impl Iterator<Item = String>) {
    match value {
        Value::String(text) => *text = texts.next().unwrap_or_default(),
        Value::Number(number) => {
            let masked = texts.next().unwrap_or_default();
            if masked != number.to_string() {
                *value = Value::String(masked);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_back(item, texts)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put_back(field, texts)),
        _ => {}
    }
}

/// Texts as turns of one speaker; their times only keep their order.
fn as_transcript(texts: &[String]) -> Transcript {
    let turn = |(at, text): (u64, &String)| Segment {
        channel: 0,
        speaker: String::new(),
        start_ms: at * 1000,
        end_ms: at * 1000 + 1000,
        text: text.clone(),
        words: Vec::new(),
        avg_logprob: 0.0,
        no_speech_prob: 0.0,
    };
    Transcript {
        duration_ms: texts.len() as u64 * 1000,
        ..Transcript::new(TranscriptSource::Provider, String::new(), (0..).zip(texts).map(turn).collect())
    }
}

/// Where a span is heard. Without word times nobody knows where in its turn: all of it goes.
fn silence(transcript: &Transcript, span: &PiiSpan) -> Option<Silence> {
    let segment = transcript.segments.get(span.segment as usize)?;
    let has_times = segment.word_ranges().is_some_and(|ranges| !ranges.is_empty());
    let (start_ms, end_ms) = if has_times { (span.start_ms, span.end_ms) } else { (segment.start_ms, segment.end_ms) };
    Some(Silence {
        channel: are_apart(transcript).then_some(segment.channel),
        start_ms: start_ms.saturating_sub(MARGIN_MS),
        end_ms: end_ms + MARGIN_MS,
    })
}

/// Whether what is said on one channel is heard on that one alone, as far as was measured.
fn are_apart(transcript: &Transcript) -> bool {
    let channels = &transcript.channels;
    transcript.source == TranscriptSource::Local
        && channels.len() > 1
        && channels.iter().all(|one| one.bleed_from.is_none() && !matches!(one.role, ChannelRole::CopyOf { .. }))
}

/// In their order by channel; what touches is one.
fn merged(mut silences: Vec<Silence>) -> Vec<Silence> {
    silences.sort_by_key(|one| (one.channel, one.start_ms));
    let mut merged: Vec<Silence> = Vec::with_capacity(silences.len());
    for one in silences {
        match merged.last_mut() {
            Some(last) if last.channel == one.channel && one.start_ms <= last.end_ms => {
                last.end_ms = last.end_ms.max(one.end_ms);
            }
            _ => merged.push(one),
        }
    }
    merged
}

/// A number for the policy and these rules (FNV-1a), never 0 where something is masked.
fn mark(policy: &PrivacyPolicy) -> u64 {
    if policy.mask.is_empty() {
        return 0;
    }
    let mut kinds: Vec<&str> = policy.mask.iter().map(PiiKind::as_str).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut places: Vec<&str> = policy.places.iter().map(|place| place.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    let told = format!(
        "{MASK_VERSION}\n{}\n{}\n{}\n{}",
        kinds.join(","),
        places.join(","),
        policy.unredacted.as_str(),
        policy.national_ids.join("\n")
    );
    let step = |mark: u64, byte: u8| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    told.bytes().fold(0xcbf2_9ce4_8422_2325, step).max(1)
}
