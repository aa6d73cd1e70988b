//! Who is signed in, and is a one-time code right: the questions pages ask of whoever keeps sessions.
//!
//! The words are `signin`'s; pages name them by this crate, and tests answer in their place.

pub use signin::{Codes, Factor, Place, Session, Sessions};
