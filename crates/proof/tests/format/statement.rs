//! Statements and signatures: §7.

use crate::authenticator::{Answer, Authenticator};
use crate::fixture::{chain, draft, expect_vectors, person, time, unit};
use model::{Actor, Person};
use proof::base64;
use proof::entry::{Draft, Entry};
use proof::hash::Hash;
use proof::signature::{
    self, Credential, Evidence, Factor, Facts, Grade, Otp, Passkey, Previous, Reason, Signature, Statement,
    challenge,
};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const LEDGER: &str = "ward.example.gov.tw/ledger";
const RECORD: &str = "r_aeaqcaibaeaqcaibaeaqcaibae";
const NUMBER: u64 = 9;

/// What somebody states about the entry of this draft.
pub(crate) fn statement(about: &Draft, signer: u8, previous: Previous) -> Statement {
    Statement {
        content: about.content_hash().unwrap(),
        ledger: LEDGER.to_owned(),
        nonce: [0x99; 16],
        on_behalf: None,
        outcome: "approve".to_owned(),
        pack: "taichung-2001/4".to_owned(),
        previous,
        reason: Reason::Text("已確認".to_owned()),
        record: about.subject.clone(),
        signer: person(signer),
        step: "unit-head".to_owned(),
    }
}

pub(crate) fn approval() -> Draft {
    draft("firewall-rule.approved", RECORD, json!({ "rule": "deny" }))
}

fn itself() -> Statement {
    statement(&approval(), 1, Previous::Itself)
}

fn key() -> Authenticator {
    Authenticator::es256(1)
}

fn signed(evidence: Evidence, statement: Statement) -> Draft {
    Draft { signature: Some(Signature { evidence, statement }), ..approval() }
}

fn passkey(passkey: Passkey) -> Draft {
    signed(Evidence::Passkey(Box::new(passkey)), itself())
}

/// One entry with what is needed to judge its signature.
struct Case {
    rule: &'static str,
    entry: Vec<u8>,
    credential: Option<Value>,
    previous: Option<Hash>,
}

impl Case {
    fn new(rule: &'static str, draft: &Draft, credential: Option<&Authenticator>) -> Self {
        let entry = draft.encode().unwrap().stamp(time());
        Self { rule, entry, credential: credential.map(Authenticator::body), previous: None }
    }

    fn judge(&self) -> Result<Grade, String> {
        let entry = Entry::parse(&self.entry).map_err(|error| chain(&error))?;
        let credential = self.credential.clone().map(serde_json::from_value::<Credential>);
        let credential = credential.transpose().map_err(|error| chain(&error))?;
        let facts = Facts::of(&entry, LEDGER, NUMBER, self.previous);
        signature::check(entry.signature().unwrap(), &facts, credential.as_ref())
            .map_err(|error| chain(&error))
    }

    fn vector(&self) -> Value {
        let mut vector = json!({
            "rule": self.rule,
            "entry": std::str::from_utf8(&self.entry).unwrap(),
            "number": NUMBER,
            "ledger": LEDGER,
        });
        if let Some(credential) = &self.credential {
            vector["credential"] = credential.clone();
        }
        if let Some(previous) = &self.previous {
            vector["previous_content"] = json!(previous.to_string());
        }
        vector
    }
}

