//! What policies say of single acts: permits, forbids, silence, and how fast.

use crate::city::{City, acting, appoint, grant, person, role, unit, worked};
use identity::{
    Act, Action, Beside, Command, On, Policies, PolicySection, RecordFacts, Refusal, Roster, Verdict,
};
use model::{Person, RecordId};
use regulation::{Files, Folder, Pack, Sections, Source, load_with};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The tiny pack with these policies.
pub(crate) fn pack(policies: &str) -> Pack {
    let mut files = Folder::new(Path::new("../regulation/tests/tiny")).files().unwrap();
    files.insert("policies/base.cedar".to_owned(), policies.as_bytes().to_vec());
    load_with(&Files::new(files), &Sections::none().with(PolicySection)).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        unreachable!("{}", told.join("\n"))
    })
}

fn policies(text: &str) -> Arc<Policies> {
    Policies::compile(&pack(text)).unwrap()
}

/// The tiny city; 1 is head of unit 2, 2 a clerk there, 3 an auditor, 4 clerk of unit 4.
fn city() -> City {
    let mut city = City::tiny();
    for (number, name, place) in
        [(1, "head", Some(2)), (2, "clerk", Some(2)), (3, "auditor", None), (4, "clerk", Some(4))]
    {
        city.console(&grant(number, name, place));
    }
    city
}

fn record(place: u16, grade: &str, state: Option<&str>) -> RecordFacts {
    RecordFacts {
        record: RecordId::from_bytes([9; 16]),
        register: "loan".parse().unwrap(),
        unit: unit(place),
        state: state.map(|state| state.parse().unwrap()),
        grade: grade.parse().unwrap(),
        opened_by: Some(person(2)),
    }
}

fn step(name: &str) -> Action {
    Action::Step("loan".parse().unwrap(), name.parse().unwrap())
}

fn judge(
    policies: &Policies,
    roster: &Roster<'_>,
    actor: &Person,
    action: Action,
    on: RecordFacts,
) -> Verdict {
    policies.judge(&roster.ask(actor, action, On::Record(on), Beside::default()).unwrap())
}

fn granted(name: &str) -> Verdict {
    Verdict::Granted(name.to_owned())
}

fn forbidden(name: &str) -> Verdict {
    Verdict::Forbidden(name.to_owned())
}

#[test]
fn policies_are_shared_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&policies(""));
}

#[test]
fn whether_policies_speak_of_single_records_is_known() {
    for (text, names) in [
        ("", false),
        ("@id(\"kind\") forbid (principal, action, resource is Record);", false),
        (
            "@id(\"unit\") permit (principal, action, resource is Record) when { resource.unit == context.unit };",
            false,
        ),
        (
            "@id(\"head\") forbid (principal, action, resource == Record::\"r_00000000000000000000000001\");",
            true,
        ),
        (
            "@id(\"body\") forbid (principal, action, resource is Record)\n\
             when { resource == Record::\"r_00000000000000000000000001\" };",
            true,
        ),
    ] {
        assert_eq!(policies(text).names_records(), names, "{text}");
    }
}

#[test]
fn without_policies_everything_is_silent() {
    let (city, policies) = (city(), policies(""));
    let verdict =
        judge(&policies, &city.roster(), &acting(2, "clerk", 2), step("approve"), record(2, "public", None));
    assert_eq!(verdict, Verdict::Silent);
}

#[test]
fn what_one_policy_forbids_no_other_grants() {
    let policies = policies(
        "@id(\"heads_may\") permit (principal, action == Action::\"loan.approve\", resource)\n\
         when { context.role == Role::\"head\" };\n\
         @id(\"not_their_own\") forbid (principal, action in Action::\"loan.*\", resource)\n\
         when { resource has opened_by && resource.opened_by == principal };",
    );
    let city = city();
    let roster = city.roster();
    let say = |number, name: &str, taken: &str| {
        let actor = acting(number, name, 2);
        judge(&policies, &roster, &actor, step(taken), record(2, "public", Some("filed")))
    };
    assert_eq!(say(1, "head", "approve"), granted("heads_may"));
    assert_eq!(say(2, "head", "approve"), forbidden("not_their_own"));
    assert_eq!(say(2, "clerk", "file"), forbidden("not_their_own"));
    assert_eq!(say(1, "clerk", "approve"), Verdict::Silent);
    assert_eq!(say(1, "head", "file"), Verdict::Silent);
}

