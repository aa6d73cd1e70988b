//! The sample city as people make it: its folder, its mark, its ledger under the strict verification.

use crate::{City, LIMIT};
use std::time::Duration;

/// How long thirty days of history may take in a build for tests.
const MAKING: Duration = Duration::from_secs(120);

#[test]
fn a_sample_city_is_made_and_its_ledger_verifies_whole() {
    let city = City::new();
    let arguments = ["demo", "--folder", "sample", "--days", "30", "--only-make"];
    let made = city.program(&arguments).run("", MAKING).unwrap();
    assert!(made.status.success(), "{}", made.errors);
    assert!(made.errors.contains("60 people"), "{}", made.errors);
    let verified = city.ward(&["verify", "--data", "sample"], "");
    assert!(verified.status.success(), "{}", verified.errors);
    // A city that is there is used as it is.
    let again = city.program(&arguments).run("", LIMIT).unwrap();
    assert!(again.status.success() && !again.errors.contains("60 people"), "{}", again.errors);
}

#[test]
fn a_folder_of_a_real_installation_is_left_alone() {
    let city = City::new();
    let before = std::fs::read(city.path().join("data/policy")).unwrap();
    let refused = city.ward(&["demo", "--folder", "data", "--only-make"], "");
    assert_eq!(refused.status.code(), Some(2), "{}", refused.errors);
    assert!(refused.errors.contains("不是示範城市"), "{}", refused.errors);
    assert_eq!(std::fs::read(city.path().join("data/policy")).unwrap(), before);
    assert!(!city.path().join("data.people.toml").exists());
}

#[test]
fn a_city_that_was_not_finished_is_not_served() {
    let city = City::new();
    let origin = "sample-city.example/ledger";
    city.good(&["ledger", "init", "--data", "half", "--origin", origin], "");
    let refused = city.ward(&["demo", "--folder", "half", "--only-make"], "");
    assert_eq!(refused.status.code(), Some(2), "{}", refused.errors);
    assert!(refused.errors.contains("未建立完成"), "{}", refused.errors);
}
