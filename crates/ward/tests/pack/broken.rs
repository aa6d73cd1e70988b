//! Packs with problems: each is told with file, line, column and mend, all at once, as text and as JSON.
//!
//! The kinds are those of issue 3, "Bad input". The place expected is marked `⟦` in the change.

use crate::{Office, is_chinese};
use serde_json::Value;
use std::path::Path;

/// A kind of problem: what is changed, what is said, and what the mend speaks of.
struct Case {
    name: &'static str,
    changes: &'static [(&'static str, &'static str, &'static str)],
    zh: &'static str,
    en: &'static str,
    mend: &'static str,
}

const REGISTER: &str = "registers/inspection.toml";

const CASES: &[Case] = &[
    Case {
        name: "a step nobody can take",
        changes: &[(
            REGISTER,
            "id = \"approve\"\nlabel = { zh = \"核定\", en = \"Decide\" }\nclause = \"1\"\nfrom = [\"reported\"]\nby = [{ role = \"head\" }]",
            "id = ⟦\"approve\"\nlabel = { zh = \"核定\", en = \"Decide\" }\nclause = \"1\"\nfrom = [\"reported\"]\nby = []",
        )],
        zh: "沒有人能辦理步驟「approve」",
        en: "nobody can take the step approve",
        mend: "by = [{ role = \"…\" }]",
    },
    Case {
        name: "a state no path reaches",
        changes: &[(
            REGISTER,
            "[[state]]\nid = \"done\"",
            "[[state]]\nid = ⟦\"lost\"\nlabel = { zh = \"遺失\", en = \"Lost\" }\nend = \"void\"\n[[state]]\nid = \"done\"",
        )],
        zh: "沒有任何步驟到達狀態「lost」",
        en: "no path reaches the state lost",
        mend: "let a step lead to it",
    },
    Case {
        name: "an unknown role",
        changes: &[(
            REGISTER,
            "tell = [{ role = \"head\" }]\ntext = { zh = \"{record.number}",
            "tell = [{ role = ⟦\"haed\" }]\ntext = { zh = \"{record.number}",
        )],
        zh: "沒有名為「haed」的角色",
        en: "there is no role \"haed\"",
        mend: "did you mean `head`?",
    },
    Case {
        name: "a loop of escalations",
        changes: &[
            (
                REGISTER,
                "id = \"reported\"\nlabel = { zh = \"待核定\", en = \"To be approved\" }",
                "id = \"reported\"\nlabel = { zh = \"待核定\", en = \"To be approved\" }\n[[state]]\nid = \"lapsed\"\nlabel = { zh = \"逾期\", en = \"Lapsed\" }",
            ),
            (
                REGISTER,
                "# 核定即簽章",
                "[[step]]\nid = ⟦\"lapse\"\nlabel = { zh = \"逾期\", en = \"Lapse\" }\nfrom = [\"reported\"]\nby = [{ system = true }]\nto = \"lapsed\"\n\n[[step]]\nid = \"resume\"\nlabel = { zh = \"恢復\", en = \"Resume\" }\nfrom = [\"lapsed\"]\nby = [{ system = true }]\nto = \"reported\"\n\n[[clock]]\nid = \"lapsing\"\nlabel = { zh = \"逾期\", en = \"Lapsing\" }\nruns = [\"reported\"]\nlimit = \"1 day\"\n[[clock.then]]\ntake = \"lapse\"\n\n[[clock]]\nid = \"resuming\"\nlabel = { zh = \"恢復\", en = \"Resuming\" }\nruns = [\"lapsed\"]\nlimit = \"1 day\"\n[[clock.then]]\ntake = \"resume\"\n\n# 核定即簽章",
            ),
        ],
        zh: "自動辦理之步驟成為迴圈",
        en: "steps taken by themselves make a loop: inspection.lapse → inspection.resume → inspection.lapse",
        mend: "remove one take",
    },
    Case {
        name: "a type error in a condition",
        changes: &[(REGISTER, "required = \"result == 'bad'\"", "required = \"⟦result\"")],
        zh: "此處應為",
        en: "is asked for here, not",
        mend: "docs/pack.md",
    },
    Case {
        name: "a word in a condition that is no option",
        changes: &[(REGISTER, "required = \"result == 'bad'\"", "required = \"result == ⟦'bda'\"")],
        zh: "沒有",
        en: "no option",
        mend: "did you mean `bad`?",
    },
    Case {
        name: "a duty that can never be due",
        changes: &[(
            "duties/main.toml",
            "repeat = \"FREQ=MONTHLY;BYDAY=-1WD\"",
            "⟦repeat = \"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\"",
        )],
        zh: "此工作永遠不會到期",
        en: "this duty can never be due",
        mend: "FREQ=MONTHLY;BYDAY=-1WD",
    },
    Case {
        name: "a missing translation",
        changes: &[(
            "roles.toml",
            "label = { zh = \"承辦人\", en = \"Clerk\" }",
            "label = ⟦{ zh = \"承辦人\" }",
        )],
        zh: "缺少英文",
        en: "the English text is missing",
        mend: "add en = \"…\"",
    },
    Case {
        name: "an unknown key",
        changes: &[("grades.toml", "sign = \"passkey\"", "⟦sing = \"passkey\"")],
        zh: "沒有「sing」這個鍵",
        en: "there is no key \"sing\"",
        mend: "did you mean `sign`?",
    },
    Case {
        name: "a policy that speaks of what is not there",
        changes: &[(
            "policies/main.cedar",
            "resource is Record && resource.height",
            "resource is Record && ⟦resource.heigth",
        )],
        zh: "沒有這個屬性",
        en: "`heigth`",
        mend: "did you mean `height`?",
    },
    Case {
        name: "what is not TOML",
        changes: &[("clauses/main.toml", "id = \"in_time\"", "id = ⟦“in_time”")],
        zh: "TOML 語法錯誤",
        en: "not TOML",
        mend: "straight quotes",
    },
];

