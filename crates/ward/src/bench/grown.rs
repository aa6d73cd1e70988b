//! The city grown: rooms through the desk, one device through the desk, the others in its likeness.

use super::city::{City, drawn, give};
use crate::machine::SystemClock;
use anyhow::{Context as _, anyhow};
use casework::{Body, Command, Content, Event, Subject};
use desk::Desk;
use indicatif::ProgressBar;
use ledger::entropy::MachineEntropy;
use ledger::vault::Vault;
use model::{Clock as _, DataKeyId, Person, RecordId};
use proof::entry::{Body as EntryBody, Draft, Encoded, Entry};
use proof::seal::DataKey;
use proof::signature::{Previous, Signature};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, VecDeque};
use store::{Fact, Recorded, Said};

/// What has grown.
pub(super) struct Grown {
    pub(super) devices: u64,
    pub(super) entries: u64,
    pub(super) rooms: Vec<RecordId>,
    pub(super) records: Vec<RecordId>,
}

/// Rooms of the city.
const ROOMS: usize = 200;
/// Kinds of devices, by their words in the pack.
const KINDS: [&str; 4] = ["server", "network", "storage", "other"];
/// Entries that go to the ledger together.
const TOGETHER: usize = 4_000;
/// Batches on their way.
const UNDER_WAY: usize = 4;

/// The serial number of a device.
pub(super) fn serial(nth: u64) -> String {
    format!("SN{:08}", nth * 7 + 11)
}

/// Grows the city until it has about so many entries.
pub(super) fn grow(city: &City, devices: u64, events: u64) -> anyhow::Result<Grown> {
    let desk = city.open()?;
    let rooms = (0..ROOMS).map(|nth| room(city, &desk, nth)).collect::<anyhow::Result<Vec<_>>>()?;
    let first = rooms.first().copied().context("a room")?;
    let likeness = likeness(city, &desk, first, (events / devices.max(1)).max(3) as usize)?;
    desk.close();
    let ledger = city.ledger()?;
    let mut vault = city.vault()?;
    let mut records = Vec::with_capacity(devices as usize);
    let bar = ProgressBar::new(devices);
    let (mut batch, mut receipts) = (Vec::with_capacity(TOGETHER * 2), VecDeque::new());
    for nth in 0..devices {
        let record = RecordId::from_bytes(drawn()?);
        records.push(record);
        let room = rooms.get(nth as usize % rooms.len()).copied().unwrap_or(first);
        born(&likeness, nth, record, room, &mut vault, &mut batch)?;
        if batch.len() >= TOGETHER {
            receipts.push_back(ledger.submit(std::mem::take(&mut batch)));
        }
        if receipts.len() > UNDER_WAY
            && let Some(receipt) = receipts.pop_front()
        {
            receipt.wait()?;
        }
        bar.set_position(nth);
    }
    if !batch.is_empty() {
        receipts.push_back(ledger.submit(batch));
    }
    receipts.into_iter().try_for_each(|receipt| receipt.wait().map(drop))?;
    bar.finish_and_clear();
    let entries = ledger.head().size;
    ledger.close().map_err(|reason| anyhow!("{}", reason.told()))?;
    Ok(Grown { devices, entries, rooms, records })
}

/// What a former run has grown.
pub(super) fn standing(desk: &Desk) -> anyhow::Result<Grown> {
    let records = |register: &str| -> anyhow::Result<Vec<RecordId>> {
        let text = "SELECT record FROM record WHERE register = $1 AND destroyed IS NULL ORDER BY opened";
        let rows = desk.read(|sql, _| sql.rows(text, &[register.into()]))?;
        rows.iter().map(|row| Ok(row.text(0).context("an identifier")?.parse()?)).collect()
    };
    let (rooms, mut records) = (records("room")?, records("equipment")?);
    // The first of them was the likeness of the others.
    anyhow::ensure!(records.len() > 1 && !rooms.is_empty(), "nothing has grown here");
    records.remove(0);
    Ok(Grown { devices: records.len() as u64, entries: desk.seen().position, rooms, records })
}

