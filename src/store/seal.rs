//! Secrets in the database: sealed with a key that lies outside of it, so that a copy of the database alone opens nothing.
//!
//! ChaCha20-Poly1305 (RFC 8439) with a random nonce for each sealing; the name is bound to what is sealed under it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use super::schema::SECRETS;
use super::{Store, StoreError, Verdict};

/// The key's file below the state folder.
pub const SEAL_FILE: &str = "seal.key";
const KEY_BYTES: usize = 32;

/// Why something sealed cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key's file cannot be read or made.
    #[error(
        "{path} cannot be used: {source}. It holds the key to the accounts' tokens; without it accounts sign in again."
    )]
    Key {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It was sealed with another key, or changed.
    #[error("What is kept under '{0}' was sealed with another key; sign in again.")]
    Foreign(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Seals and opens bytes under a name; knows no place to keep them.
#[derive(Clone)]
pub struct Sealer {
    key: Arc<LessSafeKey>,
    random: SystemRandom,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With the key in the state folder; makes the key (0600) when there is none. Blocking.
    ///
    /// # Errors
    ///
    /// [`SealError::Key`].
    pub fn open(state_dir: &Path) -> Result<Self, SealError> {
        let path = state_dir.join(SEAL_FILE);
        let failed = |source| SealError::Key { path: path.display().to_string(), source };
        let random = SystemRandom::new();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path, &random).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes);
        let key = key.map_err(|_| failed(io::Error::other("it is not 32 bytes long")))?;
        Ok(Self { key: Arc::new(LessSafeKey::new(key)), random })
    }

    /// What was sealed under a name.
    ///
    /// # Errors
    ///
    /// [`SealError::Foreign`].
    pub fn unseal(&self, name: &str, mut sealed: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let foreign = || SealError::Foreign(name.to_owned());
        if sealed.len() < NONCE_LEN {
            return Err(foreign());
        }
        let mut body = sealed.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&sealed).map_err(|_| foreign())?;
        let length = self.key.open_in_place(nonce, Aad::from(name), &mut body).map_err(|_| foreign())?.len();
        body.truncate(length);
        Ok(body)
    }

    /// Seals bytes under a name: a nonce, the bytes, a tag.
    ///
    /// # Errors
    ///
    /// [`SealError::Store`] when the system has no random numbers.
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let broken = |_| StoreError::WrongState("The system has no random numbers; nothing can be sealed.".to_owned());
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(broken)?;
        let mut body = secret.to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(sealing, Aad::from(name), &mut body).map_err(broken)?;
        Ok([nonce.as_slice(), &body].concat())
    }
}

/// Bytes sealed at a time: a file of any length is sealed and opened in little memory.
const CHUNK_BYTES: usize = 64 * 1024;
/// What sealing adds to each of them.
const CHUNK_OVERHEAD_BYTES: usize = NONCE_LEN + CHACHA20_POLY1305_TAG_BYTES;
const CHACHA20_POLY1305_TAG_BYTES: usize = 16;

impl Sealer {
    /// Seals everything `from` holds. Each piece knows its place and whether it is the last, so that none can be left out.
    ///
    /// # Errors
    ///
    /// What reading or writing ended with.
    pub fn seal_all(&self, name: &str, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
        let mut chunk = read_chunk(from)?;
        for index in 0_u64.. {
            let next = read_chunk(from)?;
            let is_last = next.is_empty();
            to.write_all(&self.seal(&piece(name, index, is_last), &chunk).map_err(io::Error::other)?)?;
            if is_last {
                break;
            }
            chunk = next;
        }
        Ok(())
    }

    /// How long it is once it is opened, by the length of what was sealed whole.
    pub const fn opened_bytes(sealed_bytes: u64) -> u64 {
        let pieces = sealed_bytes.div_ceil((CHUNK_BYTES + CHUNK_OVERHEAD_BYTES) as u64);
        sealed_bytes.saturating_sub(pieces * CHUNK_OVERHEAD_BYTES as u64)
    }

    /// Opens piece by piece what was sealed whole; `give` takes each, and may end it by answering false.
    ///
    /// # Errors
    ///
    /// What reading ended with, or that it was sealed with another key.
    pub fn unseal_all(
        &self,
        name: &str,
        from: &mut impl Read,
        mut give: impl FnMut(Vec<u8>) -> bool,
    ) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(CHUNK_BYTES + CHUNK_OVERHEAD_BYTES, from);
        for index in 0_u64.. {
            let mut sealed = Vec::with_capacity(CHUNK_BYTES + CHUNK_OVERHEAD_BYTES);
            (&mut reader).take((CHUNK_BYTES + CHUNK_OVERHEAD_BYTES) as u64).read_to_end(&mut sealed)?;
            let is_last = reader.fill_buf()?.is_empty();
            let opened = self.unseal(&piece(name, index, is_last), sealed).map_err(io::Error::other)?;
            if !give(opened) || is_last {
                break;
            }
        }
        Ok(())
    }
}

fn piece(name: &str, index: u64, is_last: bool) -> String {
    format!("{name}/{index}{}", if is_last { "/last" } else { "" })
}

fn read_chunk(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    from.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

/// The sealed part of the store.
#[derive(Debug, Clone)]
pub struct Sealed {
    store: Store,
    sealer: Sealer,
}

impl Sealed {
    /// Opens the sealed part with the key in the state folder, see [`Sealer::open`]. Blocking.
    ///
    /// # Errors
    ///
    /// [`SealError::Key`].
    pub fn open(store: &Store, state_dir: &Path) -> Result<Self, SealError> {
        Ok(Self { store: store.clone(), sealer: Sealer::open(state_dir)? })
    }

    /// What is kept under a name.
    ///
    /// # Errors
    ///
    /// [`SealError::Foreign`], [`SealError::Store`].
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SealError> {
        let sealed: Option<Vec<u8>> =
            self.store.read(|tx| Ok(tx.open_table(SECRETS)?.get(name)?.map(|bytes| bytes.value().to_vec())))?;
        sealed.map(|sealed| self.sealer.unseal(name, sealed)).transpose()
    }

    /// Keeps something; when this returns it is on the disk.
    ///
    /// # Errors
    ///
    /// [`SealError::Store`].
    pub fn put(&self, name: &str, secret: &[u8]) -> Result<(), SealError> {
        let sealed = self.sealer.seal(name, secret)?;
        self.store.write(|tables| {
            tables.secrets.insert(name, sealed.as_slice())?;
            Ok(Verdict::Keep(()))
        })?;
        Ok(())
    }
}

/// Written beside and moved, so that a power cut leaves a whole key or none.
fn make(path: &Path, random: &SystemRandom) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_BYTES];
    random.fill(&mut key).map_err(|_| io::Error::other("the system has no random numbers"))?;
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(key)
}
