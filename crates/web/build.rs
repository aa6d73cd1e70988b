//! Embeds what pages load: the folder that `make assets` has made from `assets/` and the packages of its lock file.
//!
//! The folder bears the digest of those sources, so that old assets are never built in. Nothing is downloaded here.
//! Writes one Rust expression, `assets.rs` in the output folder: logical name, file name, media type, the bytes as
//! they are, with brotli and with gzip. `manual.rs` and `pictures.rs` beside it are the same for `docs/manual`: pages
//! of each language by name, pictures by file name.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

#[expect(clippy::print_stderr, reason = "what cargo shows of a build that failed")]
fn main() {
    if let Err(error) = embed().and_then(|()| embed_manual()) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn embed() -> Result<()> {
    let sources = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("assets");
    println!("cargo::rerun-if-changed={}", sources.display());
    println!("cargo::rerun-if-env-changed=WARD_ASSETS");
    println!("cargo::rerun-if-env-changed=XDG_CACHE_HOME");
    let folder = place()?.join(digest(&sources)?);
    let manifest = folder.join("manifest");
    println!("cargo::rerun-if-changed={}", manifest.display());
    let manifest = std::fs::read_to_string(&manifest).map_err(|error| {
        Error::other(format!(
            "網頁資源尚未備妥，請先執行：make assets\nWhat pages load is not there yet. Run this first: make assets\n{}: {error}",
            manifest.display()
        ))
    })?;
    let mut source = String::from("&[\n");
    for line in manifest.lines() {
        let mut words = line.split('\t');
        let (Some(name), Some(file), Some(of)) = (words.next(), words.next(), words.next()) else {
            return Err(Error::other(format!("{line:?} is no line of a manifest")));
        };
        let bytes = |end: &str| folder.join(format!("{file}{end}")).display().to_string();
        let _ = writeln!(
            source,
            "    Asset {{ name: {name:?}, file: {file:?}, media: {of:?}, plain: include_bytes!({:?}), brotli: include_bytes!({:?}), gzip: include_bytes!({:?}) }},",
            bytes(""),
            bytes(".br"),
            bytes(".gz")
        );
    }
    source.push_str("]\n");
    write("assets.rs", &source)
}

/// The manual: a book for each language, the pictures that both show.
fn embed_manual() -> Result<()> {
    let manual = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../docs/manual").canonicalize()?;
    println!("cargo::rerun-if-changed={}", manual.display());
    let mut books = String::from("&[\n");
    for language in ["zh-TW", "en"] {
        let _ = writeln!(books, "    ({language:?}, &[");
        for (name, path) in files(&manual.join(language).join("src"), ".md")? {
            let _ = writeln!(books, "        ({name:?}, include_str!({path:?})),");
        }
        books.push_str("    ]),\n");
    }
    books.push_str("]\n");
    let mut pictures = String::from("&[\n");
    for (name, path) in files(&manual.join("pictures"), ".webp")? {
        let _ = writeln!(pictures, "    ({name:?}, include_bytes!({path:?})),");
    }
    pictures.push_str("]\n");
    write("manual.rs", &books)?;
    write("pictures.rs", &pictures)
}

/// Names, without their end, and paths of the files with this end, in order.
fn files(folder: &Path, end: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(end));
        if let (Some(name), Some(path)) = (name, path.to_str()) {
            found.push((name.to_owned(), path.to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file of the output folder.
fn write(name: &str, source: &str) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "what a build writes is built again when it is lost")]
    std::fs::write(PathBuf::from(variable("OUT_DIR")?).join(name), source)
}

/// Where `make assets` puts them.
fn place() -> Result<PathBuf> {
    if let Some(place) = std::env::var_os("WARD_ASSETS").filter(|place| !place.is_empty()) {
        return Ok(place.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|cache| !cache.is_empty());
    let cache = match cache {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(variable("HOME")?).join(".cache"),
    };
    Ok(cache.join("ward/assets"))
}

/// The digest `build.mjs` reckons of its sources.
fn digest(sources: &Path) -> Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(sources)? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        let kind = name.rsplit_once('.').map(|(_, kind)| kind);
        if !name.starts_with('.') && kind.is_some_and(|kind| KINDS.contains(&kind)) {
            names.push(name);
        }
    }
    names.sort();
    let mut listing = String::from("ward-assets/v1\n");
    for name in names {
        let _ = writeln!(listing, "{}  {name}", hex(&std::fs::read(sources.join(&name))?));
    }
    Ok(hex(listing.as_bytes()).chars().take(32).collect())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| Error::other(format!("{name} is not set")))
}

const KINDS: [&str; 6] = ["css", "js", "json", "mjs", "svg", "txt"];
