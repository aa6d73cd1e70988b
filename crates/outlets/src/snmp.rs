//! SNMP (regulation 27.2.2, fourth way): traps and informs, by community (v2c) or by user with authentication and privacy
//! (v3).
//!
//! A trap is sent into the blue: it is done when it has left. An inform is done when it was acknowledged. What the objects
//! mean is written in docs/WARD-ALARM-MIB.txt.
//! Of a trap of v3 this side is the authority: its engine has an identifier that stays, and counts its starts in a file
//! ([`Engine`]); whoever receives refuses what comes from a start before the last it has seen.
//! Source: RFC 3416, 3411, 3414, 3826 (AES), 7860 (SHA-2).

use crate::message::{Message, What};
use crate::plain::Plain;
use crate::secret::Secret;
use crate::{LONGEST_ANSWER, Outlet, Sent};
use async_snmp::{
    Auth, AuthProtocol, AuthoritativeEngine, Client, Oid, PersistedAuthoritativeEngine, PrivProtocol, Retry,
    UdpHandle, UsmConfig, Value, VarBind,
};
use ledger::disk::{Disk, replace};
use ledger::entropy::Entropy;
use model::{Clock, Instant, Severity, Told};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Where to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpSetting {
    /// The host that receives.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is sent.
    pub sort: Sort,
    /// How it is let in there.
    pub access: Access,
    /// Below which number the objects stand.
    pub root: Vec<u32>,
    /// How long an acknowledgement is waited for, three times.
    pub limit: Duration,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Nobody says that it came.
    Trap,
    /// Whoever receives acknowledges.
    Inform,
}

/// How a message is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// By a community, in clear (v2c): the file that holds it.
    Community(PathBuf),
    /// By a user (v3), authenticated and encrypted with AES-128.
    User {
        /// The user's name.
        name: String,
        /// The hash of its authentication: `sha1`, `sha256`, `sha384` or `sha512`.
        hash: &'static str,
        /// The file of the password of authentication.
        authentication: PathBuf,
        /// The file of the password of privacy.
        privacy: PathBuf,
    },
}

/// Hashes, by their words in settings.
pub(crate) const HASHES: [&str; 4] = ["sha1", "sha256", "sha384", "sha512"];
/// Where objects stand when nobody says otherwise: below the enterprise number that is kept for examples (RFC 5612).
pub(crate) const ROOT: [u32; 8] = [1, 3, 6, 1, 4, 1, 32_473, 2_722];
/// The enterprise number in the identifier of the engine (RFC 3411, `SnmpEngineID`): the same.
const ENTERPRISE: u32 = 32_473;
/// Most bytes of a text: what is sent has to fit into one datagram.
const MOST_BYTES: usize = 180;
/// How often an inform is sent again.
const AGAIN: u32 = 2;

/// The engine that traps of v3 come from: one an installation, kept in a file of its data folder.
pub struct Engine {
    disk: Arc<dyn Disk>,
    entropy: Mutex<Box<dyn Entropy>>,
    open: Mutex<Option<AuthoritativeEngine>>,
}

/// As it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Its identifier, hexadecimal.
    engine: String,
    /// How often it was started.
    boots: u32,
}

impl Engine {
    /// Its file in the data folder.
    pub const FILE: &str = "outlets/snmp-engine";

