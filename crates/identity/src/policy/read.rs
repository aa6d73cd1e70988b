//! From the texts of policies to checked policies, with every problem at its place.
//!
//! Invariants: one broken policy hides no problem of another; places are those of the file, whatever Cedar counted
//! from; what Cedar only warns of is a problem here, since a policy that never applies was meant to.

use super::schema;
use cedar_policy::{
    Policy, PolicyId, PolicySet, Schema, ValidationError, ValidationMode, ValidationWarning, Validator,
};
use miette::Diagnostic;
use regulation::{Place, Problem, Vocabulary, nearest, whole_file};
use std::collections::BTreeMap;

/// The policies of these files (path and text), and every problem, in order of place.
pub(super) fn read(
    files: &BTreeMap<Box<str>, Box<str>>,
    vocabulary: &Vocabulary,
) -> (Vec<Policy>, Vec<Problem>) {
    let mut reading = Reading { vocabulary, problems: Vec::new(), places: BTreeMap::new() };
    let mut policies = Vec::new();
    for (path, text) in files {
        for statement in statements(path, text) {
            policies.extend(reading.policy(statement));
        }
    }
    reading.register_steps();
    reading.validate(&policies);
    reading.problems.sort();
    reading.problems.dedup();
    (policies, reading.problems)
}

/// One policy as it stands in a file.
#[derive(Clone, Copy)]
struct Statement<'t> {
    path: &'t str,
    file: &'t str,
    /// Where in the file it starts, in bytes.
    at: usize,
    text: &'t str,
}

struct Reading<'r> {
    vocabulary: &'r Vocabulary,
    problems: Vec<Problem>,
    /// Where each policy stands, by its name.
    places: BTreeMap<String, Statement<'r>>,
}

impl<'r> Reading<'r> {
    fn add(
        &mut self,
        place: Place,
        zh: impl Into<String>,
        en: impl Into<String>,
        suggestion: Option<String>,
    ) {
        self.problems.push(Problem { place, zh: zh.into(), en: en.into(), suggestion });
    }

    /// Reads a policy and gives it its name.
    fn policy(&mut self, statement: Statement<'r>) -> Option<Policy> {
        let policy = match Policy::parse(None, statement.text) {
            Ok(policy) => policy,
            Err(errors) => {
                for error in errors.iter() {
                    let (at, expected) = label(error);
                    let what = expected.map_or_else(|| error.to_string(), |all| format!("{error}; {all}"));
                    let (zh, en) = (format!("政策語法錯誤：{what}"), format!("not Cedar: {what}"));
                    self.add(statement.place(at.map_or(0, |(at, _)| at)), zh, en, help(error));
                }
                return None;
            }
        };
        let Some(name) = policy.annotation("id") else {
            let suggestion = Some("@id(\"…\")".to_owned());
            self.add(statement.place(0), "政策須有代號", "a policy has a name, in front of it", suggestion);
            return None;
        };
        if !is_name(name) {
            let (zh, en) = (
                format!("政策代號「{name}」僅含小寫英文字母、數字與底線，字母開頭，至多 60 字"),
                format!(
                    "{name:?} is no name of a policy: small letters, digits and _, a letter first, at most 60"
                ),
            );
            self.add(statement.place(0), zh, en, None);
            return None;
        }
        if let Some(first) = self.places.get(name) {
            let first = first.place(0);
            let (zh, en) = (
                format!("政策「{name}」已定義於 {first}"),
                format!("the policy {name:?} is there already, at {first}"),
            );
            self.add(statement.place(0), zh, en, None);
            return None;
        }
        self.places.insert(name.to_owned(), statement);
        Some(policy.new_id(PolicyId::new(name)))
    }

    /// A step called `read` would be one with reading.
    fn register_steps(&mut self) {
        for (register, outline) in &self.vocabulary.registers {
            if outline.steps.contains_key("read") {
                self.problems.push(Problem {
                    place: whole_file(&format!("registers/{register}.toml")),
                    zh: "步驟不得名為 read，政策中「read」指閱覽".into(),
                    en: "no step is called `read`: in policies that is reading a record".into(),
                    suggestion: None,
                });
            }
        }
    }

