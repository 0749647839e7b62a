//! The child: loads weights once, then hears one call after the other as frames ask for it.
//!
//! Has no network and no database; reads the model and one audio file at a time, and writes nothing but the copy with
//! silence that a frame asks for. It dies with its parent, dies first
//! when memory runs out, and leaves no core file that would hold somebody's call.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::engine::EngineError;
use super::hear::{HearError, Hearer};
use super::peaks;
use super::protocol::{Failure, FromWorker, Request, Setup, ToWorker, read_frame, write_frame};
use super::pulse::Pulse;
use super::survey::{SurveyError, Voice};
use super::whisper::WhisperEngine;
use crate::call::{Disposition, RawAudio, Silence};
use crate::decode::{self, DecodeLimits};

/// How far the child stands back behind its parent and everybody else: whoever asks the daemon something does not wait for a
/// word to be heard.
const NICE: i32 = 10;
/// How often the child says that it lives while it works. Well under any heartbeat limit, far above a wake-up storm.
const ALIVE_EVERY: Duration = Duration::from_secs(2);

/// Where frames go: the pipe, shared by the working and the watching thread.
type Out = Arc<Mutex<Box<dyn Write + Send>>>;

/// Runs until the parent closes the pipe.
pub fn run() -> ExitCode {
    shield();
    // Libraries may print; frames must not be mixed with that. They get the pipe, everybody else gets standard error.
    let Ok(pipe) = rustix::io::dup(rustix::stdio::stdout()) else { return ExitCode::FAILURE };
    if rustix::stdio::dup2_stdout(rustix::stdio::stderr()).is_err() {
        return ExitCode::FAILURE;
    }
    let out: Out = Arc::new(Mutex::new(Box::new(std::fs::File::from(pipe))));
    let pulse = Arc::new(Pulse::default());
    let (sender, requests) = mpsc::sync_channel(1);
    let reader_pulse = Arc::clone(&pulse);
    std::thread::spawn(move || read_parent(&sender, &reader_pulse));
    watch(Arc::clone(&pulse), Arc::clone(&out));
    let done = match requests.recv() {
        Ok(Asked::Setup(setup)) => serve(&setup, &requests, &pulse, &out),
        Ok(Asked::Draw(audio, raw)) => draw(&audio, raw, &out),
        Ok(Asked::Silence(copy)) => silence(&copy, &out),
        Ok(Asked::Transcribe(_)) | Err(_) => return ExitCode::FAILURE,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

enum Asked {
    Setup(Setup),
    Transcribe(Box<Request>),
    Draw(PathBuf, Option<RawAudio>),
    Silence(Box<Copy>),
}

/// A copy with silence in it.
struct Copy {
    audio: PathBuf,
    raw: Option<RawAudio>,
    silences: Vec<Silence>,
    out: PathBuf,
}

/// Writes a copy of one file; the parent ends a child that takes too long.
fn silence(copy: &Copy, out: &Out) -> io::Result<()> {
    let silenced = decode::silenced(&copy.audio, copy.raw, &copy.silences, &copy.out);
    let failed = |error: decode::DecodeError| {
        let message = error.to_string();
        FromWorker::Failed(match error.disposition() {
            Disposition::Reject => Failure::Unreadable(message),
            _ => Failure::Unavailable(message),
        })
    };
    send(out, &silenced.map_or_else(failed, FromWorker::Silenced))
}

/// Draws one file's sound; the parent ends a child that takes too long.
fn draw(audio: &Path, raw: Option<RawAudio>, out: &Out) -> io::Result<()> {
    let drawn = peaks::measure(audio, raw);
    send(out, &drawn.map_or_else(|error| FromWorker::Failed(Failure::Unreadable(error.to_string())), FromWorker::Drawn))
}

/// Makes the child the first to go when memory runs out, gone when its parent is, and without a core file. None of this
/// is worth failing for where the kernel refuses.
fn shield() {
    let no_core = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let refused = [
        std::fs::write("/proc/self/oom_score_adj", "1000").err(),
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).err().map(Into::into),
        rustix::process::setrlimit(rustix::process::Resource::Core, no_core).err().map(Into::into),
        rustix::process::nice(NICE).err().map(Into::into),
    ];
    for error in refused.into_iter().flatten() {
        eprintln!("The worker could not shield itself fully: {error}");
    }
}

/// Reads frames for as long as there is a parent; a cancel takes effect at once, everything else waits its turn.
fn read_parent(sender: &mpsc::SyncSender<Asked>, pulse: &Pulse) {
    let mut input = io::stdin().lock();
    loop {
        let asked = match read_frame::<ToWorker>(&mut input) {
            Ok(Some(ToWorker::Setup(setup))) => Asked::Setup(setup),
            Ok(Some(ToWorker::Transcribe(request))) => {
                pulse.reset();
                Asked::Transcribe(request)
            }
            Ok(Some(ToWorker::Draw { audio, raw })) => Asked::Draw(audio, raw),
            Ok(Some(ToWorker::Silence { audio, raw, silences, out })) => {
                Asked::Silence(Box::new(Copy { audio, raw, silences, out }))
            }
            Ok(Some(ToWorker::Cancel)) => {
                pulse.cancel();
                continue;
            }
            // The parent is gone, or speaks nonsense: nothing that is still running is of use to anybody.
            Ok(None) | Err(_) => std::process::exit(0),
        };
        if sender.send(asked).is_err() {
            return;
        }
    }
}

/// Says "alive" while the pulse beats. A call that hangs inside a library beats no more, and the parent notices.
fn watch(pulse: Arc<Pulse>, out: Out) {
    std::thread::spawn(move || {
        let mut seen = pulse.beats();
        loop {
            pulse.wait_while_idle();
            std::thread::sleep(ALIVE_EVERY);
            let now = pulse.beats();
            if now != seen && send(&out, &FromWorker::Alive).is_err() {
                return;
            }
            seen = now;
        }
    });
}

fn send(out: &Out, frame: &FromWorker) -> io::Result<()> {
    write_frame(&mut *out.lock().unwrap_or_else(PoisonError::into_inner), frame)
}

fn serve(setup: &Setup, requests: &Receiver<Asked>, pulse: &Arc<Pulse>, out: &Out) -> io::Result<()> {
    whisper_rs::install_logging_hooks();
    let engine =
        match WhisperEngine::load(&setup.model, &setup.profile.name, setup.profile.text_layers, Arc::clone(pulse)) {
            Ok(engine) => engine,
            Err(error) => return send(out, &FromWorker::Failed(Failure::Model(error.to_string()))),
        };
    let mut hearer = Hearer {
        engine: Box::new(engine),
        profile: setup.profile.clone(),
        sessions: Vec::new(),
        states: setup.states,
        threads_per_state: setup.threads_per_state,
        voice: Voice { silero: setup.vad_model.clone(), ..Voice::default() },
        limits: DecodeLimits { duration_ms_max: setup.duration_ms_max, ..DecodeLimits::default() },
        pulse: Arc::clone(pulse),
        last_language: None,
    };
    send(out, &FromWorker::Ready)?;
    while let Ok(Asked::Transcribe(request)) = requests.recv() {
        pulse.begin();
        let mut broken = None;
        let heard = hearer.hear(&request, |event| {
            if let Err(error) = send(out, &FromWorker::News(event)) {
                broken = Some(error);
            }
        });
        pulse.end();
        if let Some(error) = broken {
            return Err(error);
        }
        send(
            out,
            &heard.map_or_else(
                |error| FromWorker::Failed(failure(&error)),
                |outcome| FromWorker::Done(Box::new(outcome)),
            ),
        )?;
    }
    Ok(())
}

fn failure(error: &HearError) -> Failure {
    let message = error.to_string();
    match error {
        _ if error.is_cancelled() => Failure::Cancelled,
        HearError::Survey(SurveyError::Decode(decode)) => match decode.disposition() {
            Disposition::Reject => Failure::Unreadable(message),
            _ => Failure::Unavailable(message),
        },
        HearError::Survey(SurveyError::Vad(_))
        | HearError::Engine(EngineError::Load { .. } | EngineError::Language(_)) => Failure::Model(message),
        HearError::Survey(SurveyError::Cancelled) | HearError::Engine(_) => Failure::Engine(message),
    }
}
