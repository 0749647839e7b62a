//! A population of recordings over the three providers, with their quirks and what each should end as. The same seed
//! gives the same world.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::ringcentral::{InsightsPlan, Spelling};
use super::twilio::TwilioTranscript;
use super::webex::Vtt;
use super::{CallLogRecord, RingCentral, Twilio, TwilioCall, TwilioRecording, Webex, WebexRecording, when};

/// The newest recording of [`World::seeded`].
pub const NEWEST: &str = "2026-08-14T15:02:11Z";
/// From one recording to the next, taken over all providers.
const APART: Duration = Duration::from_secs(90);

/// What a recording should end as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    Completed,
    Partial(Reason),
    Failed(Reason),
    /// It is no recording, and nothing may come of it.
    Nothing,
}

/// Why not everything can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Webex: no download link, ever.
    NoLinks,
    /// It was deleted before its media were fetched.
    Gone,
    /// Twilio: there never was any audio.
    Absent,
    /// Twilio: encrypted with the customer's key.
    Encrypted,
}

/// What is odd about one recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// Nothing, and a transcript of the provider's own.
    None,
    /// The provider has no transcript.
    NoTranscript,
    /// The transcript comes after some asks.
    LateTranscript,
    /// The media come after some asks.
    LateMedia,
    /// List and details know it; it is deleted just before its media are asked for.
    DeletedMeanwhile,
    /// Twilio has no version with two channels.
    MonoOnly,
    /// Twilio's media lie at the customer's own.
    ExternalStorage,
    Encrypted,
    Absent,
    /// RingCentral kept nothing, as the call was too short.
    ShortRecording,
    /// RingCentral's call log has it later.
    LateInLog,
    /// Webex gives no links.
    NoLinks,
}

impl Quirk {
    const TWILIO: [Self; 9] = [
        Self::None,
        Self::NoTranscript,
        Self::LateTranscript,
        Self::LateMedia,
        Self::MonoOnly,
        Self::ExternalStorage,
        Self::DeletedMeanwhile,
        Self::Encrypted,
        Self::Absent,
    ];
    const RINGCENTRAL: [Self; 7] = [
        Self::None,
        Self::NoTranscript,
        Self::LateTranscript,
        Self::LateMedia,
        Self::LateInLog,
        Self::DeletedMeanwhile,
        Self::ShortRecording,
    ];
    const WEBEX: [Self; 6] =
        [Self::None, Self::NoTranscript, Self::LateTranscript, Self::LateMedia, Self::DeletedMeanwhile, Self::NoLinks];

