//! One look at the folder: walk, judge each file, read what is new and at rest, and tell which contents are where.
//!
//! A look is kept short: it reads at most [`READ_FILES_MAX`] files or [`READ_BYTES_MAX`] bytes and says that there is more.

use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::content::{self, Digest, Stamp};
use super::kind::Kind;
use super::known::{FILES_MAX, Known, Rest, Verdict};
use super::locator;
use super::walk::{self, Entry, Seen, Walk};

/// Files read in one look: a transaction of a few hundred rows.
const READ_FILES_MAX: usize = 256;
/// Bytes read in one look: some ten seconds of a hard disk.
const READ_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Files that wait to be read, a few megabytes of paths; a later walk finds the others again.
const QUEUE_MAX: usize = 20_000;
/// Places reported for one content. A thousand copies of one announcement are still one recording.
const PLACES_MAX: usize = 32;

/// A file with the digest of what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub entry: Entry,
    /// Its content.
    pub digest: Digest,
}

/// What a look brought.
#[derive(Debug, Default)]
pub struct Findings {
    /// New contents, and known ones at new places.
    pub places: Vec<Place>,
    /// Everything refused at present, as (locator, reason).
    pub refused: Vec<(String, String)>,
    /// Locators no longer refused.
    pub cleared: Vec<String>,
    /// Files that may still be written.
    pub unsettled: usize,
    /// There are more files to be read.
    pub more: bool,
    /// The new mark ([`Known::mark`]), if it is known.
    pub mark_ns: Option<i128>,
}

/// How a folder is looked at.
#[derive(Debug)]
pub struct Rules {
    /// The folder, without links in its path.
    pub root: PathBuf,
    /// Look into sub-folders.
    pub recursive: bool,
    /// This program's state folder, without links in its path.
    pub state_dir: PathBuf,
    /// How long a file must be unchanged.
    pub settle: Duration,
    /// Largest file taken in.
    pub file_bytes_max: u64,
}

impl Rules {
    fn walk<'a>(&'a self, stop: &'a AtomicBool) -> Walk<'a> {
        Walk { root: &self.root, recursive: self.recursive, state_dir: &self.state_dir, stop }
    }

    fn locator(&self, relative: &Path) -> String {
        locator::encode(&self.root.join(relative))
    }
}

/// The state of a folder between looks.
#[derive(Debug, Default)]
pub struct Looks {
    /// What is known of its files.
    pub known: Known,
    /// Files read since the start.
    pub files_read: AtomicU64,
    /// To be read, oldest change first, so that the mark can follow.
    queue: VecDeque<Entry>,
    queue_overflowed: bool,
    unsettled: usize,
    /// Locators to be reported as no longer refused.
    cleared: Vec<String>,
    /// Contents to be reported: something happened to them, and nobody has said yet that the report was stored.
    touched: HashSet<Digest>,
}

impl Looks {
    /// Takes one look.
    ///
    /// # Errors
    ///
    /// When the folder itself cannot be read, or `stop` was set: the next look goes on from there.
    pub fn look(&mut self, rules: &Rules, now: Timestamp, stop: &AtomicBool) -> io::Result<Findings> {
        let mut findings = Findings::default();
        if self.queue.is_empty() {
            self.walk(rules, now, stop)?;
            let (moved, cleared) = self.known.end_walk();
            self.touched.extend(moved);
            self.cleared.extend(cleared);
        }
        let read = self.read_queue(rules, stop)?;
        findings.places = self.places(rules, read, stop)?;
        findings.refused = self.known.refused().map(|(l, r)| (l.to_owned(), r.to_owned())).collect();
        findings.cleared = std::mem::take(&mut self.cleared);
        findings.unsettled = self.unsettled;
        findings.more = !self.queue.is_empty() || self.queue_overflowed;
        let next_unread = self.queue.front().map(|entry| &entry.stamp);
        // What overflowed is younger than all of the queue; without a queue its age is not known until the next walk.
        let is_mark_known = next_unread.is_some() || !self.queue_overflowed;
        findings.mark_ns = is_mark_known.then(|| self.known.mark(next_unread)).flatten();
        Ok(findings)
    }

    /// The places of the last look are stored: they are not reported again.
    pub fn acknowledge(&mut self) {
        self.touched.clear();
    }

    /// Where a content is at present, most obvious place first.
    ///
    /// # Errors
    ///
    /// As [`Looks::look`].
    pub fn places_of(&self, rules: &Rules, digest: Digest, stop: &AtomicBool) -> io::Result<Vec<Place>> {
        let wanted = HashSet::from([digest]);
        // Not worth a walk when the last one saw it nowhere.
        if self.known.place_counts(&wanted).is_empty() {
            return Ok(Vec::new());
        }
        self.find_places(rules, &wanted, stop)
    }

