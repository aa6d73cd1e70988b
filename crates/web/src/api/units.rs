//! Units: the tree of them, what one has, and, for tokens with the right `people`, what may be done about them.

use super::once::Once;
use super::people::{Nothing, maybe, text};
use super::read::paged;
use super::shape::{EntriesShape, MadeShape, Text};
use super::spelling::members;
use super::within::{Within, WithinUnit};
use super::{named, sent};
use crate::choose;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::people::command;
use crate::query::Query;
use crate::units::running;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use identity::{Code, Command, Names};
use model::{Told, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitShape {
    /// Its id.
    id: String,
    /// Its code.
    code: String,
    /// Its name.
    name: Text,
    /// The unit above.
    superior: Option<String>,
    /// Is it closed?
    closed: bool,
}

/// A page of units.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Units {
    /// How many there are in all.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// How many a page holds.
    size: u64,
    /// The units, each before those below it.
    units: Vec<UnitShape>,
}

/// A unit with its people and what it has open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitWhole {
    /// As in a list.
    #[serde(flatten)]
    unit: UnitShape,
    /// When it was closed.
    closed_at: Option<String>,
    /// The units directly below.
    below: Vec<String>,
    /// Its people.
    people: Vec<String>,
    /// Registers in which it, or one below it, has records running, as far as the token reads them.
    running: Vec<RunningRecords>,
}

/// How many records of a register run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunningRecords {
    /// The register.
    register: String,
    /// How many.
    records: u64,
}

/// What is to be known of a unit.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitAsk {
    /// Its name in Traditional Chinese.
    zh: String,
    /// Its name in English.
    en: String,
    /// Its code, as it stands in numbers of records.
    code: String,
    /// The unit directly above.
    #[serde(default)]
    #[schema(pattern = "^u_[a-z2-7]{25}[aeimquy4]$")]
    superior: Option<String>,
}

/// Something to be done about a unit.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum UnitAct {
    /// What is known of it is to be this.
    Change(#[serde(deserialize_with = "members")] Box<UnitAsk>),
    /// It is closed.
    Close(#[serde(deserialize_with = "members")] Nothing),
}

/// Units, each before those below it.
#[utoipa::path(get, path = "/api/v1/units", tag = "people",
    params(WithinUnit,
        ("q" = Option<String>, Query, description = "words of a name, or the beginning of a code: of units that are open"),
        ("page" = Option<String>, Query, description = "from 1"),
        ("size" = Option<String>, Query, description = "25, 50, 100 or 200")),
    responses((status = 200, body = Units)))]
pub(super) async fn units(Within(cx): Within, query: Query) -> PageResult {
    cx.run(move |cx| {
        let units = cx.look(|look| {
            let state = look.roster.state;
            let mut found: Vec<UnitId> = match query.one("q") {
                Some(words) => choose::units(look, words, usize::MAX),
                None => state.units().map(|unit| unit.id).collect(),
            };
            if let Some(top) = cx.focus() {
                let within: Vec<UnitId> = state.subtree(top).collect();
                found.retain(|unit| within.contains(unit));
            }
            let (total, page, size, some) = paged(&query, &found);
            let shape = |unit: &UnitId| state.unit(*unit).map(UnitShape::of);
            Ok(Units { total, page, size, units: some.iter().filter_map(shape).collect() })
        })?;
        given::json(StatusCode::OK, &units)
    })
    .await
}

/// A unit.
#[utoipa::path(get, path = "/api/v1/units/{unit}", tag = "people",
    params(("unit" = String, Path, description = "its id")),
    responses((status = 200, body = UnitWhole)))]
pub(super) async fn unit(cx: Cx, Path(unit): Path<String>) -> PageResult {
    let unit: UnitId = named(&unit)?;
    cx.run(move |cx| {
        let whole = cx.look(|look| UnitWhole::of(look, unit))?;
        given::json(StatusCode::OK, &whole)
    })
    .await
}

/// Creates a unit below another.
#[utoipa::path(post, path = "/api/v1/units", tag = "people",
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = UnitAsk, responses((status = 201, body = MadeShape)))]
pub(super) async fn create_unit(cx: Cx, headers: HeaderMap, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        once.or(cx, StatusCode::CREATED, || {
            let (names, code, superior) = sent::<UnitAsk>(&body)?.parts()?;
            let unit = UnitId::from_bytes(once.id("unit"));
            if cx.seen().roster.unit(unit).is_none() {
                command(cx, &Command::CreateUnit { unit, names, code, superior })?;
            }
            MadeShape::text(unit)
        })
    })
    .await
}

/// Does one thing about a unit.
#[utoipa::path(post, path = "/api/v1/units/{unit}/acts", tag = "people",
    params(("unit" = String, Path, description = "its id"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = UnitAct, responses((status = 200, body = EntriesShape)))]
pub(super) async fn act_on_unit(
    cx: Cx,
    Path(unit): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let unit: UnitId = named(&unit)?;
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        cx.seen().roster.unit(unit).ok_or(PageError::NotFound)?;
        once.or(cx, StatusCode::OK, || {
            let order = match sent(&body)? {
                UnitAct::Change(ask) => {
                    let (names, code, superior) = ask.parts()?;
                    Command::ChangeUnit { unit, names, code, superior }
                }
                UnitAct::Close(Nothing {}) => Command::CloseUnit { unit },
            };
            EntriesShape::text(&command(cx, &order)?)
        })
    })
    .await
}

impl UnitShape {
    fn of(unit: &identity::Unit) -> Self {
        Self {
            id: unit.id.to_string(),
            code: unit.code.as_str().to_owned(),
            name: Told::new(unit.names.zh.as_str(), unit.names.en.as_str()).into(),
            superior: unit.superior.map(|unit| unit.to_string()),
            closed: unit.closed_at.is_some(),
        }
    }
}

impl UnitWhole {
    fn of(look: &Look<'_>, id: UnitId) -> Result<Self, PageError> {
        let (state, scope) = (look.roster.state, look.cx.scope()?);
        let unit = state.unit(id).ok_or(PageError::NotFound)?;
        let within = running(look, id)?.into_iter().filter(|(register, _)| scope.reads(register));
        let below = state.units().filter(|one| one.superior == Some(id));
        Ok(Self {
            unit: UnitShape::of(unit),
            closed_at: unit.closed_at.map(|at| at.to_string()),
            below: below.map(|one| one.id.to_string()).collect(),
            people: state.members(id).map(|one| one.id.to_string()).collect(),
            running: within
                .map(|(register, records)| RunningRecords { register: register.to_string(), records })
                .collect(),
        })
    }
}

impl UnitAsk {
    fn parts(&self) -> Result<(Names, Code, Option<UnitId>), PageError> {
        let names = Names::new(&self.zh, &self.en).map_err(text)?;
        Ok((names, Code::new(&self.code).map_err(text)?, maybe("superior", self.superior.as_deref())?))
    }
}
