//! Lists of many: beyond what is found and sorted, rows are met in their order, and words that many records have are met
//! side by side with what is read. Whatever the way, it is what a plain reckoning gives.

use crate::bed::{Bed, On, everyone, field, items, on_both};
use model::{RecordId, UnitId};
use serde_json::{Value as Json, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use store::{Ask, Column, Direction, Filter, Reader, Test};

/// An item as it was filed, in the order of opening.
pub(crate) struct Item {
    record: RecordId,
    unit: UnitId,
    fill: Json,
}

/// More than few items, of two units.
pub(crate) const ITEMS: usize = 2_700;

pub(crate) fn grown(on: On) -> (Bed, Vec<Item>) {
    let mut bed = Bed::new(on, 81).unwrap();
    let units = [bed.unit(), bed.unit()];
    let mut all = Vec::with_capacity(ITEMS);
    for nth in 0..ITEMS {
        let mut fill = json!({
            "name": format!("{}號主機 R{}", nth * 7919 % ITEMS, nth % 50),
            "notes": format!("巡視紀錄 n{nth}"),
            "flag": nth % 3 == 0,
            "level": if nth % 2 == 0 { "open" } else { "internal" },
        });
        // Every fifth has no kind, every seventh no amount.
        if nth % 5 > 0 {
            fill["kind"] = ["red", "blue"][nth / 5 % 2].into();
        }
        if nth % 7 > 0 {
            fill["amount"] = (nth * 31 % 100).to_string().into();
        }
        // Few of the second.
        let unit = units[usize::from(nth % 90 == 0)];
        all.push(Item { record: bed.item(unit, fill.clone()), unit, fill });
        if nth % 500 == 0 {
            bed.settle();
        }
    }
    bed.settle();
    (bed, all)
}

impl Item {
    pub(crate) const fn unit(&self) -> UnitId {
        self.unit
    }

    fn text(&self, field: &str) -> Option<String> {
        self.fill[field].as_str().map(ToOwned::to_owned)
    }

    fn passes(&self, filter: &Filter) -> bool {
        let Column::Field(id) = &filter.column else { return filter.test == Test::Running };
        let value = match &self.fill[id.as_str()] {
            Json::Bool(truth) => Some(truth.to_string()),
            _ => self.text(id.as_str()),
        };
        match &filter.test {
            Test::In(wanted) => value.is_some_and(|value| wanted.contains(&value)),
            Test::Contains(piece) => value.is_some_and(|value| value.contains(piece.as_str())),
            Test::Empty => value.is_none(),
            Test::Running => true,
            other => panic!("{other:?}"),
        }
    }

    fn found(&self, words: &str) -> bool {
        let (text, number) = self.fill["notes"].as_str().unwrap().split_once(' ').unwrap();
        words.split(' ').all(|word| text.contains(word) || number.starts_with(word))
    }

    fn key(&self, column: &Column) -> Option<(i64, String)> {
        let Column::Field(id) = column else { return None };
        let text = self.text(id.as_str())?;
        let number = if id.as_str() == "amount" { text.parse().unwrap() } else { 0 };
        Some((number, if number == 0 && id.as_str() != "amount" { text } else { String::new() }))
    }
}

/// What a plain reckoning gives.
fn reckoned(all: &[Item], reader: &Reader, ask: &Ask) -> Vec<RecordId> {
    let reads = |item: &&Item| !reader.roles.is_empty() || reader.own.contains(&item.unit);
    let asked = |item: &&Item| {
        ask.filters.iter().all(|filter| item.passes(filter))
            && ask.text.as_deref().is_none_or(|text| item.found(text))
    };
    let mut rows: Vec<(usize, &Item)> = all.iter().filter(reads).filter(asked).enumerate().collect();
    match &ask.sort {
        None => rows.reverse(),
        Some((column, Direction::Up)) => rows.sort_by_key(|(at, item)| (item.key(column), *at)),
        Some((column, Direction::Down)) => rows.sort_by_key(|(at, item)| Reverse((item.key(column), *at))),
    }
    rows.into_iter().map(|(_, item)| item.record).collect()
}

fn filters() -> Vec<Vec<Filter>> {
    let is = |id: &str, value: &str| Filter { column: field(id), test: Test::In(vec![value.to_owned()]) };
    let holds = |id: &str, piece: &str| Filter { column: field(id), test: Test::Contains(piece.to_owned()) };
    vec![
        vec![],
        vec![Filter { column: Column::State, test: Test::Running }],
        vec![is("flag", "true")],
        vec![is("kind", "red"), is("flag", "false")],
        vec![Filter { column: field("kind"), test: Test::Empty }],
        vec![holds("name", "號主")],
        vec![holds("name", "R7"), is("flag", "false")],
    ]
}

fn readers(all: &[Item]) -> [Reader; 3] {
    let of = |at: usize| {
        let unit = all[at].unit;
        Reader { roles: [].into(), own: [unit].into(), subtree: [unit].into(), ..everyone() }
    };
    [everyone(), of(1), of(0)]
}

pub(crate) fn asks() -> Vec<Ask> {
    let columns = ["name", "amount", "kind", "moment"].map(field);
    let mut sorts = vec![None];
    for direction in [Direction::Up, Direction::Down] {
        sorts.extend(columns.iter().map(|column| Some((column.clone(), direction))));
    }
    let mut asks = Vec::new();
    for filters in filters() {
        for sort in &sorts {
            for text in [None, Some("巡視"), Some("紀錄 n13")] {
                let text = text.map(ToOwned::to_owned);
                asks.push(Ask { filters: filters.clone(), sort: sort.clone(), text, ..items() });
            }
        }
    }
    asks
}

fn a_page_of_many_is_what_a_plain_reckoning_gives(on: On) {
    let (bed, all) = grown(on);
    let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
    let mut sql = bed.sql();
    let mut many = 0;
    for reader in readers(&all) {
        for (nth, ask) in asks().into_iter().enumerate() {
            let wanted = reckoned(&all, &reader, &ask);
            many += usize::from(wanted.len() > 2_000);
            let total = wanted.len() as u64;
            // From the beginning, from behind the middle, and over the end.
            let skip = [0, total * 2 / 3, total.saturating_sub(3), total + 1][nth % 4];
            let ask = Ask { skip, most: 7, ..ask };
            let page = store::list(&mut sql, packs, layout, &reader, &ask).unwrap();
            let rows: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
            let part: Vec<RecordId> = wanted.into_iter().skip(skip as usize).take(7).collect();
            assert_eq!((page.total, rows), (total, part), "{ask:?}");
        }
    }
    assert!(many > 50, "{many} were of many");
}

fn values_among_many_are_counted_as_a_plain_reckoning_does(on: On) {
    let (bed, all) = grown(on);
    let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
    let mut sql = bed.sql();
    for reader in readers(&all) {
        for filters in filters() {
            for text in [None, Some("巡視"), Some("紀錄 n13")] {
                let ask = Ask { filters: filters.clone(), text: text.map(ToOwned::to_owned), ..items() };
                for id in ["kind", "name", "amount"] {
                    let column = field(id);
                    let mut without = ask.clone();
                    without.filters.retain(|filter| filter.column != column);
                    let rows = reckoned(&all, &reader, &without);
                    let by_record: BTreeMap<RecordId, &Item> =
                        all.iter().map(|item| (item.record, item)).collect();
                    let mut wanted: BTreeMap<Option<(i64, String)>, u64> = BTreeMap::new();
                    for record in rows {
                        *wanted.entry(by_record[&record].key(&column)).or_default() += 1;
                    }
                    let counts = ask.counts(&mut sql, packs, layout, &reader, &column).unwrap();
                    let counts: Vec<u64> = counts.into_iter().map(|(_, count)| count).collect();
                    assert_eq!(counts, wanted.into_values().collect::<Vec<_>>(), "{id} of {ask:?}");
                }
                let columns = ["kind", "name", "amount"].map(field);
                let together = ask.counts_of(&mut sql, packs, layout, &reader, &columns).unwrap();
                let each = columns.map(|one| ask.counts(&mut sql, packs, layout, &reader, &one).unwrap());
                assert_eq!(together, each, "{ask:?}");
            }
        }
    }
}

/// What a common word was found in is kept by a connection, and no longer than it holds.
fn what_was_found_is_found_anew_once_tables_changed(on: On) {
    let (mut bed, all) = grown(on);
    let mut sql = bed.sql();
    let ask = Ask { text: Some("巡視".to_owned()), most: 3, ..items() };
    let kind = field("kind");
    let asked = |bed: &Bed, sql: &mut store::Sql| {
        let (packs, layout, reader) = (bed.tables.packs(), bed.tables.layout(), everyone());
        let counts = ask.counts(sql, packs, layout, &reader, &kind).unwrap();
        let reds = counts.iter().find(|(value, _)| value.as_deref() == Some("red")).map_or(0, |one| one.1);
        let page = store::list(sql, packs, layout, &reader, &ask).unwrap();
        (page.total, page.rows.into_iter().map(|row| row.record).collect::<Vec<_>>(), reds)
    };
    let (total, rows, reds) = asked(&bed, &mut sql);
    assert_eq!((total, &rows), (ITEMS as u64, &all.iter().rev().take(3).map(|item| item.record).collect()));
    assert_eq!(asked(&bed, &mut sql), (total, rows.clone(), reds));
    let fill =
        |kind: &str, notes: &str| json!({"name": "新號主機", "kind": kind, "notes": notes, "flag": true});
    let opened = bed.item(all[0].unit, fill("red", "巡視紀錄 新"));
    bed.settle();
    assert_eq!(asked(&bed, &mut sql), (total + 1, vec![opened, rows[0], rows[1]], reds + 1));
    bed.change(opened, fill("blue", "巡視紀錄 新"));
    bed.settle();
    assert_eq!(asked(&bed, &mut sql), (total + 1, vec![opened, rows[0], rows[1]], reds));
    bed.change(opened, fill("blue", "別的紀錄"));
    bed.settle();
    assert_eq!(asked(&bed, &mut sql), (total, rows, reds));
}

on_both!(
    what_was_found_is_found_anew_once_tables_changed,
    a_page_of_many_is_what_a_plain_reckoning_gives,
    values_among_many_are_counted_as_a_plain_reckoning_does,
);
