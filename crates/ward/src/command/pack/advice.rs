//! What to do about a problem for which no single word would be right.
//!
//! A problem is known by a part of its English text; a test sees to it that each of those the pack's page promises to
//! refuse is still known. What is not known is answered with the section of the page that tells how it is written.
//! Source: `docs/pack.md`; issue 3, "Bad input".

use model::Told;
use regulation::Problem;

/// How the problem is mended: the word that was meant, or what to do.
pub(super) fn mend(problem: &Problem) -> Told {
    let Some(word) = &problem.suggestion else { return advice(problem) };
    let mut told = Told::new(format!("是否應為「{word}」？"), format!("did you mean `{word}`?"));
    if let Some((_, zh, en)) = known(problem).filter(|(sign, ..)| sign.starts_with(NO_SUCH)) {
        told = Told::new(format!("{}若否，{zh}", told.zh), format!("{} If not, {en}", told.en));
    }
    told
}

/// What to do about a problem.
fn advice(problem: &Problem) -> Told {
    let (zh, en) = known(problem)
        .map_or_else(|| section(&problem.place.file), |(_, zh, en)| ((*zh).into(), (*en).into()));
    Told::new(zh, en)
}

fn known(problem: &Problem) -> Option<&'static Known> {
    KNOWN.iter().find(|(sign, _, _)| problem.en.contains(sign))
}

/// The part of the page that tells how such a file is written.
fn section(file: &str) -> (String, String) {
    let kind = file.split_once('/').map_or(file, |(folder, _)| folder);
    let title =
        SECTIONS.iter().find(|(one, _)| *one == kind).map_or("The format of a pack", |(_, title)| *title);
    (format!("寫法見 docs/pack.md 之「{title}」"), format!("how it is written: docs/pack.md, \"{title}\""))
}

/// How problems begin where a name is not there: it may be a slip, or the thing is still missing.
const NO_SUCH: &str = "there is no ";

/// Kinds of files, and the sections about them.
const SECTIONS: [(&str, &str); 10] = [
    ("pack.toml", "The pack"),
    ("grades.toml", "Grades"),
    ("roles.toml", "Roles"),
    ("clauses", "Clauses"),
    ("registers", "Registers"),
    ("duties", "Duties"),
    ("procedures", "Procedures"),
    ("calendars", "Office calendar"),
    ("policies", "Policies"),
    ("moves.toml", "Moves"),
];

