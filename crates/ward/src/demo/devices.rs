//! The sample city's devices: sensors and a UPS that answer by Modbus, and what sends its lines by syslog, over real sockets.
//!
//! What they say goes by the time since they began, so that whoever looks sees the same story: a room that grows warm for
//! a while, mains that fail for a minute, a stranger who guesses passwords.
//! Does not: put anything into Ward by another way than real devices do.

use crate::machine::SystemClock;
use crate::told::Refused;
use anyhow::Context as _;
use model::{Clock as _, Instant, Told};
use std::future::{Ready, ready};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response};

/// The story begins anew after so many seconds.
const STORY: u64 = 2 * 3_600;
/// Taiwan's time is ahead of UTC by this.
const ZONE: Duration = Duration::from_secs(8 * 3_600);
/// Between two lines of a sender that does not answer, another try.
const AGAIN: Duration = Duration::from_secs(5);

/// Whoever sends lines, each with an address of its own (`city.toml` registers all but the last).
const FIREWALL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
const SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 12);
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 13);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 99);

/// Devices that are at work until they are stopped.
pub(super) struct Devices {
    stop: Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

/// What the room's sensors and its UPS measure at a second of the story.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    celsius: f64,
    humidity: f64,
    on_battery: bool,
    charge: f64,
}

impl Measured {
    fn at(second: u64) -> Self {
        let second = (second % STORY) as f64;
        let turn = |every: f64| (second / every * std::f64::consts::TAU).sin();
        // The air-conditioning fails after two minutes and works again after eight.
        let warm = match second {
            120.0..240.0 => (second - 120.0) / 120.0,
            240.0..480.0 => 1.0,
            480.0..720.0 => (720.0 - second) / 240.0,
            _ => 0.0,
        };
        let on_battery = (1_200.0..1_290.0).contains(&second);
        let charge = if on_battery { 100.0 - (second - 1_200.0) / 6.0 } else { 100.0 };
        Self {
            celsius: 23.6 + 0.5 * turn(1_800.0) + 4.2 * warm,
            humidity: 58.0 + 2.5 * turn(2_700.0),
            on_battery,
            charge,
        }
    }

    /// The registers of the room's controller: tenths of a degree, of a per cent, of the charge; and the mains.
    fn registers(self) -> [u16; 4] {
        let tenths = |value: f64| (value * 10.0).round() as u16;
        [tenths(self.celsius), tenths(self.humidity), tenths(self.charge), u16::from(self.on_battery)]
    }
}

/// The settings of the room's sensors, at the address that was given to them.
fn settings(at: SocketAddr) -> String {
    let read = |quantity: &str, unit: &str, register: u16, scale: &str| {
        format!(
            "[[device.read]]\nquantity = \"{quantity}\"\nunit = \"{unit}\"\nregister = {register}\n{scale}"
        )
    };
    let device = |id: &str| {
        format!(
            "[[device]]\nid = \"{id}\"\nroom = \"A\"\nprotocol = \"modbus\"\naddress = \"{at}\"\nevery = 10\n"
        )
    };
    [
        device("A-1"),
        read("temperature", "Cel", 0, "scale = 0.1\n"),
        read("humidity", "%RH", 1, "scale = 0.1\n"),
        device("UPS-1"),
        read("battery_charge", "%", 2, "scale = 0.1\n"),
        read("on_battery", "/", 3, ""),
    ]
    .concat()
}

/// The controller of the room, as Modbus asks it.
#[derive(Debug, Clone, Copy)]
struct Controller {
    began: std::time::Duration,
}

impl Service for Controller {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let second = crate::machine::steady().saturating_sub(self.began).as_secs();
        let Request::ReadHoldingRegisters(first, count) = request else {
            return ready(Err(ExceptionCode::IllegalFunction));
        };
        let registers = Measured::at(second).registers();
        let (first, count) = (usize::from(first), usize::from(count));
        let asked = first.checked_add(count).and_then(|end| registers.get(first..end));
        ready(
            asked
                .map(|asked| Response::ReadHoldingRegisters(asked.to_vec()))
                .ok_or(ExceptionCode::IllegalDataAddress),
        )
    }
}

