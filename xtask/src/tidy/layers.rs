//! The map of the crates: who may import whom, and which foreign packages only some may know.
//!
//! Invariant: judged by the manifests, which the compiler enforces: what is not there can't be imported.

use super::tree::{Crate, Finding, Tree};

/// Each crate with its floor and the crates of ours that it may import. A tool stands on no floor.
struct Place {
    name: &'static str,
    floor: u8,
    imports: &'static [&'static str],
}

const PURE: u8 = 0;
const PORT: u8 = 1;
const ADAPTER: u8 = 2;
const SHELL: u8 = 3;
const FACE: u8 = 4;
const EDGE: u8 = 5;

const MAP: &[Place] = &[
    Place {
        name: "lncontract",
        floor: EDGE,
        imports: &[
            "lncontract-app",
            "lncontract-core",
            "lncontract-devchain",
            "lncontract-lightning",
            "lncontract-lightning-ldk",
            "lncontract-lightning-lnd",
            "lncontract-record",
            "lncontract-store",
            "lncontract-web",
        ],
    },
    Place { name: "lncontract-web", floor: FACE, imports: &["lncontract-app", "lncontract-core"] },
    Place {
        name: "lncontract-app",
        floor: SHELL,
        imports: &["lncontract-core", "lncontract-lightning", "lncontract-record", "lncontract-store"],
    },
    Place { name: "lncontract-lightning-ldk", floor: ADAPTER, imports: &["lncontract-lightning"] },
    Place { name: "lncontract-lightning-lnd", floor: ADAPTER, imports: &["lncontract-lightning"] },
    Place { name: "lncontract-devchain", floor: ADAPTER, imports: &["lncontract-lightning"] },
    Place { name: "lncontract-store", floor: PORT, imports: &[] },
    Place { name: "lncontract-lightning", floor: PORT, imports: &[] },
    Place { name: "lncontract-record", floor: PURE, imports: &["lncontract-core"] },
    Place { name: "lncontract-core", floor: PURE, imports: &[] },
    Place { name: "xtask", floor: EDGE, imports: &[] },
];

/// Foreign packages that only the named crates may ask for; `x-*` means all that begin with `x-`.
/// The first line that fits decides.
const KNOWN_TO: &[(&str, &[&str])] = &[
    ("sqlx", &["lncontract-store"]),
    (
        "lightning-invoice",
        &["lncontract-lightning", "lncontract-lightning-ldk", "lncontract-lightning-lnd", "lncontract-app"],
    ),
    ("bitreq", &["lncontract", "lncontract-lightning-ldk"]),
    ("tonic", &["lncontract-lightning-lnd"]),
    ("tonic-*", &["lncontract-lightning-lnd"]),
    ("prost", &["lncontract-lightning-lnd"]),
    ("lightning", &["lncontract-lightning-ldk"]),
    ("lightning-*", &["lncontract-lightning-ldk"]),
    ("bdk_wallet", &["lncontract-lightning-ldk"]),
    ("bitcoinconsensus", &["lncontract-devchain"]),
    ("axum", &["lncontract-web"]),
    ("axum-*", &["lncontract-web"]),
    ("tower-http", &["lncontract-web"]),
    ("askama", &["lncontract-web"]),
    ("clap", &["lncontract"]),
];

/// Packages that tests may use anywhere, and programs only where they end: an error without a type is no
/// answer.
const EDGE_ONLY: &[(&str, &[&str])] = &[("anyhow", &["lncontract", "xtask"])];

/// Rule: a crate imports what the map says. For tests a crate above the pure ones may also use its own floor,
/// those below it, and the adapters: real nodes and chains are what its tests need.
pub fn imports_run_downward(tree: &Tree) -> Vec<Finding> {
    tree.crates.iter().flat_map(imports).collect()
}

