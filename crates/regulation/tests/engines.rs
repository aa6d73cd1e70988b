//! Sections of engines, and one version of a pack after another.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which fail by panicking")]

use regulation::{
    Context, EngineBody, Files, Folder, Form, Pack, Population, Section, Sections, Shape, Source, Table,
    load, load_with, may, need, schemas, succession,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// An engine with limits of its own: `limits/*.toml`.
struct Limits;

static LIMIT_FILE: Shape = Shape { keys: &[need("limit", Form::Tables(&LIMIT), "限值", "limits")] };

static LIMIT: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("most", Form::Number, "上限", "at most"),
        may("label", Form::Label, "名稱", "its name"),
    ],
};

impl Section for Limits {
    fn name(&self) -> &'static str {
        "limits"
    }

    fn title(&self) -> (&'static str, &'static str) {
        ("限值", "Limits")
    }

    fn shape(&self) -> &'static Shape {
        &LIMIT_FILE
    }

    fn read(&self, files: &[(&str, Table<'_>)], context: &Context<'_>) -> EngineBody {
        let mut limits: BTreeMap<String, regulation::Decimal> = BTreeMap::new();
        for limit in files.iter().flat_map(|(_, file)| file.tables("limit")) {
            let (Some(id), Some(most)) = (limit.text("id"), limit.get("most").and_then(|node| node.number()))
            else {
                continue;
            };
            if limits.insert(id.to_owned(), most).is_some() {
                context.problem(limit.place_at("id"), "限值重複", "the limit is there already");
            }
        }
        EngineBody(Arc::new(limits))
    }

    fn population(&self, table: Table<'_>, context: &Context<'_>) -> Option<EngineBody> {
        let limit = table.text("limit");
        if limit.is_none() {
            context.problem(table.place(), "缺少 limit", "limit is missing");
        }
        Some(EngineBody(Arc::new(limit?.to_owned())))
    }

    fn list(&self, body: &EngineBody) -> serde_json::Value {
        let limits = body.0.downcast_ref::<BTreeMap<String, regulation::Decimal>>();
        limits.map_or(serde_json::Value::Null, |limits| limits.keys().cloned().collect())
    }
}

fn tiny() -> BTreeMap<String, Vec<u8>> {
    Folder::new(Path::new("tests/tiny")).files().unwrap()
}

fn changed(files: &mut BTreeMap<String, Vec<u8>>, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(files.remove(file).unwrap_or_default()).unwrap();
    assert!(from.is_empty() || text.matches(from).count() == 1, "{from}");
    let text = if from.is_empty() { format!("{text}{to}") } else { text.replace(from, to) };
    files.insert(file.to_owned(), text.into_bytes());
}

const CHECK: &str = "[[clause]]\nid = \"11\"\narticle = \"十一\"\ntitle = { zh = \"甲\", en = \"A\" }\n\
                     summary = { zh = \"甲\", en = \"A\" }\n[[clause.check]]\nid = \"within\"\n\
                     label = { zh = \"甲\", en = \"A\" }\npopulation = { engine = \"limits\", limit = \"heat\" }\n\
                     evidence = {}\nfreshness = \"1 day\"\n";

#[test]
fn an_engine_reads_its_own_folder_and_its_own_checks() {
    let mut files = tiny();
    changed(&mut files, "limits/room.toml", "", "[[limit]]\nid = \"heat\"\nmost = 26.5\n");
    changed(&mut files, "clauses/more.toml", "", CHECK);
    let sections = Sections::none().with(Limits);
    let pack = load_with(&Files::new(files), &sections).unwrap();
    let limits = pack.section::<BTreeMap<String, regulation::Decimal>>("limits").unwrap();
    assert_eq!(limits["heat"].to_string(), "26.5");
    assert_eq!(pack.list(&sections)["sections"]["limits"][0], "heat");
    assert!(schemas(&sections).contains_key("limits"));
    let check = &pack.clause("11").unwrap().checks[0];
    let Population::Engine { engine, body } = &check.population else {
        unreachable!("an engine's population")
    };
    assert_eq!((&**engine, body.0.downcast_ref::<String>().unwrap().as_str()), ("limits", "heat"));
}

#[test]
fn problems_of_an_engines_files_are_told_like_all_others() {
    let mut files = tiny();
    let text = "[[limit]]\nid = \"heat\"\nmots = 26\n[[limit]]\nid = \"heat\"\nmost = 1\n";
    changed(&mut files, "limits/room.toml", "", text);
    let problems = load_with(&Files::new(files), &Sections::none().with(Limits)).unwrap_err();
    let told: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.place, problem.en)).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(problems[1].suggestion.as_deref(), Some("most"));
}

#[test]
fn without_its_engine_a_folder_is_refused() {
    let mut files = tiny();
    changed(&mut files, "limits/room.toml", "", "[[limit]]\nid = \"heat\"\nmost = 26\n");
    let problems = load(&Files::new(files)).unwrap_err();
    assert_eq!(problems[0].place.to_string(), "limits/room.toml:1:1");
}