/// Makes the changes; gives the place marked in them.
fn change(office: &Office, case: &Case) -> (String, u64, u64) {
    let mut marked = None;
    for (file, from, to) in case.changes {
        let path = format!("practice/{file}");
        office.replace(&path, from, to);
        let text = office.read(&path);
        if let Some((before, _)) = text.split_once('⟦') {
            let line = before.matches('\n').count() as u64 + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() as u64 + 1;
            marked = Some(((*file).to_owned(), line, column));
            office.write(&path, &text.replace('⟦', ""));
        }
    }
    marked.unwrap()
}

/// Is the problem told at its place, in both languages, with its mend?
fn check(case: &Case, (file, line, column): &(String, u64, u64), text: &str, json: &Value) {
    let head = format!("practice/{file}:{line}:{column}");
    let told = text.split("\n\n").find(|part| {
        part.lines().next() == Some(head.as_str()) && part.contains(case.zh) && part.contains(case.en)
    });
    let told = told.unwrap_or_else(|| panic!("{}: nothing at {head} in:\n{text}", case.name));
    let mend = told.split_once("  → ").unwrap_or_else(|| panic!("{}: no mend in:\n{told}", case.name)).1;
    assert!(mend.contains(case.mend) && is_chinese(mend), "{}: {mend}", case.name);
    assert!(told.contains(" │ ") && told.contains('^'), "{}: {told}", case.name);
    let problems = json["problems"].as_array().unwrap();
    let listed = problems.iter().find(|problem| {
        (problem["file"] == file.as_str() && problem["line"] == *line && problem["column"] == *column)
            && problem["en"].as_str().unwrap().contains(case.en)
    });
    let listed = listed.unwrap_or_else(|| panic!("{}: nothing at {head} in:\n{json}", case.name));
    assert!(listed["zh"].as_str().unwrap().contains(case.zh), "{}: {listed}", case.name);
    assert!(listed["mend"]["en"].as_str().unwrap().contains(case.mend), "{}: {listed}", case.name);
    assert!(is_chinese(listed["mend"]["zh"].as_str().unwrap()), "{}: {listed}", case.name);
}

#[test]
fn each_kind_of_problem_is_told_with_its_place_and_its_mend() {
    for case in CASES {
        let office = Office::with_pack();
        let place = change(&office, case);
        let text = office.bad(&["pack", "check", "practice"]);
        let json = office.json(&["pack", "check", "practice", "--json"]);
        assert_eq!(json["good"], false);
        check(case, &place, &text, &json);
        // Where a file is not TOML, more may follow from that.
        let alone = case.en != "not TOML";
        assert_eq!(json["problems"].as_array().unwrap().len() == 1, alone, "{}: {text}", case.name);
        let count = "檢查不通過：1 個檔案，共 1 項問題。\nNot good: 1 problem in 1 file.";
        assert_eq!(text.contains(count), alone, "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let office = Office::with_pack();
    let together = [
        "a state no path reaches",
        "a type error in a condition",
        "a duty that can never be due",
        "a missing translation",
        "an unknown key",
        "a step nobody can take",
    ];
    let cases: Vec<&Case> = CASES.iter().filter(|case| together.contains(&case.name)).collect();
    let files: Vec<_> = cases.iter().map(|case| change(&office, case).0).collect();
    let text = office.bad(&["pack", "check", "practice"]);
    let json = office.json(&["pack", "check", "practice", "--json"]);
    for (case, file) in cases.iter().zip(files) {
        // Later changes move the lines of earlier ones; the listing says where they went.
        let problems = json["problems"].as_array().unwrap();
        let listed =
            problems.iter().find(|problem| problem["en"].as_str().unwrap().contains(case.en)).unwrap();
        let place = (file, listed["line"].as_u64().unwrap(), listed["column"].as_u64().unwrap());
        check(case, &place, &text, &json);
    }
    assert!(text.contains("檢查不通過：4 個檔案，共 6 項問題。"), "{text}");
}

#[test]
fn the_report_of_a_broken_pack_reads_as_agreed() {
    let office = Office::with_pack();
    for case in CASES.iter().filter(|case| case.name != "a word in a condition that is no option") {
        change(&office, case);
    }
    office.write("practice/notes.txt", "remember\n");
    expect("report.txt", &office.bad(&["pack", "check", "practice"]));
}

/// What a terminal would obey is shown, not obeyed.
#[test]
fn a_pack_cannot_write_to_the_terminal() {
    let office = Office::with_pack();
    office.replace("practice/roles.toml", "most = 1", "mo\u{1b}[2Jst = 1");
    assert!(!office.bad(&["pack", "check", "practice"]).contains('\u{1b}'));
}

/// Compares with a file beside the tests; `UPDATE_EXPECT=1` writes it anew.
fn expect(name: &str, found: &str) {
    let path = Path::new("tests/pack").join(name);
    let found = format!("{found}\n");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == found, "{name} differs; UPDATE_EXPECT=1 writes it anew. Found:\n{found}");
}
