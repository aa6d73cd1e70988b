//! Every refusal, by name and place: the tiny pack is changed in one spot, and exactly the problem expected is
//! told, at the character marked `⟦`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

use regulation::{Files, Folder, Problem, Source, load};
use std::path::Path;

/// One spot changed: in `file`, `from` becomes `to`.
struct Change<'c> {
    file: &'c str,
    from: &'c str,
    to: &'c str,
}

const fn change<'c>(file: &'c str, from: &'c str, to: &'c str) -> Change<'c> {
    Change { file, from, to }
}

/// The problems of the changed pack, and the place that was marked.
fn problems(changes: &[Change<'_>]) -> (Vec<Problem>, Option<(String, u32, u32)>) {
    let mut files = Folder::new(Path::new("tests/tiny")).files().unwrap();
    for Change { file, from, to } in changes {
        let text = files.get(*file).map_or("", |bytes| std::str::from_utf8(bytes).unwrap());
        assert!(from.is_empty() || text.matches(from).count() == 1, "{from:?} stands once in {file}");
        let changed = if from.is_empty() { format!("{text}{to}") } else { text.replace(from, to) };
        files.insert((*file).to_owned(), changed.into_bytes());
    }
    let mut marked = None;
    for (file, bytes) in &mut files {
        let text = std::str::from_utf8(bytes).unwrap();
        if let Some(at) = text.find('⟦') {
            let before = &text[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            marked = Some((file.clone(), u32::try_from(line).unwrap(), u32::try_from(column).unwrap()));
            *bytes = text.replace('⟦', "").into_bytes();
        }
    }
    (load(&Files::new(files)).err().unwrap_or_default(), marked)
}

/// The changes lead to one problem, said so in English, at the marked place.
fn refused(changes: &[Change<'_>], en: &str, suggestion: Option<&str>) {
    let (problems, marked) = problems(changes);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    let [problem] = problems.as_slice() else { panic!("one problem is expected ({en}), not:\n{told}") };
    assert!(problem.en.contains(en), "{en:?} is expected in:\n{told}");
    assert!(
        problem.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) || en.starts_with("{ zh"),
        "{told}"
    );
    assert_eq!(problem.suggestion.as_deref(), suggestion, "{told}");
    let place = (problem.place.file.clone(), problem.place.line, problem.place.column);
    assert_eq!(Some(place), marked, "{told}");
}

fn one(file: &str, from: &str, to: &str, en: &str, suggestion: Option<&str>) {
    refused(&[change(file, from, to)], en, suggestion);
}

const KEY: &str = "registers/key.toml";
const LOAN: &str = "registers/loan.toml";
const ROUND: &str = "registers/round.toml";
const DESTRUCTION: &str = "registers/destruction.toml";
const DUTY: &str = "duties/rounds.toml";
const CLAUSES: &str = "clauses/all.toml";

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    one(KEY, "search = [", "⟦serach = [", "no key \"serach\"", Some("search"));
    one(LOAN, "never = [", "⟦nevre = [", "no key \"nevre\"", Some("never"));
}

#[test]
fn a_missing_key_is_refused_where_its_table_begins() {
    one(KEY, "[grade]\nis = \"internal\"\n", "⟦[grade]\n", "exactly one of is, field", None);
    refused(
        &[change(LOAN, "[[clock]]\n", "⟦[[clock]]\n"), change(LOAN, "runs = [\"out\"]\n", "")],
        "\"runs\" is missing",
        None,
    );
}

#[test]
fn broken_toml_is_refused_at_its_place() {
    one(KEY, "max = 20", "max = ⟦= 20", "not TOML", None);
}

#[test]
fn a_missing_translation_is_refused() {
    one(
        KEY,
        "label = { zh = \"鑰匙\", en = \"Keys\" }",
        "label = ⟦{ zh = \"鑰匙\" }",
        "English text is missing",
        None,
    );
    one(
        LOAN,
        "{ zh = \"參觀\", en = \"Visit\" }",
        "{ ⟦zh = \" \", en = \"Visit\" }",
        "Chinese text is missing",
        None,
    );
    one("roles.toml", "en = \"Head\" }", "en = \"Head\", ⟦de = \"Chef\" }", "not \"de\"", None);
}

#[test]
fn duplicates_are_refused_at_the_second() {
    one(LOAN, "id = \"kind\"", "id = ⟦\"purpose\"", "field \"purpose\" is there already", None);
    one(CLAUSES, "id = \"9\"\narticle", "id = ⟦\"1\"\narticle", "clause \"1\" is there already", None);
    one(
        "calendars/2024.toml",
        "date = 2024-02-15",
        "⟦date = 2024-01-01",
        "\"2024-01-01\" is there already",
        None,
    );
    one("procedures/fire.toml", "id = \"call\"", "id = ⟦\"shout\"", "step \"shout\" is there already", None);
    one("grades.toml", "id = \"secret\"", "id = ⟦\"public\"", "grade \"public\" is there already", None);
}

#[test]
fn a_second_grade_for_everybody_is_refused() {
    one(
        "grades.toml",
        "sign = \"passkey\"",
        "⟦cleared = true\nsign = \"passkey\"",
        "`cleared` stands once",
        None,
    );
}

#[test]
fn unknown_names_are_refused_with_what_was_meant() {
    one(
        KEY,
        "keeper\" }, { role = \"head\" }",
        "keeper\" }, { role = ⟦\"haed\" }",
        "no role \"haed\"",
        Some("head"),
    );
    one(DESTRUCTION, "register = \"loan\"", "register = ⟦\"laon\"", "no register \"laon\"", Some("loan"));
    one(LOAN, "to = \"overdue\"", "to = ⟦\"overdu\"", "no state \"overdu\"", Some("overdue"));
    one(
        LOAN,
        "[\"key\", \"until\"]\nsort",
        "[\"key\", ⟦\"untli\"]\nsort",
        "no field \"untli\"",
        Some("until"),
    );
    one(LOAN, "sort = [\"-until\"]", "sort = [⟦\"-untli\"]", "no field \"untli\"", Some("until"));
    one(LOAN, "clause = \"4\"\nfrom", "clause = ⟦\"44\"\nfrom", "no clause \"44\"", Some("4"));
    one(LOAN, "take = \"lend\"", "take = ⟦\"lned\"", "no step \"lned\"", Some("lend"));
    one(
        KEY,
        "hook = \"print_label\"",
        "hook = ⟦\"print_labl\"",
        "no hook \"print_labl\"",
        Some("print_label"),
    );
    one(ROUND, "is = \"public\"", "is = ⟦\"pubilc\"", "no grade \"pubilc\"", Some("public"));
    one(LOAN, "at = \"approve\"", "at = ⟦\"aprove\"", "no step \"aprove\"", Some("approve"));
    one(DUTY, "day = \"due_on\"", "day = \"due_on\", ⟦dya = \"due_on\"", "has no field \"dya\"", Some("day"));
    one(
        CLAUSES,
        "duty = \"monthly_round\"",
        "duty = ⟦\"montly_round\"",
        "no duty \"montly_round\"",
        Some("monthly_round"),
    );
    one(ROUND, "kind = \"number\"", "kind = ⟦\"nubmer\"", "none of", Some("number"));
    one(
        "procedures/fire.toml",
        "since = \"shout\"",
        "since = ⟦\"shoot\"",
        "no earlier step \"shoot\"",
        Some("shout"),
    );
    one(
        "pack.toml",
        "destruction = \"destruction\"",
        "destruction = ⟦\"destrction\"",
        "no register",
        Some("destruction"),
    );
}

#[test]
fn a_slip_in_a_condition_is_refused_at_its_character() {
    one(
        LOAN,
        "rule = \"length <= 14\"",
        "rule = \"⟦lenght <= 14\"",
        "no field or name \"lenght\"",
        Some("length"),
    );
    one(LOAN, "rule = \"length <= 14\"", "rule = \"length <= ⟦'14'\"", "a number is asked for here", None);
    one(
        LOAN,
        "target.record.state == 'in_place'",
        "target.record.state == ⟦'in_plaec'",
        "no option",
        Some("in_place"),
    );
    one(LOAN, "{actor.reason}\" }", "{actor.⟦raeson}\" }", "no attribute \"raeson\"", Some("reason"));
    one(
        LOAN,
        "title = { zh = \"{key.code} 借用\"",
        "title = { zh = \"{key.⟦cdoe} 借用\"",
        "no field \"cdoe\"",
        Some("code"),
    );
    one(
        CLAUSES,
        "where = \"drill.complete\"",
        "where = \"drill.⟦compelte\"",
        "no attribute",
        Some("complete"),
    );
    one(CLAUSES, "newest = \"day\"", "newest = ⟦\"humidity\"", "a date or a moment is asked for", None);
    one(LOAN, "person = \"key.keeper\"", "person = ⟦\"key.code\"", "a person or people are asked for", None);
}

#[test]
fn a_type_error_in_a_condition_is_refused() {
    one(
        LOAN,
        "value = \"(until - starts).days + 1\"",
        "value = \"⟦(until - starts) + 1\"",
        "cannot be combined",
        None,
    );
    one(
        ROUND,
        "required = \"looked_at.bad > 0\"",
        "required = \"⟦looked_at.bad\"",
        "yes or no is asked for",
        None,
    );
    one(DUTY, "day = \"due_on\"", "day = \"⟦object\"", "a date is asked for here, not a unit", None);
}

#[test]
fn computed_fields_in_a_circle_are_refused() {
    let field = "[[field]]\nid = \"a\"\nkind = \"computed\"\nvalue = ⟦\"b + 1\"\nlabel = { zh = \"甲\", en = \"A\" }\n\
                 [[field]]\nid = \"b\"\nkind = \"computed\"\nvalue = \"a + 1\"\nlabel = { zh = \"乙\", en = \"B\" }\n";
    let (found, marked) =
        problems(&[change(ROUND, "[[state]]\nid = \"open\"", &format!("{field}[[state]]\nid = \"open\""))]);
    assert_eq!(found.len(), 2);
    assert!(found[0].en.contains("the computed field a needs b"), "{}", found[0]);
    assert_eq!(found[0].place.line, marked.unwrap().1);
}

#[test]
fn a_state_no_path_reaches_is_refused() {
    let state = "[[state]]\nid = ⟦\"lost\"\nlabel = { zh = \"遺失\", en = \"Lost\" }\nend = \"void\"\n[[state]]\nid = \"gone\"";
    one(KEY, "[[state]]\nid = \"gone\"", state, "no path reaches the state lost", None);
}

#[test]
fn a_state_without_a_way_out_is_refused() {
    one(
        ROUND,
        "id = \"done\"\nlabel = { zh = \"完成\", en = \"Done\" }\nend = \"done\"",
        "id = ⟦\"done\"\nlabel = { zh = \"完成\", en = \"Done\" }",
        "no step leads out",
        None,
    );
}

#[test]
fn a_step_out_of_an_end_is_refused() {
    one(
        KEY,
        "id = \"retire\"\nlabel = { zh = \"停用\", en = \"Take out of use\" }\nfrom = [\"in_place\"]",
        "id = ⟦\"retire\"\nlabel = { zh = \"停用\", en = \"Take out of use\" }\nfrom = [\"in_place\", \"gone\"]",
        "starts in the end state gone",
        None,
    );
}

#[test]
fn a_clock_that_runs_in_an_end_is_refused() {
    refused(
        &[
            change(LOAN, "id = \"return\"", "id = ⟦\"return\""),
            change(LOAN, "runs = [\"out\"]", "runs = [\"out\", \"returned\"]"),
        ],
        "runs in the end state",
        None,
    );
}

#[test]
fn a_step_nobody_can_take_is_refused() {
    let step = |rest: &str| {
        format!(
            "id = ⟦\"retire\"\nlabel = {{ zh = \"停用\", en = \"Take out of use\" }}\nfrom = [\"in_place\"]\n{rest}"
        )
    };
    let from = "id = \"retire\"\nlabel = { zh = \"停用\", en = \"Take out of use\" }\nfrom = [\"in_place\"]\nby = [{ role = \"head\" }]";
    for (rest, why) in [
        ("by = []", "`by` names nobody"),
        ("by = [{ role = \"head\", when = false }]", "`by` names nobody"),
        ("by = [{ role = \"head\" }]\nwhen = false", "its `when` is false"),
        ("by = [{ system = true }]", "only the system may, and no clock or effect does"),
        ("by = [{ role = \"head\" }]\nneed = 2", "it needs 2 people, and there are at most 1"),
        ("by = [{ person = \"keeper\" }]\nnever = [\"keeper\"]", "everyone named is barred"),
        ("cosign = [{ role = \"head\" }]\nneed = 2", "it needs 2 seats of 1"),
    ] {
        one(KEY, from, &step(rest), why, None);
    }
}

#[test]
fn an_approval_only_the_applicant_could_give_is_refused() {
    one(
        DESTRUCTION,
        "id = \"approve\"\nlabel = { zh = \"核定\", en = \"Decide\" }\nfrom = [\"filed\"]\nby = [{ role = \"head\" }, { role = \"auditor\", unit = \"*\" }]\ntwo_person = true\nif_short = [{ role = \"head\", unit = \"superior(record.unit)\" }]",
        "id = ⟦\"approve\"\nlabel = { zh = \"核定\", en = \"Decide\" }\nfrom = [\"filed\"]\nby = [{ person = \"record.opened_by\" }]",
        "everyone named is barred",
        None,
    );
}

#[test]
fn a_loop_of_escalations_is_refused() {
    let step = "[[step]]\nid = \"resume\"\nlabel = { zh = \"恢復\", en = \"Resume\" }\nfrom = [\"overdue\"]\nby = [{ system = true }]\nto = \"out\"\n\n[[step]]\nid = \"give_back\"";
    let clock = "[[clock]]\nid = \"again\"\nlabel = { zh = \"再計\", en = \"Again\" }\nruns = [\"overdue\"]\nlimit = \"1 day\"\n[[clock.then]]\ntake = \"resume\"\n\n[[clock]]\nid = \"return\"";
    let changes = [
        change(LOAN, "id = \"chase\"", "id = ⟦\"chase\""),
        change(LOAN, "[[step]]\nid = \"give_back\"", step),
        change(LOAN, "[[clock]]\nid = \"return\"", clock),
    ];
    refused(&changes, "steps taken by themselves make a loop: loan.chase → loan.resume → loan.chase", None);
}

#[test]
fn a_loop_of_records_that_open_one_another_is_refused() {
    one(
        ROUND,
        "id = \"open\"\nlabel = { zh = \"開立\", en = \"Open\" }\nby = [{ system = true }]\nfields = [\"day\"]\nto = \"open\"\n",
        "id = ⟦\"open\"\nlabel = { zh = \"開立\", en = \"Open\" }\nby = [{ system = true }]\nfields = [\"day\"]\nto = \"open\"\n[[step.then]]\nopen = \"round\"\nset = { day = \"day\" }\n",
        "steps taken by themselves make a loop: round.open → round.open",
        None,
    );
}

#[test]
fn a_grade_that_is_kept_on_paper_asks_what_may_be_written_of_it_here() {
    let paper = "[paper]\nwhen = \"purpose.contains('專案')\"\nkeep = [\"key\", \"until\", \"level\"]\n";
    refused(
        &[change(LOAN, paper, ""), change(LOAN, "id = \"level\"", "id = ⟦\"level\"")],
        "records of the grade secret and above are kept on paper",
        None,
    );
    refused(
        &[
            change(ROUND, "is = \"public\"", "is = \"secret\""),
            change(ROUND, "id = \"round\"", "id = ⟦\"round\""),
        ],
        "records of the grade secret and above are kept on paper",
        None,
    );
}

#[test]
fn a_step_that_is_not_the_systems_is_not_taken_by_an_effect() {
    one(LOAN, "take = \"lend\"", "take = ⟦\"retire\"", "not the system's to take", None);
}

#[test]
fn a_duty_that_can_never_be_due_is_refused() {
    let rules = ["YEARLY;BYMONTH=2;BYMONTHDAY=30", "MONTHLY;BYDAY=-30WD", "DAILY;UNTIL=20231231"];
    let skipped = "roll = \"skip\"\n⟦repeat = \"FREQ=WEEKLY;BYDAY=SU\"".to_owned();
    for rule in rules.iter().map(|rule| format!("⟦repeat = \"FREQ={rule}\"")).chain([skipped]) {
        one(DUTY, "repeat = \"FREQ=MONTHLY;BYDAY=-1WD\"", &rule, "can never be due", None);
    }
}

#[test]
fn a_duty_owed_for_nothing_is_refused() {
    one(DUTY, "each = \"unit\"", "each = \"unit\"\n⟦where = false", "owed for nothing", None);
}

#[test]
fn a_bad_recurrence_is_refused_at_its_word() {
    one(DUTY, "FREQ=MONTHLY;BYDAY=-1WD", "FREQ=MONTHLY;⟦BYDYA=-1WD", "no such word in a rule", Some("BYDAY"));
    one(DUTY, "FREQ=MONTHLY;BYDAY=-1WD", "FREQ=MONTHLY;BYDAY=⟦-1XX", "is asked for", None);
}

#[test]
fn a_record_opened_by_the_system_without_a_required_field_is_refused() {
    refused(
        &[
            change(DUTY, "id = \"monthly_round\"", "id = ⟦\"monthly_round\""),
            change(DUTY, "set = { day = \"due_on\" }\n", ""),
        ],
        "opened without its required field day",
        None,
    );
}

#[test]
fn a_sealed_field_is_never_listed_sorted_indexed_or_shown() {
    one(
        KEY,
        "columns = [\"code\", \"room\", \"keeper\"]",
        "columns = [\"code\", ⟦\"alarm_code\"]",
        "cannot be listed",
        None,
    );
    one(KEY, "sort = [\"code\"]", "sort = [⟦\"alarm_code\"]", "cannot be sorted by", None);
    one(
        KEY,
        "search = [\"code\", \"room\"]",
        "search = [\"code\", ⟦\"alarm_code\"]",
        "cannot be indexed",
        None,
    );
    one(KEY, "fields = [\"code\"]", "fields = [⟦\"alarm_code\"]", "cannot be compared among records", None);
    refused(
        &[
            change(KEY, "id = \"key\"", "id = ⟦\"key\""),
            change(KEY, "en = \"Key {code}\"", "en = \"Key {alarm_code}\""),
        ],
        "cannot be in the title",
        None,
    );
    let computed = "[[field]]\nid = ⟦\"hint\"\nkind = \"computed\"\nvalue = \"size(alarm_code)\"\nlabel = { zh = \"長度\", en = \"Length\" }\n\n[[unique]]";
    one(KEY, "[[unique]]", computed, "must be sealed too", None);
}

#[test]
fn a_field_no_step_asks_is_refused() {
    refused(
        &[
            change(KEY, "id = \"room\"", "id = ⟦\"room\""),
            change(
                KEY,
                "by = [{ role = \"clerk\" }]\nto = \"in_place\"",
                "by = [{ role = \"clerk\" }]\nfields = [\"code\", \"keeper\"]\nto = \"in_place\"",
            ),
            change(
                KEY,
                "fields = [\"room\", \"keeper\", \"alarm_code\"]",
                "fields = [\"keeper\", \"alarm_code\"]",
            ),
        ],
        "no step asks the field room",
        None,
    );
}

#[test]
fn an_example_that_does_not_show_what_it_should_is_refused() {
    one(LOAN, "yes = { length = 14 }", "yes = ⟦{ length = 15 }", "should pass, and does not", None);
    one(LOAN, "no = { length = 15 }", "no = ⟦{ length = 14 }", "should not pass, and does", None);
    one(LOAN, "no = { length = 15 }", "no = { ⟦lenght = 15 }", "no field \"lenght\"", Some("length"));
    one(LOAN, "yes = { length = 14 }", "yes = ⟦{}", "lacks something the rule needs", None);
    one(LOAN, "yes = { length = 14 }", "yes = { length = ⟦'14' }", "should be a number", None);
}

#[test]
fn numbers_that_would_repeat_are_refused() {
    one(
        LOAN,
        "format = \"{roc}借字第{seq:3}號\"",
        "format = ⟦\"借字第{seq:3}號\"",
        "needs {roc} or {year}",
        None,
    );
    one(ROUND, "format = \"{unit}-{roc}-{seq:4}\"", "format = ⟦\"{roc}-{seq:4}\"", "needs {unit}", None);
    one(LOAN, "format = \"{roc}借字第{seq:3}號\"", "format = ⟦\"{roc}借字第號\"", "has one {seq}", None);
}

#[test]
fn keys_that_do_not_go_together_are_refused() {
    one(KEY, "max = 20\n", "⟦many = true\n", "a field of kind text has no key \"many\"", None);
    one(LOAN, "until = \"until\"", "until = \"until\"\n⟦limit = \"1 day\"", "until has no limit", None);
    one(
        LOAN,
        "take = \"chase\"",
        "take = \"chase\"\n⟦text = { zh = \"甲\", en = \"A\" }",
        "text does not go with take",
        None,
    );
    one(DESTRUCTION, "two_person = true", "two_person = true\n⟦sign = \"otp\"", "signed by passkey", None);
    one(LOAN, "sign = \"passkey\"", "⟦sign = \"none\"", "an approval is signed", None);
}

#[test]
fn destroying_anywhere_but_in_its_register_is_refused() {
    let changes = [
        change(ROUND, "id = \"finish\"", "id = ⟦\"finish\""),
        change(ROUND, "[[step.guard]]", "[[step.then]]\ndestroy = \"[record_of]\"\n[[step.guard]]"),
        change(
            ROUND,
            "[[field]]\nid = \"people\"",
            "[[field]]\nid = \"record_of\"\nkind = \"reference\"\nregister = \"loan\"\nlabel = { zh = \"甲\", en = \"A\" }\n[[field]]\nid = \"people\"",
        ),
        change(ROUND, "\"drill\", \"people\"]", "\"drill\", \"people\", \"record_of\"]"),
    ];
    refused(&changes, "only the pack's register of destruction", None);
}

#[test]
fn destroying_what_is_kept_for_ever_is_refused() {
    let keys = "[[field]]\nid = \"loans\"\nkind = \"reference\"\nregister = \"key\"\nmany = true\nonly = \"target.record.state == 'gone'\"";
    let changes = [
        change(DESTRUCTION, "id = \"approve\"\nlabel", "id = ⟦\"approve\"\nlabel"),
        change(
            DESTRUCTION,
            "[[field]]\nid = \"loans\"\nkind = \"reference\"\nregister = \"loan\"\nmany = true\nonly = \"target.record.state == 'returned' && target.record.closed_at + days(1826) < now\"",
            keys,
        ),
    ];
    refused(&changes, "key is kept for ever and stands in the ledger unsealed", None);
}

#[test]
fn a_sealed_value_is_never_carried_to_where_it_is_not_sealed() {
    let then = |effect: &str| format!("to = \"gone\"\n[[step.then]]\n{effect}");
    for effect in [
        "tell = [{ role = \"head\" }]\ntext = { zh = \"{alarm_code}\", en = \"{alarm_code}\" }",
        "set = { room = \"alarm_code\" }",
        "hook = \"print_label\"\ngive = { code = \"alarm_code\" }",
    ] {
        let then = then(effect);
        let changes =
            [change(KEY, "id = \"retire\"", "id = ⟦\"retire\""), change(KEY, "to = \"gone\"", &then)];
        refused(&changes, "the sealed field alarm_code would be carried", None);
    }
    let changes = [
        change(LOAN, "id = \"give_back\"", "id = ⟦\"give_back\""),
        change(
            LOAN,
            "fields = [\"condition\"]\nto = \"returned\"",
            "fields = [\"condition\"]\nto = \"returned\"\n[[step.then]]\nset = { purpose = \"key.alarm_code\" }",
        ),
    ];
    refused(&changes, "the sealed field alarm_code would be carried", None);
}

#[test]
fn calendars_are_whole_and_true() {
    one("calendars/2025.toml", "date = 2025-01-01", "⟦date = 2026-01-01", "is not in 2025", None);
    one("calendars/2024.toml", "date = 2024-02-17", "⟦date = 2024-02-16", "is worked anyway", None);
    one("calendars/2024.toml", "date = 2024-02-15", "⟦date = 2025-02-15", "is not in 2024", None);
}

#[test]
fn a_clause_without_checks_says_why() {
    refused(
        &[
            change(CLAUSES, "[[clause]]\nid = \"9\"", "⟦[[clause]]\nid = \"9\""),
            change(CLAUSES, "five years.\" }\nlive = \"none\"", "five years.\" }"),
        ],
        "has no check",
        None,
    );
}

#[test]
fn a_register_belongs_in_its_own_file() {
    one(KEY, "id = \"key\"", "id = ⟦\"keys\"", "belongs in registers/keys.toml", None);
}

#[test]
fn what_lines_go_by_is_kept_for_ever_and_in_clear_and_lines_are_kept_for_a_time() {
    let disposal = |lines: &str, register: &str, receiver: &str| {
        format!(
            "\n{lines}[lines.disposal]\n⟦register = \"{register}\"\nreceiver = \"{receiver}\"\n\
             until = \"record.opened_at\"\nwhile = \"has(record.closed_at)\"\n"
        )
    };
    let kept = "[lines]\nkeep = \"1 year\"\n";
    one("pack.toml", "", &disposal(kept, "loan", "purpose"), "kept for ever", None);
    one("pack.toml", "", &disposal(kept, "key", "code"), "no sealed field", None);
    one("pack.toml", "", &disposal("", "destruction", "record.number"), "`keep` of [lines]", None);
    let (found, _) = problems(&[change("pack.toml", "", &disposal(kept, "destruction", "record.number"))]);
    assert!(found.is_empty(), "{found:?}");
    let erasure = "\n[lines.erasure]\nregister = \"destruction\"\nreceiver = \"record.number\"\n\
                   lines = \"⟦record.number\"\nwhile = \"has(record.closed_at)\"\n";
    one("pack.toml", "", erasure, "list", None);
}

#[test]
fn files_that_are_no_part_of_a_pack_are_refused() {
    refused(&[change("rolls.toml", "", "⟦x = 1")], "no such file", Some("roles.toml"));
    refused(&[change("registers/sub/x.toml", "", "⟦x = 1")], "no such file", None);
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let (found, _) = problems(&[
        change(LOAN, "to = \"overdue\"", "to = \"overdu\""),
        change(KEY, "search = [", "serach = ["),
        change(CLAUSES, "newest = \"day\"", "newest = \"dya\""),
    ]);
    let places: Vec<&str> = found.iter().map(|problem| problem.place.file.as_str()).collect();
    assert!(places.is_sorted());
    for file in [CLAUSES, KEY, LOAN] {
        assert!(places.contains(&file), "{file}");
    }
}
