//! Calls made up of a few facts each, the questions lists are asked, and what a plain look at each call answers.

use callscribe::call::{
    CallFacts, CategoryResult, Direction, Insight, Language, Party, ProcessingStatus, ProviderKind, Recording,
    RecordingId, RecordingKey, Sentiment, SentimentLabel, Step, StepState,
};
use callscribe::store::{ListQuery, Place, Store, WholeRecording};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{at, transcript};

/// Midnight of the first day calls are made on.
const FIRST_MS: i64 = 1_699_920_000_000;
const DAY_MS: i64 = 86_400_000;

const OWNERS: [&str; 3] = ["Ada Holm", "Bo Lind", "ÇAĞLA Öz"];
const LOCATIONS: [&str; 3] = ["Berlin", "São Paulo", "Lyon"];
const QUEUES: [&str; 2] = ["billing", "sales"];
const NUMBERS: [&str; 5] = ["+49 30 1234567", "0049 30 7654321", "+1 (555) 0100", "4567", "+34 91 1234567"];
const CATEGORIES: [&str; 2] = ["refund", "complaint"];
const PROVIDERS: [ProviderKind; 3] = [ProviderKind::Folder, ProviderKind::Twilio, ProviderKind::Webex];
const STATUSES: [ProcessingStatus; 4] =
    [ProcessingStatus::Pending, ProcessingStatus::Completed, ProcessingStatus::Partial, ProcessingStatus::Failed];
const LABELS: [SentimentLabel; 2] = [SentimentLabel::Positive, SentimentLabel::Negative];

/// A time on one of a few days, often just at or beside midnight.
fn time() -> impl Strategy<Value = i64> {
    (0..6_i64, select(vec![0, 1, DAY_MS / 2, DAY_MS - 1])).prop_map(|(day, within)| FIRST_MS + day * DAY_MS + within)
}

#[derive(Debug, Clone)]
pub struct Call {
    at_ms: i64,
    status: ProcessingStatus,
    provider: ProviderKind,
    language: Option<&'static str>,
    owner: Option<&'static str>,
    location: Option<&'static str>,
    queue: Option<&'static str>,
    caller: Option<&'static str>,
    callee: Option<&'static str>,
    category: Option<&'static str>,
    sentiment: Option<SentimentLabel>,
    tags: Vec<u8>,
}

