//! `ward serve`: the running system: ledger, tables and desk open, what comes with time done, heads witnessed, pages
//! served.
//!
//! Pages are `web`'s, beside them the ledger's files, `/healthz` and `/metrics` (`site`). From this machine itself they
//! are reached by plain HTTP, from elsewhere by HTTPS (`door`, `tls`). Acts at the console come in by the socket.
//! Order at the end: pages, the pacemaker, whoever watches, doors, the desk, the ledger.

mod door;

use self::door::{Door, Doors, Peer};
use crate::command::pack::width::harmless;
use crate::demo;
use crate::http::{self, Witnesses};
use crate::installation::Working;
use crate::lines::{FlowDoor, Protocol, Syslog};
use crate::machine::SystemClock;
use crate::metrics::{self, Metrics, Token};
use crate::names::NameServer;
use crate::office::{Office, Pacemaker, Recovery};
use crate::outlets::Senders;
use crate::oversight;
use crate::responses::{Papers, Place, Responses};
use crate::sample;
use crate::sensors;
use crate::site::{self, Beside, Premises, Scheme, Tls};
use crate::socket;
use crate::tls::{self, Authority, Shown};
use crate::told::{Refused, tell};
use crate::watching::{self, Given};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use clap::Args;
use ledger::disk::Folder;
use ledger::entropy::MachineEntropy;
use model::{Clock as _, Told};
use signin::SignIn;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use telemetry::receive::Pattern;
use tokio_rustls::rustls::ServerConfig;
use web::{Config, Limits, Machine as _, Site};

