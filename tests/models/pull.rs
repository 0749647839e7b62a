//! Downloads against a real server on the loopback that misbehaves as told.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callscribe::models::{ModelEntry, ModelError, News, PullOptions, Pulled, entry_named, pull};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::support::whisper_file;

/// What the server does with one request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// As a good server: ranges honoured, `ETag` given.
    Good,
    /// Sends this many bytes and cuts the connection.
    CutAfter(usize),
    /// Always the whole file with 200.
    IgnoresRange,
    /// The right length with other bytes.
    OtherBytes,
    /// Ten bytes short, and says so.
    Shorter,
    /// An empty answer with this status.
    Status(StatusCode),
    /// 200 with a login page.
    LoginPage,
}

/// A server that works through `script`, the last line for ever, and writes down the `Range` headers it saw.
struct Mirror {
    base_url: String,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

impl Mirror {
    async fn start(content: Vec<u8>, script: &'static [Answer]) -> Self {
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let seen = ranges.clone();
        let router = Router::new().fallback(async move |headers: HeaderMap| {
            let turn = {
                let mut seen = seen.lock().unwrap();
                seen.push(headers.get(header::RANGE).map(|range| range.to_str().unwrap().to_owned()));
                seen.len() - 1
            };
            answer(script[turn.min(script.len() - 1)], &content, &headers)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base_url, ranges }
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn answer(how: Answer, content: &[u8], headers: &HeaderMap) -> Response {
    const VALIDATOR: &str = "\"one\"";
    let asked = headers.get(header::RANGE).map(|range| {
        range.to_str().unwrap().trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap()
    });
    let fresh = headers.get(header::IF_RANGE).is_none_or(|validator| validator == VALIDATOR);
    let start = asked.filter(|_| fresh).unwrap_or(0);
    let status = if start > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
    let of_file = [(header::CONTENT_RANGE, range), (header::ETAG, VALIDATOR.to_owned())];
    match how {
        Answer::Good => (status, of_file, content[start..].to_vec()).into_response(),
        Answer::CutAfter(bytes) => {
            let part = Bytes::copy_from_slice(&content[start..start + bytes]);
            let length = [(header::CONTENT_LENGTH, (content.len() - start).to_string())];
            // The pause lets the bytes out before the connection ends.
            let cut = async {
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            };
            let stream = stream::once(async { Ok(part) }).chain(stream::once(cut));
            (status, of_file, length, Body::from_stream(stream)).into_response()
        }
        Answer::IgnoresRange => content.to_vec().into_response(),
        Answer::OtherBytes => vec![7; content.len()].into_response(),
        Answer::Shorter => content[10..].to_vec().into_response(),
        Answer::Status(status) => status.into_response(),
        Answer::LoginPage => axum::response::Html("<html>Please log in.</html>").into_response(),
    }
}

/// A folder, a small model that counts as published, and a server for it.
struct Scene {
    dir: TempDir,
    entry: ModelEntry,
    content: Vec<u8>,
    mirror: Mirror,
}

impl Scene {
    async fn new(script: &'static [Answer]) -> Self {
        let content = whisper_file(512);
        let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        let entry = ModelEntry {
            size_bytes: Some(content.len() as u64),
            sha256: Some(Cow::Owned(digest)),
            ..entry_named("base").unwrap()
        };
        let mirror = Mirror::start(content.clone(), script).await;
        Self { dir: TempDir::new().unwrap(), entry, content, mirror }
    }

    /// What an earlier run left behind.
    fn with_left_over(self, bytes: &[u8], etag: Option<&str>) -> Self {
        fs::write(self.dir.path().join("ggml-base.bin.part"), bytes).unwrap();
        if let Some(etag) = etag {
            fs::write(self.dir.path().join("ggml-base.bin.part.etag"), etag).unwrap();
        }
        self
    }

    fn with_model(self, bytes: &[u8]) -> Self {
        fs::write(self.model(), bytes).unwrap();
        self
    }

    fn model(&self) -> PathBuf {
        self.dir.path().join("ggml-base.bin")
    }

    async fn pull(&self) -> (Result<Pulled, ModelError>, Vec<News>) {
        let options = PullOptions { base_url: self.mirror.base_url.clone(), retry_pause: Duration::from_millis(1) };
        let mut news = Vec::new();
        let outcome = pull(&self.entry, self.dir.path(), &options, &mut |item| news.push(item)).await;
        (outcome, news)
    }

    /// The model is in place, whole, and nothing else is left.
    fn assert_complete(&self, outcome: Result<Pulled, ModelError>) {
        assert_eq!(outcome.unwrap(), Pulled::Downloaded(self.model()));
        assert_eq!(fs::read(self.model()).unwrap(), self.content);
        assert_eq!(fs::read_dir(self.dir.path()).unwrap().count(), 1, "something was left behind");
    }

    /// The pull fails with `sentence`, and a model that was there is still there.
    async fn assert_refused(self, sentence: &str) {
        let scene = self.with_model(b"the good one");
        let (outcome, _) = scene.pull().await;
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
        assert_eq!(fs::read(scene.model()).unwrap(), b"the good one");
    }
}

#[tokio::test]
async fn a_model_is_downloaded_and_verified() {
    let scene = Scene::new(&[Answer::Good]).await;
    let (outcome, news) = scene.pull().await;
    scene.assert_complete(outcome);
    assert_eq!(news.last(), Some(&News::Verifying));
}

#[tokio::test]
async fn a_model_that_is_here_and_whole_is_not_fetched_again() {
    let scene = Scene::new(&[Answer::Good]).await;
    scene.pull().await.0.unwrap();
    assert_eq!(scene.pull().await.0.unwrap(), Pulled::AlreadyHere(scene.model()));
    assert_eq!(scene.mirror.ranges().len(), 1);
}

#[tokio::test]
async fn a_cut_connection_is_taken_up_where_it_broke() {
    let scene = Scene::new(&[Answer::CutAfter(700), Answer::CutAfter(300), Answer::Good]).await;
    let (outcome, _) = scene.pull().await;
    scene.assert_complete(outcome);
    let ranges = [None, Some("bytes=700-".to_owned()), Some("bytes=1000-".to_owned())];
    assert_eq!(scene.mirror.ranges(), ranges);
}

#[tokio::test]
async fn the_next_run_goes_on_where_the_last_one_stopped() {
    let scene = Scene::new(&[Answer::Good]).await;
    let start = scene.content[..500].to_vec();
    let scene = scene.with_left_over(&start, Some("\"one\""));
    let (outcome, news) = scene.pull().await;
    scene.assert_complete(outcome);
    assert_eq!(news[0], News::Resuming { from_bytes: 500 });
    assert_eq!(scene.mirror.ranges(), [Some("bytes=500-".to_owned())]);
}

#[tokio::test]
async fn a_file_that_changed_on_the_server_is_fetched_from_its_start() {
    let scene = Scene::new(&[Answer::Good]).await.with_left_over(&[1; 500], Some("\"another\""));
    let (outcome, _) = scene.pull().await;
    scene.assert_complete(outcome);
}

#[tokio::test]
async fn a_left_over_of_other_bytes_is_thrown_away_after_the_digest_differs() {
    let scene = Scene::new(&[Answer::Good]).await.with_left_over(&[1; 500], None);
    let (outcome, _) = scene.pull().await;
    scene.assert_complete(outcome);
    assert_eq!(scene.mirror.ranges(), [Some("bytes=500-".to_owned()), None]);
}

#[tokio::test]
async fn a_server_that_ignores_ranges_sends_the_whole_file() {
    let scene = Scene::new(&[Answer::IgnoresRange]).await.with_left_over(&[1; 500], None);
    let (outcome, _) = scene.pull().await;
    scene.assert_complete(outcome);
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let scene = Scene::new(&[Answer::Status(StatusCode::SERVICE_UNAVAILABLE), Answer::Good]).await;
    let (outcome, _) = scene.pull().await;
    scene.assert_complete(outcome);
}

#[tokio::test]
async fn a_left_over_longer_than_the_file_is_thrown_away() {
    let scene = Scene::new(&[Answer::Good]).await.with_left_over(&[1; 100_000], None);
    let (outcome, _) = scene.pull().await;
    scene.assert_complete(outcome);
}

#[tokio::test]
async fn wrong_bytes_are_refused_by_their_digest() {
    let mut scene = Scene::new(&[Answer::Good]).await;
    scene.entry.sha256 = Some(Cow::Owned("0".repeat(64)));
    scene.assert_refused("instead of the 0000").await;
}

#[tokio::test]
async fn a_file_of_the_right_size_that_is_no_model_is_refused() {
    Scene::new(&[Answer::OtherBytes]).await.assert_refused("is not a Whisper model in ggml format").await;
}

#[tokio::test]
async fn a_wrong_size_is_refused_before_it_is_downloaded() {
    Scene::new(&[Answer::Shorter]).await.assert_refused("The mirror is out of date").await;
}

#[tokio::test]
async fn a_missing_file_is_said_to_be_missing() {
    Scene::new(&[Answer::Status(StatusCode::NOT_FOUND)]).await.assert_refused("answered 404").await;
}

#[tokio::test]
async fn a_login_page_with_status_200_is_not_taken_for_a_model() {
    Scene::new(&[Answer::LoginPage]).await.assert_refused("a web page instead of a model").await;
}

#[tokio::test]
async fn a_server_that_never_gets_anywhere_is_given_up_and_what_came_is_kept() {
    let scene = Scene::new(&[Answer::CutAfter(400), Answer::Status(StatusCode::BAD_GATEWAY)]).await;
    let (outcome, _) = scene.pull().await;
    assert!(outcome.unwrap_err().to_string().starts_with("The download was given up after 5 tries"));
    assert_eq!(fs::metadata(scene.dir.path().join("ggml-base.bin.part")).unwrap().len(), 400);
}

#[tokio::test]
async fn a_refused_connection_names_the_host() {
    let mut scene = Scene::new(&[Answer::Good]).await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        scene.mirror.base_url = format!("{scheme}://{unused}");
        let error = scene.pull().await.0.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1 could not be reached"), "{error}");
    }
}

#[tokio::test]
async fn the_miniature_is_not_offered_for_download() {
    let mut scene = Scene::new(&[Answer::Good]).await;
    scene.entry = entry_named("mini-q8_0").unwrap();
    let error = scene.pull().await.0.unwrap_err().to_string();
    assert!(error.contains("ships with callscribe"), "{error}");
}