/// The tiny pack in its second version, with these changes and these moves.
fn second(changes: &[(&str, &str, &str)], moves: Option<&str>) -> Pack {
    let mut files = tiny();
    changed(&mut files, "pack.toml", "version = 1", "version = 2");
    for (file, from, to) in changes {
        changed(&mut files, file, from, to);
    }
    if let Some(moves) = moves {
        changed(&mut files, "moves.toml", "", moves);
    }
    let loaded = load(&Files::new(files));
    loaded.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

fn told(former: &Pack, now: &Pack) -> Vec<String> {
    succession(former, now).into_iter().map(|problem| problem.en).collect()
}

#[test]
fn a_version_follows_only_a_lower_one_of_the_same_pack() {
    let first = load(&Files::new(tiny())).unwrap();
    assert!(told(&first, &second(&[], None)).is_empty());
    assert_eq!(told(&first, &first), ["the version must be higher than 1, published last"]);
}

/// States and fields renamed: without a line in the moves they are missed, with one they pass over.
#[test]
fn what_is_renamed_needs_a_stated_move() {
    let first = load(&Files::new(tiny())).unwrap();
    let renamed = [
        (
            "registers/round.toml",
            "id = \"open\"\nlabel = { zh = \"待巡視\"",
            "id = \"waiting\"\nlabel = { zh = \"待巡視\"",
        ),
        ("registers/round.toml", "fields = [\"day\"]\nto = \"open\"", "fields = [\"day\"]\nto = \"waiting\""),
        ("registers/round.toml", "from = [\"open\"]", "from = [\"waiting\"]"),
        ("registers/round.toml", "id = \"humidity\"", "id = \"damp_measured\""),
        ("registers/round.toml", "\"humidity\", ", "\"damp_measured\", "),
    ];
    let missed = told(&first, &second(&renamed, Some("from = 1\n")));
    assert_eq!(missed.len(), 2, "{missed:?}");
    assert!(missed[0].contains("the state open of round"));
    assert!(missed[1].contains("the field humidity of round"));
    let moves = "from = 1\n[[move]]\nregister = \"round\"\nstates = { open = \"waiting\" }\nfields = { humidity = \"damp_measured\" }\n";
    let now = second(&renamed, Some(moves));
    assert!(told(&first, &now).is_empty());
    let moves = now.moves.as_ref().unwrap();
    let round = "round".parse().unwrap();
    assert_eq!(moves.state(&round, &"open".parse().unwrap()).as_str(), "waiting");
    assert_eq!(moves.field(&round, &"humidity".parse().unwrap()).unwrap().as_str(), "damp_measured");
    assert_eq!(moves.field(&round, &"day".parse().unwrap()).unwrap().as_str(), "day");
}

#[test]
fn a_sealed_field_does_not_move_into_the_open() {
    let first = load(&Files::new(tiny())).unwrap();
    let opened = [("registers/key.toml", "sealed = true\n", "")];
    let told = told(&first, &second(&opened, Some("from = 1\n")));
    assert!(told[0].contains("the field alarm_code of key"), "{told:?}");
}

/// An engine that only looks at the policies.
struct Watcher;

static NOTHING: Shape = Shape { keys: &[] };

impl Section for Watcher {
    fn name(&self) -> &'static str {
        "policies"
    }

    fn has_folder(&self) -> bool {
        false
    }

    fn title(&self) -> (&'static str, &'static str) {
        ("政策", "Policies")
    }

    fn shape(&self) -> &'static Shape {
        &NOTHING
    }

    fn read(&self, files: &[(&str, Table<'_>)], _: &Context<'_>) -> EngineBody {
        EngineBody(Arc::new(files.len()))
    }

    fn policies(&self, policies: &BTreeMap<Box<str>, Box<str>>, context: &Context<'_>) -> Option<EngineBody> {
        for path in policies.keys() {
            let (zh, en) = ("看過了", "it was seen");
            context.problem_with(regulation::whole_file(path), zh, en, Some("nothing".into()));
        }
        None
    }
}

#[test]
fn an_engine_without_a_folder_sees_the_policies_and_has_no_files_and_no_schema() {
    let mut files = tiny();
    files.insert("policies/own.toml".into(), b"a = 1\n".to_vec());
    let sections = Sections::none().with(Watcher);
    let problems = load_with(&Files::new(files), &sections).unwrap_err();
    let told: Vec<String> = problems.iter().map(|problem| problem.place.to_string()).collect();
    assert_eq!(told, ["policies/base.cedar:1:1", "policies/own.toml:1:1"]);
    assert_eq!(problems[0].suggestion.as_deref(), Some("nothing"));
    assert_eq!(schemas(&sections).len(), schemas(&Sections::none()).len());
}
