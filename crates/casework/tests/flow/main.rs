//! Casework against a small regulation of its own: a permit that two people approve and two seats check.

#[cfg(test)]
mod checker;
#[cfg(test)]
mod city;
#[cfg(test)]
mod duties;
#[cfg(test)]
mod offers;
#[cfg(test)]
mod office;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod reckoning;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod shows;
#[cfg(test)]
mod time;
