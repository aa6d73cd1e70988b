//! Lines: a firewall's, from a process of their own over TCP, until they are durable, read, sealed and in files; and what
//! others do with the same lines in the same run.
//!
//! The receiver is the product's own, with its ledger, its tables and its beat of a second. The generator's processor time
//! is told apart from the receiver's; both, and every peer, share the machine.

use super::appends::{children_seconds, cpu_seconds};
use super::asked::{self, QUESTIONS};
use super::city::City;
use super::firewall::{BUSY, RARE};
use crate::lines::{Lines, Protocol, Syslog};
use anyhow::{Context as _, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};
use telemetry::Receiver;

/// The receiver of what comes over TCP from senders that nobody has registered; the way is that of all others.
const RECEIVER: &str = "syslog-tcp-unknown";
/// How often it is looked whether something is done yet.
const LOOK: Duration = Duration::from_millis(5);
/// The beat of the product.
const BEAT: Duration = Duration::from_secs(1);
/// How long nothing may move before it is given up.
const STALLED: Duration = Duration::from_secs(60);
/// Shares of the lines, in quarters, at which a line is sent beside and looked for.
const PROBED: [u64; 3] = [1, 2, 3];
/// Lines that are written to a file as they are, at most.
const MOST_PLAIN: u64 = 10_000_000;
/// What ClickHouse is asked to do.
const CLICKHOUSE: &str = include_str!("../../../../bench/clickhouse.py");

/// The generator, a process of its own.
pub(super) fn generate(count: u64, seed: u64) -> anyhow::Result<()> {
    let mut out = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    Ok(super::firewall::write(count, seed, &mut out)?)
}

pub(super) fn run(data: &Path, count: u64, seed: u64, python: &str) -> anyhow::Result<()> {
    ensure!(count >= 1_000, "at least 1000 lines");
    let made = Generator { count, seed };
    std::fs::create_dir_all(data)?;
    let spent = children_seconds();
    made.writing_to(File::create("/dev/null")?)?.end()?;
    let alone = children_seconds() - spent;
    println!("{count} lines, seed {seed}");
    println!("generator alone: {:.2} CPU-seconds a million lines", each(alone, count));
    ours(&data.join("city"), &made)?;
    println!("peers:");
    clickhouse(data, &made, python)?;
    // Those that write every byte get as many as the disk has room for.
    let made = Generator { count: count.min(MOST_PLAIN), seed };
    let file = data.join("lines.log");
    made.writing_to(File::create(&file)?)?.end()?;
    let bytes = file.metadata()?.len();
    let mean = bytes as f64 / made.count as f64 - 1.0;
    println!("  the first {} of the lines, {mean:.1} bytes each on average:", made.count);
    rsyslog(&data.join("rsyslog"), &made, bytes)?;
    for program in ["zstd", "gzip"] {
        packed(program, &file, made.count)?;
    }
    Ok(())
}

/// Seconds for each million.
fn each(seconds: f64, lines: u64) -> f64 {
    seconds * 1e6 / lines as f64
}

/// Who makes the lines.
struct Generator {
    count: u64,
    seed: u64,
}

/// It, at work.
struct Generating(Child);

impl Generator {
    fn writing_to(&self, out: impl Into<OwnedFd>) -> anyhow::Result<Generating> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "lines", "--count", &self.count.to_string()]);
        command.args(["--seed", &self.seed.to_string()]);
        Ok(Generating(command.stdin(Stdio::null()).stdout(Stdio::from(out.into())).spawn()?))
    }
}

impl Generating {
    fn end(mut self) -> anyhow::Result<()> {
        let status = self.0.wait()?;
        ensure!(status.success(), "the generator: {status}");
        Ok(())
    }
}

