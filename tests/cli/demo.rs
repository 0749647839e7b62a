use std::fs;

use crate::support::{Place, code, out};

#[test]
fn the_demo_ends_with_0_and_leaves_transcripts_and_a_configuration_that_loads() {
    let place = Place::new();
    let demo = place.run(&["demo", "--dir", "here"]);
    assert_eq!(code(&demo), 0, "{demo:?}");
    let said = out(&demo);
    for part in ["agent:", "customer:", "Word error rate", "The miniature: it knows only the sample calls."] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    for format in ["txt", "json", "vtt", "srt"] {
        assert!(fs::metadata(place.path(&format!("here/transcripts/en-refund.{format}"))).unwrap().len() > 100);
    }
    let config = place.path("here/config.toml");
    let check = place.run(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(code(&check), 0, "{check:?}");
}
