//! Passwords: which ones will do, and how they are kept.
//!
//! Owns: the rules; hashing with Argon2id, at most so many at a time, each counted; the written form of a hash.
//! Invariants: a password is compared in one normal form (NFKC); a hash names its own cost, so that it is reckoned anew
//! when the cost asked for has risen; no password stands in a `Debug` form.
//! Does not: ask for capitals, figures or signs, nor for a change after so many months: both make people choose weaker
//! ones. Length is asked for: twelve characters, since a hash that is stolen is tried without any lock-out, and since
//! everybody has a second factor beside it.
//! Source: NIST SP 800-63B §5.1.1.2; RFC 9106 (Argon2); regulation 24.3.3, 24.3.4.

use crate::config::Cost;
use crate::weak;
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use desk::Refused;
use model::Told;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Fewest characters of a password.
pub const LEAST_LENGTH: usize = 12;
/// Most characters of a password.
pub const MOST_LENGTH: usize = 256;
/// Former passwords that are not taken again.
pub(crate) const FORMER: usize = 5;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Why a password will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weakness {
    /// It is too short.
    Short,
    /// It is too long.
    Long,
    /// It is among those that are tried first.
    Common,
    /// It is a pattern.
    Pattern,
    /// It holds the person's name, account, unit, or the name of the system.
    Personal,
    /// It was the person's before.
    Former,
    /// It holds characters that no keyboard gives.
    Control,
}

impl Weakness {
    /// What the person is told.
    #[must_use]
    pub fn told(self) -> Told {
        let (zh, en) = match self {
            Self::Short => (
                "密碼至少須 12 個字元，可用一句話",
                "a password has 12 characters at least; a sentence will do",
            ),
            Self::Long => ("密碼至多 256 個字元", "a password has 256 characters at most"),
            Self::Common => (
                "此密碼屬常見或已外洩密碼（或僅加上數字、符號），請另選",
                "it is a common or breached password, or one with figures and signs around it; choose another",
            ),
            Self::Pattern => (
                "此密碼為重複或連續之字元，請另選",
                "it is the same characters again and again, or a run of them; choose another",
            ),
            Self::Personal => (
                "密碼不得含姓名、帳號、單位名稱或系統名稱",
                "it holds your name, your account, your unit or the name of the system; choose another",
            ),
            Self::Former => ("不得沿用最近使用過之密碼", "it was used before; choose another"),
            Self::Control => ("密碼不得含控制字元", "it holds control characters"),
        };
        Told::new(zh, en)
    }
}

/// A password as it was typed, in its normal form. It is wiped when dropped and never printed.
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    /// From what was typed.
    pub(crate) fn typed(text: &str) -> Self {
        // What is longer than any password is cut before it costs anything; it is refused, or wrong, all the same.
        Self(Zeroizing::new(text.nfkc().take(MOST_LENGTH + 1).collect()))
    }

    /// What is wrong with it as a new password of somebody with these names; nothing where it will do.
    pub(crate) fn faults(&self, names: &[&str]) -> Vec<Weakness> {
        let length = self.0.chars().count();
        let small = Zeroizing::new(self.0.to_lowercase());
        let holds = |name: &&&str| {
            let name: String = name.nfkc().collect::<String>().to_lowercase();
            let enough = name.chars().count() >= if name.is_ascii() { 3 } else { 2 };
            enough && small.contains(&name)
        };
        let mut faults = Vec::new();
        let mut found = |is: bool, weakness| faults.extend(is.then_some(weakness));
        found(length < LEAST_LENGTH, Weakness::Short);
        found(length > MOST_LENGTH, Weakness::Long);
        found(self.0.chars().any(char::is_control), Weakness::Control);
        found(weak::is_common(&small), Weakness::Common);
        found(length >= LEAST_LENGTH && weak::is_pattern(&small), Weakness::Pattern);
        found(names.iter().chain(&OWN_NAMES).any(|name| holds(&name)), Weakness::Personal);
        faults
    }
}

/// Names of the system.
const OWN_NAMES: [&str; 2] = ["ward", "城防"];

