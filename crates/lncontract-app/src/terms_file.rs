//! A terms file (TOML): whole terms, or the draft of a template, read, checked and written. The pages and the commands
//! read it here, so that both make the same terms.
//!
//! Invariant: knows no rule of a contract: `lncontract-core` judges, every fault by its path in the file.

use lncontract_core::{
    Fault, Faults, check_terms,
    coverage::Limits,
    plan::{Unpayable, unpayable},
    template::{Named, Template, supply::Supply},
    v1::Terms,
};

/// What a terms file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermsFile {
    /// The draft of a supply contract.
    Supply(Box<Supply>),
    /// Whole terms.
    Whole(Box<Terms>),
}

/// Why there are no terms.
#[derive(Debug, thiserror::Error)]
pub enum TermsFileError {
    /// No TOML, or not in one of the two forms; says line and column.
    #[error("it can't be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// What it says is no contract.
    #[error(transparent)]
    Faults(Faults),
}

impl TermsFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it can't be read, with line and column.
    pub fn read(text: &str) -> Result<Self, TermsFileError> {
        let Named { template } = toml::from_str(text)?;
        Ok(match template {
            Some(Template::Supply) => Self::Supply(toml::from_str(text)?),
            None => Self::Whole(toml::from_str(text)?),
        })
    }

    /// Returns the terms with whatever is wrong with them.
    pub fn terms(&self) -> (Terms, Vec<Fault>) {
        match self {
            Self::Supply(draft) => (draft.terms(), draft.check().err().unwrap_or_default()),
            Self::Whole(terms) => ((**terms).clone(), check_terms(terms).err().unwrap_or_default()),
        }
    }
}

/// Returns what the funding plan of a file without faults can never pay, each by its path in the file.
///
/// # Errors
/// When it can't be read.
pub fn never_payable(text: &str) -> Result<Vec<Unpayable>, TermsFileError> {
    let limits = Limits::default();
    Ok(match TermsFile::read(text)? {
        TermsFile::Supply(draft) => draft.unpayable(&limits),
        TermsFile::Whole(terms) => unpayable(&terms, &limits),
    })
}

/// Reads the text of a file to terms that have no fault in themselves.
///
/// # Errors
/// When it can't be read, or what it says is no contract: every fault by its path.
pub fn read(text: &str) -> Result<Terms, TermsFileError> {
    match TermsFile::read(text)?.terms() {
        (terms, faults) if faults.is_empty() => Ok(terms),
        (_, faults) => Err(TermsFileError::Faults(Faults(faults))),
    }
}

/// Writes a draft as a file. It reads back to the same draft.
///
/// # Errors
/// When a number in it is larger than a file can hold.
pub fn write_draft(draft: &Supply) -> Result<String, toml::ser::Error> {
    toml::to_string(draft)
}

/// Writes whole terms as a file. It reads back to the same terms.
///
/// # Errors
/// When a number in them is larger than a file can hold.
pub fn write_terms(terms: &Terms) -> Result<String, toml::ser::Error> {
    toml::to_string(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 3] = [
        include_str!("../../../examples/terms/1-worked-example.toml"),
        include_str!("../../../examples/terms/2-uneven-deliveries.toml"),
        include_str!("../../../examples/terms/3-deposit-returned.toml"),
    ];

    #[test]
    fn a_draft_and_the_whole_terms_that_it_makes_are_the_same_contract() {
        for file in FILES {
            let terms = read(file).unwrap();
            assert_eq!(read(&write_terms(&terms).unwrap()).unwrap(), terms);
        }
    }

    #[test]
    fn a_draft_that_is_written_reads_back_as_it_was() {
        for file in FILES {
            let TermsFile::Supply(draft) = TermsFile::read(file).unwrap() else { panic!("no draft: {file}") };
            let again = TermsFile::read(&write_draft(&draft).unwrap()).unwrap();
            assert_eq!(again, TermsFile::Supply(draft));
        }
    }

    #[test]
    fn every_fault_is_told_by_its_path_and_all_at_once() {
        let wrong = FILES[0]
            .replace("amount = 25_000_000\n", "amount = 24_000_000\n")
            .replace("stages = [\"subsystem-testing\"]", "stages = [\"nonsense\"]");
        let told = read(&wrong).unwrap_err().to_string();
        for part in ["faults", "funding[3]", "nonsense", "total"] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn what_the_plan_of_a_file_can_never_pay_is_named_by_its_path_in_either_form() {
        let short = FILES[2].replace("amount = 38_000_000", "amount = 18_000_000");
        let paths = |text: &str| -> Vec<String> {
            never_payable(text).unwrap().into_iter().map(|unpayable| unpayable.path).collect()
        };
        assert_eq!(paths(FILES[2]), [""; 0]);
        assert_eq!(paths(&short), ["stages[1]"]);
        let whole = write_terms(&read(&short).unwrap()).unwrap();
        assert_eq!(paths(&whole), ["milestones[1]"]);
    }

    #[test]
    fn what_is_no_toml_or_has_a_word_too_many_is_told_with_its_line() {
        let told = |text: &str| read(text).unwrap_err().to_string();
        assert!(told("template = ").contains("line 1"));
        assert!(told(&FILES[0].replace("grace_hours", "grace_minutes")).contains("grace_minutes"));
        assert!(told(&FILES[0].replace("amount = 25_000_000", "amount = 25.5")).contains("whole satoshi"));
    }
}
