//! Packs in the ledger: a version's files as one stored archive, its digest in an entry.
//!
//! The archive is canonical JSON, path to text, so that the same files give the same digest everywhere. Records run on
//! the version they were opened under, so that every published version is kept for good.
//! Source: `docs/pack.md`, "Digest".

use attachment::{Digest, Shelf};
use data_encoding::HEXLOWER;
use model::Told;
use regulation::{Files, Pack, Problem, Sections, Source, load_with};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Packs, StoreError};

/// The files of a pack: path and text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackFiles(pub BTreeMap<String, String>);

/// Makes the sections of the engines at hand.
pub type MakeSections = Arc<dyn Fn() -> Sections + Send + Sync>;

/// The largest archive.
const LARGEST: u64 = 64 << 20;

impl PackFiles {
    /// From where files lie. What is for people only (`README.md`, `LICENSE`) goes with them.
    ///
    /// # Errors
    /// The files cannot be had, or one is no text.
    pub fn of(source: &dyn Source) -> Result<Self, Told> {
        let files = source.files().map_err(|error| {
            Told::new(
                format!("無法讀取規範檔案：{error}"),
                format!("The pack's files cannot be read: {error}"),
            )
        })?;
        let text = |(path, bytes): (String, Vec<u8>)| match String::from_utf8(bytes) {
            Ok(text) => Ok((path, text)),
            Err(_) => {
                Err(Told::new(format!("{path} 不是 UTF-8 文字檔"), format!("{path} is no text in UTF-8")))
            }
        };
        files.into_iter().map(text).collect::<Result<_, _>>().map(Self)
    }

    /// The pack in them.
    ///
    /// # Errors
    /// Every problem.
    pub fn load(&self, sections: &Sections) -> Result<Pack, Vec<Problem>> {
        load_with(&Files::new(self.0.iter().map(|(path, text)| (path.as_str(), text.as_bytes()))), sections)
    }

    /// The archive.
    pub(crate) fn archive(&self) -> Vec<u8> {
        proof::json::canonical(&self.0).unwrap_or_default()
    }
}

/// `sha256:` and a digest.
pub(crate) fn spelled(digest: Digest) -> String {
    format!("sha256:{digest}")
}

/// The digest in such a text.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    text.strip_prefix("sha256:")?.parse().ok()
}

/// A pack's digest as entries have it.
pub(crate) fn pack_digest(pack: &Pack) -> String {
    HEXLOWER.encode(&pack.digest)
}

/// Reads published versions from their archives.
///
/// # Errors
/// `Pack`: an archive is not there, not whole, or its pack has problems under this program.
pub fn read(
    published: &[(u32, String)],
    shelf: &Shelf,
    sections: &MakeSections,
) -> Result<Packs, StoreError> {
    let mut packs = Vec::new();
    for (version, archive) in published {
        let failed = |what: String| StoreError::Pack { version: *version, what };
        let digest = digest(archive).ok_or_else(|| failed(archive.clone()))?;
        let reader = shelf.get(digest, None).map_err(|error| failed(error.to_string()))?;
        let bytes = reader.read_all(LARGEST).map_err(|error| failed(error.to_string()))?;
        let files: BTreeMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        let pack = PackFiles(files).load(&sections()).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            failed(format!("{} problems, the first: {first}", problems.len()))
        })?;
        packs.push(pack);
    }
    Ok(Packs(Arc::new(packs)))
}
