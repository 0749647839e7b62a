//! Everything else the provider knows.

use serde_json::Value;

use super::Setback;
use crate::provider::Provider;

/// Asks the provider for its own description of the recording, which is kept whole.
pub(in crate::pipeline) async fn run(
    provider: &dyn Provider,
    remote_id: &str,
    locator: &str,
) -> Result<Value, Setback> {
    Ok(provider.metadata(remote_id, locator).await?)
}
