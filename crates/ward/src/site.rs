//! The site: what pages are told of the machine they run on, and what stands beside them.
//!
//! Owns: `site.toml` in the data folder, the name the installation is known by; the routes that are no pages: the
//! ledger's files, health, figures.
//! Invariant: the name is durable before anybody is told that it is set; the certificate follows it at once.
//! Does not: listen (`serve::door`), show anything (`web`).
//! Source: C2SP tlog-tiles (paths of the ledger's files); `docs/format.md` §10.

mod beside;
mod look;

pub(crate) use beside::{Beside, routes};

use crate::machine::{self, SystemClock};
use crate::office::Office;
use crate::tls::{Authority, Shown};
use crate::told::Refused;
use ledger::disk::{Disk, Folder, replace};
use ledger::entropy::MachineEntropy;
use model::{CivilDate, Clock as _, Instant, Told};
use serde::Deserialize;
use signin::SignIn;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use web::{Finding, Host, Machine, Root};

/// Where the name lies in the data folder.
pub(crate) const PATH: &str = "site.toml";

/// How the file begins.
const NOTE: &str = "# 瀏覽器用以連線之主機名稱或位址；變更後重新啟動，通行金鑰須重新登記。\n\
    # The host browsers know this installation by, a name or an address. After a change start again; passkeys belong to\n\
    # the name and have to be registered anew.\n";

/// The file: one documented structure; what it does not know is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    /// The host browsers know the installation by: a name, or an address.
    #[serde(default)]
    host: Option<String>,
}

/// What the pages stand on.
pub(crate) struct Premises {
    pub(super) data: PathBuf,
    pub(super) master: PathBuf,
    pub(super) office: Office,
    door: SignIn,
    host: RwLock<Option<Host>>,
    doors: Vec<(SocketAddr, Scheme)>,
    tls: Option<Tls>,
}

/// How a door is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// What is shown at doors of TLS.
pub(crate) struct Tls {
    pub(crate) shown: Arc<Shown>,
    /// The installation's own; none where a certificate was handed in.
    pub(crate) authority: Option<Authority>,
}

/// The name in the file; none where there is no file yet.
pub(crate) fn read_host(data: &Path) -> anyhow::Result<Option<Host>> {
    let content = Folder::new(data).read(PATH)?;
    content.map_or(Ok(None), |content| parse(&content)).map_err(|told| {
        Refused::misuse(Told::new(
            format!("資料夾內 {PATH} 無法使用：{}", told.zh),
            format!("{PATH} in the data folder cannot be used: {}", told.en),
        ))
    })
}

/// The name in such a file.
pub(crate) fn parse(content: &[u8]) -> Result<Option<Host>, Told> {
    let text =
        std::str::from_utf8(content).map_err(|error| Told::new("不是 UTF-8 文字", error.to_string()))?;
    let file: SiteFile = toml::from_str(text).map_err(|error| {
        let what = error.message().to_owned();
        Told::new(format!("格式不符（{what}）"), what)
    })?;
    file.host.as_deref().map(Host::new).transpose()
}

