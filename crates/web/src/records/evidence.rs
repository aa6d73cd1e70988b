//! Files of a record: those it holds, those it held, and giving them out.
//!
//! A file is given out to whoever reads the record, and only one that the record holds or held. The browser is told to
//! save it, to believe its type, and, should it be shown all the same, to run nothing in it.
//! Source: OWASP ASVS 5.0, V5.4; RFC 6266; Content Security Policy Level 3, `sandbox`.

use super::Opened;
use super::history::label;
use super::story::Happened;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{record_path, size};
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use casework::Content;
use model::RecordId;
use serde_json::Value as Json;

/// A file of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The field.
    pub(crate) field: String,
    /// The name its owner gave it.
    pub(crate) name: String,
    /// Name and size.
    pub(crate) told: String,
    /// What it is.
    pub(crate) kind: String,
    /// Where it is given out.
    pub(crate) href: String,
    /// SHA-256 of its stored bytes.
    pub(crate) digest: String,
    /// Does the record still hold it?
    pub(crate) current: bool,
}

/// Files that a record holds now.
pub(crate) fn current(look: &Look<'_>, opened: &Opened<'_>) -> Vec<Held> {
    of_content(look, opened, &opened.case.content)
}

/// Files that a record holds, and those it once held.
pub(crate) fn files(look: &Look<'_>, opened: &Opened<'_>, story: &[Happened]) -> Vec<Held> {
    let mut files = current(look, opened);
    for happened in story.iter().rev() {
        for former in of_content(look, opened, &happened.content) {
            if files.iter().all(|file| file.digest != former.digest) {
                files.push(Held { current: false, ..former });
            }
        }
    }
    files
}

fn of_content(look: &Look<'_>, opened: &Opened<'_>, content: &Content) -> Vec<Held> {
    let fields = opened.register.fields.iter();
    fields
        .flat_map(|field| {
            let name = label(look, Some(opened.register), &field.id);
            of_field(look, opened.case.record, name, content.0.get(&field.id))
        })
        .collect()
}

/// Files in a value, however deep.
pub(crate) fn of_field(look: &Look<'_>, record: RecordId, field: String, json: Option<&Json>) -> Vec<Held> {
    let mut found = Vec::new();
    if let Some(json) = json {
        gather(json, &mut |file| found.extend(held(look, record, &field, file)));
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

fn held(look: &Look<'_>, record: RecordId, field: &str, file: &Json) -> Option<Held> {
    let text = |name: &str| file.get(name).and_then(Json::as_str);
    let (digest, name) = (text("digest")?, text("name")?);
    let bytes = text("size").and_then(|size| size.parse().ok()).unwrap_or(0);
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    Some(Held {
        field: field.to_owned(),
        name: name.to_owned(),
        told: format!("{name}{}{}{}", look.cx.t("（", " ("), size(bytes), look.cx.t("）", ")")),
        kind: text("kind").unwrap_or_default().to_owned(),
        href: format!("{}/files/{hex}", record_path(record)),
        digest: digest.to_owned(),
        current: true,
    })
}

/// Gives a file out.
pub(super) async fn file(cx: Cx, Path((record, hex)): Path<(String, String)>) -> PageResult {
    cx.run(move |cx| {
        let record = super::named(&record)?;
        let digest = format!("sha256:{hex}");
        let found = cx.look(|look| {
            let opened = Opened::of(look, record)?;
            // What the record neither holds nor held is not there, whoever else holds it.
            if !look.sql(|sql| sql.holds(record, &digest))? {
                return Err(PageError::NotFound);
            }
            let now = current(look, &opened).into_iter().find(|file| file.digest == digest);
            match now {
                Some(file) => Ok(file),
                None => {
                    let files = files(look, &opened, &super::story(look, record)?);
                    files.into_iter().find(|file| file.digest == digest).ok_or(PageError::NotFound)
                }
            }
        })?;
        let content = cx.site.desk().file(&digest).map_err(PageError::Unavailable)?;
        let headers = given_out(&found.name, &found.kind);
        Ok((headers, content).into_response())
    })
    .await
}

/// Headers under which a file leaves.
fn given_out(name: &str, kind: &str) -> [(HeaderName, HeaderValue); 4] {
    let kind = attachment::Kind::of_name(kind).unwrap_or(attachment::Kind::Unknown);
    let written =
        format!("attachment; filename=\"file.{}\"; filename*=UTF-8''{}", kind.name(), percent(name));
    let plain = HeaderValue::from_static("attachment");
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&written).unwrap_or(plain)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'"),
        ),
    ]
}

/// A name as RFC 8187 wants it.
fn percent(name: &str) -> String {
    let mut written = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_leaves_to_be_saved_under_its_own_name_whatever_stands_in_it() {
        let [of, how, ..] = given_out("走道 \"1\"\r\n.html", "html");
        assert_eq!(of.1, "application/octet-stream");
        let how = how.1.to_str().unwrap();
        assert!(how.starts_with("attachment; filename=\"file.html\"; filename*=UTF-8''%E8%B5%B0"), "{how}");
        assert!(how.ends_with("%20%221%22%0D%0A.html"), "{how}");
    }

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
