//! Vectors that the third implementation wrote from the specifications: trees, paths, notes, checkpoints,
//! cosignatures, policies, answers under RSA. `tests/third/third.py make-vectors` writes them; nothing here can.

use proof::checkpoint::Checkpoint;
use proof::hash::{Hash, leaf_hash};
use proof::note::{Note, VerifierKey};
use proof::policy::Policy;
use proof::signature::{Credential, Evidence, Signature};
use proof::tile::{Kind, Tile};
use proof::tree::{Subtrees, prove_consistency, prove_inclusion, prove_range, root, root_of};
use serde_json::Value;
use std::convert::Infallible;

fn vectors(name: &str) -> Value {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value[name].as_array().unwrap();
    assert!(!list.is_empty(), "{name}");
    list
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// Complete subtrees over the leaves `entry i`, level by level.
struct Leaves(Vec<Vec<Hash>>);

impl Leaves {
    fn new(count: u64) -> Self {
        let mut levels: Vec<Vec<Hash>> =
            vec![(0..count).map(|i| leaf_hash(format!("entry {i}").as_bytes())).collect()];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            levels.push(below.as_chunks::<2>().0.iter().map(|pair| root_of(pair)).collect());
        }
        Self(levels)
    }
}

impl Subtrees for Leaves {
    type Error = Infallible;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.0[level as usize][usize::try_from(index).unwrap()])
    }
}

/// SHA-256 over all hashes of all proofs, each begun by its length.
fn digest(proofs: impl Iterator<Item = Result<Vec<Hash>, Infallible>>) -> String {
    let mut whole = Vec::new();
    for proof in proofs {
        let Ok(proof) = proof;
        whole.push(u8::try_from(proof.len()).unwrap());
        proof.iter().for_each(|hash| whole.extend_from_slice(hash.as_bytes()));
    }
    Hash::of(&[&whole]).to_string()
}

#[test]
fn trees_and_all_their_proofs_are_those_of_the_third_implementation() {
    let mut leaves = Leaves::new(300);
    for tree in list(&vectors("tree"), "trees") {
        let size = tree["size"].as_u64().unwrap();
        let Ok(root) = root(size, &mut leaves);
        assert_eq!(root.to_string(), text(tree, "root"), "{size}");
        let inclusion = digest((0..size).map(|index| prove_inclusion(index, size, &mut leaves)));
        assert_eq!(inclusion, text(tree, "inclusion"), "{size}");
        let consistency = digest((1..=size).map(|old| prove_consistency(old, size, &mut leaves)));
        assert_eq!(consistency, text(tree, "consistency"), "{size}");
    }
    for example in list(&vectors("tree")["examples"], "range") {
        let [first, end, size] = ["first", "end", "size"].map(|name| example[name].as_u64().unwrap());
        let Ok(proof) = prove_range(first, end, size, &mut leaves);
        let proof: Vec<_> = proof.iter().map(Hash::to_string).collect();
        assert_eq!(example["proof"], serde_json::json!(proof), "{first}..{end}");
    }
}

#[test]
fn paths_are_those_of_the_third_implementation() {
    let paths = vectors("paths");
    for path in list(&paths, "accepted") {
        let kind = match path["level"].as_str() {
            Some("entries") => Kind::Entries,
            Some(level) => Kind::Hashes(level.parse().unwrap()),
            None => Kind::Hashes(path["level"].as_u64().unwrap().try_into().unwrap()),
        };
        let index = text(path, "number").parse().unwrap();
        let width = path["width"].as_u64().unwrap().try_into().unwrap();
        let tile = Tile { kind, index, width };
        assert_eq!(tile.path(), text(path, "path"));
        assert_eq!(Tile::from_path(text(path, "path")), Ok(tile));
    }
    for path in list(&paths, "refused") {
        assert!(Tile::from_path(text(path, "path")).is_err(), "{path}");
    }
}

#[test]
fn answers_under_rsa_are_judged_as_the_third_implementation_does() {
    let file = vectors("rs256");
    let judged = |case: &Value| -> Result<(), String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let credential: Credential =
            serde_json::from_value(case["credential"].clone()).map_err(|error| told(&error))?;
        let signature: Signature =
            serde_json::from_value(case["signature"].clone()).map_err(|error| told(&error))?;
        let Evidence::Passkey(passkey) = &signature.evidence else { return Err("no passkey".to_owned()) };
        passkey.check(&signature.statement, &credential).map_err(|error| told(&error))
    };
    for case in list(&file, "accepted") {
        assert_eq!(judged(case), Ok(()), "{}", case["rule"]);
    }
    for case in list(&file, "refused") {
        assert!(judged(case).is_err(), "{}", case["rule"]);
    }
}

#[test]
fn notes_and_cosignatures_are_those_of_the_third_implementation() {
    for file in ["note", "cosignature"] {
        let notes = vectors(file);
        let key: VerifierKey = text(&notes, "vkey").parse().unwrap();
        let verified = |note: &Value| {
            Note::parse(text(note, "note").as_bytes())
                .and_then(|note| note.verify(&key).map(|signed| (note, signed)))
        };
        for note in list(&notes, "accepted") {
            let (read, signed) = verified(note).unwrap();
            assert_eq!(read.to_string(), text(note, "note"));
            if file == "cosignature" {
                assert_eq!(signed.at_seconds.to_string(), text(note, "time"));
            }
        }
        for note in list(&notes, "refused") {
            assert!(verified(note).is_err(), "{}", note["rule"]);
        }
    }
}

#[test]
fn checkpoints_are_those_of_the_third_implementation() {
    let checkpoints = vectors("checkpoint");
    for vector in list(&checkpoints, "accepted") {
        let read = Checkpoint::parse(text(vector, "text")).unwrap();
        assert_eq!(read.text(), text(vector, "text"));
        let said = (read.origin, read.size.to_string(), read.root.to_string());
        assert_eq!(
            said,
            (text(vector, "origin").into(), text(vector, "size").into(), text(vector, "root").into())
        );
    }
    for vector in list(&checkpoints, "refused") {
        // Other logs may have more lines; a ledger's head has three (`docs/format.md` §5).
        let read = Checkpoint::parse(text(vector, "text"));
        assert!(!read.is_ok_and(|read| read.extensions.is_empty()), "{}", vector["rule"]);
    }
}

#[test]
fn policies_judge_like_the_third_implementation() {
    let policies = vectors("policy");
    for vector in list(&policies, "accepted") {
        let policy = Policy::parse(text(vector, "policy"))
            .unwrap_or_else(|error| panic!("{}: {error}", vector["rule"]));
        let heads = policies["heads"].as_object().unwrap();
        let accepts: Vec<_> = heads
            .iter()
            .filter(|(_, head)| policy.check(head.as_str().unwrap().as_bytes()).is_ok())
            .map(|(name, _)| name.as_str())
            .collect();
        let mut said: Vec<_> = list(vector, "accepts").iter().map(|name| name.as_str().unwrap()).collect();
        said.sort_unstable();
        assert_eq!(said, accepts, "{}", vector["rule"]);
    }
    for vector in list(&policies, "refused") {
        assert!(Policy::parse(text(vector, "policy")).is_err(), "{}", vector["rule"]);
    }
}
