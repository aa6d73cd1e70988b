//! A town under the regulation that is shipped: two units, people who sign in as people do, terminals, records of every
//! sort; and what each asker brings along.

use crate::enter::{PASSWORD, code_of};
use crate::site::{Answer, Asked, challenge};
use axum::body::Body;
use axum::http::{Method, Request};
use desk::{Asker, Keeping, Order, READ, REFUSED};
use identity::{Command, Fingerprint, Line, Right};
use model::{Actor, Clock as _, Instant, PersonId, RecordId, TerminalId, TokenId, UnitId};
use proof::entry::Entry;
use regulation::Outcome;
use serde_json::{Value as Json, json};
use signin::{Session, SignIn, TokenAsk};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use store::Draft;
use testkit::{Acting, Chance, HOST, House, Registering, SoftAuthenticator};
use web::{Came, Limits, Place, Rate, Sessions as _};

/// What lies on graded media, and on others.
pub(super) const GRADED: &str = "戶政備份";
pub(super) const ORDINARY: &str = "公告備份";

/// The certificate of the management terminal.
pub(crate) const MANAGEMENT: [u8; 32] = [7; 32];

/// The town.
pub(crate) struct Town {
    pub(crate) asked: Asked,
    pub(crate) people: People,
    /// Cookies of those who have signed in, by person and place.
    cookies: BTreeMap<(PersonId, bool), String>,
    /// Tokens of applications, by whose they are and how far they go.
    tokens: BTreeMap<(PersonId, Scope), String>,
    /// Secrets of one-time codes.
    secrets: BTreeMap<PersonId, String>,
    chance: Chance,
    /// Makes names that nobody has yet.
    drawn: u32,
}

type Registers = &'static [&'static str];

/// How far a token goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Scope {
    pub(crate) read: Registers,
    pub(crate) file: Registers,
    pub(crate) rights: &'static [Right],
}

/// Its people and what they have to do with.
#[derive(Clone, Copy)]
pub(crate) struct People {
    pub(crate) unit: UnitId,
    pub(crate) head: Acting,
    pub(crate) it_head: Acting,
    pub(crate) operator: Acting,
    pub(crate) staff: Acting,
    pub(crate) other_head: Acting,
    pub(crate) other_operator: Acting,
    pub(crate) auditor: Acting,
    pub(crate) steward: Acting,
    pub(crate) network: Acting,
    /// Has nothing but what it takes to set factors.
    pub(crate) setting: Acting,
    /// Whose sign-ins are half done, and who comes with a code.
    pub(crate) spare: Acting,
    /// A room that keeps graded media; its custodian is the operator.
    pub(crate) room: RecordId,
    pub(crate) graded: RecordId,
    pub(crate) medium: RecordId,
    pub(crate) violation: RecordId,
    pub(crate) incident: RecordId,
}

/// Who asks, and what they bring.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brings {
    pub(crate) person: Option<PersonId>,
    pub(crate) management: bool,
    pub(crate) session: Option<(String, Session)>,
    pub(crate) bearer: Option<String>,
}

/// A request but for who asks it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) json: Option<Json>,
    pub(crate) bytes: Option<&'static str>,
    pub(crate) cookie: Option<String>,
    /// Under which an application does something once.
    pub(crate) key: Option<String>,
    /// The part of a page that a script asks for.
    pub(crate) part: Option<&'static str>,
    /// What the answer is looked through for.
    pub(crate) looked_for: Option<String>,
}

impl Sent {
    pub(crate) fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    pub(crate) fn with(self, pairs: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { form: self.form.into_iter().chain(pairs.iter().map(own)).collect(), ..self }
    }

    pub(crate) fn json(self, json: Json) -> Self {
        Self { json: Some(json), ..self }
    }

    pub(crate) fn part(self, part: &'static str) -> Self {
        Self { part: Some(part), ..self }
    }

    pub(crate) fn looking_for(self, text: impl Into<String>) -> Self {
        Self { looked_for: Some(text.into()), ..self }
    }
}

