//! The desk: the one way in which anything changes. Many callers, one clerk.
//!
//! Owns: the clerk's thread, its queue, the catching-up at the start; what readers read by.
//! Guarantee: what was answered with [`Done`] is durable in the ledger and committed in the tables.
//! Does not: know a form by name, speak HTTP, read a clock of its own.

use crate::assess::Board;
use crate::batch::MOST_TOGETHER;
use crate::clerk::{Clerk, Work};
use crate::files::{self, Files, Keeping};
use crate::keys::{SharedEntropy, Vaulted};
use crate::order::{Asker, Done, Order, Refused};
use crate::packs::{MakeSections, read};
use crate::seen::{Figures, Seen, Shown};
use crate::sweep::Sweeping;
use crate::tick::Ticked;
use attachment::Shelf;
use casework::ContentHash;
use ledger::Ledger;
use ledger::entropy::Entropy;
use ledger::reader::Reader;
use ledger::vault::{KeyState, Vault};
use model::{Clock, DataKeyId, Instant, Person, PersonId, RecordId, Told};
use proof::entry::Entry;
use proof::seal::DataKey;
use regulation::RegisterId;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{Place, Pool, Projection, Recorded, Said, Sources, Sql, StoreError, Stored};

/// What a desk is made of.
pub struct Parts {
    /// The ledger, open to append.
    pub ledger: Ledger,
    /// The vault of data keys.
    pub vault: Vault,
    /// Stored files.
    pub shelf: Shelf,
    /// Where the tables are.
    pub place: Place,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness: for the clerk, for the stock of keys, for files.
    pub entropy: [Box<dyn Entropy>; 3],
    /// Sections of the engines at hand.
    pub sections: MakeSections,
}

/// What opening found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Entries the tables had not seen yet.
    pub replayed: u64,
    /// The tables were of another version and were made anew.
    pub rebuilt: bool,
}

/// The desk. Clones are the same one.
#[derive(Clone)]
pub struct Desk {
    jobs: Sender<Job>,
    pub(crate) shown: Arc<Shown>,
    pub(crate) pool: Arc<Pool>,
    files: Files,
    vault: Arc<Vaulted>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) board: Arc<Board>,
    entropy: SharedEntropy,
    origin: Arc<str>,
    reader: Reader,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// A command on its way to being answered.
#[must_use = "a command is done only when its receipt says so"]
pub struct Receipt(oneshot::Receiver<Result<Done, Refused>>);

enum Job {
    Work(Box<Work>),
    /// Something done between two batches.
    Between(Box<dyn FnOnce(&mut Clerk) + Send>),
    Close,
}

/// Entries replayed at a time.
const CHUNK: u64 = 4_096;

impl Desk {
    /// Opens the desk: brings the tables up to the ledger's head, finishes what was cut off, starts the clerk.
    ///
    /// # Errors
    /// The tables cannot be had, do not follow the ledger, or are ahead of it.
    pub fn open(parts: Parts) -> Result<(Self, Opened), Refused> {
        let Parts { ledger, vault, shelf, place, clock, entropy, sections } = parts;
        let [for_clerk, for_stock, for_files] = entropy;
        let origin: Arc<str> = ledger.head().origin.clone().into();
        let reader = ledger.reader();
        let vault = Vaulted::start(vault, for_stock);
        let files = Files::new(shelf, Arc::clone(&vault));
        let (projection, rebuilt) = projection(&place, &ledger, &vault, &files, &sections)?;
        let shown = Arc::new(Shown::new());
        let mut clerk = Clerk {
            origin: ledger.head().origin.clone(),
            ledger,
            vault: Arc::clone(&vault),
            projection,
            files: files.clone(),
            last_entry: Instant::EPOCH,
            up_since: clock.now(),
            clock: Arc::clone(&clock),
            entropy: for_clerk,
            sections,
            shown: Arc::clone(&shown),
            policies: None,
            duties_seen: None,
            moving: Some(0),
            destroying: false,
            sweeping: Sweeping::default(),
            turns_behind: false,
            stopped: None,
        };
        let replayed = clerk.catch_up()?;
        clerk.up_since = clerk.now();
        clerk.take_up_destructions()?;
        files.sweep();
        clerk.show(true);
        let (jobs, queue) = channel();
        let thread = std::thread::spawn(move || serve(clerk, &queue));
        let desk = Self {
            jobs,
            shown,
            pool: Arc::new(Pool::new(place)),
            files,
            vault,
            clock,
            board: Arc::default(),
            entropy: SharedEntropy::new(for_files),
            origin,
            reader,
            thread: Arc::new(Mutex::new(Some(thread))),
        };
        Ok((desk, Opened { replayed, rebuilt }))
    }

