//! The composition root of `callscribe serve`, on one page: open the store, start the loops, serve, watch, shut down.
//!
//! Decides nothing about calls; it knows every part so that the parts need not know each other. A part that fails takes
//! the daemon down with an error, and the service manager starts it again: nothing runs half. A model that cannot be
//! used is no such failure: recordings are taken in and served, transcription waits, `/readyz` says why.

mod door;
mod engine;
pub mod ledger;
mod panel;
mod signals;
mod sources;

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Role};
use crate::discover::Discoverer;
use crate::fetch::Files;
use crate::notify::Notifier;
use crate::provider::client::Timing;
use crate::search::Search;
use crate::serve::{self, ApiParts, SignIns};
use crate::store::{Sealed, Store, StoreError};
use crate::systemd;
use crate::understand::pii::veil::Mask;
use engine::Engine;
use panel::Panel;
use signals::Signals;

/// The database in the state folder.
pub const DATABASE_FILE: &str = "callscribe.redb";
/// File in the state folder that holds the address the API listens on, while the daemon runs.
pub const ADDRESS_FILE: &str = "api-address";

/// Time beyond the drain time that parts have to end before the process does so without them.
const LAST_GRACE: Duration = Duration::from_secs(10);

/// While the database opens, the time systemd is asked to wait from now on, and how often it is asked.
const OPENING_EXTENSION: Duration = Duration::from_secs(120);
const OPENING_ASK_EVERY: Duration = Duration::from_secs(40);

/// How the daemon came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop, and what ran was finished or put back.
    Stopped,
    /// It was asked twice, or something did not end in time: what ran is taken up at the next start.
    CutOff,
}

/// What whoever started the daemon may tell a person once the API answers.
#[derive(Debug, Clone)]
pub struct Listening {
    /// The address the API listens on.
    pub address: SocketAddr,
    /// Where a browser finds the console, without a slash at its end.
    pub console_url: String,
    /// There was no database before.
    pub is_first_start: bool,
    /// Signs one browser in to the console, once, within [`serve::LINK_LIFE`].
    pub console_link: String,
}

/// Runs until a signal or a failure. `on_listening` hears where, once the API answers.
///
/// # Errors
///
/// What kept the daemon from starting or from going on, as a sentence; a [`StoreError`] inside
/// tells damaged data from other trouble.
pub async fn run(config: Config, on_listening: impl FnOnce(Listening)) -> anyhow::Result<Ended> {
    let config = Arc::new(config);
    let mut signals = Signals::listen()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let is_first_start = !config.state_dir.join(DATABASE_FILE).exists();
    let store = open(&config).await?;
    let token = match &config.api.token {
        Some(token) => token.clone(),
        None => serve::read_or_make_token(&config.state_dir)?,
    };
    let listener = TcpListener::bind(config.api.listen).await.with_context(|| {
        let wanted = config.api.listen;
        format!("The API cannot listen on {wanted}. Is another daemon running? Choose another port in api.listen.")
    })?;
    let address = listener.local_addr()?;

    let sealed = {
        let (store, state_dir) = (store.clone(), config.state_dir.clone());
        spawn_blocking(move || Sealed::open(&store, &state_dir)).await??
    };
    let uploads = sources::uploads(&config, &store).await?;
    let sources = sources::open(&config, &clock, sealed, &uploads, address.port())?;
    let discoverer = Discoverer::new(&store, sources.accounts, &clock);
    let notifier = Notifier::new(&store, &clock, &config.notify, &notify_timing())?;
    let engine = Engine::new(store.clone(), sources.providers, Arc::clone(&config), Arc::clone(&clock));
    let panel = Arc::new(Panel::new(
        engine.gauge(),
        discoverer.clone(),
        notifier.clone(),
        Arc::clone(&config),
        Arc::clone(&clock),
    ));
    let console = SignIns::new(Arc::clone(&clock));
    let stop = CancellationToken::new();
    let search = Search::open(&store, &config.state_dir);
    let router = serve::router(ApiParts {
        search: search.clone(),
        store: store.clone(),
        files: Files::open(&config.state_dir)?,
        loops: Arc::clone(&panel) as Arc<dyn serve::Loops>,
        clock,
        token,
        door: door::of(&config.api, console.clone()),
        address,
        request_timeout: config.api.request_timeout,
        body_bytes_max: config.api.body_bytes_max,
        intake: serve::Intake {
            uploads,
            upload_bytes_max: config.api.upload_bytes_max,
            queue_max: config.api.queue_max,
            free_disk_bytes_min: config.pipeline.free_disk_bytes_min,
        },
        stop: stop.clone(),
    });

    let (health, drain) = (Arc::clone(&panel), config.pipeline.drain_timeout);
    let mut parts: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let door::Ways { listeners, address_for_commands } = door::open(listener, &config.api).await?;
    for listener in listeners {
        parts.spawn(done(serve::serve(listener, router.clone(), stop.clone(), drain)));
    }
    parts.spawn(ledger::keep(store.clone(), config.state_dir.clone(), stop.clone()));
    parts.spawn({
        let stop = stop.clone();
        async move { notifier.run(stop).await.context("Notifying ended.") }
    });
    parts.spawn({
        let stop = stop.clone();
        async move { engine.run(stop).await.context("The pipeline ended.") }
    });
    parts.spawn({
        let (search, stop) = (search, stop.clone());
        async move { search.run(stop).await.context("The search index ended.") }
    });
    parts.spawn({
        let stop = stop.clone();
        async move { fill_derived(store, stop).await.context("Older recordings could not be taken into the lists.") }
    });
    parts.spawn({
        let stop = stop.clone();
        async move { discoverer.run(stop).await.context("Discovery ended.") }
    });
    parts.spawn(done(systemd::watchdog(move || health.is_healthy(), stop.clone())));

    let address_file = AddressFile::write(&config.state_dir, address_for_commands)?;
    tracing::info!(%address, state = %config.state_dir.display(), "The daemon is ready.");
    let console_url = door::console_url(&config.api, address);
    systemd::ready(&format!("Serving on {console_url}"));
    let console_link = format!("{console_url}{}", console.offer_link(Role::Admin)?);
    on_listening(Listening { address, console_url, is_first_start, console_link });

    let ended = watch(&mut parts, &mut signals, &stop, drain).await;
    drop(address_file);
    ended
}

