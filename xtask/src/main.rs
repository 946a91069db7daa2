//! The project's own tasks: one file per command, each with `HELP` and `run`. Nothing to install first.
//!
//! Invariant: a command that could not do what its name says ends with an error, never with "ok".
//! May start cargo, git, apt-get, dpkg, npm and tar; writes only below the target folder. It knows no other crate.

mod advisories;
mod args;
mod bench;
mod check;
mod ci;
mod deny;
mod e2e;
mod model;
mod shell;
mod shots;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

/// A command: its name, its help (the first line stands in the list) and what it does.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

const TASKS: &[Task] = &[
    Task { name: "check", help: check::HELP, run: check::run },
    Task { name: "tidy", help: tidy::HELP, run: tidy::run },
    Task { name: "deny", help: deny::HELP, run: deny::run },
    Task { name: "test", help: test::HELP, run: test::run },
    Task { name: "model", help: model::HELP, run: model::run },
    Task { name: "e2e", help: e2e::HELP, run: e2e::run },
    Task { name: "shots", help: shots::HELP, run: shots::run },
    Task { name: "bench", help: bench::HELP, run: bench::run },
    Task { name: "advisories", help: advisories::HELP, run: advisories::run },
    Task { name: "ci", help: ci::HELP, run: ci::run },
];

/// Exit codes: 0 done, 1 the command failed, 2 there is no such command.
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = args.first().filter(|name| !is_help(name)) else {
        print_list();
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("there is no command {name}; these are there:");
        print_list();
        return ExitCode::from(2);
    };
    if args[1..].iter().any(|arg| is_help(arg)) {
        println!("cargo xtask {}: {}", task.name, task.help);
        return ExitCode::SUCCESS;
    }
    match (task.run)(&args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_help(arg: &str) -> bool {
    matches!(arg, "help" | "-h" | "--help")
}

fn print_list() {
    println!("cargo xtask COMMAND (COMMAND --help tells more)\n");
    for task in TASKS {
        println!("  {:<11} {}", task.name, task.help.lines().next().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_says_in_one_short_line_what_it_does() {
        for task in TASKS {
            let line = task.help.lines().next().unwrap_or_default();
            assert!((10..=100).contains(&line.len()), "{}: {line:?}", task.name);
        }
    }
}
