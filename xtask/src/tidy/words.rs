//! Words that must not be there: open ends without an issue, silenced checks, paths of one machine.
//!
//! Invariant: the words are put together here from halves, so that this file passes its own rules.

use super::source::{code, identifiers};
use super::tree::{File, Finding, Tree};

const OPEN_ENDS: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
const MACHINE: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Use", "rs/"), concat!("/tmp/ba", "sh_jobs")];
/// In code: attributes and macros with which something is put off or not looked at.
const SILENCED: &[(&str, &str)] = &[
    ("#[ignore", "a test that does not run"),
    ("allow(dead_code", "code that nothing uses"),
    ("todo!(", "an open end"),
    ("unimplemented!(", "an open end"),
];

/// Made by a program, or not ours to word.
fn is_foreign(file: &File) -> bool {
    file.path == "Cargo.lock" || file.path.ends_with(".svg") || file.path.starts_with("LICENSE")
}

/// Rule: what is left open names the issue where it will be done.
pub fn open_ends(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !is_foreign(file)) {
        for (number, line) in (1..).zip(file.text.lines()) {
            for (at, word) in identifiers(line) {
                if OPEN_ENDS.contains(&word) && !has_issue(&line[at + word.len()..]) {
                    findings.push(file.finding(number, format!("{word} without an issue")));
                }
            }
        }
    }
    findings
}

/// `(#12)` directly behind the word.
fn has_issue(after: &str) -> bool {
    let Some(rest) = after.strip_prefix("(#") else { return false };
    rest.split_once(')').is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Rule: a check that is switched off checks nothing. Fixtures in strings don't count.
pub fn silenced(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        for (number, line) in (1..).zip(code(&file.text).lines()) {
            for (silencer, what) in SILENCED {
                if line.contains(silencer) {
                    findings.push(file.finding(number, format!("{silencer}: {what}")));
                }
            }
        }
    }
    findings
}

/// Rule: the repository works in any folder of any machine.
pub fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !is_foreign(file)) {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(path) = MACHINE.iter().find(|path| line.contains(*path)) {
                findings.push(file.finding(number, format!("{path} is a folder of one machine")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::check;

    #[test]
    fn an_open_end_needs_an_issue() {
        let [open, _, marker, _] = OPEN_ENDS else { panic!("four words") };
        let text =
            format!("// {open}: later\n// {open}(#12): later\n// {open}(#x)\n\"a{marker}a\" {marker}\n");
        let expected =
            [format!("a.rs:1: {open} without an issue"), format!("a.rs:3: {open} without an issue")].to_vec();
        let expected: Vec<String> =
            expected.into_iter().chain([format!("a.rs:4: {marker} without an issue")]).collect();
        check(open_ends, &[("a.rs", &text)], &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_silenced_check_is_found_in_code_but_not_in_text() {
        let text = "//! No #[ignore] here.\n#[ignore]\nfn a() { let b = \"todo!(\"; todo!(\"x\") }\n";
        check(
            silenced,
            &[("a.rs", text)],
            &["a.rs:2: #[ignore: a test that does not run", "a.rs:3: todo!(: an open end"],
        );
    }

    #[test]
    fn a_path_of_a_machine_is_found_in_any_text() {
        let text = format!("fine\ncd {}x\n", MACHINE[0]);
        let expected = format!("docs/a.md:2: {} is a folder of one machine", MACHINE[0]);
        check(machine_paths, &[("docs/a.md", &text), ("Cargo.lock", &text)], &[&expected]);
    }
}
