//! The recording and its call, from the provider.

use super::Setback;
use crate::call::CallFacts;
use crate::provider::Provider;

/// Asks the provider for the call's parties, times and direction.
pub(in crate::pipeline) async fn run(
    provider: &dyn Provider,
    remote_id: &str,
    locator: &str,
) -> Result<CallFacts, Setback> {
    Ok(provider.details(remote_id, locator).await?)
}
