//! The worker's way with one call: survey, plan, listen, assemble.
//!
//! Reads one file, touches nothing else. Memory is bounded by the windows in flight, not by the length of the call.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use super::assemble::{Material, assemble};
use super::ballot::{Ballot, Elected, probes, spread};
use super::checkpoint::Checkpoints;
use super::cut::Cutter;
use super::engine::{Engine, EngineError, Session};
use super::listen::{Heard, Listening};
use super::protocol::{Event, ModelProfile, Outcome, Request};
use super::pulse::Pulse;
use super::survey::{Survey, SurveyError, Voice, each_block, survey};
use super::tell::Teller;
use super::windows::{PackRules, Window, pack};
use crate::call::{Language, Timings};
use crate::decode::DecodeLimits;

/// Windows cut but not yet taken, for each state: enough that no state waits for the file, 2 MB each at most.
const QUEUED_PER_STATE: usize = 2;
/// Words of the window before that are carried over when that is asked for.
const CARRIED_WORDS_MAX: usize = 60;

/// Share of the first votes from which the others are likely to agree.
const CLEAR: f32 = 0.9;
/// Level that the loudest speech of a window has at least when the model hears it, in dBFS.
const SPEECH_DBFS_MIN: f32 = -23.0;
/// Most it is lifted for that, in dB: more would only lift noise.
const GAIN_MAX_DB: f32 = 30.0;

/// Why a call has no transcript.
#[derive(Debug, thiserror::Error)]
pub enum HearError {
    /// The first or second pass over the file failed.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl HearError {
    /// True when somebody asked to stop.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Survey(SurveyError::Cancelled) | Self::Engine(EngineError::Cancelled))
    }
}

/// Hears calls, one after the other, with weights and states that stay loaded.
pub struct Hearer {
    /// The weights.
    pub engine: Box<dyn Engine>,
    /// What the model wants.
    pub profile: ModelProfile,
    /// States made so far; at most `states`.
    pub sessions: Vec<Box<dyn Session>>,
    /// Decoder states to use at once.
    pub states: usize,
    /// Threads for each.
    pub threads_per_state: usize,
    /// How speech is found.
    pub voice: Voice,
    /// What a file may be.
    pub limits: DecodeLimits,
    /// Sign of life, cancel flag.
    pub pulse: Arc<Pulse>,
    /// The language of the call before.
    pub last_language: Option<Language>,
}

/// A window cut out, on its way to a state.
struct Job<'a> {
    number: usize,
    window: &'a Window,
    samples: Vec<f32>,
}

impl Hearer {
    /// Transcribes one call.
    ///
    /// # Errors
    ///
    /// See [`HearError`].
    pub fn hear(&mut self, request: &Request, mut report: impl FnMut(Event)) -> Result<Outcome, HearError> {
        self.check_languages(request)?;
        let started = Instant::now();
        let cpu_before_ms = process_cpu_ms();
        let survey = survey(&request.audio, request.raw, &self.limits, &self.voice, &request.speakers, &self.pulse)?;
        let survey_ms = started.elapsed().as_millis() as u64;
        let windows = self.plan(&survey);
        report(Event::Surveyed {
            format: survey.format.clone(),
            duration_ms: survey.duration_ms(),
            speech_ms: survey.speech_ms(),
            windows: windows.len() as u32,
        });
        let mut checkpoints = Checkpoints::new(request, &self.profile, &windows);
        let elected = self.listen_to_all(request, &survey, &windows, &mut checkpoints, &mut report)?;
        let heard = checkpoints.into_heard();
        let timings = Timings {
            wall_ms: started.elapsed().as_millis() as u64,
            cpu_ms: process_cpu_ms().saturating_sub(cpu_before_ms),
            survey_ms,
            windows: windows.len() as u32,
            windows_escalated: heard.iter().filter(|heard| heard.tries > 1).count() as u32,
            audio_fed_ms: windows.iter().map(Window::len).sum::<u64>() / super::windows::SAMPLES_PER_MS,
        };
        let format = survey.format.clone();
        let material = Material { survey, windows, heard, elected, profile: &self.profile, request, timings };
        Ok(Outcome { transcript: assemble(material), format })
    }

    /// A language the model does not know would come out as some other.
    fn check_languages(&self, request: &Request) -> Result<(), EngineError> {
        let known = self.engine.languages();
        match request.languages.iter().find(|language| !known.contains(language)) {
            Some(unknown) => Err(EngineError::Language(unknown.clone())),
            None => Ok(()),
        }
    }

    /// All windows of all channels, by where they begin.
    fn plan(&self, survey: &Survey) -> Vec<Window> {
        let rules = PackRules { window_ms_max: self.profile.window_ms_max, pause_ms_max: self.profile.pause_ms_max };
        let mut windows: Vec<Window> = survey
            .spans
            .iter()
            .enumerate()
            .flat_map(|(channel, spans)| pack(channel as u16, spans, survey.len, rules))
            .collect();
        windows.sort_by_key(|window| (window.call_start(), window.channel));
        windows
    }

