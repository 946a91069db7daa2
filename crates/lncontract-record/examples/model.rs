//! Searches the protocol to a bound: `model [--group NAME|every] [--entries N]`.
//! `--rule buyer-first|arrival|no-timeouts` searches a wrong order instead, to see that the search finds it
//! wrong. Without a bound it is 2 entries a side. Prints states, depth and seconds for each group and which of
//! the design's crossings were met, and ends with 1 if a property is broken or a crossing was not met.

use std::{process::ExitCode, time::Instant};

use stateright::{Checker, Model};

#[path = "../tests/model/chains.rs"]
mod chains;
#[path = "../tests/model/crossings.rs"]
mod crossings;
#[path = "../tests/model/moves.rs"]
mod moves;
#[path = "../tests/model/outline.rs"]
mod outline;
#[path = "../tests/model/search.rs"]
mod search;
#[path = "../tests/model/starts.rs"]
mod starts;

use moves::Group;
use search::{Rule, Search};

const GROUPS: [(&str, Group); 8] = [
    ("pen", Group::Pen),
    ("performance", Group::Performance),
    ("payments", Group::Payments),
    ("channels", Group::Channels),
    ("release", Group::Release),
    ("amendment", Group::Amendment),
    ("silence", Group::Silence),
    ("all", Group::All),
];

const RULES: [(&str, Rule); 4] = [
    ("right", Rule::Right),
    ("buyer-first", Rule::BuyerFirst),
    ("arrival", Rule::Arrival),
    ("no-timeouts", Rule::NoTimeouts),
];

const USAGE: &str =
    "usage: model [--group NAME|every] [--entries N] [--rule right|buyer-first|arrival|no-timeouts]";

/// What the command line asks for.
struct Arguments {
    groups: Vec<(&'static str, Group)>,
    entries: usize,
    rule: Rule,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Arguments { groups, entries, rule } = arguments;
    let broken =
        groups.into_iter().filter(|&(name, group)| !search_group(name, group, rule, entries)).count();
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { groups: GROUPS.to_vec(), entries: 2, rule: Rule::Right };
    while let Some(flag) = words.next() {
        let value = words.next()?;
        match flag.as_str() {
            "--group" if value == "every" => arguments.groups = GROUPS.to_vec(),
            "--group" => arguments.groups = vec![*GROUPS.iter().find(|(name, _)| *name == value)?],
            "--entries" => arguments.entries = value.parse().ok()?,
            "--rule" => arguments.rule = RULES.iter().find(|(name, _)| *name == value)?.1,
            _ => return None,
        }
    }
    Some(arguments)
}

/// Searches one group and prints what was found; returns whether all held.
fn search_group(name: &str, group: Group, rule: Rule, entries: usize) -> bool {
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Depth first: the worlds that wait stay few, and no path is longer than the entries of both.
    let checker =
        Search::new(group, rule, entries, group.days()).checker().threads(threads).spawn_dfs().join();
    let (states, tried, sets) =
        (checker.unique_state_count(), checker.model().tried(), checker.state_count());
    let (depth, seconds) = (checker.max_depth(), begun.elapsed().as_secs());
    println!(
        "{name}: {entries} entries a side, {states} states, {tried} entries tried, {sets} ways, depth {depth}, {seconds} s"
    );
    let mut holds = true;
    for property in checker.model().properties() {
        if let Some(path) = checker.discovery(property.name) {
            holds = false;
            println!("  broken: {}", property.name);
            path.into_actions().iter().for_each(|action| println!("    {action:?}"));
        }
    }
    for (crossing, count) in checker.model().crossed() {
        let due = crossing.is_due(group, entries);
        if due || count > 0 {
            println!("  {count:>10} x {}", crossing.name);
        }
        if due && count == 0 && rule == Rule::Right {
            holds = false;
            println!("  never met, so never tried");
        }
    }
    holds
}
