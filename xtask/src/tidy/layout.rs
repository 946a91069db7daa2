//! How files and crates are laid out: headers, sizes, names, and their place in ARCHITECTURE.md.
//!
//! Invariant: an exception stands here with its reason, and one that is not needed any more is a finding
//! itself.

use super::tree::{Crate, File, Finding, Tree};

const LINES_MAX: usize = 500;
/// The widest line, in characters: what rustfmt.toml allows code, and some more for prose.
pub const COLUMNS_MAX: usize = 120;

/// Files that may be longer, and why.
const LONG: &[(&str, &str)] = &[];

/// Rule: every Rust file says first what it is for.
pub fn header(tree: &Tree) -> Vec<Finding> {
    let silent = tree.ending(".rs").filter(|file| !file.text.starts_with("//!"));
    silent.map(|file| file.finding(1, "does not say what it is for")).collect()
}

/// Rule: a module is `foo.rs` beside `foo/`, so that a tab bar does not read "mod.rs, mod.rs, mod.rs".
pub fn no_mod_rs(tree: &Tree) -> Vec<Finding> {
    tree.ending("/mod.rs").map(|file| file.finding(0, "is called mod.rs")).collect()
}

/// Rule: a file has one subject, and a subject rarely takes 500 lines.
pub fn length(tree: &Tree) -> Vec<Finding> {
    length_but(tree, LONG)
}

fn length_but(tree: &Tree, long: &[(&str, &str)]) -> Vec<Finding> {
    let lines = |file: &File| file.text.lines().count();
    let excused = |file: &&File| long.iter().any(|(path, _)| *path == file.path);
    let too_long = tree.ending(".rs").filter(|file| lines(file) > LINES_MAX && !excused(file));
    let mut findings: Vec<Finding> =
        too_long.map(|file| file.finding(0, format!("has {} lines", lines(file)))).collect();
    for (path, reason) in long {
        if tree.file(path).is_none_or(|file| lines(file) <= LINES_MAX) {
            let text = format!("needs its exception no more ({reason})");
            findings.push(Finding { path: (*path).to_owned(), line: 0, text });
        }
    }
    findings
}

/// Tests and samples hold texts as long as they are.
fn holds_samples(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "samples"))
}

/// Rule: rustfmt leaves comments as they are; this does not. Texts stay in one piece,
/// so that they can be searched.
pub fn width(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        for (number, line) in (1..).zip(file.text.lines()) {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !is_text(line) && !holds_samples(&file.path) {
                findings.push(file.finding(number, format!("has {columns} columns")));
            }
        }
    }
    findings
}

/// A line that is a text and little else.
fn is_text(line: &str) -> bool {
    ["\"", "#[error(\"", "b\""].iter().any(|start| line.trim_start().starts_with(start))
}

/// Rule: no crate before it has something in it, none under another name than its folder's, none left off the
/// map.
pub fn crates_on_the_map(tree: &Tree) -> Vec<Finding> {
    let map = tree.file("ARCHITECTURE.md").map_or("", |file| file.text.as_str());
    tree.crates.iter().flat_map(|krate| on_the_map(tree, krate, map)).collect()
}

fn on_the_map(tree: &Tree, krate: &Crate, map: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = krate.folder.rsplit('/').next().unwrap_or_default();
    if folder != krate.name {
        findings.push(krate.finding(format!("{} lies in a folder called {folder}", krate.name)));
    }
    let root = |name: &str| tree.file(&format!("{}/src/{name}.rs", krate.folder)).is_some();
    if !root("lib") && !root("main") {
        findings.push(krate.finding(format!("{} has neither lib.rs nor main.rs", krate.name)));
    }
    if !map.contains(&format!("`{}`", krate.name)) {
        findings.push(krate.finding(format!("ARCHITECTURE.md does not tell what `{}` is", krate.name)));
    }
    findings
}

