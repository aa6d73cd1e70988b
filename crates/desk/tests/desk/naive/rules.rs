//! The two invented regulations, written down a second time by hand.

use super::Seen;
use model::{Evidence, PersonId, RecordId, UnitId};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A regulation.
pub(crate) struct Rules {
    asks: fn(&str, &str) -> Option<Ask>,
    /// Fields that an approval binds, filled in or not.
    bound: fn(&str) -> &'static [&'static str],
    /// Steps that only an approval leads to.
    after_approval: &'static [(&'static str, &'static str)],
    pub(super) uniques: &'static [Unique],
    /// States of records that prove a duty and came to nothing.
    nothing: &'static [&'static str],
}

/// Values of which each may be there once.
pub(crate) struct Unique {
    pub(super) register: &'static str,
    pub(super) fields: &'static [&'static str],
    pub(super) states: &'static [&'static str],
}

/// What a step asks.
pub(crate) struct Ask {
    pub(super) by: Vec<By>,
    pub(super) need: usize,
    pub(super) two: bool,
    pub(super) least: Evidence,
    pub(super) system: bool,
    /// Seats, and how many of them must sign.
    pub(super) seats: Option<usize>,
    never: Option<By>,
    pub(super) short: Vec<By>,
}

/// Who may.
#[derive(Clone, Copy)]
pub(crate) enum By {
    /// Holders of a role in the record's unit.
    Role(&'static str),
    /// Holders of a role anywhere.
    Anywhere(&'static str),
    /// Who opened it.
    Opener,
    /// The person, or people, in a field.
    Field(&'static str),
    /// The person in a field of the record a field refers to.
    Through(&'static str, &'static str),
    /// Holders of a role in the record's unit, where a field says yes.
    RoleIf(&'static str, &'static str),
}

/// Who signed, as far as the rules ask.
pub(crate) struct Signer<'s> {
    /// The person, or the one stood in for.
    pub(super) holder: PersonId,
    pub(super) role: &'s str,
    pub(super) unit: UnitId,
}

/// A seat of those who check together.
pub(crate) enum Seat {
    Person(PersonId),
    Role(&'static str, Option<UnitId>),
}

impl Seat {
    pub(super) fn takes(&self, signer: &Signer<'_>) -> bool {
        match self {
            Self::Person(person) => *person == signer.holder,
            Self::Role(role, unit) => *role == signer.role && *unit == Some(signer.unit),
        }
    }
}

impl Rules {
    pub(super) fn ask(&self, register: &str, step: &str) -> Ask {
        (self.asks)(register, step).unwrap_or_else(|| panic!("no rule is written down for {register}.{step}"))
    }

    pub(super) fn bound(&self, register: &str) -> &'static [&'static str] {
        (self.bound)(register)
    }

    pub(super) fn after_approval(&self, register: &str, step: &str) -> bool {
        self.after_approval.contains(&(register, step))
    }

    pub(super) fn came_to_nothing(&self, seen: &Seen) -> bool {
        self.nothing.contains(&seen.state.as_str())
    }

    pub(super) fn fits(
        &self,
        by: &By,
        seen: &Seen,
        records: &BTreeMap<RecordId, Seen>,
        signer: &Signer<'_>,
    ) -> bool {
        match by {
            By::Anywhere(role) => *role == signer.role,
            by => self.seats(by, seen, records).iter().any(|seat| seat.takes(signer)),
        }
    }

    /// The seats a line of the rules gives.
    pub(super) fn seats(&self, by: &By, seen: &Seen, records: &BTreeMap<RecordId, Seen>) -> Vec<Seat> {
        let yes = |field: &str| seen.content.get(field) == Some(&Json::Bool(true));
        match by {
            By::Role(role) => vec![Seat::Role(role, seen.unit)],
            By::RoleIf(role, field) if yes(field) => vec![Seat::Role(role, seen.unit)],
            By::RoleIf(..) | By::Anywhere(_) => vec![],
            by => people(by, seen, records).into_iter().map(Seat::Person).collect(),
        }
    }

    /// People who may not.
    pub(super) fn never(&self, ask: &Ask, seen: &Seen, records: &BTreeMap<RecordId, Seen>) -> Vec<PersonId> {
        ask.never.iter().flat_map(|by| people(by, seen, records)).collect()
    }
}

fn people(by: &By, seen: &Seen, records: &BTreeMap<RecordId, Seen>) -> Vec<PersonId> {
    match by {
        By::Opener => seen.opener.iter().take(1).copied().collect(),
        By::Field(field) => ids(seen.content.get(*field)),
        By::Through(field, of) => {
            let record = seen.content.get(*field).and_then(Json::as_str).and_then(|text| text.parse().ok());
            let other = record.and_then(|record: RecordId| records.get(&record));
            other.map(|other| ids(other.content.get(*of))).unwrap_or_default()
        }
        By::Role(_) | By::RoleIf(..) | By::Anywhere(_) => vec![],
    }
}

fn ids(json: Option<&Json>) -> Vec<PersonId> {
    match json {
        Some(Json::Array(list)) => list.iter().flat_map(|one| ids(Some(one))).collect(),
        Some(json) => json.as_str().and_then(|text| text.parse().ok()).into_iter().collect(),
        None => vec![],
    }
}

fn one(by: &[By]) -> Ask {
    Ask {
        by: by.to_vec(),
        need: 1,
        two: false,
        least: Evidence::None,
        system: false,
        seats: None,
        never: None,
        short: vec![],
    }
}

fn system() -> Ask {
    Ask { system: true, ..one(&[]) }
}

fn two(by: &[By]) -> Ask {
    Ask { need: 2, two: true, least: Evidence::Passkey, ..one(by) }
}

/// The tiny pack: keys of an archive.
pub(crate) static ARCHIVE: Rules = Rules {
    asks: |register, step| {
        Some(match (register, step) {
            ("key", "register") => one(&[By::Role("clerk")]),
            ("key", "change") => one(&[By::Field("keeper"), By::Role("head")]),
            ("key", "lend" | "take_in") | ("loan", "chase") | ("round", "open") => system(),
            ("key", "retire") => one(&[By::Role("head")]),
            ("loan", "file") => one(&[By::Role("clerk")]),
            ("loan", "approve") => Ask {
                least: Evidence::Passkey,
                never: Some(By::Field("borrower")),
                ..one(&[By::Role("head")])
            },
            ("loan", "take_back") => one(&[By::Opener]),
            ("loan", "give_back") => {
                Ask { seats: Some(usize::MAX), ..one(&[By::Field("borrower"), By::Through("key", "keeper")]) }
            }
            ("round", "finish") => one(&[By::Role("clerk")]),
            ("destruction", "file") => one(&[By::Role("clerk")]),
            ("destruction", "approve") => {
                Ask { short: vec![By::Anywhere("head")], ..two(&[By::Role("head"), By::Anywhere("auditor")]) }
            }
            _ => return None,
        })
    },
    bound: |register| match register {
        "loan" => &["key", "borrower", "starts", "until", "purpose", "kind", "level"],
        "destruction" => &["loans"],
        _ => &[],
    },
    after_approval: &[("loan", "give_back"), ("loan", "chase")],
    uniques: &[Unique { register: "key", fields: &["code"], states: &["in_place", "lent", "gone"] }],
    nothing: &[],
};

/// The yards.
pub(crate) static YARD: Rules = Rules {
    asks: |register, step| {
        Some(match (register, step) {
            ("site", "register" | "close") => one(&[By::Role("head")]),
            ("site", "note") => one(&[By::Field("keeper"), By::Role("head")]),
            ("site", "occupy" | "release") | ("permit", "lapse") | ("look", "open") => system(),
            ("permit", "file") => Ask { least: Evidence::Otp, ..one(&[By::Role("operator")]) },
            ("permit", "approve") => Ask {
                never: Some(By::Through("site", "keeper")),
                short: vec![By::Anywhere("director")],
                ..two(&[By::Role("head")])
            },
            ("permit", "check") => Ask {
                seats: Some(2),
                ..one(&[By::Role("safety_officer"), By::RoleIf("network", "network"), By::Field("helpers")])
            },
            ("permit", "amend" | "close") => one(&[By::Role("operator")]),
            ("permit", "refile" | "take_back") => one(&[By::Opener]),
            ("look", "finish" | "drop") => one(&[By::Role("operator")]),
            ("destruction", "file") => one(&[By::Role("operator")]),
            ("destruction", "approve") => two(&[By::Role("head"), By::Anywhere("director")]),
            _ => return None,
        })
    },
    bound: |register| match register {
        "permit" => &["subject", "site", "starts", "network", "helpers", "secret", "papers", "plan", "level"],
        "destruction" => &["permits"],
        _ => &[],
    },
    after_approval: &[("permit", "check"), ("permit", "close")],
    uniques: &[
        Unique { register: "site", fields: &["name"], states: &["free", "busy", "closed"] },
        Unique { register: "permit", fields: &["site", "starts"], states: &["filed", "approved", "checked"] },
        Unique { register: "look", fields: &["site", "day"], states: &["open", "done"] },
    ],
    nothing: &["void"],
};
