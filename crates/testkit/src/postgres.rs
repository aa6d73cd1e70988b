//! A real PostgreSQL for tests: one cluster for a test binary, one database for a test.
//!
//! The server lies in a temporary folder and listens on a socket there and nowhere else. It belongs to a small keeper, a
//! shell that reads words from the test: when the test ends, however it ends, its words end, and the keeper stops the
//! server and takes the folder away. Run as root, keeper and server are an unprivileged user's.
//! Where no PostgreSQL is installed, tests of it fail in continuous integration (`CI` is set) and say loudly elsewhere
//! that they were passed over.

use crate::{Program, Running, TemporaryFolder};
use anyhow::{Context as _, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use store::Sql;

/// A cluster.
pub struct Postgres {
    folder: PathBuf,
    keeper: Mutex<Option<Running>>,
    databases: AtomicU32,
}

/// Starting takes a second or two, on a busy machine longer.
const LIMIT: Duration = Duration::from_secs(120);
/// Where Debian puts the programs of each version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// Whose server it is, when root runs the tests.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
/// What every cluster is started with: nothing of it has to survive, and little of it to lie on the disk.
const SETTINGS: &str = "listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 200
min_wal_size = 32MB
max_wal_size = 128MB
";

impl Postgres {
    /// The cluster of this test binary, started when it is first asked for; none where PostgreSQL is not installed.
    ///
    /// # Panics
    /// It does not start; or it is not installed, in continuous integration.
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(|| Self::own("")).as_ref()
    }

    /// A cluster of its own, with these lines in its configuration beside those of every cluster.
    ///
    /// # Panics
    /// As [`Self::shared`].
    #[must_use]
    #[expect(
        clippy::panic,
        clippy::print_stderr,
        reason = "a test without its server fails, or says so loudly"
    )]
    pub fn own(settings: &str) -> Option<Self> {
        let Some(programs) = installed() else {
            let told = "PostgreSQL is not installed: apt-get install postgresql";
            assert!(std::env::var_os("CI").is_none(), "{told}");
            eprintln!("\n*** PASSED OVER, NOT TESTED: {told} ***\n");
            return None;
        };
        match Self::start_in(&programs, settings) {
            Ok(cluster) => Some(cluster),
            Err(error) => panic!("PostgreSQL does not start: {error:#}"),
        }
    }

    fn start_in(programs: &Path, settings: &str) -> Result<Self> {
        // The keeper takes the folder away; it is its user's.
        let folder = TemporaryFolder::new().into_path();
        let mut command: Vec<String> = Vec::new();
        if let Some((user, group)) = unprivileged()? {
            std::os::unix::fs::chown(&folder, Some(user), Some(group))?;
            command = vec![
                "setpriv".to_owned(),
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ];
        }
        command.extend(["/bin/sh".to_owned(), "-c".to_owned(), KEEPER.to_owned(), "keeper".to_owned()]);
        // In a session of its own, so that what ends the test does not end the keeper before it has cleaned up.
        let keeper = Program::new("/usr/bin/setsid", "/")
            .with(command)
            .with([programs, folder.as_path()])
            .with([format!("unix_socket_directories = '{}'\n{SETTINGS}{settings}", folder.display())])
            .start()
            .context("setsid")?;
        let cluster = Self { folder, keeper: Mutex::new(Some(keeper)), databases: AtomicU32::new(0) };
        cluster.answered("start")?;
        Ok(cluster)
    }

    /// The URL of a new and empty database.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn database(&self) -> Result<String> {
        self.database_with("LOCALE 'C' ENCODING 'UTF8'")
    }

    /// The URL of a new and empty database made with these words, for example `LOCALE 'C' ENCODING 'UTF8'`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn database_with(&self, words: &str) -> Result<String> {
        let name = format!("ward_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut sql = Sql::postgres(&self.url("postgres"), "public")?;
        sql.script(&format!("CREATE DATABASE {name} TEMPLATE template0 {words}"))?;
        Ok(self.url(&name))
    }

    /// The URL of a database, for the account that may do everything.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as(database, "ward")
    }

    /// The URL of a database, for an account.
    #[must_use]
    pub fn url_as(&self, database: &str, account: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{account}@{folder}/{database}")
    }

    /// Where the server keeps its files, for tests that look into them.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Stops the server, as an administrator does: clients are cut off.
    ///
    /// # Errors
    /// It does not stop.
    pub fn stop(&self) -> Result<()> {
        self.say("stop")
    }

    /// Stops the server as a crash does.
    ///
    /// # Errors
    /// It does not stop.
    pub fn crash(&self) -> Result<()> {
        self.say("crash")
    }

    /// Starts the server again.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(&self) -> Result<()> {
        self.say("start")
    }

    fn say(&self, word: &str) -> Result<()> {
        {
            let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            keeper.as_mut().context("the keeper has ended")?.write(&format!("{word}\n"))?;
        }
        self.answered(word)
    }

    fn answered(&self, word: &str) -> Result<()> {
        let mut held = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let keeper = held.as_ref().context("the keeper has ended")?;
        let mut said = Vec::new();
        while let Some(line) = keeper.line(LIMIT)? {
            if line == format!("done {word}") {
                return Ok(());
            }
            said.push(line);
        }
        let ended = held.take().map(|keeper| keeper.finish(LIMIT)).transpose()?;
        let errors = ended.map(|ended| ended.errors).unwrap_or_default();
        bail!("{word}: {}{errors}", said.join("\n"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        // With nothing more to read it stops the server and cleans up; a test that fails meanwhile has its own reason.
        if let Some(keeper) = keeper {
            let _ = keeper.finish(LIMIT);
        }
    }
}

/// Keeps a server as long as somebody speaks to it. $1 programs, $2 folder, $3 configuration.
const KEEPER: &str = r#"
trap '' INT TERM HUP
programs=$1 folder=$2
cd "$folder" || exit 1
start() { "$programs/pg_ctl" --pgdata data --wait --timeout 110 --log log --silent start >/dev/null </dev/null || { cat log; return 1; }; }
stop() { "$programs/pg_ctl" --pgdata data --wait --mode "$1" --silent stop >/dev/null </dev/null; }
end() { stop immediate 2>/dev/null; cd /; rm -rf "$folder"; exit "$1"; }
"$programs/initdb" --pgdata data --username ward --auth trust --no-locale --encoding UTF8 --no-sync >made 2>&1 || { cat made; end 1; }
printf '%s\n' "$3" >>data/postgresql.conf
start || end 1
echo done start
while read -r word; do
  case $word in
    start) start ;;
    stop) stop fast ;;
    crash) stop immediate ;;
  esac || end 1
  echo "done $word"
