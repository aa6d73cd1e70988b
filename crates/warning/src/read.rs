//! Reading an alert's XML.
//!
//! Invariants: a document type is refused, and with it every entity but the five of XML itself; how long, how deep and how
//! many of anything is bounded; what CAP says must be there is there, once; what it does not know (extensions, signatures)
//! is passed over, never acted on.
//! Source: CAP 1.2, §3.2 and its schema; RFC 3339 for the times, of which CAP takes those with an offset alone.

use crate::alert::{Alert, Area, Info, MessageType, Point, Reference, Scope, Status};
use model::{Instant, Told};
use quick_xml::NsReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};

/// The longest alert, in bytes.
pub const LONGEST: usize = 1 << 20;
/// The deepest nesting.
const DEEPEST: usize = 32;
/// Most of what is said, of areas in it, and of parts of an area.
const MOST: usize = 64;
/// Most points of all polygons together.
const MOST_POINTS: usize = 20_000;
/// The longest text that is kept, in characters; of polygons what their points ask for.
const LONGEST_TEXT: usize = 2_000;
/// The longest name of an alert or of a sender, in bytes.
const LONGEST_NAME: usize = 256;
const CAP: Namespace<'static> = Namespace("urn:oasis:names:tc:emergency:cap:1.2");

/// Why an alert cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is too long, too deep, or has too much of something.
    #[error("there is too much of {0}")]
    TooMuch(&'static str),
    /// It is not XML, or what it is must not be in an alert.
    #[error("it does not read as XML: {0}")]
    Xml(String),
    /// It is not an alert of CAP 1.2.
    #[error("it is no alert of CAP 1.2")]
    Other,
    /// Something that must be there is not, or is there twice.
    #[error("`{0}` must stand in it once")]
    Missing(&'static str),
    /// Something does not read.
    #[error("`{0}` does not read")]
    Value(&'static str),
}

/// What is no alert that can be read: why, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unread {
    /// Why.
    pub why: ReadError,
    /// Line and column, counted from 1 in characters; none where it is the whole that lacks something.
    pub at: Option<(usize, usize)>,
}

impl Unread {
    fn at(why: ReadError, text: &str, offset: usize) -> Self {
        let before = text.get(..text.floor_char_boundary(offset)).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { why, at: Some((before.matches('\n').count() + 1, line.chars().count() + 1)) }
    }

    const fn whole(why: ReadError) -> Self {
        Self { why, at: None }
    }

    /// As people are told: what, where, and how to mend it.
    #[must_use]
    pub fn told(&self) -> Told {
        let (zh, en) = self.why.words();
        let Some((line, column)) = self.at else {
            return Told::new(format!("警報無法解讀：{zh}"), format!("The alert cannot be read: {en}"));
        };
        Told::new(
            format!("警報無法解讀（第 {line} 行第 {column} 字）：{zh}"),
            format!("The alert cannot be read (line {line}, column {column}): {en}"),
        )
    }
}

impl ReadError {
    /// What is wrong and what to do about it, in both languages.
    fn words(&self) -> (String, String) {
        match self {
            Self::TooMuch(what) => {
                let zh = match *what {
                    "bytes" => "長度",
                    "nesting" => "巢狀層數",
                    "points" => "多邊形之座標數",
                    name => name,
                };
                (
                    format!("{zh}逾上限，請發送端分為數則"),
                    format!("too much of {what}; its sender is to split it"),
                )
            }
            Self::Xml(why) => (
                format!("不是可接受之 XML（{why}）；不得有文件類型宣告及自訂實體，編碼須為 UTF-8"),
                format!(
                    "it is no XML that is taken ({why}); no document type, no entity of its own, UTF-8 alone"
                ),
            ),
            Self::Other => (
                "不是 CAP 1.2 之警報；根元素須為 urn:oasis:names:tc:emergency:cap:1.2 之 alert".to_owned(),
                "it is no alert of CAP 1.2: its root is to be alert of urn:oasis:names:tc:emergency:cap:1.2"
                    .to_owned(),
            ),
            Self::Missing(name) => {
                (format!("「{name}」須出現恰好一次"), format!("`{name}` must stand in it exactly once"))
            }
            Self::Value(name) => (
                format!("「{name}」之內容不符 CAP 1.2 之格式"),
                format!("what `{name}` says is not of the form of CAP 1.2"),
            ),
        }
    }
}

/// Elements that bear a text, by where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Alert,
    Info,
    EventCode,
    Area,
    Geocode,
    /// Something that is not known, or not needed.
    Other,
}

