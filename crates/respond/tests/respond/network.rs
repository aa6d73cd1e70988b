//! A network of three: `inside` 10.1.0.2, `outside` 10.2.0.2 and 10.2.0.3, and between them, where the test runs, a router.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;
use testkit::NETWORK;

pub(crate) const INSIDE: &str = "10.1.0.2";
pub(crate) const OUTSIDE: &str = "10.2.0.2";
pub(crate) const OTHER: &str = "10.2.0.3";
/// How long it is waited for what has to come.
const LONG: Duration = Duration::from_secs(60);

/// What a site has of its own: it lets in, and knows connections.
const SITE: &str = "\
nft add table inet probe || { echo 'the kernel has no nf_tables' >&2; exit 9; }
nft delete table inet probe
nft add table inet site
nft add chain inet site forward '{ type filter hook forward priority 0; policy accept; }'
nft add rule inet site forward ct state established,related counter accept";

/// Runs this test within the network. False where it runs there already.
pub(crate) fn within(test: &str) -> bool {
    let namespaces = ["--net", "--mount", "--pid", "--fork", "--mount-proc"];
    testkit::within(test, &namespaces, &format!("{NETWORK}{SITE}"), Duration::from_secs(240))
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
