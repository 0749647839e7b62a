//! Random work on the store and on a plain map that follows the rules by hand: both must agree after every step,
//! through rescues and reopened files.

use std::collections::BTreeMap;

use callscribe::call::{RecordingId, STEP_COUNT, Step, StepState};
use callscribe::store::{Claim, ClaimOrder, ClaimRequest, Lane, ListQuery, StepOutcome, StepResult, StoreError};
use fastrand::Rng;

use crate::support::*;

/// Operations in one round: enough for a dozen recordings to reach their ends in several ways.
const OPERATIONS: usize = 150;

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Pending,
    Running,
    Waiting(i64),
    Completed,
    Skipped,
    Failed,
}

#[derive(Debug, Clone)]
struct Model {
    listed_s: i64,
    states: [State; STEP_COUNT],
    attempts: [u32; STEP_COUNT],
    has_audio: bool,
    word_count: Option<usize>,
    deleted: bool,
}

impl Model {
    fn new(listed_s: i64) -> Self {
        let states = [State::Pending; STEP_COUNT];
        Self { listed_s, states, attempts: [0; STEP_COUNT], has_audio: false, word_count: None, deleted: false }
    }

    fn next(&self) -> Option<usize> {
        let is_open = |state: &State| matches!(state, State::Pending | State::Running | State::Waiting(_));
        self.states.iter().position(is_open).filter(|_| !self.deleted)
    }

    fn due(&self, lane: Lane, now_s: i64) -> Option<usize> {
        let step = self.next().filter(|step| Lane::of(Step::ALL[*step]) == lane)?;
        let is_due = match self.states[step] {
            State::Pending => true,
            State::Waiting(until_s) => until_s <= now_s,
            _ => false,
        };
        is_due.then_some(step)
    }

    fn is_over(&self, step: Step) -> bool {
        matches!(self.states[step as usize], State::Completed | State::Skipped | State::Failed)
    }

    fn skip_what_cannot_come(&mut self) {
        if self.is_over(Step::DownloadAudio) && !self.has_audio {
            self.skip(&[Step::Transcribe]);
        }
        if self.is_over(Step::Transcribe) && self.word_count.unwrap_or(0) == 0 {
            self.skip(&[Step::DetectLanguage, Step::GenerateSummary]);
        }
    }

    fn skip(&mut self, steps: &[Step]) {
        for step in steps {
            if matches!(self.states[*step as usize], State::Pending | State::Waiting(_)) {
                self.states[*step as usize] = State::Skipped;
            }
        }
    }
}

struct Round {
    fixture: Fixture,
    models: BTreeMap<RecordingId, Model>,
    held: Vec<Claim>,
    stale: Vec<Claim>,
    rng: Rng,
    now_s: i64,
}

impl Round {
    fn insert(&mut self) {
        let listed_s = self.rng.i64(0..50);
        let name = format!("r{}", self.rng.u8(0..12));
        let known = self.fixture.store.find(&name).unwrap();
        let id = insert(&self.fixture.store, &name, listed_s);
        assert_eq!(known.is_none(), !self.models.contains_key(&id));
        self.models.entry(id).or_insert_with(|| Model::new(listed_s));
    }

    fn claim(&mut self) {
        let lane = *self.rng.choice(&Lane::ALL).unwrap();
        let order = *self.rng.choice(&[ClaimOrder::NewestFirst, ClaimOrder::OldestFirst]).unwrap();
        let expected = self.expected(lane, order);
        let request = ClaimRequest { order, ..request(lane) };
        let claim = self.fixture.store.claim(at(self.now_s), &request).unwrap();
        assert_eq!(claim.as_ref().map(|claim| (claim.id(), claim.step as usize)), expected);
        let Some(claim) = claim else { return };
        let model = self.models.get_mut(&claim.id()).unwrap();
        model.attempts[claim.step as usize] += 1;
        assert_eq!(claim.attempt, model.attempts[claim.step as usize]);
        assert!(claim.attempt <= ATTEMPTS_MAX);
        model.states[claim.step as usize] = State::Running;
        self.held.push(claim);
    }

    /// The claim the rules call for, after giving up what is exhausted on the way.
    fn expected(&mut self, lane: Lane, order: ClaimOrder) -> Option<(RecordingId, usize)> {
        loop {
            let now_s = self.now_s;
            let due = self.models.iter().filter_map(|(id, m)| Some((m.listed_s, *id, m.due(lane, now_s)?)));
            let (_, id, step) = match order {
                ClaimOrder::NewestFirst => due.max(),
                ClaimOrder::OldestFirst => due.min(),
            }?;
            let model = self.models.get_mut(&id).unwrap();
            if model.attempts[step] < ATTEMPTS_MAX {
                return Some((id, step));
            }
            model.states[step] = State::Failed;
            model.skip_what_cannot_come();
        }
    }

