//! The index on disk: made, opened, checked against the store, written, asked.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::indexer::IndexWriterOptions;
use tantivy::query::Query;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{DocId, Index, IndexReader, IndexWriter, ReloadPolicy, Score, SegmentReader, TantivyDocument, Term};
use uuid::Uuid;

use super::SearchError;
use super::document::tokens;
use super::words::Analyzer;
use crate::call::RecordingId;
use crate::store::{IndexMark, Place, Searchable};

/// Raised when words are cut, folded, stemmed or laid out in another way: an index of another version is made anew.
const INDEX_VERSION: u32 = 2;
/// Memory the writer fills before it writes a segment: little beside a model, enough for thousands of calls.
const WRITER_BYTES: usize = 32 * 1024 * 1024;

/// What an index says of itself, written with each of its commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    version: u32,
    /// What the words in it were masked by; 0 for nothing.
    #[serde(default)]
    pub(super) veil: u64,
    pub(super) mark: IndexMark,
    /// Every recording was taken up once.
    pub(super) complete: bool,
    /// Until then: up to this one, in order of ids.
    pub(super) up_to: Option<RecordingId>,
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) plain: Field,
    pub(super) labelled: Field,
    id: Field,
    listed_at: Field,
    id_high: Field,
    id_low: Field,
}

/// An index that can be asked.
#[derive(Clone)]
pub(super) struct OpenIndex {
    index: Index,
    reader: IndexReader,
    pub(super) fields: Fields,
}

/// One recording found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which, and where it stands in lists.
    pub place: Place,
    /// How well it answers; only to be compared with others of one answer.
    pub score: f32,
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let words = TextOptions::default().set_indexing_options(words.set_tokenizer("default"));
    let number = NumericOptions::default().set_fast();
    let fields = Fields {
        plain: builder.add_text_field("plain", words.clone()),
        labelled: builder.add_text_field("labelled", words),
        id: builder.add_bytes_field("id", INDEXED),
        listed_at: builder.add_i64_field("listed_at", number.clone()),
        id_high: builder.add_u64_field("id_high", number),
        id_low: builder.add_u64_field("id_low", FAST),
    };
    (builder.build(), fields)
}

impl OpenIndex {
    /// Opens the index in `folder` with what it says of itself, if it is one of this version.
    pub(super) fn open(folder: &Path) -> Result<(Self, Standing), SearchError> {
        if !folder.join("meta.json").exists() {
            return Err(SearchError::NotReady);
        }
        let index = Index::open_in_dir(folder)?;
        let payload = index.load_metas()?.payload.unwrap_or_default();
        let standing: Standing = serde_json::from_str(&payload).map_err(|_| SearchError::NotReady)?;
        let (wanted, fields) = schema();
        if standing.version != INDEX_VERSION || index.schema() != wanted {
            return Err(SearchError::NotReady);
        }
        Ok((Self::over(index, fields)?, standing))
    }

    /// Makes an empty one in the place of whatever is in `folder`.
    pub(super) fn make(folder: &Path, veil: u64) -> Result<(Self, Standing), SearchError> {
        let failed = |source| SearchError::Folder { path: folder.to_owned(), source };
        let removed = if folder.is_dir() { fs::remove_dir_all(folder) } else { fs::remove_file(folder) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        fs::create_dir_all(folder).map_err(failed)?;
        let (schema, fields) = schema();
        let index = Index::create_in_dir(folder, schema)?;
        let mark = IndexMark { index: Uuid::now_v7(), commit: 0 };
        let standing = Standing { version: INDEX_VERSION, veil, mark, complete: false, up_to: None };
        let made = Self::over(index, fields)?;
        commit(&mut made.writer()?, &standing)?;
        Ok((made, standing))
    }

    fn over(index: Index, fields: Fields) -> Result<Self, SearchError> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields })
    }

    /// Whether every file is what was written.
    pub(super) fn is_whole(&self) -> bool {
        self.index.validate_checksum().is_ok_and(|broken| broken.is_empty())
    }

    pub(super) fn writer(&self) -> Result<IndexWriter, SearchError> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        Ok(self.index.writer_with_options(options)?)
    }

    /// Shows what was committed to whoever asks from now on.
    pub(super) fn reload(&self) -> Result<(), SearchError> {
        Ok(self.reader.reload()?)
    }

    /// Recordings in the index.
    pub(super) fn count(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Everything a query finds, in no order.
    pub(super) fn find(&self, query: &dyn Query, scored: bool) -> Result<Vec<Found>, SearchError> {
        Ok(self.reader.searcher().search(query, &Places { scored })?)
    }

    /// Puts a recording in the place of what the index had of it; takes it out when there is nothing to be found.
    pub(super) fn put(
        &self,
        writer: &IndexWriter,
        id: RecordingId,
        found: Option<&Searchable>,
        analyzer: &mut Analyzer,
    ) -> Result<(), SearchError> {
        let fields = &self.fields;
        writer.delete_term(Term::from_field_bytes(fields.id, id.as_bytes()));
        let Some(found) = found else { return Ok(()) };
        let (plain, labelled) = tokens(found, analyzer);
        let mut document = TantivyDocument::new();
        document.add_pre_tokenized_text(fields.plain, plain);
        document.add_pre_tokenized_text(fields.labelled, labelled);
        document.add_bytes(fields.id, id.as_bytes());
        document.add_i64(fields.listed_at, found.recording.listed_at().as_millisecond());
        let whole = u128::from_be_bytes(*id.as_bytes());
        document.add_u64(fields.id_high, (whole >> 64) as u64);
        document.add_u64(fields.id_low, whole as u64);
        writer.add_document(document)?;
        Ok(())
    }
}

/// Makes what was put durable, together with what the index says of itself.
pub(super) fn commit(writer: &mut IndexWriter, standing: &Standing) -> Result<(), SearchError> {
    let mut prepared = writer.prepare_commit()?;
    let payload =
        serde_json::to_string(standing).map_err(|error| tantivy::TantivyError::SystemError(error.to_string()))?;
    prepared.set_payload(&payload);
    prepared.commit()?;
    Ok(())
}

/// Collects where what is found stands in lists.
struct Places {
    scored: bool,
}

struct PlacesOfSegment {
    listed_at: Column<i64>,
    id_high: Column<u64>,
    id_low: Column<u64>,
    found: Vec<Found>,
}

impl Collector for Places {
    type Fruit = Vec<Found>;
    type Child = PlacesOfSegment;

    fn for_segment(&self, _ordinal: u32, segment: &SegmentReader) -> tantivy::Result<PlacesOfSegment> {
        let columns = segment.fast_fields();
        Ok(PlacesOfSegment {
            listed_at: columns.i64("listed_at")?,
            id_high: columns.u64("id_high")?,
            id_low: columns.u64("id_low")?,
            found: Vec::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.scored
    }

    fn merge_fruits(&self, fruits: Vec<Vec<Found>>) -> tantivy::Result<Vec<Found>> {
        Ok(fruits.into_iter().flatten().collect())
    }
}

impl SegmentCollector for PlacesOfSegment {
    type Fruit = Vec<Found>;

    fn collect(&mut self, document: DocId, score: Score) {
        let columns = (self.listed_at.first(document), self.id_high.first(document), self.id_low.first(document));
        if let (Some(listed_at_ms), Some(high), Some(low)) = columns {
            let id = RecordingId::from_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes());
            self.found.push(Found { place: Place { listed_at_ms, id }, score });
        }
    }

    fn harvest(self) -> Vec<Found> {
        self.found
    }
}
