//! The official form of a record, and the empty one of a register: heads, groups of answers, boxes for signatures, the
//! clauses, and where the ledger holds it.

use super::{day, head, mark, record_address, seals, value};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::query::Query;
use crate::records::{self, Happened, Opened};
use casework::Case;
use model::Instant;
use paper::{Form, Ledger, Line, Section, Value};
use regulation::{ClauseId, Field, Pack, Register};

/// The form of a record, with the moment it is of: that of the last entry about it.
pub(super) fn of_record(look: &Look<'_>, opened: &Opened<'_>, story: &[Happened]) -> (Form, Instant) {
    let (cx, case) = (look.cx, &*opened.case);
    let last = story.last();
    let at = last.map_or(case.opened_at, |last| last.at);
    let made = match (last, cx.chinese()) {
        (Some(last), true) => {
            format!("本表由城防依帳本第 {} 筆（{}）產製，內容以帳本所載為準", last.entry, cx.moment(at))
        }
        (Some(last), false) => format!(
            "Made by Ward as of entry {} ({}); what the ledger says counts",
            last.entry,
            cx.moment(at)
        ),
        (None, _) => String::new(),
    };
    (of_case(look, case, opened.register, story, made), at)
}

/// The form of a case at hand.
pub(super) fn of_case(
    look: &Look<'_>,
    case: &Case,
    register: &Register,
    story: &[Happened],
    made: String,
) -> Form {
    let cx = look.cx;
    let title = cx.label(&register.label).to_owned();
    Form {
        head: head(cx, title, register.id.to_string(), mark(look, case), made),
        number: case.number.clone().unwrap_or_default(),
        unit: look.unit(case.unit),
        date: day(cx, case.opened_at),
        subject: Some(look.title(case)),
        about: about(look, case, register),
        sections: sections(cx, register, |field| value::filled(look, case, field)),
        boxes: seals::boxes(look, case, register, story),
        clause: clause(cx, look.pack, &register.clauses),
        ledger: ledger(cx, case),
    }
}

/// The empty form of a register, with the moment it is of: the day of the pack.
pub(super) fn blank(look: &Look<'_>, register: &Register) -> Result<(Form, Instant), PageError> {
    let (cx, pack) = (look.cx, look.pack);
    let made = match cx.chinese() {
        true => format!("空白表單；規範 {} 第 {} 版", pack.id, pack.version),
        false => format!("Empty form; pack {}, version {}", pack.id, pack.version),
    };
    let title = cx.label(&register.label).to_owned();
    let form = Form {
        head: head(cx, title, register.id.to_string(), None, made),
        number: String::new(),
        unit: String::new(),
        date: cx.t("中華民國　　　年　　月　　日", "        -      -      ").to_owned(),
        subject: None,
        about: Vec::new(),
        sections: sections(cx, register, |field| value::empty(look, field)),
        boxes: seals::empty_boxes(look, register),
        clause: clause(cx, pack, &register.clauses),
        ledger: None,
    };
    let start = regulation::TimeOfDay::START;
    Ok((form, cx.zone()?.moment(pack.date, start)))
}

/// Groups of questions, in the order of the register; a group in which nothing stands is left out.
fn sections(cx: &Cx, register: &Register, line: impl Fn(&Field) -> Option<Line>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for field in &register.fields {
        let Some(line) = line(field) else { continue };
        let group = register.groups.iter().find(|group| group.fields.contains(&field.id));
        let label = group.map(|group| cx.label(&group.label).to_owned());
        match sections.iter_mut().find(|section| section.label == label) {
            Some(section) => section.lines.push(line),
            None => sections.push(Section { label, lines: vec![line] }),
        }
    }
    sections
}

fn about(look: &Look<'_>, case: &Case, register: &Register) -> Vec<Line> {
    let cx = look.cx;
    let line = |name: &str, text: String| Line::new(name, Value::text(text));
    let mut about = vec![line(cx.t("狀態", "State"), look.state(register, &case.state))];
    about.push(line(cx.t("機密等級", "Grade"), look.grade(&case.grade)));
    let opener = match case.opened_by {
        Some(person) => look.person_in_full(person),
        None => cx.t("系統", "The system").to_owned(),
    };
    about.push(line(cx.t("建立人", "Opened by"), opener));
    about.push(line(cx.t("建立時間", "Recorded"), cx.moment(case.opened_at)));
    if case.occurred_at != case.opened_at {
        about.push(line(cx.t("發生時間", "Happened"), cx.moment(case.occurred_at)));
    }
    if let Some(reason) = &case.late_reason {
        about.push(line(cx.t("補登理由", "Why recorded late"), reason.clone()));
    }
    if let Some(origin) = &case.origin {
        about.push(line(cx.t("緣由", "Comes from"), look.record(origin.record).text));
    }
    if let Some(at) = case.closed_at {
        about.push(line(cx.t("結案時間", "Closed"), cx.moment(at)));
    }
    if case.paper {
        let kept = cx.t("紙本保存，本系統僅登載案由資料", "on paper; only its entry is here");
        about.push(line(cx.t("保存方式", "Kept"), kept.to_owned()));
    }
    about
}

/// On which clauses it rests, as a sentence.
fn clause(cx: &Cx, pack: &Pack, clauses: &[ClauseId]) -> Option<String> {
    if clauses.is_empty() {
        return None;
    }
    let cited = |id: &ClauseId| {
        let found = pack.clauses.iter().find(|clause| clause.id == *id);
        found.map_or_else(|| id.to_string(), |clause| clause.article.to_string())
    };
    let mut cited: Vec<String> = clauses.iter().map(cited).collect();
    cited.dedup();
    let title = cx.label(&pack.title);
    Some(match cx.chinese() {
        true => format!("本表依「{title}」{}規定辦理。", cited.join("、")),
        false => format!("This form rests on “{title}”, {}.", cited.join(", ")),
    })
}

/// Where the ledger holds the content.
fn ledger(cx: &Cx, case: &Case) -> Option<Ledger> {
    let bound = case.bound?;
    let (entry, hash) = (bound.entry.0, bound.hash.0.to_string());
    let line = |name: &str, text: String| (name.to_owned(), text);
    let lines = vec![
        line(cx.t("帳本名稱", "Ledger"), cx.site.desk().origin().to_owned()),
        line(cx.t("現行內容", "Content"), records::entry(cx, entry).text),
        line(cx.t("內容雜湊值", "Its hash"), hash.clone()),
        line(cx.t("紀錄識別碼", "Record"), case.record.to_string()),
    ];
    let note = cx.t(
        "掃描條碼開啟本紀錄，並核對上列筆號與雜湊值；簽署內容另見同名之簽核電子檔（XML）。",
        "The code opens the record; compare number and hash with those above. What was signed is in the XML file beside this one.",
    );
    let query = Query::default().with("entry", entry.to_string()).with("hash", hash);
    Ledger::new(lines, note.to_owned(), record_address(cx, case.record, &query))
}
