//! What pages load: style, scripts, icons; built in, under names that change with the content.
//!
//! Invariant: a name never stands for other bytes, so that browsers keep it for good.
//! Does not: read a file at run time; `make assets` and `build.rs` have put everything in.

use crate::route::{Access, Audit, Route};
use crate::visit::Visit;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt;

/// Something pages load.
#[derive(Debug)]
pub(crate) struct Asset {
    /// What pages call it.
    name: &'static str,
    /// What it is served as.
    file: &'static str,
    media: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/assets/{file}", Access::Anyone, Audit::None, || get(serve)),
    Route::get("/favicon.ico", Access::Anyone, Audit::None, || get(favicon)),
];

/// The path of an asset by the name pages call it.
#[must_use]
pub fn path(name: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    format!("/assets/{}", found.map_or(name, |asset| asset.file))
}

/// Bytes of an asset over the wire, compressed as well as browsers take it.
#[must_use]
pub fn wire_bytes(name: &str) -> Option<usize> {
    ASSETS.iter().find(|asset| asset.name == name).map(|asset| asset.brotli.len())
}

/// An icon. It is decoration: what it means stands beside it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(pub &'static str);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sprite = path("icons.svg");
        write!(
            f,
            "<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{sprite}#{}\"/></svg>",
            self.0
        )
    }
}

impl askama::filters::HtmlSafe for Icon {}

async fn serve(visit: Visit, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.file == file) else {
        return crate::error::PageError::NotFound.into_response();
    };
    drop(visit);
    answer(asset, &headers)
}

async fn favicon(headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == "favicon.svg") {
        Some(asset) => answer(asset, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let text = |name: header::HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    // The name holds the digest, and so it is the tag as well.
    let tag = format!("\"{}\"", asset.file);
    let fixed = [
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media)),
        (header::ETAG, HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))),
    ];
    let unchanged = text(header::IF_NONE_MATCH);
    if unchanged == "*" || unchanged.split(',').any(|one| one.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let takes = accepted(text(header::ACCEPT_ENCODING));
    match takes {
        Coding::Brotli => (fixed, [(header::CONTENT_ENCODING, HeaderValue::from_static("br"))], asset.brotli)
            .into_response(),
        Coding::Gzip => (fixed, [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], asset.gzip)
            .into_response(),
        Coding::Plain => (fixed, asset.plain).into_response(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
    Plain,
}

/// The best coding the other side takes (RFC 9110 §12.5.3).
fn accepted(wishes: &str) -> Coding {
    let takes = |coding: &str| {
        wishes.split(',').any(|wish| {
            let mut parts = wish.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let refused = parts.any(|part| part.trim_start_matches("q=").parse::<f32>() == Ok(0.0));
            name.eq_ignore_ascii_case(coding) && !refused
        })
    };
    if takes("br") {
        Coding::Brotli
    } else if takes("gzip") {
        Coding::Gzip
    } else {
        Coding::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_coding_that_is_not_refused_is_taken() {
        for (wishes, expected) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip;q=1.0, br;q=0", Coding::Gzip),
            ("identity", Coding::Plain),
            ("", Coding::Plain),
        ] {
            assert_eq!(accepted(wishes), expected, "{wishes}");
        }
    }

    #[test]
    fn the_sound_of_an_alarm_is_a_short_wave_that_is_heard_and_does_not_crackle() {
        let sound = ASSETS.iter().find(|asset| asset.name == "alarm.wav").unwrap();
        assert_eq!(sound.media, "audio/wav");
        let (head, data) = sound.plain.split_at(44);
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&head[..4], &head[8..16], &head[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
        assert_eq!((number(4), number(40)), (sound.plain.len() - 8, data.len()));
        // PCM, one channel; as many bytes a second as samples take.
        assert_eq!((&head[20..24], number(28)), (&[1, 0, 1, 0][..], 2 * number(24)));
        assert!((0.3..1.0).contains(&(data.len() as f64 / number(28) as f64)));
        let loud = data.chunks(2).map(|pair| i16::from_le_bytes(pair.try_into().unwrap()).unsigned_abs());
        let loudest = loud.max().unwrap();
        assert!((8_000..32_000).contains(&loudest), "{loudest}");
        let last = i16::from_le_bytes(data[data.len() - 2..].try_into().unwrap());
        assert!(last.abs() < 400, "it ends without a click: {last}");
    }

    #[test]
    fn every_icon_is_in_the_sprite_once() {
        let sprite = ASSETS.iter().find(|asset| asset.name == "icons.svg").map(|asset| asset.plain).unwrap();
        let sprite = std::str::from_utf8(sprite).unwrap();
        assert_eq!(sprite.matches("<symbol id=\"search\"").count(), 1);
        assert!(!sprite.contains("style="));
    }
}
