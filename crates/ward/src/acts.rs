//! Acts at the console: one typed request for each, and how it is answered.
//!
//! Owns: what tools may ask of an installation, in the form in which it goes over the socket; what units and people are
//! called at the console; the codes with which an act ends.
//! Invariants: a request is checked like any input, and an unknown member is refused; a tool beside a running server and
//! one that has opened the folder itself get the same answers from the same code.
//! Does not: decide (the desk does), print.

pub(crate) mod flows;
pub(crate) mod move_in;
pub(crate) mod named;
pub(crate) mod outlet;
pub(crate) mod person;
pub(crate) mod publish;
pub(crate) mod query;
pub(crate) mod signin;
pub(crate) mod terminal;
pub(crate) mod trace;
pub(crate) mod unit;

use crate::command::append::Line;
use crate::installation::Working;
use crate::office::{Office, Recovery};
use crate::socket;
use crate::told::Refused;
use desk::{Asker, Order};
use ledger::entropy::{Entropy as _, MachineEntropy};
use model::Told;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a tool may ask.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Append these, all or none.
    Append(Vec<Line>),
    /// Read datagrams of flows again.
    FlowsDecode(flows::Decode),
    /// Move a table in.
    MoveIn(move_in::MoveIn),
    /// Which outlets there are.
    OutletList(outlet::List),
    /// Send a test by one.
    OutletTest(outlet::Test),
    /// Appoint a deputy.
    PersonAppoint(person::Appoint),
    /// Register a person.
    PersonAdd(person::Add),
    /// Change what is known of a person.
    PersonChange(person::Change),
    /// End a role.
    PersonEnd(person::End),
    /// Grant a role.
    PersonGrant(person::Grant),
    /// A person leaves.
    PersonLeave(person::Leave),
    /// Which factors somebody has.
    PersonFactors(signin::Factors),
    /// Who there is.
    PersonList(person::List),
    /// Have factors set anew.
    PersonRecover(signin::Recover),
    /// Open an account again.
    PersonUnlock(signin::Unlock),
    /// Publish a version of a pack.
    Publish(publish::Publish),
    /// Ask lines in SQL.
    Query(query::Query),
    /// Register a terminal.
    TerminalAdd(terminal::Add),
    /// Which terminals there are.
    TerminalList(terminal::List),
    /// Remove a terminal.
    TerminalRemove(terminal::Remove),
    /// What somebody or something did.
    Trace(trace::Trace),
    /// Create a unit.
    UnitAdd(unit::Add),
    /// Change a unit.
    UnitChange(unit::Change),
    /// Close a unit.
    UnitClose(unit::Close),
    /// Which units there are.
    UnitList(unit::List),
}

/// What it is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Answer {
    /// Numbers of the entries: first, and one past the last.
    Appended(u64, u64),
    /// Flows that were read again.
    Decoded(flows::Decoded),
    /// It is done.
    Done(Done),
    /// The factors of a person.
    Factors(signin::Row),
    /// What came of a table.
    MovedIn(move_in::MovedIn),
    /// Outlets.
    Outlets(Vec<outlet::Row>),
    /// What is to be handed over.
    Pass(signin::Pass),
    /// People.
    People(Vec<person::Row>),
    /// The pack has problems.
    Problems(Vec<publish::ProblemRow>),
    /// Refused or failed.
    Refused(Refusal),
    /// Rows of an answer.
    Rows(query::Rows),
    /// Terminals.
    Terminals(Vec<terminal::Row>),
    /// Lines.
    Traced(trace::Found),
    /// How a test went.
    Tried(outlet::Tried),
    /// Units.
    Units(Vec<unit::Row>),
}

/// What was done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    /// The first of its entries.
    pub(crate) first: u64,
    /// One past the last.
    pub(crate) end: u64,
    /// What it was done to: a unit, a person, a pack.
    pub(crate) subject: String,
}

/// Why it was not done, with the exit code of `told`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    zh: String,
    en: String,
    code: u8,
}

impl Refusal {
    /// By the rules.
    pub(crate) fn by_rule(told: Told) -> Self {
        Self { zh: told.zh, en: told.en, code: 1 }
    }

    /// What was asked is not sense, or not possible as things are.
    pub(crate) fn misuse(told: Told) -> Self {
        Self { zh: told.zh, en: told.en, code: 2 }
    }

    /// As the desk says.
    pub(crate) fn of(refused: &desk::Refused) -> Self {
        use desk::Refused as R;
        use identity::Refusal as I;
        match refused {
            R::Identity(I::NoGrade(_) | I::NoPerson(_) | I::NoRole(_) | I::NoTerminal(_) | I::NoUnit(_)) => {
                Self::misuse(refused.told())
            }
            R::Append(_) | R::NoPack | R::Stopped(_) | R::Store(_) | R::TooLarge { .. } | R::Failed(_) => {
                Self::misuse(refused.told())
            }
            _ => Self::by_rule(refused.told()),
        }
    }
}

