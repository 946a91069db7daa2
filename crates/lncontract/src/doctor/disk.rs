//! How much room there is on the disk of the data directory.

use std::path::Path;

use super::Finding;

const MIB: u64 = 1 << 20;
/// Below this a busy month may not fit: say so.
const LOW_MIB: u64 = 1_024;
/// Below this the node may not be able to write its next state, and stops.
const TOO_LOW_MIB: u64 = 100;

/// Looks at the free space.
pub fn space(dir: &Path) -> Finding {
    match free_mib(dir) {
        Ok(free) => judge(free),
        Err(reason) => {
            Finding::look("disk", format!("its free space is not told: {reason}"), "look yourself")
        }
    }
}

fn judge(free_mib: u64) -> Finding {
    let text = format!("{free_mib} MiB free");
    let todo = "free space on it: without any nothing is written, and the node stops";
    match free_mib {
        ..TOO_LOW_MIB => Finding::wrong("disk", text, todo),
        TOO_LOW_MIB..LOW_MIB => Finding::look("disk", text, todo),
        _ => Finding::well("disk", text),
    }
}

#[cfg(unix)]
fn free_mib(dir: &Path) -> Result<u64, String> {
    // What this user may take: some of what is free is kept for the system.
    let disk = rustix::fs::statvfs(dir).map_err(|error| error.to_string())?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize) / MIB)
}

#[cfg(not(unix))]
fn free_mib(_: &Path) -> Result<u64, String> {
    Err("this system has no statvfs".into())
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    #[test]
    fn a_full_disk_is_wrong_and_a_nearly_full_one_worth_a_look() {
        let check = |free_mib, expect| assert_eq!(judge(free_mib).level, expect, "{free_mib} MiB");
        check(0, Level::Wrong);
        check(TOO_LOW_MIB - 1, Level::Wrong);
        check(TOO_LOW_MIB, Level::Look);
        check(LOW_MIB, Level::Well);
    }

    #[test]
    fn a_disk_that_is_there_tells_its_space() {
        assert!(free_mib(&std::env::temp_dir()).is_ok());
        assert!(free_mib(Path::new("/nonexistent/folder")).is_err());
    }
}
