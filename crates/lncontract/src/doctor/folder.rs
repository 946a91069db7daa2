//! Who may read the company's files, and whether the program runs.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use super::Finding;
use crate::wire::NODE_DIR;

/// The data directory itself.
pub fn data(dir: &Path) -> Finding {
    let what = "folder";
    match open_to_others(dir) {
        Err(error) => {
            Finding::wrong(what, format!("{}: {error}", dir.display()), "check --dir and its owner")
        }
        Ok(true) => Finding::wrong(
            what,
            format!("others may look into {}", dir.display()),
            format!("chmod 700 {}", dir.display()),
        ),
        Ok(false) => Finding::well(what, format!("{}, closed to others", dir.display())),
    }
}

/// Whether a program holds the data directory.
pub fn lock(dir: &Path) -> Finding {
    let what = "lock";
    let file = match File::open(dir.join("lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::look(what, "no program has run here yet", "make a company with init or serve");
        }
        Err(error) => {
            return Finding::wrong(what, error.to_string(), "check the owner of the data directory");
        }
    };
    // Let go at once, with the file: a program that starts just now is told that the folder is in use,
    // and may try again.
    match file.try_lock_shared() {
        Ok(()) => Finding::well(what, "free: no program runs on this folder"),
        Err(TryLockError::WouldBlock) => Finding::well(what, "held: the program runs"),
        Err(TryLockError::Error(error)) => {
            let todo =
                "keep the data directory on a local disk: without a lock two programs could run at once";
            Finding::wrong(what, error.to_string(), todo)
        }
    }
}

/// The node's own folder: closed by itself or by the data directory around it.
pub fn node(dir: &Path) -> Finding {
    let what = "node folder";
    let folder = dir.join(NODE_DIR);
    if !folder.exists() {
        return Finding::well(what, "not made yet: the node makes it at its first start");
    }
    match (open_to_others(&folder), open_to_others(dir)) {
        (Ok(true), Ok(true)) => Finding::wrong(
            what,
            format!("others may look into {}", folder.display()),
            format!("chmod 700 {}", folder.display()),
        ),
        (Err(error), _) | (_, Err(error)) => {
            Finding::wrong(what, format!("{}: {error}", folder.display()), "check its owner")
        }
        _ => Finding::well(what, "closed to others; never copy it back from a backup"),
    }
}

/// The password file, where there is one.
pub fn password(file: &Path) -> Finding {
    let what = "password";
    match open_to_others(file) {
        Err(error) => Finding::wrong(what, format!("{}: {error}", file.display()), "check --password-file"),
        Ok(true) => Finding::wrong(
            what,
            format!("others may read {}", file.display()),
            format!("chmod 600 {}", file.display()),
        ),
        Ok(false) => Finding::well(what, "its file is closed to others"),
    }
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(path: &Path) -> std::io::Result<bool> {
    // Access lists are not looked at here; that it can be read at all is.
    std::fs::metadata(path).map(|_| false)
}