/// Rule: the workspace's lints hold in every crate.
pub fn lints_inherited(tree: &Tree) -> Vec<Finding> {
    let inherits = |krate: &&Crate| {
        let manifest = tree.file(&format!("{}/Cargo.toml", krate.folder));
        let manifest = manifest.and_then(|file| file.text.parse::<toml::Table>().ok());
        let lints = manifest.as_ref().and_then(|manifest| manifest.get("lints")?.get("workspace")?.as_bool());
        lints == Some(true)
    };
    let without = tree.crates.iter().filter(|krate| !inherits(krate));
    without.map(|krate| krate.finding("does not take the workspace's lints")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::check;

    #[test]
    fn a_file_without_a_header_is_found() {
        check(
            header,
            &[("a.rs", "//! For a.\n"), ("b.rs", "use x;\n")],
            &["b.rs:1: does not say what it is for"],
        );
    }

    #[test]
    fn mod_rs_is_found() {
        check(no_mod_rs, &[("src/a/mod.rs", ""), ("src/a.rs", "")], &["src/a/mod.rs: is called mod.rs"]);
    }

    #[test]
    fn a_long_file_is_found_unless_it_has_a_reason() {
        let (fits, long) = ("x\n".repeat(500), "x\n".repeat(501));
        let tree = Tree::sample(&[("a.rs", &fits), ("b.rs", &long), ("c.rs", &long)]);
        let text = |findings: Vec<Finding>| findings.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(length_but(&tree, &[("c.rs", "a table")])), ["b.rs: has 501 lines"]);
    }

    #[test]
    fn an_exception_that_is_not_needed_is_found() {
        let findings = length_but(&Tree::sample(&[("a.rs", "x\n")]), &[("a.rs", "a table")]);
        assert_eq!(findings[0].to_string(), "a.rs: needs its exception no more (a table)");
    }

    #[test]
    fn columns_are_characters_not_bytes() {
        let (fits, wide) = ("ü".repeat(COLUMNS_MAX), "ü".repeat(COLUMNS_MAX + 1));
        check(width, &[("a.rs", &fits), ("b.rs", &wide)], &["b.rs:1: has 121 columns"]);
    }

    #[test]
    fn a_long_text_stays_in_one_piece() {
        let text = format!("    #[error(\"{}\")]\n    \"{}\",\n", "x".repeat(120), "y".repeat(120));
        check(width, &[("a.rs", &text)], &[]);
    }

    #[test]
    fn a_crate_that_is_empty_or_off_the_map_is_found() {
        let map = ("ARCHITECTURE.md", "### `a`\n");
        let full = Tree::sample(&[map, ("crates/a/src/lib.rs", "")]).with_crate("a", &[]);
        assert!(crates_on_the_map(&full).is_empty());
        let bare = Tree::sample(&[map]).with_crate("b", &[]);
        let text: Vec<String> = crates_on_the_map(&bare).iter().map(ToString::to_string).collect();
        assert_eq!(text[0], "crates/b/Cargo.toml: b has neither lib.rs nor main.rs");
        assert_eq!(text[1], "crates/b/Cargo.toml: ARCHITECTURE.md does not tell what `b` is");
    }

    #[test]
    fn a_crate_in_a_folder_of_another_name_is_found() {
        let mut tree =
            Tree::sample(&[("ARCHITECTURE.md", "`a`"), ("crates/z/src/lib.rs", "")]).with_crate("a", &[]);
        tree.crates[0].folder = "crates/z".to_owned();
        assert_eq!(crates_on_the_map(&tree)[0].text, "a lies in a folder called z");
    }

    #[test]
    fn a_crate_with_lints_of_its_own_is_found() {
        let with =
            Tree::sample(&[("crates/a/Cargo.toml", "[lints]\nworkspace = true\n")]).with_crate("a", &[]);
        assert!(lints_inherited(&with).is_empty());
        let without =
            Tree::sample(&[("crates/a/Cargo.toml", "[package]\nname = \"a\"\n")]).with_crate("a", &[]);
        assert_eq!(lints_inherited(&without)[0].text, "does not take the workspace's lints");
    }
}
