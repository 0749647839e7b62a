//! What programs written for the systems before callscribe ask for, as they ask for it.

use callscribe::call::{ProcessingStatus, ProviderKind};
use callscribe::provider::Access;
use callscribe::serve::Standing;
use serde_json::Value;

use crate::seed::Served;

fn get(served: &Served, target: &str) -> Value {
    let answer = served.http.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    answer.json()
}

#[test]
fn every_path_answers_with_and_without_a_slash_at_its_end() {
    let (served, archive) = Served::archive();
    served.search.catch_up().unwrap();
    let id = archive.completed;
    for path in [
        "recordings".to_owned(),
        format!("recordings/{id}"),
        "recordings/call-1".to_owned(),
        format!("recordings/{id}/transcript"),
        "recordings/stats/summary".to_owned(),
        "analytics/volume".to_owned(),
        "numbers".to_owned(),
        "numbers/0301234567".to_owned(),
        "providers".to_owned(),
        "jobs".to_owned(),
        "search?q=refund".to_owned(),
        "recordings?limit=2&status=completed".to_owned(),
    ] {
        let (without, query) =
            path.split_once('?').map_or((path.as_str(), String::new()), |(path, query)| (path, format!("?{query}")));
        let one = get(&served, &format!("/api/v1/{without}{query}"));
        assert_eq!(get(&served, &format!("/api/v1/{without}/{query}")), one, "{path}");
    }
    let sound = |target: String| served.http.get(&target).body;
    assert_eq!(sound(format!("/api/v1/recordings/{id}/audio/")), sound(format!("/api/v1/recordings/{id}/audio")));
    assert_eq!(served.http.post("/api/v1/recordings/fetch/?hours=24&limit=100").status, 202);
    assert_eq!(served.http.post("/api/v1/recordings/call-3/reprocess/").status, 202);
    assert_eq!(served.http.delete("/api/v1/recordings/call-1/").json()["deleted"], true);
}

#[test]
fn two_slashes_and_other_trees_are_other_paths() {
    let (served, _) = Served::archive();
    for path in ["/api/v1/recordings//", "/api/v1/recordings/call-1//", "/api/v1//", "/openapi.json/", "/healthz/"] {
        let answer = served.http.get(path);
        assert_eq!((answer.status, answer.error_code().as_str()), (404, "not_found"), "{path}");
    }
}

#[test]
fn both_names_of_a_parameter_mean_the_same() {
    let (served, _) = Served::archive();
    for (one, other) in [
        ("skip=1&limit=2", "offset=1&limit=2"),
        ("from_date=2026-11-20T10:00:00Z", "start_date=2026-11-20T10:00:00Z"),
        ("to_date=2026-11-20T10:00:00Z", "end_date=2026-11-20T10:00:00Z"),
        ("from_date=2026-11-20&to_date=2026-11-20", "start_date=2026-11-20&end_date=2026-11-20"),
    ] {
        let page = |query: &str| get(&served, &format!("/api/v1/recordings/?{query}"));
        let (one, other) = (page(one), page(other));
        assert_eq!(one, other);
        assert!(one["items"].as_array().is_some_and(|items| !items.is_empty()));
        for field in ["total", "skip", "limit", "items"] {
            assert!(!one[field].is_null(), "{field}");
        }
    }
}

#[test]
fn a_recording_goes_by_our_id_and_by_the_providers() {
    let (served, archive) = Served::archive();
    let ours = get(&served, &format!("/api/v1/recordings/{}", archive.completed));
    assert_eq!(get(&served, "/api/v1/recordings/call-1"), ours);
}

#[test]
fn audio_is_had_under_each_of_its_paths() {
    let (served, archive) = Served::archive();
    let id = archive.completed;
    let audio = |path: String| served.http.get(&format!("/api/v1/recordings/{path}"));
    let played = audio(format!("{id}/audio"));
    assert_eq!(audio(format!("{id}/stream")).body, played.body);
    for id in [id.to_string(), "call-1".to_owned()] {
        let saved = audio(format!("download/{id}/audio"));
        assert_eq!((saved.status, &saved.body), (200, &played.body));
        assert!(saved.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
    }
    assert_eq!(audio("download/nobody/audio".to_owned()).error_code(), "not_found");
}

#[test]
fn delete_from_webex_is_delete_from_provider() {
    let (served, archive) = Served::archive();
    // Nobody can be asked to delete its copy here: then ours stays too.
    for name in ["delete_from_webex", "delete_from_provider"] {
        let answer = served.http.delete(&format!("/api/v1/recordings/call-1?{name}=true"));
        assert_eq!((answer.status, answer.error_code().as_str()), (409, "provider_refused"), "{name}");
    }
    let kept = served.store.get(archive.completed).unwrap().unwrap();
    assert_eq!((kept.deletion, kept.steps.processing_status()), (None, ProcessingStatus::Completed));
    let removed = served.http.delete("/api/v1/recordings/call-1?delete_from_webex=false").json();
    assert_eq!((&removed["deleted"], &removed["deleted_from_provider"]), (&true.into(), &false.into()));
}

/// An account with which all is well.
fn standing() -> Standing {
    let access =
        Access { is_reachable: true, is_signed_in: true, missing: Vec::new(), visible: None, advice: Vec::new() };
    Standing { provider: ProviderKind::Webex, account: "main".parse().unwrap(), access }
}

#[test]
fn access_is_tested_under_the_providers_name() {
    let served = Served::empty();
    served.loops.set(|report| report.standings = vec![standing()]);
    for path in ["twilio-access", "webex-access", "ringcentral-access", "webex-access/"] {
        let access = get(&served, &format!("/api/v1/recordings/test/{path}"));
        assert_eq!((&access["success"], &access["items"][0]["account"]), (&true.into(), &"main".into()), "{path}");
    }
    for path in ["zoom-access", "twilio", "twilio-acces"] {
        assert_eq!(served.http.get(&format!("/api/v1/recordings/test/{path}")).error_code(), "not_found", "{path}");
    }
}

#[test]
fn a_number_is_found_however_it_is_written() {
    let (served, _) = Served::archive();
    let calls = get(&served, "/api/v1/numbers/%2B49301234567");
    assert_eq!(calls["total"], 4);
    for number in ["+49301234567", "0049301234567", "49301234567", "%2B49%20(30)%201234567"] {
        assert_eq!(get(&served, &format!("/api/v1/numbers/{number}"))["recordings"], calls["recordings"], "{number}");
    }
}
