use std::fs;

use crate::support::{Place, code, out};

#[test]
fn the_list_names_the_model_in_use_and_those_to_be_had() {
    let list = Place::new().run(&["models", "list"]);
    assert_eq!(code(&list), 0);
    let text = out(&list);
    assert!(text.contains("mini-q8_0") && text.contains("(in use)") && text.contains("to be pulled"), "{text}");
    let json: serde_json::Value =
        serde_json::from_slice(&Place::new().run(&["models", "list", "--json"]).stdout).unwrap();
    assert_eq!(json["configured"], "mini-q8_0");
}

#[test]
fn a_whole_model_verifies_with_0_and_a_damaged_one_with_1() {
    let place = Place::new();
    let whole = place.run(&["models", "verify", "mini-q8_0"]);
    assert_eq!(code(&whole), 0, "{whole:?}");
    assert!(out(&whole).starts_with("verified  mini-q8_0 "), "{whole:?}");
    let models = place.path("state/models");
    fs::create_dir_all(&models).unwrap();
    let shipped = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/mini-q8_0.bin")).unwrap();
    fs::write(models.join("mini-q8_0.bin"), &shipped[..shipped.len() / 2]).unwrap();
    let half = place.run(&["models", "verify", "mini-q8_0"]);
    assert_eq!(code(&half), 1, "{half:?}");
    assert!(out(&half).starts_with("FAILED    "), "{half:?}");
}
