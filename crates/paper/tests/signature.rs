//! The record of signatures, read back by a reader of XML.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use paper::{Evidence, Signature, SignatureRecord};
use quick_xml::Reader;
use quick_xml::events::Event;

fn record() -> SignatureRecord {
    let at = "2026-11-27T06:00:00.000000Z".parse().unwrap();
    let signature = Signature {
        signer: ("p_1".to_owned(), "王小明 & <友>".to_owned()),
        acting_for: Some(("p_2".to_owned(), "李主任".to_owned())),
        role: "unit_head".to_owned(),
        step: ("approve".to_owned(), "核定".to_owned()),
        outcome: "approve".to_owned(),
        at,
        statement: "c3RhdGVtZW50".to_owned(),
        covers: (12, "Y29udGVudA==".to_owned()),
        evidence: Evidence::Passkey,
        check: "已驗證簽章相符".to_owned(),
        entry: (13, "bGVhZg==".to_owned()),
        reason: Some("a\u{1}b \"]]>".to_owned()),
        void: None,
    };
    SignatureRecord {
        record: "r_1".to_owned(),
        number: Some("115機字第0042號".to_owned()),
        title: "機房進出".to_owned(),
        grade: "密".to_owned(),
        origin: "ward.example/ledger".to_owned(),
        at,
        paper: ("表 \"1\".pdf".to_owned(), [0xab; 32]),
        signatures: vec![
            signature.clone(),
            Signature {
                evidence: Evidence::OneTimePassword,
                acting_for: None,
                void: Some("內容已變更".to_owned()),
                ..signature
            },
        ],
    }
}

#[test]
fn each_signature_is_told_in_order_with_what_it_rests_on() {
    let xml = String::from_utf8(record().xml().unwrap()).unwrap();
    assert!(xml.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<signatures xmlns=\"urn:ward:signatures:1\""
    ));
    let (mut reader, mut open, mut seen) = (Reader::from_str(&xml), Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(start.name().as_ref().to_owned());
                seen.push(open.join("/"));
            }
            Event::Empty(empty) => {
                seen.push(format!("{}/{}", open.join("/"), empty.name().as_ref()));
            }
            Event::End(_) => drop(open.pop()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    let count = |path: &str| seen.iter().filter(|one| *one == path).count();
    assert_eq!(count("signatures/document/file"), 1);
    for each in ["signer", "step", "covers", "evidence", "entry", "statement-sha256"] {
        assert_eq!(count(&format!("signatures/signature/{each}")), 2, "{each}");
    }
    assert_eq!((count("signatures/signature/acting-for"), count("signatures/signature/void")), (1, 1));
    assert!(xml.contains(&format!("sha256=\"{}\"", "ab".repeat(32))), "{xml}");
    assert!(xml.contains("王小明 &amp; &lt;友&gt;") && xml.contains("a\u{fffd}b"), "{xml}");
    assert!(
        xml.contains("grade=\"signed-by-person\"") && xml.contains("grade=\"vouched-by-server\""),
        "{xml}"
    );
}
