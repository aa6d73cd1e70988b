//! Answers that are no pages: JSON, and files, which are to be saved and never run.
//!
//! The browser is told to save a file under its name, to believe its type, and, should it be shown all the same, to run
//! nothing in it.
//! Source: RFC 6266, RFC 8187; Content Security Policy Level 3, `sandbox`; OWASP ASVS 5.0, V5.4.

use crate::error::{PageError, PageResult};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer in JSON.
///
/// # Errors
/// `Failed`: it has no such form.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> PageResult {
    let text = serde_json::to_string(value).map_err(PageError::failed)?;
    Ok(written(status, text))
}

/// JSON that is written already.
pub(crate) fn written(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// A file. `plain` is its name for browsers that know no other letters than those of ASCII.
pub(crate) fn file(name: &str, plain: &str, media_type: &'static str, content: Vec<u8>) -> Response {
    (leaving(name, plain, media_type), content).into_response()
}

/// The head of a file that leaves.
pub(crate) fn leaving(name: &str, plain: &str, media_type: &'static str) -> [(HeaderName, HeaderValue); 4] {
    let written = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent(name));
    let unnamed = HeaderValue::from_static("attachment");
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&written).unwrap_or(unnamed)),
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
        let [of, how, ..] = leaving("走道 \"1\"\r\n.html", "file.html", "application/octet-stream");
        assert_eq!(of.1, "application/octet-stream");
        let how = how.1.to_str().unwrap();
        assert!(how.starts_with("attachment; filename=\"file.html\"; filename*=UTF-8''%E8%B5%B0"), "{how}");
        assert!(how.ends_with("%20%221%22%0D%0A.html"), "{how}");
    }
}
