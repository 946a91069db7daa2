//! The pure crates: no async, clock, randomness, input or output, and no floats in core and record.
//!
//! Invariant: looks at code only, not at comments, strings or tests. HashMap counts as randomness: its order
//! is drawn.

use super::source::{code, identifiers, without_tests};
use super::tree::{File, Finding, Tree};

const PURE: &[&str] = &["crates/lncontract-core/src/", "crates/lncontract-record/src/"];

/// Words with what they bring in.
const WORDS: &[(&str, &str)] = &[
    ("async", "async"),
    ("await", "async"),
    ("tokio", "async"),
    ("SystemTime", "a clock"),
    ("rand", "randomness"),
    ("getrandom", "randomness"),
    ("HashMap", "randomness"),
    ("HashSet", "randomness"),
    ("f32", "a float"),
    ("f64", "a float"),
];

/// Modules of `std` that reach outside the process or look at a clock.
const STD: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread", "time"];

/// Rule: the law and the record are functions of what they are given.
pub fn pure_crates(tree: &Tree) -> Vec<Finding> {
    let pure = tree.ending(".rs").filter(|file| PURE.iter().any(|folder| file.path.starts_with(folder)));
    pure.filter(|file| !is_test(&file.path)).flat_map(in_file).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

fn in_file(file: &File) -> Vec<Finding> {
    let code = code(&file.text);
    let code = without_tests(&code);
    let mut findings: Vec<Finding> = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        for (_, word) in identifiers(line) {
            if let Some((_, brings)) = WORDS.iter().find(|(impure, _)| *impure == word) {
                findings.push(file.finding(number, format!("{word} brings in {brings}")));
            }
        }
        if line.contains("::now(") {
            findings.push(file.finding(number, "now() brings in a clock"));
        }
        if let Some(literal) = float_literal(line) {
            findings.push(file.finding(number, format!("{literal} is a float")));
        }
    }
    findings.extend(std_modules(code).into_iter().map(|(at, module)| {
        let number = 1 + code[..at].matches('\n').count();
        file.finding(number, format!("std::{module} reaches outside"))
    }));
    findings
}

/// The forbidden modules behind each `std::`, also in `use std::{fs, io::{self}}`, with their place.
fn std_modules(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("std::") {
        let own_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + "std::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => first_names(group),
            None => identifiers(rest).next().map(|(_, name)| name).into_iter().collect(),
        };
        found.extend(names.into_iter().filter(|name| own_word && STD.contains(name)).map(|name| (at, name)));
    }
    found
}

/// The first name of each path in a group, up to its closing brace.
fn first_names(group: &str) -> Vec<&str> {
    let mut depth = 1;
    let mut start = 0;
    let mut names = Vec::new();
    for (at, c) in group.char_indices() {
        if depth == 1 && matches!(c, ',' | '}') {
            names.extend(identifiers(&group[start..at]).next().map(|(_, name)| name));
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// `1.5`, but neither `x.0.1` (fields) nor `0..5` (a range).
fn float_literal(line: &str) -> Option<&str> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '_';
    for (at, _) in line.match_indices('.') {
        let before = &line[..at];
        let after = &line[at + 1..];
        let start = before.trim_end_matches(is_digit).len();
        let number = before[start..].starts_with(|c: char| c.is_ascii_digit());
        let own = !before[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
        if number && own && after.starts_with(|c: char| c.is_ascii_digit()) {
            let end = at + 1 + after.find(|c: char| !is_digit(c)).unwrap_or(after.len());
            return Some(&line[start..end]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::check;

    fn check_core(text: &str, expected: &[&str]) {
        check(pure_crates, &[("crates/lncontract-core/src/a.rs", text)], expected);
    }

    #[test]
    fn clocks_randomness_and_async_are_found() {
        check_core("async fn f() {}", &["crates/lncontract-core/src/a.rs:1: async brings in async"]);
        check_core("\nuse rand::Rng;", &["crates/lncontract-core/src/a.rs:2: rand brings in randomness"]);
        check_core(
            "x.time(SystemTime::new())",
            &["crates/lncontract-core/src/a.rs:1: SystemTime brings in a clock"],
        );
        check_core("jiff::Timestamp::now()", &["crates/lncontract-core/src/a.rs:1: now() brings in a clock"]);
    }

    #[test]
    fn modules_of_std_that_reach_outside_are_found_in_groups_too() {
        check_core("std::fs::read(x)", &["crates/lncontract-core/src/a.rs:1: std::fs reaches outside"]);
        let found = ["crates/lncontract-core/src/a.rs:1: std::net reaches outside"];
        check_core("use std::{fmt::{self, Write}, net::IpAddr};", &found);
        check_core("use std::{collections::BTreeMap, fmt};", &[]);
    }

    #[test]
    fn floats_are_found_and_fields_and_ranges_are_not() {
        check_core("let x: f64 = y;", &["crates/lncontract-core/src/a.rs:1: f64 brings in a float"]);
        check_core("let x = 100.5;", &["crates/lncontract-core/src/a.rs:1: 100.5 is a float"]);
        check_core("x.0.1 + y[0..5] + 1.max(2)", &[]);
    }

    #[test]
    fn comments_strings_tests_and_other_crates_are_free() {
        check_core("// f64 and async\nlet x = \"tokio 1.5\";\n#[cfg(test)]\nmod tests { use rand; }", &[]);
        check(pure_crates, &[("crates/lncontract-core/src/a/tests.rs", "use rand;")], &[]);
        check(pure_crates, &[("crates/lncontract-app/src/a.rs", "async fn f(x: f64) {}")], &[]);
    }
}
