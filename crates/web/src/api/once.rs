//! Done once: a request sent twice under one key is done once, and answered alike both times.
//!
//! The id of a record to be opened follows from token and key, so that even after a crash between deed and note nothing
//! is opened twice; a step names the revision it was decided on, so that it is not taken twice either. What was answered
//! is noted beside, for a day.
//! Source: the field `Idempotency-Key` as drafted by the IETF's HTTPAPI group.

use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use model::{RecordId, Told};
use sha2::{Digest as _, Sha256};
use store::Answered;

/// Name of the field that carries the key.
pub(super) const KEY: &str = "idempotency-key";
/// Longest key.
const LONGEST: usize = 128;

/// A request under its key.
pub(super) struct Once {
    /// The application's token and the key, as one.
    key: String,
    /// What was sent.
    digest: String,
}

impl Once {
    /// From the head of a request and what was sent.
    pub(super) fn of(cx: &Cx, headers: &HeaderMap, body: &[u8]) -> Result<Self, PageError> {
        let key = headers.get(KEY).and_then(|value| value.to_str().ok()).map(str::trim);
        let good = |key: &&str| {
            (8..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let key = key.filter(good).ok_or_else(|| {
            PageError::Unread(Told::new(
                "請以標頭 Idempotency-Key 提供 8 至 128 個可見字元之識別鍵；重送同一請求時使用同一鍵",
                "Give a key of 8 to 128 visible characters in the field Idempotency-Key, the same when the request is sent again",
            ))
        })?;
        let of = |parts: &[&[u8]]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            data_encoding::HEXLOWER.encode(&hash.finalize())
        };
        let token = cx.session().id.to_string();
        let key = of(&[b"ward-once/v1", token.as_bytes(), key.as_bytes()]);
        Ok(Self { key, digest: of(&[cx.path.as_bytes(), body]) })
    }

    /// The id of a record that is opened under this key.
    pub(super) fn record(&self) -> RecordId {
        RecordId::from_bytes(self.id("record"))
    }

    /// The id of what is made under this key.
    pub(super) fn id(&self, what: &str) -> [u8; 16] {
        let hash = Sha256::digest(format!("ward-{what}/v1 {}", self.key));
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        bytes
    }

    /// What was answered before, or is done and answered now. It blocks.
    pub(super) fn or(
        &self,
        cx: &Cx,
        status: StatusCode,
        act: impl FnOnce() -> Result<String, PageError>,
    ) -> PageResult {
        match self.before(cx)? {
            Some(before) => Ok(before),
            None => self.answered(cx, status, act()?),
        }
    }

    /// The answer that was given before, if there was one. It blocks.
    pub(super) fn before(&self, cx: &Cx) -> Result<Option<Response>, PageError> {
        let Some(before) = cx.site.desk().answered(&self.key)? else { return Ok(None) };
        if before.digest != self.digest {
            return Err(PageError::Refused(Told::new(
                "此識別鍵已用於另一內容不同之請求，請改用新的識別鍵",
                "This key was used for another request; use a new one",
            )));
        }
        let status = StatusCode::from_u16(before.status).unwrap_or(StatusCode::OK);
        let mut response = given::written(status, before.body);
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// Notes what is answered, and gives it. It blocks.
    pub(super) fn answered(&self, cx: &Cx, status: StatusCode, body: String) -> PageResult {
        let note = Answered { digest: self.digest.clone(), status: status.as_u16(), body: body.clone() };
        cx.site.desk().note_answer(&self.key, note)?;
        Ok(given::written(status, body))
    }
}
