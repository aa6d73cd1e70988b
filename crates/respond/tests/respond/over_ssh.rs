//! The driver of other firewalls, by a real sshd on this machine that runs as whoever runs the test.
//!
//! The far side is a program that keeps who is denied in a file; it is run by sshd through a shell, as firewalls do.

use crate::{Machine, act, deny, hosts, observe, order};
use ledger::disk::Folder;
use respond::{Enforcer, Opening, Ordered, Settings, What};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Program, Running, TemporaryFolder};

const SSHD: &str = "/usr/sbin/sshd";
const LIMIT: Duration = Duration::from_secs(30);

/// A firewall of a few lines: `fw block|unblock|cut ADDRESS`, `fw close|open`, `fw show`.
const FIREWALL: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >> told
touch denied
case "$1" in
  block) [ "$2" = 198.51.100.66 ] && { echo 'table full' >&2; exit 3; }; grep -qxF "$2" denied || echo "$2" >> denied ;;
  unblock) grep -vxF "$2" denied > left; mv left denied ;;
  show) cat denied ;;
  cut|close|open) ;;
  *) exit 2 ;;
esac
"#;

#[expect(clippy::disallowed_methods, reason = "files that another program reads, in a folder of a test")]
fn write(path: &Path, content: &str, mode: u32) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

struct Far {
    folder: TemporaryFolder,
    _sshd: Running,
    port: u16,
}

impl Far {
    fn new() -> Self {
        let folder = TemporaryFolder::new();
        let at = |name: &str| folder.path().join(name);
        for key in ["host", "client"] {
            let made = Program::new("/usr/bin/ssh-keygen", folder.path())
                .with(["-q", "-t", "ed25519", "-N", "", "-f", key])
                .run("", LIMIT)
                .unwrap();
            assert!(made.status.success(), "{}", made.errors);
        }
        write(&at("fw"), FIREWALL, 0o755);
        let public = |name: &str| std::fs::read_to_string(at(name)).unwrap();
        write(&at("authorized"), &public("client.pub"), 0o600);
        // Let go at once before it is taken again; nobody else asks for ports here.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n",
            at("host").display(),
            at("authorized").display()
        );
        write(&at("sshd_config"), &config, 0o600);
        write(&at("known"), &format!("[127.0.0.1]:{port} {}", public("host.pub")), 0o600);
        let config = at("sshd_config");
        // Run by root it asks for a folder in /run, which it gets in a namespace of its own.
        let script = "mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec \"$0\" \"$@\"";
        let own = Program::new("/usr/bin/unshare", "/").with(["--mount", "/bin/sh", "-c", script, SSHD]);
        let sshd = if rustix::process::geteuid().is_root() { own } else { Program::new(SSHD, "/") };
        assert!(Path::new(SSHD).exists(), "install openssh-server");
        let sshd = sshd
            .with(["-D", "-e", "-f", config.to_str().unwrap()])
            .with_variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .start()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            // It ends at once if its settings do not please it.
            assert!(Path::new(&format!("/proc/{}/fd/2", sshd.id())).exists(), "sshd has ended");
        }
        Self { folder, _sshd: sshd, port }
    }

    fn enforcer(&self, more: &str) -> Enforcer {
        let folder = self.folder.path();
        let user = Program::new("/usr/bin/id", "/").with(["-un"]).run("", LIMIT).unwrap().output.concat();
        let fw = folder.join("fw").display().to_string();
        let settings = format!(
            "name = \"far\"\nfolder = \".\"\nallow = [\"10.1.0.0/16\"]\n[ssh]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{user}\"\n\
             key = \"client\"\nknown_hosts = \"known\"\ndeny = [\"{fw}\", \"block\", \"{{target}}\"]\n\
             undo_deny = [\"{fw}\", \"unblock\", \"{{target}}\"]\ncut = [\"{fw}\", \"cut\", \"{{target}}\"]\n\
             show = [\"{fw}\", \"show\"]\n{more}",
            self.port
        )
        .replace("FW", &fw);
        let settings = Settings::read("enforce.toml", settings.as_bytes(), folder).unwrap();
        Enforcer::open(Opening {
            name: settings.name.clone(),
            driver: settings.driver(),
            rig: settings.rig.clone(),
            disk: Arc::new(Folder::new(folder)),
            clock: Arc::new(Machine),
            dry: false,
        })
        .unwrap()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let content = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        content.lines().map(ToOwned::to_owned).collect()
    }
}

#[test]
fn another_firewall_denies_and_undoes_by_its_own_commands() {
    let far = Far::new();
    let closing = "lock_down = [\"FW\", \"close\"]\nundo_lock_down = [\"FW\", \"open\"]\n";
    let mut enforcer = far.enforcer(closing);
    let mut order_of = |id, case, ordered| enforcer.order(&order(id, case, ordered));
    let denied = order_of(1, "a", Ordered::Act(act(deny("192.0.2.1")))).unwrap();
    let effect = denied.effect.clone().unwrap();
    assert!(denied.done && effect.seen == Some(true), "{denied:?}");
    // What the far side does not tell is absent.
    assert_eq!((effect.flows, effect.packets), (None, None));
    assert!(order_of(2, "b", Ordered::Act(act(deny("2001:db8::/48")))).unwrap().done);
    assert_eq!(far.lines("denied"), ["192.0.2.1", "2001:db8::/48"]);
    assert!(far.lines("told").contains(&"cut 192.0.2.1".to_owned()));
    // The firewall refuses: nothing has changed, and it is to be tried again.
    let failed = order_of(3, "c", Ordered::Act(act(deny("198.51.100.66")))).unwrap_err();
    assert!(failed.en.contains("table full"), "{failed}");
    assert_eq!(far.lines("denied"), ["192.0.2.1", "2001:db8::/48"]);
    // What it has no command for is refused, and whoever is on the list is left alone.
    let watched = order_of(4, "d", Ordered::Act(act(observe("192.0.2.2", "10.1.0.3", 22)))).unwrap();
    assert!(!watched.done && watched.said.en.contains("no command to observe"), "{watched:?}");
    assert!(!order_of(5, "e", Ordered::Act(act(deny("10.1.2.3")))).unwrap().done);
    assert!(order_of(6, "f", Ordered::Act(act(What::LockDown))).unwrap().done);
    assert!(order_of(7, "f", Ordered::Undo).unwrap().done);
    let told = far.lines("told");
    assert!(told.contains(&"close".to_owned()) && told.contains(&"open".to_owned()), "{told:?}");
    let undone = order_of(8, "a", Ordered::Undo).unwrap();
    assert!(undone.done && undone.effect.unwrap().seen == Some(true));
    assert_eq!(far.lines("denied"), ["2001:db8::/48"]);
}

#[test]
fn what_somebody_undid_there_stands_again_when_the_enforcer_begins() {
    let far = Far::new();
    assert!(far.enforcer("").order(&order(1, "a", Ordered::Act(act(deny("192.0.2.1"))))).unwrap().done);
    write(&far.folder.path().join("denied"), "203.0.113.9\n", 0o644);
    let mut enforcer = far.enforcer("");
    assert_eq!(far.lines("denied"), ["192.0.2.1"]);
    let standing = enforcer.standing();
    assert_eq!(standing.acts.first().unwrap().0.act.what.target(), Some(hosts("192.0.2.1")));
    assert_eq!(enforcer.events(0).1.len(), 1);
}
