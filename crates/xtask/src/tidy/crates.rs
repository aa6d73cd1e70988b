//! Rules about the workspace: dependencies go one way, licences are known, lock files are committed.
//!
//! The order of `members` in the root manifest is the order in which data flows; a crate may ask only for
//! crates above it. Tests of any crate may ask for `testkit`.

use super::{Finding, licence, line_where};
use crate::clone::{Clone, Metadata, Package};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Applies every rule of this module.
///
/// # Errors
/// The root manifest does not list its members.
pub(crate) fn check(clone: &Clone) -> anyhow::Result<Vec<Finding>> {
    let manifest = clone.text("Cargo.toml").context("the clone has no Cargo.toml")?;
    let members: Vec<PathBuf> = members(manifest)?.iter().map(|member| clone.root.join(member)).collect();
    let mut findings = one_way(&clone.metadata, &members, &clone.root);
    findings.extend(licences(&clone.metadata));
    let manifests = clone.files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    let workspaces: Vec<&str> = manifests
        .filter(|file| file.text.lines().any(|line| line.trim_end() == "[workspace]"))
        .map(|file| file.path.as_str())
        .collect();
    findings.extend(lock_files(&workspaces, &clone.tracked));
    Ok(findings)
}

/// The members of the workspace, in the order written.
fn members(manifest: &str) -> anyhow::Result<Vec<String>> {
    let table: toml::Table = manifest.parse().context("reading Cargo.toml")?;
    let listed = table.get("workspace").and_then(|workspace| workspace.get("members"));
    let listed = listed.and_then(toml::Value::as_array).context("Cargo.toml has no workspace.members")?;
    listed.iter().map(|member| Ok(member.as_str().context("a member is not a text")?.to_owned())).collect()
}

/// Dependencies between members go from below to above only.
fn one_way(metadata: &Metadata, members: &[PathBuf], root: &Path) -> Vec<Finding> {
    let place = |folder: &Path| members.iter().position(|member| member == folder);
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_none()) {
        let folder = package.manifest_path.parent().unwrap_or(root);
        let own = place(folder);
        for dependency in &package.dependencies {
            let Some(path) = &dependency.path else { continue };
            let for_tests = dependency.kind.as_deref() == Some("dev") && dependency.name == "testkit";
            if for_tests || place(path).is_some_and(|above| own.is_some_and(|own| above < own)) {
                continue;
            }
            let wrong = format!("{} uses {}, which does not stand above it", package.name, dependency.name);
            findings.push(in_manifest(package, &dependency.name, root, wrong));
        }
    }
    findings
}

fn in_manifest(package: &Package, dependency: &str, root: &Path, wrong: String) -> Finding {
    let text = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    let line = line_where(&text, |line| line.split(['.', ' ', '=']).next() == Some(dependency));
    let relative = package.manifest_path.strip_prefix(root).unwrap_or(&package.manifest_path);
    Finding {
        file: relative.to_string_lossy().into_owned(),
        line,
        wrong,
        mend: "move the code to the crate that may hold it; the order is `members` in Cargo.toml",
    }
}

/// What comes from outside has a licence that the product may carry.
fn licences(metadata: &Metadata) -> Vec<Finding> {
    let outside = metadata.packages.iter().filter(|package| package.source.is_some());
    let refused = outside.filter(|package| !package.license.as_deref().is_some_and(licence::allowed));
    refused
        .map(|package| Finding {
            file: "Cargo.lock".into(),
            line: 1,
            wrong: format!(
                "{} {} has the licence {}",
                package.name,
                package.version,
                package.license.as_deref().unwrap_or("(none named)")
            ),
            mend: "choose another crate, or add the licence to `tidy/licence.rs` with a reason",
        })
        .collect()
}