#[test]
fn policies_know_grades_states_registers_and_the_units_roles_are_held_in() {
    let policies = policies(
        "@id(\"above\") permit (principal, action, resource is Record)\n\
         when { resource.unit in principal.held.head };\n\
         @id(\"anywhere\") permit (principal, action in Action::\"reads\", resource)\n\
         when { resource.unit in principal.held.auditor };\n\
         @id(\"grade\") forbid (principal, action, resource)\n\
         when { resource is Record && resource.height > principal.clearance };\n\
         @id(\"secret\") forbid (principal, action, resource)\n\
         when { resource is Record && resource.register == Register::\"loan\" &&\n\
                resource.grade == Grade::\"public\" && resource has state &&\n\
                resource.state == State::\"loan.out\" };",
    );
    let mut city = city();
    let clear = Command::GrantClearance { person: person(1), grade: "secret".parse().unwrap() };
    city.console(&clear);
    let roster = city.roster();
    let say = |number, action: Action, on| judge(&policies, &roster, &acting(number, "head", 2), action, on);
    assert_eq!(say(1, step("approve"), record(2, "internal", None)), granted("above"));
    assert_eq!(say(1, step("approve"), record(4, "internal", None)), granted("above"));
    assert_eq!(say(1, step("approve"), record(3, "internal", None)), Verdict::Silent);
    assert_eq!(say(1, step("approve"), record(4, "secret", None)), granted("above"));
    assert_eq!(say(2, step("approve"), record(4, "secret", None)), forbidden("grade"));
    assert_eq!(say(1, step("approve"), record(4, "public", Some("out"))), forbidden("secret"));
    assert_eq!(say(1, step("approve"), record(4, "public", Some("filed"))), granted("above"));
    let read = Action::Read("loan".parse().unwrap());
    assert_eq!(say(3, read.clone(), record(3, "internal", None)), granted("anywhere"));
    assert_eq!(say(4, read, record(3, "internal", None)), Verdict::Silent);
    // A grade the pack does not know lies above all it knows.
    assert_eq!(say(1, step("approve"), record(4, "cosmic", None)), forbidden("grade"));
}

#[test]
fn a_forbidding_policy_that_cannot_be_evaluated_forbids() {
    // Nothing is known of whoever opened the record.
    let policies = policies(
        "@id(\"may\") permit (principal, action, resource);\n\
         @id(\"neighbours\") forbid (principal, action in Action::\"steps\", resource)\n\
         when { resource has opened_by && resource.opened_by.home == principal.home };",
    );
    let city = city();
    let verdict =
        judge(&policies, &city.roster(), &acting(1, "head", 2), step("approve"), record(2, "public", None));
    assert_eq!(verdict, forbidden("neighbours"));
}

#[test]
fn an_action_the_pack_does_not_know_is_judged_by_what_holds_for_all() {
    let policies = policies(
        "@id(\"all\") forbid (principal in Role::\"auditor\", action, resource);\n\
         @id(\"some\") permit (principal, action in Action::\"steps\", resource);",
    );
    let city = city();
    let roster = city.roster();
    let say = |number| {
        let actor = acting(number, "clerk", 2);
        judge(&policies, &roster, &actor, step("gone"), record(2, "public", None))
    };
    assert_eq!((say(3), say(2)), (forbidden("all"), Verdict::Silent));
}

#[test]
fn a_verdict_tells_casework_what_it_asks() {
    assert_eq!(granted("a").for_flow(), Ok(casework::Policy::Granted("a".into())));
    assert_eq!(Verdict::Silent.for_flow(), Ok(casework::Policy::Silent));
    assert_eq!(forbidden("b").for_flow(), Err("b".to_owned()));
}

#[test]
fn an_identity_act_is_refused_unless_every_question_it_raises_is_granted() {
    let policies = policies(
        "@id(\"in_the_unit\") permit (principal, action in Action::\"identity\", resource)\n\
         when { resource is Unit && context.role == Role::\"head\" && resource in context.unit };\n\
         @id(\"people\") permit (principal, action == Action::\"identity.change_person\", resource)\n\
         when { context.role == Role::\"head\" };",
    );
    let mut city = city();
    let head = acting(1, "head", 2);
    let mut give = |command: &Command| city.under(&policies, &head, command);
    give(&crate::city::create(9, Some(4))).unwrap();
    assert_eq!(give(&crate::city::create(10, Some(3))), Err(Refusal::NotPermitted));
    // Moving a unit is also asked of the unit it is to lie below, moving a person of the unit they move to.
    let to = |place| Command::ChangeUnit {
        unit: unit(9),
        names: identity::Names::new("單位", "Unit").unwrap(),
        code: "單9".parse().unwrap(),
        superior: Some(unit(place)),
    };
    assert_eq!(give(&to(3)), Err(Refusal::NotPermitted));
    give(&to(2)).unwrap();
    let home = |place| Command::ChangePerson {
        person: person(5),
        details: crate::city::details(5),
        home: unit(place),
    };
    assert_eq!(give(&home(3)), Err(Refusal::NotPermitted));
    give(&home(4)).unwrap();
    assert_eq!(give(&grant(77, "clerk", Some(2))), Err(Refusal::NotPermitted));
}