impl Town {
    pub(crate) fn new() -> Self {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
        let mut house = House::with_pack(17, &regulation::Folder::new(&pack), None).unwrap();
        house.at("2026-03-02T01:00").unwrap();
        let people = People::settle(&mut house);
        let often = Rate { burst: 1_000_000, per_second: 1_000_000 };
        let asked =
            Asked::signing_in_within(house, Limits { address: often, session: often, ..Limits::default() });
        let (cookies, tokens, secrets) = Default::default();
        let mut town = Self { asked, people, cookies, tokens, secrets, chance: Chance::new(23), drawn: 0 };
        for who in people.all() {
            let (_, session) = town.session(who.person, false);
            town.door().set_password(&session, None, PASSWORD, town.now()).unwrap();
        }
        town
    }

    pub(crate) fn door(&self) -> &SignIn {
        &self.asked.door
    }

    pub(crate) fn now(&self) -> Instant {
        self.asked.house.clock.now()
    }

    pub(crate) fn house(&mut self) -> &mut House {
        &mut self.asked.house
    }

    /// A word that was not used yet.
    pub(crate) fn fresh(&mut self, start: &str) -> String {
        self.drawn += 1;
        format!("{start}{}", self.drawn)
    }

    /// Signs somebody in with their passkey.
    pub(crate) fn enters(&mut self, person: PersonId, management: bool) -> (String, Session) {
        let (now, place) = (self.now(), place(management));
        let (token, answer) = self.answer_of(person);
        let new = self.door().passkey(&token, &answer, &place, now).unwrap();
        (new.cookie, new.session)
    }

    /// What somebody's authenticator answers when it is asked who they are.
    pub(crate) fn answer_of(&mut self, person: PersonId) -> (String, Json) {
        let ask = self.door().passkey_ask(None, self.now()).unwrap();
        let answer = self.house().signer(person).unwrap().logs_on(&challenge(&ask.options));
        (ask.token, answer)
    }

    /// Somebody's session at a place; a new one where the last has ended.
    pub(crate) fn session(&mut self, person: PersonId, management: bool) -> (String, Session) {
        let place = place(management);
        if let Some(cookie) = self.cookies.get(&(person, management)).cloned()
            && let Some(session) = self.door().session(&cookie, &place, self.now())
        {
            return (cookie, session);
        }
        let (cookie, session) = self.enters(person, management);
        self.cookies.insert((person, management), cookie.clone());
        (cookie, session)
    }

    /// A token of an application of somebody's.
    pub(crate) fn token(&mut self, person: PersonId, scope: Scope) -> String {
        if let Some(made) = self.tokens.get(&(person, scope)) {
            return made.clone();
        }
        let (_, session) = self.session(person, false);
        let of = |names: Registers| names.iter().map(|name| name.parse().unwrap()).collect();
        let ask = TokenAsk {
            name: Line::new("api").unwrap(),
            read: of(scope.read),
            file: of(scope.file),
            rights: scope.rights.iter().copied().collect(),
            expires_at: self.now().plus(Duration::from_secs(300 * 86_400)),
        };
        let secret = self.door().issue_token(&session, &ask, self.now()).unwrap().secret.to_string();
        self.tokens.insert((person, scope), secret.clone());
        secret
    }

    /// A token of somebody's that nobody uses: its id.
    pub(crate) fn new_token(&mut self, person: PersonId) -> TokenId {
        let (_, session) = self.session(person, false);
        let ask = TokenAsk {
            name: Line::new("spare").unwrap(),
            read: ["medium".parse().unwrap()].into(),
            file: [].into(),
            rights: [].into(),
            expires_at: self.now().plus(Duration::from_secs(86_400)),
        };
        self.door().issue_token(&session, &ask, self.now()).unwrap().token
    }

    /// A draft of somebody's: its form.
    pub(crate) fn draft(&mut self, person: PersonId) -> String {
        let (form, kept_at) = ("/registers/medium/new/register".to_owned(), self.now());
        let draft = Draft { form: form.clone(), record: None, pairs: "f.code=Z9".to_owned(), kept_at };
        self.asked.house.desk.keep_draft(person, draft).unwrap();
        form
    }

