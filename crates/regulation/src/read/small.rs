//! The smaller files: head, grades, roles, procedures, calendars, moves.

use super::context::Context;
use super::flow::evidence;
use super::names::{Documents, ids, twice};
use crate::clause::Exemption;
use crate::condition::Typing;
use crate::field::When;
use crate::label::Label;
use crate::moves::{Move, Moves};
use crate::pack::{
    AlarmCall, Crosswalk, CrosswalkKind, DutyRoster, Hook, Incidents, LineRules, LineSources, Network,
    Responding, Rooms, WatchedUnits,
};
use crate::problem::Place;
use crate::procedure::{Procedure, ProcedureStep, Proof};
use crate::raw::{Node, Problems, Table};
use crate::register::Register;
use crate::role::{Grade, HeldIn, Role};
use crate::shape::{WEEKDAYS, label_of};
use crate::time::{Calendar, CalendarError, DayOff, TimeOfDay, WorkDay, Year, Zone};
use crate::value::Type;
use crate::word::{FieldId, HookId, PackId, ProcedureId, ProcedureStepId, RegisterId, RoleId, StateId};
use model::{CivilDate, Evidence};
use std::collections::BTreeMap;

/// The head of a pack.
pub(super) struct Head {
    pub(super) id: PackId,
    pub(super) version: u32,
    pub(super) title: Label,
    pub(super) source: Box<str>,
    pub(super) issuer: Label,
    pub(super) date: CivilDate,
    pub(super) basis: Option<Label>,
    pub(super) repealed: Option<CivilDate>,
    pub(super) licence: Box<str>,
    pub(super) zone: Zone,
    pub(super) day_ends: TimeOfDay,
    pub(super) destruction: Option<RegisterId>,
    pub(super) exemption: Option<Exemption>,
    pub(super) line_sources: Option<LineSources>,
    pub(super) line_rules: LineRules,
    pub(super) watched_units: WatchedUnits,
    pub(super) calls: Vec<AlarmCall>,
    pub(super) duty_roster: Option<DutyRoster>,
    pub(super) incidents: Option<Incidents>,
    pub(super) rooms: Option<Rooms>,
    pub(super) network: Option<Network>,
    pub(super) responding: Option<Responding>,
    pub(super) crosswalk: Vec<Crosswalk>,
    pub(super) hooks: BTreeMap<HookId, Hook>,
}

pub(super) fn head(
    file: Table<'_>,
    registers: &BTreeMap<RegisterId, Register>,
    context: &Context<'_>,
) -> Option<Head> {
    let (table, lines) = (file.inner("pack")?, file.inner("lines"));
    let id = table.parsed::<PackId>("id");
    if let (None, Some(node)) = (&id, table.get("id")) {
        context.problem(
            node.place(),
            "規範代號僅含小寫英文字母、數字、_ 與 -",
            "a pack's id is of small letters, digits, _ and -",
        );
    }
    Some(Head {
        id: id?,
        version: table.small("version")?,
        title: context.label(table, "title")?,
        source: table.text("source")?.into(),
        issuer: context.label(table, "issuer")?,
        date: table.get("date")?.date()?,
        basis: context.label(table, "basis"),
        repealed: table.get("repealed").and_then(Node::date),
        licence: table.text("licence")?.into(),
        zone: zone(table, context.problems)?,
        day_ends: table.parsed("day_ends").unwrap_or(TimeOfDay::END),
        destruction: context.register_at(table, "destruction"),
        exemption: file
            .inner("board")
            .and_then(|board| board.inner("exemption"))
            .and_then(|table| exemption(table, context)),
        line_sources: lines
            .and_then(|lines| lines.inner("sources"))
            .and_then(|table| super::lines::sources(table, context)),
        line_rules: lines.map(|lines| super::lines::rules(lines, registers, context)).unwrap_or_default(),
        watched_units: file
            .inner("watch")
            .map(|table| super::lines::watched(table, context))
            .unwrap_or_default(),
        calls: file.inner("watch").map(|table| super::lines::calls(table, context)).unwrap_or_default(),
        duty_roster: file
            .inner("watch")
            .and_then(|table| table.inner("roster"))
            .and_then(|table| super::lines::roster(table, context)),
        incidents: file
            .inner("watch")
            .and_then(|table| table.inner("incidents"))
            .and_then(|table| super::lines::incidents(table, registers, context)),
        rooms: file.inner("rooms").and_then(|table| super::rooms::rooms(table, registers, context)),
        network: file.inner("network").map(|table| super::network::network(table, registers, context)),
        responding: file
            .inner("respond")
            .and_then(|table| super::rooms::responding(table, registers, context)),
        crosswalk: file.tables("crosswalk").into_iter().flat_map(|table| crosswalk(table, context)).collect(),
        hooks: file.tables("hook").into_iter().filter_map(|table| hook(table, context)).collect(),
    })
}

