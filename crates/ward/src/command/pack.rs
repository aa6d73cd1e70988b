//! `ward pack …`: regulations as files: check one, begin one, write the schemas editors use, publish one, try its
//! rules on lines.
//!
//! Owns: what is asked on the command line, and the texts that are printed. What is right and wrong about a pack is
//! `regulation`'s to say.
//! Source: `docs/pack.md`.

mod advice;
mod check;
mod listing;
mod new;
mod publish;
mod report;
mod schema;
mod summary;
mod table;
mod try_rules;
pub(crate) mod width;

use clap::Subcommand;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Pack {
    /// 檢查：一次列出所有問題，指明檔案、行、欄與改法。Check: every problem at once, with file, line, column and mend.
    Check(check::Check),
    /// 新增：建立一套小而完整、附有說明的規範。New: a small, complete pack with comments that teach.
    New(new::New),
    /// 發布：使一版規範自此施行。Publish: a version becomes what rules from now on.
    Publish(publish::Publish),
    /// 綱要：於規範旁寫出 schema/，供編輯器補全及檢查。Schema: writes schema/ beside the pack, for editors.
    Schema(schema::Schema),
    /// 對照表：逐條列出登記簿、工作、檢核與機器數據（Markdown）。Table: each clause with what serves it, as Markdown.
    Table(table::Table),
    /// 試跑：以監看規則逐行檢視紀錄檔，列出應有之告警。Try: what the rules would have raised over files of lines.
    Try(try_rules::Try),
}

pub(crate) fn run(command: &Pack) -> anyhow::Result<ExitCode> {
    match command {
        Pack::Check(args) => check::run(args),
        Pack::New(args) => new::run(args),
        Pack::Publish(args) => publish::run(args),
        Pack::Schema(args) => schema::run(args),
        Pack::Table(args) => table::run(args),
        Pack::Try(args) => try_rules::run(args),
    }
}

/// Prints a result. Whoever stops reading it early has seen enough.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
