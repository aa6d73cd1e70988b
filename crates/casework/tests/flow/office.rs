//! The rules of the small regulation, made from the types of a pack.

use regulation::*;
use std::collections::BTreeMap;

/// A pack's parts, kept where rules can borrow them.
pub(crate) struct Office {
    pub(crate) registers: BTreeMap<RegisterId, Register>,
    pub(crate) duties: BTreeMap<DutyId, Duty>,
    pub(crate) procedures: BTreeMap<ProcedureId, Procedure>,
    pub(crate) roles: BTreeMap<RoleId, Role>,
    pub(crate) grades: Vec<Grade>,
    pub(crate) moves: Option<Moves>,
    pub(crate) calendar: Calendar,
    pub(crate) zone: Zone,
    pub(crate) version: u32,
}

impl Office {
    pub(crate) fn rules(&self) -> casework::Rules<'_> {
        casework::Rules {
            pack: "small",
            version: self.version,
            registers: &self.registers,
            duties: &self.duties,
            procedures: &self.procedures,
            roles: &self.roles,
            grades: &self.grades,
            moves: self.moves.as_ref(),
            calendar: &self.calendar,
            day_ends: "17:30".parse().unwrap(),
            zone: &self.zone,
        }
    }
}

fn label(text: &str) -> Label {
    Label::new(text, text).unwrap()
}

pub(crate) fn id<T: std::str::FromStr<Err = WordError>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn field(name: &str, kind: Kind, required: When) -> Field {
    Field {
        id: id(name),
        kind,
        label: label(name),
        help: None,
        clauses: vec![],
        required,
        show: When::Always,
        start: None,
        sealed: false,
    }
}

fn text_field(name: &str, required: When) -> Field {
    field(name, Kind::Text { lines: 1, min: 0, max: 40 }, required)
}

fn role(name: &str) -> Who {
    Who::Role { role: id(name), place: RolePlace::Own { above: false } }
}

fn rule(who: Who) -> ActorRule {
    ActorRule { who, when: When::Always }
}

fn people(by: Vec<Who>, need: u32, two_person: bool) -> Signers {
    let if_short = if two_person {
        vec![rule(Who::Role { role: id("director"), place: RolePlace::Anywhere })]
    } else {
        vec![]
    };
    Signers::People { by: by.into_iter().map(rule).collect(), need, two_person, if_short }
}

fn step(name: &str, from: &[&str], signers: Signers, fields: &[&str], outcomes: &[(Outcome, &str)]) -> Step {
    Step {
        id: id(name),
        label: label(name),
        help: None,
        clauses: vec![],
        from: from.iter().map(|state| id(state)).collect(),
        signers,
        never: vec![],
        sign: model::Evidence::None,
        fields: fields.iter().map(|field| id(field)).collect(),
        when: When::Always,
        guards: vec![],
        lead: None,
        outcomes: outcomes.iter().map(|(outcome, state)| (*outcome, id(state))).collect(),
        then: vec![],
    }
}

fn state(name: &str, end: Option<End>) -> State {
    State { id: id(name), label: label(name), end }
}

fn register(name: &str, fields: Vec<Field>, flow: Flow) -> Register {
    Register {
        id: id(name),
        label: label(name),
        help: None,
        clauses: vec![],
        title: Template { zh: vec![], en: vec![] },
        unit: None,
        search: vec![],
        list: Listing::default(),
        numbering: None,
        grade: GradeRule::Fixed(id("plain")),
        late: None,
        paper: None,
        retention: Retention { keep: None, from: RetentionStart::Closed },
        reading: Reading { units: ReadingUnits::City, roles: vec![], parties: vec![] },
        groups: vec![],
        fields,
        constraints: vec![],
        uniques: vec![],
        lookups: vec![],
        flow,
    }
}

pub(crate) fn tell(text: &str) -> Effect {
    let text = vec![Piece::Text(text.into())];
    Effect::Tell { to: vec![rule(role("head"))], text: Template { zh: text.clone(), en: text } }
}

