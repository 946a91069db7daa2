//! `tidy`: the rules of the house that a compiler does not check. ARCHITECTURE.md states them, this file
//! lists them.
//!
//! Invariant: a rule is a pure function of the tree, and has a test with a sample that breaks it.

mod layers;
mod layout;
mod links;
mod notes;
mod purity;
mod source;
mod tree;
mod words;
mod wrap;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::workspace;
use tree::{Finding, Tree};

/// Shown by `cargo xtask`.
pub const HELP: &str = "the architecture's invariants and the rules of the house

Looks at all files that git does not ignore and at the crates' manifests. Each finding names its rule, file
and line. Exceptions stand, with their reason, in the rule's own file under xtask/src/tidy/.
--fix breaks comment lines that are too long first.";

/// A rule, and what to tell somebody who broke it.
struct Rule {
    name: &'static str,
    find: fn(&Tree) -> Vec<Finding>,
    instead: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        name: "imports run downward",
        find: layers::imports_run_downward,
        instead: "turn the import round, or move what is needed down; layers.rs holds the map",
    },
    Rule {
        name: "known to one crate only",
        find: layers::known_to_few,
        instead: "go through the port or the use case that hides it",
    },
    Rule {
        name: "core and record are pure",
        find: purity::pure_crates,
        instead: "hand the value in as an argument; integers for amounts, BTreeMap for order",
    },
    Rule {
        name: "files open with //!",
        find: layout::header,
        instead: "say what the file is for and its invariant",
    },
    Rule { name: "no mod.rs", find: layout::no_mod_rs, instead: "foo.rs beside foo/" },
    Rule {
        name: "files of at most 500 lines",
        find: layout::length,
        instead: "split it by subject, or give the reason in layout.rs",
    },
    Rule { name: "lines of at most 120 columns", find: layout::width, instead: "break the line" },
    Rule {
        name: "crates stand on the map",
        find: layout::crates_on_the_map,
        instead: "folder = crate name, with lib.rs or main.rs, told in ARCHITECTURE.md",
    },
    Rule {
        name: "crates inherit the lints",
        find: layout::lints_inherited,
        instead: "[lints] workspace = true in its Cargo.toml",
    },
    Rule {
        name: "open ends carry an issue",
        find: words::open_ends,
        instead: "write the issue's number behind it, as in (#12), or do it now",
    },
    Rule { name: "no silenced checks", find: words::silenced, instead: "make it true, or take it out" },
    Rule {
        name: "no path of a machine",
        find: words::machine_paths,
        instead: "a relative path, a temporary folder or a setting",
    },
    Rule {
        name: "links lead somewhere",
        find: links::links_lead_somewhere,
        instead: "name what is there, or take the link out",
    },
    Rule { name: "change notes", find: notes::change_notes, instead: "changelog.d/README.md says the form" },
];

/// Prints the findings; fails if there is one.
pub fn run(args: &[String]) -> Result<()> {
    let mut args = Args::new(args);
    let fix = args.flag("--fix");
    args.finish()?;
    let mut tree = Tree::load()?;
    if fix {
        fix_comments(&tree)?;
        tree = Tree::load()?;
    }
    let mut count = 0;
    for rule in RULES {
        let findings = (rule.find)(&tree);
        count += findings.len();
        for finding in &findings {
            eprintln!("{finding} [{}]", rule.name);
        }
        if !findings.is_empty() {
            eprintln!("  {}: {}", rule.name, rule.instead);
        }
    }
    if count > 0 {
        bail!("{count} findings");
    }
    println!("tidy: {} files, {} crates, {} rules hold", tree.files.len(), tree.crates.len(), RULES.len());
    Ok(())
}

fn fix_comments(tree: &Tree) -> Result<()> {
    let root = workspace::root()?;
    for file in tree.ending(".rs") {
        let wrapped = wrap::wrap(&file.text);
        if wrapped != file.text {
            println!("{}: comments broken", file.path);
            std::fs::write(root.join(&file.path), wrapped)?;
        }
    }
    Ok(())
}

#[cfg(test)]
fn check(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)], expected: &[&str]) {
    let findings = rule(&Tree::sample(files));
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(lines, expected);
}
