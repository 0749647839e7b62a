//! Words under the operator's veil: the one door through which transcripts, second opinions and what is drawn from them
//! leave the store, and the one place where it is decided in which form they are kept.
//!
//! What is kept masked was masked before its first commit: no page of the file, free ones included, ever held the words.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use redb::{ReadTransaction, ReadableTable as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Fault;
use super::outcome::{facts_of, preview_of};
use super::query::row;
use super::record;
use super::schema::{OPINIONS, SECRETS, TRANSCRIPTS, Tables};
use super::seal::{SEAL_FILE, Sealer};
use super::{SealError, Store, StoreError};
use crate::call::{
    OpinionFacts, PiiSpan, Place, Recording, RecordingId, SecondOpinion, Silence, Transcript, TranscriptFacts,
    TranscriptSource, Unredacted, Veil,
};

/// Stands before a window that was sealed; no window begins like that, it is JSON.
const SEALED_WINDOW: &str = "sealed:";

/// The veil, and the key for what is sealed behind it.
#[derive(Debug, Clone)]
pub(super) struct Curtain {
    pub(super) veil: Arc<dyn Veil>,
    /// Absent where nothing is, or was, to be sealed.
    sealer: Option<Sealer>,
}

impl Curtain {
    fn fate(&self) -> Unredacted {
        self.veil.policy().fate()
    }

    fn sealed(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let keyless = || StoreError::WrongState("There is no key to seal words with.".to_owned());
        self.sealer.as_ref().ok_or_else(keyless)?.seal(name, bytes).map_err(unsealed)
    }
}

impl Store {
    /// From now on words are kept and shown through `veil`. Whoever opens the operator's store says so first; a second
    /// time changes nothing. Blocking: reads the key in the state folder, and makes it where something is to be sealed.
    ///
    /// # Errors
    ///
    /// [`SealError::Key`].
    pub fn show_through(&self, veil: Arc<dyn Veil>, state_dir: &Path) -> Result<(), SealError> {
        let sealer = match veil.policy().fate() {
            // What was sealed under another policy can be opened by whoever may read the key.
            Unredacted::Keep if state_dir.join(SEAL_FILE).exists() => Sealer::open(state_dir).ok(),
            Unredacted::Keep => None,
            Unredacted::Seal | Unredacted::Drop => Some(Sealer::open(state_dir)?),
        };
        let _the_first_stays = self.0.curtain.set(Curtain { veil, sealer });
        Ok(())
    }

    /// Names what words are shown through; 0 when nothing is masked.
    pub fn veil_mark(&self) -> u64 {
        self.0.curtain.get().map_or(0, |curtain| curtain.veil.mark())
    }

    /// Whether anything is masked in a place.
    pub fn masks_in(&self, place: Place) -> bool {
        self.0.curtain.get().is_some_and(|curtain| curtain.veil.policy().masks_in(place))
    }

    /// What becomes of words and sound as they were.
    pub fn fate(&self) -> Unredacted {
        self.0.curtain.get().map_or(Unredacted::Keep, Curtain::fate)
    }

    /// Where a transcript holds personal data; nowhere where nobody can tell.
    pub fn places_of(&self, transcript: &Transcript) -> Vec<PiiSpan> {
        self.0.curtain.get().map(|curtain| curtain.veil.places(transcript)).unwrap_or_default()
    }

    /// A transcript that is not in the store, as a place may show it.
    pub fn veiled(&self, transcript: Transcript, place: Place) -> Transcript {
        match self.0.curtain.get().filter(|curtain| curtain.veil.policy().masks_in(place)) {
            Some(curtain) => curtain.veil.transcript(&transcript),
            None => transcript,
        }
    }

