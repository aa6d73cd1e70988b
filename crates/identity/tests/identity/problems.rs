//! Problems of policies, each by name and at the character marked `⟦`, beside the other problems of the pack.

use identity::PolicySection;
use regulation::{Files, Folder, Problem, Sections, Source, load_with};
use std::path::Path;

fn problems(policies: &str) -> (Vec<Problem>, Option<(u32, u32)>) {
    let marked = policies.find('⟦').map(|at| {
        let before = &policies[..at];
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        (u32::try_from(before.matches('\n').count() + 1).unwrap(), u32::try_from(column).unwrap())
    });
    let mut files = Folder::new(Path::new("../regulation/tests/tiny")).files().unwrap();
    files.insert("policies/own.cedar".to_owned(), policies.replace('⟦', "").into_bytes());
    let loaded = load_with(&Files::new(files), &Sections::none().with(PolicySection));
    (loaded.err().unwrap_or_default(), marked)
}

/// The policies lead to one problem, said so in English, at the marked place.
fn one(policies: &str, en: &str, suggestion: Option<&str>) {
    let (problems, marked) = problems(policies);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    assert_eq!(problems.len(), 1, "one problem is expected ({en}), not:\n{told}");
    let problem = &problems[0];
    assert!(problem.en.contains(en), "{en:?} is expected in:\n{told}");
    assert!(problem.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{told}");
    assert_eq!(problem.suggestion.as_deref(), suggestion, "{told}");
    assert_eq!(problem.place.file, "policies/own.cedar", "{told}");
    assert_eq!(Some((problem.place.line, problem.place.column)), marked, "{told}");
}

#[test]
fn broken_syntax_is_refused_at_its_place() {
    one(
        "// 說明；\n@id(\"a\")\npermit (principal, action, resource)\nwhen { 1 + ⟦};\n",
        "not Cedar: unexpected token `}`",
        None,
    );
}

#[test]
fn a_policy_that_does_not_end_is_refused() {
    let (problems, _) = problems("@id(\"a\") permit (principal, action, resource)");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].en.starts_with("not Cedar"), "{}", problems[0]);
}

#[test]
fn an_unknown_action_is_refused_with_the_one_that_was_meant() {
    one(
        "@id(\"a\")\npermit (principal, action == ⟦Action::\"loan.aprove\", resource);",
        "there is no action Action::\"loan.aprove\"",
        Some("Action::\"loan.approve\""),
    );
    one(
        "@id(\"a\") permit (principal, action in ⟦Action::\"identty\", resource);",
        "there is no action",
        Some("Action::\"identity\""),
    );
}

#[test]
fn unknown_roles_registers_grades_and_states_are_refused_with_what_was_meant() {
    one(
        "@id(\"a\") permit (principal in ⟦Role::\"haed\", action, resource);",
        "there is no role Role::\"haed\"",
        Some("Role::\"head\""),
    );
    let when = |condition: &str| {
        format!(
            "@id(\"a\") permit (principal, action in Action::\"steps\", resource) when {{ {condition} }};"
        )
    };
    one(
        &when("resource.register == ⟦Register::\"laon\""),
        "there is no register Register::\"laon\"",
        Some("Register::\"loan\""),
    );
    one(&when("resource.grade == ⟦Grade::\"top\""), "there is no grade Grade::\"top\"", None);
    one(
        &when("resource has state && resource.state == ⟦State::\"loan.fild\""),
        "there is no state",
        Some("State::\"loan.filed\""),
    );
    one(&when("⟦principal.held.haed.contains(context.unit)"), "`held.haed`", Some("head"));
}

#[test]
fn wrong_types_are_refused() {
    let when = |condition: &str| {
        format!(
            "@id(\"a\") permit (principal, action in Action::\"steps\", resource) when {{ {condition} }};"
        )
    };
    one(
        &when("⟦resource.height == \"high\""),
        "the types Long and String are not compatible",
        Some(
            "for policy `a`, both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible",
        ),
    );
    one(&when("principal is ⟦Peron"), "there is no entity type Peron", Some("Person"));
    one(
        &when("⟦resource.opened_by == principal"),
        "optional attribute `opened_by`",
        Some("try testing for the attribute's presence with `e has opened_by && ..`"),
    );
}

#[test]
fn a_policy_that_never_applies_is_refused() {
    one(
        "⟦@id(\"a\") permit (principal, action == Action::\"loan.file\", resource is Unit);",
        "the policy never applies",
        None,
    );
}

#[test]
fn a_policy_has_a_name_of_its_own() {
    one("\n  ⟦permit (principal, action, resource);", "a policy has a name", Some("@id(\"…\")"));
    one("⟦@id(\"Not this\") permit (principal, action, resource);", "is no name of a policy", None);
    one(
        "@id(\"a\") permit (principal, action, resource);\n⟦@id(\"a\") forbid (principal, action, resource);",
        "the policy \"a\" is there already, at policies/own.cedar:1:1",
        None,
    );
    one(
        "⟦@id(\"cleared_for_the_grade\") permit (principal, action, resource);",
        "is there already, at policies/base.cedar:2:1",
        None,
    );
}

#[test]
fn a_template_is_no_policy() {
    one(
        "@id(\"a\") permit (principal == ⟦?principal, action, resource);",
        "got a template",
        Some("try removing the template slot(s) from this policy"),
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let (problems, _) = problems(
        "permit (principal, action, resource);\n\
         @id(\"a\") permit (principal in Role::\"haed\", action == Action::\"loan.fiel\", resource);\n\
         @id(\"b\") permit (principal, action, resource) when { } };\n\
         @id(\"c\") permit (principal in Role::\"haed\", action, resource);\n",
    );
    let lines: Vec<u32> = problems.iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [1, 2, 2, 3, 4], "{problems:?}");
}
