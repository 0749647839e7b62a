//! Downloads a published model: resumes, verifies, and only then takes the place of what was there.
//!
//! Bytes go to `<file>.part` beside the model, with the server's validator in `<file>.part.etag`. A later run goes on
//! from there with `Range` and `If-Range`. Whatever fails, the model that was there stays.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::io::AsyncWriteExt;

use super::bring::{ensure_space, put_in_place};
use super::{DOWNLOAD_BASE_URL, ModelEntry, ModelError, Verdict, verify};

/// A server that does not answer the connection in this time is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest silence inside a download.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections in a row that bring nothing before the download is given up.
const FRUITLESS_MAX: u32 = 5;
/// Longest wait a server may ask for with `Retry-After`; somebody is watching.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// How to download.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// The folder of files; a mirror's or the publisher's.
    pub base_url: String,
    /// Wait before a broken connection is tried again; grows with each fruitless try.
    pub retry_pause: Duration,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self { base_url: DOWNLOAD_BASE_URL.to_owned(), retry_pause: Duration::from_secs(2) }
    }
}

/// What a download tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// An earlier run left this much.
    Resuming {
        /// Bytes already here.
        from_bytes: u64,
    },
    /// A request went out.
    Asked {
        /// To this host.
        host: String,
    },
    /// The answer comes from a host, which may be another one than was asked.
    Answered {
        /// From this one.
        host: String,
    },
    /// Bytes here so far.
    Received {
        /// Of the whole file.
        bytes: u64,
    },
    /// The connection broke; it is tried again.
    Retrying {
        /// Why, as a sentence.
        reason: String,
    },
    /// All bytes are here; size and digest are being checked.
    Verifying,
}

/// How a pull ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// It was here already, and whole.
    AlreadyHere(PathBuf),
    /// It was downloaded and verified.
    Downloaded(PathBuf),
}

/// Brings `entry` into `dir`.
///
/// # Errors
///
/// [`ModelError::Download`] for what the network or the server did, [`ModelError::Damaged`] when what came is not the
/// model, [`ModelError::NoSpace`]. Nothing that was in `dir` before has changed then, save the partial download.
pub async fn pull(
    entry: &ModelEntry,
    dir: &Path,
    options: &PullOptions,
    news: &mut (dyn FnMut(News) + Send),
) -> Result<Pulled, ModelError> {
    let (true, Some(size_bytes)) = (entry.published, entry.size_bytes) else {
        return Err(ModelError::NotFound {
            name: entry.name.to_string(),
            mend: "It is not published for download; it ships with callscribe.".to_owned(),
        });
    };
    let target = dir.join(&*entry.file_name);
    if target.is_file() && verified(target.clone(), entry.clone()).await.is_ok() {
        return Ok(Pulled::AlreadyHere(target));
    }
    fs::create_dir_all(dir).map_err(ModelError::io(dir, "made"))?;
    let mut download = Download::open(entry, size_bytes, dir, options)?;
    let resumed = download.received_bytes > 0;
    if resumed {
        news(News::Resuming { from_bytes: download.received_bytes });
    }
    ensure_space(dir, size_bytes.saturating_sub(download.received_bytes))?;
    download.receive_all(news).await?;
    news(News::Verifying);
    if let Err(error) = verified(download.part.clone(), entry.clone()).await {
        download.start_over()?;
        if !resumed {
            download.discard();
            return Err(error);
        }
        // The left-over of the earlier run may have been the bad part: once more, from the first byte.
        news(News::Retrying { reason: error.to_string() });
        download.receive_all(news).await?;
        news(News::Verifying);
        if let Err(error) = verified(download.part.clone(), entry.clone()).await {
            download.discard();
            return Err(error);
        }
    }
    put_in_place(&download.part, &target)?;
    download.discard();
    Ok(Pulled::Downloaded(target))
}

async fn verified(path: PathBuf, entry: ModelEntry) -> Result<Verdict, ModelError> {
    tokio::task::spawn_blocking(move || verify(&path, &entry, &mut |_| ()))
        .await
        .map_err(|error| ModelError::Download(format!("Verifying the download failed: {error}.")))?
}

