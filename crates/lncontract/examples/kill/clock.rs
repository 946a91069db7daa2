//! A clock that moves for both companies at once: the machine's, ahead by what a file says.
//!
//! Only the companies of this harness have it (`served`): a served company knows the machine's clock and no other.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
};

use anyhow::Context;
use lncontract_app::{Clock, SystemClock};
use lncontract_core::Time;

/// The clock of a folder.
pub struct FileClock {
    file: PathBuf,
    /// As the file said last: time never goes back.
    ahead_s: AtomicI64,
}

impl FileClock {
    /// The clock that this file moves; a file that is not there has moved nothing.
    pub fn at(file: &Path) -> Self {
        FileClock { file: file.to_path_buf(), ahead_s: AtomicI64::new(0) }
    }

    /// Moves it forward to that time for all who look at the file.
    pub fn forward_to(&self, time: Time) -> anyhow::Result<()> {
        let ahead_s = time.0.saturating_sub(SystemClock.now().0).max(self.ahead_s());
        // Whole or not at all: the companies read it at any moment.
        let part = self.file.with_extension("part");
        std::fs::write(&part, ahead_s.to_string()).context("the clock can't be written")?;
        std::fs::rename(&part, &self.file).context("the clock can't be moved")
    }

    fn ahead_s(&self) -> i64 {
        let said = std::fs::read_to_string(&self.file).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        self.ahead_s.fetch_max(said, Ordering::SeqCst).max(said)
    }
}

impl Clock for FileClock {
    fn now(&self) -> Time {
        SystemClock.now().plus_seconds(self.ahead_s())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_at_the_same_file_sees_the_same_time_and_it_never_goes_back() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) =
            (FileClock::at(&dir.path().join("clock")), FileClock::at(&dir.path().join("clock")));
        let begin = ours.now();
        ours.forward_to(begin.plus_days(30)).unwrap();
        assert!(theirs.now() >= begin.plus_days(30));
        ours.forward_to(begin).unwrap();
        assert!(theirs.now() >= begin.plus_days(30));
        std::fs::remove_file(dir.path().join("clock")).unwrap();
        assert!(theirs.now() >= begin.plus_days(30));
    }
}
