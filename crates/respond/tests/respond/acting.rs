//! Acts on a real firewall.

use crate::network::{Flow, INSIDE, OTHER, OUTSIDE, connect, listener, within};
use crate::{Machine, act, deny, hosts, observe, order};
use ledger::disk::Folder;
use respond::{
    Act, Allow, Answer, Ask, Client, Conditions, Door, Effect, Enforcer, Event, Happened, Nftables, Opening,
    Ordered, Outcome, Rig, Served, Standing, What,
};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Program, TemporaryFolder};

/// What is sent while nothing gets through; it is sent again and again by the kernel until it does.
const LATE: u8 = b'!';
/// How long somebody tries who is to fail.
const SHORT: Duration = Duration::from_millis(1_200);

fn rig() -> Rig {
    Rig { allow: Allow::new([hosts("10.1.0.0/28"), hosts("192.0.2.0/24")], []), mark: 7, ..Rig::default() }
}

fn open(folder: &Path, dry: bool) -> Enforcer {
    Enforcer::open(Opening {
        name: "edge".to_owned(),
        driver: Box::new(Nftables::default()),
        rig: rig(),
        disk: Arc::new(Folder::new(folder)),
        clock: Arc::new(Machine),
        dry,
    })
    .unwrap()
}

/// An enforcer of this process, asked by its socket.
struct Bed {
    _folder: TemporaryFolder,
    client: Client,
}

impl Bed {
    fn new() -> Self {
        let folder = TemporaryFolder::new();
        let socket = folder.path().join("socket");
        let served = Served::start(open(folder.path(), false), |told| panic!("{told}"));
        let door = Door::unix(&socket, &[]).unwrap();
        std::thread::spawn(move || served.answer_at(&door, |told| panic!("{told}")));
        Self { client: Client::unix(&socket), _folder: folder }
    }

    fn order(&self, id: u64, case: &str, ordered: Ordered) -> Outcome {
        ask(&self.client, &Ask::Order(order(id, case, ordered)))
    }

    fn act(&self, id: u64, case: &str, what: What) -> Effect {
        let outcome = self.order(id, case, Ordered::Act(act(what)));
        assert!(outcome.done, "{outcome:?}");
        outcome.effect.unwrap()
    }

    fn standing(&self) -> Standing {
        standing(&self.client)
    }

    /// What an act has stopped, once it has stopped something.
    fn stopped(&self, case: &str) -> u64 {
        loop {
            let standing = self.standing();
            let (_, effect) = standing.acts.iter().find(|(one, _)| one.case.as_str() == case).unwrap();
            assert_eq!(effect.seen, Some(true), "{standing:?}");
            if let Some(packets) = effect.packets.filter(|packets| *packets > 0) {
                return packets;
            }
        }
    }

    fn events(&self) -> Vec<Event> {
        match self.client.ask(&Ask::Events(0)).unwrap() {
            Answer::Events(_, events) => events,
            other => panic!("{other:?}"),
        }
    }
}

