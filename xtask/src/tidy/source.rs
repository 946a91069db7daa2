//! Rust source without what only people read: comments, and the insides of strings and characters.
//!
//! Invariant: the result has as many lines as the text, so a place in one is the same place in the other.

/// The text with comments and literals blanked. Quotes stay, so that `b"x"` is still something between
/// quotes.
pub fn code(text: &str) -> String {
    let mut blanker =
        Blanker { chars: text.chars().collect(), at: 0, out: String::with_capacity(text.len()) };
    while let Some(next) = blanker.peek(0) {
        match next {
            '/' if blanker.peek(1) == Some('/') => blanker.blank_while(|b| b.peek(0) != Some('\n')),
            '/' if blanker.peek(1) == Some('*') => blanker.block_comment(),
            '"' => blanker.string(),
            'r' if blanker.raw_hashes().is_some() => blanker.raw_string(),
            '\'' => blanker.quote(),
            _ => blanker.keep(),
        }
    }
    blanker.out
}

/// The code up to the tests at the end of the file: `#[cfg(test)]` with a module behind it.
pub fn without_tests(code: &str) -> &str {
    let mut end = code.len();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let after = code[at..].trim_start_matches("#[cfg(test)]").trim_start();
        if after.starts_with("mod ") {
            end = end.min(at);
        }
    }
    &code[..end]
}

/// The identifiers of a line with the byte they start at.
pub fn identifiers(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words = line.split(move |c| !is_part(c)).filter(|word| !word.is_empty());
    words.map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

struct Blanker {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Blanker {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        self.out.extend(self.peek(0));
        self.at += 1;
    }

    fn blank(&mut self) {
        let blank = if self.peek(0) == Some('\n') { '\n' } else { ' ' };
        self.out.push(blank);
        self.at += 1;
    }

    fn blank_while(&mut self, more: impl Fn(&Self) -> bool) {
        while self.at < self.chars.len() && more(self) {
            self.blank();
        }
    }

    /// Rust's block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            let pair = (self.peek(0), self.peek(1));
            match pair {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while let Some(next) = self.peek(0) {
            match next {
                '"' => return self.keep(),
                '\\' => {
                    self.blank();
                    self.blank();
                }
                _ => self.blank(),
            }
        }
    }

    /// How many `#` stand between an `r` that begins a literal and its quote.
    fn raw_hashes(&self) -> Option<usize> {
        let before = self.at.checked_sub(1).map(|before| self.chars[before]);
        let inside_word = before.is_some_and(|c| (c.is_alphanumeric() && c != 'b' && c != 'c') || c == '_');
        let hashes = self.chars[self.at + 1..].iter().take_while(|c| **c == '#').count();
        (!inside_word && self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_hashes().expect("the caller has seen that a raw string begins here");
        (0..hashes + 2).for_each(|_| self.keep());
        let closes =
            |b: &Self| b.peek(0) == Some('"') && (1..=hashes).all(|ahead| b.peek(ahead) == Some('#'));
        self.blank_while(|b| !closes(b));
        (0..=hashes).for_each(|_| self.keep());
    }

    /// A character, or the tick of a lifetime.
    fn quote(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            return self.keep();
        }
        self.keep();
        self.blank();
        if escaped {
            self.blank();
        }
        self.blank_while(|b| b.peek(0) != Some('\''));
        self.keep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(code(text), expected);
    }

    #[test]
    fn comments_are_blanked_and_lines_stay() {
        check("a // f64\nb", "a       \nb");
        check("a /* x /* y */\n z */ b", "a             \n      b");
    }

    #[test]
    fn the_insides_of_literals_are_blanked() {
        check(r#"f("a\"f64", 'x', '\'', b"y")"#, r#"f("      ", ' ', '  ', b" ")"#);
        check("r#\"f64 \"quoted\" \"# z", "r#\"             \"# z");
        check("for\"x\"", "for\" \"");
    }

    #[test]
    fn a_lifetime_is_no_character() {
        check("&'a str, &'static f64", "&'a str, &'static f64");
    }

    #[test]
    fn tests_at_the_end_are_cut_off_and_test_helpers_are_not() {
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\nf64"), "a\n");
        assert_eq!(without_tests("a\n#[cfg(test)]\nfn helper() {}"), "a\n#[cfg(test)]\nfn helper() {}");
    }

    #[test]
    fn identifiers_are_whole_words() {
        let words: Vec<_> = identifiers("x: buf64<f64>").collect();
        assert_eq!(words, [(0, "x"), (3, "buf64"), (9, "f64")]);
    }
}
