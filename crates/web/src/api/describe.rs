//! The API's description, made from its handlers; `crates/web/openapi.json` is what it gives.
//!
//! Handlers name what they give; how requests are refused, and how parameters are spelled, is said here for all of them.

use super::shape::Problem;
use super::{
    ROUTES, act, alarms, audit, batch, clauses, lines, own, people, read, responses, sources, story,
    terminals, units, warnings,
};
use crate::error::{PageError, PageResult};
use crate::given;
use crate::route::Verb;
use axum::http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Required, Schema, Type};

#[derive(OpenApi)]
#[openapi(
    info(title = "Ward 城防", description = "What pages do, for applications. Each request carries a token of the application; what its owner may not see, and what lies outside its scope, is not there."),
    security(("token" = [])),
    modifiers(&Token, &Fields, &Spelling, &Refusals, &Heads),
    components(schemas(Problem)),
    paths(
        act::file, act::open, act::read_notice, act::state_opening, act::state_step, act::take,
        alarms::acknowledge, alarms::alarm, alarms::alarms, alarms::settle, responses::responses,
        audit::entries, audit::entry, audit::ledger, audit::of_record, audit::policy, audit::proof, audit::verify,
        batch::sign, batch::state,
        clauses::board, clauses::clause,
        lines::bundle, lines::hand_in, lines::line, lines::lines, lines::query, sources::month, sources::sources,
        own::account, own::drafts, own::end_session, own::end_sessions, own::forget, own::revoke, own::sessions,
        own::tokens, own::work,
        people::act_on_person, people::end_of_person, people::people, people::person, people::register, people::revoke_of_person,
        read::export, read::file, read::notices, read::offers, read::pack, read::paper, read::record, read::records,
        read::register, read::registers, read::search,
        story::files, story::history, story::linked, story::signatures,
        terminals::register_terminal, terminals::remove_terminal, terminals::terminals,
        units::act_on_unit, units::create_unit, units::unit, units::units,
        warnings::hear,
    )
)]
struct Described;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Filters of fields, which are named after them: together they are an object whose members come one by one.
struct Fields;

impl utoipa::Modify for Fields {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, verb, operation) in operations(openapi) {
            let list = path.ends_with("{register}/records") || path.ends_with("{register}/export");
            if verb == Verb::Get && list {
                operation.parameters.get_or_insert_default().push(RefOr::T(of_fields()));
            }
        }
    }
}

fn of_fields() -> Parameter {
    let members = ObjectBuilder::new()
        .property_names(Some(text("^f[.][a-z][a-z0-9_]{0,39}([.](min|max))?$")))
        .additional_properties(Some(text(SAYS)))
        .build();
    ParameterBuilder::new()
        .name("fields")
        .parameter_in(ParameterIn::Query)
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .description(Some(
            "`f.<field>`: a word of a choice, words, or with `.min` and `.max` a day or a number; of people, units and records words of their names",
        ))
        .schema(Some(members))
        .build()
}

fn text(pattern: &str) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build().into()
}

