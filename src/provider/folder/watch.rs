//! Hints from the system that something in the folder changed. Nothing is built on them: they come late, twice or never
//! (network mounts), and only make the next walk come sooner.

use std::path::Path;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// Tells when to look.
#[derive(Debug)]
pub struct Hints {
    changed: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

impl Hints {
    /// Watches a folder until dropped.
    ///
    /// # Errors
    ///
    /// When the system cannot: no such folder, or no watches left (`fs.inotify.max_user_watches`).
    pub fn watch(folder: &Path, recursive: bool) -> Result<Self, notify::Error> {
        let changed = Arc::new(Notify::new());
        let teller = Arc::clone(&changed);
        let tell = move |event: notify::Result<Event>| {
            // An error means that events were lost.
            if event.as_ref().map_or(true, is_news) {
                teller.notify_one();
            }
        };
        let mut watcher = RecommendedWatcher::new(tell, Config::default().with_follow_symlinks(false))?;
        let mode = if recursive { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        watcher.watch(folder, mode)?;
        Ok(Self { changed, _watcher: watcher })
    }

    /// Waits for the next hint. Hints that came while nobody waited count as one.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// A file appeared or was written to the end. Every single write would be too much, and reading is none of our business:
/// the walks themselves read.
fn is_news(event: &Event) -> bool {
    event.need_rescan()
        || matches!(
            event.kind,
            EventKind::Create(_)
                | EventKind::Modify(ModifyKind::Name(_))
                | EventKind::Access(AccessKind::Close(AccessMode::Write))
        )
}
