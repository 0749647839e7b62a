//! File name patterns: what `check` accepts is what a watched folder accepts, and every group that is read may be named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use callscribe::clock::SystemClock;
use callscribe::provider::folder::{FolderContext, FolderProvider};
use jiff::tz::TimeZone;
use regex::Regex;

use super::support::{load, repository};

fn with_pattern(pattern: &str) -> String {
    format!("[[folders]]\nname = \"archive\"\npath = \"/srv/recordings\"\npatterns = ['{pattern}']")
}

#[test]
fn a_pattern_that_is_accepted_at_all_is_accepted_by_the_folder_too() {
    let (mut accepted, mut refused) = (0, 0);
    for repeats in (0..12).map(|power| 1_u32 << power) {
        let pattern = format!(r"(?P<caller>\w{{{repeats}}})");
        // The folder of a configuration that holds no such pattern, to ask it alone.
        let mut folder = load(&with_pattern("(?P<caller>x)"), &[]).unwrap().folders.remove(0);
        folder.patterns = vec![pattern.clone()];
        let context = FolderContext {
            state_dir: Path::new("/var/lib/callscribe").to_owned(),
            file_bytes_max: 1 << 20,
            clock: Arc::new(SystemClock),
            zone: TimeZone::UTC,
        };
        let is_accepted = load(&with_pattern(&pattern), &[]).is_ok();
        assert_eq!(is_accepted, FolderProvider::new(folder, context).is_ok(), "{pattern}");
        if is_accepted { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 2 && refused > 2, "{accepted} accepted, {refused} refused");
}

/// The group names in the built-in patterns and in the code that reads them.
fn groups_in_use() -> BTreeSet<String> {
    let source = |name: &str| fs::read_to_string(repository().join("src/provider/folder").join(name)).unwrap();
    let code = source("file_name.rs") + &source("when.rs");
    let (group, lookup, word) = (r"\(\?<(\w+)>", r"field\(&\[([^\]]+)\]\)", "\"(\\w+)\"");
    let all = |pattern: &str, text: &str| -> Vec<String> {
        Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let looked_up = all(lookup, &code).into_iter().flat_map(|list| all(word, &list));
    all(group, &code).into_iter().chain(looked_up).collect()
}

#[test]
fn every_group_that_is_read_may_be_named_and_is_in_the_example() {
    let example = fs::read_to_string(repository().join("config.toml.example")).unwrap();
    let groups = groups_in_use();
    assert!(groups.len() > 20, "{groups:?}");
    for group in groups {
        if let Err(errors) = load(&with_pattern(&format!("(?P<{group}>x)")), &[]) {
            panic!("{errors}");
        }
        assert!(Regex::new(&format!(r"#.*\b{group}\b")).unwrap().is_match(&example), "{group} is not in the example");
    }
}
