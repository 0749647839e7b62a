//! Our side: the supervisor with its real child process, as the daemon and the command line run it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use callscribe::call::Transcript;
use callscribe::config::TranscribeConfig;
use callscribe::models;
use callscribe::transcribe::{Request, Supervisor, SupervisorConfig};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::calls::Call;
use super::process;
use super::settings::Settings;

/// No limit that a benchmark should reach.
const ENOUGH: Duration = Duration::from_secs(24 * 3600);

/// What came out and what the child held.
pub struct OurRun {
    /// The transcript with its timings.
    pub transcript: Transcript,
    /// The most memory the child held.
    pub memory_bytes: u64,
}

/// Transcribes one call in a new child. The language is not told: finding it is part of the work, while the plain loop
/// is given it.
pub fn run(model: &Path, call: &Call, settings: &Settings) -> anyhow::Result<OurRun> {
    let model = models::resolve(&model.to_string_lossy(), &[])?;
    let config = SupervisorConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_callscribe")),
        ..SupervisorConfig::new(&configuration(settings), &model)
    };
    let request = Request { audio: call.audio.clone(), ..Request::default() };
    tokio::runtime::Runtime::new()?.block_on(async {
        let supervisor = Supervisor::new(config);
        let (events, _) = mpsc::channel(1);
        let outcome = supervisor.transcribe(request, events, CancellationToken::new()).await?;
        let child = supervisor.child_id().await.map(|pid| pid.to_string());
        let memory_bytes = child.map_or(Ok(0), |pid| process::peak_memory_bytes(&pid))?;
        supervisor.shutdown().await;
        Ok(OurRun { transcript: outcome.transcript, memory_bytes })
    })
}

fn configuration(settings: &Settings) -> TranscribeConfig {
    TranscribeConfig {
        model: String::new(),
        model_dirs: Vec::new(),
        languages: Vec::new(),
        prompt: None,
        carry_context: false,
        states: settings.states,
        threads_per_state: settings.threads,
        vad_model: None,
        heartbeat_timeout: ENOUGH,
        worker_memory_bytes_max: u64::MAX,
        call_duration_max: ENOUGH,
        file_bytes_max: u64::MAX,
    }
}
