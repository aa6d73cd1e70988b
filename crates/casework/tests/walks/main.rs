//! Walks over the whole pack of Taichung, in memory, through the engine as it runs: every state is reached, every
//! step is taken by those it is for and refused to everyone else, every clock fires, every guard speaks both ways,
//! every duty falls due through five years.
//!
//! Owns: scenarios as data (`data/<register>.toml`), the harness that walks them, the list of what they must cover.
//! Invariant: what is to be covered is read from the pack, so a register that comes without a walk fails by name.
//! Does not: touch SQL, files beside the pack and the scenarios, or a clock.

#[cfg(test)]
mod act;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod duties;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod people;
#[cfg(test)]
mod permitted;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod seen;
#[cfg(test)]
mod town;
#[cfg(test)]
mod values;
#[cfg(test)]
mod walk;

#[cfg(test)]
use regulation::{Folder, Pack, load};
#[cfg(test)]
use std::path::Path;
#[cfg(test)]
use std::sync::OnceLock;

/// The pack, read once.
#[cfg(test)]
fn pack() -> &'static Pack {
    static PACK: OnceLock<Pack> = OnceLock::new();
    PACK.get_or_init(|| {
        let folder = Folder::new(Path::new("../../regulations/taichung-2001"));
        load(&folder).unwrap_or_else(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", told.join("\n"))
        })
    })
}
