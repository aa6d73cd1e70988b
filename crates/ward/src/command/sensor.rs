//! `ward sensor …`: the devices of a file of settings, listed, and read once: what somebody sets them up with.
//!
//! Nothing is kept of it, and no server is asked.

use super::pack::width::{harmless, padded, width};
use crate::machine::SystemClock;
use crate::sensors;
use crate::told::Refused;
use clap::{Args, Subcommand};
use model::Clock as _;
use sense::{Device, Figure, Line, Reading, Said, read_once};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Sensor {
    /// 列出設定檔中之裝置。List the devices of the settings.
    List(Settings),
    /// 讀取一次並印出；可指定裝置。Read once and print; of one device, if it is named.
    Read(Once),
}

/// Where devices are listed.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// 感測裝置設定檔（TOML）。The settings of sensors, TOML.
    #[arg(long, env = "WARD_SENSORS", value_name = "FILE")]
    sensors: PathBuf,
    /// 以 JSON 輸出，一行一筆。Output JSON, one object a line.
    #[arg(long)]
    json: bool,
}

/// What is read once.
#[derive(Debug, Args)]
pub(crate) struct Once {
    /// 裝置代號。The device's id.
    id: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

pub(crate) fn run(command: &Sensor) -> anyhow::Result<ExitCode> {
    match command {
        Sensor::List(settings) => list(settings),
        Sensor::Read(once) => read(once),
    }
}

#[expect(clippy::print_stdout, reason = "the list is the output")]
fn list(settings: &Settings) -> anyhow::Result<ExitCode> {
    let devices = sensors::devices(&settings.sensors)?;
    let wide = devices.iter().map(|device| width(&device.id)).max().unwrap_or(0);
    for device in &devices {
        let (Device { id, room, every, .. }, protocol) = (device, device.protocol().name());
        if settings.json {
            println!(
                "{}",
                json!({ "sensor": id, "room": room, "protocol": protocol, "every": every.as_secs() })
            );
        } else {
            println!("{}  {room}  {protocol}  {} s", padded(id, wide), every.as_secs());
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "what was read is the output")]
fn read(once: &Once) -> anyhow::Result<ExitCode> {
    let mut devices = sensors::devices(&once.settings.sensors)?;
    if let Some(wanted) = &once.id {
        devices.retain(|device| device.id == *wanted);
        if devices.is_empty() {
            return Err(Refused::say(
                format!("設定檔中沒有裝置「{wanted}」，請以 ward sensor list 查看。"),
                format!("There is no device {wanted:?} in the settings; `ward sensor list` lists them."),
            ));
        }
    }
    let read = read_once(&devices)?;
    let at = SystemClock.now();
    let mut good = true;
    for (device, read) in devices.iter().zip(read) {
        let said = match read {
            Ok(readings) => readings.into_iter().map(Said::Reading).collect(),
            Err(why) => vec![Said::Silent(why)],
        };
        for said in said {
            good &= matches!(&said, Said::Reading(Reading { figure: Figure::Value(_), .. }));
            if once.settings.json {
                let line = Line { room: device.room.clone(), sensor: device.id.clone(), said };
                println!("{}", line.written(at));
            } else {
                println!("{}", harmless(&shown(&device.id, &said)));
            }
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What a device said, on one line.
fn shown(id: &str, said: &Said) -> String {
    match said {
        Said::Reading(Reading { quantity, unit, figure: Figure::Value(value), why }) => {
            let why = why.as_ref().map(|why| format!("  {why}")).unwrap_or_default();
            format!("{id}  {quantity}  {value:.3} {unit}{why}")
        }
        Said::Reading(Reading { quantity, figure: Figure::Bad(bad), .. }) => {
            format!("{id}  {quantity}  無法讀取 · no number: {bad}")
        }
        Said::Silent(why) => format!("{id}  無回應 · no answer: {why}"),
        Said::Back => format!("{id}  恢復 · back"),
    }
}
