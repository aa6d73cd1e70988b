//! The site: what every request is answered with.
//!
//! Owns nothing that is true; the desk does. Clones are the same site.

use crate::alarms::Watching;
use crate::api::Applications;
use crate::audit::{Oversight, Verifying};
use crate::limit::{Buckets, Limits};
use crate::live::Streams;
use crate::machine::Machine;
use crate::outlets::Outlets;
use crate::responses::Enforcers;
use crate::session::{Codes, Sessions};
use crate::tour::SampleCity;
use crate::trace::Lines;
use crate::turn::Turns;
use crate::visit::RequestId;
use desk::Desk;
use ledger::entropy::{Entropy, EntropyError};
use model::{Clock, Instant};
use signin::SignIn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What a site is made of.
pub struct Parts {
    /// The command path.
    pub desk: Desk,
    /// Whoever keeps sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Whoever keeps tokens of applications.
    pub applications: Arc<dyn Applications>,
    /// Whoever checks one-time codes.
    pub codes: Arc<dyn Codes>,
    /// Signing in and out, factors, the first start.
    pub door: SignIn,
    /// The machine it runs on.
    pub machine: Arc<dyn Machine>,
    /// Where lines are found.
    pub lines: Arc<dyn Lines>,
    /// Who tries the rules on them.
    pub watching: Arc<dyn Watching>,
    /// The outlets of alarms.
    pub outlets: Arc<dyn Outlets>,
    /// Who acts on firewalls.
    pub enforcers: Arc<dyn Enforcers>,
    /// What auditors judge by.
    pub oversight: Oversight,
    /// The sample city it is; none where it is real.
    pub sample_city: Option<Arc<dyn SampleCity>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness: names of requests, ids of records to be opened.
    pub entropy: Box<dyn Entropy>,
    /// How the site is set up.
    pub config: Config,
}

/// How a site is set up.
#[derive(Clone)]
pub struct Config {
    /// Is it reached over HTTPS, where whoever listens does not say so of each request?
    pub secure: bool,
    /// The installation's folder.
    pub data: PathBuf,
    /// How often anybody may ask.
    pub limits: Limits,
    /// Where papers are printed.
    pub printer: Arc<paper::Printer>,
    /// Words across every page and every paper, such as those of a sample city; none where they are real.
    pub watermark: Option<model::Told>,
    /// Where failures are told, with all their causes.
    pub report: Arc<Report>,
}

/// Takes down a failure: the request it happened in, and its causes.
pub type Report = dyn Fn(RequestId, &str) + Send + Sync;

/// The site.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    desk: Desk,
    sessions: Arc<dyn Sessions>,
    applications: Arc<dyn Applications>,
    codes: Arc<dyn Codes>,
    door: SignIn,
    machine: Arc<dyn Machine>,
    lines: Arc<dyn Lines>,
    watching: Arc<dyn Watching>,
    outlets: Arc<dyn Outlets>,
    enforcers: Arc<dyn Enforcers>,
    oversight: Oversight,
    sample_city: Option<Arc<dyn SampleCity>>,
    verifying: Arc<Verifying>,
    clock: Arc<dyn Clock>,
    entropy: Mutex<Box<dyn Entropy>>,
    config: Config,
    buckets: Buckets,
    /// Turns of requests with a large body.
    large: Turns,
    /// Turns of lists that are written as files, and of such files until they were taken.
    exports: (Turns, Turns),
    moved: watch::Sender<u64>,
    streams: Streams,
}

/// How long the watcher waits before it looks whether the site is still there.
const LOOK: Duration = Duration::from_millis(500);

impl Site {
    /// Makes it, and starts the thread that tells when something was committed. It ends with the site.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            desk,
            sessions,
            applications,
            codes,
            door,
            machine,
            lines,
            watching,
            outlets,
            enforcers,
            oversight,
            sample_city,
            clock,
            entropy,
            config,
        } = parts;
        let (moved, _) = watch::channel(desk.seen().position);
        let buckets = Buckets::new(config.limits);
        let Limits { large_at_once, exports_at_once, exports_kept, turn_wait, .. } = config.limits;
        let large = Turns::new(large_at_once, turn_wait);
        let exports = (Turns::new(exports_at_once, turn_wait), Turns::new(exports_kept, turn_wait));
        let entropy = Mutex::new(entropy);
        let inner = Inner {
            desk,
            sessions,
            applications,
            codes,
            door,
            machine,
            lines,
            watching,
            outlets,
            enforcers,
            oversight,
            sample_city,
            verifying: Arc::default(),
            clock,
            entropy,
            config,
            buckets,
            large,
            exports,
            moved,
            streams: Streams::default(),
        };
        let site = Self(Arc::new(inner));
        let weak = Arc::downgrade(&site.0);
        std::thread::spawn(move || {
            while let Some(inner) = weak.upgrade() {
                let before = *inner.moved.borrow();
                let reached = inner.desk.wait_beyond(before, LOOK);
                if reached > before {
                    inner.moved.send_replace(reached);
                }
            }
        });
        site
    }

    /// Where lines are found.
    #[must_use]
    pub fn lines(&self) -> &dyn Lines {
        &*self.0.lines
    }

    /// Who tries the rules on lines.
    #[must_use]
    pub fn watching(&self) -> &dyn Watching {
        &*self.0.watching
    }

    /// The outlets of alarms.
    #[must_use]
    pub fn outlets(&self) -> &dyn Outlets {
        &*self.0.outlets
    }

    /// Who acts on firewalls.
    #[must_use]
    pub fn enforcers(&self) -> &dyn Enforcers {
        &*self.0.enforcers
    }

    /// The command path.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.0.desk
    }

    /// Whoever keeps sessions.
    #[must_use]
    pub fn sessions(&self) -> &Arc<dyn Sessions> {
        &self.0.sessions
    }

    /// Whoever keeps tokens of applications.
    #[must_use]
    pub fn applications(&self) -> &Arc<dyn Applications> {
        &self.0.applications
    }

    /// Whoever checks one-time codes.
    #[must_use]
    pub fn codes(&self) -> &Arc<dyn Codes> {
        &self.0.codes
    }

    /// Signing in and out, factors, the first start.
    #[must_use]
    pub fn door(&self) -> &SignIn {
        &self.0.door
    }

    /// The machine it runs on.
    #[must_use]
    pub fn machine(&self) -> &Arc<dyn Machine> {
        &self.0.machine
    }

    /// What auditors judge by.
    #[must_use]
    pub fn oversight(&self) -> &Oversight {
        &self.0.oversight
    }

    pub(crate) fn sample_city(&self) -> Option<&Arc<dyn SampleCity>> {
        self.0.sample_city.as_ref()
    }

    pub(crate) fn verifying(&self) -> &Arc<Verifying> {
        &self.0.verifying
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// How it is set up.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The position of the last commit, as it moves.
    #[must_use]
    pub fn moved(&self) -> watch::Receiver<u64> {
        self.0.moved.subscribe()
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    /// 16 random bytes.
    ///
    /// # Errors
    /// There was no randomness.
    pub fn draw(&self) -> Result<[u8; 16], EntropyError> {
        let mut bytes = [0; 16];
        self.0.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn large(&self) -> &Turns {
        &self.0.large
    }

    pub(crate) fn exports(&self) -> &Turns {
        &self.0.exports.0
    }

    pub(crate) fn exports_kept(&self) -> &Turns {
        &self.0.exports.1
    }

    pub(crate) fn buckets(&self) -> &Buckets {
        &self.0.buckets
    }
}