fn imports(krate: &Crate) -> Vec<Finding> {
    let Some(place) = place(&krate.name) else {
        return vec![krate.finding("is not on the map of the crates")];
    };
    let ours = krate.needs.iter().filter(|need| need.name == "xtask" || need.name.starts_with("lncontract"));
    let wrong = ours.filter(|need| {
        let allowed = place.imports.contains(&need.name.as_str()) || need.name == krate.name;
        let for_tests =
            need.dev && place.floor > PURE && self::place(&need.name).is_some_and(|to| to.tests(place));
        !allowed && !for_tests
    });
    wrong.map(|need| krate.finding(format!("{} may not import {}", krate.name, need.name))).collect()
}

impl Place {
    /// Whether tests of the other place may use this one.
    fn tests(&self, of: &Place) -> bool {
        self.name != "xtask" && self.floor <= of.floor.max(ADAPTER)
    }
}

fn place(name: &str) -> Option<&'static Place> {
    MAP.iter().find(|place| place.name == name)
}

/// Rule: SQL, a node's API, the script checker, HTTP and the command line are each known to one crate.
pub fn known_to_few(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in &tree.crates {
        for need in &krate.needs {
            let edge_only = EDGE_ONLY.iter().filter(|_| !need.dev);
            let Some((_, by)) =
                KNOWN_TO.iter().chain(edge_only).find(|(package, _)| fits(package, &need.name))
            else {
                continue;
            };
            if !by.contains(&krate.name.as_str()) {
                findings.push(krate.finding(format!("{} is known to {} only", need.name, by.join(", "))));
            }
        }
    }
    findings
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&Tree) -> Vec<Finding>, name: &str, needs: &[&str], expected: &[&str]) {
        let findings = rule(&Tree::sample(&[]).with_crate(name, needs));
        assert_eq!(findings.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_import_upwards_or_sideways_is_found() {
        let rule = imports_run_downward;
        check(rule, "lncontract-record", &["lncontract-core", "serde"], &[]);
        let upwards = ["lncontract-core may not import lncontract-record"];
        check(rule, "lncontract-core", &["lncontract-record"], &upwards);
        let around = ["lncontract-web may not import lncontract-store"];
        check(rule, "lncontract-web", &["lncontract-app", "lncontract-store"], &around);
        let adapter = ["lncontract-app may not import lncontract-lightning-ldk"];
        check(rule, "lncontract-app", &["lncontract-lightning-ldk"], &adapter);
    }

    #[test]
    fn tests_may_use_adapters_but_not_what_stands_above() {
        let rule = imports_run_downward;
        check(rule, "lncontract-app", &["dev:lncontract-devchain", "dev:lncontract-lightning-ldk"], &[]);
        check(rule, "lncontract-lightning-ldk", &["dev:lncontract-devchain"], &[]);
        let above = ["lncontract-store may not import lncontract-app"];
        check(rule, "lncontract-store", &["dev:lncontract-app"], &above);
        let pure = ["lncontract-core may not import lncontract-devchain"];
        check(rule, "lncontract-core", &["dev:lncontract-devchain"], &pure);
    }

    #[test]
    fn a_crate_that_nobody_put_on_the_map_is_found() {
        check(imports_run_downward, "lncontract-utils", &[], &["is not on the map of the crates"]);
    }

    #[test]
    fn sql_a_nodes_api_and_http_are_each_known_to_one_crate() {
        let rule = known_to_few;
        check(rule, "lncontract-store", &["sqlx"], &[]);
        check(rule, "lncontract-app", &["sqlx"], &["sqlx is known to lncontract-store only"]);
        let ldk = ["lightning-net-tokio is known to lncontract-lightning-ldk only"];
        check(rule, "lncontract-app", &["lightning-invoice", "dev:lightning-net-tokio"], &ldk);
        check(rule, "lncontract-app", &["axum"], &["axum is known to lncontract-web only"]);
    }

    #[test]
    fn errors_without_a_type_stay_at_the_edge_and_in_tests() {
        check(known_to_few, "lncontract", &["anyhow"], &[]);
        check(known_to_few, "lncontract-app", &["dev:anyhow"], &[]);
        check(known_to_few, "lncontract-app", &["anyhow"], &["anyhow is known to lncontract, xtask only"]);
    }
}
