//! Attachments: each is what its name says, and nothing else stands beside them.

use crate::still::Still;
use crate::{first, shared, shown};
use ledger::disk::Folder;
use ledger::verify::{AttachmentFiles, PlainFiles, Progress, Sort, verify};
use sha2::{Digest, Sha256};
use testkit::TemporaryFolder;

struct Unwatched;

impl Progress for Unwatched {
    fn plan(&self, _files: u64) {}
    fn done(&self, _files: u64, _bytes: u64) {}
}

fn path_of(content: &[u8]) -> String {
    let name: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("attachments/{}/{name}", &name[..2])
}

/// The installation with some attachments; the longest is read in several pieces.
fn with_attachments() -> (Still, Vec<String>) {
    let contents = [Vec::new(), b"a".to_vec(), "附件".repeat(70_000).into_bytes(), vec![7; 1 << 19]];
    let paths: Vec<_> = contents.iter().map(|content| path_of(content)).collect();
    let files = paths
        .iter()
        .zip(contents)
        .fold(shared().closed.clone(), |files, (path, content)| files.with(path, content));
    (files, paths)
}

#[test]
fn attachments_under_their_digests_are_good_and_counted() {
    let (files, paths) = with_attachments();
    for cores in [1, 3] {
        let report = shared().judge_with(&files, cores, false, None);
        assert!(report.is_good(), "{}", shown(&report));
        assert_eq!(report.facts["attachments"]["files"], paths.len().to_string());
        assert_eq!(report.facts["attachments"]["bytes"], (1 + 420_000 + (1 << 19)).to_string());
    }
}

#[test]
fn a_changed_attachment_is_named() {
    let (files, paths) = with_attachments();
    for path in &paths {
        let content = files.file(path).to_vec();
        let mut changes = vec![[content.as_slice(), b"x"].concat()];
        if let Some((last, rest)) = content.split_last() {
            changes.push(rest.to_vec());
            changes.push([rest, &[last ^ 1]].concat());
        }
        for changed in changes {
            let first = first(&files.with(path, changed));
            assert_eq!((&first.path, first.sort), (path, Sort::Bytes), "{}", first.what.en);
            assert!(first.what.en.contains("attachment was changed"), "{}", first.what.en);
        }
    }
}

#[test]
fn what_is_no_attachment_is_unknown() {
    let (files, paths) = with_attachments();
    let name = &paths[1]["attachments/ca/".len()..];
    for path in [
        "attachments/readme".to_owned(),
        format!("attachments/{name}"),
        format!("attachments/cb/{name}"),
        format!("attachments/ca/{}", name.to_uppercase()),
        format!("attachments/ca/{name}/more"),
        format!("attachments/ca/{name}.pdf"),
    ] {
        let first = first(&files.with(&path, b"a".to_vec()));
        assert_eq!((first.path.as_str(), first.sort), (path.as_str(), Sort::Bytes), "{}", first.what.en);
        assert!(first.what.en.contains("does not belong"), "{path}: {}", first.what.en);
    }
}

#[test]
fn a_file_on_its_way_is_minded_only_where_nobody_writes() {
    let (files, _) = with_attachments();
    let path = "attachments/00000000000000000003.new";
    let files = files.with(path, b"half".to_vec());
    let live = shared().judge_with(&files, 2, true, None);
    assert!(live.is_good(), "{}", shown(&live));
    let first = first(&files);
    assert_eq!(first.path, path);
    assert!(first.what.en.contains("interrupted"), "{}", first.what.en);
}

#[test]
fn attachments_in_a_real_folder_are_judged_and_links_refused() {
    let folder = TemporaryFolder::new();
    let content = "現場照片".repeat(100_000).into_bytes();
    let path = path_of(&content);
    let place = folder.path().join(&path);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "files for one test")]
    std::fs::write(&place, &content).unwrap();
    let judge = || {
        let disk = Folder::new(folder.path());
        verify(&disk, false, 2, &[&AttachmentFiles, &PlainFiles], &Unwatched).unwrap().unwrap()
    };
    assert!(judge().is_good(), "{}", shown(&judge()));
    let moved = place.with_extension("moved");
    std::fs::rename(&place, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &place).unwrap();
    let paths: Vec<_> = judge().findings.kept().iter().map(|finding| finding.path.clone()).collect();
    assert_eq!(paths, [path.clone(), format!("{path}.moved")]);
}