impl Devices {
    /// Begins: writes the settings of the sensors, and sends lines to where syslog is received.
    pub(super) fn start(sensors: &Path, syslog: SocketAddr) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let at = listener.local_addr()?;
        write(sensors, &settings(at))?;
        let (stop, stopped) = channel::<()>();
        let (ended, end) = tokio::sync::oneshot::channel::<()>();
        let controller = Controller { began: crate::machine::steady() };
        let modbus = std::thread::Builder::new().name("controller".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let server = Server::new(listener);
                let each = |stream, peer| async move {
                    accept_tcp_connection(stream, peer, |_| Ok(Some(controller)))
                };
                tokio::select! {
                    // One that breaks off asks anew.
                    _ = server.serve(&each, |_| {}) => {}
                    _ = end => {}
                }
            });
        })?;
        let lines = std::thread::Builder::new().name("senders".to_owned()).spawn(move || {
            let mut senders = Senders::new(syslog);
            let began = crate::machine::steady();
            let mut told = None;
            let mut pause = Duration::from_secs(1);
            while matches!(stopped.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                let second = crate::machine::steady().saturating_sub(began).as_secs();
                let sent = senders.send(second, SystemClock.now());
                pause = if sent.is_ok() { Duration::from_secs(1) } else { AGAIN };
                let now = sent.err().map(|error| error.to_string());
                // The same trouble is told once.
                if let Some(error) = now.as_ref().filter(|now| told.as_ref() != Some(*now)) {
                    crate::told::tell(&Told::new(
                        format!("示範設備無法傳送紀錄至 {syslog}（{error}），稍後再試。"),
                        format!(
                            "The sample devices cannot send their lines to {syslog} ({error}); trying again."
                        ),
                    ));
                }
                told = now;
            }
            drop(ended);
        })?;
        Ok(Self { stop, threads: vec![lines, modbus] })
    }

    /// Ends.
    pub(super) fn stop(self) {
        drop(self.stop);
        for thread in self.threads {
            // One that panicked has stopped by itself.
            let _ = thread.join();
        }
    }
}

/// Sockets of those who send lines.
struct Senders {
    syslog: SocketAddr,
    server: Option<TcpStream>,
}

impl Senders {
    const fn new(syslog: SocketAddr) -> Self {
        Self { syslog, server: None }
    }

    fn send(&mut self, second: u64, now: Instant) -> std::io::Result<()> {
        for line in firewall(second, now) {
            self.datagram(FIREWALL, &line)?;
        }
        self.datagram(PROXY, &proxy(second, now))?;
        if second.is_multiple_of(10) {
            self.datagram(STRANGER, &stranger(second, now))?;
        }
        for line in server(second, now) {
            self.stream(&line)?;
        }
        Ok(())
    }

    fn datagram(&self, from: Ipv4Addr, line: &str) -> std::io::Result<()> {
        let socket = UdpSocket::bind((from, 0))?;
        socket.send_to(line.as_bytes(), self.syslog).map(drop)
    }

    fn stream(&mut self, line: &str) -> std::io::Result<()> {
        let stream = match &mut self.server {
            Some(stream) => stream,
            none => none.insert(connect(SERVER, self.syslog)?),
        };
        let sent = stream.write_all(format!("{line}\n").as_bytes());
        if sent.is_err() {
            self.server = None;
        }
        sent
    }
}

/// A connection from an address of this machine.
fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        socket.connect(to).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Date and time of day in Taiwan.
fn local(now: Instant) -> (String, String) {
    let text = now.plus(ZONE).to_string();
    let piece = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    (piece(0, 10), piece(11, 19))
}

/// Numbers that differ from second to second and are the same each time: Knuth's multiplicative hash.
fn drawn(second: u64, nth: u64, below: u64) -> u64 {
    let mixed = second.wrapping_mul(31).wrapping_add(nth).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 33) % below
}

/// What goes through the firewall, as a FortiGate tells of it.
fn firewall(second: u64, now: Instant) -> Vec<String> {
    const SERVICES: [(u16, &str, &str); 4] =
        [(443, "HTTPS", "accept"), (53, "DNS", "accept"), (80, "HTTP", "close"), (3389, "RDP", "deny")];
    let (date, time) = local(now);
    let line = |nth: u64| {
        let pick = drawn(second, nth, 4) as usize;
        let (port, service, action) = SERVICES.get(pick).copied().unwrap_or((443, "HTTPS", "accept"));
        format!(
            "<189>date={date} time={time} devname=\"FW-1\" devid=\"FG200FT922900123\" eventtime={} \
             logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip=10.1.{}.{} srcport={} \
             srcintf=\"port1\" dstip=203.0.113.{} dstport={port} dstintf=\"wan1\" sessionid={} proto=6 \
             action=\"{action}\" policyid={} service=\"{service}\" duration={} sentbyte={} rcvdbyte={}",
            now.as_seconds(),
            drawn(second, nth + 10, 12),
            drawn(second, nth + 20, 200) + 10,
            drawn(second, nth + 30, 60_000) + 1_024,
            drawn(second, nth + 40, 250) + 1,
            second * 4 + nth,
            drawn(second, nth + 50, 12) + 1,
            drawn(second, nth + 60, 90),
            drawn(second, nth + 70, 90_000),
            drawn(second, nth + 80, 900_000),
        )
    };
    (0..4).map(line).collect()
}