/// Ward: the product's receiver, ledger, tables.
fn ours(data: &Path, made: &Generator) -> anyhow::Result<()> {
    let told = |told: model::Told| anyhow!("{told}");
    let city = City::found(data, None)?;
    let desk = city.open()?;
    let lines = Lines::new(desk.clone(), city.disk(), data);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let at = lines.listen(Syslog { protocol: Protocol::Tcp, address: any }, None).map_err(told)?.address;
    let receiver = lines.receiver(RECEIVER).map_err(told)?;
    let (processor, start) = (cpu_seconds(), Stopwatch::now());
    let ended = AtomicBool::new(false);
    let all = made.count + PROBED.len() as u64;
    let (durable, sealed, waits, sender) = std::thread::scope(|scope| {
        let beats = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                lines.beat().map_err(told)?;
                std::thread::park_timeout(BEAT);
            }
            anyhow::Ok(())
        });
        let keeping = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                lines.keep().map_err(told)?;
                std::thread::park_timeout(BEAT);
            }
            anyhow::Ok(())
        });
        let measured = (|| {
            let spent = children_seconds();
            let generating = made.writing_to(TcpStream::connect(at)?)?;
            let mut waits = Vec::new();
            for quarter in PROBED {
                until(&receiver, |there| there.lines >= made.count * quarter / 4)?;
                waits.push(found(&lines, at, quarter)?);
            }
            generating.end()?;
            let sender = children_seconds() - spent;
            until(&receiver, |there| there.lines >= all)?;
            let durable = start.elapsed();
            until(&receiver, |there| there.sealed >= all)?;
            anyhow::Ok((durable, start.elapsed(), waits, sender))
        })();
        ended.store(true, Ordering::Relaxed);
        for beats in [beats, keeping] {
            beats.thread().unpark();
            beats.join().map_err(|_| anyhow!("the beat ended"))??;
        }
        measured
    })?;
    lines.settle(&receiver, all).map_err(told)?;
    let (filed, processor) = (start.elapsed(), cpu_seconds() - processor);
    ensure!(receiver.figures().filed == all, "{} of {all} lines are in files", receiver.figures().filed);
    let count = |text: &str| anyhow::Ok(lines.find(&asked::wanted(text, 1)?).map_err(told)?.count);
    let (first, again) = (count("10.0.0.0/8")?, count("198.18.0.0/15")?);
    ensure!((first, again) == (made.count, all - made.count), "{first} and {again} lines are found");
    let folder = data.join("lines").join(RECEIVER).join("files");
    let (files, indexes) = kept(&folder)?;
    let peak = peak(std::process::id())?;
    drop(receiver);
    lines.close().map_err(told)?;
    let rate = |time: Duration| made.count as f64 / time.as_secs_f64();
    println!("ward (durable: fdatasync for each batch; parsed, provable, queryable):");
    println!("  durable: {:.0} lines/s wall", rate(durable));
    println!("  read and sealed: {:.0} lines/s wall", rate(sealed));
    println!("  in files, with their indexes: {:.0} lines/s wall", rate(filed));
    println!("  {:.2} CPU-seconds a million lines, until in files", each(processor, made.count));
    println!("  generator into the connection: {:.2} CPU-seconds a million lines", each(sender, made.count));
    let each = |bytes: u64| bytes as f64 / all as f64;
    println!(
        "  {:.2} bytes a line kept, the line recoverable: files {:.2}, indexes {:.2}",
        each(files + indexes),
        each(files),
        each(indexes)
    );
    println!("  peak memory: {peak:.0} MB");
    println!("  a line sent meanwhile is found after: {}", waits.join(", "));
    asked::ask(&Lines::new(desk.clone(), city.disk(), data), &folder, made.count)?;
    desk.close();
    Ok(())
}

