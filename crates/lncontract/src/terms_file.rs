//! A terms file (TOML): whole terms, or the draft of a template, read and checked.
//!
//! Invariant: reads one file and knows no rule of a contract: `lncontract-core` judges, every fault by its path.

use std::path::Path;

use anyhow::{Context, bail};
use lncontract_core::{
    Fault, check_terms,
    template::{Named, Template, supply::Supply},
    v1::Terms,
};

/// Reads the terms of a file.
///
/// # Errors
/// When the file can't be read (with line and column), or what it says is no contract: every fault, a line each.
pub fn read(file: &Path) -> anyhow::Result<Terms> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the terms file {}", file.display()))?;
    parse(&text).with_context(|| format!("the terms file {}", file.display()))
}

fn parse(text: &str) -> anyhow::Result<Terms> {
    let Named { template } = toml::from_str(text)?;
    let judged = match template {
        Some(Template::Supply) => toml::from_str::<Supply>(text)?.check(),
        None => {
            let terms: Terms = toml::from_str(text)?;
            check_terms(&terms).map(|()| terms)
        }
    };
    match judged {
        Ok(terms) => Ok(terms),
        Err(faults) => bail!("{}", told(&faults)),
    }
}

fn told(faults: &[Fault]) -> String {
    let many = if faults.len() == 1 {
        "it has a fault".to_owned()
    } else {
        format!("it has {} faults", faults.len())
    };
    faults.iter().fold(many, |text, fault| format!("{text}\n  {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../examples/terms/1-worked-example.toml");

    #[test]
    fn a_draft_and_the_whole_terms_that_it_makes_are_the_same_contract() {
        let terms = parse(EXAMPLE).unwrap();
        assert_eq!(terms.total.0, 150_000_000);
        let whole = toml::to_string(&terms).unwrap();
        assert_eq!(parse(&whole).unwrap(), terms);
    }

    #[test]
    fn every_fault_is_told_by_its_path_and_all_at_once() {
        let wrong = EXAMPLE
            .replace("amount = 25_000_000\n", "amount = 24_000_000\n")
            .replace("stages = [\"subsystem-testing\"]", "stages = [\"nonsense\"]");
        let told = parse(&wrong).unwrap_err().to_string();
        assert!(
            told.contains("faults") && told.contains("funding[3]") && told.contains("nonsense"),
            "{told}"
        );
        assert!(told.contains("total"), "{told}");
    }

    #[test]
    fn what_is_no_toml_or_has_a_word_too_many_is_told_with_its_line() {
        let told = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(told("template = ").contains("line 1"));
        assert!(told(&EXAMPLE.replace("grace_hours", "grace_minutes")).contains("grace_minutes"));
        assert!(told(&EXAMPLE.replace("amount = 25_000_000", "amount = 25.5")).contains("whole satoshi"));
    }
}
