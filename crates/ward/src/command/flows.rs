//! `ward flows`: what exporters sent, read again.

use super::asking::Asking;
use super::pack::width::harmless;
use crate::acts::flows::{Decode, Decoded, Made};
use crate::acts::{self, Answer, Request};
use crate::told::tell;
use clap::Subcommand;
use model::Told;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Flows {
    /// 重新解讀所保存之 NetFlow、IPFIX 資料包，與收到時之解讀比對。Read the datagrams that were kept again, and compare with what was made of them.
    Decode(Asking<Decode>),
}

/// Ends with 1 where something differs.
#[expect(clippy::print_stdout, reason = "what is found is the output")]
pub(crate) fn run(Flows::Decode(asking): Flows) -> anyhow::Result<ExitCode> {
    let all = asking.act.lines;
    let decoded = match acts::ask_once(&asking.working, Request::FlowsDecode(asking.act))? {
        Answer::Decoded(decoded) => decoded,
        other => return Err(other.unexpected()),
    };
    let differ = decoded.now + decoded.then > 0;
    if asking.json {
        println!("{}", serde_json::to_string(&decoded)?);
    } else {
        for row in &decoded.lines {
            let sign = match row.made {
                Made::Now => '+',
                Made::Then => '-',
                Made::Both => ' ',
            };
            let line = harmless(&row.line);
            match all {
                true => println!("{line}"),
                false => println!("{sign} {}  {}  {line}", row.received, row.exporter),
            }
        }
        tell(&said(&decoded));
    }
    Ok(ExitCode::from(u8::from(differ)))
}

fn said(decoded: &Decoded) -> Told {
    let Decoded { datagrams, same, now, then, unread, .. } = decoded;
    let mut told = Told::new(
        format!("資料包 {datagrams} 個：與收到時相同之紀錄 {same} 筆，僅今有 {now} 筆，僅昔有 {then} 筆。"),
        format!(
            "Datagrams: {datagrams}. Lines as they were made then: {same}; made today alone: {now}; then alone: {then}."
        ),
    );
    if *unread > 0 {
        told.zh += &format!("另有 {unread} 組紀錄之範本不明，請以 --lead 提早讀起。");
        told.en +=
            &format!(" Sets of records whose template is not known: {unread}; begin earlier by --lead.");
    }
    told
}
