//! Papers to try: filled to the brim, and with what somebody might type who means harm.

use model::Instant;
use paper::{
    Article, Catalogue, Drawing, Finding, Findings, Form, Head, Held, Label, Labels, Language, Layout,
    Ledger, Line, Listing, Picture, PictureBox, PictureLine, Report, Seal, Section, SignatureBox, Tally,
    Tick, Value,
};

/// A moment: 2026-11-27 06:00 UTC.
pub(crate) fn at() -> Instant {
    "2026-11-27T06:00:00.000000Z".parse().unwrap()
}

pub(crate) fn head(title: &str) -> Head {
    Head {
        language: Language::Chinese,
        authority: "臺中市政府".to_owned(),
        title: title.to_owned(),
        code: "access_permit".to_owned(),
        grade: Some("密".to_owned()),
        watermark: None,
        made: "本表由城防依帳本第 128 筆產製".to_owned(),
    }
}

pub(crate) fn ledger() -> Ledger {
    Ledger::new(
        vec![
            ("帳本".to_owned(), "ward.taichung.example/ledger".to_owned()),
            ("登載於".to_owned(), "帳本第 128 筆".to_owned()),
            ("雜湊值".to_owned(), "0f".repeat(32)),
        ],
        "本表內容以帳本所載為準。".to_owned(),
        "https://ward.example.gov.tw/records/r_0123456789abcdefghjkmnpqrs".to_owned(),
    )
    .unwrap()
}

