//! The manual's two books, built in, and how a page of theirs is set as HTML.
//!
//! A book is one of mdBook: pages in `src/`, named in order by `SUMMARY.md`, whose headings are its parts. The first page
//! stands at `/help`, each other at `/help/<its file's name>`.
//! Invariant: what comes out holds no markup but what Markdown makes: HTML in a page is shown as text.
//! Source: CommonMark 0.31 with tables; mdBook's `SUMMARY.md` and heading attributes.

use crate::Language;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};
use std::fmt;

/// By language, pages by name.
type Books = &'static [(&'static str, &'static [(&'static str, &'static str)])];

static BOOKS: Books = include!(concat!(env!("OUT_DIR"), "/manual.rs"));
static PICTURES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pictures.rs"));

/// Where the first page is.
pub(super) const PATH: &str = "/help";
/// The page that names the others.
const SUMMARY: &str = "SUMMARY";

/// A page as the summary names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chapter {
    /// The name of its file, without the end.
    pub(crate) name: String,
    pub(crate) title: String,
    /// Is it the first?
    first: bool,
}

/// Pages under one heading of the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// None before the first heading.
    pub(super) title: Option<String>,
    pub(super) chapters: Vec<Chapter>,
}

/// A heading of the second level: what the contents of a page name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) id: String,
    pub(super) text: String,
}

/// A page as it is shown.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) title: String,
    pub(super) headings: Vec<Heading>,
    pub(super) html: Html,
}

/// What the writer of Markdown has made: markup that is put in as it is.
#[derive(Debug)]
pub(super) struct Html(String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

impl Chapter {
    /// Where it is read.
    pub(crate) fn path(&self) -> String {
        if self.first { PATH.to_owned() } else { format!("{PATH}/{}", self.name) }
    }
}

/// The source of a page.
fn text(language: Language, name: &str) -> Option<&'static str> {
    let tag = language.of("zh-TW", "en");
    let (_, pages) = BOOKS.iter().find(|(of, _)| *of == tag)?;
    pages.iter().find(|(of, _)| *of == name).map(|(_, text)| *text)
}

/// The book's pages, in order, part by part.
pub(super) fn parts(language: Language) -> Vec<Part> {
    let mut parts = vec![Part { title: None, chapters: Vec::new() }];
    let mut heading = None;
    let mut chapter: Option<Chapter> = None;
    let mut first = true;
    for event in Parser::new(text(language, SUMMARY).unwrap_or_default()) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                parts.push(Part { title: heading.take(), chapters: Vec::new() });
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let name = dest_url.strip_suffix(".md").unwrap_or(&dest_url).to_owned();
                chapter = Some(Chapter { name, title: String::new(), first });
                first = false;
            }
            Event::End(TagEnd::Link) => {
                if let (Some(part), Some(chapter)) = (parts.last_mut(), chapter.take()) {
                    part.chapters.push(chapter);
                }
            }
            Event::Text(words) | Event::Code(words) => {
                let into = chapter.as_mut().map(|one| &mut one.title).or(heading.as_mut());
                if let Some(into) = into {
                    into.push_str(&words);
                }
            }
            _ => {}
        }
    }
    // The head of the summary itself is a heading without pages.
    parts.retain(|part| !part.chapters.is_empty());
    parts
}

/// Every page, in order.
pub(crate) fn chapters(language: Language) -> Vec<Chapter> {
    parts(language).into_iter().flat_map(|part| part.chapters).collect()
}

/// A page that the summary names, set.
pub(super) fn page(language: Language, name: &str) -> Option<Set> {
    let chapters = chapters(language);
    let named = chapters.iter().any(|chapter| chapter.name == name);
    named.then(|| text(language, name)).flatten().map(|text| set(language, text, &chapters))
}

/// A picture of the manual, as WebP.
pub(super) fn picture(file: &str) -> Option<&'static [u8]> {
    let name = file.strip_suffix(".webp")?;
    PICTURES.iter().find(|(of, _)| *of == name).map(|(_, bytes)| *bytes)
}

/// Sets a page. Its head becomes the title; each heading below with an id gets a link to itself.
fn set(language: Language, markdown: &str, chapters: &[Chapter]) -> Set {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let (mut title, mut headings, mut events) = (String::new(), Vec::new(), Vec::new());
    let mut in_title = false;
    let mut heading: Option<(HeadingLevel, Heading)> = None;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => in_title = true,
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => in_title = false,
            Event::Text(words) | Event::Code(words) if in_title => title.push_str(&words),
            _ if in_title => {}
            Event::Start(Tag::Heading { level, id, classes, attrs }) => {
                let of = id.as_ref().map(ToString::to_string).unwrap_or_default();
                heading = Some((level, Heading { id: of, text: String::new() }));
                events.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some((_, done)) = heading.take().filter(|(_, one)| !one.id.is_empty()) {
                    events.extend(to_itself(language, &done));
                    if level == HeadingLevel::H2 {
                        headings.push(done);
                    }
                }
                events.push(Event::End(TagEnd::Heading(level)));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let title = chapter_of(&dest_url, chapters).map_or(title, |one| one.title.clone().into());
                let dest_url = led(&dest_url, chapters).into();
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let dest_url = pictured(&dest_url).into();
                events.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
            }
            // What a page says in HTML is told, not done.
            Event::Html(words) | Event::InlineHtml(words) => events.push(Event::Text(words)),
            other => {
                if let (Some((_, heading)), Event::Text(words) | Event::Code(words)) = (&mut heading, &other)
                {
                    heading.text.push_str(words);
                }
                events.push(other);
            }
        }
    }
    let mut markup = String::new();
    html::push_html(&mut markup, events.into_iter());
    // Text is escaped by now: what reads as a head of a column is one.
    let markup = markup.replace("<th>", "<th scope=\"col\">").replace("<img ", "<img loading=\"lazy\" ");
    Set { title, headings, html: Html(markup) }
}

