//! Who asks: the casts of the matrix, and what each of them brings along.

use super::town::{Brings, People, Scope, Town};
use identity::Right;
use testkit::Acting;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    /// An application of somebody's, with the registers its token reads and files in.
    Application(fn(&People) -> Acting, &'static [&'static str], &'static [&'static str]),
    /// The same with rights beside.
    Holding(fn(&People) -> Acting, Scope),
    /// The same at a management terminal.
    HoldingAtManagement(fn(&People) -> Acting, Scope),
    /// Signed in at a management terminal.
    AtManagement(fn(&People) -> Acting),
    /// Signed in to set factors, for nothing else.
    Enrolling,
    /// Not signed in.
    Nobody,
    /// Signed in at an ordinary machine.
    Person(fn(&People) -> Acting),
    /// With a token that counts for nothing.
    Stranger,
}

/// Askers, each with what they are to the thing that is asked.
pub(crate) type Cast = &'static [(&'static str, Who)];

pub(crate) const NOBODY: &str = "nobody";
pub(crate) const ENROLLING: &str = "whoever only sets factors";
pub(crate) const ROLE: &str = "another role";
pub(crate) const UNIT: &str = "another unit";
pub(crate) const SCOPE: &str = "another scope";
pub(crate) const MAY: &str = "who may";
/// Signed in, where it makes no difference.
pub(crate) const SOMEBODY: &str = "somebody";
/// An administrator away from the terminals for it.
pub(crate) const ELSEWHERE: &str = "who may, elsewhere";

impl Who {
    /// Do they show nothing that counts?
    pub(crate) const fn is_nobody(self) -> bool {
        matches!(self, Self::Nobody | Self::Stranger)
    }
}

const fn signed_in(label: &'static str, who: fn(&People) -> Acting) -> (&'static str, Who) {
    (label, Who::Person(who))
}

const BY_NOBODY: (&str, Who) = (NOBODY, Who::Nobody);
const BY_ENROLLING: (&str, Who) = (ENROLLING, Who::Enrolling);

/// For anyone.
pub(crate) const ANYONE: Cast = &[BY_NOBODY, signed_in(SOMEBODY, |people| people.operator)];

/// For whoever is signed in, of what each sees what is theirs.
pub(crate) const SIGNED_IN: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.staff),
    signed_in(UNIT, |people| people.other_operator),
    signed_in(MAY, |people| people.operator),
];

/// About oneself, where roles make no difference.
pub(crate) const OWN: Cast = SIGNED_IN;

/// About oneself, and open to whoever only sets factors.
pub(crate) const FACTORS: Cast =
    &[BY_NOBODY, (ENROLLING, Who::Enrolling), signed_in(MAY, |people| people.spare)];

/// A graded record that its operator is cleared for, and who keeps the room it lies in.
pub(crate) const RECORD: Cast = &[
    BY_NOBODY,
    signed_in(ROLE, |people| people.staff),
    signed_in(UNIT, |people| people.other_operator),
    signed_in(MAY, |people| people.operator),
];

/// The same, with whoever sets factors.
pub(crate) const RECORD_OR_ENROLLING: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.staff),
    signed_in(UNIT, |people| people.other_operator),
    signed_in(MAY, |people| people.operator),
];

/// What the head of the unit decides; operators of the unit see it and do not decide it.
pub(crate) const HEAD: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.operator),
    signed_in(UNIT, |people| people.other_head),
    signed_in(MAY, |people| people.head),
];

/// What an administrator does, at a management terminal.
pub(crate) const STEWARD: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.head),
    signed_in(UNIT, |people| people.other_head),
    signed_in(ELSEWHERE, |people| people.steward),
    (MAY, Who::AtManagement(|people| people.steward)),
];

/// What whoever runs the network does, at a management terminal.
pub(crate) const NETWORK: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    (ROLE, Who::AtManagement(|people| people.auditor)),
    signed_in(UNIT, |people| people.other_head),
    signed_in(ELSEWHERE, |people| people.network),
    (MAY, Who::AtManagement(|people| people.network)),
];

/// What an auditor looks into.
pub(crate) const AUDITOR: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.head),
    signed_in(UNIT, |people| people.other_head),
    signed_in(MAY, |people| people.auditor),
];

/// Alarms, which everybody in charge sees and answers for.
pub(crate) const ALARMS: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.staff),
    signed_in(UNIT, |people| people.other_head),
    signed_in(MAY, |people| people.operator),
];

/// Alarms that are settled, which the operator does not.
pub(crate) const SETTLING: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    signed_in(ROLE, |people| people.operator),
    signed_in(UNIT, |people| people.other_head),
    signed_in(ELSEWHERE, |people| people.network),
    (MAY, Who::AtManagement(|people| people.network)),
];

