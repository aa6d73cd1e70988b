//! Identity: who is there, where they belong, what they hold, who stands in for them, and what policies permit.
//!
//! Owns: units (a tree), people, roles held, deputies, clearance, public keys of authenticators, terminals; [`decide()`]
//! and [`State::apply`] for them; bodies of what happens at the door; the pack's policies, written in Cedar.
//! Invariants: nobody holds two roles that exclude each other, at any time, in any units; no role has more holders
//! than it may; the units are a tree; who has left holds nothing; nothing about people and units is done that no
//! policy permits, save at the console and on oneself.
//! Never: does I/O, reads the time, draws randomness; holds a password, a session or any secret; checks a
//! signature; decides what a flow asks (`casework` does).
//! Source: `docs/pack.md`, "Roles", "Grades", "Policies"; `docs/format.md` §7; regulation 24.1.

mod text;

mod person;
mod terminal;
mod unit;

mod event;

mod apply;
mod command;
mod refusal;
mod state;

mod roster;

mod policy;

mod door;

mod decide;

pub use apply::ApplyError;
pub use command::{By, Command, Permitted};
pub use decide::decide;
pub use door::{Denied, Door, DoorBody, Ended, Factor, Recovery, Right};
pub use event::{Body, Event, ReadError, Subject, read_body};
pub use person::{Authenticator, Details, Holding, Person, Side, Standing};
pub use policy::{
    Act, Action, Ask, Beside, On, PersonFacts, Policies, PolicySection, RecordFacts, Resource, Verdict,
    schema,
};
pub use refusal::Refusal;
pub use roster::Roster;
pub use state::{Parts, State};
pub use terminal::{Fingerprint, FingerprintError, LOCAL_CONSOLE, Terminal};
pub use text::{Code, Line, Login, Mail, Names, Phone, TextError};
pub use unit::Unit;
