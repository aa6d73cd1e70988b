//! Going through XML that a stranger wrote.
//!
//! Invariants: a document type is refused, and with it every entity that is not one of the five of XML itself, so that
//! nothing grows and nothing is fetched; nothing recurses; nesting is bounded.
//! Does not: know name spaces; parts of office documents are told apart by local names, which is enough to find text.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, escape};

/// Deepest nesting.
const MOST_DEPTH: usize = 256;

/// What one does with the pieces of a document.
pub(super) trait Visit {
    /// An element begins.
    fn begin(&mut self, element: &Element<'_>);
    /// An element ends.
    fn end(&mut self, name: &str);
    /// Text stands here.
    fn text(&mut self, text: &str);
    /// Enough was seen.
    fn is_done(&self) -> bool;
}

/// An element with its attributes.
pub(super) struct Element<'a> {
    start: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// Its name without prefix.
    pub(super) fn name(&self) -> &str {
        local(self.start.name().into_inner())
    }

    /// The value of the attribute of this name, prefix left out.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.attributes();
        let mut attributes = attributes.with_checks(false).filter_map(Result::ok);
        let found = attributes.find(|attribute| local(attribute.key.into_inner()) == name)?;
        escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
    }
}

/// Goes through a document from its beginning to its end, or until the visitor is done.
///
/// # Errors
/// What is wrong with it.
pub(super) fn walk(text: &str, visit: &mut dyn Visit) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    while !visit.is_done() {
        let at = reader.buffer_position();
        let wrong = |what: &str| format!("{what} at byte {at}");
        match reader.read_event().map_err(|error| wrong(&error.to_string()))? {
            Event::Start(start) => {
                depth += 1;
                if depth > MOST_DEPTH {
                    return Err(wrong("elements are nested too deep"));
                }
                visit.begin(&Element { start: &start });
            }
            Event::Empty(start) => {
                let element = Element { start: &start };
                visit.begin(&element);
                visit.end(element.name());
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                visit.end(local(end.name().into_inner()));
            }
            Event::Text(text) => visit.text(&text),
            Event::CData(text) => visit.text(&text),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| wrong(&error.to_string()))?;
                match (character, escape::resolve_xml_entity(&reference)) {
                    (Some(character), _) => visit.text(character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => visit.text(text),
                    (None, None) => return Err(wrong("an entity that is not one of XML's own")),
                }
            }
            Event::DocType(_) => return Err(wrong("a document type")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if depth > 0 => return Err(wrong("the end, before all elements have ended")),
            Event::Eof => return Ok(()),
        }
    }
    Ok(())
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Said(String);

    impl Visit for Said {
        fn begin(&mut self, element: &Element<'_>) {
            let value = element.attribute("v").unwrap_or_default();
            self.0 += &format!("<{} {value}>", element.name());
        }

        fn end(&mut self, name: &str) {
            self.0 += &format!("</{name}>");
        }

        fn text(&mut self, text: &str) {
            self.0 += text;
        }

        fn is_done(&self) -> bool {
            false
        }
    }

    fn said(text: &str) -> Result<String, String> {
        let mut said = Said::default();
        walk(text, &mut said).map(|()| said.0)
    }

    #[test]
    fn elements_text_and_references_are_told() {
        let text =
            "<?xml version='1.0'?><w:a w:v='1&amp;2'>甲&lt;&#x4E59;<b/><![CDATA[<c>]]><!-- d --></w:a>";
        assert_eq!(said(text).unwrap(), "<a 1&2>甲<乙<b ></b><c></a>");
    }

    #[test]
    fn what_could_grow_or_reach_out_is_refused() {
        for text in [
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            "<a>&b;</a>",
            "<a>&#0;</a>",
            "<a><b></a></b>",
            "<a>",
            "<a",
            &"<a>".repeat(300),
        ] {
            assert!(said(text).is_err(), "{text}");
        }
    }
}
