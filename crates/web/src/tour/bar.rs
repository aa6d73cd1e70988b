//! The bar that goes along on a tour: which step it is, what is done here, the next one. A cookie of this browser holds
//! it; no script is needed, and no page is other for it.

use super::part_of;
use crate::enter::touring;
use crate::visit::Visit;

/// Where somebody is on a tour.
pub(crate) struct Touring {
    /// The step, as people count, and how many there are.
    pub(crate) number: usize,
    pub(crate) of: usize,
    /// What is done there.
    pub(crate) text: String,
    /// The next step; none after the last.
    pub(crate) next: Option<String>,
    /// All of them.
    pub(crate) all: String,
}

/// A step as the cookie holds it.
pub(super) fn kept(role: &str, number: usize) -> String {
    format!("{role}.{number}")
}

impl Visit {
    /// Where somebody is on a tour; none where nobody is led.
    pub(crate) fn touring(&self) -> Option<Touring> {
        let (role, number) = touring(self)?.split_once('.')?;
        let (city, number) = (self.sample_city().ok()?, number.parse::<usize>().ok()?);
        let part = part_of(&*city, role).ok()?;
        let step = part.steps.get(number.checked_sub(1)?)?;
        let next = (number < part.steps.len()).then(|| format!("/tour/{role}/{}", number + 1));
        Some(Touring {
            number,
            of: part.steps.len(),
            text: self.language.told(&step.text).to_owned(),
            next,
            all: format!("/tour/{role}"),
        })
    }
}
