//! The sample city's door: whoever is chosen on the page of its tour signs in as people do, by password and one-time code.
//!
//! Owns: what people of the city know and nobody else (`FOLDER.people.toml`), which of their codes were used here, the
//! steps of the tour (`tour.toml`).
//! Invariant: nobody is let in but by `signin`; a code that was used is not tried again.
//! Does not: show anything (`web`), decide who may ask (`web`, which asks from this machine alone).

use super::maker;
use crate::told::Refused;
use anyhow::Context as _;
use model::{Instant, Told};
use serde::Deserialize;
use signin::{Begun, NewSession, Place, Refusal, SignIn};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use web::{NotEntered, Part, SampleCity, Step};
use zeroize::Zeroizing;

/// What is done in each role.
const TOUR: &str = include_str!("tour.toml");
/// Seconds of a one-time code (RFC 6238).
const HALF_MINUTE: u64 = 30;

/// The file of the tour.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TourText {
    part: Vec<PartText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartText {
    role: String,
    /// The account whose day it is.
    who: String,
    zh: String,
    en: String,
    steps: Vec<StepText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    zh: String,
    en: String,
    path: String,
}

/// What somebody of the city knows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Knows {
    password: Zeroizing<String>,
    /// The secret of the one-time codes, in base 32.
    otp: Zeroizing<String>,
}

/// The way in.
pub(crate) struct Door {
    sign_in: SignIn,
    people: BTreeMap<String, Knows>,
    parts: Vec<Part>,
    /// The last half minute whose code was used here, by account.
    used: Mutex<BTreeMap<String, u64>>,
}

impl Door {
    /// For the people of a file, through this sign-in.
    pub(crate) fn open(people: &Path, sign_in: SignIn) -> anyhow::Result<Self> {
        let path = people.display();
        let text = std::fs::read_to_string(people).with_context(|| path.to_string())?;
        let people: BTreeMap<String, Knows> = toml::from_str(&text).map_err(|error| {
            let what = error.message().to_owned();
            Refused::misuse(Told::new(
                format!("示範人員檔 {path} 無法使用（{what}）。請刪除示範城市後重新建立。"),
                format!("The file of the sample city's people, {path}, cannot be used ({what}). Remove the sample city and make it anew."),
            ))
        })?;
        let parts = parts(people.keys())?;
        Ok(Self { sign_in, people, parts, used: Mutex::default() })
    }

    /// The half minutes whose codes are still to be had now.
    fn left(&self, login: &str, now: Instant) -> RangeInclusive<u64> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        left(used.get(login).copied(), now)
    }

    fn use_up(&self, login: &str, half_minute: u64) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let last = used.entry(login.to_owned()).or_default();
        *last = half_minute.max(*last);
    }
}

impl SampleCity for Door {
    fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn enter(&self, login: &str, place: &Place, now: Instant) -> Result<NewSession, NotEntered> {
        let knows = self.people.get(login).ok_or(NotEntered::Nobody)?;
        let wait = NotEntered::Wait { until: begins(half_minute(now).saturating_add(1)) };
        let left = self.left(login, now);
        if left.is_empty() {
            return Err(wait);
        }
        let pending = match self.sign_in.begin(login, &knows.password, place, now)? {
            Begun::SecondFactor(pending) => pending,
            Begun::Session(new) => return Ok(new),
        };
        for one in left {
            self.use_up(login, one);
            // A code may have signed something since; then the next is tried.
            match self.sign_in.otp(&pending.token, &code(knows, one)?, place, now) {
                Err(Refusal::NotIn) => {}
                entered => return Ok(entered?),
            }
        }
        Err(wait)
    }

    fn codes(&self, login: &str, now: Instant) -> Vec<String> {
        let Some(knows) = self.people.get(login) else { return Vec::new() };
        self.left(login, now).filter_map(|one| code(knows, one).ok()).collect()
    }
}

/// The half minute of a moment, counted from 1970.
fn half_minute(now: Instant) -> u64 {
    u64::try_from(now.as_seconds()).unwrap_or(0) / HALF_MINUTE
}