/// Every workspace has its lock file in git.
fn lock_files(workspaces: &[&str], tracked: &BTreeSet<String>) -> Vec<Finding> {
    let locks = workspaces.iter().map(|manifest| manifest.replace("Cargo.toml", "Cargo.lock"));
    locks
        .filter(|lock| !tracked.contains(lock))
        .map(|file| Finding {
            file,
            line: 1,
            wrong: "the lock file is not in git".into(),
            mend: "commit it, so that everyone builds the same",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clone::Dependency;

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependencies = uses.iter().map(|(name, kind)| Dependency {
            name: (*name).into(),
            kind: kind.map(str::to_owned),
            path: Some(Path::new("/w/crates").join(name)),
        });
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: None,
            source: None,
            manifest_path: format!("/w/crates/{name}/Cargo.toml").into(),
            dependencies: dependencies.collect(),
        }
    }

    fn wrong(packages: Vec<Package>) -> Vec<String> {
        let members = ["model", "proof", "ledger", "testkit"].map(|name| Path::new("/w/crates").join(name));
        let findings = one_way(&Metadata { packages }, &members, Path::new("/w"));
        findings.into_iter().map(|finding| format!("{}: {}", finding.file, finding.wrong)).collect()
    }

    #[test]
    fn a_crate_may_use_crates_above_it() {
        let proof = package("proof", &[("model", None), ("model", Some("dev")), ("model", Some("build"))]);
        assert!(wrong(vec![proof, package("ledger", &[("proof", None)])]).is_empty());
    }

    #[test]
    fn a_crate_may_not_use_crates_below_it_or_itself() {
        let expected = "crates/proof/Cargo.toml: proof uses ledger, which does not stand above it";
        assert_eq!(wrong(vec![package("proof", &[("ledger", None)])]), [expected]);
        assert_eq!(wrong(vec![package("proof", &[("ledger", Some("dev"))])]).len(), 1);
        assert_eq!(wrong(vec![package("proof", &[("ledger", Some("build"))])]).len(), 1);
        assert_eq!(wrong(vec![package("proof", &[("proof", Some("dev"))])]).len(), 1);
    }

    #[test]
    fn only_tests_may_use_testkit_from_above() {
        assert!(wrong(vec![package("proof", &[("testkit", Some("dev"))])]).is_empty());
        assert_eq!(wrong(vec![package("proof", &[("testkit", None)])]).len(), 1);
    }

    #[test]
    fn a_folder_that_is_no_member_may_not_be_used() {
        assert_eq!(wrong(vec![package("ledger", &[("stranger", None)])]).len(), 1);
        assert_eq!(wrong(vec![package("stranger", &[("model", None)])]).len(), 1);
    }

    #[test]
    fn a_dependency_from_a_registry_has_no_place_in_the_order() {
        let mut ledger = package("ledger", &[("sha2", None)]);
        ledger.dependencies.iter_mut().for_each(|dependency| dependency.path = None);
        assert!(wrong(vec![ledger]).is_empty());
    }

    #[test]
    fn licences_of_what_comes_from_outside_are_known() {
        let outside = |license: Option<&str>| {
            let mut package = package("sha2", &[]);
            package.source = Some("a registry".into());
            package.license = license.map(str::to_owned);
            licences(&Metadata { packages: vec![package] })
        };
        assert!(outside(Some("MIT OR Apache-2.0")).is_empty());
        let refused = outside(Some("GPL-3.0-only"));
        assert_eq!(
            refused.iter().map(|f| f.wrong.as_str()).collect::<Vec<_>>(),
            ["sha2 1.0.0 has the licence GPL-3.0-only"]
        );
        assert_eq!(outside(None).len(), 1);
        assert!(licences(&Metadata { packages: vec![package("model", &[])] }).is_empty());
    }

    #[test]
    fn members_are_read_in_the_order_written() {
        let manifest = "[workspace]\nmembers = [\n  \"crates/b\", # why\n  \"crates/a\",\n]\n";
        assert_eq!(members(manifest).unwrap(), ["crates/b", "crates/a"]);
        assert!(members("[package]\n").is_err());
        assert!(members("[workspace]\nmembers = [1]\n").is_err());
        assert!(members("[").is_err());
    }

    #[test]
    fn every_workspace_has_its_lock_file_in_git() {
        let tracked = BTreeSet::from(["Cargo.lock".to_owned()]);
        assert!(lock_files(&["Cargo.toml"], &tracked).is_empty());
        let missing = lock_files(&["Cargo.toml", "fuzz/Cargo.toml"], &tracked);
        assert_eq!(missing.iter().map(|f| f.file.as_str()).collect::<Vec<_>>(), ["fuzz/Cargo.lock"]);
    }
}