/// A problem by its sign, and its mend in Traditional Chinese and in English.
type Known = (&'static str, &'static str, &'static str);

/// A part of the English text of a problem; the mend in Traditional Chinese and in English. The first that fits counts.
static KNOWN: &[Known] = &[
    // A step nobody can take.
    ("its `when` is false", "請刪除 when，或改寫為條件", "leave `when` out, or write a condition"),
    (
        "`by` names nobody",
        "請在 by 列出可辦理者，例如 by = [{ role = \"…\" }]",
        "say who may, for example by = [{ role = \"…\" }]",
    ),
    (
        "only the system may, and no clock or effect does",
        "請在時限或其他步驟之 then 以 take 辦理此步驟，或在 by 加入角色",
        "take it from the `then` of a clock or step (take = \"…\"), or add a role to `by`",
    ),
    (
        "everyone named is barred",
        "申請人不得核定自己的案件；請在 by 加入他人，例如主管角色",
        "whoever applies never approves it himself; add somebody else to `by`, such as the head's role",
    ),
    (
        "people, and there are at most",
        "請減少 need、提高 roles.toml 該角色之 most，或以 if_short 指定遞補者",
        "ask for fewer (need), raise `most` of the role in roles.toml, or say who fills up (if_short)",
    ),
    ("seats of", "請減少 need，或在 cosign 增加席次", "ask for fewer (need), or add seats to cosign"),
    ("it has no seats", "請在 cosign 列出席次", "list the seats in cosign"),
    // States and steps.
    (
        "no path reaches the state",
        "請讓某個步驟到達此狀態（to 或 outcomes），或刪除此狀態",
        "let a step lead to it (to or outcomes), or remove the state",
    ),
    (
        "no step leads out of it",
        "若案件到此結束，請寫 end = \"done\"；否則請增加以此為 from 之步驟",
        "if a record ends here write end = \"done\"; otherwise add a step with it in `from`",
    ),
    (
        "no step opens a record",
        "請讓一個步驟不寫 from，由它開立案件",
        "let one step have no `from`: it opens the records",
    ),
    ("starts in the end state", "請自 from 刪除終結狀態", "remove the end state from `from`"),
    ("runs in the end state", "請自 runs 刪除終結狀態", "remove the end state from `runs`"),
    (
        "make a loop",
        "請刪除其中一個 take 或 open，或改由人員辦理其中一個步驟",
        "remove one take or open of the circle, or let people take one of its steps",
    ),
    (
        "is not the system's to take",
        "請在該步驟之 by 加入 { system = true }",
        "add { system = true } to the `by` of that step",
    ),
    (
        "no opening step for the system",
        "請在該登記簿增加無 from 而 by = [{ system = true }] 之步驟",
        "add a step without `from` and with by = [{ system = true }] to that register",
    ),
    (
        "no step asks the field",
        "請將此欄位列入某步驟之 fields，或刪除此欄位",
        "put it into `fields` of a step, or remove the field",
    ),
    ("is opened without its required field", "請在 set 給予該欄位之值", "give that field a value in `set`"),
    // Duties.
    (
        "can never be due",
        "請修正 repeat 或 from；例如每月最後一個上班日：FREQ=MONTHLY;BYDAY=-1WD",
        "mend `repeat` or `from`; the last working day of each month: FREQ=MONTHLY;BYDAY=-1WD",
    ),
    ("is owed for nothing", "請刪除 where，或改寫為條件", "leave `where` out, or write a condition"),
    // Translations, keys, names.
    ("the Chinese text is missing", "請補上 zh = \"…\"", "add zh = \"…\""),
    ("the English text is missing", "請補上 en = \"…\"", "add en = \"…\""),
    ("the languages are zh and en", "僅使用 zh 與 en", "use zh and en only"),
    (
        "this file is missing",
        "請建立此檔，或以 ward pack new 產生範例後取用",
        "make the file; ward pack new shows one of each",
    ),
    (
        "a pack has no such file",
        "請移出規範資料夾，或改用規定之檔名",
        "move it out of the pack, or give it the name it should have",
    ),
    // What TOML's reader says, which knows English only.
    (
        "string values must be quoted",
        "文字須以半形引號 \" 括住；請勿使用全形引號“”「」",
        "a text stands in straight quotes \"; no typographic ones",
    ),
    ("invalid basic string", "缺少結尾的引號 \"", "the closing quote \" is missing"),
    (
        "missing comma",
        "此處之前缺少逗號，或前面的引號未成對",
        "a comma is missing before this, or a quote above is not closed",
    ),
    ("key with no value", "缺少等號 =", "the = is missing"),
    ("unclosed array table", "表格名稱須以兩個方括號括住：[[ ]]", "the name of such a table stands in [[ ]]"),
    ("unclosed table", "表格名稱須以方括號括住：[ ]", "the name of a table stands in [ ]"),
    ("unclosed array", "清單缺少結尾的 ]", "the ] that closes the list is missing"),
    ("unclosed inline table", "缺少結尾的 }", "the closing } is missing"),
    (
        "not TOML",
        "請檢查引號、括號與逗號是否成對、齊全",
        "look at the quotes, brackets and commas of this line",
    ),
    ("the file is not UTF-8", "請以 UTF-8 編碼另存此檔", "save the file in UTF-8"),
    (
        "there is no role",
        "請先於 roles.toml 新增，或改用其中已有之角色",
        "add it to roles.toml first, or use one that is there",
    ),
    (
        "there is no grade",
        "請先於 grades.toml 新增，或改用其中已有之等級",
        "add it to grades.toml first, or use one that is there",
    ),
    (
        "there is no clause",
        "請先於 clauses/ 新增，或改用其中已有之條文",
        "add it to clauses/ first, or use one that is there",
    ),
    (
        "there is no register",
        "請先於 registers/ 新增，或改用其中已有之登記簿",
        "add it to registers/ first, or use one that is there",
    ),
    (
        "there is no duty",
        "請先於 duties/ 新增，或改用其中已有之工作",
        "add it to duties/ first, or use one that is there",
    ),
    (
        "there is no state",
        "請先於此登記簿新增 [[state]]，或改用已有之狀態",
        "add the [[state]] to this register first, or use one that is there",
    ),
    (
        "there is no step",
        "請先於此登記簿新增 [[step]]，或改用已有之步驟",
        "add the [[step]] to this register first, or use one that is there",
    ),
    (
        "there is no engine",
        "本版沒有此引擎；請改用 register 或 duty",
        "this version has no such engine; use register or duty",
    ),
    ("is there already", "請改用其他代號，或刪除其中之一", "give it another id, or remove one of the two"),
    (
        "this clause has no check",
        "請增加 [[clause.check]]，或寫 live = \"none\" 與 why",
        "add a [[clause.check]], or write live = \"none\" and why",
    ),
    // Conditions and their examples.
    (
        "cannot be combined like this",
        "兩側型別須相合；各種值之型別見 docs/pack.md 之「Conditions」",
        "both sides must be of types that go together: docs/pack.md, \"Conditions\"",
    ),
    (
        "is asked for here, not",
        "請改寫為所要求的種類：文字加引號，數字、日期、true 與 false 不加；條件見 docs/pack.md 之「Conditions」",
        "write what is asked for: texts in quotes; numbers, dates, true and false without; conditions: docs/pack.md, \"Conditions\"",
    ),
    (
        "no field or name",
        "請使用此登記簿之欄位代號；其他可用之名稱見 docs/pack.md 之「Conditions」",
        "use the id of a field of this register; other names: docs/pack.md, \"Conditions\"",
    ),
    (
        "this example",
        "請修正 yes、no 範例，或修正 rule：兩個範例都會實際試算",
        "mend the examples yes and no, or the rule: both are tried",
    ),
    // Calendars.
    (
        "is worked anyway",
        "請刪除此日；[[work]] 僅列補行上班日",
        "remove the day; [[work]] lists make-up working days only",
    ),
    (
        "the year",
        "calendars/ 一年一檔，各年須相連且不重複",
        "calendars/ has one file a year: years follow one another, none twice",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use regulation::Place;

    fn told(file: &str, en: &str) -> Told {
        let place = Place { file: file.into(), line: 1, column: 1 };
        advice(&Problem { place, zh: "不對".into(), en: en.into(), suggestion: None })
    }

    #[test]
    fn what_is_not_known_is_answered_with_its_section() {
        let told = told("registers/a.toml", "something new");
        assert!(told.zh.contains("Registers") && told.en.contains("Registers"));
        assert!(self::told("limits/a.toml", "something new").en.contains("The format of a pack"));
    }

    #[test]
    fn sections_are_headings_of_the_page() {
        let page = std::fs::read_to_string("../../docs/pack.md").unwrap();
        for (_, title) in SECTIONS.iter().chain(&[("", "Conditions")]) {
            assert!(page.lines().any(|line| line.trim_start_matches('#').trim() == *title), "{title}");
        }
    }

    #[test]
    fn every_mend_is_reached() {
        for (index, (sign, _, en)) in KNOWN.iter().enumerate() {
            assert_eq!(told("a", sign).en, *en, "{index}: an earlier sign hides {sign:?}");
        }
    }
}
