//! A pack with a field of each kind, a register for each way of reading, in versions that differ where tables do.

use regulation::{Files, Pack};
use std::fmt::Write as _;
use std::sync::OnceLock;

/// Which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    /// Grades go another way, a field is no longer sealed, others are listed and searched.
    Two,
    /// With a register for each way of reading.
    Reading,
}

/// Whose records are read in the registers `read_…`, which roles read all, which fields name parties.
pub(crate) const UNITS: [&str; 3] = ["own", "subtree", "city"];
pub(crate) const ROLES: [&[&str]; 3] = [&[], &["auditor"], &["auditor", "clerk"]];
pub(crate) const PARTIES: [&[&str]; 3] = [&[], &["owner"], &["owner", "helpers"]];

/// The files of a version.
pub(crate) fn files(version: Version) -> Vec<(String, String)> {
    let number = version as u32 + 1;
    let grades = match version {
        Version::One | Version::Reading => ["open", "internal", "secret"].as_slice(),
        Version::Two => ["open", "narrow", "internal", "secret"].as_slice(),
    };
    let mut files = vec![
        ("pack.toml".to_owned(), HEAD.replace("VERSION", &number.to_string())),
        ("grades.toml".to_owned(), grades.iter().map(|id| with_label("grade", id, "")).collect()),
        ("roles.toml".to_owned(), roles()),
        ("clauses/all.toml".to_owned(), CLAUSE.to_owned()),
        ("registers/item.toml".to_owned(), item(version)),
        ("registers/end.toml".to_owned(), END.to_owned()),
    ];
    for units in UNITS.into_iter().filter(|_| version == Version::Reading) {
        for roles in ROLES {
            for parties in PARTIES {
                let (id, text) = reading(units, roles, parties);
                files.push((format!("registers/{id}.toml"), text));
            }
        }
    }
    files
}

/// A version, read and checked.
pub(crate) fn pack(version: Version) -> Pack {
    static READ: [OnceLock<Pack>; 3] = [const { OnceLock::new() }; 3];
    READ[version as usize].get_or_init(|| read(version)).clone()
}

fn read(version: Version) -> Pack {
    let files = files(version);
    let source = Files::new(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())));
    regulation::load(&source).unwrap_or_else(|problems| {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", list.join("\n"))
    })
}

/// The register read this way.
pub(crate) fn register(units: &str, roles: &[&str], parties: &[&str]) -> String {
    format!("read_{units}_{}_{}", roles.len(), parties.len())
}

fn with_label(what: &str, id: &str, more: &str) -> String {
    format!("[[{what}]]\nid = \"{id}\"\nlabel = {{ zh = \"{id}甲\", en = \"{id}\" }}\n{more}\n")
}

fn roles() -> String {
    let city = "held_in = \"city\"";
    [("clerk", ""), ("head", ""), ("auditor", city)].map(|(id, more)| with_label("role", id, more)).concat()
}

fn quoted(list: &[&str]) -> String {
    list.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ")
}

fn reading(units: &str, roles: &[&str], parties: &[&str]) -> (String, String) {
    let id = register(units, roles, parties);
    let mut text = TOP.replace("ID", &id).replace("MORE", "search = [\"name\"]");
    let _ = write!(
        text,
        "[grade]\nfield = \"level\"\n[retention]\nkeep = \"5 years\"\n[reading]\nunits = \"{units}\"\nroles = [{}]\nparties = [{}]\n",
        quoted(roles),
        quoted(parties)
    );
    for (id, more) in [
        ("name", "kind = \"text\"\nrequired = true"),
        ("level", "kind = \"grade\"\nstart = \"'open'\""),
        ("owner", "kind = \"person\""),
        ("helpers", "kind = \"person\"\nmany = true"),
        ("site", "kind = \"unit\""),
    ] {
        text.push_str(&with_label("field", id, more));
    }
    text.push_str(FLOW);
    text.push_str(SEATS);
    (id, text)
}