/// What is read in the unit of whoever opened it.
pub(crate) const OF_THE_UNIT: Cast = &[
    BY_NOBODY,
    BY_ENROLLING,
    (ROLE, Who::AtManagement(|people| people.steward)),
    signed_in(UNIT, |people| people.other_operator),
    signed_in(MAY, |people| people.operator),
];

/// Whoever it is asked by, it is not there.
pub(crate) const NOT_THERE: Cast = &[BY_NOBODY, signed_in(SOMEBODY, |people| people.operator)];

/// Another's, of what belongs to one person alone.
pub(crate) const ANOTHERS: Cast = &[BY_NOBODY, signed_in(SOMEBODY, |people| people.operator)];

const MEDIA: &[&str] = &["medium", "room"];

/// Applications: a graded record of the operator's.
pub(crate) const API: Cast = &[
    (NOBODY, Who::Nobody),
    ("a token that counts no more", Who::Stranger),
    (SCOPE, Who::Application(|people| people.operator, &["violation"], &["violation"])),
    (ROLE, Who::Application(|people| people.staff, MEDIA, MEDIA)),
    (UNIT, Who::Application(|people| people.other_operator, MEDIA, MEDIA)),
    (MAY, Who::Application(|people| people.operator, MEDIA, MEDIA)),
];

const NOTHING: Scope = Scope { read: &["medium"], file: &[], rights: &[] };
const CLAUSES: Scope = Scope { rights: &[Right::Clauses], ..NOTHING };

/// Applications that look at the board, which is everybody's.
pub(crate) const API_CLAUSES: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.operator, NOTHING)),
    (ROLE, Who::Holding(|people| people.staff, CLAUSES)),
    (UNIT, Who::Holding(|people| people.other_operator, CLAUSES)),
    (MAY, Who::Holding(|people| people.operator, CLAUSES)),
];

const AUDIT: Scope = Scope { rights: &[Right::Audit], ..NOTHING };
const PEOPLE: Scope = Scope { rights: &[Right::People], ..NOTHING };
const ACCOUNT: Scope = Scope { rights: &[Right::Account], ..NOTHING };
const ROOMS: Scope = Scope { read: MEDIA, file: MEDIA, rights: &[] };

const LINES: Scope = Scope { rights: &[Right::Lines], ..NOTHING };

/// Applications that hand in lines, which the right alone lets them.
pub(crate) const API_LINES: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.operator, AUDIT)),
    (ROLE, Who::Holding(|people| people.staff, LINES)),
    (UNIT, Who::Holding(|people| people.other_operator, LINES)),
    (MAY, Who::Holding(|people| people.operator, LINES)),
];

const WARNINGS: Scope = Scope { rights: &[Right::Warnings], ..NOTHING };

/// Applications that hand in public warnings, which the right alone lets them.
pub(crate) const API_WARNINGS: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.operator, LINES)),
    (ROLE, Who::Holding(|people| people.staff, WARNINGS)),
    (UNIT, Who::Holding(|people| people.other_operator, WARNINGS)),
    (MAY, Who::Holding(|people| people.operator, WARNINGS)),
];

const ALARM: Scope = Scope { rights: &[Right::Alarms], ..NOTHING };

/// Applications of whoever is in charge of alarms.
pub(crate) const API_ALARMS: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.operator, NOTHING)),
    (ROLE, Who::Holding(|people| people.staff, ALARM)),
    (UNIT, Who::Holding(|people| people.other_head, ALARM)),
    (MAY, Who::Holding(|people| people.operator, ALARM)),
];

/// Applications of whoever sees the alarms of the whole.
pub(crate) const API_RESPONSES: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.auditor, NOTHING)),
    (ROLE, Who::Holding(|people| people.operator, ALARM)),
    (UNIT, Who::Holding(|people| people.other_head, ALARM)),
    (MAY, Who::Holding(|people| people.auditor, ALARM)),
];

/// Applications of whoever settles alarms.
pub(crate) const API_SETTLING: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::HoldingAtManagement(|people| people.network, NOTHING)),
    (ROLE, Who::Holding(|people| people.operator, ALARM)),
    (UNIT, Who::Holding(|people| people.other_head, ALARM)),
    (ELSEWHERE, Who::Holding(|people| people.network, ALARM)),
    (MAY, Who::HoldingAtManagement(|people| people.network, ALARM)),
];

/// Applications that look into the ledger.
pub(crate) const API_AUDIT: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.auditor, NOTHING)),
    (ROLE, Who::Holding(|people| people.head, AUDIT)),
    (UNIT, Who::Holding(|people| people.other_head, AUDIT)),
    (MAY, Who::Holding(|people| people.auditor, AUDIT)),
];

/// The same, of what lies outside the scope.
pub(crate) const API_AUDIT_BEYOND: Cast = &[(SCOPE, Who::Holding(|people| people.auditor, AUDIT))];

