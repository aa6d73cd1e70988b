//! Sign-in: who is at the terminal.
//!
//! Owns: passwords, one-time codes, passkeys at the door, recovery, sessions, what a terminal lets through, tokens of
//! applications, the link of the first start. Entries of all of it go through the desk.
//! Invariants: whoever is not let in learns nothing of who exists, and as much work is done for an account that does not
//! exist as for one that does; secrets lie sealed under their owner's data key, and what is only compared lies as a
//! digest; a session counts only as long as its person, its roles and its terminal do; what was used up is not used again.
//! Never: renders a page, reads the machine's clock, puts a secret or an address into an entry.
//! Source: `docs/adr/0015-sign-in.md`; regulation 19.1.4, 19.1.5, 24.2.1 to 24.2.5, 24.2.9, 24.3.1 to 24.3.4.

mod config;
mod place;
mod refusal;

mod session;

mod draw;
mod lockout;
mod waiting;

mod password;
mod totp;
mod weak;

mod assertion;
mod cbor;
mod registration;

mod words;

mod secrets;

mod door;
mod enrol;
mod first;
mod life;
mod passkey;
mod recovery;
mod second;
mod token;

pub use config::{Config, Cost, Limits, Site};
pub use door::{Begun, NewSession, Parts, Pending, SignIn, Since};
pub use enrol::{Factors, PasskeyOffer, PasskeySeen, TotpOffer};
pub use first::{Founded, Founding};
pub use identity::{Denied, Ended, Factor, Fingerprint, LOCAL_CONSOLE, Recovery};
pub use life::SessionSeen;
pub use passkey::PasskeyAsk;
pub use password::{LEAST_LENGTH, MOST_LENGTH, Weakness};
pub use place::Place;
pub use recovery::Handed;
pub use refusal::Refusal;
pub use session::{Codes, Session, Sessions};
pub use token::{Application, Issued, LONGEST_TOKEN, TokenAsk, TokenSeen};
pub use words::Word;