/// Start the system.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    working: Working,
    /// 網頁位址，可多次指定；本機位址以 HTTP，其餘以 HTTPS。Where pages are served, any number: loopback by HTTP, the rest by HTTPS.
    #[arg(long, default_value = "127.0.0.1:8440")]
    listen: Vec<SocketAddr>,
    /// 本機位址亦使用 HTTPS。HTTPS on loopback, too.
    #[arg(long)]
    tls: bool,
    /// 伺服器憑證（PEM，含中繼憑證），取代自建之憑證機構。The server's certificate with its chain, PEM, instead of one by Ward's own authority.
    #[arg(long, requires = "key", value_name = "FILE")]
    cert: Option<PathBuf>,
    /// 伺服器憑證之私鑰（PEM）。Its private key, PEM.
    #[arg(long, requires = "cert", value_name = "FILE")]
    key: Option<PathBuf>,
    /// 終端機憑證之憑證機構（PEM）：瀏覽器僅提示其簽發者。Authorities of terminals' certificates, PEM: browsers offer those of theirs only.
    #[arg(long, value_name = "FILE")]
    terminal_ca: Option<PathBuf>,
    /// 自他處讀取 /metrics 所需之密語。What reading /metrics from elsewhere takes.
    #[arg(long, env = "WARD_METRICS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    metrics_token: Option<String>,
    /// 接收 syslog 之位址，可多次指定，如 udp:0.0.0.0:514、tcp:0.0.0.0:601、tls:0.0.0.0:6514、relp:0.0.0.0:2514。Where syslog is received, any number of udp:, tcp:, tls: and relp:ADDRESS.
    #[arg(long, value_name = "PROTOCOL:ADDRESS")]
    syslog: Vec<Syslog>,
    /// 傳送者憑證之憑證機構（PEM）：於 tls: 傳送者須出示其簽發之憑證，否則不予接收。Authorities of senders, PEM: at tls: a certificate of theirs is required.
    #[arg(long, value_name = "FILE")]
    syslog_clients: Option<PathBuf>,
    /// 接收 NetFlow（v5、v9）與 IPFIX 之位址，可多次指定，如 udp:0.0.0.0:2055。Where NetFlow (v5, v9) and IPFIX are received, any number of udp:ADDRESS.
    #[arg(long, value_name = "udp:ADDRESS")]
    flows: Vec<FlowDoor>,
    /// 追蹤之紀錄檔、資料夾或樣式（萬用字元 * ?，請加引號），可多個。Files, folders or patterns (in quotes) whose lines are followed, any number.
    #[arg(long, value_name = "PATH", num_args = 1.., value_parser = pattern)]
    follow: Vec<Pattern>,
    /// 接收 systemd 日誌；可指定日誌資料夾。The journal of systemd is received; that of a folder, if one is named.
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    journald: Option<Option<PathBuf>>,
    /// 反查位址名稱之 DNS 伺服器，如 10.0.0.53；未指定者不予反查。The DNS server that is asked what addresses are called, such as 10.0.0.53; without it nobody is asked.
    #[arg(long, value_name = "ADDRESS")]
    names_by: Option<NameServer>,
    /// 告警輸出之設定檔（預設：資料夾內之 outlets.toml）。The settings of outlets (default: outlets.toml in the data folder).
    #[arg(long, value_name = "FILE")]
    outlets: Option<PathBuf>,
    /// 防火牆之執行控制（ward enforce），可多次指定：socket 之路徑，或 fw.example:8441（TLS）。Enforcers of firewalls, any number: the path of a socket, or fw.example:8441 by TLS.
    #[arg(long, value_name = "PATH|HOST:PORT")]
    enforcer: Vec<Place>,
    /// 執行控制憑證之憑證機構（PEM）。The authority of enforcers' certificates, PEM.
    #[arg(long, value_name = "FILE", requires = "enforcer")]
    enforcer_ca: Option<PathBuf>,
    /// 向執行控制出示之憑證（PEM）。The certificate that is shown to enforcers, PEM.
    #[arg(long, value_name = "FILE", requires_all = ["enforcer", "enforcer_key"])]
    enforcer_cert: Option<PathBuf>,
    /// 其私鑰（PEM）。Its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "enforcer_cert")]
    enforcer_key: Option<PathBuf>,
    /// 感測裝置設定檔（TOML）：定時讀取其中之裝置。The settings of sensors, TOML: the devices in it are read again and again.
    #[arg(long, env = "WARD_SENSORS", value_name = "FILE")]
    sensors: Option<PathBuf>,
    /// 公共警報（CAP 1.2）設定檔（TOML）：採信何人、關注何事、機房何在；未指定者一概不採信。The settings of public warnings (CAP 1.2), TOML: whom is believed, what matters, where rooms stand; without them nobody is believed.
    #[arg(long, env = "WARD_WARNINGS", value_name = "FILE")]
    warnings: Option<PathBuf>,
    /// 監看規則中 %名稱% 之值，例如 proxies=10.0.0.3/32；可多次。A value for %name% in the rules; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    given: Vec<Given>,
    /// 見證人使用之憑證機構（PEM，https 時）。Authority of the witnesses' certificates, PEM, for https.
    #[arg(long)]
    witness_ca: Option<PathBuf>,
    /// What the people of a sample city know, where it is one that is served: nobody asks for that by an option.
    #[arg(skip)]
    sample_people: Option<PathBuf>,
}

/// Files to follow; packed ones are none.
fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(Path::new(text)).ok_or_else(|| {
        format!(
            "「{text}」為壓縮檔，不會再增加內容，請以 ward import 匯入。{text:?} is packed and does not grow; bring it in by ward import."
        )
    })
}

/// How long requests under way may take once it is to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(3);
/// Requests that are worked on at once; each has a thread, and the memory that its thread holds on to. Others wait.
const AT_WORK: usize = 64;
/// How often it is looked whether the certificate still fits.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(3_600);
/// How often sessions are looked at that may be over.
const SESSIONS_LOOK: Duration = Duration::from_secs(60);
/// Looks after which it is renewed anyway.
const CERTIFICATE_LOOKS: u32 = 24 * 30;

/// How a sample city is served.
pub(crate) struct SampleCity {
    pub(crate) working: Working,
    /// What its people know.
    pub(crate) people: PathBuf,
    /// Where its pages are.
    pub(crate) pages: SocketAddr,
    /// Where its devices send their lines, by UDP and TCP.
    pub(crate) syslog: SocketAddr,
    /// The settings of its sensors.
    pub(crate) sensors: PathBuf,
    /// The settings of its outlets.
    pub(crate) outlets: PathBuf,
}