    /// One whose file lies on this disk, that of the data folder. It is opened, and its start counted, when the first outlet needs it.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, entropy: Box<dyn Entropy>) -> Self {
        Self { disk, entropy: Mutex::new(entropy), open: Mutex::default() }
    }

    /// Its identifier, as receivers are told of it; none where it was never needed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn id(&self) -> Result<Option<String>, Told> {
        Ok(self.kept()?.map(|kept| kept.engine))
    }

    fn kept(&self) -> Result<Option<Kept>, Told> {
        let content = self.disk.read(Self::FILE).map_err(|error| unusable(&error.to_string()))?;
        let kept = content.map(|content| serde_json::from_slice(&content));
        kept.transpose().map_err(|error| unusable(&error.to_string()))
    }

    /// Opens it. A new one is made where there never was one; what was damaged is not made anew, since receivers would
    /// refuse it.
    fn open(&self) -> Result<AuthoritativeEngine, Told> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*open {
            return Ok(engine.clone());
        }
        let disk = Arc::clone(&self.disk);
        let keep = move |state: &PersistedAuthoritativeEngine| {
            let engine = data_encoding::HEXLOWER.encode(state.engine_id());
            let kept = serde_json::to_vec(&Kept { engine, boots: state.engine_boots() })
                .map_err(std::io::Error::other)?;
            replace(&*disk, Self::FILE, &kept).map_err(std::io::Error::other)
        };
        let engine = match self.kept()? {
            None => AuthoritativeEngine::install(self.draw()?, keep),
            Some(Kept { engine, boots }) => {
                let id = data_encoding::HEXLOWER
                    .decode(engine.as_bytes())
                    .map_err(|error| unusable(&error.to_string()))?;
                let before = PersistedAuthoritativeEngine::new(id, boots)
                    .map_err(|error| unusable(&error.to_string()))?;
                AuthoritativeEngine::restart(before, keep)
            }
        };
        let engine = engine.map_err(|error| unusable(&error.to_string()))?;
        Ok(open.insert(engine).clone())
    }

    /// An identifier: the enterprise, and eight octets that nobody else has.
    fn draw(&self) -> Result<Vec<u8>, Told> {
        let mut octets = [0; 8];
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.fill(&mut octets).map_err(|error| error.told())?;
        let mut id = (ENTERPRISE | 0x8000_0000).to_be_bytes().to_vec();
        id.push(5);
        id.extend(octets);
        Ok(id)
    }
}

fn unusable(why: &str) -> Told {
    let file = Engine::FILE;
    Told::new(
        format!(
            "SNMPv3 引擎之檔案「{file}」無法使用（{why}）。請自備份還原；若無備份，刪除後須於接收端登記新的引擎識別碼。"
        ),
        format!(
            "The file of the SNMPv3 engine, {file}, cannot be used ({why}). Restore it; or remove it, and tell receivers the new engine identifier."
        ),
    )
}

pub(crate) struct Snmp {
    setting: SnmpSetting,
    auth: Auth,
    engine: Option<AuthoritativeEngine>,
    root: Vec<u32>,
    clock: Arc<dyn Clock>,
    started: Instant,
    working: Mutex<Working>,
}

/// The connection, if one can be said to be, and where it is driven.
struct Working {
    runtime: Runtime,
    client: Option<Client<UdpHandle>>,
}