#[test]
fn what_a_policy_forbids_is_forbidden_on_oneself_too() {
    let policies = policies(
        "@id(\"no_deputies\") forbid (principal, action == Action::\"identity.appoint_deputy\", resource)\n\
         when { context.deputy in Role::\"auditor\" };",
    );
    let mut city = city();
    let clerk = acting(2, "clerk", 2);
    city.under(&policies, &clerk, &appoint(2, 1, 1, 2)).unwrap();
    let refused = city.under(&policies, &clerk, &appoint(2, 3, 1, 2));
    assert_eq!(refused, Err(Refusal::Forbidden("no_deputies".into())));
}

#[test]
fn acts_on_people_tell_policies_what_they_are_about() {
    let policies = policies(
        "@id(\"clerks\") permit (principal, action == Action::\"identity.grant_role\", resource)\n\
         when { context.granted == Role::\"clerk\" && context has in_unit && context.in_unit == resource.home };\n\
         @id(\"low\") permit (principal, action == Action::\"identity.grant_clearance\", resource)\n\
         when { context.height < 2 && context.grade != Grade::\"secret\" };",
    );
    let city = city();
    let roster = city.roster();
    let ask = |act, beside| {
        let ask = roster.ask(&acting(1, "head", 2), Action::Identity(act), On::Person(person(5)), beside);
        policies.judge(&ask.unwrap())
    };
    let role_ = |name, place: u16| Beside {
        granted: Some(role(name)),
        in_unit: Some(unit(place)),
        ..Beside::default()
    };
    assert_eq!(ask(Act::GrantRole, role_("clerk", 2)), granted("clerks"));
    assert_eq!(ask(Act::GrantRole, role_("clerk", 3)), Verdict::Silent);
    assert_eq!(ask(Act::GrantRole, role_("head", 2)), Verdict::Silent);
    assert_eq!(ask(Act::EndRole, role_("clerk", 2)), Verdict::Silent);
    let grade =
        |name: &str, height| Beside { grade: Some((name.parse().unwrap(), height)), ..Beside::default() };
    assert_eq!(ask(Act::GrantClearance, grade("internal", 1)), granted("low"));
    assert_eq!(ask(Act::GrantClearance, grade("secret", 2)), Verdict::Silent);
}

/// Thirty policies, twenty of which are about the step and have to be evaluated. The limit is wide, since tests are not optimised; an optimised
/// build is held to the limit that is meant.
#[test]
fn a_decision_among_thirty_policies_is_made_at_once() {
    let mut text = String::new();
    for number in 0..30 {
        let action = match number % 3 {
            0 => "action in Action::\"steps\"",
            1 => "action == Action::\"loan.file\"",
            _ => "action in Action::\"identity\"",
        };
        writeln!(
            text,
            "@id(\"p{number}\") forbid (principal in Role::\"auditor\", {action}, resource) \
             when {{ resource is Record && resource.height > {number} && resource.unit in principal.held.head }};"
        )
        .unwrap();
    }
    // Only steps have records; the others are told to be so.
    let text = text.replace("action in Action::\"identity\"", "action in Action::\"reads\"");
    let (city, policies) = (city(), policies(&text));
    let roster = city.roster();
    let rounds: u32 = 300;
    let started = worked();
    for _ in 0..rounds {
        let verdict = judge(
            &policies,
            &roster,
            &acting(3, "auditor", 1),
            step("file"),
            record(2, "public", Some("out")),
        );
        assert_eq!(verdict, Verdict::Silent);
    }
    let each = (worked() - started) / rounds;
    println!("{each:?} each");
    let limit = if cfg!(debug_assertions) { Duration::from_millis(10) } else { Duration::from_micros(100) };
    assert!(each < limit, "{each:?} each");
}
