//! A small disk for an LND's databases, that can be filled and freed under it.
//!
//! It is a mount in namespaces of its own, which an ordinary user may make. Invariant: it lives no longer than the value
//! that stands for it, and holds nothing of another test's.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::lnd::Lnd;

/// Room for the databases of a few minutes.
const SIZE: &str = "64m";
/// Ends when nobody holds its standard input any more, and the mounts with it.
const KEEPER: &str = "mkdir \"$2\" && mount -t tmpfs -o size=$3 none \"$2\" && cp -a \"$1\"/. \"$2\" \
                      && mount --bind \"$2\" \"$1\" && echo ready && exec cat";

/// See the head of this file.
pub struct Disk {
    keeper: Child,
    data: PathBuf,
}

impl Disk {
    /// Moves the databases of an LND onto one; the LND is stopped and started for it.
    pub fn under(lnd: &mut Lnd) -> Self {
        lnd.end("TERM");
        let folder = lnd.folder.clone();
        let data = folder.join("data");
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", KEEPER, "sh"]);
        command.arg(&data).arg(folder.join("disk")).arg(SIZE);
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut keeper = keeper.expect("util-linux is there");
        let mut said = String::new();
        let out = keeper.stdout.take().expect("it is ours");
        BufReader::new(out).read_line(&mut said).expect("it says something");
        let disk = Disk { keeper, data };
        assert_eq!(
            said.trim(),
            "ready",
            "this user may make namespaces and mounts in them (user_namespaces(7))"
        );
        lnd.program = disk.starter(&lnd.program, &folder);
        lnd.begin();
        disk
    }

    /// No byte more fits on it.
    pub fn fill(&self) {
        let file = format!("of={}", self.data.join("filler").display());
        // It ends with the error that is wanted.
        let filled =
            self.inside().args(["dd", "if=/dev/zero", &file, "bs=4k"]).stderr(Stdio::null()).status();
        assert!(filled.is_ok_and(|status| !status.success()), "the disk is full");
    }

    /// There is room again.
    pub fn free(&self) {
        let freed = self.inside().arg("rm").arg(self.data.join("filler")).status();
        assert!(freed.is_ok_and(|status| status.success()), "the disk has room");
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={}", self.keeper.id()));
        command.args(["--user", "--mount", "--preserve-credentials"]);
        command
    }

    /// A program that is LND, seen from where the disk is mounted.
    fn starter(&self, program: &Path, folder: &Path) -> PathBuf {
        let starter = folder.join("lnd-on-its-disk");
        let (keeper, program) = (self.keeper.id(), program.display());
        let text = format!(
            "#!/bin/sh\nexec nsenter --target={keeper} --user --mount --preserve-credentials '{program}' \"$@\"\n"
        );
        fs::write(&starter, text).expect("a short file");
        fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)).expect("it is ours");
        starter
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
