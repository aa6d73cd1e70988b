//! From the last line that makes an alarm until its trap arrives, while other lines come at a given rate.
//!
//! Everything is the product's own, as processes of their own: ledger, pack, rules, the receiver of lines, the outlet by
//! SNMP, which may send as many messages a minute as there are. What is measured lies between handing the line to its
//! connection and reading the trap from a socket on this machine: both ways are in it.

use super::{firewall, say};
use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};

/// Bytes of a line of the firewall, on average: by them the rate is held.
const MEAN: u64 = 371;
/// Bytes that are handed on at once.
const PIECE: usize = 4 << 10;
/// Failures that make an alarm in the pack that is built in (同一來源猜測密碼).
const FAILURES: usize = 5;
/// All failures but the last of an alarm are sent so many alarms before: the rule counts those of one minute.
const AHEAD: u64 = 10;
/// How long a trap may take before the bench is given up.
const STALLED: Duration = Duration::from_secs(60);
/// Where addresses of alarms begin.
const NETWORK: &str = "10.66.";
/// Alarms at most: each of its own address, and rules keep a place for each of a thousand.
const MOST: u64 = 1_000;

/// What is asked.
pub(super) struct Asked {
    /// Lines a second beside.
    pub(super) rate: u64,
    /// How long.
    pub(super) seconds: u64,
    /// Alarms within that time.
    pub(super) alarms: u64,
}

pub(super) fn run(data: &Path, asked: &Asked) -> anyhow::Result<()> {
    ensure!(asked.rate > 0 && asked.seconds > 0, "some lines a second, for some seconds");
    ensure!((1..=MOST).contains(&asked.alarms), "1 to {MOST} alarms");
    fs::create_dir_all(data)?;
    let city = data.join("city");
    let place = city.display().to_string();
    ward(&["ledger", "init", "--data", &place, "--origin", "bench.example/ward"])?;
    ward(&["pack", "publish", "--data", &place])?;
    ward(&["unit", "add", "--code", "100", "--zh", "市政府", "--en", "City", "--data", &place])?;
    let traps = UdpSocket::bind("127.0.0.1:0")?;
    traps.set_read_timeout(Some(STALLED))?;
    outlet(&city, &traps)?;
    let server = Server::start(&place)?;
    let (sent, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let waits = std::thread::scope(|scope| {
        let beside = scope.spawn(|| firewall_beside(&server.lines, asked.rate, &sent, &over));
        let began = Stopwatch::now();
        let waits = alarms(&server.lines, &traps, asked);
        let reached = sent.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        match beside.join() {
            Ok(wrote) => wrote?,
            Err(_) => bail!("the lines beside stopped"),
        }
        Ok((waits?, reached))
    });
    let (waits, reached) = waits?;
    println!("{} alarms while {reached:.0} lines/s come beside (asked for: {})", waits.len(), asked.rate);
    say("last line of an alarm -> its SNMP trap", waits);
    server.end()
}

/// A command of this program, to its end.
fn ward(arguments: &[&str]) -> anyhow::Result<()> {
    let done = Command::new(std::env::current_exe()?).args(arguments).stdout(Stdio::null()).status()?;
    ensure!(done.success(), "ward {}: {done}", arguments.join(" "));
    Ok(())
}

/// The outlet by SNMP, which is not to hold anything back.
fn outlet(city: &Path, traps: &UdpSocket) -> anyhow::Result<()> {
    let folder = city.join("outlets");
    fs::create_dir(&folder)?;
    let community = folder.join("community");
    fs::write(&community, "bench\n")?;
    fs::set_permissions(community, fs::Permissions::from_mode(0o600))?;
    let settings = format!(
        "[outlet.nms]\nper_minute = 100000\nends = false\n\
         snmp = {{ to = \"{}\", version = \"v2c\", send = \"trap\", community_file = \"community\" }}\n",
        traps.local_addr()?
    );
    Ok(fs::write(city.join("outlets.toml"), settings)?)
}

/// The server, with where it receives lines.
struct Server {
    process: Child,
    lines: String,
}

impl Server {
    fn start(place: &str) -> anyhow::Result<Self> {
        let serve = ["serve", "--data", place, "--listen", "127.0.0.1:0", "--syslog", "tcp:127.0.0.1:0"];
        let mut process = Command::new(std::env::current_exe()?)
            .args(serve)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = BufReader::new(process.stdout.take().context("its output")?).lines();
        let lines = said.next().context("where it receives")??;
        let lines = lines.strip_prefix("tcp:").context("where it receives")?.to_owned();
        said.next().context("where it serves")??;
        // What else it says is nobody's here; a pipe that is full would hold it up.
        std::thread::spawn(move || said.map_while(Result::ok).for_each(drop));
        Ok(Self { process, lines })
    }

    fn end(mut self) -> anyhow::Result<()> {
        let number = i32::try_from(self.process.id())?;
        kill_process(Pid::from_raw(number).context("a process")?, Signal::TERM)?;
        let ended = self.process.wait()?;
        ensure!(ended.success(), "the server: {ended}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, but where something went wrong.
        let _ = self.process.kill();
    }
}

/// A firewall's lines at a steady rate until it is over.
fn firewall_beside(at: &str, rate: u64, sent: &AtomicU64, over: &AtomicBool) -> anyhow::Result<()> {
    let to = TcpStream::connect(at)?;
    let mut paced = Paced { to, began: Stopwatch::now(), rate, bytes: 0, sent, over };
    match firewall::write(u64::MAX, 1, &mut paced) {
        Err(_) if over.load(Ordering::Relaxed) => Ok(()),
        other => Ok(other?),
    }
}

/// Hands bytes on no sooner than they are due.
struct Paced<'a> {
    to: TcpStream,
    began: Stopwatch,
    rate: u64,
    bytes: u64,
    sent: &'a AtomicU64,
    over: &'a AtomicBool,
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.over.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("it is over"));
        }
        let due = Duration::from_secs_f64(self.bytes as f64 / (self.rate * MEAN) as f64);
        std::thread::sleep(due.saturating_sub(self.began.elapsed()));
        let wrote = self.to.write(bytes.get(..PIECE).unwrap_or(bytes))?;
        self.bytes += wrote as u64;
        let lines = bytes.iter().take(wrote).filter(|byte| **byte == b'\n').count();
        self.sent.fetch_add(lines as u64, Ordering::Relaxed);
        Ok(wrote)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Makes the alarms, evenly within the time; gives how long each took until its trap.
