//! A network of three: `inside` 10.1.0.2, `outside` 10.2.0.2 and 10.2.0.3, and between them, where the test runs, a router.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;
use testkit::Program;

pub(crate) const INSIDE: &str = "10.1.0.2";
pub(crate) const OUTSIDE: &str = "10.2.0.2";
pub(crate) const OTHER: &str = "10.2.0.3";
/// How long it is waited for what has to come.
const LONG: Duration = Duration::from_secs(60);

/// Set where a test runs within the network.
const WITHIN: &str = "WARD_RESPOND_WITHIN";

const SETUP: &str = "set -eu
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
nft add table inet probe || { echo 'the kernel has no nf_tables' >&2; exit 9; }
nft delete table inet probe
# What a site has of its own: it lets in, and knows connections.
nft add table inet site
nft add chain inet site forward '{ type filter hook forward priority 0; policy accept; }'
nft add rule inet site forward ct state established,related counter accept
exec \"$0\" --exact \"$1\" --nocapture";

/// Runs this test within a network of its own. False where it runs there already.
pub(crate) fn within(test: &str) -> bool {
    if std::env::var_os(WITHIN).is_some() {
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let ended = Program::new("/usr/bin/unshare", "/")
        .with([
            "--map-root-user",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "/bin/sh",
            "-c",
            SETUP,
        ])
        .with([program.to_str().unwrap(), test])
        .with_variable(WITHIN, "1")
        .with_variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .run("", Duration::from_secs(240))
        .unwrap();
    assert!(ended.status.success(), "{}\n{}", ended.output.join("\n"), ended.errors);
    assert!(ended.output.iter().any(|line| line.contains("1 passed")), "{:?}", ended.output);
    true
}

/// Does something in the network of this name.
pub(crate) fn at<T: Send>(network: &str, work: impl FnOnce() -> T + Send) -> T {
    let path = format!("/run/netns/{network}");
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            let file = std::fs::File::open(path).unwrap();
            let kind = rustix::thread::LinkNameSpaceType::Network;
            rustix::thread::move_into_link_name_space(file.as_fd(), Some(kind)).unwrap();
            work()
        });
        there.join().unwrap()
    })
}

/// A listener inside.
pub(crate) fn listener(address: &str) -> TcpListener {
    at("inside", || TcpListener::bind((address.parse::<IpAddr>().unwrap(), 0)).unwrap())
}

/// Somebody outside tries to connect, from this address.
pub(crate) fn connect(from: &str, to: SocketAddr, limit: Duration) -> std::io::Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketType, bind, socket};
    at("outside", || {
        // What the standard library connects has no address of its own choice.
        let family = if to.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
        let socket = socket(family, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddr::new(from.parse().unwrap(), 0))?;
        rustix::net::sockopt::set_socket_timeout(&socket, rustix::net::sockopt::Timeout::Send, Some(limit))?;
        rustix::net::connect(&socket, &to)?;
        rustix::net::sockopt::set_socket_timeout(&socket, rustix::net::sockopt::Timeout::Send, None)?;
        Ok(TcpStream::from(socket))
    })
}

/// A connection from outside to inside.
pub(crate) struct Flow {
    pub(crate) outside: TcpStream,
    pub(crate) inside: TcpStream,
}

impl Flow {
    pub(crate) fn new(from: &str, to: &TcpListener) -> Self {
        let outside = connect(from, to.local_addr().unwrap(), LONG).unwrap();
        let (inside, _) = to.accept().unwrap();
        for side in [&outside, &inside] {
            side.set_read_timeout(Some(LONG)).unwrap();
            side.set_nodelay(true).unwrap();
        }
        Self { outside, inside }
    }

    /// Both sides send a byte, and both arrive; waits until they do.
    pub(crate) fn passes(&mut self, byte: u8) {
        self.outside.write_all(&[byte]).unwrap();
        self.arrives(byte);
        self.inside.write_all(&[byte]).unwrap();
        let mut got = [0];
        self.outside.read_exact(&mut got).unwrap();
        assert_eq!(got, [byte]);
    }

    /// What was sent arrives inside; waits until it does.
    pub(crate) fn arrives(&mut self, byte: u8) {
        let mut got = [0];
        self.inside.read_exact(&mut got).unwrap();
        assert_eq!(got, [byte]);
    }

    /// Nothing has arrived inside.
    pub(crate) fn is_still(&mut self) -> bool {
        self.inside.set_nonblocking(true).unwrap();
        let read = self.inside.read(&mut [0]);
        self.inside.set_nonblocking(false).unwrap();
        matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}
