//! What a service manager hears: the test is the manager, a child of it is the service. The environment is the child's
//! own, because changing this process's would touch every test in it.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use callscribe::systemd;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::support::repository;

/// Longest wait for a message; only a failure takes that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the child does; it is this test's binary, told to run this one function.
#[test]
#[ignore = "run as the child of the tests below"]
fn child() {
    systemd::extend_timeout(Duration::from_secs(90));
    systemd::ready("3 calls waiting\nREADY=0");
    let asked = AtomicU32::new(0);
    let cancel = CancellationToken::new();
    let healthy = || {
        // Healthy twice, then ill, then told to stop.
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        if turn == 3 {
            cancel.cancel();
        }
        turn < 2
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(systemd::watchdog(healthy, cancel.clone()));
    systemd::stopping("goodbye");
}

/// Whether the child came to its end; a name that fits no test would end well too, having run none.
fn run_child(environment: &[(&str, &str)]) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "systemd::child", "--ignored"])
        .env_remove("NOTIFY_SOCKET")
        .envs(environment.iter().copied())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed")
}

fn received(manager: &UnixDatagram) -> Vec<String> {
    let mut messages = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let length = manager.recv(&mut buffer).expect("the child says goodbye before patience ends");
        messages.push(String::from_utf8_lossy(&buffer[..length]).trim_end().replace('\n', " | "));
        if messages.last().is_some_and(|last| last.contains("STOPPING=1")) {
            return messages;
        }
    }
}

#[test]
fn systemd_hears_of_readiness_status_health_and_the_end() {
    let dir = TempDir::new().unwrap();
    let socket = dir.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(run_child(&[("NOTIFY_SOCKET", socket.to_str().unwrap()), ("WATCHDOG_USEC", "30000")]));
    insta::assert_snapshot!(received(&manager).join("\n"), @r"
    EXTEND_TIMEOUT_USEC=90000000
    READY=1 | STATUS=3 calls waiting READY=0
    WATCHDOG=1
    WATCHDOG=1
    STOPPING=1 | STATUS=goodbye
    ");
}

#[test]
fn outside_a_unit_nothing_happens() {
    assert!(run_child(&[]));
}

#[test]
fn a_manager_that_is_gone_does_not_stop_the_service() {
    assert!(run_child(&[("NOTIFY_SOCKET", "/nowhere/notify")]));
}

/// The user of the unit owns nothing, and is in no group a file could be given to beforehand.
#[test]
fn the_readme_installs_what_a_user_that_systemd_makes_can_read() {
    let text = |name: &str| std::fs::read_to_string(repository().join(name)).unwrap();
    assert!(text("systemd/callscribe.service").contains("\nDynamicUser=yes\n"));
    let readme = text("README.md");
    let installs: Vec<&str> = readme.lines().filter(|line| line.starts_with("install ")).collect();
    assert!(installs.len() >= 4, "{installs:?}");
    for line in installs {
        assert!(line.contains("-m 644 ") || line.contains("-m 755 "), "{line}");
    }
    assert!(readme.contains("SupplementaryGroups="), "how it may read a watched folder is said");
}