    /// Walks, judges, fills the queue.
    fn walk(&mut self, rules: &Rules, now: Timestamp, stop: &AtomicBool) -> io::Result<()> {
        let Self { known, touched, .. } = self;
        let mut unsettled = 0;
        let mut too_many: u64 = 0;
        let mut to_read = BinaryHeap::new();
        let mut overflowed = false;
        let rest = Rest { settle: rules.settle, local_device: content::local_device(&rules.root), now };
        known.begin_walk();
        rules.walk(stop).run(|seen| {
            let (entry, kind) = match seen {
                Seen::Refused(relative, reason) => return known.refuse(rules.locator(&relative), None, reason),
                Seen::File(entry, kind) => (entry, kind),
            };
            let locator = rules.locator(&entry.relative);
            match known.judge(&locator, &entry.stamp, rest) {
                Verdict::Unchanged | Verdict::StillRefused => {}
                Verdict::Back => touched.extend(known.content_of(&locator, &entry.stamp)),
                Verdict::Unsettled => unsettled += 1,
                Verdict::TooMany => too_many += 1,
                Verdict::Empty => known.refuse(locator, Some(&entry.stamp), EMPTY.to_owned()),
                Verdict::ToRead => {
                    if let Some(reason) = unfit(&entry, kind, rules) {
                        return known.refuse(locator, Some(&entry.stamp), reason);
                    }
                    to_read.push((entry.stamp.changed_ns, entry));
                    if to_read.len() > QUEUE_MAX {
                        to_read.pop();
                        overflowed = true;
                    }
                }
            }
        })?;
        if too_many > 0 {
            let reason = format!(
                "This folder holds more than {FILES_MAX} recordings and {too_many} more are not taken in. Move old ones out \
                 of it (what was taken in stays), or watch its sub-folders each on its own."
            );
            known.refuse(locator::encode(&rules.root), None, reason);
        }
        let mut in_order: Vec<Entry> = to_read.into_sorted_vec().into_iter().map(|(_, entry)| entry).collect();
        // A link inside the folder shows its target a second time.
        in_order.dedup();
        self.queue = in_order.into();
        self.queue_overflowed = overflowed;
        self.unsettled = unsettled;
        Ok(())
    }

    /// Reads from the queue what one look may read.
    fn read_queue(&mut self, rules: &Rules, stop: &AtomicBool) -> io::Result<Vec<Place>> {
        let mut read = Vec::new();
        let mut bytes = 0;
        while read.len() < READ_FILES_MAX && bytes < READ_BYTES_MAX {
            let Some(entry) = self.queue.front() else { break };
            let result = self.read_one(rules, entry, stop);
            if stop.load(Ordering::Relaxed) {
                return Err(io::Error::other("the look was broken off"));
            }
            let Some(entry) = self.queue.pop_front() else { break };
            bytes += entry.stamp.size_bytes;
            match result {
                Ok(Ok(digest)) => {
                    self.known.read(&rules.locator(&entry.relative), &entry.stamp, digest);
                    self.touched.insert(digest);
                    read.push(Place { entry, digest });
                }
                Ok(Err(changed)) => {
                    self.known.unsettled(&changed);
                    self.unsettled += 1;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let reason = format!("This file cannot be read: {error}. {}", walk::mend(&error));
                    self.known.refuse(rules.locator(&entry.relative), Some(&entry.stamp), reason);
                }
            }
        }
        Ok(read)
    }

    /// The digest of a file, or its new stamp when it changed since the walk saw it or while it was read.
    fn read_one(&self, rules: &Rules, entry: &Entry, stop: &AtomicBool) -> io::Result<Result<Digest, Stamp>> {
        let mut file = content::open_beneath(&rules.root, &entry.relative)?;
        let before = Stamp::of(&file.metadata()?);
        if before != entry.stamp {
            return Ok(Err(before));
        }
        self.files_read.fetch_add(1, Ordering::Relaxed);
        let digest = content::copy(&mut file, &mut io::sink(), u64::MAX, stop)?;
        let after = Stamp::of(&file.metadata()?);
        Ok(if after == before { Ok(digest) } else { Err(after) })
    }

    /// All places of the contents that something happened to. Only a content at several places, or one that was not just
    /// read, costs another walk.
    fn places(&self, rules: &Rules, mut read: Vec<Place>, stop: &AtomicBool) -> io::Result<Vec<Place>> {
        let counts = self.known.place_counts(&self.touched);
        let at_hand: HashSet<Digest> = read.iter().map(|place| place.digest).collect();
        let is_elsewhere_too = |digest: &Digest, count: usize| count > 1 || !at_hand.contains(digest);
        let wanted: HashSet<Digest> =
            counts.into_iter().filter(|(digest, count)| is_elsewhere_too(digest, *count)).map(|(d, _)| d).collect();
        if !wanted.is_empty() {
            read.retain(|place| !wanted.contains(&place.digest));
            read.extend(self.find_places(rules, &wanted, stop)?);
        }
        Ok(read)
    }

    fn find_places(&self, rules: &Rules, wanted: &HashSet<Digest>, stop: &AtomicBool) -> io::Result<Vec<Place>> {
        let mut found: HashMap<Digest, Vec<Entry>> = HashMap::new();
        rules.walk(stop).run(|seen| {
            if let Seen::File(entry, _) = seen
                && let Some(digest) = self.known.content_of(&rules.locator(&entry.relative), &entry.stamp)
                && wanted.contains(&digest)
            {
                let entries = found.entry(digest).or_default();
                if entries.len() < PLACES_MAX && !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
        })?;
        let mut places: Vec<Place> = found
            .into_iter()
            .flat_map(|(digest, entries)| entries.into_iter().map(move |entry| Place { entry, digest }))
            .collect();
        // Of several copies the one that has been there longest is the obvious one.
        places.sort_by(|a, b| {
            let order = |place: &Place| (place.digest, place.entry.stamp.changed_ns);
            order(a).cmp(&order(b)).then_with(|| a.entry.relative.cmp(&b.entry.relative))
        });
        Ok(places)
    }
}

const EMPTY: &str = "This file is empty and stays empty; whatever should have written it did not.";

/// Why a file at rest is not worth reading.
fn unfit(entry: &Entry, kind: Kind, rules: &Rules) -> Option<String> {
    let size_bytes = entry.stamp.size_bytes;
    if kind == Kind::Unknown {
        return Some(
            "This is no kind of audio file that callscribe knows; remove it or give it its right ending.".to_owned(),
        );
    }
    (size_bytes > rules.file_bytes_max).then(|| {
        format!("This file has {size_bytes} bytes; the limit is {} (transcribe.file_bytes_max).", rules.file_bytes_max)
    })
}
