//! Programs in namespaces of their own: networks that belong to nobody else, where a test may do as root what it likes.

use crate::process::{Ended, Program};
use std::time::Duration;

/// Set where a program runs within.
const WITHIN: &str = "WARD_WITHIN";

/// A network of three, as lines of a shell: `inside` 10.1.0.2, `outside` 10.2.0.2 and 10.2.0.3 (and the same of IPv6, in
/// 2001:db8:1:: and 2001:db8:2::), and between them, where the program runs, a router. It asks for a network, mounts and
/// processes of its own.
pub const NETWORK: &str = "\
mount -t tmpfs none /run
ip link set lo up
for n in inside outside; do
  ip netns add $n
  ip link add $n type veth peer name eth0 netns $n
  ip link set $n up
  ip -n $n link set lo up
  ip -n $n link set eth0 up
done
ip address add 10.1.0.1/24 dev inside
ip address add 10.2.0.1/24 dev outside
ip -6 address add 2001:db8:1::1/64 dev inside nodad
ip -6 address add 2001:db8:2::1/64 dev outside nodad
ip -n inside address add 10.1.0.2/24 dev eth0
ip -n outside address add 10.2.0.2/24 dev eth0
ip -n outside address add 10.2.0.3/24 dev eth0
ip -n inside -6 address add 2001:db8:1::2/64 dev eth0 nodad
ip -n outside -6 address add 2001:db8:2::2/64 dev eth0 nodad
ip -n inside route add default via 10.1.0.1
ip -n outside route add default via 10.2.0.1
ip -n inside -6 route add default via 2001:db8:1::1
ip -n outside -6 route add default via 2001:db8:2::1
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
";

/// Runs this test again in namespaces of its own (words of `unshare`), once lines of a shell have set them up. False where
/// it runs there already, and goes on.
///
/// # Panics
/// It failed there, or there are no such namespaces.
#[must_use]
pub fn within(test: &str, namespaces: &[&str], setup: &str, limit: Duration) -> bool {
    let Some(ended) = again(namespaces, setup, &["--exact", test, "--nocapture"], limit) else {
        return false;
    };
    assert!(ended.status.success(), "{}\n{}", ended.output.join("\n"), ended.errors);
    assert!(ended.output.iter().any(|line| line.contains("1 passed")), "{:?}", ended.output);
    true
}

/// The same of any program, with what it is given; none where it runs there already.
///
/// # Panics
/// It cannot be started.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without its network cannot go on")]
pub fn again(namespaces: &[&str], setup: &str, arguments: &[&str], limit: Duration) -> Option<Ended> {
    if std::env::var_os(WITHIN).is_some() {
        return None;
    }
    let program = std::env::current_exe().expect("a program has a place");
    let script = format!("set -eu\n{setup}\nexec \"$0\" \"$@\"");
    let ended = Program::new("/usr/bin/unshare", "/")
        .with(["--map-root-user"])
        .with(namespaces)
        .with(["/bin/sh", "-c", &script, program.to_str().expect("its place is text")])
        .with(arguments)
        .with_variable(WITHIN, "1")
        .with_variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .run("", limit);
    Some(ended.expect("unshare is installed"))
}
