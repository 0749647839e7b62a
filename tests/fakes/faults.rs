//! The scripted faults: what goes wrong, where, on which request, and how often.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use axum::body::Bytes;

use super::{Asked, locked};

/// Kinds of requests, alike for all providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Tokens and the consent page. Twilio has none.
    SignIn,
    /// Recordings or the call log, page by page.
    List,
    /// One recording.
    Details,
    /// What more is known of a recording; Webex alone has it.
    Metadata,
    /// One call; Twilio alone has it.
    Call,
    /// Audio.
    Media,
    /// Transcripts, notes, insights.
    Transcript,
    /// Removal of recordings.
    Delete,
    /// Start, pause and stop of recordings.
    StartRecording,
    /// Webhooks and subscriptions.
    Webhooks,
}

impl Endpoint {
    pub const ALL: [Self; 10] = [
        Self::SignIn,
        Self::List,
        Self::Details,
        Self::Metadata,
        Self::Call,
        Self::Media,
        Self::Transcript,
        Self::Delete,
        Self::StartRecording,
        Self::Webhooks,
    ];
}

/// Which requests to an endpoint a fault befalls. Counting begins when the fault is set.
#[derive(Debug, Clone)]
pub enum Match {
    Any,
    /// Those whose path and query contain this, such as an id or `page=2`.
    Path(String),
    /// The nth alone, from 1.
    Nth(u32),
    /// Every nth: for 3 the third, the sixth, …
    Every(u32),
}

/// As often as it can.
pub const ALWAYS: u32 = u32::MAX;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status; the provider is not asked.
    Status { code: u16, retry_after: Option<String>, body: Option<String> },
    /// The right length is told, and the connection ends after so many bytes.
    Truncated { after: usize },
    /// A length that is wrong by so much is told: with more than there is the connection ends early, with less the
    /// body is short and nothing but its content tells.
    WrongLength { by: i64 },
    /// 200 and bytes without end.
    Endless,
    /// The right answer, one byte at a time.
    SlowDrip { pause: Duration },
    /// 200 with a login page.
    Html,
    /// 200 with a small body that inflates to a quarter of a gigabyte.
    GzipBomb,
    /// No answer at all, for as long as the asker waits.
    Hang,
    /// The right answer, so much later.
    Late(Duration),
    /// 302 to this address.
    RedirectTo(String),
}

impl Fault {
    /// A bare status.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None, body: None }
    }

    /// 429 that asks for a pause.
    pub fn too_many(retry_after_seconds: u32) -> Self {
        Self::Status { code: 429, retry_after: Some(retry_after_seconds.to_string()), body: None }
    }
}

/// One line of the table.
#[derive(Debug)]
struct Rule {
    on: Endpoint,
    which: Match,
    left: u32,
    fault: Fault,
    asked: u32,
}

impl Rule {
    /// Counts the request and says whether the fault befalls it.
    fn befalls(&mut self, asked: &Asked) -> bool {
        if self.left == 0 {
            return false;
        }
        self.asked += 1;
        match &self.which {
            Match::Any => true,
            Match::Path(part) => asked.target().contains(part),
            Match::Nth(n) => self.asked == *n,
            Match::Every(n) => self.asked.is_multiple_of(*n),
        }
    }
}

/// The table; of several rules that fit, the one set first acts.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    pub fn set(&self, on: Endpoint, which: Match, times: u32, fault: Fault) {
        locked(&self.0).push(Rule { on, which, left: times, fault, asked: 0 });
    }

    pub fn clear(&self) {
        locked(&self.0).clear();
    }

    pub fn find(&self, on: Endpoint, asked: &Asked) -> Option<Fault> {
        let mut rules = locked(&self.0);
        // Every rule counts every request, also those that another rule answers.
        let fitting: Vec<usize> = rules
            .iter_mut()
            .enumerate()
            .filter_map(|(place, rule)| (rule.on == on && rule.befalls(asked)).then_some(place))
            .collect();
        let rule = &mut rules[*fitting.first()?];
        rule.left = if rule.left == ALWAYS { ALWAYS } else { rule.left - 1 };
        Some(rule.fault.clone())
    }
}

/// Zeros, compressed a thousandfold.
pub fn gzip_bomb() -> Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(|| {
        use std::io::Write;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let zeros = vec![0; 1 << 20];
        for _ in 0..256 {
            packed.write_all(&zeros).unwrap();
        }
        packed.finish().unwrap().into()
    })
    .clone()
}
