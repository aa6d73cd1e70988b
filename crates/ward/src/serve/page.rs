//! The state of the system on one page, for people: how much is in it, on whose word it stands, what is wrong.
//!
//! Until there are pages for more. Counts and no names, since nobody has signed in.
//! Plain HTML without script; everything that comes from outside is escaped.

use crate::http::{self, escape};
use crate::office::Office;
use ledger::cosign::{RECENT, Standing, standing};
use model::{Instant, Told};

pub(super) fn status(served: &Office, now: Instant) -> String {
    let head = served.ledger.head();
    let published = served.objects.fetch(ledger::objects::CHECKPOINT).ok().flatten();
    let (word, class) = match published.map(|note| standing(&served.policy, &note, now, RECENT)) {
        Some(Ok(standing @ Standing::Witnessed { .. })) => (standing.told(), "good"),
        Some(Ok(standing)) => (standing.told(), "open"),
        Some(Err(error)) => {
            let told = Told::new(
                format!("已公布的表頭不可採信：{error}"),
                format!("The published head cannot be believed: {error}"),
            );
            (told, "bad")
        }
        None => (Told::new("已公布的表頭讀取失敗。", "The published head cannot be read."), "bad"),
    };
    let alarm = served.stopped().map_or_else(String::new, |told| {
        format!(
            "<p class=\"bad\" role=\"alert\">{}<br><span lang=\"en\">{}</span></p>",
            escape(&told.zh),
            escape(&told.en)
        )
    });
    let rows = [
        ("帳本", "Ledger", head.origin.clone()),
        ("已確認筆數", "Entries acknowledged", head.size.to_string()),
        ("已公布筆數", "Entries published", served.ledger.published().to_string()),
        ("根雜湊", "Root", head.root.to_string()),
        ("本頁時間（UTC）", "Time of this page", now.to_string()),
    ];
    let rows: String = rows
        .iter()
        .chain(&counts(served, head.size))
        .map(|(zh, en, value)| {
            format!(
                "<tr><th scope=\"row\">{zh}<br><span lang=\"en\">{en}</span></th><td>{}</td></tr>",
                escape(value)
            )
        })
        .collect();
    let body = BODY
        .replace("{alarm}", &alarm)
        .replace("{class}", class)
        .replace("{zh}", &escape(&word.zh))
        .replace("{en}", &escape(&word.en))
        .replace("{rows}", &rows);
    http::page("城防 Ward", &body)
}

/// What the tables hold, and how far they have come.
fn counts(served: &Office, size: u64) -> Vec<(&'static str, &'static str, String)> {
    let seen = served.desk.seen();
    let pack = seen.packs.current().map_or_else(
        || "尚未發布：ward pack publish · none: ward pack publish".to_owned(),
        |pack| format!("{} · {} ({}/{})", pack.title.zh(), pack.title.en(), pack.id, pack.version),
    );
    let records = served.desk.read(|sql, _| sql.record_count());
    let records = records.map_or_else(|error| error.told().to_string(), |count| count.to_string());
    let people = seen.roster.people().filter(|person| person.here()).count();
    let units = seen.roster.units().filter(|unit| unit.closed_at.is_none()).count();
    vec![
        ("現行規範", "Pack in force", pack),
        ("案件", "Records", records),
        ("在職人員", "People", people.to_string()),
        ("單位", "Units", units.to_string()),
        ("資料表已記至／帳本", "Tables have come to / ledger", format!("{} / {size}", seen.position)),
    ]
}

const BODY: &str = r#"<h1>城防 <span lang="en">Ward</span></h1>
<p>系統現況。表單與頁面尚在建置。<br><span lang="en">The state of the system. Forms and pages are being built.</span></p>
{alarm}
<p class="{class}">{zh}<br><span lang="en">{en}</span></p>
<table>{rows}</table>
<p>公開介面：<a href="/ledger/checkpoint">/ledger/checkpoint</a>、<code>/ledger/tile/…</code>（C2SP tlog-tiles）</p>"#;
