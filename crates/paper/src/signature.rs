//! The record of signatures beside a signed PDF: which file it is of, and each signature with what it rests on.
//!
//! In the manner of the SI 簽核電子檔 of government agencies: one file for each paper, a point of signing for each
//! signature, in order. Its shape is ours and is written down in `docs/paper.md`.
//! Source: 文書及檔案管理電腦化作業規範; W3C XML 1.0.

use model::Instant;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

/// The name space of its elements.
const SPACE: &str = "urn:ward:signatures:1";

/// The record of signatures of a paper.
#[derive(Debug, Clone)]
pub struct SignatureRecord {
    /// The record that was printed.
    pub record: String,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// What it is called.
    pub title: String,
    /// Its grade.
    pub grade: String,
    /// The ledger's origin.
    pub origin: String,
    /// The moment the PDF is of.
    pub at: Instant,
    /// Name and SHA-256 of the PDF.
    pub paper: (String, [u8; 32]),
    /// Each, in order.
    pub signatures: Vec<Signature>,
}

/// A signature.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Whose, by id and name.
    pub signer: (String, String),
    /// For whom, by id and name.
    pub acting_for: Option<(String, String)>,
    /// In which role.
    pub role: String,
    /// The step, by id and name.
    pub step: (String, String),
    /// How it was decided.
    pub outcome: String,
    /// When.
    pub at: Instant,
    /// SHA-256 of the statement that was signed, in hexadecimal.
    pub statement: String,
    /// Entry and hash of the content it covers.
    pub covers: (u64, String),
    /// What it rests on.
    pub evidence: Evidence,
    /// What its check gave.
    pub check: String,
    /// The entry of the ledger that carries it, and the hash of its leaf.
    pub entry: (u64, String),
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// Why it counts no more.
    pub void: Option<String>,
}

/// What a signature rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A one-time password: the server vouches for it.
    OneTimePassword,
    /// The person's own passkey.
    Passkey,
}

impl Evidence {
    const fn word(self) -> &'static str {
        match self {
            Self::OneTimePassword => "vouched-by-server",
            Self::Passkey => "signed-by-person",
        }
    }
}

impl SignatureRecord {
    /// As XML, in UTF-8.
    ///
    /// # Errors
    /// Writing to memory fails, which no test has seen.
    pub fn xml(&self) -> io::Result<Vec<u8>> {
        let mut to = Writer::new_with_indent(Vec::new(), b' ', 2);
        to.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let whole = to.create_element("signatures").with_attributes([("xmlns", SPACE), ("version", "1")]);
        whole.write_inner_content(|to| {
            let document = to.create_element("document");
            document.write_inner_content(|to| {
                text(to, "record", &self.record)?;
                maybe(to, "number", self.number.as_deref())?;
                text(to, "title", &self.title)?;
                text(to, "grade", &self.grade)?;
                text(to, "ledger", &self.origin)?;
                text(to, "at", &self.at.to_string())?;
                let file = to.create_element("file").with_attribute(("name", self.paper.0.as_str()));
                let digest: String = self.paper.1.iter().map(|byte| format!("{byte:02x}")).collect();
                file.with_attribute(("sha256", digest.as_str())).write_empty()?;
                Ok(())
            })?;
            for (at, one) in self.signatures.iter().enumerate() {
                one.write(to, at + 1)?;
            }
            Ok(())
        })?;
        let mut written = to.into_inner();
        written.push(b'\n');
        Ok(written)
    }
}

impl Signature {
    fn write(&self, to: &mut Writer<Vec<u8>>, place: usize) -> io::Result<()> {
        let place = place.to_string();
        let whole = to.create_element("signature").with_attribute(("place", place.as_str()));
        whole.write_inner_content(|to| {
            named(to, "signer", &self.signer)?;
            if let Some(principal) = &self.acting_for {
                named(to, "acting-for", principal)?;
            }
            text(to, "role", &self.role)?;
            named(to, "step", &self.step)?;
            text(to, "outcome", &self.outcome)?;
            text(to, "at", &self.at.to_string())?;
            maybe(to, "reason", self.reason.as_deref())?;
            text(to, "statement-sha256", &self.statement)?;
            let (entry, hash) = (self.covers.0.to_string(), self.covers.1.as_str());
            let covers = to.create_element("covers").with_attribute(("entry", entry.as_str()));
            covers.with_attribute(("content-sha256", hash)).write_empty()?;
            let evidence = to.create_element("evidence").with_attribute(("grade", self.evidence.word()));
            evidence.write_text_content(BytesText::new(&clean(&self.check)))?;
            let (entry, leaf) = (self.entry.0.to_string(), self.entry.1.as_str());
            let carried = to.create_element("entry").with_attribute(("number", entry.as_str()));
            carried.with_attribute(("leaf-sha256", leaf)).write_empty()?;
            maybe(to, "void", self.void.as_deref())
        })?;
        Ok(())
    }
}

fn text(to: &mut Writer<Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    to.create_element(name).write_text_content(BytesText::new(&clean(text)))?;
    Ok(())
}

fn maybe(to: &mut Writer<Vec<u8>>, name: &str, words: Option<&str>) -> io::Result<()> {
    words.map_or(Ok(()), |words| text(to, name, words))
}

fn named(to: &mut Writer<Vec<u8>>, name: &str, (id, words): &(String, String)) -> io::Result<()> {
    let element = to.create_element(name).with_attribute(("id", id.as_str()));
    element.write_text_content(BytesText::new(&clean(words)))?;
    Ok(())
}

/// Characters that XML 1.0 cannot hold, however they are written, stand as U+FFFD.
fn clean(text: &str) -> String {
    let fits = |one: char| matches!(one, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|one| if fits(one) { one } else { '\u{fffd}' }).collect()
}