/// Names and addresses a certificate must bear, so that every way to the doors is covered.
pub(crate) fn names(host: Option<&Host>) -> Vec<String> {
    let mut names: Vec<String> = host.map(ToString::to_string).into_iter().collect();
    let own = machine::host_name().filter(|name| matches!(Host::new(name), Ok(Host::Name(_))));
    names.extend(own.map(|name| name.to_ascii_lowercase()));
    names.extend(["localhost", "127.0.0.1", "::1"].map(ToOwned::to_owned));
    names.extend(machine::addresses().iter().map(ToString::to_string));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The day it is.
pub(crate) fn today(now: Instant) -> CivilDate {
    CivilDate::from_days_since_epoch(now.as_seconds().div_euclid(86_400)).unwrap_or(CivilDate::EPOCH)
}

impl Premises {
    /// With its doors open at these addresses.
    pub(crate) fn new(
        (data, master): (PathBuf, PathBuf),
        office: Office,
        host: Option<Host>,
        doors: Vec<(SocketAddr, Scheme)>,
        tls: Option<Tls>,
    ) -> Self {
        let parts = signin::Parts {
            desk: office.desk.clone(),
            entropy: Box::new(MachineEntropy),
            config: signin::Config { site: site_of(host.as_ref(), &doors), ..signin::Config::default() },
        };
        let door = SignIn::new(parts);
        Self { data, master, office, door, host: RwLock::new(host), doors, tls }
    }

    /// Signing in, under the name there is.
    pub(crate) const fn door(&self) -> &SignIn {
        &self.door
    }

    /// Shows a certificate for the names there are now.
    pub(crate) fn renew(&self) -> anyhow::Result<()> {
        let Some(Tls { shown, authority: Some(authority) }) = &self.tls else { return Ok(()) };
        shown.renew(authority, &names(self.host().as_ref()), today(SystemClock.now()))
    }

    /// Can nobody but this machine itself come in?
    pub(super) fn is_loopback_only(&self) -> bool {
        self.doors.iter().all(|(door, _)| door.ip().is_loopback())
    }

    /// The addresses of one door: by the installation's name, by the machine's addresses.
    fn addresses_of(&self, (door, scheme): (SocketAddr, Scheme)) -> Vec<String> {
        let named = self.host().filter(|host| *host != Host::Name("localhost".to_owned()));
        let hosts: Vec<String> = match door.ip() {
            address if address.is_loopback() => vec!["localhost".to_owned()],
            address if address.is_unspecified() => {
                let own = machine::addresses();
                let reached = own.into_iter().filter(|own| address.is_ipv6() || own.is_ipv4());
                named.into_iter().chain(reached.map(Host::Address)).map(|host| host.in_url()).collect()
            }
            address => named.into_iter().chain([Host::Address(address)]).map(|host| host.in_url()).collect(),
        };
        hosts.into_iter().map(|host| scheme.url(&host, door.port())).collect()
    }
}

impl Scheme {
    const fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    fn url(self, host: &str, port: u16) -> String {
        let word = match self {
            Self::Http => "http",
            Self::Https => "https",
        };
        if port == self.usual_port() {
            format!("{word}://{host}/")
        } else {
            format!("{word}://{host}:{port}/")
        }
    }
}

impl Machine for Premises {
    fn host(&self) -> Option<Host> {
        self.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rename(&self, host: &Host) -> Result<(), Told> {
        let text = format!("{NOTE}host = \"{host}\"\n");
        let disk: &dyn Disk = &Folder::new(&self.data);
        replace(disk, PATH, text.as_bytes()).map_err(|error| {
            Told::new(
                format!("無法寫入資料夾內 {PATH}（{error}）。請檢查磁碟空間與權限後再試。"),
                format!("Cannot write {PATH} in the data folder ({error}). Look at disk space and permissions, then try again."),
            )
        })?;
        *self.host.write().unwrap_or_else(PoisonError::into_inner) = Some(host.clone());
        self.door.rename(site_of(Some(host), &self.doors));
        self.renew().map_err(|error| crate::told::told_of(&error))
    }

    fn addresses(&self) -> Vec<String> {
        let mut seen = std::collections::BTreeSet::new();
        let all = self.doors.iter().flat_map(|door| self.addresses_of(*door));
        all.filter(|address| seen.insert(address.clone())).collect()
    }

    fn authority(&self) -> Option<Root> {
        let authority = self.tls.as_ref()?.authority.as_ref()?;
        Some(Root { pem: authority.pem().to_owned(), fingerprint: authority.fingerprint() })
    }

    fn look(&self, now: Instant) -> Vec<Finding> {
        look::over(self, now)
    }
}

/// The site as passkeys know it: by its name where there is a safe way to it, over the first such door.
fn site_of(host: Option<&Host>, doors: &[(SocketAddr, Scheme)]) -> signin::Site {
    let local = Host::Name("localhost".to_owned());
    let host = host.unwrap_or(&local);
    let plain = *host == local && !doors.iter().any(|(_, scheme)| *scheme == Scheme::Https);
    let scheme = if plain { Scheme::Http } else { Scheme::Https };
    let port = doors.iter().find(|(_, of)| *of == scheme).map(|(door, _)| door.port());
    signin::Site {
        host: host.in_url(),
        port: port.filter(|port| *port != scheme.usual_port()),
        secure: scheme == Scheme::Https,
        name: "城防 Ward".to_owned(),
    }
}

/// Is it one of this machine's own addresses?
fn is_own(address: &IpAddr) -> bool {
    address.is_loopback() || machine::addresses().contains(address)
}
