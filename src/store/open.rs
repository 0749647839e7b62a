//! Opens the database, or says why not. An existing file is opened as it is or refused, whatever is in it; only a
//! missing one is made.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, RwLock};

use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableHandle};
use tokio::sync::watch;

use super::derived::FILL_STEP;
use super::error::{Fault, unwinding};
use super::list::Counted;
use super::news::Teller;
use super::schema::{self, META, SCHEMA_VERSION, TABLES, Tables};
use super::{CACHE_BYTES, Inner, Lane, Store, StoreError};
use crate::call::Step;

/// How the name of a database in the making begins.
const UNFINISHED_PREFIX: &str = ".callscribe-";
/// How it ends.
const UNFINISHED_SUFFIX: &str = ".redb.new";

impl Store {
    /// Opens the database at `path`, or makes it (0600) with its folder (0700) when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Newer`], [`StoreError::InUse`], [`StoreError::Open`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { path: path.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder_of(path)).map_err(failed)?;
        if !path.try_exists().map_err(failed)? {
            make(path)?;
        }
        let db = unwinding(path, || {
            let opened = Builder::new().set_cache_size(CACHE_BYTES).open(path);
            opened.map_err(|error| StoreError::opening(path, error))
        })?;
        let store = Self::over(db, path)?;
        sweep_unfinished(path);
        Ok(store)
    }

    /// A store on storage of the caller's own, such as one that records what would survive a power cut.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    #[doc(hidden)]
    pub fn open_backend(backend: impl redb::StorageBackend) -> Result<Self, StoreError> {
        let path = Path::new("(backend)");
        let is_new = backend.len().is_ok_and(|length| length == 0);
        let db = unwinding(path, || {
            let opened = Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend);
            opened.map_err(|error| StoreError::opening(path, error))
        })?;
        if is_new {
            lay_out(&db).map_err(|fault| fault.into_error(path))?;
        }
        Self::over(db, path)
    }

    fn over(db: Database, path: &Path) -> Result<Self, StoreError> {
        let (db, path) = (RwLock::new(Some(db)), path.to_owned());
        let store = Self(Arc::new(Inner {
            db,
            path,
            work: watch::Sender::new(0),
            teller: Teller::new(),
            told: watch::Sender::new(0),
            reruns: watch::Sender::new(0),
            counted: Counted::default(),
            tells_ends: AtomicBool::new(false),
            curtain: OnceLock::new(),
            translates: OnceLock::new(),
        }));
        store.with(|db| check_version(db, store.path()))?;
        store.with(add_tables)?;
        store.with(settle_lanes)?;
        Ok(store)
    }
}

/// Makes a whole database beside `path` and moves it there, so that an empty or half-made file under that name is
/// always damage and never a beginning.
fn make(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let folder = folder_of(path);
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED_PREFIX)
        .suffix(UNFINISHED_SUFFIX)
        .tempfile_in(folder)
        .map_err(failed)?;
    let db = Builder::new().set_cache_size(CACHE_BYTES).create_file(unfinished.reopen().map_err(failed)?);
    let db = db.map_err(|error| StoreError::opening(path, error))?;
    lay_out(&db).map_err(|fault| fault.into_error(path))?;
    drop(db);
    match unfinished.persist_noclobber(path) {
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed),
        // Another daemon was quicker; whether it still runs shows when its database is opened.
        Err(_) if path.exists() => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what a crash while making a database left. Only for the holder of the lock.
fn sweep_unfinished(path: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(UNFINISHED_PREFIX) && name.ends_with(UNFINISHED_SUFFIX) {
            let _gone_either_way = fs::remove_file(entry.path());
        }
    }
}

/// Adds the tables that came after the release the database was made by; of those that follow from the rows, all are then
/// filled anew.
fn add_tables(db: &Database) -> Result<(), Fault> {
    let there: BTreeSet<String> = db.begin_read()?.list_tables()?.map(|table| table.name().to_owned()).collect();
    if there.len() < TABLES {
        let mut tx = db.begin_write()?;
        tx.set_quick_repair(true);
        {
            let mut tables = Tables::open(&tx)?;
            if !schema::DERIVED.iter().all(|name| there.contains(*name)) {
                tables.forget_derived()?;
            }
        }
        tx.commit()?;
    }
    Ok(())
}

/// Work that an older program put into another lane than its step has today goes there, once.
fn settle_lanes(db: &Database) -> Result<(), Fault> {
    let lanes = Lane::ALL.len() as u64;
    if db.begin_read()?.open_table(META)?.get("lanes")?.is_some_and(|known| known.value() == lanes) {
        return Ok(());
    }
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    {
        let mut tables = Tables::open(&tx)?;
        let lane_of = |step: u8| Step::ALL.get(usize::from(step)).map(|step| Lane::of(*step) as u8);
        for table in [&mut tables.ready, &mut tables.waiting] {
            let mut moved = Vec::new();
            for entry in table.iter()? {
                let (key, step) = entry?;
                let ((lane, time, id), step) = (key.value(), step.value());
                if let Some(right) = lane_of(step).filter(|right| *right != lane) {
                    moved.push((lane, right, time, *id, step));
                }
            }
            for (lane, right, time, id, step) in moved {
                table.remove((lane, time, &id))?;
                table.insert((right, time, &id), step)?;
            }
        }
        tables.meta.insert("lanes", lanes)?;
    }
    Ok(tx.commit()?)
}

fn lay_out(db: &Database) -> Result<(), Fault> {
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    {
        let mut tables = Tables::open(&tx)?;
        tables.meta.insert("schema", u64::from(SCHEMA_VERSION))?;
        tables.meta.insert("lanes", Lane::ALL.len() as u64)?;
        tables.begin_derived()?;
    }
    Ok(tx.commit()?)
}

/// From layout 1 to 2: what follows from the rows is kept in tables of its own. Small databases are filled here, larger ones
/// in pieces while they are in use, see [`Store::fill_derived`].
fn raise(db: &Database) -> Result<(), Fault> {
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    {
        let mut tables = Tables::open(&tx)?;
        tables.fill(FILL_STEP)?;
        tables.meta.insert("schema", u64::from(SCHEMA_VERSION))?;
    }
    Ok(tx.commit()?)
}

fn check_version(db: &Database, path: &Path) -> Result<(), Fault> {
    let known = u64::from(SCHEMA_VERSION);
    let path = path.to_owned();
    // A later layout adds its migration here, as one transaction, before the version is raised.
    match schema::version_of(&db.begin_read()?)? {
        Some(found) if found == known => {}
        Some(1) => raise(db)?,
        Some(found) if found > known => return Err(StoreError::Newer { path, found, known }.into()),
        found => {
            let detail = match found {
                Some(found) => format!("layout {found} was never released"),
                None => "it is not a database of callscribe".to_owned(),
            };
            return Err(StoreError::Damaged { path, detail }.into());
        }
    }
    // Opens every table, so that a missing or mistyped one is found now and not in the middle of the work.
    let tx = db.begin_write()?;
    Tables::open(&tx)?;
    Ok(tx.abort()?)
}
