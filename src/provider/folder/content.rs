//! Opens, digests and copies files of the folder. Only ever opens for reading, and never anything outside of the folder,
//! whatever links somebody puts in the way meanwhile.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use sha2::{Digest as _, Sha256};

/// Bytes read at once: few system calls, and a stop is noticed within milliseconds.
const BLOCK_BYTES: usize = 256 * 1024;

/// SHA-256 of a file's content.
pub type Digest = [u8; 32];

/// A digest as it stands in recording ids.
pub fn hex(digest: &Digest) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

/// Reads back [`hex`].
pub fn from_hex(text: &str) -> Option<Digest> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// A file's identity and standing as `stat` shows them. Two equal stamps mean: nobody touched it in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Bytes.
    pub size_bytes: u64,
    /// Last change of the content, nanoseconds since 1970. Programs may set it to anything.
    pub modified_ns: i128,
    /// Last change of content, name or rights, nanoseconds since 1970. Only the system sets it.
    pub changed_ns: i128,
    /// Number of the file in its file system.
    pub inode: u64,
    /// The file system.
    pub device: u64,
}

impl Stamp {
    /// Of a file's metadata.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let ns = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        Self {
            size_bytes: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            device: metadata.dev(),
        }
    }

    /// The later of its two times.
    pub fn touched_ns(&self) -> i128 {
        self.modified_ns.max(self.changed_ns)
    }
}

/// File systems whose times another machine, or some program, sets (`statfs(2)`): NFS, SMB 1 and 2, CIFS, FUSE, 9P, Ceph,
/// AFS, Coda.
const FOREIGN_TIMES: &[u64] =
    &[0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x5346_414F, 0x7375_7245];

/// The file system `root` is on, if this machine's clock sets its times.
pub fn local_device(root: &Path) -> Option<u64> {
    let kind = rustix::fs::statfs(root).ok()?.f_type as u64;
    // Some architectures widen the number with its sign.
    let is_foreign = FOREIGN_TIMES.contains(&(kind & 0xFFFF_FFFF));
    (!is_foreign).then(|| root.metadata().ok().map(|metadata| metadata.dev())).flatten()
}

/// Opens `relative` below `root` for reading. No component may be a link: what the walk took for a file is one, or the
/// call fails. Never blocks on a pipe.
pub fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let folder = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = match rustix::fs::openat2(&folder, relative, flags, Mode::empty(), resolve) {
        Ok(file) => File::from(file),
        // Kernels before 5.6, and sandboxes that do not know the call.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
            let path = root.join(relative);
            if path.canonicalize()? != path {
                return Err(io::Error::other("a link stands in its path"));
            }
            File::from(rustix::fs::open(&path, flags | OFlags::NOFOLLOW, Mode::empty())?)
        }
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(file)
}

/// Reads `from` to its end into `into`, at most `bytes_max`, and answers the digest of what was read.
///
/// # Errors
///
/// [`ErrorKind::FileTooLarge`] beyond `bytes_max`, what reading and writing bring, and some error once `stop` is set.
pub fn copy(from: &mut File, into: &mut impl Write, bytes_max: u64, stop: &AtomicBool) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut total: u64 = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("reading was broken off"));
        }
        let count = match from.read(&mut block) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        total += count as u64;
        if total > bytes_max {
            return Err(ErrorKind::FileTooLarge.into());
        }
        hasher.update(&block[..count]);
        into.write_all(&block[..count])?;
    }
}
