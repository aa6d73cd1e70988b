//! The drawing of the network, and the same as tables.

use super::compare::{Change, changes};
use super::facts::{Facts, Thing, digest};
use super::flows::{End, Flows, Seen};
use super::{Asked, Known};
use crate::component::{TableView, counted};
use crate::cx::Cx;
use crate::error::PageError;
use crate::names::{Named, Shown, record_path};
use crate::picture::{Mark, Node, NodeLook, Picture, Tie, TieLook};
use crate::query::Query;
use model::Instant;
use regulation::NetworkLayer;

/// The column of what is in no register.
const STRANGERS: usize = NetworkLayer::ALL.len();
/// Flows that are drawn, the most frequent.
const MOST_DRAWN: usize = 400;
/// Flows of the table, the most frequent.
const MOST_TOLD: usize = 500;

/// The name of a layer, as the head of its column.
pub(super) fn layer(cx: &Cx, layer: NetworkLayer) -> &'static str {
    let (zh, en) = match layer {
        NetworkLayer::Outside => ("外部及線路", "Outside and lines"),
        NetworkLayer::Firewall => ("防火牆", "Firewalls"),
        NetworkLayer::System => ("系統", "Systems"),
        NetworkLayer::Server => ("主機及設備", "Hosts and devices"),
        NetworkLayer::Terminal => ("終端設備", "Terminals"),
    };
    cx.language.of(zh, en)
}

/// The drawing.
pub(super) fn picture(cx: &Cx, known: &Known, asked: &Asked) -> Result<Picture, PageError> {
    let Known { facts, flows } = known;
    let seen = flows.seen();
    let mut nodes: Vec<Node> =
        facts.things.iter().enumerate().map(|(nth, thing)| node(cx, nth, thing, seen)).collect();
    let mut ties: Vec<Tie> = facts
        .links
        .iter()
        .map(|link| Tie {
            from: link.from,
            to: link.to,
            name: joined(cx, facts, link.from, link.to, cx.t(&link.by.0, &link.by.1)),
            look: TieLook::Recorded,
        })
        .collect();
    let mut places = std::collections::BTreeMap::new();
    for (end, addresses) in seen.iter().flat_map(|seen| &seen.groups) {
        places.insert(*end, nodes.len());
        nodes.push(elsewhere(cx, *end, addresses.len()));
    }
    let place = |end: &End| match end {
        End::Thing(nth) => Some(*nth),
        end => places.get(end).copied(),
    };
    let drawn = seen.map(often).unwrap_or_default();
    for (from, to, count, _) in drawn.iter().take(MOST_DRAWN) {
        let (Some(one), Some(other)) = (place(from), place(to)) else { continue };
        if one == other {
            continue;
        }
        let strange = from.is_strange() || to.is_strange();
        let name = format!("{} → {}: {count}", told(cx, facts, *from), told(cx, facts, *to));
        let look = if strange { TieLook::Strange } else { TieLook::Seen };
        ties.push(Tie { from: one, to: other, name, look });
    }
    let columns = NetworkLayer::ALL.map(|one| layer(cx, one).to_owned()).into_iter();
    let columns: Vec<String> =
        columns.chain([cx.t("未登記之鄰居", "Neighbours in no register").to_owned()]).collect();
    let legend = legend(cx, &nodes, &ties);
    let said = match cx.chinese() {
        true => format!("網路系統圖：{} 項、{} 條連線；內容與下列各表相同", nodes.len(), ties.len()),
        false => format!(
            "The network: {} boxes and {} lines; the tables below say the same",
            nodes.len(),
            ties.len()
        ),
    };
    Ok(Picture::of(&nodes, &ties, &columns, &legend, &foot(cx, known, asked)?, said))
}

fn node(cx: &Cx, nth: usize, thing: &Thing, seen: Option<&Seen>) -> Node {
    let mut notes = Vec::new();
    if thing.together {
        let count = thing.records.len();
        notes.push(if cx.chinese() { format!("共 {count} 筆") } else { format!("{count} in all") });
    } else {
        notes.push(cx.language.told(&thing.sort).to_owned());
        notes.extend(thing.addresses.iter().cloned());
    }
    notes.extend(thing.grade.as_ref().map(|grade| cx.language.told(grade).to_owned()));
    notes.extend(seen.and_then(|seen| unseen(cx, nth, thing, seen)).map(ToOwned::to_owned));
    Node {
        column: place(thing.layer),
        name: thing.name(cx.language).to_owned(),
        notes,
        look: NodeLook::Plain,
    }
}

fn place(layer: NetworkLayer) -> usize {
    NetworkLayer::ALL.iter().position(|one| *one == layer).unwrap_or_default()
}