/// The link of a heading to itself.
fn to_itself(language: Language, heading: &Heading) -> [Event<'static>; 4] {
    let title = format!("{}{}", language.of("本節連結：", "Link to this section: "), heading.text);
    let link = Tag::Link {
        link_type: LinkType::Inline,
        dest_url: format!("#{}", heading.id).into(),
        title: title.into(),
        id: CowStr::Borrowed(""),
    };
    [Event::Text(" ".into()), Event::Start(link), Event::Text("#".into()), Event::End(TagEnd::Link)]
}

/// A link of the book as one of Ward's: pages of the manual stand below `/help`; all others are as they are written.
fn led(to: &str, chapters: &[Chapter]) -> String {
    let Some(chapter) = chapter_of(to, chapters) else { return to.to_owned() };
    let place = to.split_once('#').map(|(_, place)| format!("#{place}")).unwrap_or_default();
    format!("{}{place}", chapter.path())
}

/// The page of the manual that a link of the book leads to.
fn chapter_of<'c>(to: &str, chapters: &'c [Chapter]) -> Option<&'c Chapter> {
    let path = to.split('#').next().unwrap_or_default();
    chapters.iter().find(|chapter| path.strip_suffix(".md") == Some(chapter.name.as_str()))
}

/// A picture beside the books as Ward serves it.
fn pictured(to: &str) -> String {
    to.strip_prefix("../../pictures/").map_or_else(|| to.to_owned(), |file| format!("{PATH}/pictures/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str) -> Set {
        let chapter =
            |name: &str, first| Chapter { name: name.to_owned(), title: name.to_uppercase(), first };
        set(Language::English, markdown, &[chapter("overview", true), chapter("operator", false)])
    }

    #[test]
    fn the_head_is_the_title_and_sections_lead_to_themselves() {
        let set = shown("# A `page`\n\n## Each *day* {#day}\n\nText.\n\n### Deeper {#deep}\n");
        assert_eq!(set.title, "A page");
        assert_eq!(set.headings, [Heading { id: "day".to_owned(), text: "Each day".to_owned() }]);
        let html = set.html.to_string();
        assert!(!html.contains("<h1"), "{html}");
        assert!(
            html.contains(
                "<h2 id=\"day\">Each <em>day</em> <a href=\"#day\" title=\"Link to this section: Each day\">#</a></h2>"
            ),
            "{html}"
        );
    }

    #[test]
    fn links_and_pictures_of_the_book_are_those_of_ward() {
        let html = shown(
            "[a](operator.md#day) [b](overview.md) [c](/alarms?x=1) ![d](../../pictures/work.webp)\n\n| e |\n|---|\n| f |\n",
        )
        .html
        .to_string();
        for expected in [
            "href=\"/help/operator#day\" title=\"OPERATOR\"",
            "href=\"/help\" title=\"OVERVIEW\"",
            "href=\"/alarms?x=1\"",
            "<img loading=\"lazy\" src=\"/help/pictures/work.webp\" alt=\"d\"",
            "<th scope=\"col\">e</th>",
        ] {
            assert!(html.contains(expected), "{expected}: {html}");
        }
    }

    #[test]
    fn markup_in_a_page_is_text() {
        let html = shown("a <b onclick=\"x()\">b</b>\n\n<script>x()</script>\n\n`<th>`\n").html.to_string();
        for made in ["<b", "<script", "<th"] {
            assert!(!html.contains(made), "{html}");
        }
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn every_page_of_every_book_is_named_once_and_set() {
        for language in [Language::Chinese, Language::English] {
            let chapters = chapters(language);
            let (_, pages) = BOOKS.iter().find(|(tag, _)| *tag == language.of("zh-TW", "en")).unwrap();
            let mut named: Vec<&str> = chapters.iter().map(|chapter| &*chapter.name).collect();
            named.sort_unstable();
            let there: Vec<&str> =
                pages.iter().map(|(name, _)| *name).filter(|name| *name != SUMMARY).collect();
            assert_eq!(named, there);
            for chapter in &chapters {
                let page = page(language, &chapter.name).unwrap();
                assert!(!page.title.is_empty() && !page.headings.is_empty(), "{chapter:?}");
            }
        }
    }
}