    /// Hands an order in.
    pub fn submit(&self, asker: Asker, order: Order) -> Receipt {
        let (reply, receipt) = oneshot::channel();
        // A desk that has ended drops the order, and the receipt says so.
        let _ = self.jobs.send(Job::Work(Box::new(Work { asker, order, reply })));
        Receipt(receipt)
    }

    /// Hands an order in and waits until it is done.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn ask(&self, asker: Asker, order: Order) -> Result<Done, Refused> {
        self.submit(asker, order).wait()
    }

    /// What a person would have to sign for a command to be accepted; none where it takes no signature.
    ///
    /// # Errors
    /// Why the command would be refused.
    pub fn rehearse(
        &self,
        person: Person,
        command: casework::Command,
    ) -> Result<Option<casework::Asked>, Refused> {
        self.between(move |clerk| clerk.rehearse(&person, &command))?
    }

    /// Name of the ledger, as statements have it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Reads entries of the ledger, acknowledged ones included.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Random bytes that need not be secret: nonces, salts, identifiers.
    ///
    /// # Errors
    /// The source of randomness failed.
    pub fn draw<const N: usize>(&self) -> Result<[u8; N], Refused> {
        crate::keys::draw(&mut self.entropy.clone()).map_err(Refused::Failed)
    }

    /// Does all that is due by now.
    ///
    /// # Errors
    /// The tables or the vault failed.
    pub fn tick(&self) -> Result<Ticked, Refused> {
        self.between(Clerk::tick)?
    }

    /// What readers read by, as of the last commit.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.shown.seen()
    }

    /// Another number once records of a register have changed.
    pub(crate) fn revision(&self, register: &RegisterId) -> u64 {
        self.shown.revision(register)
    }

    /// What was done since the desk was opened.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shown.figures()
    }

    /// Waits until something beyond `position` is committed, or `limit` is over; gives what is reached.
    #[must_use]
    pub fn wait_beyond(&self, position: u64, limit: Duration) -> u64 {
        self.shown.wait_beyond(position, limit)
    }

    /// Reads committed tables.
    ///
    /// # Errors
    /// What `read` failed with.
    pub fn read<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&mut Sql, &Seen) -> Result<T, E>,
    ) -> Result<T, E> {
        let seen = self.seen();
        self.pool.with(|sql| read(sql, &seen))
    }

    /// A person's own data key; none where it was destroyed, or the person is not registered.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`; the vault failed.
    pub fn person_key(&self, person: PersonId) -> Result<Option<DataKey>, Refused> {
        let id = self.pool.with(|sql| sql.person_key(person))?;
        let Some(id) = id else { return Ok(None) };
        match store::Keys::key(self.vault.as_ref(), id).map_err(|error| Refused::Failed(error.told()))? {
            KeyState::Here(key) => Ok(Some(key)),
            KeyState::Destroyed => Ok(None),
            KeyState::Unknown => Err(Refused::Failed(Told::new(
                format!("金鑰庫沒有 {id}"),
                format!("The vault has no key {id}"),
            ))),
        }
    }

    /// A case as committed; sealed fields are opened.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn case(&self, record: RecordId) -> Result<Option<casework::Case>, StoreError> {
        self.pool.with(|sql| sql.case(record, self.vault.as_ref()))
    }

    /// Stores a file, to be spoken of by a later command.
    ///
    /// # Errors
    /// It is not what its name says or may not come in; or it could not be stored.
    pub fn put_file(&self, name: &str, content: &[u8], keeping: Keeping) -> Result<Stored, Told> {
        let _coming = self.files.bring();
        let mut entropy = self.entropy.clone();
        let stored = self.files.put(name, content, keeping, self.clock.now(), &mut entropy)?;
        let noted = stored.clone();
        self.state(move |sql| sql.file_stored(&noted)).map_err(|refused| refused.told())?;
        Ok(stored)
    }

    /// Stores a file that somebody hands in, while what they have handed in within a day and no record holds stays
    /// within `most` bytes.
    ///
    /// # Errors
    /// It would be more than that; else as [`Self::put_file`].
    pub fn hand_in(
        &self,
        person: PersonId,
        most: u64,
        (name, content): (&str, &[u8]),
        keeping: Keeping,
    ) -> Result<Stored, Told> {
        let since = self.clock.now().minus(files::LOOSE);
        let loose: Result<u64, StoreError> = self.pool.with(|sql| sql.loose_bytes(person, since));
        let loose = loose.map_err(|error| error.told())?;
        if loose.saturating_add(content.len() as u64) > most {
            return Err(files::too_much(most));
        }
        let stored = self.put_file(name, content, keeping)?;
        let noted = stored.clone();
        let done = self.state(move |sql| sql.file_handed_in(person, &noted, since));
        done.map_err(|refused| refused.told())?;
        Ok(stored)
    }

    /// The content of a stored file.
    ///
    /// # Errors
    /// It is not there, was changed, or was destroyed.
    pub fn file(&self, digest: &str) -> Result<Vec<u8>, Told> {
        let noted: Option<Option<DataKeyId>> =
            self.pool.with(|sql| sql.file_key(digest)).map_err(|error: StoreError| error.told())?;
        self.files.get(digest, noted)
    }

    /// Things that are to leave Ward now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn outbox(&self, most: usize) -> Result<Vec<store::Attempt>, StoreError> {
        let now = self.clock.now();
        self.pool.with(|sql| sql.outbox(now, most))
    }

    /// Notes that something could not be sent, and waits longer each time before the next try.
    ///
    /// # Errors
    /// The tables failed.
    pub fn not_sent(&self, attempt: &store::Attempt, told: &str) -> Result<(), Refused> {
        let wait = Duration::from_secs(1 << attempt.tries.min(12));
        let (entry, next, told) = (attempt.entry, self.clock.now().plus(wait), told.to_owned());
        self.state(move |sql| sql.tried(entry, next, &told))
    }

    /// The vault with its stock of keys, for whoever seals what is no record's.
    #[must_use]
    pub const fn vault(&self) -> &Arc<Vaulted> {
        &self.vault
    }

    /// Why it takes nothing any more; none while it does. Waits for its turn behind what is queued.
    #[must_use]
    pub fn stopped(&self) -> Option<Told> {
        self.between(|clerk| clerk.stopped.clone()).unwrap_or_else(|refused| Some(refused.told()))
    }

    /// Digest of all tables, for comparison with what the ledger gives.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn digest(&self) -> Result<String, StoreError> {
        self.read(|sql, seen| store::digest(sql, &seen.layout))
    }

    /// Does what is queued and ends.
    pub fn close(&self) {
        let _ = self.jobs.send(Job::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        self.vault.close();
    }

    pub(crate) fn between<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Clerk) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Between(Box::new(move |clerk| drop(reply.send(work(clerk)))));
        let _ = self.jobs.send(job);
        answer.recv().map_err(|_| ended())
    }
}

