//! The format's modules against their vectors, second opinions and random input.
//!
//! Each module of tests owns one file of `vectors/`; `UPDATE_EXPECT=1` writes it anew.

#[cfg(test)]
mod authenticator;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod canonical;
#[cfg(test)]
mod entry;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod seal;
#[cfg(test)]
mod statement;