/// Applications that do what an administrator does.
pub(crate) const API_STEWARD: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::HoldingAtManagement(|people| people.steward, NOTHING)),
    (ROLE, Who::Holding(|people| people.operator, PEOPLE)),
    (UNIT, Who::Holding(|people| people.other_head, PEOPLE)),
    (ELSEWHERE, Who::Holding(|people| people.steward, PEOPLE)),
    (MAY, Who::HoldingAtManagement(|people| people.steward, PEOPLE)),
];

/// Applications that do what the head of a unit does about its people.
pub(crate) const API_UNIT_HEAD: Cast = &[
    (SCOPE, Who::Holding(|people| people.head, NOTHING)),
    (ROLE, Who::Holding(|people| people.operator, PEOPLE)),
    (UNIT, Who::Holding(|people| people.other_head, PEOPLE)),
    (MAY, Who::Holding(|people| people.head, PEOPLE)),
];

/// Applications that do what whoever runs the network does.
pub(crate) const API_NETWORK: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::HoldingAtManagement(|people| people.network, NOTHING)),
    (ROLE, Who::HoldingAtManagement(|people| people.auditor, PEOPLE)),
    (UNIT, Who::Holding(|people| people.other_head, PEOPLE)),
    (ELSEWHERE, Who::Holding(|people| people.network, PEOPLE)),
    (MAY, Who::HoldingAtManagement(|people| people.network, PEOPLE)),
];

/// Applications, of what is their owner's own.
pub(crate) const API_ACCOUNT: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.operator, NOTHING)),
    (ROLE, Who::Holding(|people| people.staff, ACCOUNT)),
    (UNIT, Who::Holding(|people| people.other_operator, ACCOUNT)),
    (MAY, Who::Holding(|people| people.operator, ACCOUNT)),
];

/// The same, of what is another's.
pub(crate) const API_ANOTHERS: Cast = &[(UNIT, Who::Holding(|people| people.operator, ACCOUNT))];

/// Applications that sign several at once.
pub(crate) const API_BATCH: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Holding(|people| people.head, NOTHING)),
    (ROLE, Who::Holding(|people| people.operator, ROOMS)),
    (UNIT, Who::Holding(|people| people.other_head, ROOMS)),
    (MAY, Who::Holding(|people| people.head, ROOMS)),
];

/// Applications that only read where they would have to file.
pub(crate) const API_READS: Cast =
    &[("a scope that only reads", Who::Application(|people| people.operator, MEDIA, &[]))];

/// Applications, of what a head decides.
pub(crate) const API_HEAD: Cast = &[
    (ROLE, Who::Application(|people| people.operator, MEDIA, MEDIA)),
    (UNIT, Who::Application(|people| people.other_head, MEDIA, MEDIA)),
    (MAY, Who::Application(|people| people.head, MEDIA, MEDIA)),
];

impl Town {
    /// What an asker brings along.
    pub(crate) fn brings(&mut self, who: Who) -> Brings {
        let people = self.people;
        let signed_in = |town: &mut Self, who: fn(&People) -> Acting, management: bool| {
            let person = who(&people).person;
            let session = Some(town.session(person, management));
            Brings { person: Some(person), management, session, bearer: None }
        };
        let bears = |town: &mut Self, who: fn(&People) -> Acting, scope, management| {
            let person = who(&people).person;
            let bearer = Some(town.token(person, scope));
            Brings { person: Some(person), bearer, management, ..Brings::default() }
        };
        match who {
            Who::Application(who, read, file) => {
                bears(self, who, Scope { read, file, ..Scope::default() }, false)
            }
            Who::Holding(who, scope) => bears(self, who, scope, false),
            Who::HoldingAtManagement(who, scope) => bears(self, who, scope, true),
            Who::AtManagement(who) => signed_in(self, who, true),
            Who::Enrolling => {
                let session = Some(self.setting());
                Brings { person: Some(people.setting.person), session, ..Brings::default() }
            }
            Who::Nobody => Brings::default(),
            Who::Person(who) => signed_in(self, who, false),
            Who::Stranger => Brings { bearer: Some("ward_nobody".to_owned()), ..Brings::default() },
        }
    }
}

/// An address without the ids in it, which differ by run.
pub(crate) fn without_ids(place: &str) -> String {
    let is_id = |word: &str| {
        let letters = word.split_once('_').map_or("", |(_, rest)| rest);
        let drawn = letters.len() == 26 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // A digest, or the size of a file that was made.
        drawn || word.len() >= 64 || word.len() >= 6 && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (mut text, mut word) = (String::new(), String::new());
    // What ends the last word is no part of the address.
    for letter in place.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            word.push(letter);
        } else {
            text.push_str(if is_id(&word) { "…" } else { &word });
            text.push(letter);
            word.clear();
        }
    }
    text.trim_end().to_owned()
}
