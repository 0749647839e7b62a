//! What is remembered of a folder's files between looks, so that a look at an archive costs one `stat` a file.
//!
//! In memory only, at most [`FILES_MAX`] files. After a restart it is warmed with the places the store knows; a file at
//! such a place counts as unchanged when the system has not touched it since the mark that the cursor carries
//! ([`Known::mark`]), so the archive is not read again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::content::{Digest, Stamp};

/// Files one folder may hold: what is remembered of them takes 40 MB at most.
pub const FILES_MAX: usize = 400_000;
/// Refusals remembered and reported; as many as the store keeps.
pub const REFUSED_MAX: usize = 10_000;
/// A file nobody touched for a day is at rest even by the clock of a file server that runs in the wrong time zone.
const SURELY_AT_REST: Duration = Duration::from_hours(24);
/// How long an empty file may stay empty: recorders make the file when the call begins to ring.
const EMPTY_GRACE: Duration = Duration::from_mins(10);

/// Names a locator in little memory: half of its SHA-256.
type Key = [u8; 16];

fn key(locator: &str) -> Key {
    let digest = Sha256::digest(locator);
    std::array::from_fn(|i| digest[i])
}

/// Stands for a [`Stamp`]: equal when the stamps are.
fn short(stamp: &Stamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    stamp.hash(&mut hasher);
    hasher.finish()
}

/// A file whose content is known.
#[derive(Debug, Clone, Copy)]
struct File {
    content: Digest,
    standing: Standing,
}

#[derive(Debug, Clone, Copy)]
enum Standing {
    /// Read, or found unchanged since an earlier run read it.
    Seen {
        stamp: u64,
        /// The last walk that saw it.
        walk: u32,
        present: bool,
    },
    /// The store knows the place; no walk saw it yet.
    Recalled { size_bytes: Option<u64> },
}

/// A file that somebody may still be writing.
#[derive(Debug, Clone, Copy)]
struct Resting {
    stamp: u64,
    since: Timestamp,
    walk: u32,
    /// It was seen to change.
    changed: bool,
}

#[derive(Debug)]
struct Refusal {
    /// The file's stamp, where the reason holds for as long as that does.
    stamp: Option<u64>,
    reason: String,
    walk: u32,
}

/// When a file counts as written to its end.
#[derive(Debug, Clone, Copy)]
pub struct Rest {
    /// How long it must be unchanged.
    pub settle: Duration,
    /// The file system whose times come from this machine's clock, if the folder is on one.
    pub local_device: Option<u64>,
    /// The time of the walk.
    pub now: Timestamp,
}

/// What is to be done with a file that a walk saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its content is known.
    Unchanged,
    /// Its content is known; it was away and is back.
    Back,
    /// Refused before, and unchanged since.
    StillRefused,
    /// Somebody may still be writing it.
    Unsettled,
    /// At rest and empty, for so long that nothing will come.
    Empty,
    /// At rest and not read yet.
    ToRead,
    /// At rest, but there are [`FILES_MAX`] others.
    TooMany,
}

/// Remembers files, refusals, and how long each file has been at rest.
#[derive(Debug, Default)]
pub struct Known {
    files: HashMap<Key, File>,
    resting: HashMap<Key, Resting>,
    refused: BTreeMap<String, Refusal>,
    /// Refusals beyond [`REFUSED_MAX`]: (stamp, last walk that saw it), so that they are not judged anew at each walk.
    refused_beyond: HashMap<Key, (u64, u32)>,
    recalled_refused: HashSet<String>,
    /// The mark of the earlier run: recalled places that were not touched since need not be read.
    recalled_mark_ns: Option<i128>,
    walk: u32,
    changed_max_ns: Option<i128>,
    unsettled_min_ns: Option<i128>,
}

impl Known {
    /// Takes in a place that the store knows.
    pub fn recall(&mut self, locator: &str, content: Digest, size_bytes: Option<u64>) {
        if self.files.len() < FILES_MAX {
            self.files.entry(key(locator)).or_insert(File { content, standing: Standing::Recalled { size_bytes } });
        }
    }

    /// Takes in a locator that is in the store's quarantine.
    pub fn recall_refused(&mut self, locator: &str) {
        if self.recalled_refused.len() < REFUSED_MAX {
            self.recalled_refused.insert(locator.to_owned());
        }
    }

