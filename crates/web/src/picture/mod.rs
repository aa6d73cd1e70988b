//! Pictures of things and of what leads from one to another: boxes in columns, lines between them, what the marks mean.
//!
//! A picture is drawn as SVG by itself: the same things give the same bytes, on a page as in a file. Colours stand in it as
//! on paper; pages set others over them by classes, for the dark. Nothing can be clicked in it: what it shows stands in
//! tables beside it, with the ways there.
//! Invariants: what somebody typed is text of the picture, never markup; what does not fit a box is cut with a mark, and
//! stands in full in its title.

mod layout;

use askama::Template;
pub(crate) use layout::BOX_WIDE;
use layout::{Laid, Piece, Plan};

/// Something in a picture.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Which column, from the left.
    pub(crate) column: usize,
    /// What it is called.
    pub(crate) name: String,
    /// What stands below in small letters: of what sort, at which address, which grade.
    pub(crate) notes: Vec<String>,
    pub(crate) look: NodeLook,
}

/// How something looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NodeLook {
    /// As everything does.
    Plain,
    /// It is what the picture is about.
    Focus,
    /// It is not to be told what it is.
    Masked,
    /// It ought not to be there.
    Stranger,
}

/// Something that leads from one to another.
#[derive(Debug, Clone)]
pub(crate) struct Tie {
    /// The place of its beginning among the nodes.
    pub(crate) from: usize,
    /// Of its end.
    pub(crate) to: usize,
    /// What it is.
    pub(crate) name: String,
    pub(crate) look: TieLook,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TieLook {
    /// It was recorded by somebody.
    Recorded,
    /// It was seen.
    Seen,
    /// It was seen, of something that ought not to be there.
    Strange,
}

/// A picture.
pub(crate) struct Picture {
    laid: Laid,
    /// Names of columns, and where they begin.
    heads: Vec<(i32, String)>,
    boxes: Vec<Drawn>,
    lines: Vec<Line>,
    legend: Vec<Sign>,
    foot: Vec<(i32, String)>,
    /// With legend and foot.
    wide: i32,
    high: i32,
    /// What it shows, in words.
    said: String,
}

struct Drawn {
    x: i32,
    y: i32,
    high: i32,
    look: NodeLook,
    /// Where each row stands, its text, is it in small letters?
    rows: Vec<(i32, String, bool)>,
    /// Everything it says.
    title: String,
}

struct Line {
    look: TieLook,
    pieces: Vec<Piece>,
    arrow: [(i32, i32); 3],
    title: String,
}

/// A part of the legend: what a mark means.
struct Sign {
    x: i32,
    y: i32,
    mark: Mark,
    text: String,
}

/// A mark of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Node(NodeLook),
    Tie(TieLook),
}

/// Room for text within a box.
const INNER: i32 = BOX_WIDE - 16;
/// Between lines of a box.
const ROW: i32 = 18;
/// Lines of a name at most.
const NAME_LINES: usize = 2;
/// Width of a mark of the legend with its air.
const MARK_WIDE: i32 = 42;

impl NodeLook {
    /// Its word in classes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Focus => "focus",
            Self::Masked => "masked",
            Self::Stranger => "stranger",
        }
    }

    /// On paper: what fills it, what is around it, how thick.
    const fn ink(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Plain => ("#ffffff", "#374151", "1.5"),
            Self::Focus => ("#dbeafe", "#123c73", "2.5"),
            Self::Masked => ("#e5e7eb", "#374151", "1.5"),
            Self::Stranger => ("#fdeceb", "#b42318", "3"),
        }
    }
}

impl TieLook {
    /// Its word in classes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Seen => "seen",
            Self::Strange => "strange",
        }
    }

    /// On paper: its colour, its dashes.
    const fn ink(self) -> (&'static str, &'static str) {
        match self {
            Self::Recorded => ("#123c73", "none"),
            Self::Seen => ("#8a4b00", "7 5"),
            Self::Strange => ("#b42318", "7 5"),
        }
    }
}

/// About how wide a text is in a picture, at 13 units a letter of full width.
fn wide(text: &str) -> i32 {
    text.chars().map(letter).sum()
}

