//! What readers of a pack share: the names of the pack, and ways to tell problems.

use crate::condition::{Condition, ConditionError, Typing, Vocabulary};
use crate::field::When;
use crate::label::{Label, Piece, Template};
use crate::problem::Place;
use crate::raw::{Node, Problems, Table};
use crate::shape::label_of;
use crate::similar::nearest;
use crate::value::Type;
use crate::word::{ClauseId, DutyId, FieldId, GradeId, HookId, ProcedureId, RegisterId, RoleId, StepId};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// What readers share.
pub struct Context<'c> {
    pub(crate) problems: &'c Problems,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) names: Names,
    /// Where things stand that are looked at again once all is read.
    marks: Mutex<BTreeMap<String, Place>>,
}

/// Names that are not part of what conditions may speak of.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) clauses: BTreeSet<ClauseId>,
    pub(crate) duties: BTreeSet<DutyId>,
    pub(crate) hooks: BTreeMap<HookId, BTreeMap<FieldId, Type>>,
    /// The opening steps the system may take, of each register.
    pub(crate) openings: BTreeMap<RegisterId, Vec<StepId>>,
    /// Steps the system may take, of each register.
    pub(crate) by_system: BTreeMap<RegisterId, BTreeSet<StepId>>,
    /// Names whose own definition is broken; what speaks of them is not judged.
    pub(crate) broken: BTreeSet<String>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(problems: &'c Problems, vocabulary: Vocabulary, names: Names) -> Self {
        Self { problems, vocabulary, names, marks: Mutex::default() }
    }

    /// The names conditions may speak of.
    #[must_use]
    pub const fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Tells a problem, in Traditional Chinese and English.
    pub fn problem(&self, place: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.problems.add(place, zh, en);
    }

    /// Tells a problem with what to write instead, where that is known.
    pub fn problem_with(
        &self,
        place: Place,
        zh: impl Into<String>,
        en: impl Into<String>,
        suggestion: Option<String>,
    ) {
        self.problems.add_with(place, zh, en, suggestion);
    }

    /// Tells something that is not wrong but should be known.
    pub fn note(&self, place: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.problems.note(place, zh, en);
    }

    /// The label at a key, where it is whole; the structural check has told what is not.
    #[must_use]
    pub fn label(&self, table: Table<'_>, key: &str) -> Option<Label> {
        label_of(table, key)
    }

    /// The condition, of the type asked for; problems are told.
    #[must_use]
    pub fn condition(&self, node: Node<'_>, wanted: Option<&Type>, typing: &Typing<'_>) -> Option<Condition> {
        self.condition_in(node, node.text()?, 0, wanted, typing)
    }

    /// A condition that begins at an offset inside a text.
    fn condition_in(
        &self,
        node: Node<'_>,
        text: &str,
        offset: usize,
        wanted: Option<&Type>,
        typing: &Typing<'_>,
    ) -> Option<Condition> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if words.into_iter().any(|word| self.names.broken.contains(word)) {
            return None;
        }
        let read = match wanted {
            Some(wanted) => Condition::of_type(text, wanted, typing),
            None => Condition::new(text, typing),
        };
        read.map_err(|ConditionError { at, what, what_zh, suggestion }| {
            self.problems.add_with(node.place_in(offset + at), what_zh, what, suggestion);
        })
        .ok()
    }

    /// The condition at a key; `None` where the key is missing.
    #[must_use]
    pub fn condition_at(
        &self,
        table: Table<'_>,
        key: &str,
        wanted: Option<&Type>,
        typing: &Typing<'_>,
    ) -> Option<Condition> {
        self.condition(table.get(key)?, wanted, typing)
    }

    /// A condition that yields a date or a moment.
    pub(crate) fn time_at(&self, table: Table<'_>, key: &str, typing: &Typing<'_>) -> Option<Condition> {
        let node = table.get(key)?;
        let condition = self.condition(node, None, typing)?;
        if matches!(condition.of(), Type::Date | Type::Moment) {
            return Some(condition);
        }
        let (zh, en) = condition.of().name();
        let (zh, en) = (
            format!("此處應為日期或日期時間,不是{zh}"),
            format!("a date or a moment is asked for here, not {en}"),
        );
        self.problem(node.place(), zh, en);
        None
    }

    /// A condition that yields a person or people.
    pub(crate) fn people(&self, node: Node<'_>, typing: &Typing<'_>) -> Option<Condition> {
        let condition = self.condition(node, None, typing)?;
        if *condition.of() == Type::Person || *condition.of() == Type::Person.list() {
            return Some(condition);
        }
        let (zh, en) = condition.of().name();
        self.problem(
            node.place(),
            format!("此處應為人員,不是{zh}"),
            format!("a person or people are asked for here, not {en}"),
        );
        None
    }

    /// `true`, `false` or a condition; `absent` where the key is missing.
    #[must_use]
    pub fn when(&self, table: Table<'_>, key: &str, absent: When, typing: &Typing<'_>) -> When {
        let Some(node) = table.get(key) else { return absent };
        match node.flag() {
            Some(true) => When::Always,
            Some(false) => When::Never,
            None => self.condition(node, Some(&Type::Truth), typing).map_or(absent, When::If),
        }
    }

    /// A text in both languages with values in braces.
    pub(crate) fn template(&self, table: Table<'_>, key: &str, typing: &Typing<'_>) -> Option<Template> {
        let languages = table.inner(key)?;
        let zh = self.pieces(languages.get("zh")?, typing)?;
        let en = self.pieces(languages.get("en")?, typing)?;
        Some(Template { zh, en })
    }

    fn pieces(&self, node: Node<'_>, typing: &Typing<'_>) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        for (offset, part) in split_braces(node.text()?) {
            match part {
                Braced::Text(text) => pieces.push(Piece::Text(text.into())),
                Braced::Inside(inside) => {
                    pieces.push(Piece::Value(self.condition_in(node, inside, offset, None, typing)?));
                }
                Braced::Open => {
                    let (zh, en) =
                        ("「{」沒有對應的「}」;要顯示大括號請寫「{{」", "{ has no }; write {{ for a brace");
                    self.problem(node.place_in(offset), zh, en);
                    return None;
                }
            }
        }
        Some(pieces)
    }

    /// The id at a key, when there is such a thing.
    pub(crate) fn known_at<'n, T: FromStr>(
        &self,
        table: Table<'_>,
        key: &str,
        names: impl IntoIterator<Item = &'n str>,
        what: (&str, &str),
    ) -> Option<T> {
        self.known(table.get(key)?, names, what)
    }

    /// The id, when there is such a thing.
    pub(crate) fn known<'n, T: FromStr>(
        &self,
        node: Node<'_>,
        names: impl IntoIterator<Item = &'n str>,
        what: (&str, &str),
    ) -> Option<T> {
        let text = node.text()?;
        let names: Vec<&str> = names.into_iter().collect();
        if names.contains(&text) {
            return text.parse().ok();
        }
        // What is no id at all was told by the structural check.
        let id: T = text.parse().ok()?;
        if !self.names.broken.contains(text) {
            let suggestion = nearest(text, names).map(str::to_owned);
            let (zh, en) =
                (format!("沒有名為「{text}」的{}", what.0), format!("there is no {} {text:?}", what.1));
            self.problems.add_with(node.place(), zh, en, suggestion);
        }
        drop(id);
        None
    }

    pub(crate) fn role_at(&self, table: Table<'_>, key: &str) -> Option<RoleId> {
        self.known_at(table, key, self.vocabulary.roles.iter().map(RoleId::as_str), ("角色", "role"))
    }

    pub(crate) fn roles(&self, table: Table<'_>, key: &str) -> Vec<RoleId> {
        let names = || self.vocabulary.roles.iter().map(RoleId::as_str);
        table.list(key).into_iter().filter_map(|node| self.known(node, names(), ("角色", "role"))).collect()
    }

    /// The register named at a key; what is none is told.
    #[must_use]
    pub fn register_at(&self, table: Table<'_>, key: &str) -> Option<RegisterId> {
        self.known_at(
            table,
            key,
            self.vocabulary.registers.keys().map(RegisterId::as_str),
            ("登記簿", "register"),
        )
    }

    /// The step named at a key, which the system may take on records of a register; what is none is told.
    #[must_use]
    pub fn step_of_system(&self, table: Table<'_>, key: &str, register: &RegisterId) -> Option<StepId> {
        let steps = self.names.by_system.get(register);
        let opening = self.names.openings.get(register).map(Vec::as_slice).unwrap_or_default();
        let names = steps.into_iter().flatten().filter(|step| !opening.contains(step)).map(StepId::as_str);
        self.known_at(table, key, names, ("系統得辦理之步驟", "step that the system may take"))
    }

    pub(crate) fn grade_at(&self, table: Table<'_>, key: &str) -> Option<GradeId> {
        self.known_at(table, key, self.vocabulary.grades.iter().map(GradeId::as_str), ("機密等級", "grade"))
    }

    pub(crate) fn procedures(&self, table: Table<'_>, key: &str) -> Vec<ProcedureId> {
        let names = || self.vocabulary.procedures.iter().map(ProcedureId::as_str);
        table
            .list(key)
            .into_iter()
            .filter_map(|node| self.known(node, names(), ("程序", "procedure")))
            .collect()
    }

    /// The clauses cited at `clause`; what is none is told.
    #[must_use]
    pub fn clauses(&self, table: Table<'_>) -> Vec<ClauseId> {
        let names = || self.names.clauses.iter().map(ClauseId::as_str);
        table
            .list("clause")
            .into_iter()
            .filter_map(|node| self.known(node, names(), ("條文", "clause")))
            .collect()
    }

    /// Fields of a register named in a list.
    pub(crate) fn fields(&self, table: Table<'_>, key: &str, register: &RegisterId) -> Vec<(FieldId, Place)> {
        let nodes = table.list(key).into_iter();
        nodes.filter_map(|node| Some((self.field(node, register)?, node.place()))).collect()
    }

    pub(crate) fn field(&self, node: Node<'_>, register: &RegisterId) -> Option<FieldId> {
        let outline = self.vocabulary.registers.get(register)?;
        self.known(node, outline.fields.keys().map(FieldId::as_str), ("欄位", "field"))
    }

    /// Keeps a place for later.
    pub(crate) fn mark(&self, name: String, place: Place) {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).insert(name, place);
    }

    /// A place kept before; the file's beginning where there is none.
    pub(crate) fn place(&self, name: &str) -> Place {
        let kept = self.marks.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        kept.unwrap_or_else(|| Place { file: "pack.toml".to_owned(), line: 1, column: 1 })
    }
}

/// A part of a text with braces.
pub(crate) enum Braced<'t> {
    Text(&'t str),
    Inside(&'t str),
    /// An opening brace without its closing one.
    Open,
}

/// The parts of a text with the byte offsets they start at. `{{` is a brace.
pub(crate) fn split_braces(text: &str) -> Vec<(usize, Braced<'_>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.find('{') {
            None => {
                parts.push((at, Braced::Text(rest)));
                break;
            }
            Some(0) if rest.starts_with("{{") => {
                parts.push((at, Braced::Text("{")));
                at += 2;
            }
            Some(0) => {
                let Some(close) = rest.find('}') else {
                    parts.push((at, Braced::Open));
                    break;
                };
                parts.push((at + 1, Braced::Inside(rest.get(1..close).unwrap_or_default())));
                at += close + 1;
            }
            Some(open) => {
                parts.push((at, Braced::Text(rest.get(..open).unwrap_or_default())));
                at += open;
            }
        }
    }
    parts
}
