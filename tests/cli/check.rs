use crate::support::{Place, code, out};

#[test]
fn a_sound_configuration_ends_with_0() {
    let check = Place::new().run(&["check"]);
    assert_eq!(code(&check), 0, "{check:?}");
    assert!(out(&check).ends_with("All is well.\n"), "{check:?}");
}

#[test]
fn a_wrong_configuration_ends_with_78_and_every_reason() {
    let place = Place::with("fetch_concurrency = 0\n[log]\nfilter = \"inof\"");
    let check = place.run(&["check"]);
    assert_eq!(code(&check), 78);
    assert!(out(&check).contains("'inof' is no level") && out(&check).contains("fetch_concurrency"), "{check:?}");
    let json: serde_json::Value = serde_json::from_slice(&place.run(&["check", "--json"]).stdout).unwrap();
    assert_eq!((&json["ok"], json["config"]["problems"].as_array().unwrap().len()), (&false.into(), 2));
}

#[test]
fn a_folder_that_is_not_there_ends_with_1_and_is_named() {
    let check = Place::with("[[folders]]\nname = \"gone\"\npath = \"/nowhere/in\"").run(&["check"]);
    assert_eq!(code(&check), 1);
    assert!(out(&check).contains("PROBLEM  folder gone: /nowhere/in cannot be read"), "{check:?}");
}
