//! `model`: the model check of the record's own functions, group by group.
//!
//! Invariant: the checker is an example of the record's crate and links its very functions, not a copy.

use anyhow::Result;

use crate::args::Args;
use crate::shell;

/// Shown by `cargo xtask`.
pub const HELP: &str = "the model check of the record: --ci for bounded numbers, or --group G --entries N

Groups of kinds: pen; performance; payments; channels; release; amendment; silence; all. --ci: the bounds that are
searched to their end in minutes (every group with 4 entries a side, all kinds together with 2). Without a flag: small
groups further. Each prints states, depth and seconds, and how often the design's concurrent pairs were met; a
counterexample is a failure, and so is a pair that never was.";

/// Group, entries a side in CI, entries a side otherwise. The longest first.
const GROUPS: &[(&str, &str, &str)] = &[
    ("pen", "4", "4"),
    ("performance", "4", "4"),
    ("all", "2", "2"),
    ("payments", "4", "6"),
    ("channels", "4", "4"),
    ("release", "4", "4"),
    ("amendment", "4", "5"),
    ("silence", "4", "5"),
];

/// Runs one group, or the list.
pub fn run(args: &[String]) -> Result<()> {
    let mut args = Args::new(args);
    let bounded = args.flag("--ci");
    let group = args.value("--group")?;
    let entries = args.value("--entries")?;
    args.finish()?;
    if let Some(group) = group {
        let named = GROUPS.iter().find(|(name, ..)| *name == group);
        let bounded = named.map_or("2", |(_, bounded, _)| *bounded);
        return check(&group, entries.as_deref().unwrap_or(bounded));
    }
    anyhow::ensure!(entries.is_none(), "--entries needs --group");
    GROUPS.iter().try_for_each(|(group, few, all)| check(group, if bounded { few } else { all }))
}

/// Optimised: the search is all computing.
fn check(group: &str, entries: &str) -> Result<()> {
    let mut command = shell::cargo()?;
    command.args(["run", "--quiet", "--release", "-p", "lncontract-record", "--example", "model", "--"]);
    shell::run(command.args(["--group", group, "--entries", entries]))
}