    /// Takes over the mark of an earlier run; given again later it changes nothing.
    pub fn recall_mark(&mut self, mark_ns: i128) {
        self.recalled_mark_ns.get_or_insert(mark_ns);
    }

    /// Begins a walk.
    pub fn begin_walk(&mut self) {
        self.walk = self.walk.wrapping_add(1);
        self.unsettled_min_ns = None;
    }

    /// Judges a file that the walk sees.
    pub fn judge(&mut self, locator: &str, stamp: &Stamp, rest: Rest) -> Verdict {
        let (key, short) = (key(locator), short(stamp));
        let recalled_mark_ns = self.recalled_mark_ns;
        if let Some(file) = self.files.get_mut(&key) {
            let (is_same, verdict) = match file.standing {
                Standing::Seen { stamp: seen, present: true, .. } => (seen == short, Verdict::Unchanged),
                Standing::Seen { stamp: seen, present: false, .. } => (seen == short, Verdict::Back),
                Standing::Recalled { size_bytes } => {
                    let is_untouched = recalled_mark_ns.is_some_and(|mark_ns| stamp.changed_ns <= mark_ns);
                    let is_same_size = size_bytes.is_none_or(|size| size == stamp.size_bytes);
                    (is_untouched && is_same_size, Verdict::Unchanged)
                }
            };
            if is_same {
                file.standing = Standing::Seen { stamp: short, walk: self.walk, present: true };
                self.seen(stamp);
                return verdict;
            }
        }
        if let Some(refusal) = self.refused.get_mut(locator).filter(|refusal| refusal.stamp == Some(short)) {
            refusal.walk = self.walk;
            return Verdict::StillRefused;
        }
        if let Some((_, walk)) = self.refused_beyond.get_mut(&key).filter(|(stamp, _)| *stamp == short) {
            *walk = self.walk;
            return Verdict::StillRefused;
        }
        let settle = if stamp.size_bytes == 0 { rest.settle.max(EMPTY_GRACE) } else { rest.settle };
        if !self.is_at_rest(key, stamp, Rest { settle, ..rest }) {
            self.unsettled(stamp);
            return Verdict::Unsettled;
        }
        match stamp.size_bytes {
            0 => Verdict::Empty,
            _ if self.files.len() >= FILES_MAX && !self.make_room() => Verdict::TooMany,
            _ => Verdict::ToRead,
        }
    }

    /// Ends a walk that came to its end. Answers the contents that are no longer at some place they were at, and the
    /// locators that are no longer refused.
    pub fn end_walk(&mut self) -> (HashSet<Digest>, Vec<String>) {
        let this_walk = self.walk;
        let mut moved = HashSet::new();
        for file in self.files.values_mut() {
            if let Standing::Seen { walk, present, .. } = &mut file.standing
                && *present
                && *walk != this_walk
            {
                *present = false;
                moved.insert(file.content);
            }
        }
        self.resting.retain(|_, resting| resting.walk == this_walk);
        let mut cleared: Vec<String> = self.recalled_refused.drain().collect();
        cleared.extend(self.refused.extract_if(.., |_, refusal| refusal.walk != this_walk).map(|(locator, _)| locator));
        cleared.retain(|locator| !self.refused.contains_key(locator));
        self.refused_beyond.retain(|_, (_, walk)| *walk == this_walk);
        if !self.refused_beyond.is_empty() {
            let beyond = self.refused_beyond.len();
            tracing::warn!(
                limit = REFUSED_MAX,
                beyond,
                "So many files of a folder are refused that not all are listed."
            );
        }
        if self.refused.len() < REFUSED_MAX {
            // There is room in the list again: the next walk judges the others anew.
            self.refused_beyond.clear();
        }
        (moved, cleared)
    }

    /// Remembers a file's content. Without effect when there are [`FILES_MAX`] others: it is read again then.
    pub fn read(&mut self, locator: &str, stamp: &Stamp, content: Digest) {
        let key = key(locator);
        self.resting.remove(&key);
        if self.files.len() < FILES_MAX || self.files.contains_key(&key) || self.make_room() {
            let standing = Standing::Seen { stamp: short(stamp), walk: self.walk, present: true };
            self.files.insert(key, File { content, standing });
            self.seen(stamp);
        }
    }

