//! The form of change notes in `changelog.d/`: one file a change, so that two branches never touch one line.
//!
//! Compatibility: a release script puts the notes together by their kind; the form is what it reads.

use super::tree::{File, Finding, Tree};

/// In the order in which a release tells them.
const KINDS: &[&str] = &["Compatibility", "Added", "Changed", "Fixed"];

/// Rule: `changelog.d/<issue>-<words>.md`; each paragraph is `Kind: sentence.`, Compatibility first.
pub fn change_notes(tree: &Tree) -> Vec<Finding> {
    let notes = tree.files.iter().filter(|file| file.path.starts_with("changelog.d/"));
    notes.filter(|file| file.path != "changelog.d/README.md").flat_map(in_note).collect()
}

fn in_note(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_named_well(&file.path) {
        findings.push(file.finding(0, "is not called <issue>-<words>.md"));
    }
    let paragraphs: Vec<&str> =
        file.text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).collect();
    if paragraphs.is_empty() {
        findings.push(file.finding(0, "says nothing"));
    }
    let mut last = 0;
    for paragraph in paragraphs {
        let kind =
            paragraph.split_once(": ").and_then(|(kind, _)| KINDS.iter().position(|known| *known == kind));
        let start: String = paragraph.chars().take(30).collect();
        match kind {
            None => findings
                .push(file.finding(0, format!("\"{start}\" begins with none of {}", KINDS.join(", ")))),
            Some(kind) if kind < last => {
                findings.push(file.finding(0, format!("\"{start}\" belongs further up")))
            }
            Some(kind) => last = kind,
        }
        if !paragraph.ends_with('.') {
            findings.push(file.finding(0, format!("\"{start}\" is no sentence with a full stop")));
        }
    }
    findings
}

fn is_named_well(path: &str) -> bool {
    let name = path.strip_prefix("changelog.d/").and_then(|name| name.strip_suffix(".md"));
    let Some((issue, words)) = name.and_then(|name| name.split_once('-')) else { return false };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    issue.parse::<u32>().is_ok() && !words.is_empty() && words.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::check;

    #[test]
    fn a_note_in_the_form_passes() {
        let text = "Compatibility: databases of 0.1 are converted.\n\nAdded: a tender can be withdrawn.\n";
        check(change_notes, &[("changelog.d/3-withdraw.md", text), ("changelog.d/README.md", "free")], &[]);
    }

    #[test]
    fn notes_out_of_form_are_found() {
        let note = "changelog.d/3-a.md";
        check(
            change_notes,
            &[("changelog.d/notes.txt", "Fixed: it.")],
            &["changelog.d/notes.txt: is not called <issue>-<words>.md"],
        );
        check(change_notes, &[(note, "\n")], &["changelog.d/3-a.md: says nothing"]);
        check(
            change_notes,
            &[(note, "Better: it.")],
            &["changelog.d/3-a.md: \"Better: it.\" begins with none of Compatibility, Added, Changed, Fixed"],
        );
        check(
            change_notes,
            &[(note, "Fixed: it")],
            &["changelog.d/3-a.md: \"Fixed: it\" is no sentence with a full stop"],
        );
        check(
            change_notes,
            &[(note, "Fixed: it.\n\nAdded: that.")],
            &["changelog.d/3-a.md: \"Added: that.\" belongs further up"],
        );
    }
}
