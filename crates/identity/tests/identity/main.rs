//! Identity against the tiny pack and the pack of Taichung.

#[cfg(test)]
mod city;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod events;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod taichung;
#[cfg(test)]
mod terminals;
