//! docs/configuration.md says what the flags say: its table is made from them and compared here.

use std::process::Command;

const BEGIN: &str = "<!-- config-table -->\n";
const END: &str = "<!-- end -->";

fn table() -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_lncontract")).arg("config-table").output();
    let made = made.expect("the program was built");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("a table is text")
}

#[test]
fn the_table_of_options_is_the_one_of_the_flags() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = std::fs::read_to_string(page).expect("docs/configuration.md is there");
    let (_, from) = page.split_once(BEGIN).expect("the page marks where its table begins");
    let (found, _) = from.split_once(END).expect("the page marks where its table ends");
    assert_eq!(
        found,
        table(),
        "docs/configuration.md is stale: put what `lncontract config-table` prints between its marks"
    );
}

#[test]
fn every_option_of_serve_stands_in_the_table_with_its_variable() {
    let help = Command::new(env!("CARGO_BIN_EXE_lncontract")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let table = table();
    let flags = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let flags: Vec<&str> = flags.filter_map(|line| line.split([' ', ',']).next()).collect();
    assert!(flags.len() > 10, "{flags:?}");
    for flag in flags.into_iter().filter(|flag| !matches!(*flag, "log" | "json" | "help")) {
        let variable = format!("`LNCONTRACT_{}`", flag.replace('-', "_").to_uppercase());
        let line = table.lines().find(|line| line.contains(&format!("`--{flag}"))).unwrap_or_default();
        assert!(line.contains(&variable), "--{flag}: {line}");
    }
}