    /// The transcript of a recording, words and all, as the API shows it.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn transcript(&self, id: RecordingId) -> Result<Option<Transcript>, StoreError> {
        self.transcript_in(id, Place::Text)
    }

    /// The transcript of a recording, as a place may show it.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn transcript_in(&self, id: RecordingId, place: Place) -> Result<Option<Transcript>, StoreError> {
        Ok(self.spoken(id)?.map(|transcript| self.veiled(transcript, place)))
    }

    /// The transcript as it lies in the store: for the steps that work on it, and for nobody who shows it.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn spoken(&self, id: RecordingId) -> Result<Option<Transcript>, StoreError> {
        self.read(|tx| stored_words(tx, id))
    }

    /// What the provider made of a call, as the API shows it.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn opinion(&self, id: RecordingId) -> Result<Option<SecondOpinion>, StoreError> {
        self.read(|tx| {
            let (ours, opinion) = (stored_words(tx, id)?, stored_opinion(tx, id)?);
            Ok(opinion.map(|opinion| self.veiled_opinion(ours.as_ref(), opinion, Place::Text)))
        })
    }

    /// The second opinion as it lies in the store; see [`Store::spoken`].
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn spoken_opinion(&self, id: RecordingId) -> Result<Option<SecondOpinion>, StoreError> {
        self.read(|tx| stored_opinion(tx, id))
    }

    pub(super) fn veiled_opinion(
        &self,
        ours: Option<&Transcript>,
        opinion: SecondOpinion,
        place: Place,
    ) -> SecondOpinion {
        match self.0.curtain.get().filter(|curtain| curtain.veil.policy().masks_in(place)) {
            Some(curtain) => curtain.veil.opinion(ours, &opinion),
            None => opinion,
        }
    }

    /// The transcript without a veil: from the sealed part, else as it lies in the store. For those who may see it.
    ///
    /// # Errors
    ///
    /// As [`Store::get`]; [`StoreError::OtherKey`] when it was sealed with another key.
    pub fn unmasked(&self, id: RecordingId) -> Result<Option<Transcript>, StoreError> {
        let Some(stored) = self.spoken(id)? else { return Ok(None) };
        let sealed = match stored.source {
            // The language may have been weighed since the words were sealed.
            TranscriptSource::Local => self.sealed::<Transcript>(id, &words_name(id))?.map(|sealed| Transcript {
                language: stored.language.clone(),
                language_confidence: stored.language_confidence,
                heard: stored.heard.clone(),
                ..sealed
            }),
            TranscriptSource::Provider => self.unmasked_opinion(id)?.and_then(|opinion| opinion.transcript),
        };
        Ok(Some(sealed.unwrap_or(stored)))
    }

    /// The second opinion without a veil; see [`Store::unmasked`].
    ///
    /// # Errors
    ///
    /// As [`Store::unmasked`].
    pub fn unmasked_opinion(&self, id: RecordingId) -> Result<Option<SecondOpinion>, StoreError> {
        let Some(stored) = self.spoken_opinion(id)? else { return Ok(None) };
        Ok(Some(self.sealed::<SecondOpinion>(id, &opinion_name(id))?.unwrap_or(stored)))
    }

    fn sealed<T: DeserializeOwned>(&self, id: RecordingId, name: &str) -> Result<Option<T>, StoreError> {
        let bytes = self.read(|tx| Ok(tx.open_table(SECRETS)?.get(name)?.map(|bytes| bytes.value().to_vec())))?;
        let (Some(bytes), Some(curtain)) = (bytes, self.0.curtain.get()) else { return Ok(None) };
        let opened = curtain.sealer.as_ref().and_then(|sealer| sealer.unseal(name, bytes).ok());
        let opened = opened.and_then(|opened| record::decode(&opened).ok());
        opened.map(Some).ok_or(StoreError::OtherKey(id))
    }

    /// The key for what is sealed beside the database.
    pub fn sealer(&self) -> Option<Sealer> {
        self.0.curtain.get()?.sealer.clone()
    }

    /// Where the sound of a recording holds personal data; `None` while there is no transcript of that sound that could tell.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn silences(&self, id: RecordingId) -> Result<Option<Vec<Silence>>, StoreError> {
        let Some(curtain) = self.0.curtain.get() else { return Ok(None) };
        let transcript = self.read(|tx| {
            let audio = row(tx, id)?.and_then(|row| row.recording.audio);
            if audio.is_some_and(|audio| audio.unheard) { Ok(None) } else { stored_words(tx, id) }
        })?;
        Ok(transcript.map(|transcript| curtain.veil.silences(&transcript)))
    }

    /// A recording as it may be shown: what was drawn from its words under another policy is left out until it is drawn
    /// anew.
    pub(super) fn shown(&self, mut recording: Recording) -> Recording {
        let mark = self.veil_mark();
        if mark == 0 {
            return recording;
        }
        if let Some(facts) = recording.transcript.as_mut().filter(|facts| facts.veil != mark) {
            facts.preview.clear();
        }
        recording.insight = recording.insight.filter(|insight| insight.veil == mark);
        recording
    }

    /// A finished window as it was given; `None` when it was sealed with another key.
    pub(super) fn opened_window(&self, id: RecordingId, kept: &str) -> Option<String> {
        let Some(sealed) = kept.strip_prefix(SEALED_WINDOW) else { return Some(kept.to_owned()) };
        let bytes = BASE64_STANDARD.decode(sealed).ok()?;
        let opened = self.0.curtain.get()?.sealer.as_ref()?.unseal(&window_name(id), bytes).ok()?;
        String::from_utf8(opened).ok()
    }
}

