//! What a record depends on and what depends on it, by the fields in which records name one another: two steps far, as a
//! picture and as a table.
//!
//! Invariants: as on the page of what it is linked with: what somebody may not see and a record that they see names is told
//! as such, without a name, and leads no farther; what names a record from elsewhere and is not theirs to see is not told.

use super::Opened;
use super::history::label;
use super::linked::named_by;
use crate::component::{Markup, Notice, TableView, Tone};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::picture::{Mark, Node, NodeLook, Picture, Tie, TieLook};
use model::RecordId;
use std::collections::{BTreeMap, BTreeSet};

/// How far it is looked.
const STEPS: i32 = 2;
/// Records that are drawn beside it.
const MOST: usize = 60;
/// Records that name one which are looked at.
const MOST_NAMING: usize = 200;

/// The picture and its table.
pub(super) struct Depends<'a> {
    pub(super) picture: Markup,
    pub(super) table: TableView<'a>,
    pub(super) notice: Option<Notice<'a>>,
}

/// What was found: who names whom by which field, and how far from the record each stands.
#[derive(Default)]
struct Found {
    /// Steps from the record: to what it depends on above 0, to what depends on it below.
    places: BTreeMap<RecordId, i32>,
    /// In the order in which they were found.
    order: Vec<RecordId>,
    /// Who names whom, by which field.
    ties: BTreeSet<(RecordId, RecordId, String)>,
    cut: bool,
}

impl Found {
    /// Has it a place, or does it get one?
    fn place(&mut self, record: RecordId, place: i32) -> bool {
        if self.places.contains_key(&record) {
            return true;
        }
        if self.order.len() > MOST {
            self.cut = true;
            return false;
        }
        self.places.insert(record, place);
        self.order.push(record);
        true
    }
}

impl<'a> Depends<'a> {
    /// Of a record; none where nothing depends on it, and it on nothing.
    ///
    /// # Errors
    /// The tables failed.
    pub(super) fn of(look: &Look<'a>, opened: &Opened<'_>) -> Result<Option<Self>, PageError> {
        let cx = look.cx;
        let found = found(look, opened.case.record)?;
        if found.ties.is_empty() {
            return Ok(None);
        }
        let at: BTreeMap<RecordId, usize> =
            found.order.iter().enumerate().map(|(nth, one)| (*one, nth)).collect();
        let nodes: Vec<Node> = found.order.iter().map(|record| node(look, opened, &found, *record)).collect();
        let tie = |(from, to, by): &(RecordId, RecordId, String)| {
            let name =
                format!("{} → {}{}{by}", look.record(*from).text, look.record(*to).text, cx.t("：", ": "));
            Some(Tie { from: *at.get(from)?, to: *at.get(to)?, name, look: TieLook::Recorded })
        };
        let ties: Vec<Tie> = found.ties.iter().filter_map(tie).collect();
        let said = match cx.chinese() {
            true => format!("相依關係圖：{} 項、{} 條連線；內容與下表相同", nodes.len(), ties.len()),
            false => format!(
                "Dependencies: {} boxes and {} lines; the table below says the same",
                nodes.len(),
                ties.len()
            ),
        };
        let picture = Picture::of(&nodes, &ties, &columns(cx), &legend(cx, &nodes), &[], said);
        let text = match cx.chinese() {
            true => format!("相關紀錄過多，僅繪列其中 {MOST} 項。"),
            false => format!("There is more than is drawn: only {MOST} records are."),
        };
        Ok(Some(Self {
            picture: Markup::drawn(&picture)?,
            table: table(look, &found),
            notice: found.cut.then(|| Notice::new(cx, Tone::Info, text)),
        }))
    }
}

fn found(look: &Look<'_>, record: RecordId) -> Result<Found, PageError> {
    let mut found = Found::default();
    found.place(record, 0);
    for way in [1, -1] {
        let mut edge = vec![record];
        for step in 1..=STEPS {
            let mut next = Vec::new();
            for from in edge {
                for (to, by) in beside(look, from, way)? {
                    let fresh = !found.places.contains_key(&to);
                    if !found.place(to, step * way) {
                        continue;
                    }
                    let ends = if way > 0 { (from, to) } else { (to, from) };
                    found.ties.insert((ends.0, ends.1, by));
                    if fresh && look.sees(to) {
                        next.push(to);
                    }
                }
            }
            edge = next;
        }
    }
    Ok(found)
}