/// Why one connection brought no more.
enum Broken {
    /// Worth another try.
    Passing { reason: String, after: Option<Duration> },
    /// Not worth another.
    Final(ModelError),
}

impl From<ModelError> for Broken {
    fn from(error: ModelError) -> Self {
        Self::Final(error)
    }
}

/// A download under way: the partial file, locked, and where its bytes come from.
struct Download {
    client: Client,
    url: Url,
    part: PathBuf,
    etag_path: PathBuf,
    file: File,
    size_bytes: u64,
    received_bytes: u64,
    retry_pause: Duration,
}

impl Download {
    fn open(entry: &ModelEntry, size_bytes: u64, dir: &Path, options: &PullOptions) -> Result<Self, ModelError> {
        let (client, url) = client_for(&format!("{}/{}", options.base_url.trim_end_matches('/'), entry.file_name))?;
        let part = dir.join(format!("{}.part", entry.file_name));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&part)
            .map_err(ModelError::io(&part, "written"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let sentence = format!("{} is being downloaded by another callscribe; wait for it.", entry.name);
                return Err(ModelError::Download(sentence));
            }
            Err(TryLockError::Error(source)) => return Err(ModelError::io(&part, "locked")(source)),
        }
        let received_bytes = file.metadata().map_err(ModelError::io(&part, "read"))?.len();
        let etag_path = dir.join(format!("{}.part.etag", entry.file_name));
        let retry_pause = options.retry_pause;
        let mut download = Self { client, url, part, etag_path, file, size_bytes, received_bytes, retry_pause };
        if received_bytes > size_bytes {
            download.start_over()?;
        }
        Ok(download)
    }

    async fn receive_all(&mut self, news: &mut (dyn FnMut(News) + Send)) -> Result<(), ModelError> {
        let mut fruitless = 0;
        while self.received_bytes < self.size_bytes {
            let before = self.received_bytes;
            let Err(broken) = self.receive(news).await else { continue };
            let (reason, after) = match broken {
                Broken::Passing { reason, after } => (reason, after),
                Broken::Final(error) => return Err(error),
            };
            fruitless = if self.received_bytes > before { 1 } else { fruitless + 1 };
            if fruitless >= FRUITLESS_MAX {
                let sentence = format!(
                    "The download was given up after {FRUITLESS_MAX} tries: {reason}. What came is kept; the same command goes on from there."
                );
                return Err(ModelError::Download(sentence));
            }
            news(News::Retrying { reason });
            tokio::time::sleep(after.unwrap_or(self.retry_pause * fruitless)).await;
        }
        self.file.sync_all().map_err(ModelError::io(&self.part, "written"))
    }

    /// One connection: asks for what is missing and writes what comes.
    async fn receive(&mut self, news: &mut (dyn FnMut(News) + Send)) -> Result<(), Broken> {
        news(News::Asked { host: named(&self.url) });
        let response = self.request().await?;
        news(News::Answered { host: named(response.url()) });
        self.place_response(&response)?;
        let mut file = tokio::fs::File::from_std(self.file.try_clone().map_err(ModelError::io(&self.part, "written"))?);
        let mut body = response.bytes_stream();
        let mut outcome = Ok(());
        while let Some(chunk) = body.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    outcome = Err(passing(format!("the connection broke ({})", innermost(&error))));
                    break;
                }
            };
            if self.received_bytes + chunk.len() as u64 > self.size_bytes {
                outcome = Err(self.wrong_size("more").into());
                break;
            }
            file.write_all(&chunk).await.map_err(ModelError::io(&self.part, "written"))?;
            self.received_bytes += chunk.len() as u64;
            news(News::Received { bytes: self.received_bytes });
        }
        file.flush().await.map_err(ModelError::io(&self.part, "written"))?;
        if outcome.is_ok() && self.received_bytes < self.size_bytes {
            return Err(passing("the server closed the connection early".to_owned()));
        }
        outcome
    }

    async fn request(&self) -> Result<Response, Broken> {
        let mut request = self.client.get(self.url.clone());
        if self.received_bytes > 0 {
            request = request.header(RANGE, format!("bytes={}-", self.received_bytes));
            if let Ok(etag) = fs::read_to_string(&self.etag_path) {
                request = request.header(IF_RANGE, etag);
            }
        }
        let response = request
            .send()
            .await
            .map_err(|error| passing(format!("{} could not be reached ({})", host_of(&self.url), innermost(&error))))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let after = after.map(Duration::from_secs).map(|asked| asked.min(RETRY_AFTER_MAX));
            return Err(Broken::Passing { reason: format!("{} answered {status}", host_of(&self.url)), after });
        }
        Ok(response)
    }

    /// Decides what the answer's body is: the rest of the file, the whole file, or nothing we want.
    fn place_response(&mut self, response: &Response) -> Result<(), Broken> {
        let status = response.status();
        let is_page =
            response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        match status {
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.start_over()?;
                return Err(passing("the server has another file than before".to_owned()));
            }
            StatusCode::OK | StatusCode::PARTIAL_CONTENT if is_page => {
                return Err(self
                    .refused("answered with a web page instead of a model; a proxy or login page may be in between"));
            }
            StatusCode::OK => self.start_over()?,
            StatusCode::PARTIAL_CONTENT => self.check_range(response)?,
            StatusCode::NOT_FOUND => {
                return Err(self.refused("answered 404: it does not have this file. A mirror given with --from must hold the files under their published names"));
            }
            _ => return Err(self.refused(&format!("answered {status}"))),
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
        // A weak validator promises the same meaning, not the same bytes.
        if let Some(etag) = etag.filter(|etag| !etag.starts_with("W/")) {
            fs::write(&self.etag_path, etag).map_err(ModelError::io(&self.etag_path, "written"))?;
        }
        if response.content_length().is_some_and(|length| self.received_bytes + length != self.size_bytes) {
            return Err(self.wrong_size("another number of bytes").into());
        }
        Ok(())
    }

    fn check_range(&mut self, response: &Response) -> Result<(), Broken> {
        let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
        if range.starts_with(&format!("bytes {}-", self.received_bytes)) {
            return Ok(());
        }
        self.start_over()?;
        Err(passing("the server answered with another range than asked for".to_owned()))
    }

    /// Empties the partial file.
    fn start_over(&mut self) -> Result<(), ModelError> {
        // The file is open for appending, so the next byte lands at the new end.
        self.file.set_len(0).map_err(ModelError::io(&self.part, "written"))?;
        self.received_bytes = 0;
        remove_quietly(&self.etag_path);
        Ok(())
    }

    /// Takes away what the download left; after the rename that is the validator alone.
    fn discard(&self) {
        remove_quietly(&self.part);
        remove_quietly(&self.etag_path);
    }

    fn refused(&self, what: &str) -> Broken {
        Broken::Final(ModelError::Download(format!("{} {what}.", self.url)))
    }

    fn wrong_size(&self, what: &str) -> ModelError {
        let sentence = format!(
            "{} sends {what} than the {} bytes of the published file. The mirror is out of date, or something in between changes what it sends.",
            self.url, self.size_bytes
        );
        ModelError::Download(sentence)
    }
}

fn client_for(address: &str) -> Result<(Client, Url), ModelError> {
    let url = Url::parse(address)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| ModelError::Download(format!("'{address}' is not an http or https address.")))?;
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only when another thread was quicker; then a provider is there as well.
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    let mut builder = Client::builder()
        .user_agent(concat!("callscribe/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .https_only(url.scheme() == "https");
    if matches!(host_of(&url), "localhost" | "127.0.0.1" | "[::1]") {
        builder = builder.no_proxy();
    }
    let client = builder
        .build()
        .map_err(|error| ModelError::Download(format!("No download is possible: {}.", innermost(&error))))?;
    Ok((client, url))
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// The host, with its port where it is not the usual one.
fn named(url: &Url) -> String {
    url.port().map_or_else(|| host_of(url).to_owned(), |port| format!("{}:{port}", host_of(url)))
}

const fn passing(reason: String) -> Broken {
    Broken::Passing { reason, after: None }
}

/// The cause at the bottom of a chain of errors: the part a person can act on.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

fn remove_quietly(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "A left-over of a download could not be removed.");
    }
}
