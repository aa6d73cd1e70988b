//! Rules about documents: the architecture stays short and names every decision; every dependency has its line.

use super::{Finding, line_where};
use crate::clone::Clone;
use anyhow::Context as _;

/// Applies every rule of this module.
///
/// # Errors
/// The root manifest cannot be read.
pub(crate) fn check(clone: &Clone) -> anyhow::Result<Vec<Finding>> {
    let paths: Vec<&str> = clone.files.iter().map(|file| file.path.as_str()).collect();
    let architecture = clone.text(ARCHITECTURE).unwrap_or_default();
    let mut findings = architecture_length(architecture);
    findings.extend(decisions_linked(&paths, architecture));
    let manifest = clone.text("Cargo.toml").unwrap_or_default();
    findings.extend(dependencies_told(manifest, clone.text(DEPENDENCIES).unwrap_or_default())?);
    Ok(findings)
}

/// The architecture is read in one sitting.
fn architecture_length(architecture: &str) -> Vec<Finding> {
    let lines = architecture.lines().count();
    let wrong = match lines {
        0 => "the file is missing or empty".to_owned(),
        1..=ARCHITECTURE_CAP => return Vec::new(),
        _ => format!("{lines} lines, more than {ARCHITECTURE_CAP}"),
    };
    let mend = "say what no reader could infer from the code, and no more";
    vec![Finding { file: ARCHITECTURE.into(), line: lines.max(1), wrong, mend }]
}

/// Every decision is linked from the architecture.
fn decisions_linked(paths: &[&str], architecture: &str) -> Vec<Finding> {
    let decisions = paths.iter().filter(|path| path.starts_with("docs/adr/") && path.ends_with(".md"));
    decisions
        .filter(|path| !architecture.contains(&format!("({path})")))
        .map(|path| Finding {
            file: (*path).into(),
            line: 1,
            wrong: format!("{ARCHITECTURE} does not link this decision"),
            mend: "add a link under the part that it decides",
        })
        .collect()
}

/// Every crate from outside has a line that says what it saves and how to leave it.
fn dependencies_told(manifest: &str, told: &str) -> anyhow::Result<Vec<Finding>> {
    let table: toml::Table = manifest.parse().context("reading Cargo.toml")?;
    let listed = table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let listed =
        listed.and_then(toml::Value::as_table).context("Cargo.toml has no workspace.dependencies")?;
    let outside = listed.iter().filter(|(_, asked)| asked.get("path").is_none());
    let untold = outside.filter(|(name, _)| !told.contains(&format!("\n| `{name}` |")));
    Ok(untold
        .map(|(name, _)| Finding {
            file: "Cargo.toml".into(),
            line: line_where(manifest, |line| line.split(['.', ' ', '=']).next() == Some(name)),
            wrong: format!("{name} has no line in {DEPENDENCIES}"),
            mend: "add a row there: what it saves, how many crates it brings, the way out",
        })
        .collect())
}

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const ARCHITECTURE_CAP: usize = 300;
const DEPENDENCIES: &str = "docs/adr/0009-dependencies.md";

#[cfg(test)]
mod tests {
    use super::*;

    fn files(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.file.as_str()).collect()
    }

    #[test]
    fn every_decision_is_linked_from_the_architecture() {
        let paths = ["docs/adr/0001-a.md", "docs/adr/0002-b.md", "docs/format.md"];
        let both = "see [a](docs/adr/0001-a.md) and [b](docs/adr/0002-b.md)";
        assert!(decisions_linked(&paths, both).is_empty());
        let findings = decisions_linked(&paths, "see [a](docs/adr/0001-a.md), 0002");
        assert_eq!(files(&findings), ["docs/adr/0002-b.md"]);
    }

    #[test]
    fn the_architecture_is_there_and_short() {
        assert!(architecture_length(&"a\n".repeat(300)).is_empty());
        assert_eq!(architecture_length(&"a\n".repeat(301)).len(), 1);
        assert_eq!(architecture_length("").len(), 1);
    }

    #[test]
    fn every_dependency_from_outside_has_its_line() {
        let manifest =
            "[workspace.dependencies]\nmodel = { path = \"m\" }\nserde = \"1\"\nsha2 = { version = \"1\" }\n";
        let told = "| crate |\n|---|\n| `serde` | x |\n| `sha2` | y |\n";
        assert!(dependencies_told(manifest, told).unwrap().is_empty());
        let findings = dependencies_told(manifest, "| crate |\n|---|\n| `serde` | sha2 |\n").unwrap();
        assert_eq!(findings.iter().map(|f| f.line).collect::<Vec<_>>(), [4]);
        assert!(dependencies_told("[package]\n", told).is_err());
    }
}
