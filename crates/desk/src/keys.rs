//! Data keys: a stock of fresh ones, so that nobody waits for a disk to file a form.
//!
//! Each key is durable in the vault before it is in the stock. What is in stock when the process ends was never used
//! and is nobody's; so the stock grows with what is asked for, and a tool that asks for one key leaves one behind at most.

use ledger::entropy::{Entropy, EntropyError};
use ledger::vault::{KeyState, Vault, VaultError};
use model::{DataKeyId, Told};
use proof::seal::DataKey;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Most keys kept ready.
const STOCK: usize = 64;

/// The vault, shared, with a stock of fresh keys.
pub struct Vaulted {
    vault: Mutex<Vault>,
    stock: Mutex<Stock>,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Stock {
    fresh: VecDeque<(DataKeyId, DataKey)>,
    /// Keys to be kept ready: twice as many, and one more, each time one is taken.
    wanted: usize,
    closing: bool,
    /// Nobody restocks any more.
    ended: bool,
}

impl Vaulted {
    /// Over an open vault; starts the thread that keeps the stock.
    #[must_use]
    pub fn start(vault: Vault, mut entropy: Box<dyn Entropy>) -> Arc<Self> {
        let (vault, stock, changed) = (Mutex::new(vault), Mutex::default(), Condvar::new());
        let vaulted = Arc::new(Self { vault, stock, changed, thread: Mutex::default() });
        let kept = Arc::downgrade(&vaulted);
        let thread = std::thread::spawn(move || {
            while let Some(vaulted) = kept.upgrade() {
                if !vaulted.restock(entropy.as_mut()) {
                    vaulted.stock().ended = true;
                    vaulted.changed.notify_all();
                    return;
                }
            }
        });
        vaulted.thread.lock().unwrap_or_else(PoisonError::into_inner).replace(thread);
        vaulted
    }

    /// Adds one key where the stock is not full, else waits a while; false when it is to end.
    fn restock(&self, entropy: &mut dyn Entropy) -> bool {
        {
            let stock = self.stock();
            let full = |stock: &mut Stock| stock.fresh.len() >= stock.wanted && !stock.closing;
            let limit = std::time::Duration::from_secs(1);
            let waited = self.changed.wait_timeout_while(stock, limit, full);
            let stock = waited.unwrap_or_else(PoisonError::into_inner).0;
            if stock.closing {
                return false;
            }
            if stock.fresh.len() >= stock.wanted {
                return true;
            }
        }
        match self.vault().new_key(entropy) {
            Ok(made) => {
                self.stock().fresh.push_back(made);
                self.changed.notify_all();
                true
            }
            // Whoever needs one meets the same error, and can tell it to somebody.
            Err(_) => false,
        }
    }

    /// A fresh key, durable in the vault: from the stock, whose keys come in one order however fast they are asked for.
    /// `entropy` makes one where nobody restocks any more.
    ///
    /// # Errors
    /// The vault gave none.
    pub fn fresh(&self, entropy: &mut dyn Entropy) -> Result<(DataKeyId, DataKey), VaultError> {
        let ready = {
            let mut stock = self.stock();
            stock.wanted = (stock.wanted * 2 + 1).min(STOCK);
            self.changed.notify_all();
            let empty = |stock: &mut Stock| stock.fresh.is_empty() && !stock.ended && !stock.closing;
            let waited = self.changed.wait_while(stock, empty);
            waited.unwrap_or_else(PoisonError::into_inner).fresh.pop_front()
        };
        self.changed.notify_all();
        match ready {
            Some(made) => Ok(made),
            None => self.vault().new_key(entropy),
        }
    }

    /// The vault itself.
    pub fn vault(&self) -> MutexGuard<'_, Vault> {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the vault anew where a failure of its disk has stopped it: what was interrupted is finished.
    pub(crate) fn revive(&self) -> Result<(), VaultError> {
        self.vault().reopen()
    }

    /// Ends the thread, so that whoever opens the vault next is the only one who writes in it.
    pub fn close(&self) {
        self.stock().closing = true;
        self.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has ended as well.
            let _ = thread.join();
        }
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl store::Keys for Vaulted {
    fn key(&self, id: DataKeyId) -> Result<KeyState, VaultError> {
        self.vault().key(id)
    }
}

/// A source that several threads draw from; each waits for another's bytes alone, not for what they are for.
#[derive(Clone)]
pub(crate) struct SharedEntropy(Arc<Mutex<Box<dyn Entropy>>>);

impl SharedEntropy {
    pub(crate) fn new(source: Box<dyn Entropy>) -> Self {
        Self(Arc::new(Mutex::new(source)))
    }
}

impl Entropy for SharedEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes)
    }
}

/// Random bytes that need not be secret.
pub(crate) fn draw<const N: usize>(entropy: &mut dyn Entropy) -> Result<[u8; N], Told> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes).map_err(|error: EntropyError| error.told())?;
    Ok(bytes)
}
