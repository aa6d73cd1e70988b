//! A pack with a check of each kind.

use regulation::Files;

/// Its files.
pub(crate) fn files() -> Vec<(String, String)> {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    vec![
        file("pack.toml", HEAD),
        file(
            "grades.toml",
            "[[grade]]\nid = \"open\"\nlabel = { zh = \"公開\", en = \"Open\" }\ncleared = true\n",
        ),
        file("roles.toml", ROLES),
        file("clauses/all.toml", CLAUSES),
        file("registers/job.toml", JOB),
        file("registers/sheet.toml", SHEET),
        file("registers/waiver.toml", WAIVER),
        file("duties/all.toml", DUTY),
        file("calendars/2025.toml", "year = 2025\nsource = \"測試\"\nweekend = [\"saturday\", \"sunday\"]\n"),
    ]
}

/// The same, with texts replaced in some files.
pub(crate) fn changed(changes: &[(&str, &str, &str)]) -> Vec<(String, String)> {
    let mut files = files();
    for (path, old, new) in changes {
        let (_, text) = files.iter_mut().find(|(one, _)| one == path).unwrap();
        assert!(text.contains(old), "{path} has no {old}");
        *text = text.replace(old, new);
    }
    files
}

/// With checks that look at each record alone, and no others.
pub(crate) fn alone() -> Vec<(String, String)> {
    let mut files = changed(&[
        ("registers/job.toml", "clause = [\"1\", \"2\"]", "clause = \"1\""),
        ("registers/sheet.toml", "clause = \"3\"", "clause = \"1\""),
        ("registers/waiver.toml", "clause = \"5\"", "clause = \"1\""),
        ("duties/all.toml", "clause = \"3\"", "clause = \"1\""),
    ]);
    let (_, clauses) = files.iter_mut().find(|(path, _)| path == "clauses/all.toml").unwrap();
    clauses.truncate(clauses.find("[[clause]]\nid = \"2\"").unwrap());
    files
}

