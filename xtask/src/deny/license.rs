//! SPDX licence expressions (SPDX specification 2.3, annex D): `OR`, `AND`, `WITH` and parentheses.
//!
//! Invariant: what can't be parsed is never satisfied. The old `MIT/Apache-2.0` counts as `OR`, as crates.io
//! meant it.

/// Whether the allowed licences satisfy the expression; none if it is no expression.
pub fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), at: 0, allowed };
    let satisfied = parser.any()?;
    (parser.at == parser.words.len()).then_some(satisfied)
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn take(&mut self, word: &str) -> bool {
        let there = self.words.get(self.at) == Some(&word);
        self.at += usize::from(there);
        there
    }

    fn any(&mut self) -> Option<bool> {
        let mut satisfied = self.all()?;
        while self.take("OR") {
            satisfied |= self.all()?;
        }
        Some(satisfied)
    }

    fn all(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let satisfied = self.any()?;
            return self.take(")").then_some(satisfied);
        }
        let id = self.name()?;
        if self.take("WITH") {
            let exception = self.name()?;
            return Some((self.allowed)(&format!("{id} WITH {exception}")));
        }
        Some((self.allowed)(id))
    }

    fn name(&mut self) -> Option<&'a str> {
        let name = *self.words.get(self.at)?;
        self.at += 1;
        (!matches!(name, "OR" | "AND" | "WITH" | "(" | ")")).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: Option<bool>) {
        let allowed = |id: &str| ["MIT", "Apache-2.0", "BSD-3-Clause", "X WITH Y"].contains(&id);
        assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
    }

    #[test]
    fn expressions_are_judged_as_spdx_says() {
        check("MIT", Some(true));
        check("GPL-3.0", Some(false));
        check("GPL-3.0 OR MIT", Some(true));
        check("Unlicense/MIT", Some(true));
        check("MIT AND GPL-3.0", Some(false));
        check("MIT AND BSD-3-Clause", Some(true));
        check("GPL-3.0 OR MIT AND GPL-2.0", Some(false));
        check("(GPL-3.0 OR MIT) AND Apache-2.0", Some(true));
    }

    #[test]
    fn a_licence_with_an_exception_is_another_licence() {
        check("MIT WITH Z", Some(false));
        check("X WITH Y", Some(true));
        check("X WITH Z OR MIT", Some(true));
    }

    #[test]
    fn nonsense_is_no_expression() {
        for nonsense in ["", "OR", "MIT OR", "MIT MIT", "(MIT", "MIT)", "MIT WITH"] {
            check(nonsense, None);
        }
    }
}
