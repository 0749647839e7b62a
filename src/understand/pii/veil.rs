//! The operator's policy as something that masks: what the store shows words through.

use serde_json::Value;

use super::Pii;
use super::mask::{Hidden, aside, hidden_in, joined, masked_with};
use super::retold::Retold;
use crate::call::{
    ChannelRole, PiiKind, PiiSpan, PrivacyPolicy, SecondOpinion, Segment, Silence, Transcript, TranscriptSource, Veil,
};
use crate::understand::agreement;

/// Raised when the same words would be masked in another way.
const MASK_VERSION: u64 = 2;
/// Silence before and behind what was said: word times are good to a tenth of a second.
const MARGIN_MS: u64 = 200;

/// The longest name of a character in a page: `&nbsp;`, `&#160;`.
const ENTITY_BYTES_MAX: usize = 10;

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
        let spans = |one: &Transcript| hidden_in(one, self.kinds(), &self.pii, &[]).spans;
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
        SecondOpinion {
            transcript,
            insights: self.value(&opinion.insights, [ours, theirs]),
            agreement,
            ..opinion.clone()
        }
    }

    fn places(&self, transcript: &Transcript) -> Vec<PiiSpan> {
        self.pii.find(transcript)
    }

    fn translation(&self, ours: Option<&Transcript>, translated: &Transcript) -> Transcript {
        let told = ours.map(|ours| hidden_in(ours, self.kinds(), &self.pii, &[]).spans).unwrap_or_default();
        masked_with(translated, self.kinds(), &self.pii, &told)
    }

    fn silences(&self, transcript: &Transcript) -> Vec<Silence> {
        let kinds = if self.kinds().is_empty() { PiiKind::ALL.to_vec() } else { self.kinds().to_vec() };
        let of = |transcript: &Transcript| -> Vec<Silence> {
            let hidden = hidden_in(transcript, &kinds, &self.pii, &[]);
            let found = hidden.spans.iter().filter_map(|span| {
                let segment = transcript.segments.get(span.segment as usize)?;
                let has_times = segment.word_ranges().is_some_and(|ranges| !ranges.is_empty());
                // Without word times nobody knows where in its turn: all of it goes.
                let whole = (segment.start_ms, segment.end_ms);
                let times = if has_times { (span.start_ms, span.end_ms) } else { whole };
                Some(silence(transcript, segment, times))
            });
            let unread = transcript.segments[hidden.read_segments..].iter();
            let unread = unread.map(|segment| silence(transcript, segment, (segment.start_ms, segment.end_ms)));
            found.chain(unread).collect()
        };
        let mut all = of(transcript);
        all.extend(of(&aside(transcript)));
        merged(all)
    }
}

impl Mask {
    /// A tree of texts, read one after the other, so that one says what the next one is. They tell of a call: what was said
    /// in that is looked for as well.
    fn value(&self, value: &Value, call: [Option<&Transcript>; 2]) -> Value {
        let mut texts = Vec::new();
        gather(value, &mut texts);
        if texts.is_empty() {
            return value.clone();
        }
        let told: Vec<Retold<'_>> =
            call.into_iter().flatten().map(|spoken| Retold::of(spoken, self.kinds(), &self.pii)).collect();
        let views: [fn(&str) -> String; 3] = [str::to_owned, without_tags, without_marks];
        let (mut spans, mut read_segments) = (Vec::new(), texts.len());
        for view in views {
            let view = as_transcript(&texts.iter().map(|text| view(text)).collect::<Vec<_>>());
            let hidden = hidden_in(&view, self.kinds(), &self.pii, &[]);
            read_segments = read_segments.min(hidden.read_segments);
            spans.extend(hidden.spans);
            spans.extend(told.iter().flat_map(|told| told.known_in(&view)));
        }
        for span in &mut spans {
            // Words are counted otherwise in each view; bytes are not, and two of them are never neighbours.
            (span.first_word, span.last_word) = (span.from.saturating_mul(2), span.to.saturating_mul(2));
        }
        let masked = Hidden { spans: joined(spans), read_segments }.taken_from(&as_transcript(&texts).segments);
        let mut masked = masked.into_iter().map(|segment| segment.text);
        let mut value = value.clone();
        put_back(&mut value, &mut masked);
        value
    }
}

/// The text of a page without its tags, byte for byte in its place: a number goes on behind one.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    // Looked for once: a text full of openings without an end is not gone through for each of them.
    let last_end = text.rfind('>').unwrap_or(0);
    while let Some(start) = rest.find(['<', '&']) {
        let (before, markup) = rest.split_at(start);
        plain.push_str(before);
        let length = if markup.starts_with('&') {
            markup.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';').map_or(1, |at| at + 1)
        } else if plain.len() < last_end {
            markup.find('>').map_or(1, |at| at + 1)
        } else {
            1
        };
        plain.push_str(&" ".repeat(length));
        rest = &markup[length..];
    }
    plain + rest
}

/// Text without what stands in tags and between names and values, byte for byte in its place: `href="mailto:…"`.
fn without_marks(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '<' | '>' | '"' | '\'' | '=' | ':' | ';' | '&' | '|') { ' ' } else { c })
        .collect()
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        // A field's name says what its value is, and may itself be somebody's number.
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            texts.push(read_out(name));
            gather(field, texts);
        }),
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
        Value::Object(fields) => {
            for (name, mut field) in std::mem::take(fields) {
                let masked = texts.next().unwrap_or_default();
                let name = if masked == read_out(&name) { name } else { masked };
                put_back(&mut field, texts);
                fields.insert(apart_from(fields, name), field);
            }
        }
        _ => {}
    }
}

/// The words of a field's name: `phone_number` and `phoneNumber` speak of a phone's number.
fn read_out(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    let mut is_small = false;
    for c in name.chars() {
        if c == '_' || is_small && c.is_uppercase() {
            words.push(' ');
        }
        if c != '_' {
            words.push(c);
        }
        is_small = c.is_lowercase();
    }
    words
}

/// A name that no other field has: what was masked is told apart by a number.
fn apart_from(fields: &serde_json::Map<String, Value>, masked: String) -> String {
    if !fields.contains_key(&masked) {
        return masked;
    }
    // The first of these is free unless somebody wrote it so.
    let numbered = |number: usize| format!("{masked} {number}");
    (fields.len() + 1..).map(numbered).find(|name| !fields.contains_key(name)).unwrap_or_default()
}

/// Texts as turns of one speaker; their times only keep their order.
pub(super) fn as_transcript(texts: &[String]) -> Transcript {
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

/// Where something is heard that was said in a segment.
fn silence(transcript: &Transcript, segment: &Segment, (start_ms, end_ms): (u64, u64)) -> Silence {
    Silence {
        channel: are_apart(transcript).then_some(segment.channel),
        start_ms: start_ms.saturating_sub(MARGIN_MS),
        end_ms: end_ms + MARGIN_MS,
    }
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