fn letter(c: char) -> i32 {
    match c {
        c if !c.is_ascii() => 13,
        'W' | 'M' | 'm' | 'w' | '%' | '@' => 12,
        'i' | 'l' | 'j' | 't' | 'f' | 'I' | '.' | ',' | ':' | '\'' | '|' | '(' | ')' | ' ' => 5,
        _ => 8,
    }
}

/// A text as it can be drawn: what is no text, or would move what stands around it, as U+FFFD.
fn harmless(text: &str) -> String {
    let one = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}') =>
        {
            '\u{fffd}'
        }
        c => c,
    };
    text.chars().map(one).collect()
}

/// In so many lines of a box; what is left is cut with a mark.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest: &str = text.trim();
    while !rest.is_empty() && lines.len() < most {
        let mut room = INNER;
        let fits = rest.char_indices().find(|(_, c)| {
            room -= letter(*c);
            room < 0
        });
        let Some((end, _)) = fits else {
            lines.push(rest.to_owned());
            return lines;
        };
        if lines.len() + 1 == most {
            let cut: String = rest.get(..end).unwrap_or_default().chars().collect();
            let mut kept: Vec<char> = cut.chars().collect();
            while kept.iter().copied().map(letter).sum::<i32>() + letter('…') > INNER {
                kept.pop();
            }
            lines.push(kept.into_iter().chain(['…']).collect());
            return lines;
        }
        // At a blank where one is near the end, else between letters.
        let head = rest.get(..end).unwrap_or_default();
        let at =
            head.rfind(' ').filter(|at| wide(head.get(..*at).unwrap_or_default()) * 2 > INNER).unwrap_or(end);
        let (line, left) = rest.split_at(at);
        lines.push(line.trim_end().to_owned());
        rest = left.trim_start();
    }
    lines
}

impl Picture {
    /// Of things and ties; `columns` are the names of all columns, `legend` says what marks mean, `foot` what is written
    /// below.
    pub(crate) fn of(
        nodes: &[Node],
        ties: &[Tie],
        columns: &[String],
        legend: &[(Mark, String)],
        foot: &[String],
        said: String,
    ) -> Self {
        let texts: Vec<Vec<(String, bool)>> = nodes
            .iter()
            .map(|node| {
                let name = wrapped(&harmless(&node.name), NAME_LINES).into_iter().map(|line| (line, false));
                let notes = node.notes.iter().flat_map(|note| wrapped(&harmless(note), 1));
                name.chain(notes.map(|line| (line, true))).collect()
            })
            .collect();
        let boxes = nodes.iter().zip(&texts).map(|(node, rows)| (node.column, ROW * rows.len() as i32 + 14));
        let plan =
            Plan { boxes: boxes.collect(), lines: ties.iter().map(|tie| (tie.from, tie.to)).collect() };
        let laid = plan.laid();
        let boxes = nodes.iter().zip(texts).zip(&laid.boxes).map(|((node, rows), place)| {
            let row = |(nth, (text, small)): (usize, (String, bool))| {
                (place.y + 20 + ROW * nth as i32, text, small)
            };
            let all: Vec<&str> = std::iter::once(&node.name).chain(&node.notes).map(String::as_str).collect();
            Drawn {
                x: place.x,
                y: place.y,
                high: place.high,
                look: node.look,
                rows: rows.into_iter().enumerate().map(row).collect(),
                title: harmless(&all.join(" · ")),
            }
        });
        let lines = ties.iter().zip(&laid.lines).filter_map(|(tie, pieces)| {
            let [_, _, before, (x, y)] = *pieces.last()?;
            let back = if before.0 > x { 9 } else { -9 };
            Some(Line {
                look: tie.look,
                pieces: pieces.clone(),
                arrow: [(x, y), (x + back, y - 4), (x + back, y + 4)],
                title: harmless(&tie.name),
            })
        });
        let heads = laid.columns.iter().filter_map(|(column, x)| Some((*x, columns.get(*column)?.clone())));
        let (boxes, lines, heads) = (boxes.collect(), lines.collect(), heads.collect());
        let most = laid.wide.max(560);
        let (mut x, mut y) = (16, laid.high + 8);
        let mut signs = Vec::new();
        for (mark, text) in legend {
            let room = MARK_WIDE + wide(text) + 24;
            if x > 16 && x + room > most {
                (x, y) = (16, y + 26);
            }
            signs.push(Sign { x, y, mark: *mark, text: text.clone() });
            x += room;
        }
        let below = if signs.is_empty() { laid.high } else { y + 26 };
        let foot: Vec<(i32, String)> = foot
            .iter()
            .enumerate()
            .map(|(nth, line)| (below + 12 + 18 * nth as i32, harmless(line)))
            .collect();
        let high = below + 18 * foot.len() as i32 + 8;
        let wide = foot.iter().map(|(_, line)| wide(line) + 32).max().unwrap_or(0).max(most);
        Self { laid, heads, boxes, lines, legend: signs, foot, wide, high, said: harmless(&said) }
    }