/// Reckons hashes.
pub(crate) struct Hasher {
    cost: Cost,
    free: Mutex<u32>,
    freed: Condvar,
    reckoned: AtomicU64,
}

/// A hash with what it was reckoned with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hashed {
    memory_kib: u32,
    passes: u32,
    salt: Vec<u8>,
    hash: Zeroizing<Vec<u8>>,
}

impl Hasher {
    pub(crate) fn new(cost: Cost) -> Self {
        let free = Mutex::new(cost.at_once.max(1));
        Self { cost, free, freed: Condvar::new(), reckoned: AtomicU64::new(0) }
    }

    /// Hashes reckoned so far.
    pub(crate) fn reckoned(&self) -> u64 {
        self.reckoned.load(Ordering::Relaxed)
    }

    /// The written form of a password's hash.
    pub(crate) fn hash(&self, password: &Password, salt: [u8; 16]) -> Result<String, Refused> {
        let Cost { memory_kib, passes, .. } = self.cost;
        let hash = self.reckon(password, &salt, memory_kib, passes)?;
        Ok(Hashed { memory_kib, passes, salt: salt.to_vec(), hash }.to_string())
    }

    /// Is this the password? None stands for an account that has none: the same is reckoned, and the answer is no.
    pub(crate) fn verify(&self, password: &Password, written: Option<&str>) -> Result<bool, Refused> {
        let known = written.and_then(Hashed::read);
        let Cost { memory_kib, passes, .. } = self.cost;
        let nobody = || Hashed { memory_kib, passes, salt: vec![0; 16], hash: Zeroizing::new(Vec::new()) };
        let kept = known.unwrap_or_else(nobody);
        let reckoned = self.reckon(password, &kept.salt, kept.memory_kib, kept.passes)?;
        let differ = reckoned.iter().zip(kept.hash.iter()).fold(0, |differ, (a, b)| differ | (a ^ b));
        Ok(kept.hash.len() == HASH_BYTES && differ == 0)
    }

    /// Was it reckoned with another cost than is asked for now?
    pub(crate) fn is_outdated(&self, written: &str) -> bool {
        let asked = (self.cost.memory_kib, self.cost.passes);
        Hashed::read(written).is_none_or(|kept| (kept.memory_kib, kept.passes) != asked)
    }

    fn reckon(
        &self,
        password: &Password,
        salt: &[u8],
        memory_kib: u32,
        passes: u32,
    ) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let _turn = self.turn();
        self.reckoned.fetch_add(1, Ordering::Relaxed);
        let failed = |error: argon2::Error| {
            Refused::Failed(Told::new(format!("密碼雜湊失敗：{error}"), format!("Hashing failed: {error}")))
        };
        let params = Params::new(memory_kib, passes, 1, Some(HASH_BYTES)).map_err(failed)?;
        let mut hash = Zeroizing::new(vec![0; HASH_BYTES]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.0.as_bytes(), salt, &mut hash).map_err(failed)?;
        Ok(hash)
    }

    /// Waits until fewer than the most are being reckoned.
    fn turn(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }
}

/// One of those that may reckon now.
struct Turn<'h>(&'h Hasher);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

impl Hashed {
    /// From the PHC string form.
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('$').collect();
        let ["", "argon2id", "v=19", params, salt, hash] = parts.as_slice() else { return None };
        let mut params = params.split(',');
        let mut param = |name: &str| params.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let (memory_kib, passes, lanes) = (param("m=")?, param("t=")?, param("p=")?);
        let decode = |text: &str| BASE64_NOPAD.decode(text.as_bytes()).ok();
        let (salt, hash) = (decode(salt)?, Zeroizing::new(decode(hash)?));
        (lanes == 1 && hash.len() == HASH_BYTES).then_some(Self { memory_kib, passes, salt, hash })
    }
}

