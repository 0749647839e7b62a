//! One audio file, from a host to a file on disk.

use std::path::Path;
use std::time::Instant;

use reqwest::Response;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, RANGE,
};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::{CallError, Client, Request, host_of};

/// Slowest download that is waited for, in bytes a second: speech at its smallest takes a thousand.
pub const BYTES_PER_S_MIN: u64 = 512;
/// How often a download that broke off is gone on with, in one attempt.
const RESUMES_MAX: usize = 3;

/// A file that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Its size.
    pub bytes: u64,
    /// What the host calls it; hosts are often wrong.
    pub content_type: Option<String>,
}

/// How far one response has come.
struct Pouring<'a> {
    file: &'a mut File,
    have: u64,
    bytes_max: u64,
    /// When the answer that is poured began, and what was there then.
    began: Instant,
    had: u64,
}

impl Client {
    /// Writes what `request` brings into the file `into`, at most `bytes_max` bytes. Goes on where a connection broke if
    /// the host lets it, else begins again.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. [`CallError::Broken`] for a page or a message that came with status 200 instead of audio.
    pub async fn download(&self, request: Request, into: &Path, bytes_max: u64) -> Result<Downloaded, CallError> {
        let host = host_of(request.url());
        let limit = self.timing.download;
        let downloaded = tokio::time::timeout(limit, self.download_patiently(request, into, bytes_max));
        downloaded.await.unwrap_or(Err(CallError::TimedOut { host, seconds: limit.as_secs() }))
    }

    async fn download_patiently(&self, request: Request, into: &Path, bytes_max: u64) -> Result<Downloaded, CallError> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(into)
            .await
            .map_err(CallError::Write)?;
        let mut validator: Option<HeaderValue> = None;
        let mut pouring = Pouring { file: &mut file, have: 0, bytes_max, began: Instant::now(), had: 0 };
        let mut resumes = 0;
        loop {
            let asked = match validator.clone().filter(|_| pouring.have > 0) {
                Some(validator) => {
                    let range = HeaderValue::from_str(&format!("bytes={}-", pouring.have));
                    let range =
                        range.map_err(|_| CallError::broken(&host_of(request.url()), "cannot be gone on with"))?;
                    request.clone().header(RANGE, range).header(IF_RANGE, validator)
                }
                None => request.clone(),
            };
            self.hosts.check(asked.url())?;
            self.turn(&asked).await?;
            let response = self.follow(&asked).await?;
            if pouring.have > 0 && !continues_at(&response, pouring.have) {
                pouring.begin_again().await?;
            }
            (pouring.began, pouring.had) = (Instant::now(), pouring.have);
            validator = response.headers().get(ETAG).filter(|etag| !etag.as_bytes().starts_with(b"W/")).cloned();
            let content_type = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let content_type = content_type.map(str::to_owned);
            match self.pour(response, &mut pouring).await {
                Ok(()) => {
                    pouring.file.flush().await.map_err(CallError::Write)?;
                    if !pouring.is_audio().await.map_err(CallError::Write)? {
                        let host = host_of(request.url());
                        return Err(CallError::broken(&host, "is of no format that holds audio"));
                    }
                    return Ok(Downloaded { bytes: pouring.have, content_type });
                }
                Err(CallError::Network { .. }) if resumes < RESUMES_MAX => resumes += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn pour(&self, mut response: Response, pouring: &mut Pouring<'_>) -> Result<(), CallError> {
        let host = host_of(response.url());
        if response.headers().contains_key(CONTENT_ENCODING) {
            return Err(CallError::broken(&host, "is compressed, which was not asked for"));
        }
        let length =
            response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        // A part that nobody asked for is no whole.
        let whole = total(&response).or(length.map(|length| pouring.have + length));
        if whole.is_some_and(|whole| whole > pouring.bytes_max) {
            return Err(CallError::TooLarge { host, max_bytes: pouring.bytes_max });
        }
        while let Some(piece) = response.chunk().await.map_err(|error| CallError::network(&host, &error))? {
            if pouring.have == 0 && is_no_audio(&piece) {
                return Err(CallError::broken(&host, "is a page or a message, not audio"));
            }
            if pouring.have + piece.len() as u64 > pouring.bytes_max {
                return Err(CallError::TooLarge { host, max_bytes: pouring.bytes_max });
            }
            pouring.file.write_all(&piece).await.map_err(CallError::Write)?;
            pouring.have += piece.len() as u64;
            self.count_received(&host, piece.len() as u64);
            let took = pouring.began.elapsed();
            if took > self.timing.patience && pouring.have - pouring.had < BYTES_PER_S_MIN * took.as_secs() {
                return Err(CallError::TimedOut { host, seconds: took.as_secs() });
            }
        }
        match whole {
            Some(whole) if whole != pouring.have => {
                Err(CallError::Network { host, why: "the audio ended early".to_owned() })
            }
            _ if pouring.have == 0 => Err(CallError::broken(&host, "is empty")),
            _ => Ok(()),
        }
    }
}

impl Pouring<'_> {
    /// Whether what came begins like one of the formats that providers send; types and names lie.
    async fn is_audio(&mut self) -> std::io::Result<bool> {
        let mut head = [0; 12];
        self.file.rewind().await?;
        let mut have = 0;
        while have < head.len() {
            match self.file.read(&mut head[have..]).await? {
                0 => break,
                more => have += more,
            }
        }
        Ok(begins_like_audio(&head[..have]))
    }

    async fn begin_again(&mut self) -> Result<(), CallError> {
        self.file.set_len(0).await.map_err(CallError::Write)?;
        self.file.rewind().await.map_err(CallError::Write)?;
        self.have = 0;
        Ok(())
    }
}

/// True when the answer is the rest of what is there, and not all of it again.
fn continues_at(response: &Response, have: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    response.status().as_u16() == 206 && start == Some(have)
}

/// The size of the whole that an answer is a part of.
fn total(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE).filter(|_| response.status().as_u16() == 206)?;
    range.to_str().ok()?.rsplit('/').next()?.parse().ok()
}

/// RIFF and its kin, MP3 with and without tags, AAC, MP4, Ogg, FLAC, AIFF, AMR.
fn begins_like_audio(head: &[u8]) -> bool {
    let is_frame = matches!(head, [0xFF, second, ..] if second & 0xE0 == 0xE0);
    let names: [&[u8]; 8] = [b"RIFF", b"RIFX", b"RF64", b"ID3", b"OggS", b"fLaC", b"FORM", b"#!AMR"];
    is_frame || head.get(4..8) == Some(b"ftyp") || names.iter().any(|name| head.starts_with(name))
}

/// Markup and JSON begin like this; no audio format does.
fn is_no_audio(piece: &[u8]) -> bool {
    let text = piece.trim_ascii_start();
    matches!(text.first(), Some(b'<' | b'{')) || text.starts_with(b"\xEF\xBB\xBF<")
}