/// Waits until a receiver stands so.
fn until(receiver: &Receiver, is_so: impl Fn(&telemetry::Figures) -> bool) -> anyhow::Result<()> {
    let (mut last, mut moved) = (receiver.figures(), Stopwatch::now());
    loop {
        let now = receiver.figures();
        if is_so(&now) {
            return Ok(());
        }
        if now != last {
            (last, moved) = (now, Stopwatch::now());
        }
        if let Some(why) = receiver.stopped() {
            return Err(anyhow!("the receiver has stopped: {why}"));
        }
        ensure!(moved.elapsed() < STALLED, "nothing moves: {now:?}");
        std::thread::sleep(LOOK);
    }
}

/// Sends a line of its own address on a connection of its own, and looks for it until it is found: how long that takes.
fn found(lines: &Lines, at: SocketAddr, nth: u64) -> anyhow::Result<String> {
    let address = format!("198.18.0.{nth}");
    let line = format!(
        "<189>date=2026-11-26 time=12:00:00 devname=\"TC-FW-002\" devid=\"FG200F0002\" logid=\"0000000013\" \
         type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip={address} srcport=1024 \
         dstip=192.0.2.1 dstport=443 sessionid={nth} proto=6 action=\"close\" policyid=1 duration=1 sentbyte=1\n"
    );
    let (wanted, start) = (asked::wanted(&address, 1)?, Stopwatch::now());
    TcpStream::connect(at)?.write_all(line.as_bytes())?;
    while lines.find(&wanted).map_err(|told| anyhow!("{told}"))?.count == 0 {
        ensure!(start.elapsed() < STALLED, "a line that was sent is not found");
        std::thread::sleep(LOOK * 4);
    }
    Ok(format!("{:.0} ms", start.elapsed().as_secs_f64() * 1e3))
}

/// Bytes of files and of indexes.
fn kept(folder: &Path) -> anyhow::Result<(u64, u64)> {
    let (mut files, mut indexes) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let index = entry.path().extension().is_some_and(|end| end == "index");
        *(if index { &mut indexes } else { &mut files }) += entry.metadata()?.len();
    }
    Ok((files, indexes))
}

/// The most memory that a process has held, in MB.
fn peak(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// Where a program is, by the search path and where Debian keeps daemons.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// rsyslog: the same connection, lines written as they come to a plain file.
fn rsyslog(data: &Path, made: &Generator, bytes: u64) -> anyhow::Result<()> {
    let Some(program) = program("rsyslogd") else {
        println!("  rsyslog: not installed");
        return Ok(());
    };
    std::fs::create_dir_all(data)?;
    let folder = data.canonicalize()?;
    let (file, port) =
        (folder.join("lines"), TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
    let settings = format!(
        "global(workDirectory=\"{}\")\nmodule(load=\"imptcp\")\n\
         main_queue(queue.type=\"FixedArray\" queue.size=\"200000\" queue.dequeueBatchSize=\"1024\")\n\
         template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n\
         action(type=\"omfile\" file=\"{}\" template=\"raw\" ioBufferSize=\"256k\")\n\
         input(type=\"imptcp\" address=\"127.0.0.1\" port=\"{port}\")\n",
        folder.display(),
        file.display(),
    );
    std::fs::write(folder.join("settings"), settings)?;
    let spent = children_seconds();
    let mut command = Command::new(program);
    command.args(["-n", "-iNONE", "-f"]).arg(folder.join("settings"));
    let mut peer = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let measured = (|| {
        let begun = Stopwatch::now();
        let stream = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                Ok(stream) => break stream,
                Err(error) if begun.elapsed() > STALLED => return Err(error.into()),
                Err(_) => std::thread::sleep(LOOK),
            }
        };
        let (start, sent) = (Stopwatch::now(), children_seconds());
        made.writing_to(stream)?.end()?;
        let sender = children_seconds() - sent;
        let (mut last, mut moved) = (0, Stopwatch::now());
        loop {
            let now = file.metadata().map_or(0, |metadata| metadata.len());
            if now >= bytes {
                return anyhow::Ok((start.elapsed(), sender, peak(peer.id())?));
            }
            if now > last {
                (last, moved) = (now, Stopwatch::now());
            }
            ensure!(moved.elapsed() < STALLED, "rsyslog has written {now} of {bytes} bytes");
            std::thread::sleep(LOOK);
        }
    })();
    if let Some(process) = Pid::from_raw(peer.id().try_into()?) {
        kill_process(process, Signal::TERM)?;
    }
    peer.wait()?;
    let (wall, sender, memory) = measured?;
    let spent = children_seconds() - spent - sender;
    println!(
        "  rsyslog (imptcp to a plain file; not parsed, no fsync): {:.0} lines/s wall, {:.2} CPU-seconds a million lines, {:.0} bytes a line, {memory:.0} MB",
        made.count as f64 / wall.as_secs_f64(),
        each(spent, made.count),
        bytes as f64 / made.count as f64,
    );
    std::fs::remove_file(file)?;
    Ok(())
}