fn vocabulary() -> Vocabulary {
    let outline = |fields: &[(&str, Type)], states: &[&str]| Outline {
        fields: fields.iter().map(|(name, of)| (id(name), of.clone())).collect(),
        states: states.iter().map(|state| id(state)).collect(),
        steps: [(id("file"), vec!["done"]), (id("approve"), vec!["approve"])].into(),
        lookups: BTreeMap::new(),
    };
    let permit = [
        ("subject", Type::Text),
        ("starts", Type::Date),
        ("network", Type::Truth),
        ("report", Type::Text),
        ("length", Type::Number),
        ("paper", Type::File.list()),
        ("office", Type::Unit),
    ];
    let states = ["filed", "approved", "checked", "closed", "refused", "returned", "withdrawn"];
    Vocabulary {
        registers: [
            (id("permit"), outline(&permit, &states)),
            (id("sheet"), outline(&[("day", Type::Date), ("done", Type::Truth)], &["open", "kept", "void"])),
        ]
        .into(),
        roles: ["operator", "head", "network", "safety", "director"].map(id).to_vec(),
        grades: vec![id("plain"), id("secret")],
        procedures: vec![],
    }
}

pub(crate) fn condition(text: &str, register: &str) -> Condition {
    let (vocabulary, register) = (vocabulary(), id::<RegisterId>(register));
    Condition::new(text, &Typing::record(&vocabulary, &register).acting()).unwrap()
}

fn permit() -> Register {
    let fields = vec![
        text_field("subject", When::Always),
        field("starts", Kind::Date { min: None, max: None }, When::Always),
        field("network", Kind::YesNo, When::Never),
        text_field("report", When::Always),
        field("length", Kind::Computed { value: condition("size(subject)", "permit") }, When::Never),
        field(
            "paper",
            Kind::Files { types: vec![], count: Count { least: 0, most: 2 }, max_mb: 1 },
            When::If(condition("network", "permit")),
        ),
    ];
    let opener = || Who::Person(condition("record.opened_by", "permit"));
    let decisions =
        [(Outcome::Approve, "approved"), (Outcome::Refuse, "refused"), (Outcome::Return, "returned")];
    let mut approve = step("approve", &["filed"], people(vec![role("head")], 2, true), &[], &decisions);
    approve.then = vec![Follow {
        on: vec![Outcome::Approve],
        when: When::Always,
        effect: Effect::Open {
            register: id("sheet"),
            step: id("start"),
            set: vec![(id("day"), condition("starts", "permit"))],
        },
    }];
    let seat = |who, when| Seat { rule: ActorRule { who, when }, each: None };
    let seats = vec![
        seat(role("network"), When::If(condition("network", "permit"))),
        seat(role("safety"), When::Always),
    ];
    let check = Signers::Seats { seats, need: None, two_person: false };
    let mut file = step(
        "file",
        &[],
        people(vec![role("operator")], 1, false),
        &["subject", "starts", "network", "paper"],
        &[(Outcome::Done, "filed")],
    );
    file.sign = model::Evidence::Otp;
    file.lead = Some(Lead {
        before: condition("starts", "permit"),
        limit: "2 days".parse().unwrap(),
        roll: Roll::Before,
    });
    let close = step(
        "close",
        &["checked"],
        people(vec![role("operator")], 1, false),
        &["report"],
        &[(Outcome::Done, "closed")],
    );
    let amend = step(
        "amend",
        &["approved", "checked"],
        people(vec![role("operator")], 1, false),
        &["subject"],
        &[(Outcome::Done, "approved")],
    );
    let refile = step(
        "refile",
        &["returned"],
        people(vec![opener()], 1, false),
        &["subject", "starts"],
        &[(Outcome::Done, "filed")],
    );
    let back = step(
        "take_back",
        &["filed", "approved", "returned"],
        people(vec![opener()], 1, false),
        &[],
        &[(Outcome::TakeBack, "withdrawn")],
    );
    let checked =
        step("check", &["approved"], check, &[], &[(Outcome::Done, "checked"), (Outcome::Refuse, "refused")]);
    let limit = |text: &str| text.parse::<Limit>().unwrap();
    let point = |at, text| Escalation { at, when: When::Always, effect: tell(text) };
    let clock = Clock {
        id: id("decide"),
        label: label("decide"),
        clauses: vec![],
        runs: vec![id("filed")],
        when: When::Always,
        due: Due::Entered { limit: limit("2 working days"), roll: Roll::Keep },
        then: vec![
            point(EscalationTime::Early(limit("1 hour")), "soon"),
            point(EscalationTime::Due, "now"),
            point(EscalationTime::Late(limit("1 working day")), "late"),
        ],
    };
    let states = vec![
        state("filed", None),
        state("approved", None),
        state("checked", None),
        state("returned", None),
        state("closed", Some(End::Done)),
        state("refused", Some(End::Refused)),
        state("withdrawn", Some(End::Withdrawn)),
    ];
    let steps = vec![file, approve, checked, close, amend, refile, back];
    let mut permit = register("permit", fields, Flow { states, steps, clocks: vec![clock] });
    permit.numbering = Some(Numbering {
        format: vec![
            NumberPart::RocYear,
            NumberPart::Text("機證字第".into()),
            NumberPart::Sequence(4),
            NumberPart::Text("號".into()),
        ],
        per: Sequence::City,
        reset: Reset::Year,
        at: None,
    });
    permit
}