fn accepted() -> Vec<(Case, Grade)> {
    let deputy = Actor::Person(Person {
        acting_for: Some(person(9)),
        person: person(1),
        role: "unit-head".to_owned(),
        session: None,
        terminal: None,
        unit: unit(),
    });
    let ed_dsa = Authenticator::ed_dsa(1);
    let otp = |factor| signed(Evidence::Otp(Otp { factor }), itself());
    let on_behalf = Statement { on_behalf: Some(person(9)), ..itself() };
    let deputy = Draft { actor: deputy, ..signed(key().evidence(&on_behalf), on_behalf) };
    let rsa = Authenticator::rs256(1);
    let hashed = Statement { reason: Reason::hashed(&[0x11; 16], "機密"), ..itself() };
    let silent = Statement { reason: Reason::None, ..itself() };
    let earlier = draft("firewall-rule.proposed", RECORD, json!({ "rule": "allow" }));
    let about_earlier = statement(&earlier, 1, Previous::Entry(3));
    let about_earlier = signed(key().evidence(&about_earlier), about_earlier);
    let batch: Vec<_> = (0..5u8).map(|nonce| Statement { nonce: [nonce; 16], ..itself() }).collect();
    let third = Draft {
        signature: Some(Signature {
            evidence: Evidence::Passkey(Box::new(key().batch(&batch).remove(3))),
            statement: batch[3].clone(),
        }),
        ..approval()
    };
    let mut compared = Case::new("about an earlier entry that is at hand", &about_earlier, Some(&key()));
    compared.previous = Some(earlier.content_hash().unwrap());
    vec![
        (
            Case::new("passkey, ES256", &signed(key().evidence(&itself()), itself()), Some(&key())),
            Grade::Passkey,
        ),
        (
            Case::new("passkey, EdDSA", &signed(ed_dsa.evidence(&itself()), itself()), Some(&ed_dsa)),
            Grade::Passkey,
        ),
        (Case::new("passkey, RS256", &signed(rsa.evidence(&itself()), itself()), Some(&rsa)), Grade::Passkey),
        (Case::new("one-time code", &otp(Factor::Totp), None), Grade::Otp),
        (Case::new("recovery code", &otp(Factor::RecoveryCode), None), Grade::Otp),
        (Case::new("on behalf", &deputy, Some(&key())), Grade::Passkey),
        (Case::new("hashed reason", &signed(key().evidence(&hashed), hashed), Some(&key())), Grade::Passkey),
        (Case::new("no reason", &signed(key().evidence(&silent), silent), Some(&key())), Grade::Passkey),
        (Case::new("about an earlier entry", &about_earlier, Some(&key())), Grade::Passkey),
        (compared, Grade::Passkey),
        (Case::new("fourth of five signed at once", &third, Some(&key())), Grade::Passkey),
    ]
}

/// Statements that do not speak of their entry, validly signed.
fn contradictions() -> Vec<Case> {
    let bent = |rule, bend: &dyn Fn(&mut Statement)| {
        let mut statement = itself();
        bend(&mut statement);
        Case::new(rule, &signed(key().evidence(&statement), statement), Some(&key()))
    };
    let mut cases = vec![
        bent("another ledger", &|statement| statement.ledger = "other.example/ledger".to_owned()),
        bent("another record", &|statement| statement.record = "x".to_owned()),
        bent("another signer", &|statement| statement.signer = person(2)),
        bent("on behalf, but the actor is no deputy", &|statement| statement.on_behalf = Some(person(9))),
        bent("another content", &|statement| statement.content = Hash::of_empty_tree()),
        bent("a previous entry that is its own", &|statement| statement.previous = Previous::Entry(NUMBER)),
        bent("a previous entry that comes later", &|statement| {
            statement.previous = Previous::Entry(NUMBER + 1)
        }),
    ];
    let mut other = bent("another content of the previous entry", &|statement| {
        statement.previous = Previous::Entry(3);
    });
    other.previous = Some(Hash::of_empty_tree());
    cases.push(other);
    let deputy = accepted().remove(5).0.entry;
    let mut deputy: Value = serde_json::from_slice(&deputy).unwrap();
    deputy["signature"]["statement"].as_object_mut().unwrap().remove("on_behalf");
    let entry = proof::json::to_canonical(&deputy).unwrap();
    let rule = "not on behalf, but the actor is a deputy";
    cases.push(Case { rule, entry, credential: Some(key().body()), previous: None });
    let machine = Draft { actor: Actor::machine("ledger"), ..signed(key().evidence(&itself()), itself()) };
    cases.push(Case::new("a machine's entry", &machine, Some(&key())));
    cases
}