/// What is said of a thing that was not seen: that it was not, or that it has no address to be seen by.
fn unseen(cx: &Cx, nth: usize, thing: &Thing, seen: &Seen) -> Option<&'static str> {
    if !thing.addressed || seen.things.contains(&nth) {
        return None;
    }
    Some(if thing.addresses.is_empty() {
        cx.language.of("未登記位址，無從比對", "no address: not known")
    } else {
        cx.language.of("期間內未見通聯", "not seen")
    })
}

/// What is in no register.
fn elsewhere(cx: &Cx, end: End, count: usize) -> Node {
    let counted = match (cx.chinese(), count) {
        (true, _) => format!("{count} 個位址"),
        (false, 1) => "1 address".to_owned(),
        (false, _) => format!("{count} addresses"),
    };
    let (column, name, notes, look) = match end {
        End::Public => (
            place(NetworkLayer::Outside),
            cx.t("公眾網路（未登記）", "Public network (in no register)").to_owned(),
            counted,
            NodeLook::Masked,
        ),
        End::Stranger(address) => {
            (STRANGERS, address.to_string(), cx.t("未登記", "in no register").to_owned(), NodeLook::Stranger)
        }
        End::Strangers | End::Thing(_) => (
            STRANGERS,
            cx.t("其他未登記之內部位址", "Further inner addresses").to_owned(),
            counted,
            NodeLook::Stranger,
        ),
    };
    Node { column, name, notes: vec![notes], look }
}

fn joined(cx: &Cx, facts: &Facts, from: usize, to: usize, by: &str) -> String {
    format!(
        "{} → {}{}{by}",
        told(cx, facts, End::Thing(from)),
        told(cx, facts, End::Thing(to)),
        cx.t("：", ": ")
    )
}

/// What an end is called.
fn told(cx: &Cx, facts: &Facts, end: End) -> String {
    match end {
        End::Thing(nth) => {
            facts.things.get(nth).map_or_else(String::new, |thing| thing.name(cx.language).to_owned())
        }
        End::Stranger(address) => format!("{address}{}", cx.beside(cx.t("未登記", "in no register"))),
        end => elsewhere(cx, end, 0).name,
    }
}

/// Flows, the most frequent first.
fn often(seen: &Seen) -> Vec<(End, End, u64, i64)> {
    let mut flows: Vec<(End, End, u64, i64)> =
        seen.pairs.iter().map(|((from, to), (count, last))| (*from, *to, *count, *last)).collect();
    // What ought not to be there comes first.
    flows.sort_by_key(|(from, to, count, _)| {
        (!(from.is_strange() || to.is_strange()), std::cmp::Reverse(*count), *from, *to)
    });
    flows
}

/// What the marks mean that stand in the picture.
fn legend(cx: &Cx, nodes: &[Node], ties: &[Tie]) -> Vec<(Mark, String)> {
    let all = [
        (Mark::Node(NodeLook::Plain), "已登記", "Registered"),
        (Mark::Tie(TieLook::Recorded), "登記之連接", "Connected, by the registers"),
        (Mark::Tie(TieLook::Seen), "實際通聯（紀錄所見）", "Seen in lines"),
        (Mark::Node(NodeLook::Masked), "未登記之公眾網路", "Public, in no register"),
        (Mark::Node(NodeLook::Stranger), "未登記之鄰居", "Neighbour in no register"),
        (Mark::Tie(TieLook::Strange), "與未登記者通聯", "Seen, with what is in no register"),
    ];
    let there = |mark: &Mark| match mark {
        Mark::Node(look) => nodes.iter().any(|node| node.look == *look),
        Mark::Tie(look) => ties.iter().any(|tie| tie.look == *look),
    };
    let shown = all.into_iter().filter(|(mark, ..)| there(mark));
    shown.map(|(mark, zh, en)| (mark, cx.t(zh, en).to_owned())).collect()
}

/// What stands below the drawing: of when it is, and the digests of what it shows.
fn foot(cx: &Cx, known: &Known, asked: &Asked) -> Result<Vec<String>, PageError> {
    // Where the ledger stands by now is no part of it: that is another place after every look.
    let (_, versions) = versions(cx, known, asked)?;
    let colon = cx.t("：", ": ");
    Ok(versions.into_iter().map(|(name, value)| format!("{name}{colon}{value}")).collect())
}

/// A name and what it stands for.
type Line = (String, String);