impl Answer {
    /// The error in an answer that is not what was asked for.
    pub(crate) fn unexpected(self) -> anyhow::Error {
        match self {
            Self::Refused(Refusal { zh, en, code }) => {
                Refused::with_code(Told::new(zh, en), code.clamp(1, 2))
            }
            _ => Refused::say(
                "執行中的程序答非所問，可能是不同版本；請以同一版本重新啟動。",
                "The running process answers something else; it may be of another version. Start it again with this one.",
            ),
        }
    }
}

/// Answers a request.
pub(crate) fn answer(office: &Office, request: Request) -> Answer {
    let answered = match request {
        Request::Append(lines) => {
            let range = office.holder().append(&lines);
            range.map(|(first, end)| Answer::Appended(first, end)).map_err(Refusal::by_rule)
        }
        Request::FlowsDecode(asked) => flows::decode(office, &asked).map(Answer::Decoded),
        Request::MoveIn(asked) => move_in::move_in(office, asked).map(Answer::MovedIn),
        Request::OutletList(list) => outlet::list(office, &list).map(Answer::Outlets),
        Request::OutletTest(test) => outlet::test(office, &test).map(Answer::Tried),
        Request::PersonAdd(add) => person::add(office, &add).map(Answer::Done),
        Request::PersonAppoint(appoint) => person::appoint(office, &appoint).map(Answer::Done),
        Request::PersonChange(change) => person::change(office, &change).map(Answer::Done),
        Request::PersonEnd(end) => person::end(office, &end).map(Answer::Done),
        Request::PersonGrant(grant) => person::grant(office, &grant).map(Answer::Done),
        Request::PersonLeave(leave) => person::leave(office, &leave).map(Answer::Done),
        Request::PersonFactors(factors) => signin::factors(office, &factors).map(Answer::Factors),
        Request::PersonRecover(recover) => signin::recover(office, &recover).map(Answer::Pass),
        Request::PersonUnlock(unlock) => signin::unlock(office, &unlock).map(Answer::Done),
        Request::PersonList(list) => person::list(office, &list).map(Answer::People),
        Request::Publish(publish) => publish::publish(office, publish),
        Request::Query(asked) => query::query(office, &asked).map(Answer::Rows),
        Request::TerminalAdd(add) => terminal::add(office, &add).map(Answer::Done),
        Request::TerminalList(terminal::List {}) => Ok(Answer::Terminals(terminal::list(office))),
        Request::TerminalRemove(remove) => terminal::remove(office, &remove).map(Answer::Done),
        Request::Trace(wanted) => trace::trace(office, &wanted).map(Answer::Traced),
        Request::UnitAdd(add) => unit::add(office, &add).map(Answer::Done),
        Request::UnitChange(change) => unit::change(office, &change).map(Answer::Done),
        Request::UnitClose(close) => unit::close(office, &close).map(Answer::Done),
        Request::UnitList(unit::List {}) => Ok(Answer::Units(unit::list(office))),
    };
    answered.unwrap_or_else(Answer::Refused)
}

/// Asks the desk as whoever sits at the machine.
fn ask(office: &Office, command: identity::Command, subject: String) -> Result<Done, Refusal> {
    let done = office.desk.ask(Asker::Console, Order::Identity(command));
    let entries = done.map_err(|refused| Refusal::of(&refused))?.entries;
    Ok(Done { first: entries.start, end: entries.end, subject })
}

/// 16 bytes nobody else has.
fn draw() -> Result<[u8; 16], Refusal> {
    let mut bytes = [0; 16];
    MachineEntropy.fill(&mut bytes).map_err(|error| Refusal::misuse(error.told()))?;
    Ok(bytes)
}

/// Where acts are done: in an office opened here, or by the process that has the folder open.
pub(crate) enum Counter {
    Here(Box<Office>),
    There(PathBuf),
}

impl Counter {
    /// Opens the folder, or finds that another process has.
    pub(crate) fn open(working: &Working) -> anyhow::Result<Self> {
        Ok(match Office::open(working, Recovery::Silent)? {
            Some(office) => Self::Here(Box::new(office)),
            None => Self::There(working.folder().to_owned()),
        })
    }

    /// Asks. What is refused is an error.
    pub(crate) fn ask(&self, request: Request) -> anyhow::Result<Answer> {
        let answer = match self {
            Self::Here(office) => answer(office, request),
            Self::There(data) => socket::ask(data, &request)?,
        };
        match answer {
            Answer::Refused(_) => Err(answer.unexpected()),
            answer => Ok(answer),
        }
    }

    /// Closes what was opened here.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Here(office) => office.close(),
            Self::There(_) => Ok(()),
        }
    }
}

/// Asks one thing. What was opened for it is closed again, whatever the answer.
pub(crate) fn ask_once(working: &Working, request: Request) -> anyhow::Result<Answer> {
    let counter = Counter::open(working)?;
    let answer = counter.ask(request);
    let closed = counter.close();
    let answer = answer?;
    closed.map(|()| answer)
}