impl std::fmt::Display for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (salt, hash) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.hash));
        write!(f, "$argon2id$v=19$m={},t={},p=1${salt}${hash}", self.memory_kib, self.passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<Weakness> {
        Password::typed(text).faults(&["wang.daming", "王大明", "資訊中心"])
    }

    fn hasher(memory_kib: u32) -> Hasher {
        Hasher::new(Cost { memory_kib, passes: 1, at_once: 1 })
    }

    #[test]
    fn a_sentence_will_do_and_signs_are_not_asked_for() {
        for good in
            ["my sunshine at the pier", "早餐店老闆娘每天都很開心喔", "kqveldtmrzton", "  spaces count too  "]
        {
            assert_eq!(faults(good), [], "{good}");
        }
    }

    #[test]
    fn a_password_may_be_as_long_as_256_characters_and_every_one_counts() {
        let words = "the pier at dawn, no two gulls alike; tea, toast, a letter from the valley. ".repeat(4);
        let longest: String = words.chars().take(MOST_LENGTH - 1).chain(['z']).collect();
        assert!(!faults(&longest).contains(&Weakness::Long));
        assert_eq!(faults(longest.get(..75).unwrap()), []);
        let hasher = hasher(64);
        let kept = hasher.hash(&Password::typed(&longest), [7; 16]).unwrap();
        assert!(hasher.verify(&Password::typed(&longest), Some(&kept)).unwrap());
        let other: String = longest.chars().take(MOST_LENGTH - 1).chain(['y']).collect();
        assert!(!hasher.verify(&Password::typed(&other), Some(&kept)).unwrap());
    }

    #[test]
    fn what_is_weak_is_told_with_every_reason() {
        for (weak, expected) in [
            ("kq7 veldt", vec![Weakness::Short]),
            ("Sunshine2024!", vec![Weakness::Common]),
            ("abcabcabcabc", vec![Weakness::Pattern]),
            ("xk Wang.Daming 7q", vec![Weakness::Personal]),
            ("我是王大明我愛吃早餐哈哈", vec![Weakness::Personal]),
            ("the ward of kq7 veldt", vec![Weakness::Personal]),
            ("bell\u{7}bell hop mrz", vec![Weakness::Control]),
            (&"correct horse ".repeat(20), vec![Weakness::Long, Weakness::Pattern]),
        ] {
            assert_eq!(faults(weak), expected, "{weak}");
        }
    }

    #[test]
    fn a_password_is_the_same_in_any_spelling_of_its_characters_and_no_other() {
        let hasher = hasher(64);
        let kept = hasher.hash(&Password::typed("ｃａｆe\u{301} au lait 12"), [7; 16]).unwrap();
        assert!(hasher.verify(&Password::typed("café au lait 12"), Some(&kept)).unwrap());
        assert!(!hasher.verify(&Password::typed("cafe au lait 12"), Some(&kept)).unwrap());
        assert!(!hasher.verify(&Password::typed("café au lait 12"), None).unwrap());
        assert_eq!(hasher.reckoned(), 4);
    }

    #[test]
    fn hashes_are_those_of_another_implementation() {
        // Made with the reference implementation: argon2-cffi 25.1.0, hash_secret with Type.ID, version 19.
        for (password, written) in REFERENCE {
            let hasher = hasher(64);
            assert!(hasher.verify(&Password::typed(password), Some(written)).unwrap(), "{password}");
            assert_eq!(hasher.is_outdated(written), !written.contains("m=64,t=1"));
        }
    }

    #[test]
    fn a_hash_that_does_not_read_is_nobodys() {
        let hasher = hasher(64);
        for broken in ["", "$argon2id$v=19$m=64,t=1,p=1$AAAA", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "x"] {
            assert!(!hasher.verify(&Password::typed("x"), Some(broken)).unwrap());
            assert!(hasher.is_outdated(broken));
        }
    }

    const REFERENCE: [(&str, &str); 2] = [
        (
            "correct horse battery",
            "$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$VYd2oowjLaKFDCuPzjEbwOnRLksrkQE1AXAXWa+/2xg",
        ),
        (
            "早餐店老闆娘每天都很開心喔",
            "$argon2id$v=19$m=19456,t=2,p=1$EBESExQVFhcYGRobHB0eHw$f9Op4sjcNZUcTZkCO4mATAn7KHtmENLS08EDYOp2Z94",
        ),
    ];
}