/// Of how many entries of the ledger this is told; of when the drawing is, and the digests of what it shows.
pub(super) fn versions(cx: &Cx, known: &Known, asked: &Asked) -> Result<(Line, Vec<Line>), PageError> {
    let Known { facts, flows } = known;
    let position = (
        cx.t("帳本位置", "Ledger").to_owned(),
        match cx.chinese() {
            true => format!("前 {} 筆", facts.position),
            false => format!("its first {} entries", facts.position),
        },
    );
    let mut versions = vec![
        (cx.t("登記內容截至", "Registers as of").to_owned(), asked.told(cx)),
        (
            cx.t("所繪登記最後異動", "Last entry about what is drawn").to_owned(),
            match (facts.last, cx.chinese()) {
                (None, _) => cx.t("無", "none").to_owned(),
                (Some(entry), true) => format!("帳本第 {entry} 筆"),
                (Some(entry), false) => format!("entry {entry}"),
            },
        ),
        (
            cx.t("登記內容雜湊值（SHA-256）", "Digest of what is registered (SHA-256)").to_owned(),
            facts.digest()?,
        ),
    ];
    if let Some((seen, within)) = flows.seen().and_then(|seen| Some((seen, seen.within.as_ref()?))) {
        let (from, until) = (cx.moment(within.start), cx.moment(within.end));
        versions.push((
            cx.t("通聯期間", "Flows").to_owned(),
            match cx.chinese() {
                true => format!("{from} 至 {until}"),
                false => format!("{from} to {until}"),
            },
        ));
        let key = |end: &End| match end {
            End::Thing(nth) => facts.things.get(*nth).map_or_else(String::new, |thing| thing.key.clone()),
            end => format!("{end:?}"),
        };
        let pairs: Vec<(String, String, u64)> =
            seen.pairs.iter().map(|((from, to), (count, _))| (key(from), key(to), *count)).collect();
        versions.push((
            cx.t("連同通聯之雜湊值（SHA-256）", "Digest with flows (SHA-256)").to_owned(),
            digest(&(facts.told(), pairs))?,
        ));
    }
    Ok((position, versions))
}

/// What there is, as a table.
pub(super) fn things<'a>(cx: &'a Cx, known: &Known) -> TableView<'a> {
    let Known { facts, flows } = known;
    let row = |(nth, thing): (usize, &Thing)| {
        let named = match thing.records.as_slice() {
            [record] => Named { text: thing.name(cx.language).to_owned(), href: Some(record_path(*record)) },
            _ => Named::plain(thing.name(cx.language)),
        };
        let standing = match flows {
            Flows::Unknown(_) if thing.addressed => cx.t("未知", "not known"),
            Flows::Unknown(_) => cx.t("－", "–"),
            Flows::Seen(_) if !thing.addressed => cx.t("－", "–"),
            Flows::Seen(seen) => {
                unseen(cx, nth, thing, seen).unwrap_or_else(|| cx.language.of("有通聯", "seen"))
            }
        };
        let grade = thing.grade.as_ref().map(|grade| cx.language.told(grade));
        vec![
            Shown::Parts(vec![named]),
            plain(cx.language.told(&thing.sort)),
            plain(layer(cx, thing.layer)),
            plain(&thing.addresses.iter().map(String::as_str).collect::<Vec<_>>().join(cx.t("、", ", "))),
            plain(&counted(thing.records.len() as u64)),
            plain(grade.unwrap_or_default()),
            plain(standing),
        ]
    };
    let heads = [
        (cx.t("項目", "What"), ""),
        (cx.t("登記簿", "Register"), ""),
        (cx.t("層次", "Layer"), ""),
        (cx.t("位址", "Address"), ""),
        (cx.t("筆數", "Records"), "num"),
        (cx.t("機密等級", "Grade"), ""),
        (cx.t("通聯", "Flows"), ""),
    ];
    let rows = facts.things.iter().enumerate().map(row).collect();
    table(cx, cx.t("一、登記之項目", "1. What is registered"), &heads, rows)
}

/// What the registers say is connected, as a table.
pub(super) fn links<'a>(cx: &'a Cx, facts: &Facts) -> TableView<'a> {
    let heads = [(cx.t("起", "From"), ""), (cx.t("迄", "To"), ""), (cx.t("依據欄位", "By which field"), "")];
    let end = |nth: usize| plain(&told(cx, facts, End::Thing(nth)));
    let rows = facts
        .links
        .iter()
        .map(|link| vec![end(link.from), end(link.to), plain(cx.t(&link.by.0, &link.by.1))]);
    table(cx, cx.t("二、登記之連接", "2. What the registers say is connected"), &heads, rows.collect())
}

