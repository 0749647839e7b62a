//! A large archive made by a seeded generator, and how long the API takes to answer questions about it.
//!
//! `cargo bench --bench archive` prints the table; `CALLSCRIBE_BENCH_RECORDINGS` says how many recordings (100 000).
//! Requests go through the whole router, in this process: guard, parameters, store, JSON; not through a socket.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "the table is what a bench is for")]

#[path = "archive/generator.rs"]
mod generator;
#[allow(dead_code, reason = "shared with the other benchmark")]
#[path = "process.rs"]
mod process;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use callscribe::call::RecordingId;
use callscribe::clock::SystemClock;
use callscribe::fetch::Files;
use callscribe::provider::upload::Uploads;
use callscribe::search::Search;
use callscribe::serve::{Account, ApiParts, Check, Door, Intake, Looked, Loops, Parked, Reach, Running, router};
use callscribe::store::Store;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Recordings stored in one transaction.
const PIECE: u64 = 500;
/// Requests a figure is made of.
const ROUNDS: usize = 200;
const TOKEN: &str = "benchmark";

fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::var("CALLSCRIBE_BENCH_RECORDINGS").map_or(Ok(100_000), |text| text.parse())?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    println!(
        "{}; {count} recordings; {}",
        process::machine(),
        if cfg!(debug_assertions) { "dev profile" } else { "release" }
    );
    let database = folder.path().join("callscribe.redb");
    fill(&database, folder.path(), count)?;

    let since = Instant::now();
    let store = Store::open(&database)?;
    let search = Search::open(&store, folder.path());
    println!("{:<44} {:>9.1?}", "start-up: database and index open", since.elapsed());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let parts = ApiParts {
        store: store.clone(),
        search: search.clone(),
        files: Files::open(folder.path())?,
        loops: Arc::new(NoLoops),
        clock: Arc::new(SystemClock),
        token: TOKEN.to_owned().into(),
        door: Door::default(),
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8377)),
        request_timeout: Duration::from_secs(60),
        body_bytes_max: 0,
        intake: Intake {
            uploads: Arc::new(Uploads::open(folder.path())?),
            upload_bytes_max: 0,
            queue_max: 0,
            free_disk_bytes_min: 0,
        },
        stop: CancellationToken::new(),
    };
    let api = Asked { router: router(parts), runtime };
    api.table(count);
    let idle = api.measure("list, nobody writes", &["/api/v1/recordings/"]);
    let written = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let busy = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut at = count;
            while !stop.load(Ordering::Relaxed) {
                store.insert_whole(&[generator::recording(at)], jiff::Timestamp::now()).unwrap();
                written.fetch_add(1, Ordering::Relaxed);
                at += 1;
            }
        });
        let busy = api.measure("list, a writer commits without pause", &["/api/v1/recordings/"]);
        stop.store(true, Ordering::Relaxed);
        busy
    });
    println!("{:<44} {:>9.2}   ({} commits)", "p99 while writing, of idle", busy / idle, written.into_inner());
    let memory = |name: &str| process_memory(name).unwrap_or(0) / 1024 / 1024;
    println!(
        "memory now: {} MiB of its own, {} MiB with mapped files; most ever (generator included): {} MiB",
        memory("RssAnon"),
        memory("VmRSS"),
        memory("VmHWM")
    );
    println!(
        "database {} MiB, index {} MiB",
        database.metadata()?.len() >> 20,
        folder_bytes(&folder.path().join("index")) >> 20
    );
    Ok(())
}

fn fill(database: &Path, state: &Path, count: u64) -> anyhow::Result<()> {
    let store = Store::open(database)?;
    let since = Instant::now();
    for from in (0..count).step_by(usize::try_from(PIECE)?) {
        let piece: Vec<_> = (from..count.min(from + PIECE)).map(generator::recording).collect();
        store.insert_whole(&piece, jiff::Timestamp::now())?;
    }
    println!("{:<44} {:>9.1?}", "made and stored within", since.elapsed());
    let since = Instant::now();
    Search::open(&store, state).catch_up()?;
    println!("{:<44} {:>9.1?}", "search index made within", since.elapsed());
    Ok(())
}

struct Asked {
    router: Router,
    runtime: tokio::runtime::Runtime,
}

