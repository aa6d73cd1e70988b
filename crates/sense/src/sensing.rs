//! When devices are read, and what becomes of it.
//!
//! Owns one thread, on which each device has a task of its own: whoever hangs is cut off when its round is over, and
//! holds up nobody. A device that falls silent is told once, and once when it is back.

use crate::device::{Device, PROTOCOLS, Protocol, Way};
use crate::line::{Line, Said};
use crate::mqtt::Round;
use crate::value::{Figure, Reading};
use crate::{modbus, mqtt, snmp};
use futures_util::future::join_all;
use model::{Clock, Instant};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Where lines of sensors go.
pub trait Sink: Send + Sync {
    /// Takes lines, written at a moment.
    ///
    /// # Errors
    /// It takes none any more, and says why; nothing is read then.
    fn take(&self, at: Instant, lines: &[String]) -> Result<(), String>;
}

/// Devices that are being read.
pub struct Sensing {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// Why devices are not read.
#[derive(Debug, thiserror::Error)]
pub enum SensingError {
    /// Neither thread nor timers are to be had.
    #[error("starting")]
    Start(#[source] std::io::Error),
}

/// What came of devices of one protocol since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Devices.
    pub devices: u64,
    /// Of these, those that are silent now.
    pub silent: u64,
    /// Figures that were read.
    pub readings: u64,
    /// Of these, those that were none.
    pub bad: u64,
    /// Rounds in which a device did not answer.
    pub failures: u64,
}

struct Shared {
    /// By protocol; of those that any device has.
    counts: Vec<(Protocol, Arc<Counts>)>,
    failed: OnceLock<String>,
}

#[derive(Default)]
struct Counts {
    devices: AtomicU64,
    silent: AtomicU64,
    readings: AtomicU64,
    bad: AtomicU64,
    failures: AtomicU64,
}

impl Sensing {
    /// Begins to read devices. Of those in `silent` it was told before that they are.
    ///
    /// # Errors
    /// `Start`.
    pub fn begin(
        devices: Vec<Device>,
        silent: &BTreeSet<String>,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn Sink>,
    ) -> Result<Self, SensingError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(SensingError::Start)?;
        let shared = Arc::new(Shared { counts: counts_of(&devices), failed: OnceLock::new() });
        let (stop, stopped) = watch::channel(false);
        let watched: Vec<Watched> = devices
            .into_iter()
            .map(|device| Watched {
                counts: shared.counts(device.protocol()),
                silent: false,
                session: Session::default(),
                clock: Arc::clone(&clock),
                sink: Arc::clone(&sink),
                shared: Arc::clone(&shared),
                device,
            })
            .map(|one| one.taken_up(silent))
            .collect();
        let thread = std::thread::Builder::new().name("sensors".to_owned()).spawn(move || {
            runtime.block_on(all(watched, stopped));
            // A name that is being looked up is not waited for.
            runtime.shutdown_background();
        });
        Ok(Self { shared, stop, thread: thread.map_err(SensingError::Start)? })
    }

    /// What came of the devices, by protocol; of protocols with devices alone.
    #[must_use]
    pub fn figures(&self) -> Vec<(Protocol, Figures)> {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let figures = |(protocol, counts): &(Protocol, Arc<Counts>)| {
            let Counts { devices, silent, readings, bad, failures } = &**counts;
            let figures = Figures {
                devices: count(devices),
                silent: count(silent),
                readings: count(readings),
                bad: count(bad),
                failures: count(failures),
            };
            (*protocol, figures)
        };
        self.shared.counts.iter().map(figures).collect()
    }

    /// Why nothing is read any more; none while it is.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.shared.failed.get().map(String::as_str)
    }

    /// Ends; what is being read is given up.
    pub fn close(self) {
        // Where nobody hears it, it has ended.
        let _ = self.stop.send(true);
        let _ = self.thread.join();
    }
}

impl Shared {
    fn counts(&self, protocol: Protocol) -> Arc<Counts> {
        let found = self.counts.iter().find(|(one, _)| *one == protocol);
        found.map(|(_, counts)| Arc::clone(counts)).unwrap_or_default()
    }
}

