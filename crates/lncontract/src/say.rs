//! What the commands print on standard output.
//!
//! Invariant: a reader that went away (`| head`) ends no program that serves, and is no fault. Output that was lost for
//! another reason, such as a full disk, is told, and the command does not end with 0.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::atomic::{AtomicBool, Ordering},
};

static LOST: AtomicBool = AtomicBool::new(false);

/// Prints one line.
macro_rules! say {
    () => { $crate::say::line(format_args!("")) };
    ($($text:tt)+) => { $crate::say::line(format_args!($($text)+)) };
}
pub(crate) use say;

/// Prints one line; see `say!`.
pub fn line(text: fmt::Arguments<'_>) {
    note(writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()));
}

fn note(written: io::Result<()>) {
    let Err(error) = written else { return };
    if error.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::Relaxed) {
        // Nothing is left to tell it to if this fails too.
        let _ = writeln!(
            io::stderr(),
            "lncontract: standard output can't be written: {error}; give it room and ask again"
        );
    }
}

/// Whether some output was lost.
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}
