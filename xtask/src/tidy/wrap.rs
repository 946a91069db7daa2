//! `tidy --fix`: breaks comment lines that are too long; what does not fit flows into the next line.
//!
//! Invariant: changes whole-line comments only, and only where a line is too long. Fenced code, tables and
//! lines without a place to break stay.

/// Where a comment is broken: as wide as rustfmt.toml lets code be.
const WRAP_AT: usize = 110;

/// A rest of fewer columns looks lost on a line of its own.
const SHORT: usize = 30;

/// The text with its long comment lines broken.
pub fn wrap(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut fenced = false;
    let mut at = 0;
    while at < lines.len() {
        if let Some((prefix, words)) = comment(&lines[at]) {
            fenced ^= words.starts_with("```");
            if !fenced && !words.starts_with('|') {
                break_line(&mut lines, at, &prefix);
            }
        }
        at += 1;
    }
    let mut wrapped = lines.join("\n");
    if text.ends_with('\n') {
        wrapped.push('\n');
    }
    wrapped
}

/// Indent and sign of a whole-line comment with one space, and its words.
fn comment(line: &str) -> Option<(String, &str)> {
    let indent = line.len() - line.trim_start().len();
    let sign = ["//! ", "/// ", "// "].into_iter().find(|sign| line[indent..].starts_with(sign))?;
    let (prefix, words) = line.split_at(indent + sign.len());
    Some((prefix.to_owned(), words))
}

/// Moves the words beyond the last column into the next line, if that goes on with the same paragraph, else
/// into a line of their own.
fn break_line(lines: &mut Vec<String>, at: usize, prefix: &str) {
    if lines[at].chars().count() <= WRAP_AT {
        return;
    }
    let limit = lines[at].char_indices().nth(WRAP_AT + 1).map_or(lines[at].len(), |(byte, _)| byte);
    let words_start = prefix.len() + usize::from(lines[at][prefix.len()..].starts_with("- ")) * 2;
    let Some(space) = lines[at][..limit].rfind(' ').filter(|space| *space > words_start) else { return };
    let hanging =
        if words_start > prefix.len() || lines[at][prefix.len()..].starts_with("  ") { "  " } else { "" };
    let goes_on = next_words(lines, at, prefix, hanging);
    let space = if goes_on.is_none() { clause_end(&lines[at], space) } else { space };
    let rest = lines[at].split_off(space).trim_start().to_owned();
    match goes_on {
        Some(words) => lines[at + 1] = format!("{prefix}{hanging}{rest} {words}"),
        None => lines.insert(at + 1, format!("{prefix}{hanging}{rest}")),
    }
}

/// The words of the next line, if it goes on with the same paragraph.
fn next_words(lines: &[String], at: usize, prefix: &str, hanging: &str) -> Option<String> {
    let (next_prefix, words) = comment(lines.get(at + 1)?)?;
    let words = words.strip_prefix(hanging).unwrap_or(words);
    let plain =
        words.starts_with(|c: char| c.is_alphanumeric() || "(\"_[`".contains(c)) && !words.starts_with("```");
    (next_prefix == prefix && plain).then(|| words.to_owned())
}

/// Where to break a line whose rest would be a few words: behind the last clause of its second half,
/// if there is one.
fn clause_end(line: &str, space: usize) -> usize {
    if line.len() - space > SHORT {
        return space;
    }
    let clauses = line.match_indices(' ').map(|(at, _)| at).take_while(|at| *at < space);
    let ends = clauses.filter(|at| *at > WRAP_AT / 2 && line[..*at].ends_with(['.', ';', ':', ',']));
    ends.last().unwrap_or(space)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(wrap(text), expected);
    }

    fn words(count: usize) -> String {
        vec!["four"; count].join(" ")
    }

    #[test]
    fn a_long_comment_goes_on_in_a_line_of_its_own() {
        check(&format!("/// {}\nfn a();\n", words(22)), &format!("/// {}\n/// four\nfn a();\n", words(21)));
        check(&format!("    // - {}\n", words(21)), &format!("    // - {}\n    //   four\n", words(20)));
    }

    #[test]
    fn a_short_rest_takes_its_clause_along() {
        let clause = format!("/// {}, and four two\n", words(20));
        check(&clause, &format!("/// {},\n/// and four two\n", words(20)));
    }

    #[test]
    fn what_is_left_over_flows_into_the_paragraph() {
        check(
            &format!("//! {}\n//! next one\n", words(22)),
            &format!("//! {}\n//! four next one\n", words(21)),
        );
        let list = format!("//! {}\n//! - next\n", words(22));
        check(&list, &format!("//! {}\n//! four\n//! - next\n", words(21)));
    }

    #[test]
    fn code_tables_fences_and_lines_that_fit_stay() {
        for text in [
            format!("let a = \"{}\";\n", words(30)),
            format!("/// | {} |\n", words(30)),
            format!("/// ```text\n/// {}\n/// ```\n", words(30)),
            format!("/// {}\n/// b\n", words(21)),
            format!("/// {}\n", "x".repeat(200)),
        ] {
            check(&text, &text);
        }
    }
}