/// Assertions that WebAuthn refuses.
fn bad_assertions() -> Vec<Case> {
    let answer = Answer::to(&challenge(&itself()).unwrap());
    let case = |rule, answer: &Answer| Case::new(rule, &passkey(key().give(answer)), Some(&key()));
    let client = |rule, bend: &dyn Fn(&mut Value)| {
        let mut answer = answer.clone();
        bend(&mut answer.client);
        case(rule, &answer)
    };
    let good = key().give(&answer);
    let mut short = good.clone();
    short.authenticator_data.truncate(36);
    short.signature = key().sign(&short.authenticator_data, &short.client_data);
    let mut changed = good.clone();
    *changed.signature.last_mut().unwrap() ^= 1;
    let raw = p256::ecdsa::Signature::from_der(&good.signature).unwrap().to_bytes().to_vec();
    let raw = Passkey { signature: raw, ..good.clone() };
    let rsa = Authenticator::rs256(1);
    let mut bent = rsa.give(&answer);
    bent.signature[128] ^= 1;
    let by_another = Passkey { credential: good.credential.clone(), ..Authenticator::es256(2).give(&answer) };
    let other_id = Passkey { credential: vec![7], ..good.clone() };
    let mut not_json = good.clone();
    not_json.client_data.push(b'}');
    not_json.signature = key().sign(&not_json.authenticator_data, &not_json.client_data);
    let mut other_person = key().body();
    other_person["person"] = json!(person(2).to_string());
    let mut owner = Case::new("the credential is another person's", &passkey(good.clone()), None);
    owner.credential = Some(other_person);
    vec![
        client("made for a registration", &|client| client["type"] = json!("webauthn.create")),
        client("another challenge", &|client| client["challenge"] = json!(base64::encode_url(&[0; 32]))),
        client("challenge with padding", &|client| {
            client["challenge"] = json!(format!("{}=", client["challenge"].as_str().unwrap()));
        }),
        client("a page of another origin", &|client| client["origin"] = json!("https://evil.example")),
        client("a page inside another's", &|client| client["crossOrigin"] = json!(true)),
        case("another relying party", &Answer { rp: "evil.example".to_owned(), ..answer.clone() }),
        case("nobody present", &Answer { flags: 0x04, ..answer.clone() }),
        case("person not verified", &Answer { flags: 0x01, ..answer.clone() }),
        Case::new("authenticator data too short", &passkey(short), Some(&key())),
        Case::new("client data not JSON", &passkey(not_json), Some(&key())),
        Case::new("signature changed", &passkey(changed), Some(&key())),
        Case::new("ES256 signature not in DER", &passkey(raw), Some(&key())),
        Case::new("RS256 signature changed", &passkey(bent), Some(&rsa)),
        Case::new("signed by another key", &passkey(by_another), Some(&key())),
        Case::new("another credential", &passkey(other_id), Some(&key())),
        Case::new("no credential known", &passkey(good), None),
        owner,
    ]
}

/// Places in a batch that were not signed.
fn bad_batches() -> Vec<Case> {
    let others = (1..3u8).map(|nonce| Statement { nonce: [nonce; 16], ..itself() });
    let batch: Vec<_> = [itself()].into_iter().chain(others).collect();
    let bent = |rule, bend: &dyn Fn(&mut proof::signature::Batch)| {
        let mut bent = key().batch(&batch).remove(0);
        bend(bent.batch.as_mut().unwrap());
        Case::new(rule, &passkey(bent), Some(&key()))
    };
    let mut alone = key().batch(&batch).remove(0);
    alone.batch = None;
    vec![
        bent("another place in the batch", &|batch| batch.index = 1),
        bent("a batch of another size", &|batch| batch.size = 4),
        bent("a place beyond the batch", &|batch| batch.index = 3),
        bent("another neighbour in the batch", &|batch| batch.proof[0] = Hash::of_empty_tree()),
        bent("a hash too many", &|batch| batch.proof.push(Hash::of_empty_tree())),
        Case::new("a batch's signature for one statement", &passkey(alone), Some(&key())),
    ]
}

/// Signatures whose shape is refused with their entry.
fn bad_shapes() -> Vec<Case> {
    let bent = |rule, bend: &dyn Fn(&mut Value)| {
        let good = signed(key().evidence(&itself()), itself()).encode().unwrap().stamp(time());
        let mut value: Value = serde_json::from_slice(&good).unwrap();
        bend(&mut value["signature"]);
        let entry = proof::json::to_canonical(&value).unwrap();
        Case { rule, entry, credential: Some(key().body()), previous: None }
    };
    vec![
        bent("a reason and its hash", &|it| it["statement"]["reason_hash"] = json!(base64::encode(&[0; 32]))),
        bent("outcome not a word", &|it| it["statement"]["outcome"] = json!("Approve!")),
        bent("previous with a leading zero", &|it| it["statement"]["previous"] = json!("07")),
        bent("nonce of 15 bytes", &|it| it["statement"]["nonce"] = json!(base64::encode(&[0; 15]))),
        bent("statement with an unknown member", &|it| it["statement"]["extra"] = json!("x")),
        bent("statement with a null", &|it| it["statement"]["on_behalf"] = Value::Null),
        bent("evidence of an unknown grade", &|it| it["evidence"]["grade"] = json!("pinky-promise")),
        bent("evidence with an unknown member", &|it| it["evidence"]["extra"] = json!("x")),
        bent("code of an unknown sort", &|it| it["evidence"] = json!({ "grade": "otp", "factor": "sms" })),
        bent("credential id with padding", &|it| it["evidence"]["credential"] = json!("AQ==")),
        bent("no statement", &|it| drop(it.as_object_mut().unwrap().remove("statement"))),
    ]
}