/// What a record names by its fields, or what names it by theirs, with the name of the field.
fn beside(look: &Look<'_>, record: RecordId, way: i32) -> Result<Vec<(RecordId, String)>, PageError> {
    let mut beside = Vec::new();
    if way > 0 {
        let Some(case) = look.case(record) else { return Ok(beside) };
        for field in look.register(&case).into_iter().flat_map(|register| &register.fields) {
            let by = look.cx.label(&field.label);
            beside.extend(named_by(&case, field).into_iter().map(|to| (to, by.to_owned())));
        }
        return Ok(beside);
    }
    let mentions = look.sql(|sql| sql.mentions(record, MOST_NAMING))?;
    look.ask_seen(mentions.iter().map(|mention| mention.by))?;
    for mention in mentions {
        let Some(field) = mention.field.filter(|_| look.sees(mention.by)) else { continue };
        let Some(case) = look.case(mention.by) else { continue };
        beside.push((mention.by, label(look, look.register(&case), &field)));
    }
    Ok(beside)
}

fn node(look: &Look<'_>, opened: &Opened<'_>, found: &Found, record: RecordId) -> Node {
    let place = found.places.get(&record).copied().unwrap_or_default();
    let seen = if look.sees(record) { look.case(record) } else { None };
    let notes = seen.iter().flat_map(|case| {
        let register = look.register(case);
        let sort = register.map(|register| look.cx.label(&register.label).to_owned());
        let state = register.map(|register| look.state(register, &case.state));
        [sort, state, Some(look.grade(&case.grade))].into_iter().flatten()
    });
    let look_of = match seen {
        _ if record == opened.case.record => NodeLook::Focus,
        Some(_) => NodeLook::Plain,
        None => NodeLook::Masked,
    };
    Node {
        column: usize::try_from(place + STEPS).unwrap_or_default(),
        name: look.record(record).text,
        notes: notes.collect(),
        look: look_of,
    }
}

/// Names of the columns, from what depends on it to what it depends on.
fn columns(cx: &Cx) -> Vec<String> {
    [
        ("相依於前項者", "Depends on those"),
        ("相依於本紀錄者", "Depends on it"),
        ("本紀錄", "This record"),
        ("本紀錄所相依", "It depends on"),
        ("前項所相依", "Those depend on"),
    ]
    .map(|(zh, en)| cx.t(zh, en).to_owned())
    .to_vec()
}

fn legend(cx: &Cx, nodes: &[Node]) -> Vec<(Mark, String)> {
    let masked = nodes.iter().any(|node| node.look == NodeLook::Masked);
    let masked =
        masked.then(|| (Mark::Node(NodeLook::Masked), cx.t("無權檢視", "Not for you to see").to_owned()));
    let all = [
        (Mark::Node(NodeLook::Focus), cx.t("本紀錄", "This record").to_owned()),
        (
            Mark::Tie(TieLook::Recorded),
            cx.t("箭頭指向所相依之紀錄", "An arrow leads to what is depended on").to_owned(),
        ),
    ];
    all.into_iter().chain(masked).collect()
}

fn table<'a>(look: &Look<'a>, found: &Found) -> TableView<'a> {
    let cx = look.cx;
    let plain = |text: &str| Shown::Parts(vec![Named::plain(text)]);
    let names = columns(cx);
    let grade = |record: RecordId| {
        let case = look.sees(record).then(|| look.case(record)).flatten();
        case.map_or(Shown::Nothing, |case| plain(&look.grade(&case.grade)))
    };
    let row = |(from, to, by): &(RecordId, RecordId, String)| {
        let place = |record: &RecordId| found.places.get(record).copied().unwrap_or_default();
        // Where it stands that is farther from the record.
        let far = if place(from).abs() > place(to).abs() { place(from) } else { place(to) };
        let column = usize::try_from(far + STEPS).ok().and_then(|column| names.get(column));
        (
            (far.abs(), -far),
            vec![
                plain(column.map(String::as_str).unwrap_or_default()),
                Shown::Parts(vec![look.record(*from)]),
                plain(by),
                Shown::Parts(vec![look.record(*to)]),
                grade(if far == place(from) { *from } else { *to }),
            ],
        )
    };
    let mut rows: Vec<((i32, i32), Vec<Shown>)> = found.ties.iter().map(row).collect();
    rows.sort_by_key(|(key, _)| *key);
    let heads = [
        cx.t("位置", "Where"),
        cx.t("紀錄", "Record"),
        cx.t("依據欄位", "By which field"),
        cx.t("所相依之紀錄", "Depends on"),
        cx.t("機密等級", "Grade"),
    ];
    TableView {
        cx,
        caption: cx.t("相依關係", "Dependencies").to_owned(),
        heads: heads.map(|head| (head.to_owned(), "")).to_vec(),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    }
}