    fn validate(&mut self, policies: &[Policy]) {
        let text = schema::schema(self.vocabulary);
        let schema = match Schema::from_cedarschema_str(&text) {
            Ok((schema, _)) => schema,
            Err(error) => {
                let (zh, en) =
                    (format!("規範無法轉為政策綱要：{error}"), format!("the pack makes no schema: {error}"));
                return self.add(whole_file("pack.toml"), zh, en, None);
            }
        };
        let validator = Validator::new(schema);
        for policy in policies {
            let mut set = PolicySet::new();
            let added = set.add(policy.clone());
            debug_assert!(added.is_ok(), "a set of one policy");
            let result = validator.validate(&set, ValidationMode::Strict);
            let Some(statement) = self.places.get(&policy.id().to_string()).copied() else { continue };
            let mut wrong = false;
            for error in result.validation_errors() {
                wrong = true;
                self.invalid(statement, error);
            }
            // A policy with a slip in it never applies either; that is told once.
            for warning in result.validation_warnings().filter(|_| !wrong) {
                self.warned(statement, warning);
            }
        }
    }

    fn warned(&mut self, statement: Statement<'_>, warning: &ValidationWarning) {
        let at = label(warning).0.map_or(0, |(at, _)| at);
        let (zh, en) = match warning {
            ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_) => (
                "政策永不適用：沒有任何動作符合其條件".to_owned(),
                "the policy never applies: no act fits what it asks".to_owned(),
            ),
            other => {
                let said = plain(other, other.policy_id());
                (format!("政策含易混淆之文字：{said}"), format!("the policy may be misread: {said}"))
            }
        };
        self.add(statement.place(at), zh, en, None);
    }

    fn invalid(&mut self, statement: Statement<'_>, error: &ValidationError) {
        let (at, length) = label(error).0.unwrap_or_default();
        let written = statement.text.get(at..at + length).unwrap_or_default();
        let place = statement.place(at);
        let said = plain(error, error.policy_id());
        let (zh, en, suggestion) = match error {
            ValidationError::UnrecognizedEntityType(_) => (
                format!("沒有「{written}」這種對象"),
                format!("there is no entity type {written}"),
                help(error),
            ),
            ValidationError::UnrecognizedActionId(_) => {
                let names: Vec<String> = self.action_names();
                let suggestion = suggest(written, names.iter().map(String::as_str));
                (
                    format!("沒有動作「{}」", inner(written)),
                    format!("there is no action {written}"),
                    suggestion,
                )
            }
            ValidationError::InvalidEnumEntity(_) => {
                let (zh, en, names) = self.words(written);
                let suggestion = suggest(written, names.iter().map(String::as_str));
                (
                    format!("沒有名為「{}」的{zh}", inner(written)),
                    format!("there is no {en} {written}"),
                    suggestion,
                )
            }
            ValidationError::UnsafeAttributeAccess(_) => {
                (format!("此處之對象沒有這個屬性：{said}"), said, help(error))
            }
            ValidationError::UnsafeOptionalAttributeAccess(_) => {
                (format!("此屬性可能不存在，須先以 has 判斷：{said}"), said, help(error))
            }
            ValidationError::UnexpectedType(_) | ValidationError::IncompatibleTypes(_) => {
                (format!("型別不符：{said}"), said, help(error))
            }
            _ => (format!("政策不成立：{said}"), said, help(error)),
        };
        self.add(place, zh, en, suggestion);
    }

    fn action_names(&self) -> Vec<String> {
        let actions = schema::actions(self.vocabulary);
        let names = actions.into_iter().flat_map(|action| action.groups.into_iter().chain([action.name]));
        names.collect()
    }

    /// What an entity that is none was meant to be: in Chinese, in English, and the names there are.
    fn words(&self, written: &str) -> (&'static str, &'static str, Vec<String>) {
        let all = self.vocabulary;
        let registers = || all.registers.iter();
        match written.split("::").next().unwrap_or_default().trim() {
            "Grade" => ("機密等級", "grade", all.grades.iter().map(ToString::to_string).collect()),
            "Register" => ("登記簿", "register", registers().map(|(id, _)| id.to_string()).collect()),
            "Role" => ("角色", "role", all.roles.iter().map(ToString::to_string).collect()),
            _ => {
                let states = registers().flat_map(|(id, outline)| {
                    outline.states.iter().map(move |state| format!("{id}.{state}"))
                });
                ("狀態", "state", states.collect())
            }
        }
    }
}

