//! Identifiers: one type an entity, 16 random bytes behind a prefix.
//!
//! The text form is that of `docs/format.md` §2: prefix, then 26 characters of lower-case base32.
//! An identifier says nothing about what it names; it is never reused.

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an identifier: {prefix} and 26 characters of lower-case base32 are asked for")]
pub struct IdError {
    /// The text that was offered.
    pub text: String,
    /// The prefix of the type that was asked for.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// What every text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// From 16 random bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($prefix)?;
                f.write_str(&BASE32.encode(&self.0))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text, $prefix).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )*};
}

ids! {
    /// A key that seals bodies; it lives in the vault.
    DataKeyId = "k_",
    /// A person, for life.
    PersonId = "p_",
    /// A record of a register.
    RecordId = "r_",
    /// One log-on.
    SessionId = "s_",
    /// A registered terminal.
    TerminalId = "t_",
    /// A token of an application.
    TokenId = "a_",
    /// An organisational unit.
    UnitId = "u_",
}

fn parse(text: &str, prefix: &'static str) -> Result<[u8; 16], IdError> {
    let refused = || IdError { text: text.chars().take(64).collect(), prefix };
    let code = text.strip_prefix(prefix).ok_or_else(refused)?;
    let bytes = BASE32.decode(code.as_bytes()).map_err(|_| refused())?;
    bytes.try_into().map_err(|_| refused())
}

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    #[expect(clippy::expect_used, reason = "a constant alphabet of 32 characters, covered by every test")]
    specification.encoding().expect("32 symbols")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_goes_there_and_back() {
        let id = PersonId::from_bytes([0xA5; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 28);
        assert_eq!(text.parse::<PersonId>().unwrap(), id);
    }

    #[test]
    fn other_prefixes_and_loose_spellings_are_refused() {
        let text = PersonId::from_bytes([7; 16]).to_string();
        assert!(text.replace("p_", "u_").parse::<PersonId>().is_err());
        assert!(text.to_uppercase().parse::<PersonId>().is_err());
        assert!(format!("{text}a").parse::<PersonId>().is_err());
        let mut unused_bits_set = text;
        unused_bits_set.pop();
        unused_bits_set.push('b');
        assert!(unused_bits_set.parse::<PersonId>().is_err());
    }
}