/// Who logs on to the server; for half a minute a stranger guesses.
fn server(second: u64, now: Instant) -> Vec<String> {
    let stamp = now.to_string();
    let head = |level: u8| format!("<{level}>1 {stamp} web-1 sshd {} - - ", 800 + second % 9_000);
    let mut lines = Vec::new();
    if second.is_multiple_of(30) {
        let person = drawn(second, 1, 3) + 1;
        lines.push(format!(
            "{}Accepted publickey for maintainer-it-{person} from 10.1.0.{} port {} ssh2",
            head(38),
            20 + person,
            40_000 + second % 20_000
        ));
    }
    if (300..330).contains(&(second % STORY)) {
        lines.push(format!(
            "{}Failed password for invalid user admin from 203.0.113.77 port {} ssh2",
            head(38),
            50_000 + second % 10_000
        ));
    }
    lines
}

/// What people look at, as Squid tells of it.
fn proxy(second: u64, now: Instant) -> String {
    let person = drawn(second, 2, 11) + 10;
    let micros = now.as_micros().rem_euclid(1_000_000) / 1_000;
    format!(
        "<134>1 {now} proxy-1 squid 410 - - {}.{micros:03}     45 10.1.2.{person} TCP_MISS/200 {} GET \
         http://www.sample-city.example/page/{} - HIER_DIRECT/203.0.113.80 text/html",
        now.as_seconds(),
        drawn(second, 3, 40_000) + 300,
        drawn(second, 4, 400),
    )
}

/// A device that nobody has registered.
fn stranger(second: u64, now: Instant) -> String {
    format!(
        "<190>1 {now} switch-9 - - - - %LINK-3-UPDOWN: Interface GigabitEthernet0/{}, changed state to up",
        second % 24
    )
}

/// Writes settings that are written anew at each start.
#[expect(clippy::disallowed_methods, reason = "nothing is lost with them")]
pub(super) fn write(path: &Path, settings: &str) -> anyhow::Result<()> {
    std::fs::write(path, settings).with_context(|| path.display().to_string())
}

/// Where the settings of the sensors stand: beside the city's folder.
pub(super) fn beside(folder: &Path, ending: &str) -> anyhow::Result<std::path::PathBuf> {
    let mut name = folder.as_os_str().to_owned();
    name.push(ending);
    let path = std::path::PathBuf::from(name);
    std::path::absolute(&path).map_err(|error| {
        Refused::misuse(Told::new(
            format!("無法取得 {} 之完整路徑：{error}", path.display()),
            format!("The full path of {} cannot be had: {error}", path.display()),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_leaves_its_limits_once_a_story_and_comes_back() {
        let warm = (0..STORY).filter(|second| Measured::at(*second).celsius > 26.0).count();
        assert!((60..900).contains(&warm), "{warm}");
        assert!((0..STORY).all(|second| Measured::at(second).celsius > 22.0));
        assert!((0..STORY).all(|second| (50.0..70.0).contains(&Measured::at(second).humidity)));
        assert_eq!(Measured::at(0), Measured::at(STORY));
        assert_eq!((0..STORY).filter(|second| Measured::at(*second).on_battery).count(), 90);
    }

    #[test]
    fn a_controller_answers_for_the_registers_it_has() {
        let controller = Controller { began: crate::machine::steady() };
        let ask = |first, count| controller.call(Request::ReadHoldingRegisters(first, count)).into_inner();
        assert!(matches!(ask(0, 4), Ok(Response::ReadHoldingRegisters(all)) if all.len() == 4));
        assert!(matches!(ask(3, 2), Err(ExceptionCode::IllegalDataAddress)));
    }

    #[test]
    fn the_settings_of_the_sensors_are_ones_that_are_taken() {
        let text = settings(SocketAddr::from((Ipv4Addr::LOCALHOST, 5_020)));
        let devices = sense::devices("sensors.toml", &text, Path::new("."));
        assert_eq!(devices.map(|devices| devices.len()).ok(), Some(2));
    }

    #[test]
    fn nothing_that_is_sent_is_without_its_time() {
        let now = Instant::from_micros(1_795_651_200_000_000).unwrap();
        let lines: Vec<String> = (0..60).flat_map(|second| firewall(second, now)).collect();
        assert!(lines.iter().all(|line| line.contains("date=2026-11-26 time=08:00:00")), "{lines:?}");
        assert_eq!(server(300, now).len(), 2);
        assert!(proxy(1, now).contains(" 1795651200.000 "));
    }
}
