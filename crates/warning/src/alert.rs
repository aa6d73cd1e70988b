//! An alert, as it was read.
//!
//! Source: CAP 1.2, §3.2; names are those of its elements.

use model::Instant;

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The number by which its sender knows it.
    pub identifier: String,
    /// Who sends it.
    pub sender: String,
    /// When it was sent.
    pub sent: Instant,
    /// What it is for.
    pub status: Status,
    /// What it does to others.
    pub message_type: MessageType,
    /// For whom it is.
    pub scope: Scope,
    /// The alerts it is about.
    pub references: Vec<Reference>,
    /// What is said, once for each language or phase.
    pub infos: Vec<Info>,
}

/// What an alert is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It is to be acted on.
    Actual,
    /// Not to be acted on as it stands.
    Draft,
    /// For those who take part in an exercise.
    Exercise,
    /// For the systems that carry alerts.
    System,
    /// Not to be acted on.
    Test,
}

/// What an alert does to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageType {
    /// Acknowledges others.
    Ack,
    /// Is the first of its kind.
    Alert,
    /// Takes others back.
    Cancel,
    /// Refuses others.
    Error,
    /// Takes the place of others.
    Update,
}

/// For whom an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// For those it names.
    Private,
    /// For everybody.
    Public,
    /// For those who need to know.
    Restricted,
}

/// Names an alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Its sender.
    pub sender: String,
    /// Its identifier.
    pub identifier: String,
    /// When it was sent.
    pub sent: Instant,
}

/// What is said of an event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Info {
    /// What it is called.
    pub event: String,
    /// What it is called in lists: which list, and the code.
    pub event_codes: Vec<(String, String)>,
    /// What kind of response is asked for.
    pub response_types: Vec<String>,
    /// How soon.
    pub urgency: String,
    /// How bad.
    pub severity: String,
    /// How certain.
    pub certainty: String,
    /// From when what is said counts; none where it does since it was sent.
    pub effective: Option<Instant>,
    /// When it is expected to begin.
    pub onset: Option<Instant>,
    /// Until when what is said counts.
    pub expires: Option<Instant>,
    /// A headline.
    pub headline: String,
    /// Where.
    pub areas: Vec<Area>,
}

/// An area: all of its parts together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Area {
    /// What it is called.
    pub description: String,
    /// Polygons; each ends where it began.
    pub polygons: Vec<Vec<Point>>,
    /// Circles: the centre, and the radius in kilometres.
    pub circles: Vec<(Point, f64)>,
    /// What it is called in lists: which list, and the code.
    pub geocodes: Vec<(String, String)>,
}

/// A point, in degrees of WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// North of the equator, from -90 to 90.
    pub latitude: f64,
    /// East of Greenwich, from -180 to 180.
    pub longitude: f64,
}

impl Alert {
    /// What names it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference { sender: self.sender.clone(), identifier: self.identifier.clone(), sent: self.sent }
    }
}

/// Words of an enumeration, as they stand in an alert.
macro_rules! words {
    ($of:ty: $($variant:ident),*) => {
        impl $of {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }

            /// The one of this word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words!(Status: Actual, Draft, Exercise, System, Test);
words!(MessageType: Ack, Alert, Cancel, Error, Update);
words!(Scope: Private, Public, Restricted);