    pub fn expected(self) -> Expected {
        match self {
            Self::NoLinks => Expected::Partial(Reason::NoLinks),
            Self::DeletedMeanwhile => Expected::Partial(Reason::Gone),
            Self::Absent => Expected::Partial(Reason::Absent),
            Self::Encrypted => Expected::Failed(Reason::Encrypted),
            Self::ShortRecording => Expected::Nothing,
            _ => Expected::Completed,
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// `twilio`, `ringcentral` or `webex`.
    pub provider: &'static str,
    /// The provider's id of the recording.
    pub id: String,
    pub quirk: Quirk,
    pub expected: Expected,
}

/// The population.
#[derive(Debug, Clone)]
pub struct World {
    pub twilio: Vec<(TwilioRecording, TwilioCall)>,
    pub ringcentral: Vec<CallLogRecord>,
    pub webex: Vec<WebexRecording>,
    /// What each recording should end as.
    pub fates: Vec<Fate>,
    /// The oldest recording began then.
    pub oldest: Timestamp,
    pub newest: Timestamp,
}

impl World {
    /// `count` recordings, the newest on a day in 2026.
    pub fn seeded(seed: u64, count: u32) -> Self {
        Self::seeded_until(seed, count, NEWEST.parse().unwrap())
    }

    /// `count` recordings, the newest begun at `newest`. Most have a quirk; every quirk is there once there are
    /// enough recordings.
    pub fn seeded_until(seed: u64, count: u32, newest: Timestamp) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let oldest = when::before(newest, APART * count.saturating_sub(1));
        let mut world =
            Self { twilio: Vec::new(), ringcentral: Vec::new(), webex: Vec::new(), fates: Vec::new(), oldest, newest };
        let first = rng.u32(..1_000) * 100;
        for place in 0..count {
            let start = when::before(newest, APART * place);
            // Ids and sounds of one world do not meet those of another seed, or seldom.
            let n = first % 90_000 + place;
            let turn = place / 3;
            match place % 3 {
                0 => world.add_twilio(n, start, quirk(&Quirk::TWILIO, turn, &mut rng), &mut rng),
                1 => world.add_ringcentral(n, start, quirk(&Quirk::RINGCENTRAL, turn, &mut rng), &mut rng),
                _ => world.add_webex(n, start, quirk(&Quirk::WEBEX, turn, &mut rng), &mut rng),
            }
        }
        world
    }

    fn fate(&mut self, provider: &'static str, id: &str, quirk: Quirk) {
        self.fates.push(Fate { provider, id: id.to_owned(), quirk, expected: quirk.expected() });
    }

    fn add_twilio(&mut self, n: u32, start: Timestamp, quirk: Quirk, rng: &mut fastrand::Rng) {
        let recording = TwilioRecording {
            transcript: (quirk != Quirk::NoTranscript).then(TwilioTranscript::default),
            ..TwilioRecording::new(n, start)
        };
        let recording = match quirk {
            Quirk::LateTranscript => TwilioRecording {
                transcript: Some(TwilioTranscript { after_asks: rng.u32(1..4), ..TwilioTranscript::default() }),
                ..recording
            },
            Quirk::LateMedia => TwilioRecording { media_404s: rng.u32(1..4), ..recording },
            Quirk::MonoOnly => TwilioRecording { dual_version: false, channels: 1, ..recording },
            Quirk::ExternalStorage => TwilioRecording { external: true, ..recording },
            Quirk::DeletedMeanwhile => TwilioRecording { media_gone: true, transcript: None, ..recording },
            Quirk::Encrypted => TwilioRecording { encrypted: true, transcript: None, ..recording },
            Quirk::Absent => TwilioRecording { transcript: None, ..recording.absent() },
            _ => recording,
        };
        self.fate("twilio", &recording.sid.clone(), quirk);
        self.twilio.push((recording, TwilioCall::new(n, start)));
    }

    fn add_ringcentral(&mut self, n: u32, start: Timestamp, quirk: Quirk, rng: &mut fastrand::Rng) {
        let spelling = if rng.bool() { Spelling::Highlights } else { Spelling::HighLights };
        let plan = InsightsPlan { spelling, ..InsightsPlan::default() };
        let record = CallLogRecord {
            automatic: rng.bool(),
            as_wav: rng.bool(),
            insights: (quirk != Quirk::NoTranscript).then_some(plan),
            ..CallLogRecord::new(n, start)
        };
        let record = match quirk {
            Quirk::LateTranscript => {
                let empty_first = rng.bool();
                let insights = Some(InsightsPlan { after_asks: rng.u32(1..4), empty_first, ..plan });
                CallLogRecord { insights, ..record }
            }
            Quirk::LateMedia => CallLogRecord { media_404s: rng.u32(1..4), ..record },
            Quirk::LateInLog => CallLogRecord { listed_after: rng.u32(1..3), ..record },
            Quirk::DeletedMeanwhile => CallLogRecord { media_gone: true, insights: None, ..record },
            Quirk::ShortRecording => CallLogRecord { short: true, insights: None, ..record },
            _ => record,
        };
        self.fate("ringcentral", &record.recording_id.clone(), quirk);
        self.ringcentral.push(record);
    }

    fn add_webex(&mut self, n: u32, start: Timestamp, quirk: Quirk, rng: &mut fastrand::Rng) {
        let layouts = [Vtt::NamedCues, Vtt::VoiceTags, Vtt::Plain, Vtt::SplitSentences];
        let transcript = (quirk != Quirk::NoTranscript).then(|| layouts[rng.usize(..layouts.len())]);
        let recording = WebexRecording { transcript, notes: rng.bool(), ..WebexRecording::new(n, start) };
        let recording = match quirk {
            Quirk::LateTranscript => WebexRecording { transcript_after: rng.u32(1..4), ..recording },
            Quirk::LateMedia => WebexRecording { links_after: rng.u32(1..4), ..recording },
            Quirk::DeletedMeanwhile => WebexRecording { media_gone: true, transcript: None, notes: false, ..recording },
            Quirk::NoLinks => WebexRecording { no_links: true, ..recording },
            _ => recording,
        };
        self.fate("webex", &recording.id.clone(), quirk);
        self.webex.push(recording);
    }

    /// Puts everybody where they belong.
    pub fn fill(&self, twilio: &Twilio, ringcentral: &RingCentral, webex: &Webex) {
        for (recording, call) in &self.twilio {
            twilio.add_recording(recording.clone());
            twilio.add_call(call.clone());
        }
        self.ringcentral.iter().for_each(|record| ringcentral.add_record(record.clone()));
        self.webex.iter().for_each(|recording| webex.add_recording(recording.clone()));
    }

    /// What one recording should end as.
    pub fn expected(&self, provider: &str, id: &str) -> Option<Expected> {
        self.fates.iter().find(|fate| fate.provider == provider && fate.id == id).map(|fate| fate.expected)
    }

    /// How many of one provider should end how.
    pub fn tally(&self, provider: &str) -> BTreeMap<Expected, usize> {
        let mut tally = BTreeMap::new();
        for fate in self.fates.iter().filter(|fate| fate.provider == provider) {
            *tally.entry(fate.expected).or_insert(0) += 1;
        }
        tally
    }
}

/// Each quirk once, in turn, then mostly none.
fn quirk(all: &[Quirk], turn: u32, rng: &mut fastrand::Rng) -> Quirk {
    match all.get(turn as usize) {
        Some(quirk) => *quirk,
        None if rng.u32(..3) == 0 => Quirk::None,
        None => all[rng.usize(..all.len())],
    }
}
