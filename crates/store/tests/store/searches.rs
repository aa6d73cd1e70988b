//! Search: pieces of Chinese, codes, words of files; what is sealed is not found.

use crate::bed::{Bed, On, everyone, items, on_both};
use model::RecordId;
use serde_json::json;
use std::collections::BTreeSet;
use store::Ask;

/// A record for each text; what finds which.
fn check(on: On, texts: &[&str], questions: &[(&str, &[usize])]) {
    let mut bed = Bed::new(on, 3).unwrap();
    let unit = bed.unit();
    let records: Vec<RecordId> =
        texts.iter().map(|text| bed.item(unit, json!({"name": "無", "notes": text}))).collect();
    bed.settle();
    for (question, wanted) in questions {
        let wanted: BTreeSet<RecordId> = wanted.iter().map(|at| records[*at]).collect();
        assert_eq!(bed.found(question), wanted, "{question}");
    }
}

fn chinese_is_found_by_any_piece_of_it(on: On) {
    let texts = ["機房溫度過高", "房務、機電", "高溫警報", "溫"];
    check(
        on,
        &texts,
        &[
            ("機房", &[0]),
            ("房溫度", &[0]),
            ("溫度過高", &[0]),
            ("溫", &[0, 2, 3]),
            ("高", &[0, 2]),
            ("機電", &[1]),
            ("務機", &[]),
            ("務、機", &[1]),
            ("房 機", &[0, 1]),
            ("溫高", &[]),
            ("冷", &[]),
        ],
    );
}

fn codes_and_latin_words_are_found_in_any_width_and_case(on: On) {
    let texts = ["第 114借字第001號", "UPS-2 故障 Übung", "ＵＰＳ－３　Ａ級", "ups2", "O'Neil \"x\" a:b*c"];
    check(
        on,
        &texts,
        &[
            ("114借字第001號", &[0]),
            ("借字第00", &[0]),
            ("１１４借字", &[0]),
            ("14借字", &[]),
            ("ups-2", &[1]),
            ("UPS", &[1, 2, 3]),
            ("ups 故", &[1]),
            ("ups 2", &[1]),
            ("ａ級", &[2]),
            ("übung", &[1]),
            ("ÜB", &[1]),
            ("ubung", &[]),
            ("o'neil", &[4]),
            ("\"x\"", &[4]),
            ("a:b*", &[4]),
            ("neil x", &[4]),
            ("* & | ! <-> () '", &[]),
            ("' OR 1=1", &[]),
            ("\\", &[]),
        ],
    );
}

fn names_with_rare_characters_are_found(on: On) {
    // From blocks later than the databases' own lists of letters, and from those for private use.
    let texts = ["王\u{30EDE}明", "李\u{E0A1}華", "陳𡍄", "約翰・史密斯", "アパート", "각서"];
    check(
        on,
        &texts,
        &[
            ("王\u{30EDE}", &[0]),
            ("\u{30EDE}", &[0]),
            ("李\u{E0A1}", &[1]),
            ("\u{E0A1}華", &[1]),
            ("\u{E0A2}", &[]),
            ("陳𡍄", &[2]),
            ("史密斯", &[3]),
            ("約翰 史密", &[3]),
            ("パー", &[4]),
            ("각서", &[5]),
        ],
    );
}

fn a_number_is_found_once_it_is_given_and_changes_are(on: On) {
    let mut bed = Bed::new(on, 4).unwrap();
    let unit = bed.unit();
    let one = bed.item(unit, json!({"name": "鑰匙"}));
    bed.settle();
    assert_eq!(bed.found("114借字第001號"), BTreeSet::new());
    bed.number(one, 1);
    bed.settle();
    assert_eq!(bed.found("114借字第001號"), [one].into());
    bed.change(one, json!({"name": "門卡"}));
    bed.settle();
    assert_eq!((bed.found("鑰匙").len(), bed.found("門卡").len(), bed.found("001").len()), (0, 1, 1));
}

fn words_in_files_are_found_and_nothing_of_what_is_sealed(on: On) {
    let mut bed = Bed::new(on, 5).unwrap();
    let unit = bed.unit();
    let open = bed.file("會議紀錄.txt", Some("出席人員：王小明\n決議事項：更換電池"), None);
    let other = bed.file("plan.pdf", Some("更換空調"), None);
    let one = bed.item(
        unit,
        json!({"name": "會議", "papers": [open, other], "secret": "通行碼四七一一", "was_secret": "暗號"}),
    );
    bed.settle();
    let key = bed.key(one);
    // The text of a sealed file is not kept, even if somebody hands it in.
    let sealed = bed.file("密件.txt", Some("內容不宣"), Some(key));
    let two = bed.item(unit, json!({"name": "密", "papers": [sealed]}));
    bed.settle();
    for (question, wanted) in [
        ("王小明", vec![one]),
        ("小明 電池", vec![one]),
        ("會議紀錄", vec![one]),
        ("plan", vec![one]),
        ("電池更換", vec![]),
        ("電池 空調", vec![one]),
        ("通行碼", vec![]),
        ("四七", vec![]),
        ("暗號", vec![]),
        ("密件", vec![two]),
        ("內容不宣", vec![]),
    ] {
        assert_eq!(bed.found(question), wanted.into_iter().collect(), "{question}");
    }
}

/// PostgreSQL keeps less in a row than a long file has.
fn a_long_file_is_found_by_its_end_and_by_a_phrase_anywhere(on: On) {
    let mut bed = Bed::new(on, 6).unwrap();
    let unit = bed.unit();
    let mut text: String = (0..60_000).map(|n| format!("字{n} ")).collect();
    text.push_str(&"0 ".repeat(2_000));
    text.push_str("最後一頁之結語");
    let file = bed.file("long.txt", Some(&text), None);
    let one = bed.item(unit, json!({"name": "長", "papers": [file]}));
    bed.settle();
    for question in ["字59999", "字12345 字12346", "結語", "一頁之結語", "0 0 0 最後", "字0", "字7999字8000"]
    {
        assert_eq!(bed.found(question), [one].into(), "{question}");
    }
    assert_eq!(bed.found("字60000"), BTreeSet::new());
    // A phrase across every place where one part could end and another begin.
    for n in (0..59_990).step_by(1_499) {
        let phrase: String = (n..n + 10).map(|n| format!("字{n},")).collect();
        let ask = Ask { text: Some(phrase.clone()), ..items() };
        assert_eq!(bed.page(&everyone(), &ask).total, 1, "{phrase}");
    }
}

fn a_question_of_any_length_is_answered(on: On) {
    let mut bed = Bed::new(on, 7).unwrap();
    let unit = bed.unit();
    let one = bed.item(unit, json!({"name": "長", "notes": "機房溫度過高".repeat(100)}));
    bed.settle();
    assert_eq!(bed.found(&"機房溫度過高".repeat(100)), [one].into());
    assert_eq!(bed.found(&"機房 ".repeat(1_000)), [one].into());
    assert_eq!(bed.found(&"a".repeat(10_000)), BTreeSet::new());
}

on_both!(
    chinese_is_found_by_any_piece_of_it,
    codes_and_latin_words_are_found_in_any_width_and_case,
    names_with_rare_characters_are_found,
    a_number_is_found_once_it_is_given_and_changes_are,
    words_in_files_are_found_and_nothing_of_what_is_sealed,
    a_long_file_is_found_by_its_end_and_by_a_phrase_anywhere,
    a_question_of_any_length_is_answered,
);