    /// The session of whoever only sets factors.
    pub(crate) fn setting(&mut self) -> (String, Session) {
        let (person, place) = (self.people.setting.person, place(false));
        if let Some(cookie) = self.cookies.get(&(person, false)).cloned()
            && let Ok(Some(session)) = self.door().enrolling(&cookie, &place, self.now())
        {
            return (cookie, session);
        }
        let pass = self.door().break_glass("tsai", self.now()).unwrap();
        let new = self.door().redeem("tsai", [&pass.code, ""], &place, self.now()).unwrap();
        self.cookies.insert((person, false), new.cookie.clone());
        (new.cookie, new.session)
    }

    /// Asks as somebody.
    pub(crate) fn ask(&self, brings: &Brings, method: &Method, sent: &Sent) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(&sent.path).header("host", HOST);
        let session = brings.session.as_ref();
        let own = session.map(|(cookie, _)| format!("__Host-ward={cookie}"));
        let cookies: Vec<String> = own.into_iter().chain(sent.cookie.clone()).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(bearer) = &brings.bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let (of, body) = match (&sent.json, sent.bytes) {
            (Some(json), _) => ("application/json", json.to_string()),
            (None, Some(bytes)) => ("application/octet-stream", bytes.to_owned()),
            (None, None) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(session.map(|(_, session)| ("csrf", &session.csrf)));
                ("application/x-www-form-urlencoded", form.extend_pairs(&sent.form).finish())
            }
        };
        if let Some(key) = &sent.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(part) = sent.part {
            request = request.header("hx-request", "true").header("hx-target", part);
        }
        if *method == Method::POST {
            request = request.header("content-type", of).header("sec-fetch-site", "same-origin");
        }
        let body = if *method == Method::POST { Body::from(body) } else { Body::empty() };
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(Came {
            address: "203.0.113.7:50000".parse().unwrap(),
            certificate: brings.management.then_some(MANAGEMENT),
            secure: true,
        });
        self.asked.answer(request)
    }

    /// How many entries there are of readings and of refusals by somebody, from this one on.
    pub(crate) fn noted(&self, from: u64, person: Option<PersonId>) -> (usize, usize) {
        let desk = &self.asked.house.desk;
        // Behind what is still queued.
        assert!(desk.stopped().is_none());
        let (mut read, mut refused) = (0, 0);
        let visit = |_: u64, bytes: &[u8]| {
            let entry = Entry::parse(bytes).unwrap();
            let by = match entry.actor() {
                Actor::Person(by) => Some(by.person),
                Actor::Machine { .. } => None,
            };
            if by.is_some() && (person.is_none() || by == person) {
                read += usize::from(entry.kind() == READ);
                refused += usize::from(entry.kind() == REFUSED);
            }
        };
        desk.reader().entries(from..desk.seen().position, visit).unwrap();
        (read, refused)
    }

    /// An alarm of the operator's unit that stands.
    pub(crate) fn alarm(&mut self) -> u64 {
        self.drawn += 1;
        let address = format!("198.51.100.{}", self.drawn % 250);
        let alarm = crate::alarms::raise_of(&self.asked.house.desk, &address, self.people.unit);
        assert!(alarm > 0);
        alarm
    }

    /// Waits until heads cover what was done.
    pub(crate) fn published(&self) {
        let (reader, position) = (self.asked.house.reader(), self.asked.house.desk.seen().position);
        while reader.size().unwrap() < position {
            std::thread::yield_now();
        }
    }

    /// The entry that says that the operator has read the graded record.
    pub(crate) fn reading(&self) -> u64 {
        let (operator, graded) = (self.people.operator, self.people.graded);
        let desk = &self.asked.house.desk;
        desk.ask(Asker::Person(operator.actor()), Order::ReadRecords(vec![graded])).unwrap().entries.start
    }

    /// The first entry about a subject.
    pub(crate) fn entry_of(&self, subject: &str) -> u64 {
        let (reader, position) = (self.asked.house.desk.reader(), self.asked.house.desk.seen().position);
        let mut first = None;
        let visit = |number: u64, bytes: &[u8]| {
            let found = first.is_none() && Entry::parse(bytes).unwrap().subject() == subject;
            if found {
                first = Some(number);
            }
        };
        reader.entries(0..position, visit).unwrap();
        first.unwrap()
    }

    /// The digest of the file that the violation holds, in full and by its figures alone.
    pub(crate) fn evidence(&self) -> (String, String) {
        let case = self.asked.house.case(self.people.violation).unwrap();
        let files = &case.content.0["evidence"];
        let digest = files[0]["digest"].as_str().unwrap();
        (digest.to_owned(), digest.trim_start_matches("sha256:").to_owned())
    }

    /// Somebody who came today.
    pub(crate) fn newcomer(&mut self) -> (PersonId, String) {
        let (login, unit) = (self.fresh("n"), self.people.unit);
        (self.house().person(&login, "staff", unit).unwrap().person, login)
    }

    /// A medium in the operator's unit.
    pub(crate) fn medium(&mut self, level: &str) -> RecordId {
        let (people, code) = (self.people, self.fresh("M"));
        medium(self.house(), &people, &code, level)
    }

    /// A room that waits for its head of unit.
    pub(crate) fn proposed(&mut self) -> RecordId {
        let (people, code) = (self.people, self.fresh("R"));
        propose(self.house(), &people, &code)
    }

    /// An outlet of alarms that is set.
    pub(crate) fn outlet(&self) {
        crate::outlets::set(&self.asked.house.desk, &["duty"]);
    }

    /// A notice to the operator.
    pub(crate) fn notice(&mut self) -> u64 {
        let (medium, operator) = (self.medium("internal"), self.people.operator);
        self.house().take(operator, medium, "lose", Outcome::Done, &[]).unwrap();
        let row = self.asked.house.desk.read(|sql, _| sql.row("SELECT max(entry) FROM notice", &[]));
        u64::try_from(row.unwrap().unwrap().int(0).unwrap()).unwrap()
    }

    /// One-time codes are set up in a session, where they are not.
    pub(crate) fn codes(&mut self, session: &Session) {
        let now = self.now();
        if self.door().factors(session.person).unwrap().otp_at.is_none() {
            let offer = self.door().begin_totp(session, now).unwrap();
            let code = code_of(&offer.secret, now);
            self.door().confirm_totp(session, &offer.token, &code, now).unwrap();
            self.secrets.insert(session.person, offer.secret.to_string());
        }
    }

    /// The code of this moment of somebody who has set them up. It serves once, so that time passes.
    pub(crate) fn code(&mut self, person: PersonId) -> String {
        self.asked.house.clock.pass(Duration::from_secs(60));
        code_of(&self.secrets[&person], self.now())
    }

    /// A second passkey of whoever has a session: its id.
    pub(crate) fn passkey(&mut self, session: &Session) -> Vec<u8> {
        let (token, answer, key) = self.registration(session);
        self.door().finish_passkey(session, &token, &answer, self.now()).unwrap();
        key
    }

    /// A passkey on its way: token, the browser's answer, its id.
    pub(crate) fn registration(&mut self, session: &Session) -> (String, Json, Vec<u8>) {
        let offer = self.door().begin_passkey(session, self.now()).unwrap();
        let key = SoftAuthenticator::es256(session.person, HOST, &mut self.chance);
        let challenge = offer.options["challenge"].as_str().unwrap();
        let answer = key.registers(challenge, &Registering::right(HOST));
        (offer.token, answer, key.credential().credential.clone())
    }
}