fn ticks(options: &[(&str, bool)]) -> Value {
    let tick = |(text, ticked): &(&str, bool)| Tick { text: (*text).to_owned(), ticked: *ticked };
    Value::Ticks { options: options.iter().map(tick).collect() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn seal(name: &str) -> Seal {
    Seal {
        name: name.to_owned(),
        acting_for: None,
        outcome: "核定".to_owned(),
        at: "115年11月27日 14:05".to_owned(),
        evidence: "本人簽章".to_owned(),
        check: "已驗證簽章相符".to_owned(),
        digest: Some("9c".repeat(32)),
        entry: "帳本第 127 筆".to_owned(),
        reason: None,
        void: None,
    }
}

/// A form with every kind of answer, the answers handed in.
pub(crate) fn form(typed: &str) -> Form {
    let signed = |role: &str, seal| SignatureBox { role: role.to_owned(), seal };
    Form {
        head: head("電腦機房進出申請表"),
        number: "115機字第0042號".to_owned(),
        unit: "資訊中心".to_owned(),
        date: "中華民國115年11月27日".to_owned(),
        subject: Some(typed.to_owned()),
        about: vec![
            Line::new("狀態", Value::text("已核定")),
            Line::new("建立時間", Value::text("115年11月27日 13:00")),
        ],
        sections: vec![
            Section {
                label: Some("申請事項".to_owned()),
                lines: vec![
                    Line::new("申請人", Value::text("王小明")),
                    Line::new("進出日期", Value::text("115年12月1日")),
                    Line::new(
                        "類別",
                        ticks(&[("維護", true), ("參訪", false), ("施工", false), ("其他", false)]),
                    ),
                    Line::new("是否攜帶設備", ticks(&[("是", true), ("否", false)])),
                    Line::new("事由", Value::text(typed)),
                    Line::new(
                        "攜帶設備",
                        Value::table(
                            texts(&["名稱", "廠牌型號", "序號", "數量"]),
                            vec![
                                texts(&["筆記型電腦", "A-100", "SN-000-111-222", "1"]),
                                texts(&[typed, "", "", "2"]),
                            ],
                            0,
                        ),
                    ),
                    Line::new(
                        "附件",
                        Value::Files {
                            files: vec![Held {
                                name: "施工計畫.pdf（1.2 MiB）".to_owned(),
                                digest: "ab".repeat(32),
                            }],
                        },
                    ),
                    Line::new("聯絡電話", Value::text("04-2228-9111")),
                ],
            },
            Section {
                label: Some("離場檢查".to_owned()),
                lines: vec![Line::new(
                    "檢查項目",
                    Value::table(
                        texts(&["項目", "結果", "說明"]),
                        vec![
                            texts(&["門禁卡已繳回", "■正常 □異常 □不適用", ""]),
                            texts(&["設備已清點", "□正常 ■異常 □不適用", "少一條電源線"]),
                        ],
                        0,
                    ),
                )],
            },
        ],
        boxes: vec![
            signed("申請人", Some(seal("王小明"))),
            signed(
                "單位主管",
                Some(Seal {
                    acting_for: Some("李主任".to_owned()),
                    evidence: "系統證明".to_owned(),
                    check: "僅由伺服器證明，無法獨立驗證".to_owned(),
                    digest: None,
                    ..seal("陳大文")
                }),
            ),
            signed(
                "資訊中心主任",
                Some(Seal {
                    void: Some("內容已變更".to_owned()),
                    reason: Some("資料不全，請補正".to_owned()),
                    ..seal("林志明")
                }),
            ),
            signed("資訊中心主任", None),
            signed("局長", None),
        ],
        clause: Some(
            "本表依《臺中市政府及所屬機關資訊安全管理技術規範》第6.2.1點、第6.2.3點辦理。".to_owned(),
        ),
        ledger: Some(ledger()),
    }
}

/// An empty form.
pub(crate) fn blank() -> Form {
    let blank = |lines| Value::Blank { lines, after: String::new() };
    Form {
        number: String::new(),
        unit: String::new(),
        date: "中華民國　　年　　月　　日".to_owned(),
        subject: None,
        about: Vec::new(),
        sections: vec![Section {
            label: None,
            lines: vec![
                Line::new("申請人", blank(1)),
                Line::new("人數", Value::Blank { lines: 1, after: "人".to_owned() }),
                Line::new("事由", blank(5)),
                Line::new("攜帶設備", Value::table(texts(&["名稱", "廠牌型號", "數量"]), Vec::new(), 4)),
            ],
        }],
        boxes: ["申請人", "承辦人", "單位主管"]
            .map(|role| SignatureBox { role: role.to_owned(), seal: None })
            .to_vec(),
        ledger: None,
        ..form("")
    }
}

pub(crate) fn labels(layout: Layout, count: usize) -> Labels {
    let label = |at: usize| {
        Label::new(
            (format!("115設{at:04}"), "資訊中心機房伺服器機櫃第三排電源分配單元".to_owned()),
            texts(&["資訊中心", "狀態：使用中"]),
            at.is_multiple_of(3).then(|| "密".to_owned()),
            format!("https://ward.example.gov.tw/records/r_{at:026}"),
        )
        .unwrap()
    };
    Labels {
        head: Head { grade: None, ..head("資訊設備標籤") },
        layout,
        labels: (0..count).map(label).collect(),
    }
}

pub(crate) fn catalogue(rows: usize) -> Catalogue {
    let row = |at: usize| {
        vec![
            format!("115機字第{at:04}號"),
            "電腦機房進出申請：不斷電系統年度維護與電池更換".to_owned(),
            "已核定".to_owned(),
            "資訊中心".to_owned(),
            "115年11月27日".to_owned(),
        ]
    };
    Catalogue::new(
        head("電腦機房進出申請清冊"),
        texts(&["狀態：已核定", "建立日期：115年1月1日起"]),
        texts(&["編號", "案由", "狀態", "單位", "日期"]),
        (0..rows).map(row).collect(),
    )
}

pub(crate) fn report() -> Report {
    let finding = |clause: &str| Finding {
        clause: clause.to_owned(),
        check: "機房進出均經核准並登記".to_owned(),
        told: "未符合：97.3 %（至少 100 %）".to_owned(),
    };
    let tally = |counts: [usize; 4]| Tally { all: counts.iter().sum(), counts: counts.to_vec() };
    Report {
        head: Head { grade: None, ..head("資訊安全管理月報") },
        intro: texts(&[
            "報告期間：115年11月1日至115年11月30日。",
            "各條是否符合，依登記資料計算；未知者不以符合論。",
        ]),
        states: texts(&["未符合", "未計算", "資料逾期", "符合"]),
        total: tally([1, 2, 0, 9]),
        articles: (3..29)
            .map(|at| Article { name: format!("第{at}條"), tally: tally([0, 1, 0, 3]) })
            .collect(),
        red: Findings { label: "未符合事項".to_owned(), rows: vec![finding("6.2.1"), finding("7.1")] },
        grey: Findings {
            label: "未知事項及原因".to_owned(),
            rows: (1..30).map(|at| finding(&format!("9.{at}"))).collect(),
        },
        ledger: Some(ledger()),
        boxes: ["承辦人", "資訊安全長"]
            .map(|role| SignatureBox { role: role.to_owned(), seal: None })
            .to_vec(),
    }
}

/// A drawing of so many boxes in two columns, each of the left with a line to one on the right.
pub(crate) fn drawing(boxes: i32) -> Drawing {
    let row = |nth: i32| 60 + 70 * (nth / 2);
    let one = |nth: i32| PictureBox {
        x: 16 + 296 * (nth % 2),
        y: row(nth),
        wide: 208,
        high: 50,
        look: if nth % 4 == 3 { "stranger" } else { "plain" },
        rows: vec![
            (row(nth) + 20, format!("主機第{nth}號"), false),
            (row(nth) + 38, format!("10.1.0.{nth}"), true),
        ],
    };
    let tie = |nth: i32| {
        let y = row(nth) + 25;
        PictureLine {
            look: if nth % 3 == 0 { "recorded" } else { "seen" },
            pieces: vec![vec![(224, y), (268, y), (268, y), (312, y)]],
            arrow: vec![(312, y), (303, y - 4), (303, y + 4)],
        }
    };
    Drawing {
        head: Head { grade: None, ..head("網路系統圖") },
        intro: texts(&["登記內容截至：115年11月27日 08:30"]),
        drawn: (boxes > 0).then(|| Picture {
            wide: 536,
            high: row(boxes) + 80,
            heads: vec![(16, "防火牆".to_owned()), (312, "主機".to_owned())],
            boxes: (0..boxes).map(one).collect(),
            lines: (0..boxes / 2).map(|nth| tie(nth * 2)).collect(),
            legend: vec![("plain", "已登記".to_owned()), ("seen", "實際通聯".to_owned())],
        }),
        tables: vec![
            Listing {
                label: "登記之項目".to_owned(),
                heads: texts(&["項目", "位址"]),
                rows: (0..boxes).map(|nth| vec![format!("主機第{nth}號"), format!("10.1.0.{nth}")]).collect(),
            },
            Listing { label: "登記之連接".to_owned(), heads: texts(&["起", "迄"]), rows: Vec::new() },
        ],
        ledger: Some(ledger()),
    }
}