done
end 0
"#;

/// The newest version's programs.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir(INSTALLED).ok()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let found = versions.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| number(path).is_some());
    let newest = found.max_by_key(number)?.join("bin");
    newest.join("initdb").exists().then_some(newest)
}

/// User and group to become; none where the tests are not run by root. The server refuses to be root's.
fn unprivileged() -> Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt as _;
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let find = |name: &&str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    let found = UNPRIVILEGED.iter().find_map(find);
    found.map(Some).ok_or_else(|| anyhow!("no user to run PostgreSQL as"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Value;

    #[test]
    fn a_database_is_empty_in_utf_8_and_reached_by_its_socket_alone() {
        let Some(cluster) = Postgres::shared() else { return };
        let mut sql = Sql::postgres(&cluster.database().unwrap(), "public").unwrap();
        let mut ask = |text: &str| sql.row(text, &[]).unwrap().unwrap().0.remove(0);
        assert_eq!(ask("SHOW server_encoding"), Value::from("UTF8"));
        assert_eq!(ask("SHOW listen_addresses"), Value::from(""));
        assert_eq!(
            ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"),
            Value::Int(0)
        );
    }

    #[test]
    fn a_cluster_goes_with_its_owner_and_comes_back_after_a_crash() {
        let Some(cluster) = Postgres::own("work_mem = '8MB'") else { return };
        let url = cluster.database().unwrap();
        let mut sql = Sql::postgres(&url, "public").unwrap();
        sql.script("CREATE TABLE one (a BIGINT); SET synchronous_commit TO on; INSERT INTO one VALUES (7)")
            .unwrap();
        // What is not waited for may go with a crash.
        sql.script("SET synchronous_commit TO off; INSERT INTO one VALUES (8)").unwrap();
        cluster.crash().unwrap();
        assert!(Sql::postgres(&url, "public").is_err());
        cluster.start().unwrap();
        assert!(!sql.is_alive());
        let mut sql = Sql::postgres(&url, "public").unwrap();
        assert_eq!(sql.row("SHOW work_mem", &[]).unwrap().unwrap().text(0), Some("8MB"));
        assert_eq!(sql.row("SELECT a FROM one ORDER BY a", &[]).unwrap().unwrap().int(0), Some(7));
        let files = cluster.files();
        assert!(files.join("PG_VERSION").exists());
        drop(cluster);
        assert!(!files.exists());
        assert!(!sql.is_alive());
    }
}
