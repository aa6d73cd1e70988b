//! Flows at the console: the datagrams that were kept are read again.

use super::Refusal;
use crate::lines::again::{Found, Read, Stretch};
use crate::office::Office;
use clap::Args;
use desk::{Asker, Order};
use model::{Instant, Told};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;
use store::LinesTraced;

/// Most lines that are given.
const MOST: usize = 100_000;

/// The datagrams of a stretch of time, read again.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decode {
    /// 自此時刻起接收者（UTC，如 2026-11-26T00:00:00.000000Z）。Received at this moment or later, in UTC.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Instant>,
    /// 此時刻以前接收者。Received before this moment.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
    /// 為取得範本，另自此分鐘數前讀起。So many minutes before are read as well, for templates that were sent then.
    #[arg(long, default_value_t = 60, value_name = "MINUTES")]
    lead: u32,
    /// 輸出重新解讀所得之全部紀錄（每行一筆 JSON），而非僅輸出相異者。Give every line that is made today, as JSON lines, rather than those that differ.
    #[arg(long)]
    pub(crate) lines: bool,
    /// 輸出筆數。How many lines are given.
    #[arg(long, default_value_t = 10_000)]
    most: usize,
}

/// What reading again came to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decoded {
    /// Datagrams of the stretch.
    pub(crate) datagrams: u64,
    /// Lines that are made of them today as they were when they came.
    pub(crate) same: u64,
    /// Lines that are made today alone.
    pub(crate) now: u64,
    /// Lines that were made when they came alone.
    pub(crate) then: u64,
    /// Sets of records whose template is not known.
    pub(crate) unread: u64,
    /// Lines: all that are made today, or those that differ.
    pub(crate) lines: Vec<Row>,
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Made today and when it came, or in one of these alone.
    pub(crate) made: Made,
    /// Who exported it.
    pub(crate) exporter: SocketAddr,
    /// When it came.
    pub(crate) received: Instant,
    /// The line, a JSON object.
    pub(crate) line: String,
}

/// When a line was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Made {
    Both,
    Now,
    Then,
}

pub(crate) fn decode(office: &Office, asked: &Decode) -> Result<Decoded, Refusal> {
    let from = asked.from.unwrap_or(Instant::EPOCH);
    let until = asked.until.unwrap_or_else(|| Instant::EPOCH.plus(Duration::MAX));
    if from >= until {
        return Err(Refusal::misuse(Told::new("--from 須早於 --until。", "--from is to be before --until.")));
    }
    // Where no server runs, what is in no file yet is read first.
    office.lines.take_up().map_err(Refusal::misuse)?;
    let stretch = Stretch {
        within: from..until,
        lead: Duration::from_secs(60 * u64::from(asked.lead)),
        all: asked.lines,
        most: asked.most.min(MOST),
    };
    let again = office.lines.read_flows_again(&stretch).map_err(Refusal::misuse)?;
    let told = LinesTraced {
        found: (again.same + again.now + again.then).to_string(),
        from: asked.from,
        until: asked.until,
        wanted: "flows decode".to_owned(),
    };
    let entered = office.desk.ask(Asker::Console, Order::Traced(told));
    entered.map_err(|refused| Refusal::of(&refused))?;
    Ok(Decoded {
        datagrams: again.datagrams,
        same: again.same,
        now: again.now,
        then: again.then,
        unread: again.unread,
        lines: again.lines.into_iter().map(Row::of).collect(),
    })
}

impl Row {
    fn of(read: Read) -> Self {
        Self {
            made: match read.found {
                Found::Both => Made::Both,
                Found::Now => Made::Now,
                Found::Then => Made::Then,
            },
            exporter: SocketAddr::new(read.came.address.to_canonical(), read.came.port),
            received: read.came.received,
            line: String::from_utf8_lossy(&read.line).into_owned(),
        }
    }
}
