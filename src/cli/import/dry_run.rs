//! What an import would take in, without a store.

use std::collections::HashSet;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::call::Party;
use crate::cli::print;
use crate::provider::folder::FolderProvider;
use crate::provider::{Listed, Provider};

/// Lists the recordings in the folder, at most `limit`, with what their names and side files tell.
///
/// # Errors
///
/// When the folder cannot be read, or standard output not written.
pub async fn run(provider: &FolderProvider, limit: Option<u64>, as_json: bool) -> anyhow::Result<ExitCode> {
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let mut seen = HashSet::new();
    let mut listed: Vec<Listed> = Vec::new();
    let mut cursor = None;
    let last = loop {
        let discovery = provider.discover(cursor).await?;
        let new = discovery.listed.iter().filter(|one| seen.insert(one.remote_id.clone()));
        listed.extend(new.take(limit - listed.len()).cloned());
        if !discovery.more || listed.len() >= limit {
            break discovery;
        }
        cursor = discovery.cursor;
    };
    let text = if as_json {
        let calls: Vec<Value> = listed
            .iter()
            .map(|one| json!({ "sha256": one.remote_id, "source": one.locator, "call": one.call }))
            .collect();
        let refused: Vec<Value> =
            last.refused.iter().map(|one| json!({ "source": one.locator, "reason": one.reason })).collect();
        let report = json!({ "recordings": calls, "refused": refused, "unsettled": last.unsettled });
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        let mut text: String = listed.iter().map(line).collect();
        for one in &last.refused {
            text += &format!("refused  {}: {}\n", one.locator, one.reason);
        }
        let (count, refused, unsettled) = (listed.len(), last.refused.len(), last.unsettled);
        text + &format!("{count} recordings, {refused} refused, {unsettled} still being written\n")
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn line(one: &Listed) -> String {
    let name = |party: &Party| party.number.clone().or_else(|| party.name.clone()).unwrap_or_else(|| "?".to_owned());
    let at = one.call.started_at.map(|at| at.to_string()).unwrap_or_default();
    format!("{at}  {} -> {}  {}\n", name(&one.call.caller), name(&one.call.callee), one.locator)
}