    /// Probes the language where it is open, then decodes everything that no checkpoint holds.
    fn listen_to_all(
        &mut self,
        request: &Request,
        survey: &Survey,
        windows: &[Window],
        checkpoints: &mut Checkpoints,
        report: &mut dyn FnMut(Event),
    ) -> Result<Option<Elected>, HearError> {
        let languages = self.languages(request);
        let mut guess = self.first_guess(&languages);
        // What a call is taken for that says too little: not the language of the call before, which is no evidence.
        let fallback = languages.first().cloned().unwrap_or_else(|| Language::new("en"));
        let mut ballot = Ballot::default();
        if languages.len() != 1 {
            // As many probes as there are states, so that the others can follow their language: a wrong guess costs a
            // second decode. After a clear answer everything else is decoded with it at once, and the other probes vote
            // when they are done: a call that changes its language is still found out.
            let probes = probes(windows, |window| survey.is_conversation(window));
            let first = spread(&probes, self.states);
            let others: Vec<usize> = probes.into_iter().filter(|number| !first.contains(number)).collect();
            for group in [&first, &others] {
                let is_clear = ballot.winner().is_some_and(|elected| elected.confidence >= CLEAR);
                if is_clear && request.tells {
                    // What was told cannot be heard again in another language.
                    break;
                }
                let decoded = if is_clear { (0..windows.len()).collect() } else { group.clone() };
                let missing: Vec<usize> = decoded.into_iter().filter(|&n| !checkpoints.has(n)).collect();
                let language_of = |_: &Window| Some(guess.clone());
                let mut keep = |number, heard, kept: &mut Checkpoints| report(kept.keep(number, heard));
                self.batch(request, survey, windows, &missing, language_of, checkpoints, &mut keep)?;
                for &number in group {
                    if let Some(heard) = checkpoints.get(number) {
                        ballot.vote(&windows[number], &heard.decoded.languages, &languages);
                    }
                }
                guess = ballot.winner().map_or(fallback.clone(), |elected| elected.language);
            }
        }
        self.last_language = Some(guess.clone());
        let language_of = |window: &Window| match &languages[..] {
            [only] => Some(only.clone()),
            _ => ballot.channel(window.channel).or_else(|| Some(guess.clone())),
        };
        // A probe that was decoded in the wrong language, and did not itself insist on another, is decoded again.
        let rest: Vec<usize> =
            (0..windows.len()).filter(|&n| !checkpoints.is_settled(n, language_of(&windows[n]).as_ref())).collect();
        let mut teller = request.tells.then(|| Teller::new(survey, windows));
        let mut keep = |number, heard, kept: &mut Checkpoints| {
            report(kept.keep(number, heard));
            let said = teller.as_mut().and_then(|teller| teller.go_on(kept, language_of));
            said.into_iter().for_each(&mut *report);
        };
        self.batch(request, survey, windows, &rest, language_of, checkpoints, &mut keep)?;
        Ok(match &languages[..] {
            [only] => Some(Elected { language: only.clone(), confidence: 1.0 }),
            _ if windows.is_empty() => None,
            _ => ballot.winner().or_else(|| Some(ballot.share_of(fallback))),
        })
    }

    /// What to try first: the language of the last call where it is allowed. Only speed hangs on it.
    fn first_guess(&self, languages: &[Language]) -> Language {
        let last = self.last_language.as_ref().filter(|last| languages.is_empty() || languages.contains(last));
        last.or(languages.first()).cloned().unwrap_or_else(|| Language::new("en"))
    }

    fn languages(&self, request: &Request) -> Vec<Language> {
        if self.engine.is_multilingual() { request.languages.clone() } else { vec![Language::new("en")] }
    }

    /// Cuts the numbered windows out of the file and decodes them on all states.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call site for each of two phases; a struct would only rename them"
    )]
    fn batch(
        &mut self,
        request: &Request,
        survey: &Survey,
        windows: &[Window],
        numbers: &[usize],
        language_of: impl Fn(&Window) -> Option<Language> + Sync,
        checkpoints: &mut Checkpoints,
        keep: &mut dyn FnMut(usize, Heard, &mut Checkpoints),
    ) -> Result<(), HearError> {
        if numbers.is_empty() {
            return Ok(());
        }
        // Text can only be carried from window to window when one state takes them in order.
        let states = if request.carry_context { 1 } else { self.states.clamp(1, numbers.len()) };
        while self.sessions.len() < states {
            self.sessions.push(self.engine.session()?);
        }
        let listening = Listening {
            profile: &self.profile,
            languages: &self.languages(request),
            translate: request.translate,
            threads: self.threads_per_state,
        };
        let (job_sender, jobs) = mpsc::sync_channel::<Job<'_>>(states * QUEUED_PER_STATE);
        let (result_sender, results) = mpsc::channel();
        let jobs = Mutex::new(jobs);
        let failed = AtomicBool::new(false);
        let (limits, pulse, failed, jobs, language_of) = (&self.limits, &*self.pulse, &failed, &jobs, &language_of);
        std::thread::scope(|scope| {
            for session in self.sessions.iter_mut().take(states) {
                let (listening, result_sender) = (listening.clone(), result_sender.clone());
                scope.spawn(move || {
                    let lane = Lane {
                        listening,
                        jobs,
                        failed,
                        pulse,
                        carry: request.carry_context,
                        prompt: request.prompt.as_deref(),
                    };
                    lane.run(session.as_mut(), language_of, &result_sender);
                });
            }
            drop(result_sender);
            let chosen = numbers.iter().map(|&number| (number, &windows[number]));
            let cutter = Cutter::new(chosen, survey.channels.len());
            let feeder = scope.spawn(move || feed(request, limits, pulse, failed, cutter, &job_sender));
            let mut first_error = None;
            for result in results {
                match result {
                    Ok((number, heard)) => keep(number, heard, checkpoints),
                    Err(error) => first_error = first_error.or(Some(error)),
                }
            }
            let fed = feeder.join().unwrap_or(Err(SurveyError::Cancelled));
            first_error.map_or_else(|| fed.map_err(HearError::from), |error| Err(error.into()))
        })
    }
}