impl Serve {
    /// As a sample city is served: at one address, open to be entered as anybody of it, with its own devices, and nothing
    /// that the environment says.
    pub(crate) fn of_sample_city(sample: SampleCity) -> Self {
        let lines = |protocol| Syslog { protocol, address: sample.syslog };
        Self {
            working: sample.working,
            listen: vec![sample.pages],
            tls: false,
            cert: None,
            key: None,
            terminal_ca: None,
            metrics_token: None,
            syslog: vec![lines(Protocol::Udp), lines(Protocol::Tcp)],
            syslog_clients: None,
            flows: Vec::new(),
            follow: Vec::new(),
            journald: None,
            names_by: None,
            outlets: Some(sample.outlets),
            enforcer: Vec::new(),
            enforcer_ca: None,
            enforcer_cert: None,
            enforcer_key: None,
            sensors: Some(sample.sensors),
            given: Vec::new(),
            witness_ca: None,
            warnings: None,
            sample_people: Some(sample.people),
        }
    }

    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let data = self.working.folder();
        let Some(office) = Office::open(&self.working, Recovery::Told)? else {
            let path = data.join("lock").display().to_string();
            return Err(Refused::misuse(ledger::error::OpenError::Locked { path }.told()));
        };
        if office.desk.seen().packs.current().is_none() {
            tell(&desk::Refused::NoPack.told());
        }
        office.outlets.open(self.outlets.as_deref()).map_err(Refused::misuse)?;
        let witnesses = Witnesses::start(&office.ledger, &office.policy, self.witness_ca.as_deref())?;
        // No way out of Ward is there yet; what is asked for waits, and is shown.
        let pacemaker = Pacemaker::start(&office, desk::Ways::new());
        let senders = Senders::start(&office.outlets, &office.desk).map_err(Refused::misuse)?;
        let responses = self.responses(&office)?;
        let served = self.until_asked_to_stop(&office);
        pacemaker.stop();
        senders.stop();
        if let Some(responses) = responses {
            responses.stop();
        }
        let closed = office.close();
        witnesses.join();
        // The name is of no use without the process; a new one replaces it anyway.
        let _ = std::fs::remove_file(socket::path(data));
        served.and(closed).map(|()| ExitCode::SUCCESS)
    }

    /// Orders what cases decide, where there is an enforcer.
    fn responses(&self, office: &Office) -> anyhow::Result<Option<Responses>> {
        if self.enforcer.is_empty() {
            return Ok(None);
        }
        let papers = Papers {
            authority: self.enforcer_ca.as_deref(),
            certificate: self.enforcer_cert.as_deref(),
            key: self.enforcer_key.as_deref(),
        };
        let started = Responses::start(&office.desk, &office.enforcers, &self.enforcer, &papers);
        started.map(Some).map_err(Refused::misuse)
    }

    /// Takes up what former runs have received, and opens the doors for more.
    fn receive(&self, office: &Office, tls: Option<&Tls>) -> anyhow::Result<()> {
        office.lines.take_up().map_err(Refused::wrong)?;
        if let Some(server) = self.names_by {
            office.lines.name_by(server);
        }
        let (desk, lines) = (office.desk.clone(), office.lines.clone());
        let parts = watching::Parts { desk, lines, values: Given::values(&self.given) };
        office.watching.start(parts).map_err(Refused::wrong)?;
        let clients = self.syslog_clients.as_deref();
        if clients.is_some() && !self.receives_tls() {
            return Err(Refused::misuse(Told::new(
                "--syslog-clients 僅適用於以 TLS 接收之位址，請另加 --syslog tls:位址。",
                "--syslog-clients is for doors of TLS; add --syslog tls:ADDRESS.",
            )));
        }
        let config = tls.map(|tls| tls::of_senders(&tls.shown, clients)).transpose()?;
        for syslog in &self.syslog {
            let at = office.lines.listen(*syslog, config.as_ref()).map_err(Refused::misuse)?;
            say_where_lines(&at, "syslog");
        }
        for flows in &self.flows {
            let at = office.lines.listen_for_flows(*flows).map_err(Refused::misuse)?;
            say_where_lines(&at, "NetFlow, IPFIX");
        }
        for pattern in self.follow.iter().filter(|pattern| !pattern.is_there()) {
            let path = pattern.path().display();
            tell(&Told::new(
                format!("目前沒有可追蹤之檔案：{path}；出現後即開始讀取。請確認路徑無誤。"),
                format!(
                    "There is no file to follow yet: {path}. It is read once it appears; see whether the path is right."
                ),
            ));
        }
        if !self.follow.is_empty() {
            office.lines.follow(self.follow.clone()).map_err(Refused::misuse)?;
        }
        if let Some(folder) = &self.journald {
            office.lines.follow_journal(folder.clone()).map_err(Refused::misuse)?;
        }
        if let Some(settings) = &self.sensors {
            office.lines.sense(sensors::devices(settings)?).map_err(Refused::misuse)?;
        }
        let warnings = self.warnings.as_deref().map(crate::warnings::settings).transpose()?;
        office.lines.listen_for_warnings(warnings).map_err(Refused::wrong)
    }

    fn receives_tls(&self) -> bool {
        self.syslog.iter().any(|syslog| syslog.protocol == Protocol::Tls)
    }

    /// Answers tools, receives lines and serves pages.
    fn until_asked_to_stop(&self, office: &Office) -> anyhow::Result<()> {
        let host = site::read_host(self.working.folder())?;
        let https = self.listen.iter().any(|address| self.scheme(*address) == Scheme::Https);
        let tls = (https || self.receives_tls()).then(|| self.shown(office, host.as_ref())).transpose()?;
        self.receive(office, tls.as_ref())?;
        let config = tls.as_ref().filter(|_| https).map(|tls| self.of_pages(office, tls)).transpose()?;
        socket::listen(self.working.folder(), office)?;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).max_blocking_threads(AT_WORK).enable_all().build()?;
        let served = runtime.block_on(self.serve(office.clone(), host, tls, config));
        // Whoever still looks at a page is not waited for.
        runtime.shutdown_timeout(LAST_REQUESTS);
        served
    }

    /// What doors of TLS show.
    fn shown(&self, office: &Office, host: Option<&web::Host>) -> anyhow::Result<Tls> {
        match (&self.cert, &self.key) {
            (Some(certificate), Some(key)) => {
                Ok(Tls { shown: Arc::new(Shown::of_files(certificate, key)?), authority: None })
            }
            _ => self.own_authority(office, host),
        }
    }

    /// How pages are secured.
    fn of_pages(&self, office: &Office, tls: &Tls) -> anyhow::Result<Arc<ServerConfig>> {
        let authorities = self.terminal_ca.as_deref().map(tls::authorities).transpose()?;
        // Browsers trouble people with the question, so that it is asked once there are terminals to be known.
        let (always, desk) = (authorities.is_some(), office.desk.clone());
        let asked = Arc::new(move || always || desk.seen().roster.knows_terminals());
        tls::config(&tls.shown, authorities.unwrap_or_default(), asked)
    }

    /// The installation's own authority, made at the first start, and a certificate of it.
    fn own_authority(&self, office: &Office, host: Option<&web::Host>) -> anyhow::Result<Tls> {
        let (disk, today) = (Folder::new(self.working.folder()), site::today(SystemClock.now()));
        let name = format!("Ward {}", office.desk.origin());
        let vault = office.desk.vault();
        let (authority, made) = Authority::open_or_make(&disk, vault, &name, today, &mut MachineEntropy)?;
        if made {
            let print = authority.fingerprint();
            tell(&Told::new(
                format!("已建立本安裝之憑證機構，各電腦須信任之（下載：/authority）。SHA-256 指紋：{print}"),
                format!(
                    "Made the installation's own authority, which machines are to trust (/authority). SHA-256: {print}"
                ),
            ));
        }
        let shown = Shown::issued(&authority, &site::names(host), today)?;
        Ok(Tls { shown: Arc::new(shown), authority: Some(authority) })
    }

    fn scheme(&self, address: SocketAddr) -> Scheme {
        if self.tls || !address.ip().is_loopback() { Scheme::Https } else { Scheme::Http }
    }

    async fn serve(
        &self,
        office: Office,
        host: Option<web::Host>,
        tls: Option<Tls>,
        config: Option<Arc<ServerConfig>>,
    ) -> anyhow::Result<()> {
        let (mut doors, mut addresses) = (Vec::new(), Vec::new());
        for address in &self.listen {
            let scheme = self.scheme(*address);
            let door = Door::open(*address, config.clone().filter(|_| scheme == Scheme::Https)).await?;
            addresses.push((door.address()?, scheme));
            doors.push(door);
        }
        let first = addresses.first().map_or(SocketAddr::from(([127, 0, 0, 1], 0)), |(address, _)| *address);
        let folders = (self.working.folder().to_owned(), self.working.master.file(self.working.folder()));
        let premises = Arc::new(Premises::new(folders, office.clone(), host, addresses, tls));
        // Tables are never asked on a thread that others wait on.
        let there = Arc::clone(&premises);
        let link = tokio::task::spawn_blocking(move || first_link(&there)).await??;
        let pages = self.pages(office, &premises, oversight::of(&self.working)?)?;
        // Heard from now on, before anybody knows that it runs.
        let stop = http::stop_asked()?;
        say_where(&premises, link.as_deref());
        if self.sample_people.is_some() {
            say_where_the_tour_is(&premises);
        }
        tokio::spawn(keep_sessions(premises.door().clone()));
        tokio::spawn(keep_certificate(Arc::clone(&premises)));
        let pages = pages.into_make_service_with_connect_info::<Peer>();
        let (stopped, stopping) = tokio::sync::oneshot::channel();
        let served = axum::serve(Doors::serve(doors, first), pages).with_graceful_shutdown(async move {
            stop.await;
            // Nobody listens once it has ended by itself.
            let _ = stopped.send(());
        });
        tokio::select! {
            served = served.into_future() => served?,
            () = async { let _ = stopping.await; tokio::time::sleep(LAST_REQUESTS).await } => {}
        }
        Ok(())
    }

    /// Everything that is answered.
    fn pages(
        &self,
        office: Office,
        premises: &Arc<Premises>,
        oversight: web::Oversight,
    ) -> anyhow::Result<Router> {
        let metrics = Metrics::default();
        let beside = Beside {
            office: office.clone(),
            metrics: metrics.clone(),
            token: Token::new(self.metrics_token.clone()),
            started: SystemClock.now(),
        };
        let (files, own) = site::routes(beside);
        Ok(web::router_with(self.site(office, premises, oversight)?, files)
            .merge(own)
            .layer(from_fn_with_state(metrics, metrics::count))
            .layer(from_fn(door::greet)))
    }

    fn site(
        &self,
        office: Office,
        premises: &Arc<Premises>,
        oversight: web::Oversight,
    ) -> anyhow::Result<Site> {
        let door = premises.door().clone();
        let of_city = |people: &PathBuf| demo::Door::open(people, door.clone());
        let sample_city = self.sample_people.as_ref().map(of_city).transpose()?;
        let data = self.working.folder().to_owned();
        let config = Config {
            secure: false,
            data,
            limits: Limits::default(),
            printer: Arc::new(web::Printer::of_system()),
            watermark: sample::watermark(office.desk.origin()),
            report: Arc::new(report),
        };
        Ok(Site::new(web::Parts {
            desk: office.desk,
            sessions: Arc::new(door.clone()),
            codes: Arc::new(door.clone()),
            applications: Arc::new(door.clone()),
            oversight,
            sample_city: sample_city.map(|city| Arc::new(city) as Arc<dyn web::SampleCity>),
            lines: Arc::new(office.lines),
            watching: Arc::new(office.watching),
            outlets: Arc::new(office.outlets),
            enforcers: Arc::new(office.enforcers),
            door,
            machine: Arc::clone(premises) as Arc<dyn web::Machine>,
            clock: Arc::new(SystemClock),
            entropy: Box::new(MachineEntropy),
            config,
        }))
    }
}

