//! `ward enforce`: the small process on the firewall that does what cases decide. It opens no ledger.

use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use clap::Args;
use ledger::disk::Folder;
use model::Told;
use regulation::Problem;
use respond::{Door, Enforcer, Opening, Served, Settings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Carry out acts against intruders on a firewall.
#[derive(Debug, Args)]
pub(crate) struct Enforce {
    /// 設定檔（TOML）。The settings, TOML.
    #[arg(long, value_name = "FILE", default_value = "enforce.toml")]
    settings: PathBuf,
    /// 本機受令之 socket。The socket at which this machine's Ward is heard.
    #[arg(long, value_name = "PATH", required_unless_present = "listen")]
    socket: Option<PathBuf>,
    /// 得於 socket 下令之帳號編號，可多次指定；root 恆可。Accounts, by number, that are heard at the socket; root always is.
    #[arg(long, value_name = "UID", requires = "socket")]
    uid: Vec<u32>,
    /// 受令之網路位址，以雙向 TLS。The address at which others' Ward is heard, by TLS with certificates on both sides.
    #[arg(long, value_name = "ADDRESS", requires_all = ["cert", "key", "clients"])]
    listen: Option<SocketAddr>,
    /// 本機憑證（PEM）。The certificate that is shown, PEM.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// 本機憑證之私鑰（PEM）。Its private key, PEM.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// 下令者憑證之憑證機構（PEM）；應專供此用。The authority of those who are heard, PEM; it should be for nothing else.
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
    /// 演練：僅說明將如何變更防火牆，不予變更。Only say what would be done to the firewall.
    #[arg(long)]
    dry_run: bool,
}

impl Enforce {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let settings = read(&self.settings)?;
        std::fs::create_dir_all(&settings.folder).map_err(|error| {
            let shown = settings.folder.display();
            Refused::say(
                format!("無法建立資料夾 {shown}（{error}）。請檢查權限。"),
                format!("The folder {shown} cannot be made ({error}). See who may write there."),
            )
        })?;
        let doors = self.doors()?;
        let enforcer = Enforcer::open(Opening {
            name: settings.name.clone(),
            driver: settings.driver(),
            rig: settings.rig.clone(),
            disk: Arc::new(Folder::new(&settings.folder)),
            clock: Arc::new(SystemClock),
            dry: self.dry_run,
        });
        let served = Served::start(enforcer.map_err(Refused::misuse)?, tell);
        let mut threads = Vec::new();
        for door in doors {
            say_where(&door, &settings.name, self.dry_run)?;
            let served = served.clone();
            threads.push(std::thread::spawn(move || served.answer_at(&door, tell)));
        }
        for thread in threads {
            // One that ended has told why.
            let _ = thread.join();
        }
        Err(Refused::say(
            "執行控制已停止受令。請重新啟動。",
            "The enforcer hears nobody any more. Start it again.",
        ))
    }

    fn doors(&self) -> anyhow::Result<Vec<Door>> {
        let mut doors = Vec::new();
        if let Some(socket) = &self.socket {
            doors.push(Door::unix(socket, &self.uid).map_err(Refused::misuse)?);
        }
        if let (Some(address), Some(cert), Some(key), Some(clients)) =
            (self.listen, &self.cert, &self.key, &self.clients)
        {
            doors.push(Door::tls(address, cert, key, clients).map_err(Refused::misuse)?);
        }
        Ok(doors)
    }
}

fn read(path: &Path) -> anyhow::Result<Settings> {
    let shown = path.display().to_string();
    let content = std::fs::read(path).map_err(|error| {
        Refused::say(
            format!("無法讀取執行控制之設定 {shown}（{error}）。請確認路徑與權限。"),
            format!("The settings of the enforcer in {shown} cannot be read ({error}). See the path and who may read it."),
        )
    })?;
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().unwrap_or(Path::new("/"));
    Settings::read(&shown, &content, folder).map_err(|problems| Refused::misuse(wrong(&problems)))
}

fn wrong(problems: &[Problem]) -> Told {
    let list = |of: fn(&Problem) -> &str| {
        problems
            .iter()
            .map(|problem| format!("{}: {}", problem.place, of(problem)))
            .collect::<Vec<_>>()
            .join("\n")
    };
    Told::new(
        format!("執行控制之設定有誤：\n{}", list(|problem| &problem.zh)),
        format!("The settings of the enforcer are wrong:\n{}", list(|problem| &problem.en)),
    )
}

#[expect(clippy::print_stdout, reason = "the address is the output: a port that was left open is told by it")]
fn say_where(door: &Door, name: &str, dry: bool) -> anyhow::Result<()> {
    let address = door.address()?;
    println!("{address}");
    let (zh, en) = if dry { ("（演練）", " (a rehearsal)") } else { ("", "") };
    tell(&Told::new(
        format!("防火牆 {name} 之執行控制受令於：{address}{zh}"),
        format!("The enforcer of the firewall {name} is asked here: {address}{en}"),
    ));
    Ok(())
}
