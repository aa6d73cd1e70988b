//! Who is signed in, and is a one-time code right: the questions pages ask of whoever keeps sessions, in `signin`'s words.

pub use signin::{Codes, Factor, Place, Session, Sessions};
