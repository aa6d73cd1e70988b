//! Ids of a pack: one newtype for each kind of thing a pack names.
//!
//! Invariant: every id is 1 to 40 characters of `a-z 0-9 _`, starting with a letter; clause ids are numbers
//! joined by `.` instead. Cloning one copies it: up to 23 characters it owns no memory. Ids name things inside one pack; what names a record, a
//! person or a unit is in `model`.
//! Source: `docs/pack.md`, "Words that hold everywhere".

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// Why a text is not an id of a pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id: {rule}")]
pub struct WordError {
    /// The text that was offered.
    pub text: String,
    /// What was asked for.
    pub rule: &'static str,
}

/// What ids of all kinds look like, for messages.
pub(crate) const WORD_RULE: &str = "a letter, then letters, digits and _, all lower case, at most 40";

/// What clause ids look like, for messages.
pub(crate) const CLAUSE_RULE: &str = "numbers joined by dots, for example 3.10.1";

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $check:ident, $rule:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// From its text.
            ///
            /// # Errors
            /// The text breaks the rule for ids.
            pub fn new(text: &str) -> Result<Self, WordError> {
                if $check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(WordError { text: text.chars().take(60).collect(), rule: $rule })
                }
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<Self, WordError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Reading;

                impl Visitor<'_> for Reading {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($rule)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        $name::new(text).map_err(E::custom)
                    }
                }

                from.deserialize_str(Reading)
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordError;

            fn try_from(text: String) -> Result<Self, WordError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> String {
                word.0.as_str().to_owned()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }
    )*};
}

words! {
    /// A check of a clause.
    CheckId: is_word, WORD_RULE;
    /// A clause, for example `3.10.1`.
    ClauseId: is_clause, CLAUSE_RULE;
    /// A clock of a register.
    ClockId: is_word, WORD_RULE;
    /// A constraint of a register.
    ConstraintId: is_word, WORD_RULE;
    /// A duty.
    DutyId: is_word, WORD_RULE;
    /// A field of a register, or a column of a table.
    FieldId: is_word, WORD_RULE;
    /// A grade of confidentiality.
    GradeId: is_word, WORD_RULE;
    /// A group of questions.
    GroupId: is_word, WORD_RULE;
    /// A way out of Ward.
    HookId: is_word, WORD_RULE;
    /// An item of a checklist.
    ItemId: is_word, WORD_RULE;
    /// A lookup of a register.
    LookupId: is_word, WORD_RULE;
    /// An option of a choice.
    OptionId: is_word, WORD_RULE;
    /// A pack; its ids may hold `-`.
    PackId: is_pack, PACK_RULE;
    /// A procedure.
    ProcedureId: is_word, WORD_RULE;
    /// A step of a procedure.
    ProcedureStepId: is_word, WORD_RULE;
    /// A register.
    RegisterId: is_word, WORD_RULE;
    /// A role.
    RoleId: is_word, WORD_RULE;
    /// A state of a register's flow.
    StateId: is_word, WORD_RULE;
    /// A step of a register's flow.
    StepId: is_word, WORD_RULE;
}

const PACK_RULE: &str = "a letter, then letters, digits, _ and -, all lower case, at most 40";
const LONGEST: usize = 40;

pub(crate) fn is_word(text: &str) -> bool {
    text.len() <= LONGEST
        && matches!(text.as_bytes(), [b'a'..=b'z', rest @ ..] if rest.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')))
}

fn is_pack(text: &str) -> bool {
    is_word(&text.replace('-', "_"))
}

fn is_clause(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty()
            && part.len() <= 3
            && !part.starts_with('0')
            && part.bytes().all(|b| b.is_ascii_digit())
    };
    text.len() <= LONGEST && text.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_words() {
        assert!(RegisterId::new("machine_room_2").is_ok());
        for text in ["", "Room", "2room", "_room", "room-2", "機房", &"a".repeat(41)] {
            assert!(RegisterId::new(text).is_err(), "{text}");
        }
        assert!(PackId::new("taichung-2001").is_ok());
    }

    #[test]
    fn clause_ids_are_numbers_joined_by_dots() {
        assert!(ClauseId::new("24.1.4.1").is_ok());
        for text in ["", "3.", ".3", "3..1", "03.1", "3.a"] {
            assert!(ClauseId::new(text).is_err(), "{text}");
        }
    }
}
