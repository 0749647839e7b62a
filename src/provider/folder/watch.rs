//! Hints from the system that something in the folder changed. Nothing is built on them: they come late, twice or never
//! (network mounts), and only make the next walk come sooner.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// Tells when to look.
#[derive(Debug)]
pub struct Hints {
    changed: Arc<Notify>,
    /// Absent until the folder has answered.
    watcher: Arc<Mutex<Option<RecommendedWatcher>>>,
}

impl Hints {
    /// Watches a folder until dropped, from when it answers on: on a drive that is away that may be never, so it is asked
    /// on a thread of its own. `on_error` hears why the system cannot watch: no such folder, or no watches left
    /// (`fs.inotify.max_user_watches`).
    pub fn begin(folder: PathBuf, recursive: bool, on_error: impl FnOnce(notify::Error) + Send + 'static) -> Self {
        let (changed, watcher) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
        let (teller, slot) = (Arc::clone(&changed), Arc::downgrade(&watcher));
        std::thread::spawn(move || match watch(&folder, recursive, Arc::clone(&teller)) {
            // Dropped meanwhile, nobody is told.
            Ok(watching) => {
                if let Some(slot) = slot.upgrade() {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(watching);
                    // Whatever came before the watch.
                    teller.notify_one();
                }
            }
            Err(error) => on_error(error),
        });
        Self { changed, watcher }
    }

    /// Whether the system tells of changes by now.
    pub fn is_watching(&self) -> bool {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits for the next hint. Hints that came while nobody waited count as one.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

fn watch(folder: &Path, recursive: bool, teller: Arc<Notify>) -> Result<RecommendedWatcher, notify::Error> {
    let tell = move |event: notify::Result<Event>| {
        // An error means that events were lost.
        if event.as_ref().map_or(true, is_news) {
            teller.notify_one();
        }
    };
    let mut watcher = RecommendedWatcher::new(tell, Config::default().with_follow_symlinks(false))?;
    let mode = if recursive { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
    watcher.watch(folder, mode)?;
    Ok(watcher)
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
