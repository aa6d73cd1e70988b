//! Pages: what people see and do in a browser.
//!
//! Owns: routes as tables, the layers every request passes, the shell and the shared components, pages of the engines
//! that exist; styles, scripts and icons, built in.
//! Invariants: no page shows what its reader may not see, nor says that it is there; nothing is written by a GET;
//! every change goes through the desk; every page reads, and every form files, without JavaScript; nothing is loaded
//! from elsewhere, no script or style stands in a page.
//! Never: holds a business rule. It parses, asks desk and store, renders.
//! Source: `docs/adr/0014-web.md`.

mod incidents;
mod language;
mod query;
mod roc;

mod came;
mod machine;
mod session;
mod site;

mod asset;
mod route;

mod error;
mod limit;
mod pace;
mod turn;
mod visit;
mod warnings;

mod layer;

mod cx;
mod look;

mod acting;
mod reading;

mod names;
mod reach;

pub mod component;
mod picture;
mod shell;

pub mod form;
mod given;

mod about;
mod alarms;
mod api;
mod audit;
mod choose;
mod clauses;
mod duties;
mod enter;
mod live;
mod manual;
mod moving;
mod network;
mod notices;
mod outlets;
mod papers;
mod people;
mod registers;
mod responses;
mod rooms;
mod search;
mod settings;
mod sources;
mod start;
mod terminals;
mod tour;
mod trace;
mod units;
mod views;

mod filing;
mod records;
mod signing;
mod work;

mod router;

pub use alarms::{RulesAtWork, Watching};
pub use api::{Applications, Scope, openapi};
pub use asset::{Icon, path as asset_path, wire_bytes};
pub use audit::{Oversight, Verify};
pub use came::{Came, is_loopback, without_port};
pub use choose::{people, records, units};
pub use cx::Cx;
pub use error::{PageError, PageResult};
pub use language::Language;
pub use limit::{Limits, Rate};
pub use look::Look;
pub use machine::{Finding, Host, Machine, Root, State};
pub use names::{Checked, Named, Shown, Ticked, clause_path, record_path, register_path, size};
pub use outlets::{OutletStanding, OutletTrouble, Outlets};
pub use pace::Pace;
pub use paper::Printer;
pub use papers::form_of;
pub use query::Query;
pub use responses::{EnforcerHeard, Enforcers};
pub use roc::{date, field_moment, moment, read_date, read_moment, span};
pub use rooms::{Bounds, Readings};
pub use route::{Access, Audit, Listed as RouteListed, Verb, routes};
pub use router::{router, router_with};
pub use session::{Codes, Factor, Place, Session, Sessions};
pub use shell::{Area, Link, Section, Shell, UnitChoice, Watch};
pub use site::{Config, Parts, Report, Site};
pub use sources::{
    Heard, LinesCase, LinesCaseKind, ReceiverHeard, Reckoned, Senders, SourceHeard, SourceName, Standing,
    UnknownSender,
};
pub use tour::{NotEntered, Part, SampleCity, Step};
pub use trace::{
    Answer, HandedIn, Lines, Unanswered, addresses, bundle as lines_bundle, told_of_gone, unsent,
};
pub use visit::{RequestId, Theme, Visit, session_cookie};
pub use warnings::{NotHeard, WarningHeard, Warnings, is_alarm_of};