    fn finish(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let claim = self.held.swap_remove(self.rng.usize(..self.held.len()));
        let step = claim.step as usize;
        let until_s = self.now_s + self.rng.i64(1..30);
        let model = self.models.get_mut(&claim.id()).unwrap();
        let (state, outcome) = match self.rng.u8(0..10) {
            0 => (State::Failed, failed("It broke.")),
            1 => (State::Skipped, StepOutcome::Skipped { reason: "Not to be had.".into(), result: None }),
            2..4 => (State::Waiting(until_s), StepOutcome::Retry { until: at(until_s), error: "Busy.".into() }),
            4 => {
                model.attempts[step] -= 1;
                (State::Waiting(until_s), StepOutcome::Waiting { until: at(until_s), reason: "Not yet.".into() })
            }
            5 => {
                model.attempts[step] -= 1;
                (State::Pending, StepOutcome::Released)
            }
            _ => {
                let words = self.rng.usize(0..3);
                let mut result = result_of(&claim);
                if let StepResult::Transcript { transcript: said, .. } = &mut result {
                    **said = transcript(&"word ".repeat(words));
                    model.word_count = Some(words);
                }
                model.has_audio |= claim.step == Step::DownloadAudio;
                (State::Completed, StepOutcome::Completed { result, version: None })
            }
        };
        model.states[step] = state;
        model.skip_what_cannot_come();
        self.fixture.store.finish(&claim, outcome, at(self.now_s)).unwrap();
        self.stale.push(claim);
    }

    fn finish_late(&mut self) {
        if let Some(claim) = self.rng.choice(&self.stale) {
            let refused = self.fixture.store.finish(claim, done(claim), at(self.now_s));
            assert!(matches!(refused, Err(StoreError::ClaimLost(_))));
        }
    }

    fn delete(&mut self) {
        let Some(id) = self.rng.choice(self.models.keys().copied()) else { return };
        let deleted = self.fixture.store.soft_delete(id, "test", at(self.now_s));
        let model = self.models.get_mut(&id).unwrap();
        assert_eq!(deleted.is_ok(), !model.deleted);
        *model = Model { deleted: true, ..model.clone() };
        let (lost, held) = self.held.drain(..).partition(|claim| claim.id() == id);
        (self.held, _) = (held, self.stale.extend::<Vec<_>>(lost));
    }

    fn reset(&mut self) {
        let Some(id) = self.rng.choice(self.models.keys().copied()) else { return };
        let model = self.models.get_mut(&id).unwrap();
        let reset = self.fixture.store.reset(id, &Step::ALL, at(self.now_s));
        assert_eq!(reset.is_ok(), !model.deleted && !model.states.contains(&State::Running));
        if reset.is_ok() {
            model.states = [State::Pending; STEP_COUNT];
            model.attempts = [0; STEP_COUNT];
        }
    }

    /// The daemon is killed and comes back.
    fn restart(mut self) -> Self {
        self.fixture = self.fixture.reopen();
        assert_eq!(self.fixture.store.rescue(at(self.now_s), NEXT_BOOT).unwrap(), self.held.len());
        for claim in &self.held {
            self.models.get_mut(&claim.id()).unwrap().states[claim.step as usize] = State::Pending;
        }
        self.stale.append(&mut self.held);
        self
    }

    fn check(&self) {
        for (id, model) in &self.models {
            let recording = self.fixture.get(*id);
            assert_eq!(recording.deletion.is_some(), model.deleted);
            if !model.deleted {
                let states: Vec<State> = recording.steps.iter().map(|(_, record)| state_of(&record.state)).collect();
                assert_eq!(states, model.states, "{id}");
            }
        }
        let alive = self.models.values().filter(|model| !model.deleted).count();
        let page = self.fixture.store.list(&ListQuery { limit: 100, ..ListQuery::default() }).unwrap();
        assert_eq!((page.total as usize, page.items.len()), (alive, alive));
        assert!(page.items.is_sorted_by_key(|r| std::cmp::Reverse((r.listed_at(), r.id))));
        assert_whole(&self.fixture.store);
    }
}

fn state_of(state: &StepState) -> State {
    match state {
        StepState::Pending => State::Pending,
        StepState::Running { .. } => State::Running,
        StepState::Waiting { until, .. } => State::Waiting(until.as_second() - at(0).as_second()),
        StepState::Completed { .. } => State::Completed,
        StepState::Skipped { .. } => State::Skipped,
        StepState::Failed { .. } => State::Failed,
    }
}

#[test]
fn random_work_leaves_the_store_as_the_rules_say() {
    for seed in 0..rounds(12) {
        let (fixture, rng) = (Fixture::new(), Rng::with_seed(seed));
        let mut round =
            Round { fixture, models: BTreeMap::new(), held: Vec::new(), stale: Vec::new(), rng, now_s: 100 };
        for operation in 0..OPERATIONS {
            round.now_s += round.rng.i64(0..4);
            match round.rng.u8(0..100) {
                0..15 => round.insert(),
                15..55 => round.claim(),
                55..90 => round.finish(),
                90..93 => round.finish_late(),
                93..95 => round.delete(),
                95..98 => round.reset(),
                _ => round = round.restart(),
            }
            if operation % 25 == 24 {
                round.check();
            }
        }
    }
}
