use std::fs;

use crate::support::{Place, code, err, out};

const WORDS: &str = "I have a problem with my invoice.";

#[test]
fn a_call_becomes_text_on_standard_output() {
    let place = Place::new();
    let call = place.call("call.wav");
    let done = place.run(&["transcribe", &call, "--speakers", "agent,customer", "--language", "auto"]);
    assert_eq!(code(&done), 0, "{done:?}");
    assert!(out(&done).contains("customer: ") && out(&done).contains(WORDS), "{done:?}");
}

#[test]
fn with_a_folder_each_file_and_format_gets_a_file_of_its_own() {
    let place = Place::new();
    let (first, second) = (place.call("call.wav"), place.call("more/call.wav"));
    let done = place.run(&["transcribe", &first, &second, "--format", "txt,json", "--output", "texts"]);
    assert_eq!((code(&done), out(&done).as_str()), (0, ""), "{done:?}");
    for name in ["call.txt", "call.wav.txt"] {
        assert!(fs::read_to_string(place.path("texts").join(name)).unwrap().contains(WORDS), "{name}");
    }
    let json: serde_json::Value = serde_json::from_slice(&fs::read(place.path("texts/call.json")).unwrap()).unwrap();
    assert_eq!(json["duration"], 7.4);
}

#[test]
fn several_files_on_standard_output_are_headed_by_their_names() {
    let place = Place::new();
    let (first, second) = (place.call("first.wav"), place.call("second.wav"));
    let text = out(&place.run(&["transcribe", &first, &second]));
    let (before, after) = text.split_once(&format!("# {second}\n")).unwrap();
    assert!(before.starts_with(&format!("# {first}\n")), "{text}");
    assert!(before.contains(WORDS) && after.contains(WORDS), "{text}");
    let alone = out(&place.run(&["transcribe", &first]));
    assert!(!alone.contains(&first), "one file needs no heading: {alone}");
}

#[test]
fn what_standard_output_cannot_hold_needs_a_folder() {
    let place = Place::new();
    for arguments in [&["a.wav", "b.wav", "--format", "vtt"][..], &["a.wav", "--format", "txt,srt"]] {
        let refused = place.run(&[&["transcribe"], arguments].concat());
        assert_eq!(code(&refused), 1);
        assert!(err(&refused).contains("add --output DIR"), "{refused:?}");
    }
}

#[test]
fn the_code_is_65_when_nothing_could_be_read_and_3_when_some_could() {
    let place = Place::new();
    let (call, page) = (place.call("call.wav"), place.no_call("login.mp3"));
    let none = place.run(&["transcribe", &page]);
    assert_eq!((code(&none), out(&none).as_str()), (65, ""));
    assert!(err(&none).contains("login.mp3: "), "{none:?}");
    let some = place.run(&["transcribe", &page, &call]);
    assert_eq!(code(&some), 3);
    assert!(out(&some).contains(WORDS), "{some:?}");
}

#[test]
fn a_language_the_model_does_not_know_is_refused_before_anything_is_done() {
    let place = Place::new();
    for command in ["transcribe", "import"] {
        let refused = place.run(&[command, "calls", "--language", "en,english"]);
        assert_eq!(code(&refused), 2);
        assert!(err(&refused).contains("Whisper knows no language 'english'."), "{refused:?}");
    }
    assert!(!place.path("state").exists());
}

#[test]
fn no_number_of_states_and_threads_ends_in_a_panic() {
    let place = Place::new();
    let call = place.call("call.wav");
    let run = |states: &str, threads: &str| place.run(&["transcribe", &call, "--states", states, "--threads", threads]);
    let chosen = run("0", "0");
    assert_eq!(code(&chosen), 0, "{chosen:?}");
    assert_eq!(code(&run("257", "1")), 2);
    let product = run("200", "2");
    assert_eq!(code(&product), 1);
    assert!(err(&product).contains("makes 400 threads; at most 256 make sense."), "{product:?}");
}