/// One thread with its state.
struct Lane<'a, 'j> {
    listening: Listening<'a>,
    jobs: &'a Mutex<Receiver<Job<'j>>>,
    failed: &'a AtomicBool,
    pulse: &'a Pulse,
    carry: bool,
    prompt: Option<&'a str>,
}

impl Lane<'_, '_> {
    fn run(
        &self,
        session: &mut dyn Session,
        language_of: &(impl Fn(&Window) -> Option<Language> + Sync),
        results: &mpsc::Sender<Result<(usize, Heard), EngineError>>,
    ) {
        let mut said: HashMap<u16, String> = HashMap::new();
        loop {
            let job = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            if self.failed.load(Ordering::Relaxed) {
                continue;
            }
            let prompt = self.prompt_for(said.get(&job.window.channel));
            let language = language_of(job.window);
            let samples = lifted(job.window, job.samples);
            let listen = || self.listening.listen(session, job.window, &samples, language.as_ref(), prompt.as_deref());
            // A panic in one lane would leave the others and the reader waiting for it.
            let heard =
                catch_unwind(AssertUnwindSafe(listen)).unwrap_or_else(|_| Err(EngineError::broken(samples.len())));
            self.pulse.beat();
            if let (true, Ok(heard)) = (self.carry, &heard) {
                said.insert(job.window.channel, last_words(heard));
            }
            if heard.is_err() {
                self.failed.store(true, Ordering::Relaxed);
            }
            if results.send(heard.map(|heard| (job.number, heard))).is_err() {
                return;
            }
        }
    }

    fn prompt_for(&self, said: Option<&String>) -> Option<String> {
        match (self.prompt, said) {
            (Some(prompt), Some(said)) => Some(format!("{prompt} {said}")),
            (prompt, said) => prompt.map(str::to_owned).or_else(|| said.cloned()),
        }
    }
}

/// A quiet channel at the level of ordinary speech: what the model hears depends on how loud it is.
fn lifted(window: &Window, mut samples: Vec<f32>) -> Vec<f32> {
    let loudest_dbfs = window.spans.iter().map(|span| span.level_dbfs).fold(f32::MIN, f32::max);
    let gain_db = (SPEECH_DBFS_MIN - loudest_dbfs).clamp(0.0, GAIN_MAX_DB);
    if gain_db > 0.0 {
        let gain = 10f32.powf(gain_db / 20.0);
        samples.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-1.0, 1.0));
    }
    samples
}

/// What is carried over: nothing from a window that is in doubt, for that is how loops spread.
fn last_words(heard: &Heard) -> String {
    if !heard.reasons.is_empty() {
        return String::new();
    }
    let text = heard.decoded.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    words[words.len().saturating_sub(CARRIED_WORDS_MAX)..].join(" ")
}

/// Reads the file and hands out windows until all are out or a lane failed.
fn feed<'a>(
    request: &Request,
    limits: &DecodeLimits,
    pulse: &Pulse,
    failed: &AtomicBool,
    mut cutter: Cutter<'a>,
    jobs: &SyncSender<Job<'a>>,
) -> Result<(), SurveyError> {
    let hand_out =
        |number, window, samples| jobs.send(Job { number, window, samples }).map_err(|_| SurveyError::Cancelled);
    let mut enough = false;
    let read = each_block(&request.audio, request.raw, limits, pulse, |block| {
        cutter.push(block, hand_out)?;
        enough = cutter.is_done() || failed.load(Ordering::Relaxed);
        // Nothing is wrong, but the rest of the file is of no use: stop the way a cancel does.
        if enough { Err(SurveyError::Cancelled) } else { Ok(()) }
    });
    match read {
        Err(SurveyError::Cancelled) if enough && !pulse.is_cancelled() => Ok(()),
        Err(error) => Err(error),
        Ok(_) => cutter.finish(hand_out),
    }
}

/// Processor time of this process, all threads.
fn process_cpu_ms() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}