fn alarms(at: &str, traps: &UdpSocket, asked: &Asked) -> anyhow::Result<Vec<Duration>> {
    let mut to = TcpStream::connect(at)?;
    to.set_nodelay(true)?;
    let failure = |nth: u64| {
        format!(
            "<38>Nov 26 08:00:00 gw-1 sshd[7]: Failed password for lin from {} port 5555 ssh2\n",
            address(nth)
        )
    };
    let all_but_one = |nth: u64| failure(nth).repeat(FAILURES - 1);
    for nth in 0..AHEAD.min(asked.alarms) {
        to.write_all(all_but_one(nth).as_bytes())?;
    }
    let gap = Duration::from_secs(asked.seconds).div_f64(asked.alarms as f64);
    std::thread::scope(|scope| {
        let arrived = scope.spawn(|| arrivals(traps, asked.alarms));
        let mut handed = BTreeMap::new();
        for nth in 0..asked.alarms {
            if nth + AHEAD < asked.alarms {
                to.write_all(all_but_one(nth + AHEAD).as_bytes())?;
            }
            std::thread::sleep(gap);
            handed.insert(address(nth), Stopwatch::now());
            to.write_all(failure(nth).as_bytes())?;
        }
        let Ok(arrived) = arrived.join() else { bail!("nobody reads traps") };
        let arrived = arrived?;
        let waits = handed.iter().map(|(address, handed)| {
            let arrived = arrived.get(address).with_context(|| format!("no trap of {address}"))?;
            arrived
                .checked_duration_since(*handed)
                .with_context(|| format!("the trap of {address} came too soon"))
        });
        waits.collect()
    })
}

/// When the first trap of each address came, once there is one of so many.
fn arrivals(traps: &UdpSocket, many: u64) -> anyhow::Result<BTreeMap<String, Stopwatch>> {
    let (mut arrived, mut datagram) = (BTreeMap::new(), [0; 4_096]);
    while (arrived.len() as u64) < many {
        let length =
            traps.recv(&mut datagram).with_context(|| format!("{} of {many} traps", arrived.len()))?;
        let now = Stopwatch::now();
        if let Some(address) = datagram.get(..length).and_then(address_of) {
            arrived.entry(address).or_insert(now);
        }
    }
    Ok(arrived)
}

/// The address of an alarm: always of as many letters, so that it is told apart from what stands behind it in a trap.
fn address(nth: u64) -> String {
    format!("{NETWORK}{}.{}", 100 + nth / 100, 100 + nth % 100)
}

/// The address that a trap is about: `src_ip=10.66.100.101`, as it stands among its objects.
fn address_of(trap: &[u8]) -> Option<String> {
    let name = format!("src_ip={NETWORK}");
    let at = trap.windows(name.len()).position(|window| window == name.as_bytes())?;
    let begin = at + "src_ip=".len();
    let address = trap.get(begin..begin + address(0).len())?;
    let fits = address.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    fits.then(|| address.iter().map(|byte| char::from(*byte)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_trap_is_found_among_its_bytes() {
        for nth in [0, 99, 100, MOST - 1] {
            // What follows begins with what is a digit as well.
            let trap = format!("0\u{4}\u{14}src_ip={}0\u{2}", address(nth));
            assert_eq!(address_of(trap.as_bytes()), Some(address(nth)));
        }
        for other in ["", "src_ip=", "src_ip=10.6.100.100", "src_ip=10.66.1x0.100", "dst_ip=10.66.100.100"] {
            assert_eq!(address_of(other.as_bytes()), None, "{other}");
        }
    }
}