impl Receipt {
    /// Waits until it is done.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn wait(self) -> Result<Done, Refused> {
        self.0.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// The same for callers that must not block.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn answered(self) -> Result<Done, Refused> {
        self.0.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn ended() -> Refused {
    Refused::Stopped(Told::new("系統已停止受理", "Ward takes no commands any more"))
}

fn serve(mut clerk: Clerk, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let (mut waiting, mut between) = (VecDeque::new(), Vec::new());
        let mut next = Some(first);
        let mut closing = false;
        // All that waits already goes together, whatever else is asked for in between: that comes behind the batch.
        while let Some(job) = next.take() {
            match job {
                Job::Work(work) => waiting.push_back(*work),
                Job::Between(one) => between.push(one),
                Job::Close => {
                    closing = true;
                    break;
                }
            }
            if waiting.len().max(between.len()) < MOST_TOGETHER {
                next = queue.try_recv().ok();
            }
        }
        clerk.work(waiting);
        between.into_iter().for_each(|one| one(&mut clerk));
        if closing {
            // What stopped it was told to those who waited.
            let _ = clerk.ledger.close();
            return;
        }
    }
}

/// The tables, made anew where they are of another version.
fn projection(
    place: &Place,
    ledger: &Ledger,
    vault: &Arc<Vaulted>,
    files: &Files,
    sections: &MakeSections,
) -> Result<(Projection, bool), Refused> {
    let keys: Arc<dyn store::Keys> = Arc::<Vaulted>::clone(vault);
    let projection = Projection::open(place, Arc::clone(&keys))?;
    let (tables, size) = (projection.position(), ledger.head().size);
    if tables > size {
        return Err(StoreError::Ahead { tables, ledger: size }.into());
    }
    if !projection.is_of_other_version()? {
        belong(&projection, ledger)?;
        return Ok((projection, false));
    }
    drop(projection);
    let packs = |published: &[(u32, String)]| read(published, files.shelf(), sections);
    let sources = Sources { keys: Arc::clone(&keys), packs: &packs, progress: &|_| (), index: true };
    store::rebuild(place, &ledger.reader(), size, &sources)?;
    Ok((Projection::open(place, keys)?, true))
}

