//! Files of a record: those it holds, those it held, and giving them out.
//!
//! A file is given out to whoever reads the record, and only one that the record holds or held.

use super::Opened;
use super::story::Happened;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::names::{record_path, size};
use crate::route::named;
use axum::extract::Path;
use casework::Content;
use model::RecordId;
use regulation::FieldId;
use serde_json::Value as Json;

/// A file of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The record.
    pub(crate) record: RecordId,
    /// The field.
    pub(crate) field: FieldId,
    /// The name its owner gave it.
    pub(crate) name: String,
    /// Its bytes in clear.
    pub(crate) bytes: u64,
    /// What it is.
    pub(crate) kind: String,
    /// SHA-256 of its stored bytes, `sha256:` and hexadecimal.
    pub(crate) digest: String,
    /// Does the record still hold it?
    pub(crate) current: bool,
}

impl Held {
    /// Name and size.
    pub(crate) fn told(&self, cx: &Cx) -> String {
        format!("{}{}", self.name, cx.beside(&size(self.bytes)))
    }

    /// Where it is given out.
    pub(crate) fn href(&self) -> String {
        let hex = self.digest.strip_prefix("sha256:").unwrap_or(&self.digest);
        format!("{}/files/{hex}", record_path(self.record))
    }

    /// What it is by its bytes, whatever it is called.
    fn kind(&self) -> attachment::Kind {
        attachment::Kind::of_name(&self.kind).unwrap_or(attachment::Kind::Unknown)
    }

    /// Gives it out as this type. It blocks.
    ///
    /// # Errors
    /// `Unavailable`: its bytes are not there, or not what they were.
    pub(crate) fn out(&self, cx: &Cx, media_type: &'static str) -> PageResult {
        let content = cx.site.desk().file(&self.digest).map_err(PageError::Unavailable)?;
        Ok(given::file(&self.name, &format!("file.{}", self.kind().name()), media_type, content))
    }
}

/// Files that a record holds now.
pub(crate) fn current(opened: &Opened<'_>) -> Vec<Held> {
    of_content(opened, &opened.case.content)
}

/// Files that a record holds, and those it once held.
pub(crate) fn files(opened: &Opened<'_>, story: &[Happened]) -> Vec<Held> {
    let mut files = current(opened);
    for happened in story.iter().rev() {
        for former in of_content(opened, &happened.content) {
            if files.iter().all(|file| file.digest != former.digest) {
                files.push(Held { current: false, ..former });
            }
        }
    }
    files
}

/// A file that a record holds or once held.
///
/// # Errors
/// `NotFound`: what it neither holds nor held is not there, whoever else holds it.
pub(crate) fn one(look: &Look<'_>, record: RecordId, digest: &str) -> Result<Held, PageError> {
    let opened = Opened::of(look, record)?;
    if !look.sql(|sql| sql.holds(record, digest))? {
        return Err(PageError::NotFound);
    }
    let this = |file: &Held| file.digest == digest;
    match current(&opened).into_iter().find(this) {
        Some(file) => Ok(file),
        None => {
            let files = files(&opened, &super::story(look, record)?);
            files.into_iter().find(this).ok_or(PageError::NotFound)
        }
    }
}

fn of_content(opened: &Opened<'_>, content: &Content) -> Vec<Held> {
    let fields = opened.register.fields.iter();
    fields.flat_map(|field| of_field(opened.case.record, &field.id, content.0.get(&field.id))).collect()
}

/// Files in a value, however deep.
pub(crate) fn of_field(record: RecordId, field: &FieldId, json: Option<&Json>) -> Vec<Held> {
    let mut found = Vec::new();
    if let Some(json) = json {
        gather(json, &mut |file| found.extend(held(record, field, file)));
    }
    found
}

fn gather(json: &Json, take: &mut dyn FnMut(&Json)) {
    match json {
        Json::Array(list) => list.iter().for_each(|one| gather(one, take)),
        Json::Object(members) if members.contains_key("digest") => take(json),
        Json::Object(members) => members.values().for_each(|one| gather(one, take)),
        _ => {}
    }
}

fn held(record: RecordId, field: &FieldId, file: &Json) -> Option<Held> {
    let text = |name: &str| file.get(name).and_then(Json::as_str);
    Some(Held {
        record,
        field: field.clone(),
        name: text("name")?.to_owned(),
        bytes: text("size").and_then(|size| size.parse().ok()).unwrap_or(0),
        kind: text("kind").unwrap_or_default().to_owned(),
        digest: text("digest")?.to_owned(),
        current: true,
    })
}

/// Gives a file out.
pub(super) async fn file(cx: Cx, Path((record, hex)): Path<(String, String)>) -> PageResult {
    cx.run(move |cx| {
        let record = named(&record)?;
        let held = cx.look(|look| one(look, record, &format!("sha256:{hex}")))?;
        held.out(cx, held.kind().media_type())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_however_deep_they_lie() {
        let json: Json = serde_json::json!([
            { "who": "p", "scan": [{ "digest": "sha256:a", "name": "x" }] },
            { "digest": "sha256:b", "name": "y" },
        ]);
        let mut found = Vec::new();
        gather(&json, &mut |file| found.push(file["digest"].clone()));
        assert_eq!(found, ["sha256:a", "sha256:b"]);
    }
}
