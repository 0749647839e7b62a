//! Where everything is masked, nothing that is given out holds what was masked, whichever way it is asked for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::wait_until;
use crate::world::{MASK_ALL, World, assert_clean, files_below};

/// Paths without a place for an id, or whose question goes to a provider, are asked for as they stand.
fn routes(world: &World) -> Vec<String> {
    let description = world.http().get("/openapi.json").json();
    let paths = description["paths"].as_object().unwrap();
    let gets = paths.iter().filter(|(_, ways)| ways["get"].is_object()).map(|(path, _)| path.clone());
    let id = world.id.to_string();
    let job = world.http().get("/api/v1/jobs?limit=1").json()["items"][0]["id"].as_str().unwrap_or("none").to_owned();
    let mut routes: Vec<String> = gets
        // It never ends; see below.
        .filter(|path| !path.ends_with("/events"))
        .map(|path| match path.as_str() {
            path if path.contains("/jobs/") => path.replace("{id}", &job),
            path if path.contains("/numbers/") => path.replace("{e164}", "+49301234567"),
            path => path.replace("{id}", &id).replace("{name}", "crm").replace("{access}", "twilio-access"),
        })
        .collect();
    assert!(routes.len() > 20, "{routes:?}");
    for format in ["json", "txt", "vtt", "srt"] {
        routes.push(world.path(&format!("/transcript?format={format}")));
        routes.push(world.path(&format!("/transcript?format={format}&translation=es")));
    }
    for page in ["/calls", "/numbers", "/queue", "/trends", "/system", "/calls?q=refund", "/calls?q=4539"] {
        routes.push(page.to_owned());
    }
    routes.push(format!("/calls/{id}"));
    routes.push(format!("/calls/{id}?translation=es"));
    for question in ["refund", "card", "email", "iban", "%22my+card+number+is%22", "quintx", "4539", "0163", "march"] {
        routes.push(format!("/api/v1/search?q={question}"));
        routes.push(format!("/api/v1/recordings/?search_text={question}"));
    }
    routes
}

pub fn assert_nothing_is_given_out(world: &World) {
    for http in [world.http(), world.reader()] {
        for route in routes(world) {
            let answer = http.get(&route);
            assert_ne!(answer.status, 500, "{route}");
            assert_clean(&route, &answer.body);
        }
    }
    for heard in world.sink.heard() {
        assert_clean("what the sink was sent", &heard.body);
    }
    assert!(world.sink.heard().iter().any(|heard| heard.json()["transcript"].is_object()), "it was sent the words");
    assert_clean("the log", world.daemon.log().as_bytes());
    for path in files_below(&world.daemon.state().join("transcripts")) {
        assert_clean(&path.display().to_string(), &std::fs::read(&path).unwrap());
    }
}

fn assert_nothing_is_found(world: &World) {
    for question in ["4539", "0343", "quintx", "mariela*", "0163", "5698", "%224539+1488%22", "9175550163"] {
        let found = world.http().get(&format!("/api/v1/search?q={question}")).json();
        assert_eq!(found["total"], 0, "{question}: {found}");
        let listed = world.http().get(&format!("/api/v1/recordings/?search_text={question}")).json();
        assert_eq!(listed["total"], 0, "{question}");
    }
    assert_eq!(world.http().get("/api/v1/search?q=refund").json()["total"], 1, "the rest is found");
}

/// Listens while the summary is made once more.
fn assert_the_stream_is_clean(world: &World) {
    let http = world.http();
    let mut stream = TcpStream::connect(http.address).unwrap();
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        http.address, http.token
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert_eq!(http.post(&world.path("/reprocess?steps=generate_summary")).status, 202);
    let mut heard = Vec::new();
    wait_until("the stream tells of the summary", || {
        let mut piece = [0; 4096];
        if let Ok(length) = stream.read(&mut piece) {
            heard.extend_from_slice(&piece[..length]);
        }
        String::from_utf8_lossy(&heard).contains("completed").then_some(())
    });
    assert_clean("the stream of events", &heard);
}

fn assert_clean_everywhere(world: &World) {
    assert_nothing_is_given_out(world);
    assert_nothing_is_found(world);
    assert_the_stream_is_clean(world);
    assert_nothing_is_given_out(world);
}

#[test]
fn what_is_masked_is_in_no_answer_page_stream_payload_export_or_log() {
    let world = World::under(MASK_ALL);
    assert_clean_everywhere(&world);
    let text = world.http().get(&world.path("/transcript?format=txt")).text().to_owned();
    for sign in ["[card]", "[phone]", "[email]", "[iban]", "[birth_date]", "I want a refund."] {
        assert!(text.contains(sign), "{sign} in {text}");
    }
    let words = world.http().get(&world.path("/transcript")).json()["segments"][1]["words"].clone();
    let card = words.as_array().unwrap().iter().find(|word| word["word"] == "[card],").unwrap().clone();
    assert_eq!((card["start"].as_f64(), card["end"].as_f64()), (Some(6.0), Some(6.95)), "its time stays");
}

#[test]
fn what_is_sealed_lies_open_in_no_file() {
    let world = World::under(&format!("{MASK_ALL}\nunredacted = \"seal\""));
    world.wait_until_redacted();
    assert_clean_everywhere(&world);
    world.assert_no_file_holds_it();
}

#[test]
fn what_is_dropped_is_in_no_file_not_even_in_free_pages_of_the_database() {
    let world = World::under(&format!("{MASK_ALL}\nunredacted = \"drop\""));
    world.wait_until_redacted();
    assert_clean_everywhere(&world);
    world.assert_no_file_holds_it();
}

impl World {
    pub fn wait_until_redacted(&self) {
        let http = self.http();
        wait_until("the audio is redacted", || {
            (http.get(&self.path("")).json()["audio"]["is_redacted"] == true).then_some(())
        });
        let folder = self.daemon.state().join("recordings");
        let is_audio = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "wav");
        wait_until("what was received is gone", || {
            (files_below(&folder).iter().filter(|path| is_audio(path)).count() == 1).then_some(())
        });
    }

    pub fn assert_no_file_holds_it(&self) {
        for path in files_below(&self.daemon.state()) {
            let bytes = std::fs::read(&path).unwrap();
            assert_clean(&path.display().to_string(), &bytes);
            assert_ne!(bytes, self.original, "{} is the sound as it was received", path.display());
        }
    }
}