/// As a source.
pub(crate) fn source(files: &[(String, String)]) -> Files {
    Files::new(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
}

const HEAD: &str = r#"[pack]
id = "shop"
version = 1
title = { zh = "測試用規範", en = "A pack for tests" }
source = "測試用"
issuer = { zh = "測試", en = "Tests" }
date = 2024-01-01
licence = "Apache-2.0"
zone = "Asia/Taipei"
day_ends = "17:00"

[board]
exemption = { register = "waiver", clause = "about", while = "record.state == 'in_force' && until >= today" }
"#;

const ROLES: &str = r#"[[role]]
id = "clerk"
label = { zh = "承辦人", en = "Clerk" }
[[role]]
id = "head"
label = { zh = "主管", en = "Head" }
[[role]]
id = "chief"
label = { zh = "總主管", en = "Chief" }
held_in = "city"
"#;

const CLAUSES: &str = r#"[[clause]]
id = "1"
article = "一"
title = { zh = "工作", en = "Jobs" }
summary = { zh = "工作。", en = "Jobs." }
[[clause.check]]
id = "large"
label = { zh = "金額足夠", en = "Large enough" }
population = { register = "job", states = ["checked", "closed"] }
evidence = { share = "amount >= 10" }
freshness = "1 hour"
goal = 50
[[clause.check]]
id = "recent"
label = { zh = "近三十日", en = "Of thirty days" }
population = { register = "job", within = "30 days" }
evidence = { share = "flag" }
freshness = "1 hour"
[[clause.check]]
id = "open"
label = { zh = "未結", en = "Open" }
population = { register = "job", where = "amount > 5" }
evidence = { none_open = true }
freshness = "1 hour"
[[clause.check]]
id = "latest"
label = { zh = "最近", en = "Latest" }
population = { register = "job", states = ["closed"] }
evidence = { newest = "day" }
freshness = "1 hour"
goal = 10
[[clause.check]]
id = "latest_closed"
label = { zh = "最近結案", en = "Closed lately" }
population = { register = "job" }
evidence = { newest = "step.close.at" }
freshness = "1 hour"
[[clause.check]]
id = "median"
label = { zh = "中位數", en = "Median" }
population = { register = "job" }
evidence = { measure = "amount", of = "median" }
freshness = "1 hour"
goal = 20
[[clause.check]]
id = "sum"
label = { zh = "合計", en = "Sum" }
population = { register = "job", states = ["closed"] }
evidence = { measure = "amount", of = "sum" }
freshness = "1 hour"
[[clause.check]]
id = "longest"
label = { zh = "最久", en = "Longest" }
population = { register = "job", where = "has(step.close.at)" }
evidence = { measure = "step.close.at - record.opened_at", of = "worst" }
freshness = "1 hour"
goal = 5

[[clause]]
id = "2"
article = "二"
title = { zh = "人員及關聯", en = "People and links" }
summary = { zh = "人員及關聯。", en = "People and links." }
[[clause.check]]
id = "owners"
label = { zh = "負責人在職", en = "Owners in post" }
population = { register = "job" }
evidence = { share = "holds(owner, 'clerk', record.unit)" }
freshness = "1 hour"
goal = 100
[[clause.check]]
id = "parents"
label = { zh = "前案已結", en = "Parents closed" }
population = { register = "job", where = "has(parent)" }
evidence = { share = "parent.record.state == 'closed'" }
freshness = "1 hour"
goal = 100
[[clause.check]]
id = "past"
label = { zh = "逾期未結", en = "Past its day" }
population = { register = "job", where = "day < today" }
evidence = { share = "record.state == 'closed'" }
freshness = "1 hour"
goal = 100
[[clause.check]]
id = "siblings"
label = { zh = "同名", en = "Of one name" }
population = { register = "job" }
evidence = { share = "size(lookup.same) == 0" }
freshness = "1 hour"

[[clause]]
id = "3"
article = "三"
title = { zh = "週報", en = "Weekly sheets" }
summary = { zh = "週報。", en = "Weekly sheets." }
[[clause.check]]
id = "on_time"
label = { zh = "如期", en = "On time" }
population = { duty = "weekly" }
evidence = { on_time = true }
freshness = "1 hour"
[[clause.check]]
id = "left"
label = { zh = "未辦", en = "Left undone" }
population = { duty = "weekly", within = "3 weeks" }
evidence = { none_open = true }
freshness = "1 hour"

[[clause]]
id = "4"
article = "四"
title = { zh = "比率", en = "Ratio" }
summary = { zh = "比率。", en = "A ratio." }
[[clause.check]]
id = "ratio"
label = { zh = "比率", en = "Ratio" }
population = { register = "job", states = ["closed"] }
evidence = { measure = "10 / amount", of = "sum" }
freshness = "1 hour"

[[clause]]
id = "5"
article = "五"
title = { zh = "依據", en = "Basis" }
summary = { zh = "依據。", en = "Basis." }
live = "none"
why = { zh = "僅為依據。", en = "It only names the basis." }
"#;

const JOB: &str = r#"[register]
id = "job"
label = { zh = "工作", en = "Jobs" }
clause = ["1", "2"]
title = { zh = "{name}", en = "{name}" }
[register.list]
columns = ["name"]
[grade]
is = "open"
[retention]
keep = "5 years"
[reading]
units = "subtree"
[[field]]
id = "name"
kind = "text"
label = { zh = "名稱", en = "Name" }
required = true
[[field]]
id = "amount"
kind = "number"
decimals = 2
label = { zh = "金額", en = "Amount" }
[[field]]
id = "day"
kind = "date"
label = { zh = "日期", en = "Day" }
[[field]]
id = "flag"
kind = "yes_no"
label = { zh = "是否", en = "Flag" }
[[field]]
id = "owner"
kind = "person"
label = { zh = "負責人", en = "Owner" }
[[field]]
id = "parent"
kind = "reference"
register = "job"
label = { zh = "前案", en = "Parent" }
[[field]]
id = "secret"
kind = "text"
sealed = true
label = { zh = "機密", en = "Secret" }
[[lookup]]
id = "same"
register = "job"
match = { name = "name" }
[[state]]
id = "filed"
label = { zh = "已登", en = "Filed" }
[[state]]
id = "checked"
label = { zh = "已核", en = "Checked" }
[[state]]
id = "closed"
label = { zh = "已結", en = "Closed" }
end = "done"
[[step]]
id = "file"
label = { zh = "登記", en = "File" }
by = [{ role = "clerk" }]
fields = ["name", "amount", "day", "flag", "owner", "parent", "secret"]
to = "filed"
[[step]]
id = "change"
label = { zh = "變更", en = "Change" }
from = ["filed"]
by = [{ role = "clerk" }]
fields = ["name", "amount", "day", "flag", "owner", "parent", "secret"]
to = "filed"
[[step]]
id = "check"
label = { zh = "核對", en = "Check" }
from = ["filed"]
by = [{ role = "head" }]
to = "checked"
[[step]]
id = "close"
label = { zh = "結案", en = "Close" }
from = ["filed", "checked"]
by = [{ role = "head" }]
to = "closed"
"#;

const SHEET: &str = r#"[register]
id = "sheet"
label = { zh = "週報", en = "Weekly sheets" }
clause = "3"
title = { zh = "{day} 週報", en = "Sheet of {day}" }
[grade]
is = "open"
[retention]
keep = "for ever"
[reading]
units = "subtree"
[[field]]
id = "day"
kind = "date"
label = { zh = "日期", en = "Day" }
required = true
[[state]]
id = "open"
label = { zh = "待辦", en = "Open" }
[[state]]
id = "done"
label = { zh = "完成", en = "Done" }
end = "done"
[[step]]
id = "open"
label = { zh = "開立", en = "Open" }
by = [{ system = true }]
fields = ["day"]
to = "open"
[[step]]
id = "finish"
label = { zh = "完成", en = "Finish" }
from = ["open"]
by = [{ role = "clerk" }]
to = "done"
"#;

const WAIVER: &str = r#"[register]
id = "waiver"
label = { zh = "不適用聲明", en = "Waivers" }
clause = "5"
title = { zh = "{about} 不適用", en = "{about} does not apply" }
[grade]
is = "open"
[retention]
keep = "for ever"
[reading]
units = "subtree"
[[field]]
id = "about"
kind = "text"
label = { zh = "條號", en = "Clause" }
required = true
[[field]]
id = "until"
kind = "date"
label = { zh = "迄日", en = "Until" }
required = true
[[state]]
id = "filed"
label = { zh = "已聲明", en = "Stated" }
[[state]]
id = "in_force"
label = { zh = "生效", en = "In force" }
[[state]]
id = "ended"
label = { zh = "終止", en = "Ended" }
end = "done"
[[step]]
id = "file"
label = { zh = "聲明", en = "State" }
by = [{ role = "head" }]
to = "filed"
[[step]]
id = "approve"
label = { zh = "核定", en = "Approve" }
from = ["filed"]
by = [{ role = "chief" }]
to = "in_force"
[[step]]
id = "end"
label = { zh = "終止", en = "End" }
from = ["in_force"]
by = [{ role = "chief" }]
to = "ended"
"#;

const DUTY: &str = r#"[[duty]]
id = "weekly"
label = { zh = "每週週報", en = "Weekly sheet" }
clause = "3"
each = "unit"
repeat = "FREQ=WEEKLY;BYDAY=FR"
from = 2025-01-01
opens = "3 days"
record = "sheet"
set = { day = "due_on" }
[[duty.then]]
late = "1 day"
tell = [{ role = "head", unit = "object" }]
text = { zh = "週報未完成", en = "The sheet is not done" }
"#;

#[test]
fn the_pack_has_no_problem_and_one_that_tells_of_a_sealed_field_has() {
    let pack = regulation::load(&source(&files())).map_err(|problems| problems[0].to_string());
    assert_eq!(pack.unwrap().clauses.iter().map(|clause| clause.checks.len()).sum::<usize>(), 15);
    let told = changed(&[("clauses/all.toml", "share = \"flag\"", "share = \"secret == 'a'\"")]);
    let problems = regulation::load(&source(&told)).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].zh.contains("加密欄位「secret」"), "{}", problems[0].zh);
    assert_eq!(problems[0].place.file, "clauses/all.toml");
    let untold = changed(&[("pack.toml", "clause = \"about\"", "clause = \"until\"")]);
    assert!(regulation::load(&source(&untold)).is_err(), "a number of a clause is a text");
}