impl Snmp {
    /// # Errors
    /// A secret or the engine cannot be read.
    pub(crate) fn open(setting: SnmpSetting, clock: Arc<dyn Clock>, engine: &Engine) -> Result<Self, Told> {
        let (auth, engine) = match &setting.access {
            Access::Community(file) => {
                let community = Secret::read(file)?;
                (Auth::v2c(community.exposed().as_bytes().to_vec()), None)
            }
            Access::User { name, hash, authentication, privacy } => {
                let (authentication, privacy) = (Secret::read(authentication)?, Secret::read(privacy)?);
                let user = UsmConfig::new(name.clone().into_bytes())
                    .auth_priv(protocol(hash), authentication.exposed(), PrivProtocol::Aes128, privacy.exposed())
                    .map_err(|error| {
                        Told::new(
                            format!("SNMPv3 使用者「{name}」之密語不可用（{error}）。每一密語至少 8 字。"),
                            format!("The passwords of the SNMPv3 user {name} cannot be used ({error}). Each takes 8 characters at least."),
                        )
                    })?;
                // Of an inform whoever receives is the authority.
                let engine = (setting.sort == Sort::Trap).then(|| engine.open()).transpose()?;
                (Auth::Usm(user), engine)
            }
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Told::new(format!("無法啟動 SNMP（{error}）"), format!("SNMP cannot be started ({error})"))
        })?;
        let (root, started) = (setting.root.clone(), clock.now());
        let working = Mutex::new(Working { runtime, client: None });
        Ok(Self { setting, auth, engine, root, clock, started, working })
    }

    async fn client(&self) -> async_snmp::Result<Client<UdpHandle>> {
        let SnmpSetting { host, port, limit, .. } = &self.setting;
        let retry = Retry::fixed(AGAIN, Duration::ZERO).unwrap_or_else(|_| Retry::none());
        let builder =
            Client::builder((host.clone(), *port), self.auth.clone()).request_timeout(*limit).retry(retry);
        match &self.engine {
            Some(engine) => builder.local_authoritative_engine(engine.clone()).connect().await,
            None => builder.connect().await,
        }
    }

    /// Hundredths of a second since the outlet was opened.
    fn uptime(&self) -> u32 {
        let micros = self.clock.now().as_micros().saturating_sub(self.started.as_micros());
        u32::try_from(micros / 10_000).unwrap_or(0)
    }

    fn number(&self, below: &[u32]) -> Oid {
        Oid::new(self.root.iter().chain(below).copied())
    }

    /// The notification and its objects.
    fn notification(&self, message: &Message) -> (Oid, Vec<VarBind>) {
        let text = |text: &Plain| Value::OctetString(text.bytes(MOST_BYTES).to_vec().into());
        let list = |texts: Vec<String>| text(&Plain::new(&texts.join(", ")));
        let group = message.group.iter().map(|(field, value)| format!("{field}={value}")).collect();
        let clauses = message.clauses.iter().map(ToString::to_string).collect();
        let small = |number: u64| Value::Gauge32(u32::try_from(number).unwrap_or(u32::MAX));
        let (messages, through) = match message.what {
            What::Many { messages, through } => (messages, through),
            _ => (1, message.alarm),
        };
        let values = [
            Value::Counter64(message.alarm),
            Value::Integer(severity(message.severity)),
            text(&message.rule),
            text(&message.title.zh),
            text(&message.title.en),
            list(group),
            small(message.count),
            text(&Plain::new(&message.first.to_string())),
            text(&Plain::new(&message.last.to_string())),
            list(clauses),
            text(&message.link),
            text(&message.system),
            small(messages),
            Value::Counter64(through),
        ];
        let objects = (1..).zip(values).map(|(nth, value)| VarBind::new(self.number(&[1, nth, 0]), value));
        (self.number(&[0, notification(message.what)]), objects.collect())
    }
}

/// The number of a notification in the MIB.
const fn notification(what: What) -> u32 {
    match what {
        What::Raised => 1,
        What::Resolved => 2,
        What::Many { .. } => 3,
        What::Test => 4,
        What::Called { .. } => 5,
    }
}

/// The number of a severity in the MIB.
const fn severity(severity: Severity) -> i32 {
    match severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn protocol(hash: &str) -> AuthProtocol {
    match hash {
        "sha1" => AuthProtocol::Sha1,
        "sha384" => AuthProtocol::Sha384,
        "sha512" => AuthProtocol::Sha512,
        _ => AuthProtocol::Sha256,
    }
}

impl Outlet for Snmp {
    fn send(&self, message: &Message) -> Sent {
        let (notification, objects) = self.notification(message);
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let Working { runtime, client } = &mut *working;
        let sent = runtime.block_on(async {
            let peer = match client.take() {
                Some(peer) => peer,
                None => self.client().await?,
            };
            match self.setting.sort {
                Sort::Trap => peer.send_trap(&notification, self.uptime(), objects).await?,
                Sort::Inform => peer.send_inform(&notification, self.uptime(), objects).await?,
            }
            // One that has failed is not used again.
            *client = Some(peer);
            async_snmp::Result::Ok(())
        });
        let to = format!("{}:{}", self.setting.host, self.setting.port);
        match (sent, self.setting.sort) {
            (Ok(()), Sort::Trap) => Sent::Done(Told::new(
                format!("已送出至 {to}（trap 無回覆）"),
                format!("sent to {to} (nobody acknowledges traps)"),
            )),
            (Ok(()), Sort::Inform) => {
                Sent::Done(Told::new(format!("{to} 已確認收到"), format!("acknowledged by {to}")))
            }
            (Err(error), _) => {
                let why = Plain::of_at_most(&error.to_string(), LONGEST_ANSWER / 2);
                Sent::Later(Told::new(
                    format!("未能送達 {to}：{why}"),
                    format!("not delivered to {to}: {why}"),
                ))
            }
        }
    }
}