/// The pack's zone; what is none is told.
pub(super) fn zone(table: Table<'_>, problems: &Problems) -> Option<Zone> {
    let node = table.get("zone")?;
    let zone = Zone::new(node.text()?);
    if let Err(error) = &zone {
        problems.add(node.place(), format!("沒有時區「{}」,例如 Asia/Taipei", error.0), error.to_string());
    }
    zone.ok()
}

fn exemption(table: Table<'_>, context: &Context<'_>) -> Option<Exemption> {
    let register = context.register_at(table, "register")?;
    let typing = Typing::record(&context.vocabulary, &register);
    Some(Exemption {
        clause: context.condition_at(table, "clause", Some(&Type::Text), &typing)?,
        holds: context.condition_at(table, "while", Some(&Type::Truth), &typing)?,
        register,
    })
}

fn crosswalk(table: Table<'_>, context: &Context<'_>) -> Vec<Crosswalk> {
    let (law, standard) = (context.label(table, "law"), context.label(table, "standard"));
    let (kind, text) = match (law, standard) {
        (Some(law), None) => (CrosswalkKind::Law, law),
        (None, Some(standard)) => (CrosswalkKind::Standard, standard),
        _ => {
            let (zh, en) = ("須且僅能有 law、standard 其中之一", "exactly one of law, standard is asked for");
            context.problem(table.place(), zh, en);
            return Vec::new();
        }
    };
    let source = context.label(table, "source");
    let clauses = context.clauses(table).into_iter();
    clauses.map(|clause| Crosswalk { clause, kind, text: text.clone(), source: source.clone() }).collect()
}

fn hook(table: Table<'_>, context: &Context<'_>) -> Option<(HookId, Hook)> {
    let id: HookId = table.parsed("id")?;
    let gives = context.names.hooks.get(&id)?.clone();
    Some((id.clone(), Hook { id, label: context.label(table, "label")?, gives }))
}

pub(super) fn grades(file: Table<'_>, context: &Context<'_>) -> Vec<Grade> {
    let (mut sign, mut paper, mut cleared) = (Evidence::None, false, false);
    let mut grades: Vec<Grade> = Vec::new();
    for table in file.tables("grade") {
        if let Some(written) = evidence(table.text("sign")) {
            if written < sign {
                let (zh, en) =
                    ("簽章不可低於較低等級", "the signature is not less than that of the grade below");
                context.problem(table.place_of("sign"), zh, en);
            }
            sign = sign.max(written);
        }
        if paper && table.flag("paper") == Some(false) {
            let (zh, en) = ("較低等級已採紙本", "a lower grade is on paper already");
            context.problem(table.place_of("paper"), zh, en);
        }
        paper |= table.flag("paper").unwrap_or(false);
        let marked = table.flag("cleared") == Some(true);
        if marked && std::mem::replace(&mut cleared, true) {
            let (zh, en) = (
                "cleared 僅標示於人人可閱之最高等級",
                "`cleared` stands once, on the highest grade that everybody is cleared for",
            );
            context.problem(table.place_of("cleared"), zh, en);
        }
        if let (Some(id), Some(label)) = (table.parsed("id"), context.label(table, "label")) {
            grades.push(Grade { id, label, sign, paper, cleared: marked });
        }
    }
    let highest = grades.iter().rposition(|grade| grade.cleared).unwrap_or(0);
    grades.iter_mut().take(highest + 1).for_each(|grade| grade.cleared = true);
    grades
}

pub(super) fn roles(file: Table<'_>, context: &Context<'_>) -> BTreeMap<RoleId, Role> {
    file.tables("role").into_iter().filter_map(|table| role(table, context)).collect()
}

