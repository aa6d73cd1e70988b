//! What receivers are called, and from where a line is that has no sender: by whom it was received.

use model::Told;
use telemetry::source::is_apart;

/// Receivers: name, what it is called, and what is said of a line of it that nobody sent over the network.
const KNOWN: [(&str, [&str; 2], [&str; 2]); 10] = [
    ("syslog-udp", ["Syslog（UDP）", "Syslog over UDP"], OWN),
    ("syslog-tcp", ["Syslog（TCP）", "Syslog over TCP"], OWN),
    ("syslog-tls", ["Syslog（TLS 加密）", "Syslog over TLS"], OWN),
    ("syslog-relp", ["Syslog（RELP，逐筆確認）", "Syslog over RELP, each line acknowledged"], OWN),
    ("http", ["應用程式介面", "API"], ["由應用程式介面送入", "handed in by API"]),
    ("import", ["檔案匯入", "Imported files"], ["由檔案匯入", "imported from a file"]),
    ("files", ["追蹤之檔案", "Followed files"], ["追蹤之檔案", "a followed file"]),
    ("journald", ["systemd 日誌", "Journal of systemd"], ["systemd 日誌", "journal of systemd"]),
    ("flows", ["網路流量（NetFlow、IPFIX）", "Flows (NetFlow, IPFIX)"], OWN),
    ("flows-raw", ["網路流量原始資料包", "Datagrams of flows, as they came"], OWN),
];

/// What Ward itself wrote among the lines: what did not come in.
const OWN: [&str; 2] = ["本系統", "Ward itself"];
/// What Ward reads of devices that do not send.
const SENSORS: (&str, [&str; 2]) = ("sensors", ["環境及設備讀值", "Readings of sensors"]);

/// What a receiver is called; none where it is none of those that an installation has.
pub(crate) fn receiver(name: &str) -> Option<Told> {
    let (plain, apart) = match name.strip_suffix("-unknown") {
        Some(plain) if is_apart(name) => (plain, true),
        _ => (name, false),
    };
    let known = KNOWN.iter().map(|(name, called, _)| (name, called));
    let [zh, en] = known.chain([(&SENSORS.0, &SENSORS.1)]).find(|(name, _)| **name == plain)?.1;
    Some(if apart {
        Told::new(format!("{zh}，未登錄來源"), format!("{en}, unknown sources"))
    } else {
        Told::new(*zh, *en)
    })
}

/// From where a line is that has no sender, by the receiver that has it.
#[must_use]
pub fn unsent(receiver: &str) -> Told {
    let known = KNOWN.iter().map(|(name, _, unsent)| (name, unsent));
    let known = known.chain([(&SENSORS.0, &SENSORS.1)]).find(|(name, _)| **name == receiver);
    let [zh, en] = known.map_or(&OWN, |(_, words)| words);
    Told::new(*zh, *en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::source::apart;

    #[test]
    fn each_receiver_has_a_name_of_its_own() {
        let names = KNOWN.iter().map(|(name, ..)| *name).chain([SENSORS.0]);
        let all: Vec<String> = names.flat_map(|name| [name.to_owned(), apart(name)]).collect();
        let mut called: Vec<Told> = all.iter().map(|name| receiver(name).unwrap()).collect();
        called.dedup();
        assert_eq!(called.len(), all.len());
        assert_eq!(receiver("else"), None);
    }

    #[test]
    fn only_what_was_read_from_a_file_is_said_to_be() {
        let of_files: Vec<&str> = KNOWN
            .iter()
            .map(|(name, ..)| *name)
            .chain([SENSORS.0, "else"])
            .filter(|name| unsent(name).zh.contains("檔案"))
            .collect();
        assert_eq!(of_files, ["import", "files"]);
        assert_eq!(unsent("journald"), Told::new("systemd 日誌", "journal of systemd"));
        assert_eq!(unsent("syslog-udp"), Told::new(OWN[0], OWN[1]));
    }
}