#[test]
fn vectors_of_statements() {
    let mut good = Vec::new();
    for (case, grade) in accepted() {
        assert_eq!(case.judge(), Ok(grade), "{}", case.rule);
        let mut vector = case.vector();
        let entry = Entry::parse(&case.entry).unwrap();
        let statement = &entry.signature().unwrap().statement;
        vector["grade"] = json!(grade);
        vector["challenge_alone"] = json!(base64::encode_url(&challenge(statement).unwrap()));
        good.push(vector);
    }
    let cases = [contradictions(), bad_assertions(), bad_batches(), bad_shapes()].into_iter().flatten();
    let refused: Vec<_> = cases
        .map(|case| {
            let why = case.judge().expect_err(case.rule);
            let mut vector = case.vector();
            vector["why"] = json!(why);
            vector
        })
        .collect();
    expect_vectors("statement.json", &json!({ "accepted": good, "refused": refused }));
}

#[test]
fn credentials_with_a_key_that_is_none_are_refused() {
    let refused = |bend: &dyn Fn(&mut Value)| {
        let mut body = key().body();
        bend(&mut body);
        serde_json::from_value::<Credential>(body).unwrap_err().to_string()
    };
    let point = base64::decode(key().body()["key"].as_str().unwrap()).unwrap();
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    assert!(refused(&|body| body["key"] = json!(base64::encode(&compressed))).contains("P-256"));
    assert!(refused(&|body| body["key"] = json!(base64::encode(&[4; 65]))).contains("P-256"));
    assert!(refused(&|body| body["alg"] = json!("EdDSA")).contains("Ed25519"));
    let neutral = [[1u8].as_slice(), &[0; 31]].concat();
    let of_small_order = |body: &mut Value| {
        body["alg"] = json!("EdDSA");
        body["key"] = json!(base64::encode(&neutral));
    };
    assert!(refused(&of_small_order).contains("full order"));
    assert!(refused(&|body| body["alg"] = json!("RS256")).contains("RSA"));
    assert!(refused(&|body| body["alg"] = json!("RS1")).contains("RS1"));
    assert!(refused(&|body| body["origins"] = json!([])).contains("origins"));
    assert!(refused(&|body| body["note"] = json!("x")).contains("note"));
    for one in [key(), Authenticator::ed_dsa(1), Authenticator::rs256(1)] {
        let again: Value = serde_json::to_value(one.public()).unwrap();
        assert_eq!(again, one.body());
    }
}

proptest! {
    // Curve arithmetic is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_statement_with_any_changed_member_is_not_the_one_signed(which in 0usize..6, text in "[a-z]{1,8}") {
        let good = itself();
        let mut bent = good.clone();
        match which {
            0 => bent.outcome = text,
            1 => bent.pack = text,
            2 => bent.reason = Reason::Text(text),
            3 => bent.step = text,
            4 => bent.nonce = [text.len() as u8; 16],
            _ => bent.reason = Reason::None,
        }
        let evidence = key().evidence(&good);
        let case = Case::new("changed", &signed(evidence, bent), Some(&key()));
        prop_assert!(case.judge().unwrap_err().contains("another challenge"));
    }

    #[test]
    fn every_statement_of_a_batch_of_any_size_is_signed(size in 1u8..12) {
        let batch: Vec<_> = (0..size).map(|nonce| Statement { nonce: [nonce; 16], ..itself() }).collect();
        for (statement, answer) in batch.iter().zip(key().batch(&batch)) {
            prop_assert!(answer.check(statement, &key().public()).is_ok());
            let stranger = Statement { nonce: [0xff; 16], ..statement.clone() };
            prop_assert!(answer.check(&stranger, &key().public()).is_err());
        }
    }
}
