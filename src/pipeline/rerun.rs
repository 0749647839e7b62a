//! Keeps jobs over many recordings fed: as recordings of one end, the next part of it is queued. After a start it goes on
//! where the last run was, whatever ended that.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::shared::Shared;

/// Feeds until `stop`.
pub(super) async fn feed(shared: Arc<Shared>, stop: CancellationToken) -> Result<(), PipelineError> {
    let mut room = shared.store.subscribe_reruns();
    while !stop.is_cancelled() {
        // Marked before the question, so that room made after it wakes this loop.
        room.mark_unchanged();
        let now = shared.clock.now();
        if shared.ask(move |store| store.feed_reruns(now)).await? {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            changed = room.changed() => changed.map_err(|gone| PipelineError::Broken(gone.to_string()))?,
        }
    }
    Ok(())
}
