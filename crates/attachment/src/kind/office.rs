//! Which office document a ZIP file is, and whether it holds macros.
//!
//! Source: OpenDocument 1.3 part 2 §3.3 (mimetype first and stored), §4 (manifest, encryption); ECMA-376 part 2 §10
//! (content types); [MS-OFFMACRO2] for macros.

use super::Kind;
use crate::package::{Package, PackageError};

/// Bytes of `mimetype`, `[Content_Types].xml` and the manifest that are looked at; real ones are far shorter.
const MOST_BYTES: u64 = 4 << 20;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Office {
    Document(Kind),
    /// Which part.
    Macros(String),
    /// Behind a password: what is in it cannot be told.
    Locked,
    /// An archive of something else.
    None,
}

const OPEN_DOCUMENT: [(&str, Kind); 3] = [
    ("application/vnd.oasis.opendocument.text", Kind::Odt),
    ("application/vnd.oasis.opendocument.spreadsheet", Kind::Ods),
    ("application/vnd.oasis.opendocument.presentation", Kind::Odp),
];

/// Main parts of Office Open XML, and what they make of the document.
const OPEN_XML: [(&str, Kind); 3] = [
    ("wordprocessingml.document.main+xml", Kind::Docx),
    ("spreadsheetml.sheet.main+xml", Kind::Xlsx),
    ("presentationml.presentation.main+xml", Kind::Pptx),
];

pub(super) fn look(package: &mut Package<'_>) -> Result<Office, PackageError> {
    if package.names().first().is_some_and(|name| name == "mimetype") {
        return open_document(package);
    }
    let Some(types) = package.read("[Content_Types].xml", MOST_BYTES)? else { return Ok(Office::None) };
    if let Some(part) = package.names().iter().find(|name| is_visual_basic(name)) {
        return Ok(Office::Macros(part.clone()));
    }
    let types = String::from_utf8_lossy(&types);
    if types.contains("macroEnabled") || types.contains("vnd.ms-office.vbaProject") {
        return Ok(Office::Macros("[Content_Types].xml".to_owned()));
    }
    let found = OPEN_XML.iter().find(|(part, _)| types.contains(part));
    Ok(found.map_or(Office::None, |(_, kind)| Office::Document(*kind)))
}

fn open_document(package: &mut Package<'_>) -> Result<Office, PackageError> {
    let named = package.read("mimetype", MOST_BYTES)?.unwrap_or_default();
    let named = String::from_utf8_lossy(&named);
    if !named.starts_with("application/vnd.oasis.opendocument.") {
        return Ok(Office::None);
    }
    if let Some(part) = package.names().iter().find(|name| is_script(name)) {
        return Ok(Office::Macros(part.clone()));
    }
    let Some((_, kind)) = OPEN_DOCUMENT.iter().find(|(name, _)| *name == named.trim_end()) else {
        return Ok(Office::None);
    };
    let manifest = package.read("META-INF/manifest.xml", MOST_BYTES)?.unwrap_or_default();
    let locked = String::from_utf8_lossy(&manifest).contains("encryption-data");
    Ok(if locked { Office::Locked } else { Office::Document(*kind) })
}

/// Whether a part of this name of an Office Open XML document holds macros.
fn is_visual_basic(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let file = name.rsplit('/').next().unwrap_or_default();
    ["vbaproject.bin", "vbadata.xml"].contains(&file) || name.contains("/macrosheets/")
}

/// Whether a part of this name of an OpenDocument holds macros. Lists of libraries, which LibreOffice writes though
/// there is nothing in them, are let through; modules are not.
fn is_script(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let file = name.rsplit('/').next().unwrap_or_default();
    let lists = ["script-lc.xml", "script-lb.xml", "dialog-lc.xml", "dialog-lb.xml", ""];
    let basic = name.starts_with("basic/") || name.starts_with("dialogs/");
    (basic && !lists.contains(&file)) || (name.starts_with("scripts/") && !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_hold_macros_are_known_by_name() {
        for name in
            ["word/vbaProject.bin", "xl/VBAPROJECT.BIN", "word/vbaData.xml", "xl/macrosheets/sheet1.xml"]
        {
            assert!(is_visual_basic(name), "{name}");
        }
        for name in ["Basic/Standard/Module1.xml", "Scripts/python/a.py", "Dialogs/Standard/Dialog1.xml"] {
            assert!(is_script(name), "{name}");
        }
        for name in
            ["Basic/script-lc.xml", "Basic/Standard/script-lb.xml", "Basic/", "Scripts/", "content.xml"]
        {
            assert!(!is_script(name) && !is_visual_basic(name), "{name}");
        }
    }
}