/// Says where lines are received.
#[expect(clippy::print_stdout, reason = "the address is the output: a port that was left open is told by it")]
fn say_where_lines(at: &dyn std::fmt::Display, what: &str) {
    println!("{at}");
    tell(&Told::new(format!("接收 {what}：{at}"), format!("Received here: {what}: {at}")));
}

/// Says where pages are, the likeliest address first.
#[expect(clippy::print_stdout, reason = "the address is the output: whoever started this reads it")]
fn say_where(premises: &Premises, link: Option<&str>) {
    let addresses = premises.addresses();
    for address in &addresses {
        println!("{address}");
    }
    let list = addresses.join(" ");
    tell(&Told::new(format!("城防已啟動：{list}"), format!("Ward is running: {list}")));
    let (Some(link), Some(first)) = (link, addresses.first()) else { return };
    tell(&Told::new(
        "尚無管理人員。請於 24 小時內以下列連結完成首次啟用；連結僅能使用一次，請勿交予他人：",
        "Nobody administers yet. Open this link within 24 hours to begin; it serves once, give it to nobody:",
    ));
    println!("{first}start/{link}");
}

/// Says where a sample city is entered as anybody of it.
fn say_where_the_tour_is(premises: &Premises) {
    let Some(first) = premises.addresses().into_iter().next() else { return };
    tell(&Told::new(
        format!("選擇角色進入及導覽：{first}tour"),
        format!("Enter as anybody, and be led through it: {first}tour"),
    ));
}