fn counts_of(devices: &[Device]) -> Vec<(Protocol, Arc<Counts>)> {
    let of = |protocol: &Protocol| devices.iter().filter(|device| device.protocol() == *protocol).count();
    let counts = |count: usize| Counts { devices: AtomicU64::new(count as u64), ..Counts::default() };
    let all = PROTOCOLS.into_iter().map(|protocol| (protocol, of(&protocol)));
    all.filter(|(_, count)| *count > 0).map(|(protocol, count)| (protocol, Arc::new(counts(count)))).collect()
}

/// Reads each device until it is to stop, or until lines are not taken any more.
async fn all(watched: Vec<Watched>, mut stopped: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    for one in watched {
        tasks.spawn(one.keep());
    }
    tokio::select! {
        // It ends, too, where whoever would say so is gone.
        _ = stopped.changed() => {}
        Some(_) = tasks.join_next() => {}
    }
}

/// A device that is read.
struct Watched {
    device: Device,
    /// It was told that nothing is known of it.
    silent: bool,
    session: Session,
    counts: Arc<Counts>,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn Sink>,
    shared: Arc<Shared>,
}

/// What is kept of a device from one round to the next.
#[derive(Default)]
struct Session {
    snmp: snmp::Session,
    modbus: modbus::Session,
    mqtt: mqtt::Session,
}

impl Watched {
    /// As a former run has left it.
    fn taken_up(mut self, silent: &BTreeSet<String>) -> Self {
        self.silent = silent.contains(&self.device.id);
        self.counts.silent.fetch_add(u64::from(self.silent), Ordering::Relaxed);
        self
    }

    /// Reads the device until its lines are not taken any more.
    async fn keep(mut self) {
        let mut rounds = interval(self.device.every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let round = Round::For(self.device.every);
            let read = read(&self.device, &mut self.session, round).await;
            let at = self.clock.now();
            let lines: Vec<String> = self.told(read).iter().map(|line| line.written(at)).collect();
            if !lines.is_empty()
                && let Err(why) = self.sink.take(at, &lines)
            {
                // The first reason is the one.
                let _ = self.shared.failed.set(why);
                return;
            }
        }
    }

    /// What a round has brought, as lines.
    fn told(&mut self, read: Result<Vec<Reading>, String>) -> Vec<Line> {
        let was_silent = std::mem::replace(&mut self.silent, read.is_err());
        let counts = &self.counts;
        let said: Vec<Said> = match read {
            Ok(readings) => {
                let bad = readings.iter().filter(|reading| matches!(reading.figure, Figure::Bad(_))).count();
                counts.readings.fetch_add(readings.len() as u64, Ordering::Relaxed);
                counts.bad.fetch_add(bad as u64, Ordering::Relaxed);
                if was_silent {
                    counts.silent.fetch_sub(1, Ordering::Relaxed);
                }
                let back = was_silent.then_some(Said::Back);
                back.into_iter().chain(readings.into_iter().map(Said::Reading)).collect()
            }
            Err(why) => {
                counts.failures.fetch_add(1, Ordering::Relaxed);
                if was_silent {
                    Vec::new()
                } else {
                    counts.silent.fetch_add(1, Ordering::Relaxed);
                    vec![Said::Silent(why)]
                }
            }
        };
        let line = |said| Line { room: self.device.room.clone(), sensor: self.device.id.clone(), said };
        said.into_iter().map(line).collect()
    }
}

/// One round of a device; whoever takes too long has not answered.
async fn read(device: &Device, session: &mut Session, round: Round) -> Result<Vec<Reading>, String> {
    let limit = device.limit();
    let asked = async {
        match &device.way {
            Way::Snmp(snmp) => snmp.read(&mut session.snmp).await,
            Way::Modbus(modbus) => modbus.read(&mut session.modbus).await,
            Way::Mqtt(mqtt) => mqtt.read(&mut session.mqtt, round).await,
            Way::Nut(nut) => nut.read().await,
            Way::Probe(probe) => probe.read(limit).await,
        }
    };
    timeout(limit, asked).await.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
}

/// Reads each device once, all beside each other: what came of it, or why nothing did, in their order.
///
/// # Errors
/// `Start`.
pub fn read_once(devices: &[Device]) -> Result<Vec<Result<Vec<Reading>, String>>, SensingError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(SensingError::Start)?;
    let read = runtime.block_on(async {
        let rounds = devices.iter().map(|device| async move {
            let round = Round::Once(device.every);
            read(device, &mut Session::default(), round).await
        });
        join_all(rounds).await
    });
    runtime.shutdown_background();
    Ok(read)
}
