//! Plans: no list goes through the rows of a register where an index serves.

use crate::bed::{On, everyone, field, on_both};
use crate::many::{asks, grown};
use store::{Ask, Column, Direction, ListError, Reader, Sql, StoreError};

/// What of a plan goes through a register's rows themselves.
fn through_rows(on: On, plan: &str) -> Option<&str> {
    plan.lines().find(|line| match on {
        // Rows in the order of opening are met only as far as the page goes, found by what is asked of them.
        On::Sqlite => {
            (line.contains("SCAN sheet_item") || line.starts_with("SCAN s ")) && !line.contains("USING")
        }
        On::Postgres => line.contains("Seq Scan on sheet_item"),
    })
}

fn no_list_goes_through_rows_where_an_index_serves(on: On) {
    let (mut bed, all) = grown(on);
    // As tables are after a rebuilding.
    bed.remade();
    let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
    let mut sql = bed.sql();
    if on == On::Postgres {
        // Of so few rows PostgreSQL would go through all; asked not to, it does so only where no index serves.
        sql.script("SET enable_seqscan TO off").unwrap();
    }
    let unit = all[1].unit();
    let own = Reader { roles: [].into(), own: [unit].into(), subtree: [unit].into(), ..everyone() };
    // A column that is not listed has no index of its own.
    let served = |ask: &Ask| {
        ask.sort.as_ref().is_none_or(|(column, _)| *column == field("name") || *column == field("amount"))
    };
    let mut seen = 0;
    for reader in [everyone(), own] {
        for ask in asks().into_iter().filter(served) {
            for skip in [0, 2_000] {
                let ask = Ask { skip, most: 20, ..ask.clone() };
                let listed = sql.explained(|sql| store::list(sql, packs, layout, &reader, &ask)).unwrap();
                seen += judged(on, &format!("{ask:?}"), &listed.1);
            }
            let counted =
                sql.explained(|sql| ask.counts(sql, packs, layout, &reader, &field("kind"))).unwrap();
            seen += judged(on, &format!("kinds of {ask:?}"), &counted.1);
        }
        let counted: (_, Vec<(String, String)>) =
            sql.explained::<_, StoreError>(|sql: &mut Sql| reader.counts(sql, packs, layout)).unwrap();
        seen += judged(on, "registers", &counted.1);
        for column in [Column::State, Column::Number, Column::OccurredAt, Column::ClosedAt, Column::EnteredAt]
        {
            let ask = Ask { sort: Some((column, Direction::Up)), ..crate::bed::items() };
            let listed =
                sql.explained::<_, ListError>(|sql| store::list(sql, packs, layout, &reader, &ask)).unwrap();
            seen += judged(on, &format!("{ask:?}"), &listed.1);
        }
    }
    assert!(seen > 500, "{seen} plans");
}

fn judged(on: On, what: &str, plans: &[(String, String)]) -> usize {
    for (text, plan) in plans {
        assert_eq!(through_rows(on, plan), None, "{what}\n{text}\n{plan}");
    }
    plans.len()
}

on_both!(no_list_goes_through_rows_where_an_index_serves);
