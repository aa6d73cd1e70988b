//! `ward demo`: the sample city, made in a folder of its own, and served on this machine alone.
//!
//! Invariants: only a folder whose ledger bears the name of sample cities is used, or one that is not there yet; what the
//! city did, it did through sign-in and desk as real people do, by a clock of its own; what the environment says of a real
//! installation (folder, master key, database) is not listened to.
//! Does not: mark pages and papers (`sample`), serve them (`serve`), show the tour (`web`).

mod clock;
mod devices;
mod door;
mod maker;
mod passkey;
mod play;
mod values;

pub(crate) use door::Door;

use crate::command::Data;
use crate::installation::{self, MasterArgs, TablesArgs, Working};
use crate::machine::SystemClock;
use crate::sample;
use crate::serve::{SampleCity, Serve};
use crate::told::{Refused, tell};
use anyhow::Context as _;
use clap::Args;
use devices::Devices;
use ledger::reader::Reader;
use model::{Clock as _, Told};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The sample city: made where it is not there yet, and served on this machine.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// 示範城市之資料夾；尚未存在者即予建立。The sample city's folder; it is made where it is not there yet.
    #[arg(long, default_value = "ward-sample-city", value_name = "DIR")]
    folder: PathBuf,
    /// 網頁之埠號（僅限本機）；設備紀錄使用次一埠號。The port of its pages, on this machine alone; its devices send their lines to the next.
    #[arg(long, default_value_t = 8460)]
    port: u16,
    /// 歷程之日數。Days of history.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(30..=365))]
    days: u16,
    /// 僅建立，不啟動。Make it, and do not serve it.
    #[arg(long)]
    only_make: bool,
}

impl Demo {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let working = self.working();
        if is_empty(&self.folder)? {
            self.make()?;
        }
        if origin(&self.folder).as_deref() != Some(sample::ORIGIN) {
            let path = self.folder.display();
            return Err(Refused::misuse(Told::new(
                format!("{path} 不是示範城市之資料夾，未予變更。請以 --folder 指定其他資料夾。"),
                format!(
                    "{path} is not a sample city's folder and was left as it is. Name another by --folder."
                ),
            )));
        }
        if !maker::people_file(&self.folder).exists() {
            let path = self.folder.display();
            return Err(Refused::misuse(Told::new(
                format!("示範城市 {path} 未建立完成。請刪除該資料夾及 {path}.master 後重新執行。"),
                format!(
                    "The sample city {path} was not finished. Remove it and {path}.master, and begin again."
                ),
            )));
        }
        if self.only_make {
            return Ok(ExitCode::SUCCESS);
        }
        let people = maker::people_file(&self.folder);
        tell(&Told::new(
            format!("示範人員之帳號、密碼及驗證碼密鑰：{}", people.display()),
            format!("Accounts, passwords and secrets of one-time codes of its people: {}", people.display()),
        ));
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let syslog = self.lines_at()?;
        let sensors = devices::beside(&self.folder, ".sensors.toml")?;
        let outlets = self.outlets()?;
        let devices = Devices::start(&sensors, syslog)?;
        let sample = SampleCity { working, people, pages: at(self.port), syslog, sensors, outlets };
        let served = Serve::of_sample_city(sample).run();
        devices.stop();
        served
    }

    /// Where its devices send their lines: the port after that of its pages, or a free one where these may have any.
    fn lines_at(&self) -> anyhow::Result<SocketAddr> {
        let next = match self.port {
            0 => std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port(),
            u16::MAX => u16::MAX - 1,
            port => port + 1,
        };
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, next)))
    }

    /// Alarms go into a file beside the folder.
    fn outlets(&self) -> anyhow::Result<PathBuf> {
        let settings = devices::beside(&self.folder, ".outlets.toml")?;
        let file = devices::beside(&self.folder, ".alarms.jsonl")?;
        // A string of JSON is one of TOML.
        let file = serde_json::to_string(&file)?;
        let text = format!(
            "pages = \"http://127.0.0.1:{}/\"\n[outlet.record]\nfile = {{ path = {file}, most_bytes = 1_048_576, keep = 2 }}\n",
            self.port
        );
        devices::write(&settings, &text)?;
        Ok(settings)
    }

    fn make(&self) -> anyhow::Result<()> {
        tell(&Told::new(
            format!("正在建立示範城市（{} 日之歷程）。", self.days),
            format!("Making the sample city, with {} days of history.", self.days),
        ));
        let began = crate::machine::steady();
        let made = maker::make(&self.working(), self.days, SystemClock.now())?;
        let seconds = (crate::machine::steady() - began).as_secs_f64();
        tell(&Told::new(
            format!("示範城市已建立：{} 人、{} 筆紀錄，費時 {seconds:.1} 秒。", made.people, made.entries),
            format!(
                "The sample city is there: {} people, {} entries, in {seconds:.1} s.",
                made.people, made.entries
            ),
        ));
        Ok(())
    }

    /// Its installation. Nothing of it comes from the environment.
    fn working(&self) -> Working {
        let mut key = self.folder.as_os_str().to_owned();
        key.push(".master");
        Working {
            data: Data { data: self.folder.clone() },
            master: MasterArgs { master_key: Some(key.into()), passphrase: false },
            tables: TablesArgs::in_folder(),
        }
    }
}

/// Is there nothing in the folder yet?
fn is_empty(folder: &Path) -> anyhow::Result<bool> {
    match std::fs::read_dir(folder) {
        Ok(mut there) => Ok(there.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| folder.display().to_string()),
    }
}

/// The name of the ledger in a folder, as its own key bears it; none where there is no ledger.
fn origin(folder: &Path) -> Option<String> {
    let policy = installation::read_policy(folder).ok()?;
    let reader = Reader::new(installation::published(folder));
    reader.size().ok().filter(|size| *size > 0)?;
    policy.logs().first().map(|log| log.key.name().to_owned())
}
