//! Tokens with names and roles: what each may do, route by route.

use callscribe::config::{Role, TokenConfig};
use callscribe::serve::{Door, roles};
use serde_json::Value;

use crate::common::Http;
use crate::seed::{Served, at};

const READER: &str = "reader-0123456789abcdef";
const OPERATOR: &str = "operator-0123456789abcdef";

fn token(name: &str, role: Role, token: &str) -> TokenConfig {
    TokenConfig { name: name.to_owned(), role, token: token.to_owned().into() }
}

fn served() -> Served {
    let tokens = vec![token("wallboard", Role::Read, READER), token("dialler", Role::Operate, OPERATOR)];
    Served::behind(Door { tokens, ..Door::default() })
}

fn with(served: &Served, token: &str) -> Http {
    Http { token: token.to_owned(), ..served.http.clone() }
}

/// Every request the description knows, and those it leaves out on purpose.
fn requests(served: &Served) -> Vec<(String, String)> {
    let document = served.http.get("/openapi.json").json();
    let mut requests = vec![("GET".to_owned(), "/openapi.json".to_owned())];
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods =
            methods.as_object().unwrap().keys().filter(|key| !matches!(key.as_str(), "parameters" | "summary"));
        requests.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    requests.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    requests
}

/// The path with something in every place that is nobody's.
fn filled(path: &str) -> String {
    let pieces = path.split('/').map(|piece| if piece.starts_with('{') { "nobody" } else { piece });
    let filled = pieces.collect::<Vec<_>>().join("/");
    // Whoever may listen would listen for ever: a parameter that is none ends that at once.
    if path.ends_with("/events") { format!("{filled}?no_such_parameter=1") } else { filled }
}

#[test]
fn every_route_has_its_least_role() {
    let served = served();
    let callers = [("anybody", ""), ("read", READER), ("operate", OPERATOR), ("admin", served.http.token.as_str())];
    let mut table = String::new();
    for (method, path) in requests(&served) {
        let may = |token: &str| {
            let http = with(&served, token);
            let headers: &[&str] = if method == "GET" { &[] } else { &["Content-Length: 0"] };
            let answer = http.send(&method, &filled(&path), headers);
            // Errors have two shapes, ours and OpenAI's.
            let is_too_low = answer.status == 403 && answer.text().contains("has the role");
            let is_refused = answer.status == 401 || is_too_low;
            !is_refused
        };
        let least = callers.iter().find(|(_, token)| may(token)).map_or("nobody", |(name, _)| name);
        table += &format!("{least:8} {method:6} {path}\n");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_route_that_changes_something_has_a_role_that_somebody_decided_on() {
    let undecided: Vec<_> =
        requests(&served()).into_iter().filter(|(method, path)| !roles::is_decided(method, path)).collect();
    assert!(undecided.is_empty(), "add these to ROLES in src/serve/roles.rs: {undecided:?}");
}

#[test]
fn a_refusal_names_token_role_and_what_is_needed() {
    let served = served();
    let id = served.completed("call-1", "2026-11-20T09:00:00Z");
    let answer = with(&served, READER).delete(&format!("/api/v1/recordings/{id}"));
    assert_eq!((answer.status, answer.error_code().as_str()), (403, "role_too_low"));
    let message: Value = answer.json()["error"]["message"].clone();
    assert_eq!(message, "The token 'wallboard' has the role read; this needs admin.");
    assert!(served.store.get(id).unwrap().unwrap().deletion.is_none());
}

#[test]
fn a_path_that_is_not_there_is_no_secret_to_whoever_may_read() {
    let served = served();
    assert_eq!(with(&served, READER).get("/api/v1/nothing").status, 404);
    assert_eq!(with(&served, "wrong").get("/api/v1/nothing").status, 401);
}

#[test]
fn the_audit_trail_names_the_token() {
    let boss = token("records-office", Role::Admin, "admin-0123456789abcdef");
    let served = Served::behind(Door { tokens: vec![boss], ..Door::default() });
    let id = served.completed("call-1", "2026-11-20T09:00:00Z");
    assert_eq!(with(&served, "admin-0123456789abcdef").delete(&format!("/api/v1/recordings/{id}")).status, 200);
    let entry = served.store.audit_trail(1).unwrap().remove(0);
    assert_eq!((entry.by.as_str(), entry.what.as_str()), ("api:records-office", "removed"));
    assert_eq!(entry.at, at("2026-11-20T13:00:00Z"));
}

#[test]
fn the_audit_trail_says_who_steered_the_work() {
    let served = served();
    let id = served.completed("call-1", "2026-11-20T09:00:00Z");
    let dialler = with(&served, OPERATOR);
    dialler.post("/api/v1/queue/pause");
    dialler.post(&format!("/api/v1/recordings/{id}/reprocess?steps=generate_summary"));
    dialler.post(&format!("/api/v1/recordings/{id}/cancel"));
    let begun = dialler.post("/api/v1/recordings/reprocess?steps=generate_summary").json();
    dialler.delete(&format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap()));
    dialler.post("/api/v1/queue/resume");
    let entries = served.store.audit_trail(20).unwrap();
    assert!(entries.iter().all(|entry| entry.by == "api:dialler"), "{entries:#?}");
    let deeds: Vec<&str> = entries.iter().rev().map(|entry| entry.what.as_str()).collect();
    let expected =
        ["queue_paused", "reprocessed", "cancelled", "rerun_begun", "job_cancelled", "cancelled", "queue_resumed"];
    assert_eq!(deeds, expected);
}
