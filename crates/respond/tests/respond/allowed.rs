//! Whom nothing is done to.

use crate::{act, deny, hosts};
use proptest::prelude::*;
use respond::{Allow, Hosts, NotAllowed, What};
use std::net::{IpAddr, Ipv4Addr};

#[test]
fn each_reason_is_told_with_what_it_is_about() {
    let allow = Allow::new([hosts("10.1.0.0/28")], ["10.9.9.9".parse().unwrap()]);
    let judge = |target: &str| allow.judge(&act(deny(target)));
    assert_eq!(judge("192.0.2.1"), Ok(()));
    for inside in ["10.1.0.3", "10.1.0.0/28", "10.1.0.0/16", "10.0.0.0/8"] {
        assert_eq!(judge(inside), Err(NotAllowed::Listed(hosts("10.1.0.0/28"))));
    }
    assert_eq!(judge("10.9.9.9"), Err(NotAllowed::Own(hosts("10.9.9.9"))));
    assert_eq!(judge("::ffff:10.9.9.9"), Err(NotAllowed::Own(hosts("10.9.9.9"))));
    assert_eq!(judge("0.0.0.0/0"), Err(NotAllowed::Wide(hosts("0.0.0.0/0"))));
    assert_eq!(judge("::/0"), Err(NotAllowed::Wide(hosts("::/0"))));
    for nobodys in
        ["127.0.0.1", "0.0.0.0", "224.0.0.5", "255.255.255.255", "169.254.1.1", "::1", "fe80::1", "ff02::1"]
    {
        assert!(matches!(judge(nobodys), Err(NotAllowed::Nobodys(_))), "{nobodys}");
    }
    let told = judge("10.1.0.0/16").unwrap_err().told(&deny("10.1.0.0/16"));
    assert!(told.zh.contains("10.1.0.0/16") && told.zh.contains("10.1.0.0/28"), "{told}");
    // Measures against everybody name nobody; what they leave open is in the rules.
    assert_eq!(allow.judge(&act(What::LockDown)), Ok(()));
}

fn any_hosts() -> impl Strategy<Value = Hosts> {
    prop_oneof![
        (any::<u32>(), 0_u8..=32).prop_map(|(bits, prefix)| Hosts::new(
            Ipv4Addr::from_bits(bits).into(),
            prefix
        )
        .unwrap()),
        (any::<u128>(), 0_u8..=128).prop_map(|(bits, prefix)| {
            Hosts::new(std::net::Ipv6Addr::from_bits(bits).into(), prefix).unwrap()
        }),
        // Near each other, so that they meet.
        (0_u32..256, 20_u8..=32).prop_map(|(low, prefix)| {
            Hosts::new(Ipv4Addr::from_bits(0x0a01_0000 | low).into(), prefix).unwrap()
        }),
    ]
}

/// An address of these hosts.
fn one_of(hosts: Hosts, bits: u128) -> Hosts {
    match hosts.address() {
        IpAddr::V4(first) => {
            let free = u32::MAX.checked_shr(hosts.prefix().into()).unwrap_or(0);
            let low = u32::try_from(bits & u128::from(free)).unwrap();
            IpAddr::V4(Ipv4Addr::from_bits(first.to_bits() | low)).into()
        }
        IpAddr::V6(first) => {
            let free = u128::MAX.checked_shr(hosts.prefix().into()).unwrap_or(0);
            IpAddr::V6(std::net::Ipv6Addr::from_bits(first.to_bits() | (bits & free))).into()
        }
    }
}

proptest! {
    /// Whatever is allowed names no address of the list and none of the firewall's own.
    #[test]
    fn no_act_that_is_allowed_touches_the_list(
        listed in proptest::collection::vec(any_hosts(), 0..6),
        own in proptest::collection::vec(any::<u32>(), 0..4),
        target in any_hosts(),
        bits in any::<u128>(),
    ) {
        let own: Vec<IpAddr> = own.into_iter().map(|bits| Ipv4Addr::from_bits(bits).into()).collect();
        let allow = Allow::new(listed.clone(), own.clone());
        for what in [What::Deny { target }, What::Cut { target }, What::Isolate { target }] {
            if allow.judge(&act(what)).is_ok() {
                for listed in &listed {
                    prop_assert!(!target.covers(one_of(*listed, bits)) && !listed.covers(one_of(target, bits)));
                }
                for own in &own {
                    prop_assert!(!target.covers(Hosts::from(*own)));
                }
            }
        }
    }

    /// An address lies in a network just if its first bits are the network's.
    #[test]
    fn hosts_cover_their_own_addresses(hosts in any_hosts(), bits in any::<u128>()) {
        prop_assert!(hosts.covers(one_of(hosts, bits)));
        prop_assert_eq!(hosts.to_string().parse::<Hosts>().unwrap(), hosts);
    }
}