fn role(table: Table<'_>, context: &Context<'_>) -> Option<(RoleId, Role)> {
    let id: RoleId = table.parsed("id")?;
    let incompatible = context.roles(table, "incompatible");
    if incompatible.contains(&id) {
        context.problem(table.place_of("incompatible"), "角色不得與自己互斥", "a role cannot exclude itself");
    }
    let role = Role {
        label: context.label(table, "label")?,
        help: context.label(table, "help"),
        held_in: if table.text("held_in") == Some("city") { HeldIn::City } else { HeldIn::Unit },
        most: table.small("most"),
        incompatible,
        deputy: table.flag("deputy").unwrap_or(true),
        administrator: table.flag("administrator").unwrap_or(false),
        clauses: context.clauses(table),
        id: id.clone(),
    };
    Some((id, role))
}

/// Procedures. A condition of a step is typed on each register that runs it.
pub(super) fn procedures(files: &[Table<'_>], context: &Context<'_>) -> BTreeMap<ProcedureId, Procedure> {
    let tables = files.iter().flat_map(|file| file.tables("procedure"));
    tables.filter_map(|table| procedure(table, context)).collect()
}

fn procedure(table: Table<'_>, context: &Context<'_>) -> Option<(ProcedureId, Procedure)> {
    let id: ProcedureId = table.parsed("id")?;
    let runs = |of: &Type| matches!(of, Type::Run(procedures) if procedures.contains(&id));
    let registers = &context.vocabulary.registers;
    let users: Vec<&RegisterId> =
        registers.iter().filter(|(_, outline)| outline.fields.values().any(runs)).map(|(id, _)| id).collect();
    if users.is_empty() {
        let (zh, en) = (format!("沒有任何欄位執行程序「{id}」"), format!("no field runs the procedure {id}"));
        context.problem(table.place_at("id"), zh, en);
    }
    let steps = table.tables("step");
    ids::<ProcedureStepId>(&steps, "步驟", "step", context.problems);
    let mut earlier: Vec<&str> = Vec::new();
    let mut read = Vec::new();
    for step in &steps {
        read.extend(procedure_step(*step, &earlier, &users, context));
        earlier.extend(step.text("id"));
    }
    let others = context.vocabulary.procedures.iter().map(ProcedureId::as_str);
    let procedure = Procedure {
        label: context.label(table, "label")?,
        help: context.label(table, "help"),
        clauses: context.clauses(table),
        next: context.known_at(table, "next", others, ("程序", "procedure")),
        steps: read,
        id: id.clone(),
    };
    Some((id, procedure))
}

fn procedure_step(
    table: Table<'_>,
    earlier: &[&str],
    users: &[&RegisterId],
    context: &Context<'_>,
) -> Option<ProcedureStep> {
    let limit = table.parsed::<crate::Limit>("limit");
    if limit.is_some_and(crate::Limit::in_days) {
        context.problem(
            table.place_of("limit"),
            "程序時限以分鐘或小時計",
            "limits of procedures are in minutes or hours",
        );
    }
    let mut when = When::Always;
    for register in users {
        when = context.when(table, "when", When::Always, &Typing::record(&context.vocabulary, register));
    }
    Some(ProcedureStep {
        id: table.parsed("id")?,
        label: context.label(table, "label")?,
        help: context.label(table, "help"),
        limit,
        since: context.known_at(table, "since", earlier.iter().copied(), ("先前步驟", "earlier step")),
        proof: match table.text("proof") {
            Some("note") => Proof::Note,
            Some("number") => Proof::Number,
            Some("photo") => Proof::Photo,
            _ => Proof::Tick,
        },
        beside: table.flag("beside").unwrap_or(false),
        when,
        expect: table.text("expect").map(Into::into),
    })
}

/// The office calendar; needed before all else, so it is read with problems alone.
pub(super) fn calendar(documents: &Documents<'_>, problems: &Problems) -> Calendar {
    let years =
        documents.calendars.iter().filter_map(|(path, file)| year(path, *file, problems)).collect::<Vec<_>>();
    let place = documents.calendars.last().map_or_else(
        || Place { file: "pack.toml".to_owned(), line: 1, column: 1 },
        |(_, file)| file.place_of("year"),
    );
    Calendar::new(years).unwrap_or_else(|error| {
        let zh = match error {
            CalendarError::Twice(year) => format!("{year} 年重複"),
            CalendarError::Gap(year) => format!("缺少 {year} 年"),
        };
        problems.add(place, zh, error.to_string());
        Calendar::default()
    })
}

fn year(path: &str, file: Table<'_>, problems: &Problems) -> Option<Year> {
    let number = i16::try_from(file.get("year")?.whole()?).ok()?;
    if path != format!("calendars/{number}.toml") {
        let (zh, en) =
            (format!("檔名應為 {number}.toml"), format!("this file should be called {number}.toml"));
        problems.add(file.place_of("year"), zh, en);
    }
    let weekday = |node: Node<'_>| WEEKDAYS.iter().position(|day| Some(*day) == node.text());
    let weekend: Vec<i8> = file
        .list("weekend")
        .into_iter()
        .filter_map(weekday)
        .filter_map(|day| i8::try_from(day + 1).ok())
        .collect();
    let reader = YearReader { number, problems };
    let off = reader.days(&file.tables("off"), |table, _| {
        Some(DayOff { name: label_of(table, "name")?, unsure: reader.unsure(table) })
    });
    let work = reader.days(&file.tables("work"), |table, day| {
        if !weekend.contains(&day.weekday()) && !off.contains_key(&day) {
            let (zh, en) = (format!("{day} 本為上班日"), format!("{day} is worked anyway"));
            problems.add(table.place_of("date"), zh, en);
        }
        let for_day = table.get("for").and_then(Node::date);
        Some(WorkDay { name: label_of(table, "name")?, for_day, unsure: reader.unsure(table) })
    });
    Some(Year { year: number, source: file.text("source")?.into(), weekend, off, work })
}

struct YearReader<'y> {
    number: i16,
    problems: &'y Problems,
}