    /// Notes that a file was seen that may still change.
    pub fn unsettled(&mut self, stamp: &Stamp) {
        let least = self.unsettled_min_ns.map_or(stamp.changed_ns, |least| least.min(stamp.changed_ns));
        self.unsettled_min_ns = Some(least);
    }

    /// Refuses what is at `locator`; with a stamp for as long as the file keeps it, else until the next walk asks again.
    pub fn refuse(&mut self, locator: String, stamp: Option<&Stamp>, reason: String) {
        if self.refused.len() >= REFUSED_MAX && !self.refused.contains_key(&locator) {
            if let Some(stamp) = stamp.filter(|_| self.refused_beyond.len() < FILES_MAX) {
                self.refused_beyond.insert(key(&locator), (short(stamp), self.walk));
            }
            return;
        }
        self.refused.insert(locator, Refusal { stamp: stamp.map(short), reason, walk: self.walk });
    }

    /// Everything that is refused at present.
    pub fn refused(&self) -> impl Iterator<Item = (&str, &str)> {
        self.refused.iter().map(|(locator, refusal)| (locator.as_str(), refusal.reason.as_str()))
    }

    /// How many places each of `contents` is at.
    pub fn place_counts(&self, contents: &HashSet<Digest>) -> HashMap<Digest, usize> {
        let mut counts = HashMap::new();
        if !contents.is_empty() {
            let is_present = |file: &&File| matches!(file.standing, Standing::Seen { present: true, .. });
            for file in self.files.values().filter(is_present).filter(|file| contents.contains(&file.content)) {
                *counts.entry(file.content).or_default() += 1;
            }
        }
        counts
    }

    /// The content of a file, if it is known and the file unchanged.
    pub fn content_of(&self, locator: &str, stamp: &Stamp) -> Option<Digest> {
        let file = self.files.get(&key(locator))?;
        let is_same = matches!(file.standing, Standing::Seen { stamp: seen, .. } if seen == short(stamp));
        is_same.then_some(file.content)
    }

    /// Up to which change of a file everything is known: files at known places that the system has not touched since
    /// need not be read again after a restart. `next_unread` is the oldest file that is still to be read.
    pub fn mark(&self, next_unread: Option<&Stamp>) -> Option<i128> {
        let unread_ns = next_unread.map(|stamp| stamp.changed_ns);
        let open_ns = unread_ns.into_iter().chain(self.unsettled_min_ns).min();
        let closed_ns = self.changed_max_ns?;
        Some(open_ns.map_or(closed_ns, |open_ns| closed_ns.min(open_ns - 1)))
    }

    fn seen(&mut self, stamp: &Stamp) {
        self.changed_max_ns = Some(self.changed_max_ns.map_or(stamp.changed_ns, |max| max.max(stamp.changed_ns)));
    }

    /// Forgets files that are away. They are kept until then: an unmounted share that comes back is not read again.
    fn make_room(&mut self) -> bool {
        self.files.retain(|_, file| matches!(file.standing, Standing::Seen { present: true, .. }));
        self.files.len() < FILES_MAX
    }

    /// At rest: untouched for long enough where the file system's times can be believed, and seen unchanged for as long
    /// by our own clock where they cannot, or where the file was seen to change.
    fn is_at_rest(&mut self, key: Key, stamp: &Stamp, rest: Rest) -> bool {
        let Rest { settle, local_device, now } = rest;
        let age_ns = now.as_nanosecond() - stamp.touched_ns();
        let lasted = |ns: i128, duration: Duration| ns >= duration.as_nanos() as i128;
        let is_old =
            if local_device == Some(stamp.device) { lasted(age_ns, settle) } else { lasted(age_ns, SURELY_AT_REST) };
        let seen = Resting { stamp: short(stamp), since: now, walk: self.walk, changed: false };
        let resting = self.resting.entry(key).or_insert(seen);
        if resting.stamp != seen.stamp {
            *resting = Resting { changed: true, ..seen };
        }
        resting.walk = self.walk;
        // The clock was set back: without this the file would rest until the clock is where it was.
        resting.since = resting.since.min(now);
        let rested_ns = now.as_nanosecond() - resting.since.as_nanosecond();
        (is_old && !resting.changed) || lasted(rested_ns, settle)
    }
}