fn open(
    desk: &Desk,
    person: &Person,
    register: &str,
    step: &str,
    fill: &[(&str, Json)],
) -> anyhow::Result<RecordId> {
    let record = RecordId::from_bytes(drawn()?);
    let command = Command::Open {
        record,
        register: register.parse()?,
        step: step.parse()?,
        fill: filled(fill)?,
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    give(desk, person, command)?;
    Ok(record)
}

fn take(
    desk: &Desk,
    person: &Person,
    record: RecordId,
    step: &str,
    outcome: Outcome,
    fill: &[(&str, Json)],
) -> anyhow::Result<()> {
    let seen = desk.case(record)?.context("the record")?.revision;
    let fill = filled(fill)?;
    let step = step.parse()?;
    give(
        desk,
        person,
        Command::Take {
            record,
            seen,
            step,
            outcome,
            reason: None,
            fill,
            occurred_at: None,
            late_reason: None,
            signed: None,
        },
    )
}

fn filled(fill: &[(&str, Json)]) -> anyhow::Result<BTreeMap<regulation::FieldId, Json>> {
    fill.iter().map(|(field, json)| Ok((field.parse()?, json.clone()))).collect()
}

fn room(city: &City, desk: &Desk, nth: usize) -> anyhow::Result<RecordId> {
    let fill = [
        ("code", json!(format!("R{nth:03}"))),
        ("name", json!(format!("第{nth}機房"))),
        ("place", json!("臺中市西屯區臺灣大道三段99號")),
        ("custodian", json!(city.maintainer.person.to_string())),
        ("deputy_custodian", json!(city.it_head.person.to_string())),
        ("vault", json!(false)),
        ("round_the_clock", json!(true)),
        ("raised_floor", json!(true)),
        ("measures", json!([{ "measure": "lock", "where_it_is": "前後門" }])),
    ];
    let record = open(desk, &city.it_head, "room", "propose", &fill)?;
    take(desk, &city.head, record, "approve", Outcome::Approve, &[])?;
    Ok(record)
}

/// Faults that wait for the maintainer; the head of the unit reports them, as any of the staff may.
pub(super) fn faults(city: &City, rooms: &[RecordId], count: usize) -> anyhow::Result<()> {
    let desk = city.open()?;
    let reporter = Person { role: "staff".into(), ..city.head.clone() };
    for (nth, room) in rooms.iter().cycle().take(count).enumerate() {
        let fill = [
            ("room", json!(room.to_string())),
            ("symptom", json!(format!("第{nth}號主機無回應"))),
            ("source", json!("person")),
            ("happened", json!(SystemClock.now().to_string())),
            ("severity", json!("normal")),
        ];
        open(&desk, &reporter, "fault", "report", &fill)?;
    }
    desk.close();
    Ok(())
}

/// An event as it stands in the ledger.
struct Entered {
    event: Event,
    signature: Option<Signature>,
}

/// The events of one device with about `length` of them, as they stand in the ledger.
fn likeness(city: &City, desk: &Desk, room: RecordId, length: usize) -> anyhow::Result<Vec<Entered>> {
    let fill = [
        ("code", json!("D-likeness")),
        ("name", json!("主機")),
        ("kind", json!("server")),
        ("serial", json!("SN")),
        ("room", json!(room.to_string())),
        ("place", json!("A櫃")),
        ("address", json!("10.0.0.1")),
        ("keeper", json!(city.maintainer.person.to_string())),
        ("round_the_clock", json!(true)),
        ("bought_on", json!("2024-05-01")),
    ];
    let before = desk.seen().position;
    let record = open(desk, &city.maintainer, "equipment", "register", &fill)?;
    let opened = desk.seen().position - before;
    let mut round = 0;
    let mut grown = opened;
    while (grown as usize) < length {
        let fill = [("name", json!(format!("主機{round}"))), ("serial", json!("SN"))];
        take(desk, &city.maintainer, record, "amend", Outcome::Done, &fill)?;
        grown = desk.seen().position - before;
        round += 1;
    }
    let end = desk.seen().position;
    anyhow::ensure!(wait_published(city, end)?, "the ledger did not publish");
    let keys = city.keys()?;
    let mut events = Vec::new();
    let mut failed = None;
    city.ledger_reader().entries(before..end, |number, bytes| {
        match Recorded::read(number, bytes, keys.as_ref()) {
            Ok(Recorded { said: Said::Fact(fact), .. }) => {
                if let Fact::Case(event) = *fact
                    && event.record() == Some(record)
                {
                    let signature = Entry::parse(bytes).ok().and_then(|entry| entry.signature().cloned());
                    events.push(Entered { event, signature });
                }
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    })?;
    failed.map_or(Ok(events), |error| Err(error.into()))
}

fn wait_published(city: &City, size: u64) -> anyhow::Result<bool> {
    let start = std::time::Instant::now();
    while city.size()? < size {
        if start.elapsed().as_secs() > 10 {
            return Ok(false);
        }
        std::thread::yield_now();
    }
    Ok(true)
}

/// The entries of a device in the likeness of the first, sealed and signed where those were.
fn born(
    likeness: &[Entered],
    nth: u64,
    record: RecordId,
    room: RecordId,
    vault: &mut Vault,
    batch: &mut Vec<Encoded>,
) -> anyhow::Result<()> {
    let mut key: Option<(DataKeyId, DataKey)> = None;
    for Entered { event, signature } in likeness {
        let mut event = event.clone();
        event.subject = Subject::Record(record);
        if let Body::Opened { content, .. } | Body::Changed { content, .. } = &mut event.body {
            own(content, nth, room)?;
        }
        if let Body::Signed { content: Some(content), .. } = &mut event.body {
            own(content, nth, room)?;
        }
        let private = event.private;
        let mut draft = Fact::Case(event).draft()?;
        let (first, second) = (drawn()?, drawn()?);
        if let (true, EntryBody::Clear { salt, .. }) = (private || signature.is_some(), &mut draft.body) {
            *salt = Some(second);
        }
        draft.signature = signature.clone().map(|one| signed_anew(one, record, &draft)).transpose()?;
        if private {
            if key.is_none() {
                key = Some(vault.new_key(&mut MachineEntropy)?);
            }
            let (id, data_key) = key.as_ref().context("a key")?;
            let mut nonce = [0; 24];
            nonce.iter_mut().zip(first.iter().chain(&second)).for_each(|(to, from)| *to = *from);
            draft = proof::seal::seal(draft, data_key, *id, nonce)?;
        }
        batch.push(draft.encode()?);
    }
    Ok(())
}

/// The same statement about another record.
fn signed_anew(mut signature: Signature, record: RecordId, draft: &Draft) -> anyhow::Result<Signature> {
    signature.statement.record = record.to_string();
    if signature.statement.previous == Previous::Itself {
        signature.statement.content = draft.content_hash()?;
    }
    Ok(signature)
}

fn own(content: &mut Content, nth: u64, room: RecordId) -> anyhow::Result<()> {
    let name = content.0.get("name").and_then(Json::as_str).unwrap_or("主機").to_owned();
    let set = [
        ("code", json!(format!("D{nth:07}"))),
        ("name", json!(format!("{name}第{}號", nth % 1000))),
        ("serial", json!(serial(nth))),
        ("kind", json!(KINDS.get(nth as usize % KINDS.len()))),
        ("room", json!(room.to_string())),
        ("address", json!(format!("10.{}.{}.{}", nth >> 16 & 255, nth >> 8 & 255, nth & 255))),
    ];
    for (field, json) in set {
        content.0.insert(field.parse()?, json);
    }
    Ok(())
}