impl YearReader<'_> {
    fn days<T>(
        &self,
        tables: &[Table<'_>],
        read: impl Fn(Table<'_>, CivilDate) -> Option<T>,
    ) -> BTreeMap<CivilDate, T> {
        let mut days = BTreeMap::new();
        let mut places: BTreeMap<CivilDate, Place> = BTreeMap::new();
        for table in tables {
            let Some(day) = table.get("date").and_then(Node::date) else { continue };
            let place = table.place_of("date");
            if day.year() != self.number {
                let (zh, en) =
                    (format!("{day} 不在 {} 年", self.number), format!("{day} is not in {}", self.number));
                self.problems.add(place.clone(), zh, en);
            }
            match places.get(&day) {
                Some(first) => twice(place, &day.to_string(), first, ("日期", "the day"), self.problems),
                None => {
                    places.insert(day, place);
                    days.extend(read(*table, day).map(|read| (day, read)));
                }
            }
        }
        days
    }

    fn unsure(&self, table: Table<'_>) -> Option<Box<str>> {
        let text = table.text("unsure")?;
        self.problems.note(
            table.place_of("unsure"),
            format!("日曆不確定:{text}"),
            format!("not certain in the calendar: {text}"),
        );
        Some(text.into())
    }
}

pub(super) fn moves(file: Table<'_>, version: Option<u32>, context: &Context<'_>) -> Option<Moves> {
    let from = file.small("from")?;
    if version.is_some_and(|version| from >= version) {
        let (zh, en) = ("前一版次須小於本版", "the former version is lower than this one");
        context.problem(file.place_of("from"), zh, en);
    }
    let mut registers = BTreeMap::new();
    for table in file.tables("move") {
        let Some(register) = context.register_at(table, "register") else { continue };
        let Some(outline) = context.vocabulary.registers.get(&register) else { continue };
        let entries = |key: &str| table.inner(key).map(Table::entries).unwrap_or_default();
        let states = entries("states").into_iter().filter_map(|(former, _, node)| {
            let now = context.known(node, outline.states.iter().map(StateId::as_str), ("狀態", "state"))?;
            Some((former.parse().ok()?, now))
        });
        let fields = entries("fields").into_iter().filter_map(|(former, _, node)| {
            Some((former.parse::<FieldId>().ok()?, context.field(node, &register)?))
        });
        let moved = Move {
            states: states.collect(),
            fields: fields.collect(),
            drop: table.list("drop").into_iter().filter_map(Node::parsed).collect(),
        };
        if registers.insert(register.clone(), moved).is_some() {
            let (zh, en) =
                (format!("登記簿「{register}」重複"), format!("the register {register} is there already"));
            context.problem(table.place_of("register"), zh, en);
        }
    }
    Some(Moves { from, registers })
}
