//! Pings, in a network of their own where they are allowed, and where they are not.

use crate::Room;
use sense::Figure;
use std::time::Duration;

fn device(address: &str) -> String {
    format!(
        "[[device]]\nid = \"P-1\"\nroom = \"A\"\nprotocol = \"ping\"\naddress = \"{address}\"\nevery = 2\ncount = 4\n"
    )
}

/// Runs a test of this program in a network with nothing in it but this machine. False where it runs there already.
fn within(allowed: bool, test: &str) -> bool {
    // A network that is made allows nobody at first.
    let allow = if allowed { "echo 0 0 > /proc/sys/net/ipv4/ping_group_range" } else { "" };
    testkit::within(test, &["--net"], &format!("ip link set lo up\n{allow}"), Duration::from_secs(60))
}

#[test]
fn a_host_that_answers_has_delay_loss_and_jitter() {
    if within(true, "ping::a_host_that_answers_has_delay_loss_and_jitter") {
        return;
    }
    let room = Room::new();
    for address in ["127.0.0.1", "::1"] {
        let readings = room.read(&device(address)).unwrap();
        let value = |quantity: &str| {
            let reading = readings.iter().find(|reading| reading.quantity == quantity).unwrap();
            match reading.figure {
                Figure::Value(value) => value,
                Figure::Bad(_) => panic!("{reading:?}"),
            }
        };
        assert_eq!((value("up"), value("loss")), (1.0, 0.0), "{address}");
        assert!(value("delay") > 0.0 && value("jitter") >= 0.0, "{address}");
    }
    // There is no way to this one.
    let readings = room.read(&device("192.0.2.1")).unwrap();
    let of = |quantity: &str| readings.iter().find(|reading| reading.quantity == quantity);
    assert_eq!(of("up").unwrap().figure, Figure::Value(0.0));
    assert_eq!(of("loss").unwrap().figure, Figure::Value(100.0));
    assert!(of("up").unwrap().why.is_some() && of("delay").is_none());
}

#[test]
fn where_pings_are_not_allowed_nothing_is_known() {
    if within(false, "ping::where_pings_are_not_allowed_nothing_is_known") {
        return;
    }
    let why = Room::new().read(&device("127.0.0.1")).unwrap_err();
    assert!(why.contains("ping_group_range"), "{why}");
}