impl Statement<'_> {
    /// Line and column of a byte offset inside the policy.
    fn place(&self, offset: usize) -> Place {
        let before = self.file.get(..self.at + offset).unwrap_or(self.file);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { file: self.path.to_owned(), line: small(line), column: small(column) }
    }
}

/// The policies of a file: each ends with `;`, comments and texts apart.
fn statements<'t>(path: &'t str, file: &'t str) -> Vec<Statement<'t>> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut inside = Inside::Code;
    let mut add = |from: usize, to: usize| {
        let text = file.get(from..to).unwrap_or_default().trim_end();
        found.push(Statement { path, file, at: from, text });
    };
    let bytes = file.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        inside = match (inside, byte) {
            (Inside::Comment, b'\n')
            | (Inside::Text, b'"')
            | (Inside::Code, b' ' | b'\t' | b'\r' | b'\n') => Inside::Code,
            (Inside::Comment, _) => Inside::Comment,
            (Inside::Text, b'\\') => Inside::Escape,
            (Inside::Text | Inside::Escape, _) => Inside::Text,
            (Inside::Code, b'/') if bytes.get(at + 1) == Some(&b'/') => Inside::Comment,
            (Inside::Code, b';') => {
                add(start.take().unwrap_or(at), at + 1);
                Inside::Code
            }
            (Inside::Code, byte) => {
                start.get_or_insert(at);
                if *byte == b'"' { Inside::Text } else { Inside::Code }
            }
        };
    }
    if let Some(from) = start {
        add(from, file.len());
    }
    found
}

/// What a byte of a file belongs to.
#[derive(Clone, Copy)]
enum Inside {
    Code,
    Comment,
    Text,
    /// Behind a `\` in a text.
    Escape,
}

fn is_name(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Where a diagnostic points, in bytes from the policy's beginning and with its length, and what it says of that.
fn label(error: &dyn Diagnostic) -> (Option<(usize, usize)>, Option<String>) {
    let first = error.labels().and_then(|mut labels| labels.next());
    let Some(label) = first else { return (None, None) };
    (Some((label.offset(), label.len())), label.label().map(ToOwned::to_owned))
}

/// The message without the name Cedar puts before it.
fn plain(error: &dyn Diagnostic, policy: &PolicyId) -> String {
    let said = error.to_string();
    let rest = said.strip_prefix(&format!("for policy `{policy}`"));
    rest.map_or_else(|| said.clone(), |rest| rest.trim_start_matches([',', ':', ' ']).to_owned())
}

/// What Cedar says to write instead.
fn help(error: &dyn Diagnostic) -> Option<String> {
    let help = error.help()?.to_string();
    let meant = help.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"));
    Some(meant.unwrap_or(&help).to_owned())
}

/// The name inside `Type::"name"`.
fn inner(written: &str) -> &str {
    written.split('"').nth(1).unwrap_or(written)
}

fn suggest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let of = written.split("::").next()?.trim();
    Some(format!("{of}::\"{}\"", nearest(inner(written), names)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_end_with_a_semicolon_outside_of_comments_and_texts() {
        let file = "// a; b\n permit (x) when { y == \"a;\\\";\" }; // c;\n\nforbid z;;\n d";
        let found: Vec<(usize, &str)> = statements("p", file).iter().map(|one| (one.at, one.text)).collect();
        assert_eq!(
            found,
            [(9, "permit (x) when { y == \"a;\\\";\" };"), (50, "forbid z;"), (59, ";"), (62, "d")]
        );
    }

    #[test]
    fn no_step_is_called_read() {
        let outline = regulation::Outline {
            steps: [("read".parse().unwrap(), vec!["done"])].into(),
            ..regulation::Outline::default()
        };
        let vocabulary =
            Vocabulary { registers: [("loan".parse().unwrap(), outline)].into(), ..Vocabulary::default() };
        let (_, problems) = read(&BTreeMap::new(), &vocabulary);
        let told: Vec<String> = problems.iter().map(|one| format!("{}: {}", one.place, one.en)).collect();
        assert_eq!(
            told,
            ["registers/loan.toml:1:1: no step is called `read`: in policies that is reading a record"]
        );
    }
}