fn sheet() -> Register {
    let fields = vec![
        field("day", Kind::Date { min: None, max: None }, When::Always),
        field("done", Kind::YesNo, When::Never),
    ];
    let steps = vec![
        step("start", &[], people(vec![Who::System], 1, false), &[], &[(Outcome::Done, "open")]),
        step(
            "keep",
            &["open"],
            people(vec![role("operator")], 1, false),
            &["done"],
            &[(Outcome::Done, "kept")],
        ),
        step("drop", &["open"], people(vec![role("operator")], 1, false), &[], &[(Outcome::Done, "void")]),
    ];
    let states = vec![state("open", None), state("kept", Some(End::Done)), state("void", Some(End::Void))];
    register("sheet", fields, Flow { states, steps, clocks: vec![] })
}

fn rounds() -> Duty {
    let vocabulary = vocabulary();
    let due_on = Condition::new("due_on", &Typing::bare(&vocabulary).with_object(Type::Unit)).unwrap();
    Duty {
        id: id("rounds"),
        label: label("rounds"),
        help: None,
        clauses: vec![],
        each: DutyEach::Unit,
        only: When::Always,
        repeat: Recurrence::new("FREQ=WEEKLY;BYDAY=WE", "2025-01-01".parse().unwrap(), Roll::Before).unwrap(),
        opens: "2 days".parse().unwrap(),
        due: Some("17:00".parse().unwrap()),
        register: id("sheet"),
        step: id("start"),
        set: vec![(id("day"), due_on)],
        then: vec![Escalation {
            at: EscalationTime::Late("1 hour".parse().unwrap()),
            when: When::Always,
            effect: tell("late"),
        }],
    }
}

pub(crate) fn year(year: i16) -> Year {
    let new_year = format!("{year}-01-01").parse().unwrap();
    let off = DayOff { name: label("元旦"), unsure: None };
    Year {
        year,
        source: "test".into(),
        weekend: vec![6, 7],
        off: [(new_year, off)].into(),
        work: BTreeMap::new(),
    }
}

pub(crate) fn office() -> Office {
    let role = |name: &str| Role {
        id: id(name),
        label: label(name),
        help: None,
        held_in: HeldIn::Unit,
        most: None,
        incompatible: vec![],
        deputy: name != "director",
        administrator: false,
        clauses: vec![],
    };
    let grade = |name: &str, sign| Grade {
        id: id(name),
        label: label(name),
        sign,
        paper: false,
        cleared: name == "plain",
    };
    Office {
        registers: [(id("permit"), permit()), (id("sheet"), sheet())].into(),
        duties: [(id("rounds"), rounds())].into(),
        procedures: BTreeMap::new(),
        roles: ["operator", "head", "network", "safety", "director"]
            .map(|name| (id(name), role(name)))
            .into(),
        grades: vec![grade("plain", model::Evidence::None), grade("secret", model::Evidence::Passkey)],
        moves: None,
        calendar: Calendar::new(vec![year(2025), year(2026)]).unwrap(),
        zone: Zone::new("Asia/Taipei").unwrap(),
        version: 1,
    }
}
