//! Who spoke when, the phases of a call, and what is measured on both.

use serde::{Deserialize, Serialize};

/// A stretch of a call, written `[start, end]` to stay small: a long call has thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(u64, u64)", into = "(u64, u64)")]
pub struct Stretch {
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
}

impl Stretch {
    /// From `start_ms` to `end_ms`.
    pub const fn new(start_ms: u64, end_ms: u64) -> Self {
        Self { start_ms, end_ms }
    }

    /// Length in milliseconds.
    pub const fn duration_ms(&self) -> u64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// All that have a length, in order, with what is at most `pause_ms` apart made one.
    pub fn merged(mut stretches: Vec<Self>, pause_ms: u64) -> Vec<Self> {
        stretches.retain(|stretch| stretch.duration_ms() > 0);
        stretches.sort_unstable();
        let mut out: Vec<Self> = Vec::new();
        for stretch in stretches {
            match out.last_mut() {
                Some(last) if stretch.start_ms <= last.end_ms.saturating_add(pause_ms) => {
                    last.end_ms = last.end_ms.max(stretch.end_ms);
                }
                _ => out.push(stretch),
            }
        }
        out
    }

    /// How long both go on together, in milliseconds.
    pub fn shared_ms(&self, other: &Self) -> u64 {
        self.end_ms.min(other.end_ms).saturating_sub(self.start_ms.max(other.start_ms))
    }
}

impl From<(u64, u64)> for Stretch {
    fn from((start_ms, end_ms): (u64, u64)) -> Self {
        Self { start_ms, end_ms }
    }
}

impl From<Stretch> for (u64, u64) {
    fn from(stretch: Stretch) -> Self {
        (stretch.start_ms, stretch.end_ms)
    }
}

/// What goes on in a part of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// The network's tones: ringing, engaged, dial tone.
    Ring,
    /// A machine speaks: a menu, a greeting before the beep, "your call is important to us".
    Announcement,
    /// Music while somebody waits.
    Hold,
    /// The tone after which a message is spoken.
    Beep,
    /// People speak.
    Conversation,
}

impl PhaseKind {
    /// As it is written in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Announcement => "announcement",
            Self::Hold => "hold",
            Self::Beep => "beep",
            Self::Conversation => "conversation",
        }
    }
}

/// A part of a call in which one thing goes on. Phases are in order and do not overlap; quiet before, between and behind
/// them belongs to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// What goes on.
    pub kind: PhaseKind,
    /// Where it begins in the call.
    pub start_ms: u64,
    /// Where it ends in the call.
    pub end_ms: u64,
}

impl Phase {
    /// The time it takes.
    pub const fn stretch(&self) -> Stretch {
        Stretch::new(self.start_ms, self.end_ms)
    }
}

/// What was heard of a call besides its words.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallSound {
    /// By channel, when it speaks; empty for a channel whose words are taken from elsewhere.
    pub speech: Vec<Vec<Stretch>>,
    /// What goes on when.
    pub phases: Vec<Phase>,
    /// Two parties were to be heard and only this channel speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_way: Option<u16>,
    /// Why the transcript is poor, as a sentence; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poor_because: Option<String>,
}

impl CallSound {
    /// The phases of one kind.
    pub fn of_kind(&self, kind: PhaseKind) -> impl Iterator<Item = Stretch> {
        self.phases.iter().filter(move |phase| phase.kind == kind).map(Phase::stretch)
    }

    /// Whether somebody talks to somebody at that moment; true throughout a call whose phases are not known.
    pub fn is_conversation(&self, at_ms: u64) -> bool {
        let outside = |phase: &Phase| phase.kind != PhaseKind::Conversation;
        !self.phases.iter().any(|phase| outside(phase) && (phase.start_ms..phase.end_ms).contains(&at_ms))
    }
}

/// Where talk metrics come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TalkBasis {
    /// Voice activity, each party on its own channel.
    Channels,
    /// Turns of a transcript that knows its speakers.
    Turns,
    /// One channel with everybody on it: nothing is known of the single parties.
    Mixed,
}

/// How a call was talked. `understand::talk` defines every figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TalkMetrics {
    /// What it was measured on.
    pub basis: TalkBasis,
    /// Time of conversation, in which everything else is measured.
    pub conversation_ms: u64,
    /// Time with somebody speaking.
    pub talk_ms: u64,
    /// Time with nobody speaking.
    pub silence_ms: u64,
    /// Longest silence.
    pub silence_longest_ms: u64,
    /// A silence from here on is dead air.
    pub dead_air_min_ms: u64,
    /// Silences that are dead air.
    pub dead_air_count: u32,
    /// All of them together.
    pub dead_air_ms: u64,
    /// Time with two or more speaking; absent where parties cannot be told apart.
    pub overlap_ms: Option<u64>,
    /// Music between parts of the conversation and around it.
    pub hold_ms: u64,
    /// How often there was music.
    pub hold_count: u32,
    /// Words a minute of speech, over all; absent for too little speech.
    pub words_per_minute: Option<u32>,
    /// By channel or in order of appearance; empty where parties cannot be told apart.
    pub parties: Vec<PartyTalk>,
    /// Where in the call the figures come from, in order.
    #[serde(default)]
    pub moments: Vec<TalkMoment>,
}

/// What a figure of [`TalkMetrics`] can be heard by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TalkMomentKind {
    /// The longest silence.
    LongestSilence,
    /// A silence that is dead air.
    DeadAir,
    /// A party's longest time on the floor.
    LongestMonologue,
    /// A party takes the floor from somebody who is speaking; until it gives it back.
    Interruption,
    /// What a party took longest to answer to: from the end of the other's turn until it answers.
    LongestResponse,
}

impl TalkMomentKind {
    /// As it is written in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LongestSilence => "longest_silence",
            Self::DeadAir => "dead_air",
            Self::LongestMonologue => "longest_monologue",
            Self::Interruption => "interruption",
            Self::LongestResponse => "longest_response",
        }
    }
}

/// A stretch of a call that a figure of [`TalkMetrics`] comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TalkMoment {
    /// Where it is.
    pub stretch: Stretch,
    /// Which figure.
    pub kind: TalkMomentKind,
    /// Its place among the parties; absent for what is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<usize>,
}

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// Speaks for the business.
    Agent,
    /// The other side.
    Customer,
}

impl PartyRole {
    /// As it is written in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Customer => "customer",
        }
    }
}

/// How one party talked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartyTalk {
    /// Channel in the file, from 0.
    pub channel: u16,
    /// Who it is.
    pub speaker: String,
    /// Which side it is; absent where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<PartyRole>,
    /// Time it speaks.
    pub talk_ms: u64,
    /// Share of everybody's time of speaking, 0 to 1.
    pub talk_share: f32,
    /// Time another speaks and it does not.
    pub listen_ms: u64,
    /// Longest time it kept the floor.
    pub longest_monologue_ms: u64,
    /// Times it took the floor.
    pub turns: u32,
    /// Times it took the floor from somebody who was speaking.
    pub interruptions: u32,
    /// Median time it took to answer; absent when it never answered.
    pub response_median_ms: Option<u64>,
    /// Longest time it took to answer.
    pub response_longest_ms: Option<u64>,
    /// Words it spoke.
    pub words: u32,
    /// Words a minute of its speech; absent for too little speech.
    pub words_per_minute: Option<u32>,
}