impl People {
    fn settle(house: &mut House) -> Self {
        let top = house.unit("100", None).unwrap();
        let unit = house.unit("110", Some(top)).unwrap();
        let other = house.unit("120", Some(top)).unwrap();
        let mut person = |login, role, unit| house.person(login, role, unit).unwrap();
        let (head, it_head) = (person("lin", "unit_head", unit), person("huang", "it_head", unit));
        let (operator, staff) = (person("chen", "operator", unit), person("wang", "staff", unit));
        let (other_head, other_operator) =
            (person("kuo", "unit_head", other), person("ho", "operator", other));
        let (auditor, steward) = (person("chi", "auditor", top), person("shih", "steward", top));
        let (setting, spare) = (person("tsai", "staff", unit), person("yeh", "staff", unit));
        let network = person("kang", "network_admin", top);
        for who in [head, operator, other_head, other_operator] {
            let (person, grade) = (who.person, "restricted".parse().unwrap());
            house.identity(Command::GrantClearance { person, grade }).unwrap();
        }
        for (number, unit, management) in [(7, None, true), (8, Some(unit), false)] {
            let terminal = TerminalId::from_bytes(house.draw());
            let (name, fingerprint) = (Line::new("終端機").unwrap(), Fingerprint::from_bytes([number; 32]));
            let command = Command::RegisterTerminal { terminal, name, fingerprint, unit, management };
            house.identity(command).unwrap();
        }
        let none = RecordId::from_bytes([0; 16]);
        let mut people = Self {
            unit,
            head,
            it_head,
            operator,
            staff,
            other_head,
            other_operator,
            auditor,
            steward,
            network,
            setting,
            spare,
            room: none,
            graded: none,
            medium: none,
            violation: none,
            incident: none,
        };
        people.room = propose(house, &people, "A");
        house.take(head, people.room, "approve", Outcome::Approve, &[]).unwrap();
        people.graded = medium(house, &people, "T1", "restricted");
        people.medium = medium(house, &people, "T2", "internal");
        let evidence = house.file("走道.txt", "走道無人".as_bytes(), Keeping::Clear).unwrap();
        let fill = [
            ("what", json!("conduct")),
            ("found", json!("person")),
            ("facts", json!("機房內飲食")),
            ("gravity", json!("minor")),
            ("evidence", json!([evidence])),
        ];
        people.violation = house.open(operator, "violation", "report", &fill).unwrap();
        let fill = [
            ("kind", json!("suspected")),
            ("found_at", json!("2024-12-31T01:00:00.000000Z")),
            ("where_found", json!("公文伺服器")),
            ("facts", json!("多次失敗後登入成功")),
            ("level", json!("one")),
        ];
        people.incident = house.open(operator, "incident", "report", &fill).unwrap();
        people
    }

