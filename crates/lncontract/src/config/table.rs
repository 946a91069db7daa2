//! The table of options in docs/configuration.md, from the flags themselves. A test holds the two together.

use clap::{Arg, Command};

use crate::say::say;

/// Prints the table of `serve`'s options. Returns the exit code.
pub fn run(mut program: Command) -> u8 {
    // Options of all commands come to each of them only then.
    program.build();
    let serve = program.find_subcommand("serve").expect("the program has the command serve");
    say!("{}", table(serve).trim_end());
    0
}

/// One line for each option: flag, variable, key of the file, what it says.
fn table(command: &Command) -> String {
    let mut lines = String::from("| Flag | Variable | In the file | What it is |\n|---|---|---|---|\n");
    for arg in command.get_arguments().filter(|arg| arg.get_id() != "help" && arg.get_id() != "version") {
        lines.push_str(&line(arg));
    }
    lines
}

fn line(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    let takes = arg.get_action().takes_values();
    let value =
        arg.get_value_names().filter(|_| takes).map(|names| format!(" {}", names[0])).unwrap_or_default();
    let variable = arg.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
    // The file can't name itself, and the log and the form of the output belong to one call.
    let key = if matches!(long, "config" | "log" | "json") { String::new() } else { format!("`{long}`") };
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
    let choices: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|_| takes)
        .map(|choice| {
            format!(
                "`{}`: {}",
                choice.get_name(),
                choice.get_help().map(ToString::to_string).unwrap_or_default()
            )
        })
        .collect();
    if !choices.is_empty() {
        help = format!("{help}; {}", choices.join(", "));
    }
    format!("| `--{long}{value}` | {variable} | {key} | {help} |\n")
}
