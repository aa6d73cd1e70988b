//! Files as people hand them in: what they are, and the text in them.

#![cfg(test)]

#[cfg(test)]
mod kinds;
#[cfg(test)]
mod pdfs;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod texts;