impl Asked {
    fn table(&self, count: u64) {
        println!("{:<44} {:>9} {:>9} {:>9}", "", "p50 ms", "p99 ms", "total");
        let day = generator::day(count / 2);
        let deep = format!("/api/v1/recordings/?cursor={}", self.deep_cursor(count));
        let skip = format!("/api/v1/recordings/?skip={}", count.saturating_sub(100));
        let rows: [(&str, Vec<String>); 20] = [
            ("first page", vec!["/api/v1/recordings/".into()]),
            ("page by status", vec!["/api/v1/recordings/?status=failed".into()]),
            ("page by status and language", vec!["/api/v1/recordings/?status=completed&language=es".into()]),
            (
                "page by day and provider",
                vec![format!("/api/v1/recordings/?from_date={day}&to_date={day}&provider=twilio")],
            ),
            ("page by owner", vec!["/api/v1/recordings/?owner=Marta%20Ruiz".into()]),
            ("page by location and queue", vec!["/api/v1/recordings/?location=Berlin&queue=billing".into()]),
            (
                "page by location, status, sentiment",
                vec!["/api/v1/recordings/?location=Berlin&status=completed&sentiment=negative".into()],
            ),
            ("page by metadata (half of all)", vec!["/api/v1/recordings/?metadata.call.direction=inbound".into()]),
            ("page by metadata (one)", vec!["/api/v1/recordings/?metadata.call.leg=leg-000077".into()]),
            ("deep cursor", vec![deep]),
            ("deep skip", vec![skip]),
            ("telephone number", vec!["/api/v1/recordings/?phone_number=0300000077".into()]),
            ("text: rare word", vec!["/api/v1/search?q=chargeback".into()]),
            ("text: common word", vec!["/api/v1/search?q=refund".into()]),
            ("text: phrase", vec!["/api/v1/search?q=%22call%20me%20back%22".into()]),
            ("text: beginning, one speaker, newest", vec!["/api/v1/search?q=customer:invo*&sort=newest".into()]),
            (
                "text: list with search_text and a filter",
                vec!["/api/v1/recordings/?search_text=refund&status=completed".into()],
            ),
            ("stats", vec!["/api/v1/recordings/stats/summary".into()]),
            ("numbers", vec!["/api/v1/numbers".into(), "/api/v1/numbers?search=4930000".into()]),
            (
                "analytics",
                vec![
                    "/api/v1/analytics/volume".into(),
                    "/api/v1/analytics/quality?by=owner".into(),
                    "/api/v1/analytics/topics".into(),
                ],
            ),
        ];
        for (what, targets) in rows {
            let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
            self.measure(what, &targets);
        }
    }

    /// Asks again and again; prints the middle and the 99th of a hundred, answers the latter in milliseconds.
    fn measure(&self, what: &str, targets: &[&str]) -> f64 {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut total = Value::Null;
        for round in 0..ROUNDS {
            let since = Instant::now();
            let body = self.get(targets[round % targets.len()]);
            times.push(since.elapsed().as_secs_f64() * 1000.0);
            if round == 0 {
                total = serde_json::from_slice::<Value>(&body).map(|body| body["total"].clone()).unwrap_or_default();
            }
        }
        times.sort_by(f64::total_cmp);
        let (middle, high) = (times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
        let total = total.as_u64().map_or_else(String::new, |total| total.to_string());
        println!("{what:<44} {middle:>9.2} {high:>9.2} {total:>9}");
        high
    }

    fn get(&self, target: &str) -> Vec<u8> {
        let request = Request::get(target)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .body(Body::empty())
            .unwrap();
        let body = self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 200, "{target}");
            axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap()
        });
        body.to_vec()
    }

    /// The cursor of the page before the last hundred.
    fn deep_cursor(&self, count: u64) -> String {
        let page = self.get(&format!("/api/v1/recordings/?limit=1&skip={}", count.saturating_sub(100)));
        let page: Value = serde_json::from_slice(&page).unwrap();
        page["next_cursor"].as_str().unwrap_or_default().to_owned()
    }
}

fn process_memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

struct NoLoops;

impl Loops for NoLoops {
    fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    fn running(&self) -> Vec<Running> {
        Vec::new()
    }

    fn parked(&self) -> Vec<Parked> {
        Vec::new()
    }

    fn cancel(&self, _id: RecordingId) {}

    fn accounts(&self) -> Vec<Account> {
        Vec::new()
    }

    fn model(&self) -> String {
        "base".to_owned()
    }

    fn look(&self, _reach: Reach) -> BoxFuture<'static, Looked> {
        async { Looked::default() }.boxed()
    }
}
