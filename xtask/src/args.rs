//! The flags of a command: long names only, taken one by one; what is left over is an error.
//!
//! Invariant: an argument that no command took is never ignored.

use anyhow::{Result, bail};

/// Arguments that have not been taken yet.
pub struct Args {
    left: Vec<String>,
}

impl Args {
    /// Starts with all of them.
    pub fn new(args: &[String]) -> Self {
        Self { left: args.to_vec() }
    }

    /// Takes a flag without a value; says whether it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.left.len();
        self.left.retain(|arg| arg != name);
        self.left.len() < before
    }

    /// Takes a flag with its value (`--seed 7`).
    pub fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.left.iter().position(|arg| arg == name) else { return Ok(None) };
        if at + 1 == self.left.len() {
            bail!("{name} needs a value");
        }
        self.left.remove(at);
        Ok(Some(self.left.remove(at)))
    }

    /// Takes the first argument if it is no flag.
    pub fn word(&mut self) -> Option<String> {
        let word = self.left.first().is_some_and(|arg| !arg.starts_with('-'));
        word.then(|| self.left.remove(0))
    }

    /// Refuses what is left.
    pub fn finish(self) -> Result<()> {
        match self.left.first() {
            Some(arg) => bail!("{arg} is not known here; --help lists what is"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_values_and_words_are_taken_in_any_order() {
        let mut args = args("build --entries 4 --ci");
        assert!(args.flag("--ci") && !args.flag("--fast"));
        assert_eq!(args.value("--entries").unwrap().as_deref(), Some("4"));
        assert_eq!(args.word().as_deref(), Some("build"));
        args.finish().unwrap();
    }

    #[test]
    fn a_flag_that_nobody_took_is_refused() {
        assert!(args("--fats").finish().unwrap_err().to_string().contains("--fats"));
    }

    #[test]
    fn a_value_that_is_missing_is_refused() {
        assert!(args("--entries").value("--entries").is_err());
    }
}