/// When a half minute begins.
fn begins(half_minute: u64) -> Instant {
    Instant::EPOCH.plus(Duration::from_secs(half_minute.saturating_mul(HALF_MINUTE)))
}

/// Half minutes whose codes sign-in takes now: the one before, this one and the next, after the last that was used.
fn left(used: Option<u64>, now: Instant) -> RangeInclusive<u64> {
    let this = half_minute(now);
    let first = this.saturating_sub(1).max(used.map_or(0, |used| used.saturating_add(1)));
    first..=this.saturating_add(1)
}

fn code(knows: &Knows, half_minute: u64) -> Result<String, NotEntered> {
    maker::code(&knows.otp, begins(half_minute)).map_err(|_| {
        let told = Told::new(
            "示範人員檔之驗證碼密鑰毀損，請刪除示範城市後重新建立",
            "A secret of one-time codes in the file of the sample city's people is damaged; remove the city and make it anew",
        );
        NotEntered::Refused(Refusal::Input(told))
    })
}

/// The tour, with the people of the city: accounts are the role's word, a unit and a number.
fn parts<'l>(logins: impl Iterator<Item = &'l String> + Clone) -> anyhow::Result<Vec<Part>> {
    let tour: TourText = toml::from_str(TOUR).context("tour.toml")?;
    let part = |text: PartText| {
        let has = |login: &&String| login.split('-').next() == Some(&text.role) && **login != text.who;
        let others = logins.clone().filter(has).cloned();
        Part {
            people: std::iter::once(text.who.clone()).chain(others).collect(),
            does: Told::new(text.zh, text.en),
            steps: text
                .steps
                .into_iter()
                .map(|step| Step { text: Told::new(step.zh, step.en), path: step.path })
                .collect(),
            role: text.role,
        }
    };
    Ok(tour.part.into_iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn at(second: u64) -> Instant {
        Instant::EPOCH.plus(Duration::from_secs(second))
    }

    #[test]
    fn a_code_is_left_before_during_and_after_its_half_minute_until_it_was_used() {
        let now = at(300);
        assert_eq!(left(None, now).collect::<Vec<_>>(), [9, 10, 11]);
        assert_eq!(left(Some(9), now).collect::<Vec<_>>(), [10, 11]);
        assert!(left(Some(11), now).is_empty());
        assert_eq!(left(Some(11), at(329)).count(), 0);
        assert_eq!(left(Some(11), begins(half_minute(now) + 1)).collect::<Vec<_>>(), [12]);
        assert_eq!(left(Some(3), now).collect::<Vec<_>>(), [9, 10, 11]);
    }

    #[test]
    fn every_role_of_the_city_has_a_tour_of_ten_steps_in_both_languages() {
        let city: toml::Table = toml::from_str(include_str!("city.toml")).unwrap();
        let people = city.get("people").and_then(toml::Value::as_array).unwrap();
        let roles: BTreeSet<&str> =
            people.iter().filter_map(|one| one.get("role").and_then(toml::Value::as_str)).collect();
        let parts = parts([].iter()).unwrap();
        assert_eq!(parts.iter().map(|part| part.role.as_str()).collect::<BTreeSet<_>>(), roles);
        assert_eq!(parts.len(), roles.len());
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let told = |told: &Told| is_chinese(&told.zh) && told.zh.ends_with('。') && told.en.ends_with('.');
        for part in parts {
            assert_eq!(part.steps.len(), 10, "{}", part.role);
            assert!(told(&part.does), "{}", part.does);
            for Step { text, path } in part.steps {
                assert!(told(&text) && !is_chinese(&text.en), "{text}");
                assert!(path.starts_with('/') && !path.starts_with("//") && path.is_ascii(), "{path}");
            }
        }
    }

    #[test]
    fn whoever_the_tour_is_of_comes_first_and_is_named_once() {
        let logins = ["operator-it-1", "operator-it-2", "staff-it-1"].map(ToOwned::to_owned);
        let parts = parts(logins.iter()).unwrap();
        let operators = parts.iter().find(|part| part.role == "operator").unwrap();
        assert_eq!(operators.people, ["operator-it-1", "operator-it-2"]);
    }
}
