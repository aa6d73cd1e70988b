//! Whatever datagrams exporters send, the same ones give the same lines, each of which is one of ours.
#![no_main]
libfuzzer_sys::fuzz_target!(|datagrams: Vec<Vec<u8>>| {
    let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 2_055));
    let (mut one, mut other) = (lines::flow::Decoder::default(), lines::flow::Decoder::default());
    for datagram in &datagrams {
        let read = one.read(peer, datagram);
        assert_eq!(read, other.read(peer, datagram));
        for line in &read.lines {
            serde_json::from_slice::<serde_json::Value>(line).unwrap();
        }
    }
});