/// How parameters are spelled, by name, or by path and name. What is spelled otherwise names nothing, or does not read.
const SPELLED: [(&str, &str); 47] = [
    ("/api/v1/alarms state", "^(open|acknowledged|resolved)$"),
    ("/api/v1/clauses state", "^(not-met|not-computed|stale|nobody|figure|met|exempt)$"),
    ("Idempotency-Key", "^[!-~]{8,128}$"),
    ("about", SAYS),
    ("address", SAYS),
    ("alarm", ENTRY),
    ("article", NUMBER),
    ("before", ENTRY),
    ("by", SAYS),
    ("clause", "^[1-9][0-9]*([.][1-9][0-9]*)*$"),
    ("closed.max", DAY),
    ("closed.min", DAY),
    ("columns", WORD),
    ("device", SAYS),
    ("digest", "^sha256:[0-9a-f]{64}$"),
    ("entry", ENTRY),
    ("format", "^(csv|ods|xlsx)$"),
    ("from", MOMENT),
    ("kind", "^[a-z][a-z0-9.-]{0,63}$"),
    ("left", "^1$"),
    ("month", "^20[0-9]{2}-(0[1-9]|1[0-2])$"),
    ("name", SAYS),
    ("number", ENTRY),
    ("on", DAY),
    ("opened.max", DAY),
    ("opened.min", DAY),
    ("page", "^[1-9][0-9]{0,5}$"),
    ("person", "^p_[a-z2-7]{25}[aeimquy4]$"),
    ("q", SAYS),
    ("receiver", "^[a-z][a-z0-9-]{0,63}$"),
    ("record", "^r_[a-z2-7]{25}[aeimquy4]$"),
    ("register", WORD),
    ("role", WORD),
    ("running", "^1$"),
    ("sealed", "^(true|false)$"),
    ("session", "^s_[a-z2-7]{25}[aeimquy4]$"),
    ("severity", "^(informational|low|medium|high|critical)$"),
    ("size", "^(25|50|100|200)$"),
    ("sort", "^-?[a-z][a-z0-9_]{0,39}$"),
    ("state", "^[a-z][a-z0-9_-]{0,39}$"),
    ("statement", SAYS),
    ("step", WORD),
    ("terminal", "^t_[a-z2-7]{25}[aeimquy4]$"),
    ("token", "^a_[a-z2-7]{25}[aeimquy4]$"),
    ("unit", "^u_[a-z2-7]{25}[aeimquy4]$"),
    ("until", MOMENT),
    ("user", SAYS),
];
/// A day.
const DAY: &str = "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
/// A moment.
const MOMENT: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$";
/// The number of an entry, or of a line.
const ENTRY: &str = "^(0|[1-9][0-9]{0,17})$";
/// A number from 1.
const NUMBER: &str = "^[1-9][0-9]{0,8}$";
/// Anything but blanks.
const SAYS: &str = r"\S";
/// An id of the regulation.
const WORD: &str = "^[a-z][a-z0-9_]{0,39}$";

struct Spelling;

impl utoipa::Modify for Spelling {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, _, operation) in operations(openapi) {
            for parameter in operation.parameters.iter_mut().flatten() {
                let RefOr::T(parameter) = parameter else { continue };
                let here = format!("{path} {}", parameter.name);
                let spelled = SPELLED.iter().find(|(name, _)| *name == here || *name == parameter.name);
                if let (Some((_, pattern)), Some(RefOr::T(schema))) = (spelled, &mut parameter.schema) {
                    spell(schema, pattern);
                }
            }
        }
        // Of a body of bytes there may be none: an empty file.
        for (_, _, operation) in operations(openapi) {
            let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
            if body.content.contains_key("application/octet-stream") {
                body.required = Some(Required::False);
            }
        }
        // Each of several ways names one member and has no other.
        let schemas = openapi.components.iter_mut().flat_map(|all| all.schemas.values_mut());
        for ways in schemas {
            let RefOr::T(Schema::OneOf(ways)) = ways else { continue };
            for way in &mut ways.items {
                if let RefOr::T(Schema::Object(way)) = way {
                    way.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
                }
            }
        }
    }
}

/// Puts a pattern to a text, or to each of several.
fn spell(schema: &mut Schema, pattern: &str) {
    match schema {
        Schema::Object(text) if text.pattern.is_none() => text.pattern = Some(pattern.to_owned()),
        Schema::Array(of) => {
            if let ArrayItems::RefOrSchema(items) = &mut of.items
                && let RefOr::T(items) = &mut **items
            {
                spell(items, pattern);
            }
        }
        _ => {}
    }
}

/// What decides how a request can be refused.
struct Asked<'o> {
    path: &'o str,
    posts: bool,
    /// Its parameters.
    parameters: Vec<&'o str>,
}

impl Asked<'_> {
    fn has(&self, parameter: &str) -> bool {
        self.parameters.contains(&parameter)
    }
}

