//! The real program as a daemon, on a state folder of its own, killed when the test ends.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use super::{Http, wait_until};

/// A running `callscribe serve`. Its folders live as long as it does, through [`TestDaemon::restart`] too.
pub struct TestDaemon {
    folder: TempDir,
    config: PathBuf,
    env: Vec<(String, String)>,
    child: Child,
}

impl TestDaemon {
    /// Starts on fresh folders, with `extra` appended to a configuration that names a state folder, port 0 and an inbox
    /// to watch; waits until it answers.
    pub fn start(extra: &str) -> Self {
        Self::start_with("", extra)
    }

    /// The same with one further line in the section `[api]`.
    pub fn start_with(api: &str, extra: &str) -> Self {
        Self::start_with_api(&format!("{api}\n"), extra)
    }

    /// The same with these lines in the section `[api]`; without `listen` among them it is the usual port 0.
    pub fn start_with_api(api: &str, extra: &str) -> Self {
        Self::start_on(api, extra, |_| {})
    }

    /// The same on a state folder that `prepare` was given first.
    pub fn start_on(api: &str, extra: &str, prepare: impl FnOnce(&Path)) -> Self {
        Self::start_fully(&[], api, extra, prepare)
    }

    /// As [`TestDaemon::start`], with these variables.
    pub fn start_under(env: &[(&str, String)], extra: &str) -> Self {
        Self::start_fully(env, "", extra, |_| {})
    }

    fn start_fully(env: &[(&str, String)], api: &str, extra: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("inbox")).unwrap();
        let config = path("config.toml");
        let listen = if api.contains("listen = ") { "" } else { "listen = \"127.0.0.1:0\"\n" };
        let text = format!(
            "state_dir = {state:?}\n[api]\n{listen}{api}[[folders]]\nname = \"inbox\"\npath = {inbox:?}\n\
             settle_s = 0\nrescan_s = 1\n\
             [pipeline]\nfree_disk_mib_min = 0\n{extra}\n",
            state = path("state"),
            inbox = path("inbox"),
        );
        fs::write(&config, text).unwrap();
        prepare(&path("state"));
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let child = spawn(&config, &env, &path("log.txt"));
        let mut daemon = Self { folder, config, env, child };
        daemon.wait_until_it_answers();
        daemon
    }

    /// The folder it watches.
    pub fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    /// Its state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Its configuration.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A client with its address and token.
    pub fn http(&self) -> Http {
        let address = read_address(&self.state()).expect("a running daemon has written its address");
        let token = fs::read_to_string(self.state().join("api-token")).expect("a running daemon has a token");
        Http { address, token: token.trim().to_owned() }
    }

    /// Waits until `/readyz` says that everything works.
    pub fn wait_until_ready(&self) {
        let http = self.http();
        wait_until("the daemon is ready", || (http.get("/readyz").status == 200).then_some(()));
    }

    /// SIGKILL: no last word.
    pub fn kill(&mut self) {
        let _gone_already = self.child.kill();
        self.child.wait().expect("a killed child can be waited for");
    }

    /// SIGTERM, then waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("the daemon runs");
        let child = &mut self.child;
        wait_until("the daemon has stopped", || child.try_wait().expect("our child"))
    }

    /// Starts again on the same folders, after [`TestDaemon::kill`] or [`TestDaemon::stop`].
    pub fn restart(&mut self) {
        let _absent = fs::remove_file(self.state().join("api-address"));
        self.child = spawn(&self.config, &self.env, &self.folder.path().join("log.txt"));
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&mut self) {
        let (state, log) = (self.state(), self.folder.path().join("log.txt"));
        let child = &mut self.child;
        let address = wait_until("the daemon has written its address", || {
            if let Some(status) = child.try_wait().expect("our child") {
                panic!("the daemon ended at once with {status}:\n{}", fs::read_to_string(&log).unwrap_or_default());
            }
            read_address(&state)
        });
        let http = Http { address, token: String::new() };
        let alive = || std::net::TcpStream::connect(address).is_ok() && http.get("/healthz").status == 200;
        wait_until("the daemon answers", || alive().then_some(()));
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log());
        }
    }
}

/// The daemon's own child dies with it: nothing is left behind.
fn spawn(config: &Path, env: &[(String, String)], log: &Path) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
    Command::new(env!("CARGO_BIN_EXE_callscribe"))
        .args(["--config".as_ref(), config.as_os_str(), "serve".as_ref()])
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log file"))
        .stderr(log)
        .spawn()
        .expect("the program was built")
}

fn read_address(state: &Path) -> Option<SocketAddr> {
    fs::read_to_string(state.join("api-address")).ok()?.trim().parse().ok()
}
