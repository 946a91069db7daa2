//! Counts tests from what the test programs print.
//!
//! Invariant: counts what ran, from the programs' own closing lines; the exit code of cargo decides, not the
//! count.

use std::fmt;

/// What ran.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    passed: u64,
    failed: u64,
    programs: u64,
    named: Vec<String>,
    /// Seconds of wall time, building included.
    pub seconds: u64,
}

impl Count {
    /// Takes one line of output.
    pub fn line(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.programs += 1;
            self.passed += number_before(result, " passed");
            self.failed += number_before(result, " failed");
            return;
        }
        let test = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "));
        if let Some((name, "ok" | "FAILED")) = test {
            self.named.push(name.to_owned());
        }
    }

    /// How many tests ran that have this in their name.
    pub fn named(&self, part: &str) -> usize {
        self.named.iter().filter(|name| name.contains(part)).count()
    }
}

/// The number in front of a word: `ok. 12 passed; 0 failed; ...`.
fn number_before(result: &str, word: &str) -> u64 {
    let before = result.split(word).next().filter(|before| before.len() < result.len());
    before.and_then(|before| before.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, programs, seconds, .. } = self;
        write!(f, "{passed} tests passed, {failed} failed, in {programs} test programs, {seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut count = Count::default();
        for line in [
            "running 2 tests",
            "test a::real_bitcoind_is_there ... ok",
            "test b ... FAILED",
            "test c ... ignored",
            "test result: FAILED. 11 passed; 1 failed; 1 ignored; 0 measured; 3 filtered out",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            count.line(line);
        }
        count.seconds = 7;
        assert_eq!(count.to_string(), "13 tests passed, 1 failed, in 2 test programs, 7 s");
        assert_eq!(
            (count.named("real_bitcoind"), count.named("real_chromium"), count.named("c ")),
            (1, 0, 0)
        );
    }
}
