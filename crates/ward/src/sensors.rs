//! The settings of sensors: read from their file, told where they are wrong.

use crate::told::Refused;
use model::Told;
use regulation::Problem;
use sense::Device;
use std::path::Path;

/// The devices of a file of settings.
pub(crate) fn devices(path: &Path) -> anyhow::Result<Vec<Device>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Refused::say(
            format!("無法讀取感測裝置設定檔 {name}：{error}。請確認路徑，或依 docs/howto/read-sensors.md 建立。"),
            format!(
                "The settings of sensors {name} cannot be read: {error}. See whether the path is right, or make them as docs/howto/read-sensors.md says."
            ),
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let wrong = (
        "感測裝置設定有誤，請更正後再啟動：",
        "The settings of sensors are wrong; mend them and start again:",
    );
    sense::devices(&name, &text, folder).map_err(|problems| Refused::misuse(told(&problems, wrong)))
}

/// Problems of a file of settings, each with its place, behind what is said of all.
pub(crate) fn told(problems: &[Problem], (zh, en): (&str, &str)) -> Told {
    let lines = |of: fn(&Problem) -> &str, instead: &str| {
        let line = |problem: &Problem| {
            let suggestion = problem.suggestion.as_ref().map(|text| format!("{instead}{text}"));
            format!("\n{}: {}{}", problem.place, of(problem), suggestion.unwrap_or_default())
        };
        problems.iter().map(line).collect::<String>()
    };
    Told::new(
        format!("{zh}{}", lines(|problem| &problem.zh, "，是否為 ")),
        format!("{en}{}", lines(|problem| &problem.en, "; is it ")),
    )
}