/// Who spoke with whom, as a table; none where it is not known.
pub(super) fn flows<'a>(cx: &'a Cx, known: &Known) -> Option<TableView<'a>> {
    let Known { facts, flows } = known;
    let heads = [
        (cx.t("來源", "From"), ""),
        (cx.t("目的", "To"), ""),
        (cx.t("筆數", "Lines"), "num"),
        (cx.t("最近", "Last"), "when"),
        (cx.t("登記", "Registered"), ""),
    ];
    let end = |end: End| match end {
        End::Stranger(address) => {
            let href = Query::default().with("q", address.to_string()).behind("/trace");
            Shown::Parts(vec![Named { text: told(cx, facts, end), href: Some(href) }])
        }
        end => plain(&told(cx, facts, end)),
    };
    let row = |(from, to, count, last): &(End, End, u64, i64)| {
        let last = Instant::from_micros(last.saturating_mul(1_000_000)).unwrap_or(Instant::EPOCH);
        let known = match (from, to) {
            _ if from.is_strange() || to.is_strange() => cx.t("未登記之鄰居", "neighbour in no register"),
            (End::Thing(_), End::Thing(_)) => cx.t("兩端均已登記", "both ends"),
            _ => cx.t("一端為公眾網路", "one end public"),
        };
        vec![end(*from), end(*to), plain(&counted(*count)), plain(&cx.second(last)), plain(known)]
    };
    let seen = flows.seen()?;
    let rows = often(seen).iter().take(MOST_TOLD).map(row).collect();
    Some(table(cx, cx.t("三、實際通聯", "3. Seen in lines"), &heads, rows))
}

/// Are there more flows than are drawn or told?
pub(super) fn is_cut(seen: &Seen) -> bool {
    seen.cut || seen.pairs.len() > MOST_DRAWN
}

/// What differs from another moment, as a table.
pub(super) fn differences<'a>(cx: &'a Cx, before: &Facts, after: &Facts) -> TableView<'a> {
    let thing = |what: &str, thing: &Thing, more: String| {
        vec![plain(what), plain(thing.name(cx.language)), plain(cx.language.told(&thing.sort)), plain(&more)]
    };
    let addresses = |thing: &Thing| {
        let all: Vec<&str> = thing.addresses.iter().map(String::as_str).collect();
        let all = all.join(cx.t("、", ", "));
        match (thing.together, cx.chinese()) {
            (false, _) => all,
            (true, true) => format!("{all}（{} 筆）", thing.records.len()),
            (true, false) => format!("{all} ({})", thing.records.len()),
        }
    };
    let link = |what: &str, facts: &Facts, link: &super::facts::Link| {
        let by = cx.t(&link.by.0, &link.by.1);
        let name =
            format!("{} → {}", told(cx, facts, End::Thing(link.from)), told(cx, facts, End::Thing(link.to)));
        vec![plain(what), plain(&name), plain(cx.t("連接", "Connection")), plain(by)]
    };
    let (added, gone) = (cx.t("新增", "Came"), cx.t("移除", "Went"));
    let row = |change: &Change<'_>| match change {
        Change::Came(one) => thing(added, one, addresses(one)),
        Change::Went(one) => thing(gone, one, addresses(one)),
        Change::Changed(was, is) => {
            let (old, new) = (was.name(cx.language), is.name(cx.language));
            let renamed = if old == new { String::new() } else { format!("{old} → {new}") };
            let moved = match (addresses(was), addresses(is)) {
                (old, new) if old == new => String::new(),
                (old, new) => format!("{old} → {new}"),
            };
            let more: Vec<String> = [renamed, moved].into_iter().filter(|text| !text.is_empty()).collect();
            thing(cx.t("變更", "Changed"), is, more.join(cx.t("；", "; ")))
        }
        Change::Joined(facts, one) => link(added, facts, one),
        Change::Parted(facts, one) => link(gone, facts, one),
    };
    let heads = [
        (cx.t("異動", "How"), ""),
        (cx.t("項目", "What"), ""),
        (cx.t("登記簿", "Register"), ""),
        (cx.t("說明", "More"), ""),
    ];
    let rows = changes(before, after).iter().map(row).collect();
    table(cx, cx.t("兩日期間之異動", "What changed between the two days"), &heads, rows)
}

fn plain(text: &str) -> Shown {
    if text.is_empty() { Shown::Nothing } else { Shown::Parts(vec![Named::plain(text)]) }
}

fn table<'a>(
    cx: &'a Cx,
    caption: &str,
    heads: &[(&str, &'static str)],
    rows: Vec<Vec<Shown>>,
) -> TableView<'a> {
    let heads = heads.iter().map(|(text, class)| ((*text).to_owned(), *class)).collect();
    TableView { cx, caption: caption.to_owned(), heads, rows }
}
