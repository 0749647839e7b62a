//! The real program as a daemon over the archive: started, timed until it answers, looked at from outside, stopped.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::client::Client;

/// Longest wait for anything but an answer.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often something is looked at that takes milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(1);

pub struct Daemon {
    child: Child,
    address: SocketAddr,
    token: String,
}

impl Daemon {
    /// Starts it on a folder made by [`super::archive`]; answers with the time from the start of the process until the first
    /// page of the list is here.
    pub fn start(folder: &Path) -> anyhow::Result<(Self, Duration)> {
        let state = folder.join("state");
        let address_file = state.join("api-address");
        let _left_by_a_kill = fs::remove_file(&address_file);
        let log = File::options().create(true).append(true).open(folder.join("log.txt"))?;
        let since = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_callscribe"))
            .args(["--config".as_ref(), folder.join("config.toml").as_os_str(), "serve".as_ref()])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut daemon = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), token: String::new() };
        daemon.address = daemon.wait_for("the daemon's address", LOOK_EVERY, |_| {
            Ok(fs::read_to_string(&address_file).ok().and_then(|text| text.trim().parse().ok()))
        })?;
        daemon.token = fs::read_to_string(state.join("api-token"))?.trim().to_owned();
        let first = daemon.client().and_then(|mut client| Ok(client.get("/api/v1/recordings/")?.len()));
        first.with_context(|| fs::read_to_string(folder.join("log.txt")).unwrap_or_default())?;
        Ok((daemon, since.elapsed()))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.address, &self.token)
    }

    /// Waits until what a start sets going beside the answers is done: the index checked, files compared with the database,
    /// the folder walked.
    pub fn wait_until_idle(&mut self) -> anyhow::Result<()> {
        let mut client = self.client()?;
        self.wait_for("the search index", Duration::from_millis(50), |_| {
            let index = &client.json("/api/v1/search?q=refund&limit=1")?["index"];
            Ok((index["complete"] == true && index["waiting"] == 0).then_some(()))
        })?;
        self.wait_for("an idle daemon", Duration::ZERO, |daemon| {
            let before = daemon.cpu_ticks()?;
            std::thread::sleep(Duration::from_secs(1));
            // Two hundredths of a second of processor time in a second are what polling costs.
            Ok((daemon.cpu_ticks()? <= before + 2).then_some(()))
        })
    }

    pub fn wait_for<T>(
        &mut self,
        what: &str,
        every: Duration,
        mut probe: impl FnMut(&mut Self) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = probe(self)? {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("The daemon ended with {status}.");
            }
            anyhow::ensure!(Instant::now() < deadline, "Waited in vain for {what}.");
            std::thread::sleep(every);
        }
    }

    /// A line of the daemon's `/proc/…/status`, in bytes: `VmHWM`, `RssAnon`.
    pub fn memory_bytes(&self, name: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib: u64 = line.context("the kernel tells memory")?.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// Processor time of the daemon alone, its worker left out, in clock ticks of the kernel (hundredths of a second).
    fn cpu_ticks(&self) -> anyhow::Result<u64> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("a process has a name")?.1.split(' ').collect();
        Ok(fields[12].parse::<u64>()? + fields[13].parse::<u64>()?)
    }

    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(file)
    }

    /// SIGTERM, and its end.
    pub fn stop(mut self) -> anyhow::Result<()> {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)?;
        anyhow::ensure!(self.child.wait()?.success(), "The daemon did not stop well.");
        Ok(())
    }

    /// SIGKILL: what the next start finds is what a power cut leaves.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}
