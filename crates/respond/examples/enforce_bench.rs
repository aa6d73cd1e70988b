//! How long it takes from a decision until packets are stopped: by an enforcer over its socket, on a firewall between two
//! namespaces of networks, while somebody sends as fast as they can.
//!
//! `cargo run --release -p respond --example enforce_bench [ROUNDS] [DENIED]`: so many rounds, with so many addresses denied already.
//! In each round somebody sends numbered datagrams without a pause; the decision is the moment at which the order is
//! written; packets are stopped when the last one has arrived. Needs root, nftables, conntrack, iproute2.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the time")]

use ledger::disk::Folder;
use model::{Clock, Instant as Moment};
use respond::{
    Act, Allow, Answer, Ask, CaseName, Client, Door, Enforcer, Hosts, Nftables, Opening, Order, Ordered, Rig,
    Served, What,
};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use testkit::{NETWORK, TemporaryFolder, again};

/// How long nothing has to arrive for packets to be stopped.
const STILL: Duration = Duration::from_millis(150);

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment::from_micros(i64::try_from(since.as_micros()).unwrap_or_default()).unwrap_or(Moment::EPOCH)
    }
}

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let limit = Duration::from_secs(600);
    if let Some(ended) = again(&["--net", "--mount"], NETWORK, &given, limit) {
        say(&ended.output.join("\n"));
        return if ended.status.success() { Ok(()) } else { Err(ended.errors.into()) };
    }
    let number = |at: usize, other: u32| arguments.get(at).map_or(Ok(other), |text| text.parse());
    measure(number(0, 50)?, number(1, 1_000)?)
}

#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn say(line: &str) {
    println!("{line}");
}

fn measure(rounds: u32, denied: u32) -> Result<(), Failed> {
    let folder = TemporaryFolder::new();
    let client = serve(folder.path())?;
    let mut id = 0;
    let mut order = |case: &str, ordered: Ordered| -> Result<(), Failed> {
        id += 1;
        let case = CaseName::new(case).ok_or("no case")?;
        match client.ask(&Ask::Order(Order { id, case, decided_at: Machine.now(), order: ordered }))? {
            Answer::Outcome(outcome) if outcome.done => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    };
    for at in 0..denied {
        let target = Hosts::from(std::net::IpAddr::from(Ipv4Addr::from_bits(0xc612_0000 + at)));
        order(
            &format!("before-{at}"),
            Ordered::Act(Act { what: What::Deny { target }, seconds: None, confirm: None }),
        )?;
    }
    let (mut stopped, mut answered) = (Vec::new(), Vec::new());
    let target = Hosts::from(std::net::IpAddr::from(Ipv4Addr::new(10, 2, 0, 2)));
    let receiver = at("inside", || UdpSocket::bind("10.1.0.2:9"))?;
    receiver.set_read_timeout(Some(STILL))?;
    let sender = at("outside", || {
        let sender = UdpSocket::bind("10.2.0.2:0")?;
        sender.connect("10.1.0.2:9").map(|()| sender)
    })?;
    let (going, sent) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let sending = std::thread::spawn({
        let (going, sent) = (Arc::clone(&going), Arc::clone(&sent));
        move || {
            while going.load(Ordering::Relaxed) {
                let number = sent.fetch_add(1, Ordering::Relaxed);
                // What finds no room is sent again.
                let _ = sender.send(&number.to_be_bytes());
            }
        }
    });
    for _ in 0..rounds {
        // Until the first is here the way is open.
        while receiver.recv(&mut [0; 8]).is_err() {}
        let last = std::thread::scope(|scope| {
            let heard = scope.spawn(|| {
                let mut last = Instant::now();
                while receiver.recv(&mut [0; 8]).is_ok() {
                    last = Instant::now();
                }
                last
            });
            let decided = Instant::now();
            let done = order(
                "round",
                Ordered::Act(Act { what: What::Deny { target }, seconds: None, confirm: None }),
            );
            answered.push(decided.elapsed());
            done.map(|()| heard.join().map(|last| last.saturating_duration_since(decided)))
        })?;
        stopped.push(last.map_err(|_| "the listener failed")?);
        order("round", Ordered::Undo)?;
    }
    going.store(false, Ordering::Relaxed);
    let _ = sending.join();
    say(&format!(
        "deny, {rounds} rounds, {denied} addresses denied already, {} datagrams sent meanwhile",
        sent.load(Ordering::Relaxed)
    ));
    say(&line("decision to the last packet that came through", stopped));
    say(&line("decision to the answer (connections ended, looked at)", answered));
    say("goal: 50 ms from the decision to packets stopped");
    Ok(())
}

/// An enforcer, and who asks it.
fn serve(folder: &Path) -> Result<Client, Failed> {
    let allow = Allow::new(["10.1.0.0/28".parse::<Hosts>()?], []);
    let enforcer = Enforcer::open(Opening {
        name: "bench".to_owned(),
        driver: Box::new(Nftables::default()),
        rig: Rig { allow, ..Rig::default() },
        disk: Arc::new(Folder::new(folder)),
        clock: Arc::new(Machine),
        dry: false,
    });
    let served = Served::start(enforcer.map_err(|told| told.en)?, |told| say(&told.en));
    let socket = folder.join("socket");
    let door = Door::unix(&socket, &[]).map_err(|told| told.en)?;
    std::thread::spawn(move || served.answer_at(&door, |told| say(&told.en)));
    Ok(Client::unix(&socket))
}

fn line(what: &str, mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share).div_ceil(100).saturating_sub(1);
        times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
    };
    format!(
        "  {what}: median {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        at(50),
        at(95),
        at(99),
        at(100)
    )
}

/// Does something in the network of this name.
fn at<T: Send>(network: &str, work: impl FnOnce() -> std::io::Result<T> + Send) -> std::io::Result<T> {
    let path = format!("/run/netns/{network}");
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            let file = std::fs::File::open(path)?;
            let kind = rustix::thread::LinkNameSpaceType::Network;
            rustix::thread::move_into_link_name_space(file.as_fd(), Some(kind))?;
            work()
        });
        there.join().unwrap_or_else(|_| Err(std::io::Error::other("a thread failed")))
    })
}
