//! Where things are: at their source and on this machine's disk.

use std::ops::Bound;

use super::index::source_key;
use super::record::{self, Row};
use super::schema::{BY_LOCATOR, RECORDINGS};
use super::{Store, StoreError, Verdict};
use crate::call::{AccountName, ProviderKind, RecordingId, Step, StepState};

impl Store {
    /// Places a source's recordings were found at, with the recording, in their order: `limit` behind `after`.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn known_locators(
        &self,
        provider: ProviderKind,
        account: &AccountName,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, RecordingId)>, StoreError> {
        self.read(|tx| {
            let source = source_key(provider, account);
            let mut known = Vec::new();
            for entry in
                tx.open_table(BY_LOCATOR)?.range::<(&str, &str)>((source.as_str(), after.unwrap_or_default())..)?
            {
                let (key, id) = entry?;
                let (of, locator) = key.value();
                if of != source || known.len() >= limit {
                    break;
                }
                if after != Some(locator) {
                    known.push((locator.to_owned(), RecordingId::from_bytes(*id.value())));
                }
            }
            Ok(known)
        })
    }

    /// The recordings with audio, with its path below `recordings/` and whether there is a transcript: in order of
    /// their ids, looking at no more than `limit` recordings behind `after`. With it comes where to go on.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn audio_files(&self, after: Option<RecordingId>, limit: usize) -> Result<AudioFiles, StoreError> {
        self.read(|tx| {
            let start = after.as_ref().map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_bytes()));
            let mut files = AudioFiles::default();
            for entry in tx.open_table(RECORDINGS)?.range::<&[u8; 16]>((start, Bound::Unbounded))?.take(limit) {
                let (id, bytes) = entry?;
                let id = RecordingId::from_bytes(*id.value());
                files.last = Some(id);
                let recording = record::decode::<Row>(bytes.value())?.recording;
                if let Some(audio) = recording.audio {
                    files.files.push((id, audio.path, recording.transcript.is_some()));
                }
            }
            Ok(files)
        })
    }

    /// Runs `remove` if the audio at `relative` is nobody's: its recording was removed, or has other audio or none and
    /// nobody is fetching it. Nobody can begin to while it runs. Absent when the file is wanted.
    ///
    /// # Errors
    ///
    /// As [`Store::claim`].
    pub fn unless_wanted<T>(
        &self,
        id: RecordingId,
        relative: &str,
        remove: impl FnOnce() -> T,
    ) -> Result<Option<T>, StoreError> {
        self.write(|tables| {
            let is_wanted = tables.row(id)?.is_none_or(|row| {
                let recording = row.recording;
                let is_its = recording.audio.as_ref().is_some_and(|audio| audio.path == relative);
                let is_fetched = matches!(recording.steps.get(Step::DownloadAudio).state, StepState::Running { .. });
                recording.deletion.is_none() && (is_its || is_fetched)
            });
            Ok(Verdict::Drop(if is_wanted { None } else { Some(remove()) }))
        })
    }
}

/// A piece of the list of audio files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AudioFiles {
    /// (recording, path below `recordings/`, whether it has a transcript).
    pub files: Vec<(RecordingId, String, bool)>,
    /// The last recording looked at; `None` when there was none left.
    pub last: Option<RecordingId>,
}
