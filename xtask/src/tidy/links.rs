//! Links in the documents: what they name in this repository has to be there.
//!
//! Invariant: looks at files only; addresses on the web and places inside a page are not followed.

use super::tree::{File, Finding, Tree};

/// Rule: a relative link in a Markdown file leads to a file or folder of the repository.
pub fn links_lead_somewhere(tree: &Tree) -> Vec<Finding> {
    tree.ending(".md").flat_map(|file| broken(tree, file)).collect()
}

fn broken(tree: &Tree, file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for target in targets(line) {
            let there = resolve(&file.path, target).is_some_and(|path| tree.has(&path));
            if !there {
                findings.push(file.finding(number, format!("{target} is not there")));
            }
        }
    }
    findings
}

/// What stands in `](...)`, without the place inside the page.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let paths = links.map(|link| link.split('#').next().unwrap_or_default());
    paths.filter(|path| !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:"))
}

/// The path from the top, or nothing if it leads out of the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::check;

    #[test]
    fn a_link_to_nowhere_is_found() {
        let text = "[a](b.md), [c](../a.rs#x)\n![p](p.png \"P\") and [gone](b/gone.md), [out](../../x)\n";
        let files = [("docs/a.md", text), ("docs/b.md", ""), ("a.rs", ""), ("docs/p.png", "")];
        let expected = ["docs/a.md:2: b/gone.md is not there", "docs/a.md:2: ../../x is not there"];
        check(links_lead_somewhere, &files, &expected);
    }

    #[test]
    fn folders_the_web_and_places_in_the_page_are_fine() {
        let text = "[adr](docs/adr/), [web](https://example.org/x), [here](#there), [mail](mailto:a@b)\n";
        check(links_lead_somewhere, &[("a.md", text), ("docs/adr/1.md", "")], &[]);
    }
}
