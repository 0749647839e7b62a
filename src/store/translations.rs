//! Translations beside the transcripts they are of. They lie and are shown under the operator's veil as those do; unlike
//! those, what is not to lie open is not sealed but gone, since it can be made again.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::record::{self, Row};
use super::schema::{TRANSCRIPTS, TRANSLATIONS, Tables, WISHES, WISHES_DUE};
use super::wishes::{Wish, WishClaim};
use super::{Store, StoreError, Verdict, query};
use crate::call::{
    Language, Place, Recording, RecordingId, Transcript, Translation, TranslationFacts, TranslationStanding,
    TranslationState, Translator, Unredacted,
};

/// A translation as it lies in the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    about: KeptFacts,
    words: Transcript,
}

/// The same without its words, which are passed over.
#[derive(Debug, Deserialize)]
struct WithoutWords {
    about: KeptFacts,
}

/// What is known of a translation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptFacts {
    facts: TranslationFacts,
    /// Which of the recording's transcripts it is of.
    pub(super) transcript: u32,
    /// What the words were kept through.
    #[serde(default)]
    veil: u64,
}

impl KeptFacts {
    /// What a model was shown under another policy is another text: nobody can say what of it is to be masked today.
    fn is_of_other_policy(&self, mark: u64) -> bool {
        self.facts.by == Translator::LanguageModel && self.veil != mark
    }

    fn shown(self, row: &Row) -> TranslationFacts {
        TranslationFacts { is_stale: self.transcript != row.transcripts, ..self.facts }
    }
}

impl Store {
    /// The translations of a recording, those that are there and those that are to come, by language.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn translations(&self, id: RecordingId) -> Result<Vec<TranslationStanding>, StoreError> {
        let mark = self.veil_mark();
        self.read(|tx| {
            let Some(row) = query::row(tx, id)? else { return Ok(Vec::new()) };
            let mut all: Vec<TranslationStanding> = Vec::new();
            for entry in tx.open_table(TRANSLATIONS)?.range(all_of(id.as_bytes()))? {
                let (key, bytes) = entry?;
                let kept = record::decode::<WithoutWords>(bytes.value())?.about;
                if !kept.is_of_other_policy(mark) {
                    let facts = kept.shown(&row);
                    let state = if facts.is_stale { TranslationState::Stale } else { TranslationState::Made };
                    let language = Language::new(key.value().1);
                    all.push(TranslationStanding { language, state, made: Some(facts) });
                }
            }
            for entry in tx.open_table(WISHES)?.range(all_of(id.as_bytes()))? {
                let (key, bytes) = entry?;
                let state = record::decode::<Wish>(bytes.value())?.state();
                let language = Language::new(key.value().1);
                match all.iter_mut().find(|known| known.language == language) {
                    Some(known) => known.state = state,
                    None => all.push(TranslationStanding { language, state, made: None }),
                }
            }
            all.sort_by(|a, b| a.language.cmp(&b.language));
            Ok(all)
        })
    }

    /// The words of a recording in another language, as the API shows them.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn translation(&self, id: RecordingId, into: &Language) -> Result<Option<Translation>, StoreError> {
        let Some((translation, ours)) = self.kept_translation(id, into)? else { return Ok(None) };
        let curtain = self.0.curtain.get().filter(|curtain| curtain.veil.policy().masks_in(Place::Text));
        Ok(Some(match curtain {
            Some(curtain) => {
                let words = curtain.veil.translation(ours.as_ref(), &translation.words);
                Translation { words, ..translation }
            }
            None => translation,
        }))
    }

    /// The same as it lies in the store: for those who may see it. A language model never saw more than summaries show,
    /// and of what is sealed or dropped nothing more is kept.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    pub fn unmasked_translation(&self, id: RecordingId, into: &Language) -> Result<Option<Translation>, StoreError> {
        Ok(self.kept_translation(id, into)?.map(|(translation, _)| translation))
    }

    fn kept_translation(
        &self,
        id: RecordingId,
        into: &Language,
    ) -> Result<Option<(Translation, Option<Transcript>)>, StoreError> {
        let mark = self.veil_mark();
        self.read(|tx| {
            let Some(row) = query::row(tx, id)? else { return Ok(None) };
            let Some(kept) = kept(tx, id, into)?.filter(|kept| !kept.about.is_of_other_policy(mark)) else {
                return Ok(None);
            };
            let ours = tx.open_table(TRANSCRIPTS)?.get(id.as_bytes())?;
            let ours = ours.map(|bytes| record::decode(bytes.value())).transpose()?;
            Ok(Some((Translation { facts: kept.about.shown(&row), words: kept.words }, ours)))
        })
    }

    /// Keeps what came of a claim, under the veil. `None` when the words were heard anew meanwhile: what was made is of
    /// words that are gone, and is made again.
    ///
    /// # Errors
    ///
    /// [`StoreError::ClaimLost`] when the recording was removed meanwhile: nothing is stored.
    pub fn keep_translation(
        &self,
        claim: &WishClaim,
        translation: Translation,
        now: Timestamp,
    ) -> Result<Option<Recording>, StoreError> {
        let (id, language) = (claim.recording.id, &claim.language);
        let kept = self.write(|tables| {
            let Some((_, old)) = tables.held_wish(claim)? else { return Err(StoreError::ClaimLost(id).into()) };
            if old.transcripts != claim.transcript {
                tables.wish_for(id, language, now)?;
                return Ok(Verdict::Keep(None));
            }
            let Translation { facts, words } = translation;
            let about = KeptFacts { facts, transcript: claim.transcript, veil: tables.mark() };
            tables.put_translation(id, language, Kept { about, words })?;
            tables.put_wish(id, language, None)?;
            let mut row = old.clone();
            if !row.recording.translations.contains(language) {
                row.recording.translations.push(language.clone());
                row.recording.translations.sort();
            }
            row.recording.updated_at = now;
            tables.put(Some(&old), &row)?;
            Ok(Verdict::Keep(Some(row.recording)))
        })?;
        if kept.is_none() {
            self.announce_work();
        }
        Ok(kept)
    }
}

