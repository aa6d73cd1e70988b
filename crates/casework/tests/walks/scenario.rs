//! Scenarios as they are written in `data/<register>.toml`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A file: the walks of one register.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Walks {
    pub(crate) scenario: Vec<Scenario>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) id: String,
    /// Scenarios that come before, as `register/id`; their records keep their names.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// When it begins, `2026-03-02 09:00` in the pack's zone, unless what came before ended later.
    pub(crate) at: Option<String>,
    #[serde(rename = "do")]
    pub(crate) acts: Vec<Act>,
}

/// One thing done: a step, a while that passes, an occurrence that is owed, a deputy appointed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    /// Who acts, by name, or `name:role` where somebody holds several.
    pub(crate) who: Option<String>,
    /// For whom they act as deputy.
    #[serde(rename = "for")]
    pub(crate) acting_for: Option<String>,
    /// `deputy for principal`, in force from now on.
    pub(crate) appoint: Option<String>,
    /// People who give up what they hold.
    #[serde(default)]
    pub(crate) vacate: Vec<String>,

    /// The step; one that opens a record opens one of the file's register, or of `register`.
    pub(crate) step: Option<String>,
    pub(crate) register: Option<String>,
    /// The record the step is taken on; the one opened last when absent.
    pub(crate) of: Option<String>,
    /// `done`, `approve`, …; the one that goes forward when absent.
    pub(crate) outcome: Option<String>,
    #[serde(default)]
    pub(crate) fill: toml::Table,
    /// Fields that are emptied.
    #[serde(default)]
    pub(crate) clear: Vec<String>,
    /// `passkey` when absent.
    pub(crate) sign: Option<String>,
    /// When it happened, where it is recorded later, and why.
    pub(crate) occurred: Option<String>,
    pub(crate) late: Option<String>,
    /// The name the record opened is known by from then on.
    pub(crate) name: Option<String>,

    /// The duty whose latest occurrence is opened now, for the object `of` (a record or a unit's name).
    pub(crate) owe: Option<String>,

    /// An alarm opens a case of this unit, of the file's register.
    pub(crate) alarm: Option<String>,

    /// The alarm that opened the record `of` is over: the system takes this step.
    pub(crate) over: Option<String>,

    /// So much time passes, or the time comes, with all that falls due on the way.
    pub(crate) advance: Option<String>,
    pub(crate) until: Option<String>,

    /// The state afterwards.
    pub(crate) state: Option<String>,
    /// The refusal, by its name, and its words in Traditional Chinese.
    pub(crate) refused: Option<String>,
    pub(crate) says: Option<String>,
    /// Clocks, as `register.clock`, and duties that came to a point on the way, in order, each as often as it did.
    pub(crate) fired: Option<Vec<String>>,
    /// Who is told, all notices together: `name`, `role@unit`, `role@unit+` (and above), `role@*`.
    pub(crate) told: Option<Vec<String>>,
    /// What every notice says, in Traditional Chinese, in order.
    pub(crate) notices: Option<Vec<String>>,
    /// Records that effects open, register to name.
    #[serde(default)]
    pub(crate) opens: BTreeMap<String, String>,
    /// Values held afterwards.
    #[serde(default)]
    pub(crate) holds: toml::Table,
    /// The number afterwards.
    pub(crate) number: Option<String>,
}

/// Every scenario by `register/id`, in the order of the files.
pub(crate) fn all() -> Vec<(String, String, Scenario)> {
    let mut all = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir(Path::new("tests/walks/data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let register = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if register == "people" || path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let walks: Walks =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for scenario in walks.scenario {
            all.push((format!("{register}/{}", scenario.id), register.clone(), scenario));
        }
    }
    all
}