#[derive(Default)]
struct Reading {
    alert: Texts,
    infos: Vec<Info>,
    code: (String, String),
    points: usize,
}

/// Texts of the alert itself, each once.
#[derive(Default)]
struct Texts(Vec<(&'static str, String)>);

/// Elements of an alert that are read; each stands once.
const OF_ALERT: [&str; 7] = ["identifier", "sender", "sent", "status", "msgType", "scope", "references"];

impl Texts {
    fn put(&mut self, name: &str, text: String) -> Result<(), ReadError> {
        let Some(name) = OF_ALERT.into_iter().find(|one| *one == name) else { return Ok(()) };
        if self.0.iter().any(|(one, _)| *one == name) {
            return Err(ReadError::Missing(name));
        }
        self.0.push((name, text));
        Ok(())
    }

    fn one(&self, name: &'static str) -> Result<&str, ReadError> {
        let found = self.0.iter().find(|(one, text)| *one == name && !text.is_empty());
        found.map(|(_, text)| text.as_str()).ok_or(ReadError::Missing(name))
    }

    fn word<T>(&self, name: &'static str, of: impl Fn(&str) -> Option<T>) -> Result<T, ReadError> {
        of(self.one(name)?).ok_or(ReadError::Value(name))
    }
}

/// Reads an alert.
///
/// # Errors
/// [`Unread`].
pub fn read(bytes: &[u8]) -> Result<Alert, Unread> {
    if bytes.len() > LONGEST {
        return Err(Unread::whole(ReadError::TooMuch("bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).map(String::from_utf8_lossy).unwrap_or_default();
        Unread::at(ReadError::Xml("it is not UTF-8".to_owned()), &good, good.len())
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let (mut reading, mut reader) = (Reading::default(), NsReader::from_str(text));
    reading.walk(&mut reader).map_err(|why| {
        Unread::at(why, text, usize::try_from(reader.buffer_position()).unwrap_or(text.len()))
    })?;
    reading.alert().map_err(Unread::whole)
}

impl Reading {
    fn walk(&mut self, reader: &mut NsReader<&[u8]>) -> Result<(), ReadError> {
        let mut path: Vec<(Within, String)> = Vec::new();
        let (mut said, mut ended) = (String::new(), false);
        loop {
            let (of, event) =
                reader.read_resolved_event().map_err(|error| ReadError::Xml(error.to_string()))?;
            let is_cap = of == ResolveResult::Bound(CAP);
            match event {
                Event::Start(start) => {
                    let name = start.local_name().into_inner().to_owned();
                    self.begin(&mut path, is_cap, name, ended)?;
                    said.clear();
                }
                Event::Empty(start) => {
                    let name = start.local_name().into_inner().to_owned();
                    self.begin(&mut path, is_cap, name, ended)?;
                    self.end(&mut path, "")?;
                    ended |= path.is_empty();
                    said.clear();
                }
                Event::End(_) => {
                    self.end(&mut path, &said)?;
                    ended |= path.is_empty();
                    said.clear();
                }
                Event::Text(text) => said.push_str(&text),
                Event::CData(text) => said.push_str(&text),
                Event::GeneralRef(reference) => {
                    let sign =
                        reference.resolve_char_ref().map_err(|error| ReadError::Xml(error.to_string()))?;
                    match (sign, resolve_xml_entity(&reference)) {
                        (Some(sign), _) => said.push(sign),
                        (None, Some(text)) => said.push_str(text),
                        (None, None) => return Err(ReadError::Xml("an entity of its own".to_owned())),
                    }
                }
                Event::DocType(_) => return Err(ReadError::Xml("a document type".to_owned())),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if ended && path.is_empty() => return Ok(()),
                Event::Eof => return Err(ReadError::Other),
            }
        }
    }

    /// An element begins.
    fn begin(
        &mut self,
        path: &mut Vec<(Within, String)>,
        is_cap: bool,
        name: String,
        ended: bool,
    ) -> Result<(), ReadError> {
        if path.len() >= DEEPEST {
            return Err(ReadError::TooMuch("nesting"));
        }
        let above = path.last().map(|(within, _)| *within);
        let within = match (above, name.as_str()) {
            (None, "alert") if is_cap && !ended => Within::Alert,
            (None, _) => return Err(ReadError::Other),
            (Some(Within::Alert), "info") if is_cap => {
                full(&self.infos, "info")?;
                self.infos.push(Info::default());
                Within::Info
            }
            (Some(Within::Info), "area") if is_cap => {
                if let Some(info) = self.infos.last_mut() {
                    full(&info.areas, "area")?;
                    info.areas.push(Area::default());
                }
                Within::Area
            }
            (Some(Within::Info), "eventCode") if is_cap => {
                self.code = (String::new(), String::new());
                Within::EventCode
            }
            (Some(Within::Area), "geocode") if is_cap => {
                self.code = (String::new(), String::new());
                Within::Geocode
            }
            _ => Within::Other,
        };
        // What is of another name space has another meaning, whatever it is called.
        path.push((within, if is_cap { name } else { String::new() }));
        Ok(())
    }

    /// An element ends, with the text that stood in it last.
    fn end(&mut self, path: &mut Vec<(Within, String)>, said: &str) -> Result<(), ReadError> {
        let Some((within, name)) = path.pop() else { return Err(ReadError::Other) };
        let above = path.last().map_or(Within::Other, |(within, _)| *within);
        match within {
            Within::EventCode => {
                let code = std::mem::take(&mut self.code);
                if let Some(info) = self.infos.last_mut() {
                    full(&info.event_codes, "eventCode")?;
                    info.event_codes.push(code);
                }
            }
            Within::Geocode => {
                let code = std::mem::take(&mut self.code);
                if let Some(area) = self.infos.last_mut().and_then(|info| info.areas.last_mut()) {
                    full(&area.geocodes, "geocode")?;
                    area.geocodes.push(code);
                }
            }
            Within::Other => self.text(above, &name, said.trim())?,
            Within::Alert | Within::Info | Within::Area => {}
        }
        Ok(())
    }

    fn text(&mut self, above: Within, name: &str, said: &str) -> Result<(), ReadError> {
        let text = || said.chars().take(LONGEST_TEXT).collect::<String>();
        match above {
            Within::Alert if name == "references" => self.alert.put(name, said.to_owned())?,
            Within::Alert => self.alert.put(name, text())?,
            Within::Info => {
                if let Some(info) = self.infos.last_mut() {
                    of_info(info, name, text())?;
                }
            }
            Within::EventCode | Within::Geocode => match name {
                "valueName" => self.code.0 = text(),
                "value" => self.code.1 = text(),
                _ => {}
            },
            Within::Area => {
                let points = &mut self.points;
                if let Some(area) = self.infos.last_mut().and_then(|info| info.areas.last_mut()) {
                    of_area(area, name, said, points)?;
                }
            }
            Within::Other => {}
        }
        Ok(())
    }

    /// The alert, once all of it was read.
    fn alert(self) -> Result<Alert, ReadError> {
        let texts = &self.alert;
        let references = match texts.one("references") {
            Ok(list) => references(list)?,
            Err(_) => Vec::new(),
        };
        for info in &self.infos {
            if info.event.is_empty() {
                return Err(ReadError::Missing("event"));
            }
        }
        let named = |name: &'static str| -> Result<String, ReadError> {
            let text = texts.one(name)?;
            if is_name(text) { Ok(text.to_owned()) } else { Err(ReadError::Value(name)) }
        };
        Ok(Alert {
            identifier: named("identifier")?,
            sender: named("sender")?,
            sent: texts.word("sent", time)?,
            status: texts.word("status", Status::of_word)?,
            message_type: texts.word("msgType", MessageType::of_word)?,
            scope: texts.word("scope", Scope::of_word)?,
            references,
            infos: self.infos,
        })
    }
}

/// Can it name an alert or a sender? CAP 1.2, §3.2.1: no spaces, commas or restricted characters, so that references can be
/// read.
fn is_name(text: &str) -> bool {
    let wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '<' | '&');
    text.len() <= LONGEST_NAME && !text.contains(wrong)
}

fn full<T>(list: &[T], name: &'static str) -> Result<(), ReadError> {
    if list.len() >= MOST { Err(ReadError::TooMuch(name)) } else { Ok(()) }
}

fn of_info(info: &mut Info, name: &str, text: String) -> Result<(), ReadError> {
    let moment = |name| time(&text).map(Some).ok_or(ReadError::Value(name));
    match name {
        "event" => info.event = text,
        "urgency" => info.urgency = text,
        "severity" => info.severity = text,
        "certainty" => info.certainty = text,
        "headline" => info.headline = text,
        "responseType" => {
            full(&info.response_types, "responseType")?;
            info.response_types.push(text);
        }
        "effective" => info.effective = moment("effective")?,
        "onset" => info.onset = moment("onset")?,
        "expires" => info.expires = moment("expires")?,
        _ => {}
    }
    Ok(())
}

fn of_area(area: &mut Area, name: &str, said: &str, points: &mut usize) -> Result<(), ReadError> {
    match name {
        "areaDesc" => area.description = said.chars().take(LONGEST_TEXT).collect(),
        "polygon" => {
            full(&area.polygons, "polygon")?;
            let mut polygon = Vec::new();
            for text in said.split_whitespace() {
                *points += 1;
                if *points > MOST_POINTS {
                    return Err(ReadError::TooMuch("points"));
                }
                polygon.push(point(text).ok_or(ReadError::Value("polygon"))?);
            }
            let closed = polygon.len() >= 4 && polygon.first() == polygon.last();
            area.polygons.push(if closed { polygon } else { return Err(ReadError::Value("polygon")) });
        }
        "circle" => {
            full(&area.circles, "circle")?;
            let circle = said.split_once(char::is_whitespace).and_then(|(centre, radius)| {
                let radius: f64 = radius.trim().parse().ok()?;
                (radius.is_finite() && radius >= 0.0).then_some((point(centre)?, radius))
            });
            area.circles.push(circle.ok_or(ReadError::Value("circle"))?);
        }
        _ => {}
    }
    Ok(())
}

/// `latitude,longitude`.
fn point(text: &str) -> Option<Point> {
    let (latitude, longitude) = text.split_once(',')?;
    let (latitude, longitude) = (latitude.parse::<f64>().ok()?, longitude.parse::<f64>().ok()?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    on_earth.then_some(Point { latitude, longitude })
}

/// `sender,identifier,sent`, between spaces.
fn references(list: &str) -> Result<Vec<Reference>, ReadError> {
    let mut found = Vec::new();
    for text in list.split_whitespace() {
        full(&found, "references")?;
        let mut parts = text.splitn(3, ',');
        let mut part = || parts.next().filter(|part| !part.is_empty() && is_name(part));
        let reference = part().zip(part()).zip(part()).and_then(|((sender, identifier), sent)| {
            let sent = time(sent)?;
            Some(Reference { sender: sender.to_owned(), identifier: identifier.to_owned(), sent })
        });
        found.push(reference.ok_or(ReadError::Value("references"))?);
    }
    Ok(found)
}

/// A moment as CAP writes it, `2002-05-24T16:49:00-07:00`; `Z` is none (CAP 1.2, §3.3.2).
fn time(text: &str) -> Option<Instant> {
    let form = b"0000-00-00T00:00:00+00:00";
    let fits = |(at, of): (&u8, &u8)| match of {
        b'0' => at.is_ascii_digit(),
        b'+' => matches!(at, b'+' | b'-'),
        of => at == of,
    };
    if text.len() != form.len() || !text.as_bytes().iter().zip(form).all(fits) {
        return None;
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Instant::from_micros(at.as_microsecond()).ok()
}
