//! A window onto a file, as the media library wants to read it.
//!
//! Lets a demuxer start behind a tag, end before one, see a header of our making, or believe in a tail that was cut
//! off.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use symphonia::core::io::MediaSource;

/// Bytes of `prefix`, then `start..end` of the file.
pub(super) struct Source {
    file: File,
    prefix: Vec<u8>,
    start: u64,
    end: u64,
    /// Length that is claimed; reads behind the real end give end of file.
    claimed_len: u64,
    pos: u64,
}

impl Source {
    /// The bytes `start..end` of the file.
    pub(super) fn window(file: File, start: u64, end: u64) -> Self {
        Self { file, prefix: Vec::new(), start, end, claimed_len: end.saturating_sub(start), pos: 0 }
    }

    /// The same with `prefix` before it.
    pub(super) fn with_prefix(mut self, prefix: Vec<u8>) -> Self {
        self.claimed_len += prefix.len() as u64;
        self.prefix = prefix;
        self
    }

    /// The same, claiming to be at least `len` bytes long: a demuxer that refuses a cut-off file reads what is there.
    pub(super) fn claiming(mut self, len: u64) -> Self {
        self.claimed_len = self.claimed_len.max(len);
        self
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let prefix_len = self.prefix.len() as u64;
        let count = if self.pos < prefix_len {
            let rest = &self.prefix[self.pos as usize..];
            let count = rest.len().min(buf.len());
            buf[..count].copy_from_slice(&rest[..count]);
            count
        } else {
            let at = self.start.saturating_add(self.pos - prefix_len);
            let count = self.end.saturating_sub(at).min(buf.len() as u64) as usize;
            if count == 0 { 0 } else { self.file.read_at(&mut buf[..count], at)? }
        };
        self.pos += count as u64;
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(pos) => Some(pos),
            SeekFrom::Current(delta) => self.pos.checked_add_signed(delta),
            SeekFrom::End(delta) => self.claimed_len.checked_add_signed(delta),
        };
        self.pos = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.pos)
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.claimed_len)
    }
}

/// Reads as much of `buf` as the file has from `at` on.
pub(super) fn read_full_at(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match file.read_at(&mut buf[filled..], at.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            // An offset no file can have reads like one behind the end.
            Err(err) if err.kind() == io::ErrorKind::InvalidInput => break,
            Err(err) => return Err(err),
        }
    }
    Ok(filled)
}
