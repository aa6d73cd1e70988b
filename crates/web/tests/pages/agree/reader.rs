//! Every way of asking a town for records.

use super::REGISTERS;
use super::town::{Person, Record, Town};
use axum::http::{Method, StatusCode};
use identity::Roster;
use model::{Clock as _, RecordId, UnitId};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Somebody who asks a town.
pub(super) struct Reader<'t> {
    town: &'t Town,
    person: &'t Person,
    /// The token of an application of theirs.
    bearer: String,
}

/// What every way of asking gives, by its name, and what the decision about each record gives.
pub(super) struct Told {
    pub(super) way: String,
    pub(super) given: BTreeSet<String>,
    pub(super) decided: BTreeSet<String>,
}

impl<'t> Reader<'t> {
    pub(super) fn of(town: &'t Town, person: &'t Person) -> Self {
        let bearer = format!("Bearer {}", town.asked.token(person.id, &REGISTERS, &[]));
        Self { town, person, bearer }
    }

    /// As a browser asks, looking at all units or at one.
    fn page(&self, path: &str, focus: Option<UnitId>, part: Option<&str>) -> (StatusCode, String) {
        let mut cookie = format!("ward_session=cookie-of-{}", self.person.id);
        if let Some(unit) = focus {
            cookie.push_str(&format!("; ward_unit={unit}"));
        }
        let mut headers = vec![("cookie", cookie.as_str())];
        if let Some(part) = part {
            headers.extend([("hx-request", "true"), ("hx-target", part)]);
        }
        let answer = self.town.asked.ask(Method::GET, path, &headers, "");
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.text());
        (answer.status, answer.text())
    }

    fn api(&self, path: &str) -> (StatusCode, Json) {
        let (status, text) = self.api_text(path);
        (status, serde_json::from_str(&text).unwrap())
    }

    fn api_text(&self, path: &str) -> (StatusCode, String) {
        let headers = [("authorization", self.bearer.as_str())];
        let answer = self.town.asked.ask(Method::GET, &format!("/api/v1{path}"), &headers, "");
        (answer.status, answer.text())
    }

    /// The records that are theirs to read and fit.
    pub(super) fn decided(&self, fits: impl Fn(&Record) -> bool) -> Vec<&'t Record> {
        self.town
            .records
            .iter()
            .filter(|record| self.town.reads(self.person, record) && fits(record))
            .collect()
    }

    fn told(&self, way: impl Into<String>, given: BTreeSet<String>, decided: &[&Record]) -> Told {
        let decided = decided.iter().map(|record| record.id.to_string()).collect();
        Told { way: way.into(), given, decided }
    }

    /// Asks in every way.
    pub(super) fn everywhere(&self) -> Vec<Told> {
        let mut all = vec![self.one_by_one()];
        for register in REGISTERS {
            for focus in self.focuses() {
                all.extend(self.lists(register, focus));
            }
            all.push(self.exported(register));
            all.push(self.chosen(register));
        }
        for focus in self.focuses() {
            all.extend(self.counts(focus));
            all.extend(self.searches(focus));
        }
        all.extend(self.units());
        all.extend(self.notices());
        all.extend(self.applications());
        all.push(self.work());
        all.push(self.watched());
        all
    }

    /// Whoever may read a record is told that it has changed since a page of it was made; nobody else hears of it.
    fn watched(&self) -> Told {
        let cookie = format!("cookie-of-{}", self.person.id);
        let told = |record: &&Record| {
            let path = format!("/events?record={}&mark={}", record.id, u64::MAX);
            self.town.asked.begins(&path, &cookie).contains("event: moved")
        };
        let given = self.town.records.iter().filter(told).map(|record| record.id.to_string()).collect();
        self.told("changes, as they happen", given, &self.decided(|_| true))
    }

    /// Each record's own page.
    fn one_by_one(&self) -> Told {
        let opens = |record: &&Record| {
            let (status, _) = self.page(&format!("/records/{}", record.id), None, None);
            assert!([StatusCode::OK, StatusCode::NOT_FOUND].contains(&status), "{status}");
            status == StatusCode::OK
        };
        let given = self.town.records.iter().filter(opens).map(|record| record.id.to_string()).collect();
        self.told("their pages", given, &self.decided(|_| true))
    }

    /// All units, and the one they look at.
    fn focuses(&self) -> impl Iterator<Item = Option<UnitId>> {
        std::iter::once(None).chain(self.person.focus.map(Some))
    }

    /// A list, and how many it says there are.
    fn lists(&self, register: &str, focus: Option<UnitId>) -> Vec<Told> {
        let decided = self.decided(|record| record.register == register && self.town.within(focus, record));
        let mut all = Vec::new();
        for part in [None, Some("list")] {
            let (_, page) = self.page(&format!("/registers/{register}?columns=title"), focus, part);
            let chip = format!("全部 <small>{}</small>", decided.len());
            assert!(page.contains(&chip), "{register} in {focus:?}: no {chip} on {page}");
            all.push(self.told(
                format!("the list of {register} in {focus:?}, {part:?}"),
                ids(&page),
                &decided,
            ));
        }
        all
    }

    /// The records that a field may refer to, of whichever unit.
    fn chosen(&self, register: &str) -> Told {
        let (_, found) = self.page(&format!("/choose/record?register={register}"), self.person.focus, None);
        let decided = self.decided(|record| record.register == register);
        self.told(format!("choosing one of {register}"), ids(&found), &decided)
    }

    /// A list as a file: titles tell records apart.
    fn exported(&self, register: &str) -> Told {
        let path = format!("/registers/{register}/export?format=csv&columns=title");
        let (_, file) = self.page(&path, None, None);
        let decided = self.decided(|record| record.register == register);
        self.of_file(format!("the file of {register}"), register, &file, &decided)
    }

    fn of_file(&self, way: String, register: &str, file: &str, decided: &[&Record]) -> Told {
        let lines: BTreeSet<&str> =
            file.trim_start_matches('\u{feff}').lines().skip(1).map(str::trim).collect();
        let of = self.town.records.iter().filter(|record| record.register == register);
        let given =
            of.filter(|record| lines.contains(&*record.title)).map(|record| record.id.to_string()).collect();
        assert_eq!(lines.len(), decided.len(), "{way} has other lines: {file}");
        self.told(way, given, decided)
    }

    /// How many the index says there are, and how many run.
    fn counts(&self, focus: Option<UnitId>) -> Vec<Told> {
        let (_, page) = self.page("/registers", focus, None);
        let (_, cards) = page.split_once("<ul class=\"cards\">").unwrap();
        let count = |register: &str| {
            let card =
                cards.split(&format!("/registers/{register}\">")).nth(1).unwrap().split("</li>").next();
            between(card.unwrap(), "共 <strong>", "<").unwrap()
        };
        REGISTERS
            .iter()
            .map(|register| {
                let fits = |record: &Record| record.register == *register && self.town.within(focus, record);
                let decided = self.decided(fits).len();
                Told {
                    way: format!("how many of {register} in {focus:?}"),
                    given: [count(register)].into(),
                    decided: [decided.to_string()].into(),
                }
            })
            .collect()
    }

    /// By a word, on the page and by Ctrl+K.
    fn searches(&self, focus: Option<UnitId>) -> Vec<Told> {
        let mut all = Vec::new();
        for word in ["鑰匙房", "借用事由", "報告"] {
            let decided = self.decided(|record| record.word == Some(word) && self.town.within(focus, record));
            let query: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
            for part in [None, Some("palette-found")] {
                let (_, page) = self.page(&format!("/search?q={query}"), focus, part);
                all.push(self.told(format!("searching {word} in {focus:?}, {part:?}"), ids(&page), &decided));
            }
        }
        all
    }

    /// What runs in each unit and below.
    fn units(&self) -> Vec<Told> {
        let mut all = Vec::new();
        for unit in self.town.units.keys() {
            let (_, page) = self.page(&format!("/units/{unit}"), None, None);
            let running = page.split("id=\"running\"").nth(1).unwrap().split("</section>").next().unwrap();
            for register in REGISTERS {
                let link = format!("href=\"/registers/{register}\"");
                let count = running.split(&link).nth(1).and_then(|part| between(part, "<strong>", "<"));
                let fits = |record: &Record| {
                    record.register == register && record.running && self.town.within(Some(*unit), record)
                };
                all.push(Told {
                    way: format!("how many of {register} run in {unit}"),
                    given: [count.unwrap_or_else(|| "0".to_owned())].into(),
                    decided: [self.decided(fits).len().to_string()].into(),
                });
            }
        }
        all
    }

    /// What they are told: of records they may read alone, and of all of these.
    fn notices(&self) -> Vec<Told> {
        let desk = &self.town.asked.house.desk;
        let seen = desk.seen();
        let roster =
            Roster::new(&seen.roster, seen.packs.current().unwrap(), self.town.asked.house.clock.now());
        let roles: Vec<_> = roster.held(self.person.id).map(|(role, unit)| (role.clone(), unit)).collect();
        let sent = desk.read(|sql, _| sql.notices(self.person.id, &roles, &roster, None, 100)).unwrap();
        let readable = self.decided(|_| true);
        let theirs: Vec<&Record> = sent
            .iter()
            .filter_map(|notice| readable.iter().copied().find(|record| record.id == notice.record))
            .collect();
        let (_, page) = self.page("/notices", None, None);
        let main = page.split("<main").nth(1).unwrap();
        let first = self.town.asked.begins("/events", &format!("cookie-of-{}", self.person.id));
        let unread = between(&first, "event: unread\ndata: ", "\n").unwrap();
        let (_, told) = self.api("/notices");
        let by_api = told["notices"].as_array().unwrap().iter();
        let by_api = by_api.map(|one| one["record"].as_str().unwrap().to_owned());
        vec![
            self.told("notices", ids(main), &theirs),
            Told {
                way: "how many notices are new, as it happens".to_owned(),
                given: [unread].into(),
                decided: [theirs.len().to_string()].into(),
            },
            self.told("notices by the API", by_api.collect(), &self.by_api(&theirs)),
        ]
    }

    /// Those of these records that an application of theirs reads, which sits at no terminal.
    fn by_api<'r>(&self, records: &[&'r Record]) -> Vec<&'r Record> {
        let away = Person { manages: false, ..self.person.clone() };
        records.iter().copied().filter(|record| self.town.reads(&away, record)).collect()
    }

    fn applications(&self) -> Vec<Told> {
        let mut all = Vec::new();
        let ids_of = |list: &Json| -> BTreeSet<String> {
            list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        let (_, registers) = self.api("/registers");
        for register in REGISTERS {
            let decided = self.by_api(&self.decided(|record| record.register == register));
            let (_, list) = self.api(&format!("/registers/{register}/records?size=200"));
            assert_eq!(list["total"], decided.len(), "{register} by the API");
            all.push(self.told(format!("{register} by the API"), ids_of(&list["records"]), &decided));
            for unit in self.focuses().flatten() {
                let (_, list) = self.api(&format!("/registers/{register}/records?size=200&unit={unit}"));
                let mut within = decided.clone();
                within.retain(|record| self.town.within(Some(unit), record));
                let way = format!("{register} in {unit} by the API");
                all.push(self.told(way, ids_of(&list["records"]), &within));
            }
            let (_, file) = self.api_text(&format!("/registers/{register}/export?format=csv&columns=title"));
            all.push(self.of_file(format!("the file of {register} by the API"), register, &file, &decided));
            let one = registers.as_array().unwrap().iter().find(|one| one["id"] == register).unwrap();
            all.push(Told {
                way: format!("how many of {register} by the API"),
                given: [format!("{} {}", one["records"], one["running"])].into(),
                decided: [format!("{} {}", decided.len(), decided.iter().filter(|one| one.running).count())]
                    .into(),
            });
        }
        for word in ["鑰匙房", "借用事由", "報告"] {
            let decided = self.by_api(&self.decided(|record| record.word == Some(word)));
            let query: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
            let (_, found) = self.api(&format!("/search?q={query}"));
            all.push(self.told(format!("searching {word} by the API"), ids_of(&found), &decided));
        }
        let (_, work) = self.api("/work");
        let named = ids(&work.to_string());
        let theirs = self.by_api(&self.decided(|record| named.contains(&record.id.to_string())));
        all.push(self.told("work by the API, which names nothing else", named, &theirs));
        let opens = |record: &&Record| self.api(&format!("/records/{}", record.id)).0 == StatusCode::OK;
        let given = self.town.records.iter().filter(opens).map(|record| record.id.to_string()).collect();
        all.push(self.told("each by the API", given, &self.by_api(&self.decided(|_| true))));
        all
    }

    /// My work names nothing else.
    fn work(&self) -> Told {
        let (_, page) = self.page("/", None, None);
        let named = ids(page.split("<main").nth(1).unwrap());
        let decided: BTreeSet<String> =
            self.decided(|_| true).iter().map(|record| record.id.to_string()).collect();
        let decided = named.intersection(&decided).cloned().collect();
        Told { way: "one's own work, which names nothing else".to_owned(), given: named, decided }
    }
}

/// What stands between two texts.
fn between(page: &str, from: &str, to: &str) -> Option<String> {
    Some(page.split(from).nth(1)?.split(to).next()?.to_owned())
}

/// The records that are named.
fn ids(page: &str) -> BTreeSet<String> {
    let words = page.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.parse::<RecordId>().is_ok()).map(ToOwned::to_owned).collect()
}
