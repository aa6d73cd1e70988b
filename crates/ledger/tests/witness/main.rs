//! The witness and the ledger's side of it, against each other and against the third implementation.
//!
//! Owns: every status code of the protocol, crashes and races of the witness, rounds of the cosigner, what becomes of a
//! rewritten history, successors of lost ones.
//! Source: C2SP tlog-witness, tlog-cosignature; `docs/format.md` §5, §8.1, §9.

#![cfg(test)]

mod answers;
mod crashes;
mod log;
mod rewritten;
mod rounds;
mod standings;
mod succession;
mod third;