fn item(version: Version) -> String {
    let mut text = TOP.replace("ID", "item").replace(
        "MORE",
        match version {
            Version::One | Version::Reading => "search = [\"name\", \"notes\"]\n[register.list]\ncolumns = [\"name\", \"amount\", \"day\", \"level\"]\nsort = [\"name\"]",
            Version::Two => "search = [\"notes\", \"was_secret\"]\n[register.list]\ncolumns = [\"name\", \"day\", \"was_secret\"]\nsort = [\"-day\"]",
        },
    );
    text.push_str(
        "[numbering]\nformat = \"{roc}借字第{seq:3}號\"\n[grade]\nfield = \"level\"\n[retention]\nkeep = \"5 years\"\n[reading]\nunits = \"subtree\"\nroles = [\"auditor\"]\nparties = [\"owner\", \"helpers\"]\n",
    );
    let options = "options = [{ id = \"red\", label = { zh = \"紅\", en = \"Red\" } }, { id = \"blue\", label = { zh = \"藍\", en = \"Blue\" } }]";
    let sealed = if version == Version::Two { "" } else { "\nsealed = true" };
    for (id, more) in [
        ("name", "kind = \"text\"\nrequired = true".to_owned()),
        ("notes", "kind = \"text\"\nlines = 9".to_owned()),
        ("amount", "kind = \"number\"\ndecimals = 2".to_owned()),
        ("day", "kind = \"date\"".to_owned()),
        ("moment", "kind = \"moment\"".to_owned()),
        ("hour", "kind = \"time\"".to_owned()),
        ("flag", "kind = \"yes_no\"".to_owned()),
        ("level", "kind = \"grade\"\nstart = \"'open'\"".to_owned()),
        ("kind", format!("kind = \"choice\"\n{options}")),
        ("tags", format!("kind = \"choice\"\nmany = true\n{options}")),
        ("owner", "kind = \"person\"".to_owned()),
        ("helpers", "kind = \"person\"\nmany = true".to_owned()),
        ("site", "kind = \"unit\"".to_owned()),
        ("sites", "kind = \"unit\"\nmany = true".to_owned()),
        ("parent", "kind = \"reference\"\nregister = \"item\"".to_owned()),
        ("related", "kind = \"reference\"\nregister = \"item\"\nmany = true".to_owned()),
        ("papers", "kind = \"files\"\nmost = 9".to_owned()),
        ("twice", "kind = \"computed\"\nvalue = \"amount * 2\"".to_owned()),
        ("secret", "kind = \"text\"\nsealed = true".to_owned()),
        ("was_secret", format!("kind = \"text\"{sealed}")),
    ] {
        text.push_str(&with_label("field", id, &more));
    }
    text.push_str(FLOW);
    text
}

const HEAD: &str = r#"[pack]
id = "wide"
version = VERSION
title = { zh = "測試用規範", en = "A pack for tests" }
source = "測試用"
issuer = { zh = "測試", en = "Tests" }
date = 2024-01-01
licence = "Apache-2.0"
zone = "Asia/Taipei"
destruction = "end"
"#;

const CLAUSE: &str = r#"[[clause]]
id = "1"
article = "一"
title = { zh = "依據", en = "Basis" }
summary = { zh = "依據。", en = "Basis." }
live = "none"
why = { zh = "僅為依據。", en = "It only names the basis." }
"#;

const TOP: &str = r#"[register]
id = "ID"
label = { zh = "簿冊", en = "ID" }
clause = "1"
title = { zh = "一筆", en = "One" }
MORE
"#;

const FLOW: &str = r#"
[[state]]
id = "filed"
label = { zh = "已登", en = "Filed" }
[[state]]
id = "checked"
label = { zh = "已核", en = "Checked" }
[[state]]
id = "closed"
label = { zh = "已結", en = "Closed" }
end = "done"
[[step]]
id = "file"
label = { zh = "登記", en = "File" }
by = [{ role = "clerk" }]
to = "filed"
[[step]]
id = "check"
label = { zh = "核對", en = "Check" }
from = ["filed"]
by = [{ role = "head" }]
to = "checked"
[[step]]
id = "close"
label = { zh = "結案", en = "Close" }
from = ["filed", "checked"]
by = [{ role = "head" }]
to = "closed"
"#;

/// Steps that others than the unit's own may take; by the second the case stays where it is.
const SEATS: &str = r#"
[[step]]
id = "see"
label = { zh = "會辦", en = "See" }
from = ["filed"]
by = [{ person = "owner" }, { role = "clerk", unit = "site" }]
to = "checked"
[[step]]
id = "note"
label = { zh = "註記", en = "Note" }
from = ["filed"]
by = [{ person = "helpers" }, { role = "auditor" }, { role = "clerk" }]
to = "filed"
"#;

const END: &str = r#"[register]
id = "end"
label = { zh = "銷毀", en = "Destruction" }
clause = "1"
title = { zh = "銷毀", en = "Destruction" }
[grade]
is = "open"
[retention]
keep = "for ever"
[reading]
units = "city"
[[field]]
id = "items"
kind = "reference"
register = "item"
many = true
required = true
label = { zh = "紀錄", en = "Items" }
[[state]]
id = "filed"
label = { zh = "已申請", en = "Filed" }
[[state]]
id = "done"
label = { zh = "已銷毀", en = "Destroyed" }
end = "done"
[[state]]
id = "refused"
label = { zh = "未准", en = "Refused" }
end = "refused"
[[step]]
id = "file"
label = { zh = "申請", en = "File" }
by = [{ role = "clerk" }]
to = "filed"
[[step]]
id = "approve"
label = { zh = "核定", en = "Decide" }
from = ["filed"]
by = [{ role = "head" }]
two_person = true
if_short = [{ role = "head", unit = "superior(record.unit)" }]
outcomes = { approve = "done", refuse = "refused" }
[[step.then]]
destroy = "items"
"#;

#[test]
fn no_version_has_a_problem() {
    let versions = [Version::One, Version::Two, Version::Reading];
    assert_eq!(versions.map(|version| pack(version).version), [1, 2, 3]);
}