pub(super) fn stored_words(tx: &ReadTransaction, id: RecordingId) -> Result<Option<Transcript>, Fault> {
    let bytes = tx.open_table(TRANSCRIPTS)?.get(id.as_bytes())?;
    Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
}

pub(super) fn stored_opinion(tx: &ReadTransaction, id: RecordingId) -> Result<Option<SecondOpinion>, Fault> {
    let bytes = tx.open_table(OPINIONS)?.get(id.as_bytes())?;
    Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
}

fn words_name(id: RecordingId) -> String {
    format!("words/{id}")
}

fn opinion_name(id: RecordingId) -> String {
    format!("opinion/{id}")
}

/// The name under which the audio of a recording is sealed, beside the database.
pub fn sealed_audio_name(id: RecordingId) -> String {
    format!("audio/{id}")
}

fn window_name(id: RecordingId) -> String {
    format!("window/{id}")
}

impl Tables<'_> {
    /// Names what words are kept through.
    pub(super) fn mark(&self) -> u64 {
        self.curtain.as_ref().map_or(0, |curtain| curtain.veil.mark())
    }

    /// Keeps a transcript in the form the operator wants it kept in, and says what the row knows of it. `is_spoken`: it
    /// comes as it was spoken, and not from what is kept already.
    pub(super) fn keep_words(
        &mut self,
        id: RecordingId,
        transcript: &Transcript,
        is_spoken: bool,
    ) -> Result<TranscriptFacts, Fault> {
        let mut facts = facts_of(transcript);
        let Some(curtain) = self.curtain.clone().filter(|curtain| curtain.veil.mark() != 0) else {
            self.transcripts.insert(id.as_bytes(), record::encode(transcript)?.as_slice())?;
            if is_spoken {
                self.secrets.remove(words_name(id).as_str())?;
            }
            return Ok(facts);
        };
        let masked = curtain.veil.transcript(transcript);
        facts.veil = curtain.veil.mark();
        if curtain.veil.policy().masks_in(Place::Text) {
            facts.preview = preview_of(&masked);
        }
        let fate = curtain.fate();
        let kept = if fate == Unredacted::Keep { transcript } else { &masked };
        self.transcripts.insert(id.as_bytes(), record::encode(kept)?.as_slice())?;
        match fate {
            Unredacted::Seal if is_spoken => self.seal(&curtain, &words_name(id), transcript)?,
            Unredacted::Drop => drop(self.secrets.remove(words_name(id).as_str())?),
            // Sealed under another policy, of words that these replace.
            Unredacted::Keep if is_spoken => drop(self.secrets.remove(words_name(id).as_str())?),
            Unredacted::Keep | Unredacted::Seal => {}
        }
        Ok(facts)
    }

    /// The same for a second opinion; `ours` is our transcript as it is kept.
    pub(super) fn keep_second(
        &mut self,
        id: RecordingId,
        ours: Option<&Transcript>,
        opinion: &SecondOpinion,
    ) -> Result<OpinionFacts, Fault> {
        let curtain = self.curtain.clone().filter(|curtain| curtain.fate() != Unredacted::Keep);
        let is_spoken = !self.stands_for_sealed(id, opinion)?;
        let masked = curtain.as_ref().map(|curtain| curtain.veil.opinion(ours, opinion));
        let kept = masked.as_ref().unwrap_or(opinion);
        self.opinions.insert(id.as_bytes(), record::encode(kept)?.as_slice())?;
        match (curtain, is_spoken) {
            (Some(curtain), true) if curtain.fate() == Unredacted::Seal => {
                self.seal(&curtain, &opinion_name(id), opinion)?;
            }
            (Some(curtain), false) if curtain.fate() == Unredacted::Seal => {}
            (None, false) => {}
            _ => drop(self.secrets.remove(opinion_name(id).as_str())?),
        }
        Ok(OpinionFacts { veil: self.mark(), ..kept.facts() })
    }

    /// Whether words are sealed of a recording.
    pub(super) fn has_sealed_words(&self, id: RecordingId) -> Result<bool, Fault> {
        Ok(self.secrets.get(words_name(id).as_str())?.is_some())
    }

    /// Whether an opinion is the stored one because the fuller one, sealed beside it, cannot be opened.
    fn stands_for_sealed(&self, id: RecordingId, opinion: &SecondOpinion) -> Result<bool, Fault> {
        let name = opinion_name(id);
        let Some(sealed) = self.secrets.get(name.as_str())?.map(|bytes| bytes.value().to_vec()) else {
            return Ok(false);
        };
        let sealer = self.curtain.as_ref().and_then(|curtain| curtain.sealer.as_ref());
        if sealer.is_some_and(|sealer| sealer.unseal(&name, sealed).is_ok()) {
            return Ok(false);
        }
        let stored = self.opinions.get(id.as_bytes())?;
        let stored = stored.map(|bytes| record::decode::<SecondOpinion>(bytes.value())).transpose()?;
        Ok(stored.is_some_and(|stored| stored.transcript == opinion.transcript && stored.insights == opinion.insights))
    }

    fn seal(&mut self, curtain: &Curtain, name: &str, what: &impl Serialize) -> Result<(), Fault> {
        let sealed = curtain.sealed(name, &record::encode(what)?)?;
        self.secrets.insert(name, sealed.as_slice())?;
        Ok(())
    }

    /// A finished window as it may lie in the database.
    pub(super) fn sealed_window<'b>(&self, id: RecordingId, body: &'b str) -> Result<Cow<'b, str>, Fault> {
        let Some(curtain) = self.curtain.as_ref().filter(|curtain| curtain.fate() != Unredacted::Keep) else {
            return Ok(body.into());
        };
        let sealed = curtain.sealed(&window_name(id), body.as_bytes())?;
        Ok(format!("{SEALED_WINDOW}{}", BASE64_STANDARD.encode(sealed)).into())
    }

    /// Forgets what is sealed of a recording.
    pub(super) fn forget_sealed(&mut self, id: RecordingId) -> Result<(), Fault> {
        self.secrets.remove(words_name(id).as_str())?;
        self.secrets.remove(opinion_name(id).as_str())?;
        Ok(())
    }
}

fn unsealed(error: SealError) -> Fault {
    match error {
        SealError::Store(error) => error.into(),
        other => StoreError::WrongState(other.to_string()).into(),
    }
}