/// The link of the first start, where nobody administers yet. A new one closes the one before.
fn first_link(premises: &Premises) -> anyhow::Result<Option<String>> {
    match premises.door().first_link(SystemClock.now()) {
        Ok(link) => Ok(link.map(|link| link.to_string())),
        Err(refusal) => Err(Refused::misuse(refusal.told())),
    }
}

/// Takes down a failure, by the name its page shows.
fn report(request: web::RequestId, causes: &str) {
    tell(&failure(&request.to_string(), causes));
}

/// A failure, on one line in each language whatever its causes hold.
fn failure(request: &str, causes: &str) -> Told {
    let told = format!("[{request}] {}", harmless(causes));
    Told::new(format!("頁面發生錯誤 {told}"), format!("A page failed {told}"))
}

/// Ends sessions that are over, each minute; the same trouble is told once.
async fn keep_sessions(door: SignIn) {
    let mut trouble = None;
    loop {
        tokio::time::sleep(SESSIONS_LOOK).await;
        let door = door.clone();
        let looked = tokio::task::spawn_blocking(move || door.tick(SystemClock.now())).await;
        let now = looked.ok().and_then(|looked| looked.err()).map(|refusal| refusal.told());
        if let Some(told) = now.as_ref().filter(|told| trouble.as_ref() != Some(*told)) {
            tell(told);
        }
        trouble = now;
    }
}

/// Renews the certificate before it is over, and when names or addresses have changed.
async fn keep_certificate(premises: Arc<Premises>) {
    let (mut looks, mut before) = (0, site::names(premises.host().as_ref()));
    loop {
        tokio::time::sleep(CERTIFICATE_LOOK).await;
        looks += 1;
        let names = site::names(premises.host().as_ref());
        if names == before && looks < CERTIFICATE_LOOKS {
            continue;
        }
        (looks, before) = (0, names);
        if let Err(error) = premises.renew() {
            tell(&crate::told::told_of(&error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_one_line_without_what_a_terminal_obeys() {
        let told = failure("r1", "no\nA page failed [r2] \u{1b}[2J");
        assert_eq!(told.to_string().lines().count(), 2, "{told}");
        assert_eq!(told.en, "A page failed [r1] no\u{fffd}A page failed [r2] \u{fffd}[2J");
    }
}