    /// Those who sign in.
    fn all(&self) -> [Acting; 10] {
        let Self {
            head,
            it_head,
            operator,
            staff,
            other_head,
            other_operator,
            auditor,
            steward,
            network,
            spare,
            ..
        } = *self;
        [head, it_head, operator, staff, other_head, other_operator, auditor, steward, network, spare]
    }
}

fn propose(house: &mut House, people: &People, code: &str) -> RecordId {
    let fill = [
        ("code", json!(code)),
        ("name", json!("第一機房")),
        ("place", json!("臺中市政府三樓")),
        ("custodian", json!(people.operator.person.to_string())),
        ("deputy_custodian", json!(people.it_head.person.to_string())),
        ("vault", json!(true)),
        ("round_the_clock", json!(false)),
        ("raised_floor", json!(true)),
        ("measures", json!([{ "measure": "lock", "where_it_is": "大門" }])),
    ];
    house.open(people.operator, "room", "propose", &fill).unwrap()
}

fn medium(house: &mut House, people: &People, code: &str, level: &str) -> RecordId {
    let fill = [
        ("code", json!(code)),
        ("kind", json!("tape")),
        ("content", json!(if level == "restricted" { GRADED } else { ORDINARY })),
        ("level", json!(level)),
        ("room", json!(people.room.to_string())),
        ("place", json!("甲櫃")),
    ];
    house.open(people.operator, "medium", "register", &fill).unwrap()
}

fn place(management: bool) -> Place {
    let certificate = management.then(|| Fingerprint::from_bytes(MANAGEMENT));
    Place { address: "203.0.113.7".parse().ok(), certificate, agent: None }
}