/// Waits for a signal or a failure, then for the parts to end.
async fn watch(
    parts: &mut JoinSet<anyhow::Result<()>>,
    signals: &mut Signals,
    stop: &CancellationToken,
    drain: Duration,
) -> anyhow::Result<Ended> {
    let failed = loop {
        tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, drain_s = drain.as_secs(), "The daemon stops; running work may end first.");
                break Ok(());
            }
            ended = parts.join_next() => match ended {
                // The watchdog ends at once where systemd does not wait for it.
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => break Err(error),
                Some(Err(panic)) => break Err(panic.into()),
                None => break Err(anyhow::anyhow!("Every part of the daemon ended by itself.")),
            },
        }
    };
    if let Err(error) = &failed {
        tracing::error!(error = format!("{error:#}"), "The daemon stops after a failure.");
    }
    stop.cancel();
    systemd::stopping("Finishing running work");
    systemd::extend_timeout(drain + LAST_GRACE);
    let all_ended = async {
        while let Some(ended) = parts.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::error!(error = format!("{error:#}"), "A part of the daemon failed while it stopped.");
            }
        }
    };
    let ended = tokio::select! {
        () = all_ended => Ended::Stopped,
        signal = signals.next() => {
            tracing::warn!(signal, "Asked again: the daemon stops at once.");
            Ended::CutOff
        }
        () = tokio::time::sleep(drain + LAST_GRACE) => {
            tracing::warn!("Running work did not end in time; it is taken up again at the next start.");
            Ended::CutOff
        }
    };
    parts.abort_all();
    tracing::info!(?ended, "The daemon has stopped.");
    failed.map(|()| ended)
}

/// Opens the database, and asks systemd for more time again and again while that lasts: after a crash a large one is
/// repaired first.
async fn open(config: &Config) -> anyhow::Result<Store> {
    let (path, mask) = (config.state_dir.join(DATABASE_FILE), Mask::of(&config.privacy));
    let state_dir = config.state_dir.clone();
    let mut opening = spawn_blocking(move || {
        let store = Store::open(&path)?;
        store.show_through(Arc::new(mask), &state_dir)?;
        anyhow::Ok(store)
    });
    let mut ticks = tokio::time::interval(OPENING_ASK_EVERY);
    loop {
        tokio::select! {
            opened = &mut opening => return opened?,
            _ = ticks.tick() => systemd::extend_timeout(OPENING_EXTENSION),
        }
    }
}

/// Fills what lists are answered from in a database of an earlier release, piece by piece, so that nobody waits for it.
async fn fill_derived(store: Store, stop: CancellationToken) -> Result<(), StoreError> {
    while !stop.is_cancelled() {
        let store = store.clone();
        match spawn_blocking(move || store.fill_derived()).await {
            Ok(Ok(true)) => {}
            Ok(filled) => return filled.map(drop),
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Sinks answer at once that they have an event, and do what they do with it afterwards.
fn notify_timing() -> Timing {
    Timing { answer: Duration::from_secs(20), ..Timing::default() }
}

async fn done(part: impl Future<Output = ()>) -> anyhow::Result<()> {
    part.await;
    Ok(())
}

/// Tells programs beside the daemon where it listens; gone when the daemon is.
struct AddressFile(std::path::PathBuf);

impl AddressFile {
    /// Written beside and moved, so that nobody reads half an address.
    fn write(state_dir: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        let path = state_dir.join(ADDRESS_FILE);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(state_dir)?;
            writeln!(file, "{address}")?;
            file.persist(&path)?;
            Ok::<_, std::io::Error>(())
        };
        write().with_context(|| format!("{} could not be written.", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        let _gone_already = fs::remove_file(&self.0);
    }
}