/// What ClickHouse says of itself.
#[derive(serde::Deserialize)]
struct ClickHouse {
    version: String,
    rows: u64,
    wall: f64,
    processor: f64,
    bytes: u64,
    memory: u64,
    /// Seconds for each question.
    asked: Vec<f64>,
}

/// ClickHouse, by chdb: the same lines from a pipe, parsed by an expression and inserted, the raw line kept beside; then the
/// same questions.
fn clickhouse(data: &Path, made: &Generator, python: &str) -> anyhow::Result<()> {
    let there = Command::new(python).args(["-c", "import chdb"]).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("  ClickHouse: not installed (chdb for {python})");
        return Ok(());
    }
    let folder = data.join("clickhouse");
    let (reader, writer) = std::io::pipe()?;
    let mut command = Command::new(python);
    command.args(["-c", CLICKHOUSE]).arg(&folder);
    command.args([asked::lines_of(RARE.0), asked::lines_of(BUSY.0)]);
    command.args(QUESTIONS.map(|(_, _, statement)| statement));
    let peer = command.stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // It has the pipe still; one that ends early ends whoever writes.
    drop(command);
    let generated = made.writing_to(writer)?.end();
    let ended = peer.wait_with_output()?;
    ensure!(ended.status.success(), "ClickHouse: {}", String::from_utf8_lossy(&ended.stderr));
    generated?;
    let said: ClickHouse = serde_json::from_slice(&ended.stdout).context("ClickHouse")?;
    ensure!(said.rows == made.count, "ClickHouse has {} of {} lines", said.rows, made.count);
    println!(
        "  ClickHouse {} (from a pipe; parsed, ZSTD, raw line kept, bloom filters for addresses; fsync_after_insert=0): {:.0} lines/s wall, {:.2} CPU-seconds a million lines, {:.2} bytes a line, {:.0} MB",
        said.version,
        made.count as f64 / said.wall,
        each(said.processor, made.count),
        said.bytes as f64 / made.count as f64,
        said.memory as f64 / 1e6,
    );
    let names = ["a rare address", "a busy address"].into_iter().chain(QUESTIONS.map(|(name, ..)| name));
    for (name, seconds) in names.zip(said.asked) {
        println!("    {name}: {:.1} ms, asked again", seconds * 1e3);
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// The same lines packed by a program.
fn packed(name: &str, file: &Path, count: u64) -> anyhow::Result<()> {
    let Some(program) = program(name) else {
        println!("  {name} -1: not installed");
        return Ok(());
    };
    let spent = children_seconds();
    let mut peer = Command::new(program).arg("-1").stdin(File::open(file)?).stdout(Stdio::piped()).spawn()?;
    let mut out = peer.stdout.take().context("what it packs")?;
    let bytes = std::io::copy(&mut out, &mut std::io::sink())?;
    ensure!(peer.wait()?.success(), "{name} failed");
    println!(
        "  {name} -1: {:.2} bytes a line, {:.2} CPU-seconds a million lines",
        bytes as f64 / count as f64,
        each(children_seconds() - spent, count)
    );
    Ok(())
}