/// Are the tables this ledger's?
pub(crate) fn belong(projection: &Projection, ledger: &Ledger) -> Result<(), Refused> {
    let Some(entry) = projection.position().checked_sub(1) else { return Ok(()) };
    let bytes = ledger.reader().entry(entry).map_err(|error| StoreError::follows(entry, error))?;
    let hash = Entry::parse(&bytes).map_err(|error| StoreError::follows(entry, error))?.content_hash();
    if projection.last()? == Some(ContentHash(hash)) {
        Ok(())
    } else {
        Err(StoreError::Foreign { entry }.into())
    }
}

impl Clerk {
    /// Applies what the tables have not seen, through the code of every day.
    pub(crate) fn catch_up(&mut self) -> Result<u64, Refused> {
        self.load_packs()?;
        let (from, size) = (self.projection.position(), self.ledger.head().size);
        while self.projection.position() < size {
            let end = (self.projection.position() + CHUNK).min(size);
            let mut entries = self.missed(end)?;
            // A published pack lays out the tables of what comes after it.
            let publishes = entries.iter().position(is_publication);
            if let Some(at) = publishes {
                entries.truncate(at + 1);
            }
            self.projection.apply(entries)?;
            if publishes.is_some() {
                self.load_packs()?;
            }
        }
        if let Some(last) = size.checked_sub(1) {
            self.last_entry = self.time_of(last)?;
        }
        self.projection.refresh_turns(self.now())?;
        Ok(size - from)
    }
}

fn is_publication(recorded: &Recorded) -> bool {
    matches!(&recorded.said, Said::Fact(fact) if matches!(**fact, store::Fact::Published(_)))
}