    /// Is there nothing in it?
    pub(crate) const fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// As SVG: the same on a page and in a file.
    ///
    /// # Errors
    /// It did not render.
    pub(crate) fn svg(&self) -> Result<String, askama::Error> {
        Svg { of: self }.render()
    }

    /// As a paper has it.
    pub(crate) fn on_paper(&self) -> paper::Picture {
        let points = |points: &[(i32, i32)]| points.to_vec();
        paper::Picture {
            wide: self.laid.wide,
            high: self.laid.high,
            heads: self.heads.clone(),
            boxes: self
                .boxes
                .iter()
                .map(|drawn| paper::PictureBox {
                    x: drawn.x,
                    y: drawn.y,
                    wide: BOX_WIDE,
                    high: drawn.high,
                    look: drawn.look.word(),
                    rows: drawn.rows.iter().map(|(y, text, small)| (*y, text.clone(), *small)).collect(),
                })
                .collect(),
            lines: self
                .lines
                .iter()
                .map(|line| paper::PictureLine {
                    look: line.look.word(),
                    pieces: line.pieces.iter().map(|piece| points(piece)).collect(),
                    arrow: points(&line.arrow),
                })
                .collect(),
            legend: self.legend.iter().map(|sign| (sign.mark.word(), sign.text.clone())).collect(),
        }
    }
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Node(look) => look.word(),
            Self::Tie(look) => look.word(),
        }
    }
}

impl Line {
    /// As SVG writes a path.
    fn path(&self) -> String {
        let mut path = String::new();
        for (nth, [from, one, other, to]) in self.pieces.iter().enumerate() {
            if nth == 0 {
                path.push_str(&format!("M{} {}", from.0, from.1));
            }
            path.push_str(&format!("C{} {} {} {} {} {}", one.0, one.1, other.0, other.1, to.0, to.1));
        }
        path
    }

    fn points(&self) -> String {
        let points: Vec<String> = self.arrow.iter().map(|(x, y)| format!("{x},{y}")).collect();
        points.join(" ")
    }
}

#[derive(Template)]
#[template(path = "picture.svg", escape = "html")]
struct Svg<'a> {
    of: &'a Picture,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_with_a_mark_where_it_does_not_fit() {
        assert_eq!(wrapped("市政大樓", 2), ["市政大樓"]);
        let long = "臺中市政府資訊中心機房核心網路骨幹交換設備之備援主機與其管理介面設備";
        let lines = wrapped(long, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…') && lines.iter().all(|line| wide(line) <= INNER), "{lines:?}");
        assert_eq!(
            wrapped("the main server of the city office", 2),
            ["the main server of the", "city office"]
        );
        assert!(wrapped("", 2).is_empty());
    }

    #[test]
    fn what_is_typed_is_text_and_no_markup() {
        let node = |name: &str| Node {
            column: 0,
            name: name.to_owned(),
            notes: vec!["a\u{0}b\u{202e}".to_owned()],
            look: NodeLook::Plain,
        };
        let nodes = [node("<script>alert(1)</script>"), node("\"&'")];
        let tie = Tie { from: 0, to: 1, name: "]]><".to_owned(), look: TieLook::Seen };
        let picture = Picture::of(&nodes, &[tie], &["<h>".to_owned()], &[], &[], "\"x\"".to_owned());
        let svg = picture.svg().unwrap();
        assert!(
            !svg.contains("<script")
                && !svg.contains("<h>")
                && !svg.contains('\u{0}')
                && !svg.contains('\u{202e}')
        );
        assert_eq!(svg, picture.svg().unwrap());
    }
}
