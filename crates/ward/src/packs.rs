//! Regulations at hand: the packs built into the program, and the engines that read parts of them.
//!
//! Owns: [`embedded`], the files of `regulations/` as they were when the program was built; [`sections`], the one list
//! of engines' sections that every command uses.
//! Does not: read or judge a pack; `regulation` does.
//! Source: `docs/pack.md`.

use regulation::{Files, Sections};

/// The pack a command works on when none is named.
pub(crate) const DEFAULT: &str = "taichung-2001";

/// The files of an embedded pack.
pub(crate) fn embedded(name: &str) -> Option<Files> {
    let (_, files) = EMBEDDED.iter().find(|(one, _)| *one == name)?;
    Some(Files::new(files.iter().map(|(path, bytes)| (*path, *bytes))))
}

/// The names of the embedded packs, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// The sections of all engines. An engine that comes with one is added here, and nowhere else.
pub(crate) fn sections() -> Sections {
    Sections::none().with(identity::PolicySection).with(watch::RuleSection)
}

/// A pack: its name, and its files with their paths.
type Embedded = (&'static str, &'static [(&'static str, &'static [u8])]);

/// Every pack of `regulations/`, in order of names; its files in order of folders and names.
static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

#[cfg(test)]
mod tests {
    use super::*;
    use regulation::{Folder, Source as _, load_with};
    use std::path::Path;

    #[test]
    fn embedded_packs_are_those_of_the_folder_byte_for_byte() {
        let regulations = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../regulations"));
        let mut there: Vec<String> = std::fs::read_dir(regulations)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("pack.toml").is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        there.sort();
        assert_eq!(names().collect::<Vec<_>>(), there);
        for name in names() {
            let files = Folder::new(&regulations.join(name)).files().unwrap();
            assert!(embedded(name).unwrap().files().unwrap() == files, "{name}");
        }
    }

    #[test]
    fn embedded_packs_have_no_problems_and_bear_their_folders_names() {
        for name in names() {
            let pack = load_with(&embedded(name).unwrap(), &sections());
            let told = pack.map(|pack| pack.id.to_string()).map_err(|problems| {
                format!("{} problems, the first: {}", problems.len(), problems.first().unwrap())
            });
            assert_eq!(told, Ok(name.to_owned()));
        }
        assert!(names().any(|name| name == DEFAULT));
        assert!(embedded("taichung").is_none());
    }
}