/// How requests are refused: with which status, when, and which of them can be.
type Refused = (&'static str, &'static str, fn(&Asked<'_>) -> bool);

const REFUSALS: [Refused; 11] = [
    ("400", "It does not read as described.", |_| true),
    ("401", "No token that counts.", |_| true),
    ("403", "Not the owner's to do, and why; or it comes from a page of another site.", |asked| asked.posts),
    ("404", "Not there, not for the token's owner, or outside the scope.", |asked| {
        asked.path.contains('{') || asked.has("unit") || by_right(asked.path)
    }),
    ("408", "What was sent did not come in time.", |asked| asked.posts),
    ("409", "It is no longer as it was seen.", |asked| {
        asked.path.contains("{step}") || asked.path.ends_with("/bundle")
    }),
    ("410", "It has gone, by an approved case: which.", |asked| {
        asked.path.ends_with("/lines/{receiver}/{number}")
    }),
    ("413", "More than may be sent at once.", |asked| asked.posts),
    ("422", "Not accepted: why, and what to do.", |asked| {
        asked.posts
            || asked.has("on")
            || asked.has("address")
            || asked.has("statement")
            || asked.path.ends_with("/paper")
    }),
    ("429", "Too many requests.", |_| true),
    ("503", "Not now; nothing was done.", |_| true),
];

/// Is it there only for tokens with a right, or with a register to file in?
fn by_right(path: &str) -> bool {
    path == "/api/v1/files" || ROUTES.iter().any(|route| route.path == path && route.right.is_some())
}

struct Refusals;

impl utoipa::Modify for Refusals {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, verb, operation) in operations(openapi) {
            let of = operation.parameters.iter().flatten();
            let parameters = of.filter_map(|of| match of {
                RefOr::T(parameter) => Some(parameter.name.as_str()),
                RefOr::Ref(_) => None,
            });
            let parameters = parameters.collect();
            let asked = Asked { path, posts: verb == Verb::Post, parameters };
            let fit = REFUSALS.iter().filter(|(.., of)| of(&asked));
            let problems =
                fit.map(|(status, when, _)| ((*status).to_owned(), RefOr::T(problem(status, when))));
            operation.responses.responses.extend(problems);
        }
    }
}

fn problem(status: &str, when: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(when).content("application/problem+json", content);
    match status {
        "429" => response.header("Retry-After", spelled("^[1-9][0-9]*$", "In so many seconds again.")),
        _ => response,
    }
    .build()
}

/// What stands in the head of answers.
struct Heads;

impl utoipa::Modify for Heads {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, _, operation) in operations(openapi) {
            let keyed = operation.parameters.iter().flatten();
            let keyed = keyed.filter(|of| matches!(of, RefOr::T(of) if of.name == "Idempotency-Key")).count();
            // What is only to be signed is not done.
            let files = keyed > 0 && !path.ends_with("/statements");
            for (status, response) in &mut operation.responses.responses {
                let RefOr::T(response) = response else { continue };
                let mut head =
                    |name: &str, header| response.headers.insert(name.to_owned(), RefOr::T(header));
                head("X-Request-Id", spelled("^[a-z2-7]{16}$", "Names the request in reports."));
                if files && status.starts_with('2') {
                    let told = "There where the answer is that of the first time.";
                    head("Idempotency-Replayed", spelled("^true$", told));
                }
                if path.ends_with("/records") && status == "201" {
                    head("Location", spelled("^/api/v1/records/r_[a-z2-7]{26}$", "Where the record is."));
                }
            }
        }
    }
}

fn spelled(pattern: &str, told: &str) -> Header {
    let mut header = Header::new(text(pattern));
    header.description = Some(told.to_owned());
    header
}

fn operations(openapi: &mut utoipa::openapi::OpenApi) -> impl Iterator<Item = (&str, Verb, &mut Operation)> {
    openapi.paths.paths.iter_mut().flat_map(|(path, item)| {
        let both = [(Verb::Get, item.get.as_mut()), (Verb::Post, item.post.as_mut())];
        both.into_iter().filter_map(move |(verb, of)| of.map(|of| (path.as_str(), verb, of)))
    })
}

/// The description.
pub(super) fn described() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// The description, as it is committed.
///
/// # Errors
/// Never in fact: it holds texts only.
pub fn openapi() -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(described())?;
    value.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&value)?;
    text.push('\n');
    Ok(text)
}

pub(super) async fn served() -> PageResult {
    let text = openapi().map_err(PageError::failed)?;
    Ok(given::written(StatusCode::OK, text))
}
