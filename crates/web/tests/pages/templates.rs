//! What holds of all templates, scripts and routes: walked from the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn files(folder: &str, end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|one| one == end) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn no_template_holds_a_script_a_style_or_a_handler() {
    for (path, text) in files("templates", "html") {
        let lower = text.to_lowercase();
        for bad in [
            "style=\"",
            "<style",
            "javascript:",
            "hx-on",
            "hx-vals='js",
            "hx-vals=\"js",
            "|safe",
            "http://",
            "https://",
        ] {
            assert!(!lower.contains(bad), "{}: {bad}", path.display());
        }
        for (at, _) in lower.match_indices("<script") {
            assert!(lower[at..].starts_with("<script src="), "{}: a script in the page", path.display());
        }
        // onclick, onload and their kin.
        for word in lower.split([' ', '\n', '\t']) {
            assert!(
                !(word.starts_with("on") && word.contains('=') && !word.starts_with("one")),
                "{}: {word}",
                path.display()
            );
        }
    }
}

#[test]
fn every_field_has_a_name_for_those_who_hear_the_page() {
    for (path, text) in files("templates", "html") {
        for tag in text.split('<').filter(|tag| {
            tag.starts_with("input") || tag.starts_with("select") || tag.starts_with("textarea")
        }) {
            let tag = tag.split('>').next().unwrap();
            let hidden = tag.contains("type=\"hidden\"");
            let labelled = tag.contains("aria-label") || tag.contains(" id=\"");
            // Boxes and radio buttons stand within their labels.
            let within = tag.contains("type=\"checkbox\"") || tag.contains("type=\"radio\"");
            assert!(hidden || labelled || within, "{}: <{tag}>", path.display());
        }
    }
}

#[test]
fn no_script_of_ours_evaluates_text_or_writes_markup() {
    for (path, text) in files("assets", "js") {
        for bad in [
            "eval(",
            "new Function",
            "innerHTML",
            "outerHTML",
            "document.write",
            "insertAdjacentHTML",
            ".style.",
            "http://",
            "https://",
        ] {
            assert!(!text.contains(bad), "{}: {bad}", path.display());
        }
    }
}

#[test]
fn every_icon_used_is_in_the_sprite_and_none_is_there_for_nothing() {
    let listed =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/icons.txt")).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let sources: Vec<_> = files("templates", "html").into_iter().chain(files("src", "rs")).collect();
    for icon in &listed {
        let named = format!("\"{icon}\"");
        assert!(sources.iter().any(|(_, text)| text.contains(&named)), "nothing uses the icon {icon}");
    }
    for (path, text) in sources {
        for mark in [".icon(\"", "icon: \"", "Icon(\""] {
            for part in text.split(mark).skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(
                    listed.contains(name),
                    "{}: the icon {name} is not in assets/icons.txt",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_route_stands_in_the_table_of_its_module() {
    let tables: BTreeSet<&str> = web::routes().map(|route| route.module).collect();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (path, text) in files("src", "rs") {
        let name = path.strip_prefix(&src).unwrap().with_extension("");
        let name = name.to_str().unwrap().trim_end_matches("/mod").replace('/', "::");
        if name != "route" {
            assert!(!text.contains(".route(") && !text.contains(".nest("), "{name} routes by itself");
        }
        if text.contains("ROUTES: &[Route]") && name != "route" {
            assert!(tables.contains(name.as_str()), "the table of {name} is not among those of `route`");
        }
    }
}

/// What is sent and leaves no entry: questions for a browser to answer, what concerns nobody else, files that no record
/// speaks of yet, a report that the page has made, and lines, of which each second's root is entered.
const QUIET: [&str; 16] = [
    "/again",
    "/api/v1/audit/verification",
    "/api/v1/drafts/forget",
    "/api/v1/files",
    "/api/v1/lines",
    "/api/v1/registers/{register}/statements",
    "/api/v1/warnings",
    "/audit/verify",
    "/factors/otp",
    "/factors/passkey/ask",
    "/move-in/{what}/report",
    "/preferences",
    "/sign-in/ask",
    "/views",
    "/views/forget",
    "/words",
];

#[test]
fn nothing_is_changed_by_looking_and_everything_that_changes_is_recorded_or_a_preference() {
    let mut seen = BTreeSet::new();
    for route in web::routes() {
        assert!(seen.insert((route.verb, route.path)), "{} stands twice", route.path);
        assert!(route.path.starts_with('/'));
        if route.verb == web::Verb::Get {
            assert_ne!(route.audit, web::Audit::Act, "{} acts by GET", route.path);
        } else if route.audit == web::Audit::None {
            assert!(QUIET.contains(&route.path), "{} does something and leaves no entry", route.path);
        }
    }
}