/// All keys of a recording, of whatever language.
pub(super) fn all_of(id: &[u8; 16]) -> RangeInclusive<(&[u8; 16], &str)> {
    (id, "")..=(id, "\u{10ffff}")
}

fn kept(tx: &ReadTransaction, id: RecordingId, into: &Language) -> Result<Option<Kept>, Fault> {
    let bytes = tx.open_table(TRANSLATIONS)?.get((id.as_bytes(), into.as_str()))?;
    Ok(bytes.map(|bytes| record::decode(bytes.value())).transpose()?)
}

/// What of the translations, and of the wishes for some, does not fit the recordings, as sentences.
pub(super) fn translations_that_do_not_fit(tx: &ReadTransaction) -> Result<Vec<String>, Fault> {
    let mut findings = Vec::new();
    for entry in tx.open_table(TRANSLATIONS)?.iter()? {
        let (key, bytes) = entry?;
        record::decode::<Kept>(bytes.value())?;
        let (id, language) = (RecordingId::from_bytes(*key.value().0), Language::new(key.value().1));
        let row = query::row(tx, id)?.filter(|row| row.recording.translations.contains(&language));
        if row.is_none() {
            findings.push(format!("There is a translation of recording {id} that it does not know of."));
        }
    }
    let (mut waiting, due) = (0, tx.open_table(WISHES_DUE)?);
    for entry in tx.open_table(WISHES)?.iter()? {
        let (key, bytes) = entry?;
        let (bytes_of_id, language) = key.value();
        let id = RecordingId::from_bytes(*bytes_of_id);
        let mut is_whole = query::row(tx, id)?.is_some_and(|row| row.recording.deletion.is_none());
        if let Some((by, until)) = record::decode::<Wish>(bytes.value())?.due() {
            waiting += 1;
            is_whole &= due.get((by as u8, until.as_millisecond(), bytes_of_id, language))?.is_some();
        }
        if !is_whole {
            findings.push(format!("The translations to come do not show recording {id} as it is."));
        }
    }
    if due.len()? != waiting {
        findings.push("The translations to come hold entries that nobody wants.".to_owned());
    }
    Ok(findings)
}

impl Tables<'_> {
    /// What is known of a translation without its words.
    pub(super) fn kept_of(&self, id: RecordingId, into: &Language) -> Result<Option<KeptFacts>, Fault> {
        let bytes = self.translations.get((id.as_bytes(), into.as_str()))?;
        Ok(bytes.map(|bytes| record::decode::<WithoutWords>(bytes.value())).transpose()?.map(|kept| kept.about))
    }

    /// The same of all translations of a recording.
    pub(super) fn kept_facts(&self, id: RecordingId) -> Result<Vec<(Language, KeptFacts)>, Fault> {
        let mut all = Vec::new();
        for entry in self.translations.range(all_of(id.as_bytes()))? {
            let (key, bytes) = entry?;
            all.push((Language::new(key.value().1), record::decode::<WithoutWords>(bytes.value())?.about));
        }
        Ok(all)
    }

    /// Keeps a translation in the form in which the words it is of are kept.
    fn put_translation(&mut self, id: RecordingId, into: &Language, mut kept: Kept) -> Result<(), Fault> {
        let curtain = self.curtain.clone().filter(|curtain| curtain.veil.policy().fate() != Unredacted::Keep);
        if let Some(curtain) = curtain {
            let ours = self.transcripts.get(id.as_bytes())?;
            let ours: Option<Transcript> = ours.map(|bytes| record::decode(bytes.value())).transpose()?;
            kept.words = curtain.veil.translation(ours.as_ref(), &kept.words);
        }
        self.translations.insert((id.as_bytes(), into.as_str()), record::encode(&kept)?.as_slice())?;
        Ok(())
    }

    /// Brings the translations of a recording under the policy of today. Those that a language model made under another
    /// one are made again.
    pub(super) fn veil_translations(&mut self, row: &mut Row, now: Timestamp) -> Result<(), Fault> {
        let (id, mark) = (row.recording.id, self.mark());
        for (language, about) in self.kept_facts(id)?.into_iter().filter(|(_, about)| about.veil != mark) {
            if about.is_of_other_policy(mark) {
                self.translations.remove((id.as_bytes(), language.as_str()))?;
                row.recording.translations.retain(|known| *known != language);
                // What is being made was begun under today's.
                if !self.wish(id, &language)?.is_some_and(|wish| wish.is_running()) {
                    self.wish_for(id, &language, now)?;
                }
                continue;
            }
            let bytes = self.translations.get((id.as_bytes(), language.as_str()))?;
            let kept = bytes.map(|bytes| record::decode::<Kept>(bytes.value())).transpose()?;
            if let Some(mut kept) = kept {
                kept.about.veil = mark;
                self.put_translation(id, &language, kept)?;
            }
        }
        Ok(())
    }

    /// Forgets the translations of a recording, and that somebody wanted some.
    pub(super) fn forget_translations(&mut self, id: RecordingId) -> Result<(), Fault> {
        self.translations.retain_in::<(&[u8; 16], &str), _>(all_of(id.as_bytes()), |_, _| false)?;
        for (language, _) in self.wishes_of(id)? {
            self.put_wish(id, &language, None)?;
        }
        Ok(())
    }
}
