//! The list on packages that are made up: each kind of refusal, and what is let through.

use super::*;
use crate::workspace::{Node, Resolve};

const POLICY: &str = r#"
    [licenses]
    version = 2
    allow = ["MIT"]
    exceptions = [{ crate = "driver", allow = ["MPL-2.0"] }]
    [bans]
    multiple-versions = "warn"
    deny = [{ crate = "chrono", wrappers = ["liquidity"], reason = "jiff" }]
    [sources]
    unknown-registry = "deny"
    unknown-git = "deny"
    allow-registry = ["https://registry"]
"#;

fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
    Package {
        id: name.to_owned(),
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: license.map(str::to_owned),
        source: source.map(str::to_owned),
        manifest_path: "Cargo.toml".into(),
        dependencies: vec![],
    }
}

fn listed(name: &str) -> Package {
    package(name, Some("MIT"), Some("registry+https://registry"))
}

fn metadata(packages: Vec<Package>, edges: &[(&str, &str)]) -> Metadata {
    let node = |(by, brings): &(&str, &str)| Node { id: (*by).into(), dependencies: vec![(*brings).into()] };
    let resolve = Resolve { nodes: edges.iter().map(node).collect() };
    Metadata { packages, workspace_members: vec!["ours".into()], target_directory: "t".into(), resolve }
}

fn check(packages: Vec<Package>, expected: &[&str]) {
    assert_eq!(refusals(POLICY, &metadata(packages, &[])).unwrap(), expected);
}

#[test]
fn packages_on_the_list_pass() {
    check(vec![package("ours", Some("MIT"), None), listed("a")], &[]);
}

#[test]
fn a_licence_that_is_not_listed_or_missing_is_refused() {
    let gpl = package("a", Some("GPL-3.0"), Some("registry+https://registry"));
    check(vec![gpl], &["licence: a 1.0.0: GPL-3.0 is not on the list"]);
    let none = package("a", None, Some("registry+https://registry"));
    check(vec![none], &["licence: a 1.0.0: its manifest names none"]);
}

#[test]
fn an_exception_holds_for_its_package_only() {
    let mpl = |name| package(name, Some("MPL-2.0"), Some("registry+https://registry"));
    check(vec![mpl("driver"), mpl("other")], &["licence: other 1.0.0: MPL-2.0 is not on the list"]);
}

#[test]
fn git_other_registries_and_foreign_folders_are_refused() {
    let from = |source| package("a", Some("MIT"), source);
    check(vec![from(Some("git+https://forge/a"))], &["source: a 1.0.0 comes from git+https://forge/a"]);
    check(vec![from(Some("registry+https://x"))], &["source: a 1.0.0 comes from registry+https://x"]);
    check(vec![from(None)], &["source: a 1.0.0 comes from a folder outside the workspace"]);
}

#[test]
fn a_banned_package_is_refused_unless_its_wrapper_brings_it() {
    let packages = || vec![listed("a"), listed("liquidity"), listed("chrono")];
    let check = |by: &str, expected: &[&str]| {
        assert_eq!(refusals(POLICY, &metadata(packages(), &[(by, "chrono")])).unwrap(), expected);
    };
    check("liquidity", &[]);
    check("a", &["ban: chrono is brought by a: jiff"]);
}

#[test]
fn a_setting_that_is_not_understood_is_an_error() {
    let more = POLICY.replace("[bans]", "[bans]\nskip = [\"a\"]");
    assert!(refusals(&more, &metadata(vec![], &[])).is_err());
}