pub fn call() -> impl Strategy<Value = Call> {
    let maybe = |values: &[&'static str]| weighted(0.8, select(values.to_vec()));
    let where_from = (time(), select(STATUSES.to_vec()), select(PROVIDERS.to_vec()));
    let said = (maybe(&["en", "es"]), maybe(&CATEGORIES), weighted(0.7, select(LABELS.to_vec())));
    let who = (maybe(&OWNERS), maybe(&LOCATIONS), maybe(&QUEUES), maybe(&NUMBERS), maybe(&NUMBERS));
    (where_from, said, who, vec(0..4_u8, 0..3)).prop_map(|(from, said, who, tags)| Call {
        at_ms: from.0,
        status: from.1,
        provider: from.2,
        language: said.0,
        category: said.1,
        sentiment: said.2,
        owner: who.0,
        location: who.1,
        queue: who.2,
        caller: who.3,
        callee: who.4,
        tags,
    })
}

impl Call {
    fn id(&self, n: usize) -> RecordingId {
        // Ids in another order than times.
        RecordingId::from_bytes((((n as u128).reverse_bits() >> 8) | n as u128).to_be_bytes())
    }

    pub fn whole(&self, n: usize) -> WholeRecording {
        let party = |number: Option<&str>| Party { number: number.map(Into::into), ..Party::default() };
        let account = "inbox".parse().unwrap();
        let key = RecordingKey { provider: self.provider, account, remote_id: format!("r{n}") };
        let facts = CallFacts {
            started_at: Some(Timestamp::from_millisecond(self.at_ms).unwrap()),
            duration_ms: Some(1000),
            direction: Some(Direction::Inbound),
            caller: party(self.caller),
            callee: party(self.callee),
            owner: Party { name: self.owner.map(Into::into), ..Party::default() },
            location: self.location.map(Into::into),
            queue: self.queue.map(Into::into),
            ..CallFacts::default()
        };
        let mut recording = Recording::discovered(self.id(n), key, facts, at(0));
        recording.metadata = serde_json::json!({"call": {"tags": self.tags, "n": n}});
        recording.insight = Some(Insight {
            categories: self.category.iter().map(|name| matched(name)).collect(),
            topics: self.category.iter().map(|name| (*name).to_owned()).collect(),
            sentiment: self.sentiment.map(|label| Sentiment {
                label,
                score: 0.1,
                parties: Vec::new(),
                course: Vec::new(),
            }),
            ..Insight::default()
        });
        for step in Step::ALL {
            recording.steps.get_mut(step).state = match self.status {
                ProcessingStatus::Pending | ProcessingStatus::Processing => StepState::Pending,
                ProcessingStatus::Partial if step == Step::Transcribe => {
                    StepState::Skipped { at: at(0), reason: "Nobody spoke.".into() }
                }
                ProcessingStatus::Failed if step == Step::Transcribe => {
                    StepState::Failed { at: at(0), error: "It broke.".into() }
                }
                _ => StepState::Completed { at: at(0) },
            };
        }
        let words = self.language.map(|code| {
            let mut said = transcript("hello from the test");
            said.language = Some(Language::new(code));
            said
        });
        WholeRecording { recording, locator: format!("in/r{n}.wav"), transcript: words }
    }

    fn completed_steps(&self) -> usize {
        match self.status {
            ProcessingStatus::Pending | ProcessingStatus::Processing => 0,
            ProcessingStatus::Completed => 6,
            ProcessingStatus::Partial | ProcessingStatus::Failed => 5,
        }
    }
}

fn matched(name: &str) -> CategoryResult {
    CategoryResult { name: name.into(), matched: true, absent: false, alert: false, hits: Vec::new() }
}

/// One list that may be asked for: any filters together.
pub fn question() -> impl Strategy<Value = ListQuery> {
    let maybe = |values: &[&'static str]| weighted(0.2, select(values.to_vec()).prop_map(str::to_owned));
    let facts = (
        weighted(0.2, select(STATUSES.to_vec())),
        weighted(0.2, select(PROVIDERS.to_vec())),
        weighted(0.2, select(vec!["en", "es", "fr"]).prop_map(Language::new)),
        weighted(0.2, any::<bool>()),
        weighted(0.2, select(vec![0.0, 0.5, 0.83, 0.84, 1.0])),
    );
    let span = (weighted(0.3, time()), weighted(0.3, time()));
    let tags = (
        maybe(&["ada holm", "Çağla öz", "ada"]),
        maybe(&["BERLIN", "são paulo", "Rome"]),
        maybe(&["Billing"]),
        maybe(&["Refund", "praise"]),
        weighted(0.2, select(LABELS.to_vec())),
        maybe(&["inbox", "twilio/inbox", "other"]),
    );
    let numbers = (maybe(&["1234567", "0301234567", "67", "0100", "9"]), maybe(&["4567", "49301234567", "100"]));
    let fields = vec((select(vec!["call.tags", "call.n", "tags"]), select(vec!["0", "1", "2"])), 0..2);
    (facts, span, tags, numbers, fields, 0..9_u64, 1..9_usize).prop_map(
        |(facts, (from, to), tags, numbers, fields, skip, limit)| ListQuery {
            status: facts.0,
            provider: facts.1,
            language: facts.2,
            has_transcript: facts.3,
            min_quality: facts.4,
            from: from.map(|ms| Timestamp::from_millisecond(ms).unwrap()),
            to: to.map(|ms| Timestamp::from_millisecond(ms).unwrap()),
            owner: tags.0,
            location: tags.1,
            queue: tags.2,
            category: tags.3,
            sentiment: tags.4,
            account: tags.5,
            phone_number: numbers.0,
            whole_number: numbers.1,
            metadata: fields.into_iter().map(|(path, value)| (path.into(), value.into())).collect(),
            skip,
            limit,
            ..ListQuery::default()
        },
    )
}

/// What a list says of a call, by a plain look at it.
fn answers(query: &ListQuery, call: &Call, n: usize) -> bool {
    let same = |wanted: &Option<String>, have: Option<&str>| {
        wanted.as_ref().is_none_or(|wanted| have.is_some_and(|have| have.to_lowercase() == wanted.to_lowercase()))
    };
    let digits = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    };
    let numbers: Vec<String> = [call.caller, call.callee].into_iter().flatten().map(digits).collect();
    let ms = |time: &Timestamp| time.as_millisecond();
    let field = |(path, value): &(String, String)| match path.as_str() {
        "call.tags" => call.tags.iter().any(|tag| tag.to_string() == *value),
        "call.n" => n.to_string() == *value,
        _ => false,
    };
    query.status.is_none_or(|status| status == call.status)
        && query.provider.is_none_or(|provider| provider == call.provider)
        && query.language.as_ref().is_none_or(|wanted| call.language == Some(wanted.as_str()))
        && query.has_transcript.is_none_or(|wanted| wanted == call.language.is_some())
        && query.min_quality.is_none_or(|least| (call.completed_steps() as f64 / 6.0 * 100.0).round() / 100.0 >= least)
        && query.from.as_ref().is_none_or(|from| call.at_ms >= ms(from))
        && query.to.as_ref().is_none_or(|to| call.at_ms < ms(to))
        && same(&query.owner, call.owner)
        && same(&query.location, call.location)
        && same(&query.queue, call.queue)
        && same(&query.category, call.category)
        && query.sentiment.is_none_or(|label| call.sentiment == Some(label))
        && query.account.as_deref().is_none_or(|name| name == "inbox" || name == format!("{}/inbox", call.provider))
        && query.phone_number.as_ref().is_none_or(|end| numbers.iter().any(|number| number.ends_with(&digits(end))))
        && query.whole_number.as_ref().is_none_or(|whole| numbers.contains(&digits(whole)))
        && query.metadata.iter().all(field)
}

/// A store and, beside it, the calls that are in it.
pub struct Shelf {
    pub store: Store,
    calls: Vec<Option<Call>>,
}

impl Shelf {
    pub fn new(calls: Vec<Call>) -> Self {
        let store = Store::open_backend(redb::backends::InMemoryBackend::new()).unwrap();
        let mut shelf = Self { store, calls: Vec::new() };
        let whole: Vec<_> = calls.iter().enumerate().map(|(n, call)| call.whole(n)).collect();
        shelf.store.insert_whole(&whole, at(0)).unwrap();
        shelf.calls = calls.into_iter().map(Some).collect();
        shelf
    }

    pub fn insert(&mut self, call: Call) {
        self.store.insert_whole(&[call.whole(self.calls.len())], at(1)).unwrap();
        self.calls.push(Some(call));
    }

    /// Removes one of those that are left.
    pub fn remove(&mut self, which: usize) {
        let left: Vec<usize> = (0..self.calls.len()).filter(|n| self.calls[*n].is_some()).collect();
        let Some(n) = left.get(which % left.len().max(1)) else { return };
        let id = self.calls[*n].take().unwrap().id(*n);
        self.store.soft_delete(id, "test", at(2)).unwrap();
    }

    /// All places that answer, newest first.
    pub fn expected(&self, query: &ListQuery) -> Vec<Place> {
        let calls = self.calls.iter().enumerate().filter_map(|(n, call)| Some((n, call.as_ref()?)));
        let matching = calls.filter(|(n, call)| answers(query, call, *n));
        let mut places: Vec<Place> =
            matching.map(|(n, call)| Place { listed_at_ms: call.at_ms, id: call.id(n) }).collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        places
    }
}
