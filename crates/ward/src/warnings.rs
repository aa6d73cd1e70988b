//! The settings of public warnings: read from their file, told where they are wrong.

use crate::sensors::told;
use crate::told::Refused;
use std::path::Path;
use warning::Settings;

/// What a file of settings says.
pub(crate) fn settings(path: &Path) -> anyhow::Result<Settings> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Refused::say(
            format!("無法讀取公共警報設定檔 {name}：{error}。請確認路徑，或依 docs/howto/hear-warnings.md 建立。"),
            format!(
                "The settings of public warnings {name} cannot be read: {error}. See whether the path is right, or make them as docs/howto/hear-warnings.md says."
            ),
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let wrong = (
        "公共警報設定有誤，請更正後再啟動：",
        "The settings of public warnings are wrong; mend them and start again:",
    );
    Settings::read(&name, &text, folder).map_err(|problems| Refused::misuse(told(&problems, wrong)))
}