fn ask(client: &Client, ask: &Ask) -> Outcome {
    match client.ask(ask).unwrap() {
        Answer::Outcome(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn standing(client: &Client) -> Standing {
    match client.ask(&Ask::Standing).unwrap() {
        Answer::Standing(standing) => *standing,
        other => panic!("{other:?}"),
    }
}

fn is_refused(error: &std::io::Error) -> bool {
    // The time set for sending is over, or somebody answered with a reset.
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused)
        || error.raw_os_error() == Some(115)
}

#[test]
fn who_is_denied_is_stopped_in_the_middle_of_a_connection_and_flows_again_when_it_is_undone() {
    if within(
        "acting::who_is_denied_is_stopped_in_the_middle_of_a_connection_and_flows_again_when_it_is_undone",
    ) {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let (mut intruder, mut citizen) = (Flow::new(OUTSIDE, &inside), Flow::new(OTHER, &inside));
    intruder.passes(b'1');
    citizen.passes(b'1');

    let effect = bed.act(1, "case", deny(OUTSIDE));
    assert_eq!((effect.seen, effect.flows), (Some(true), Some(1)), "{effect:?}");
    assert!(effect.micros.is_some_and(|micros| micros > 0));
    intruder.outside.write_all(&[LATE]).unwrap();
    assert!(bed.stopped("case") > 0);
    assert!(intruder.is_still());
    // Nobody new from there either, and nobody from inside to there.
    assert!(is_refused(&connect(OUTSIDE, inside.local_addr().unwrap(), SHORT).unwrap_err()));
    // Others do not notice.
    citizen.passes(b'2');
    drop(Flow::new(OTHER, &inside));

    let undone = bed.order(2, "case", Ordered::Undo);
    let effect = undone.effect.clone().unwrap();
    assert!(
        undone.done && effect.seen == Some(true) && effect.packets.is_some_and(|packets| packets > 0),
        "{undone:?}"
    );
    intruder.arrives(LATE);
    intruder.passes(b'3');
    Flow::new(OUTSIDE, &inside).passes(b'4');
    assert_eq!(bed.standing().acts, Vec::new());
    assert_eq!(bed.events(), Vec::new());
    // The same orders once more, as they come after a crash of whoever gave them: nothing happens.
    assert_eq!(bed.order(2, "case", Ordered::Undo), undone);
    assert!(bed.order(1, "case", Ordered::Act(act(deny(OUTSIDE)))).done);
    Flow::new(OUTSIDE, &inside).passes(b'5');
}

#[test]
fn networks_and_addresses_of_ipv6_are_denied_too() {
    if within("acting::networks_and_addresses_of_ipv6_are_denied_too") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener("2001:db8:1::2"));
    let mut flow = Flow::new("2001:db8:2::2", &inside);
    flow.passes(b'1');
    for (id, target) in [(1, "2001:db8:2::2/127"), (3, "2001:db8:2::2")] {
        let effect = bed.act(id, "case", deny(target));
        assert_eq!((effect.seen, effect.flows), (Some(true), Some(1)), "{target}: {effect:?}");
        flow.outside.write_all(&[LATE]).unwrap();
        assert!(bed.stopped("case") > 0 && flow.is_still(), "{target}");
        assert!(bed.order(id + 1, "case", Ordered::Undo).done);
        flow.arrives(LATE);
        // The connection is known anew before it is denied anew.
        flow.passes(b'2');
    }
    // A network within another, and both undone in the order in which they came.
    bed.act(5, "wide", deny("10.3.0.0/16"));
    bed.act(6, "narrow", deny("10.3.7.0/24"));
    let effects: Vec<_> = bed.standing().acts.into_iter().map(|(_, effect)| effect.seen).collect();
    assert_eq!(effects, [Some(true), Some(true)]);
    assert!(bed.order(7, "wide", Ordered::Undo).done);
    let standing = bed.standing();
    assert_eq!(standing.acts.len(), 1);
    assert_eq!(standing.acts.first().unwrap().1.seen, Some(true), "{standing:?}");
}

#[test]
fn what_is_over_ends_by_itself() {
    if within("acting::what_is_over_ends_by_itself") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let mut flow = Flow::new(OUTSIDE, &inside);
    let outcome = bed.order(1, "case", Ordered::Act(Act { seconds: Some(2), ..act(deny(OUTSIDE)) }));
    assert!(outcome.done, "{outcome:?}");
    flow.outside.write_all(&[LATE]).unwrap();
    assert!(bed.stopped("case") > 0 && flow.is_still());
    flow.arrives(LATE);
    let events = bed.events();
    let [Event { number: 1, happened: Happened::Over { case, effect }, .. }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert!(case.as_str() == "case" && effect.packets.is_some_and(|packets| packets > 0), "{effect:?}");
    assert_eq!(bed.standing().acts, Vec::new());
}

#[test]
fn what_nobody_confirms_is_undone_and_what_somebody_does_stays() {
    if within("acting::what_nobody_confirms_is_undone_and_what_somebody_does_stays") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let mut flow = Flow::new(OUTSIDE, &inside);
    flow.passes(b'1');
    let closing = Ordered::Act(Act { confirm: Some(2), ..act(What::LockDown) });
    let outcome = bed.order(1, "closed", closing.clone());
    assert!(
        outcome.done && outcome.effect.as_ref().is_some_and(|effect| effect.seen == Some(true)),
        "{outcome:?}"
    );
    flow.outside.write_all(&[LATE]).unwrap();
    assert!(bed.stopped("closed") > 0 && flow.is_still());
    // Undone by the enforcer: nobody has said anything.
    flow.arrives(LATE);
    assert!(matches!(bed.events().as_slice(), [Event { happened: Happened::Unconfirmed { .. }, .. }]));
    let late = bed.order(2, "closed", Ordered::Confirm);
    assert!(!late.done, "{late:?}");

    assert!(bed.order(3, "closed", closing).done);
    assert!(bed.order(4, "closed", Ordered::Confirm).done);
    assert_eq!(bed.standing().acts.first().unwrap().0.confirm_by, None);
    flow.outside.write_all(&[LATE]).unwrap();
    assert!(bed.stopped("closed") > 0 && flow.is_still());
    assert!(bed.order(5, "closed", Ordered::Undo).done);
    flow.arrives(LATE);
}

#[test]
fn a_connection_that_is_cut_is_reset_on_both_sides() {
    if within("acting::a_connection_that_is_cut_is_reset_on_both_sides") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let mut flow = Flow::new(OUTSIDE, &inside);
    flow.passes(b'1');
    let outcome = bed.order(
        1,
        "case",
        Ordered::Act(Act { seconds: Some(1), ..act(What::Cut { target: hosts(OUTSIDE) }) }),
    );
    assert_eq!(outcome.effect.unwrap().flows, Some(1));
    let reset = |error: std::io::Error| {
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error:?}");
    };
    // Whoever sends is answered with a reset.
    flow.outside.write_all(b"x").unwrap();
    reset(std::io::Read::read(&mut flow.outside, &mut [0]).unwrap_err());
    flow.inside.write_all(b"x").unwrap();
    reset(std::io::Read::read(&mut flow.inside, &mut [0]).unwrap_err());
    // When the act is over new connections come through again.
    while !matches!(bed.events().as_slice(), [Event { happened: Happened::Over { .. }, .. }]) {}
    Flow::new(OUTSIDE, &inside).passes(b'2');
}

#[test]
fn who_is_observed_is_let_in_and_denied_by_the_firewall_at_the_trip_wire() {
    if within("acting::who_is_observed_is_let_in_and_denied_by_the_firewall_at_the_trip_wire") {
        return;
    }
    let (bed, inside, vault) = (Bed::new(), listener(INSIDE), listener(INSIDE));
    let forbidden = vault.local_addr().unwrap();
    let effect = bed.act(1, "case", observe("10.2.0.2/31", INSIDE, forbidden.port()));
    assert_eq!(effect.seen, Some(true), "{effect:?}");
    let mut flow = Flow::new(OUTSIDE, &inside);
    flow.passes(b'1');
    assert_eq!(bed.events(), Vec::new());
    // The first packet to the wire gets nowhere, and whoever sent it gets nowhere any more.
    assert!(is_refused(&connect(OUTSIDE, forbidden, SHORT).unwrap_err()));
    flow.outside.write_all(&[LATE]).unwrap();
    let event = loop {
        if let Some(event) = bed.events().pop() {
            break event;
        }
    };
    let Happened::Tripped { case, by, effect } = &event.happened else { panic!("{event:?}") };
    assert_eq!((case.as_str(), by.to_string().as_str()), ("case", OUTSIDE));
    assert!(effect.packets.is_some_and(|packets| packets > 0) && effect.flows.is_some(), "{effect:?}");
    assert!(bed.stopped("case") > 0 && flow.is_still());
    // All of what was observed is denied, as long as the act stands.
    assert!(is_refused(&connect(OTHER, inside.local_addr().unwrap(), SHORT).unwrap_err()));
    assert!(bed.standing().acts.first().unwrap().0.tripped.is_some());
    assert!(bed.order(2, "case", Ordered::Undo).done);
    flow.arrives(LATE);
    Flow::new(OTHER, &inside).passes(b'2');
}

#[test]
fn who_is_sent_too_much_while_observed_is_denied() {
    if within("acting::who_is_sent_too_much_while_observed_is_denied") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let conditions = Conditions { most_mbytes: Some(1), ..Conditions::default() };
    bed.act(1, "case", What::Observe { target: hosts(OUTSIDE), conditions });
    let flow = Flow::new(OUTSIDE, &inside);
    flow.inside.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let taken = std::thread::spawn({
        let mut outside = flow.outside.try_clone().unwrap();
        outside.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        move || {
            let (mut all, mut some) = (0, vec![0; 65_536]);
            while let Ok(read) = std::io::Read::read(&mut outside, &mut some) {
                all += read;
                if read == 0 {
                    break;
                }
            }
            all
        }
    });
    let mut inside = flow.inside.try_clone().unwrap();
    for _ in 0..160 {
        if inside.write_all(&[7; 65_536]).is_err() {
            break;
        }
    }
    let taken = taken.join().unwrap();
    assert!((500_000..1_200_000).contains(&taken), "{taken}");
    assert!(matches!(bed.events().as_slice(), [Event { happened: Happened::Tripped { .. }, .. }]));
}

#[test]
fn when_all_are_denied_those_on_the_list_go_on() {
    if within("acting::when_all_are_denied_those_on_the_list_go_on") {
        return;
    }
    // Between two on the list the way stays open, and to the firewall itself.
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let router = std::net::TcpListener::bind("10.1.0.1:0").unwrap();
    let port = router.local_addr().unwrap();
    let reach = || crate::network::at("inside", || std::net::TcpStream::connect_timeout(&port, SHORT));
    let mut flow = Flow::new(OUTSIDE, &inside);
    flow.passes(b'1');
    for (id, what) in [(1, What::DenyAll), (3, What::LockDown)] {
        bed.act(id, "all", what);
        flow.outside.write_all(&[LATE]).unwrap();
        assert!(bed.stopped("all") > 0 && flow.is_still());
        assert!(is_refused(&connect(OUTSIDE, inside.local_addr().unwrap(), SHORT).unwrap_err()));
        reach().unwrap();
        assert!(bed.order(id + 1, "all", Ordered::Undo).done);
        flow.arrives(LATE);
    }
}

#[test]
fn an_isolated_machine_reaches_nobody() {
    if within("acting::an_isolated_machine_reaches_nobody") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let mut flow = Flow::new(OTHER, &inside);
    let effect = bed.act(1, "case", What::Isolate { target: hosts(OTHER) });
    assert_eq!((effect.seen, effect.flows), (Some(true), Some(1)));
    flow.outside.write_all(&[LATE]).unwrap();
    assert!(bed.stopped("case") > 0 && flow.is_still());
    assert!(bed.order(2, "case", Ordered::Undo).done);
    flow.arrives(LATE);
}

#[test]
fn nothing_is_done_to_those_on_the_list_nor_to_the_firewall_itself() {
    if within("acting::nothing_is_done_to_those_on_the_list_nor_to_the_firewall_itself") {
        return;
    }
    let bed = Bed::new();
    // On the list, around it, an address of the router, and nobody's.
    for (id, target) in
        (1..).zip([INSIDE, "10.1.0.0/16", "10.2.0.1", "10.2.0.0/24", "127.0.0.1", "8.0.0.0/7", "fe80::1"])
    {
        let cases =
            [deny(target), What::Cut { target: hosts(target) }, What::Isolate { target: hosts(target) }];
        for (at, what) in (0..).zip(cases) {
            let outcome = bed.order(id * 10 + at, "case", Ordered::Act(act(what)));
            // The network of the router holds its own address.
            assert!(!outcome.done && outcome.effect.is_none(), "{target}: {outcome:?}");
        }
    }
    let blind = What::Observe { target: hosts(OUTSIDE), conditions: Conditions::default() };
    assert!(!bed.order(900, "case", Ordered::Act(act(blind))).done);
    assert!(!bed.order(901, "case", Ordered::Act(act(observe(OUTSIDE, "2001:db8::1", 22)))).done);
    assert_eq!(bed.standing().acts, Vec::new());
}

#[test]
fn a_rehearsal_changes_nothing() {
    if within("acting::a_rehearsal_changes_nothing") {
        return;
    }
    let folder = TemporaryFolder::new();
    let mut enforcer = open(folder.path(), true);
    let inside = listener(INSIDE);
    let outcome = enforcer.order(&order(1, "case", Ordered::Act(act(deny(OUTSIDE))))).unwrap();
    assert!(outcome.done && outcome.dry && outcome.said.en.contains("deny_hosts4"), "{outcome:?}");
    Flow::new(OUTSIDE, &inside).passes(b'1');
    assert_eq!(enforcer.standing().acts, Vec::new());
    let ruleset = Program::new("/usr/sbin/nft", "/").with(["list", "ruleset"]).run("", SHORT * 5).unwrap();
    assert!(
        ruleset.status.success() && !ruleset.output.iter().any(|line| line.contains("inet ward")),
        "{ruleset:?}"
    );
}

#[test]
fn a_firewall_that_somebody_emptied_is_made_to_stand_again() {
    if within("acting::a_firewall_that_somebody_emptied_is_made_to_stand_again") {
        return;
    }
    let (bed, inside) = (Bed::new(), listener(INSIDE));
    let mut flow = Flow::new(OUTSIDE, &inside);
    bed.act(1, "case", deny(OUTSIDE));
    let flushed = Program::new("/usr/sbin/nft", "/").with(["flush", "ruleset"]).run("", SHORT * 5).unwrap();
    assert!(flushed.status.success());
    let differs = loop {
        if let Some(Event { happened: Happened::Restored { differs }, .. }) = bed.events().pop() {
            break differs;
        }
    };
    assert!(differs.contains(&format!("- {OUTSIDE}")), "{differs:?}");
    flow.outside.write_all(&[LATE]).unwrap();
    assert!(bed.stopped("case") > 0 && flow.is_still());
}

/// The enforcer as a process of its own, to be killed.
#[test]
fn process() {
    let Some(folder) = std::env::var_os("WARD_RESPOND_PROCESS") else { return };
    let folder = Path::new(&folder);
    let served = Served::start(open(folder, false), |told| panic!("{told}"));
    let door = Door::unix(&folder.join("socket"), &[]).unwrap();
    println!("\nopen");
    served.answer_at(&door, |told| panic!("{told}"));
}

#[test]
fn what_stands_stands_when_the_enforcer_is_killed_and_begins_anew() {
    if within("acting::what_stands_stands_when_the_enforcer_is_killed_and_begins_anew") {
        return;
    }
    let folder = TemporaryFolder::new();
    let client = Client::unix(&folder.path().join("socket"));
    let start = || {
        let running = Program::new(std::env::current_exe().unwrap(), "/")
            .with(["--exact", "acting::process", "--nocapture"])
            .with_variable("WARD_RESPOND_PROCESS", folder.path().to_str().unwrap())
            .with_variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .start()
            .unwrap();
        while running.line(SHORT * 20).unwrap().is_none_or(|line| line != "open") {}
        running
    };
    let inside = listener(INSIDE);
    let (mut flow, mut brief) = (Flow::new(OUTSIDE, &inside), Flow::new(OTHER, &inside));
    let running = start();
    assert!(ask(&client, &Ask::Order(order(1, "long", Ordered::Act(act(deny(OUTSIDE)))))).done);
    let two = Act { seconds: Some(2), ..act(deny(OTHER)) };
    assert!(ask(&client, &Ask::Order(order(2, "brief", Ordered::Act(two)))).done);
    running.kill().unwrap();
    assert!(client.ask(&Ask::Standing).is_err());
    flow.outside.write_all(&[LATE]).unwrap();
    brief.outside.write_all(&[LATE]).unwrap();
    assert!(flow.is_still() && brief.is_still());
    // What was for a while ends by the kernel, though nobody is there to end it.
    brief.arrives(LATE);
    assert!(flow.is_still());

    let running = start();
    let standing = standing(&client);
    let stands: Vec<_> = standing.acts.iter().map(|(one, effect)| (one.id, effect.seen)).collect();
    assert_eq!(stands, [(1, Some(true))], "{standing:?}");
    assert!(flow.is_still());
    // The order that comes again is known; the undoing works.
    assert!(ask(&client, &Ask::Order(order(1, "long", Ordered::Act(act(deny(OUTSIDE)))))).done);
    assert!(ask(&client, &Ask::Order(order(3, "long", Ordered::Undo))).done);
    flow.arrives(LATE);
    running.kill().unwrap();
}
