//! `doctor`: looks at everything a company's program needs, and says what to do about what is not right.
//!
//! Invariant: only looks. It makes no file, takes no lock for longer than a look, and may run beside the
//! program. Exit code: 0 all is well, or worth a look only; 1 something has to be done;
//! 2 it could not be looked at.

mod copies;
mod disk;
mod folder;
mod lnd;
mod sources;

use anyhow::ensure;
use jiff::{SignedDuration, Timestamp};
use lncontract_app::{Clock, SystemClock};
use lncontract_store::SqliteStore;
use serde_json::json;

use crate::{
    config::{NodeSettings, Settings, Typed},
    say::say,
};

/// How far bitcoind's newest block may be ahead of our clock: nodes accept blocks up to two hours ahead.
const BLOCK_AHEAD_S: i64 = 2 * 3_600;
/// No clock that is right shows an earlier time than this, in seconds since 1970 UTC: 1 January 2026.
const EARLIEST_S: i64 = 1_767_225_600;

/// What the command line says.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    typed: Typed,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Well,
    /// Worth a look.
    Look,
    /// Something has to be done.
    Wrong,
}

/// What was looked at, and what to do about it.
#[derive(Debug)]
pub struct Finding {
    what: &'static str,
    level: Level,
    text: String,
    todo: String,
}

impl Finding {
    fn well(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, level: Level::Well, text: text.into(), todo: String::new() }
    }

    fn look(what: &'static str, text: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what, level: Level::Look, text: text.into(), todo: todo.into() }
    }

    fn wrong(what: &'static str, text: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what, level: Level::Wrong, text: text.into(), todo: todo.into() }
    }
}

/// Looks. Returns the exit code.
///
/// # Errors
/// When the configuration can't be read, or there is no data directory.
pub async fn run(args: Args) -> anyhow::Result<u8> {
    let settings = args.typed.meaning()?;
    ensure!(
        settings.dir.is_dir(),
        "there is no folder {}: check --dir, or make a company in it with init",
        settings.dir.display()
    );
    let findings = look(&settings).await;
    for finding in &findings {
        print(finding, args.json);
    }
    Ok(u8::from(findings.iter().any(|finding| finding.level == Level::Wrong)))
}

async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![
        folder::data(&settings.dir),
        folder::lock(&settings.dir),
        database(settings).await,
        disk::space(&settings.dir),
    ];
    if !matches!(settings.node, Some(NodeSettings::Lnd { .. } | NodeSettings::OnPage { .. })) {
        findings.push(folder::node(&settings.dir));
        findings.push(copies::starts(&settings.dir).await);
    }
    if let Some(file) = &settings.password_file {
        findings.push(folder::password(file));
    }
    let newest_block_s = match &settings.node {
        None => {
            findings.push(Finding::look(
                "chain",
                "the node is left out",
                "start without --no-node to have one",
            ));
            None
        }
        Some(NodeSettings::Embedded { chain, .. }) => {
            let (found, time_s) = sources::look(chain, settings.network).await;
            findings.extend(found);
            time_s
        }
        Some(NodeSettings::OnPage { .. }) => {
            let text = "no chain source is given: the node is the LND that is connected on the page";
            let todo = "it is sealed: the page “Our LND” tests it, or `lncontract lnd test` with its files";
            findings.push(Finding::look("lnd", text, todo));
            None
        }
        Some(NodeSettings::Lnd { access, .. }) => {
            findings.extend(lnd::look(access, settings.network).await);
            None
        }
    };
    findings.push(clock(SystemClock.now().0, newest_block_s));
    findings
}

async fn database(settings: &Settings) -> Finding {
    let what = "database";
    match SqliteStore::schema_of(&settings.dir).await {
        Ok(schema) if schema.found > schema.known => {
            let text = format!("schema {}, this program knows {}", schema.found, schema.known);
            Finding::wrong(what, text, "start the newer program again")
        }
        Ok(schema) if schema.found < schema.known => {
            let text = format!("schema {}, this program has {}", schema.found, schema.known);
            Finding::look(what, text, "the next start of serve brings it up; keep a copy first")
        }
        Ok(schema) => Finding::well(what, format!("schema {}", schema.found)),
        Err(error) => Finding::wrong(what, error.to_string(), "check --dir, or make a company with init"),
    }
}

/// Judges our clock, with the time of the newest block if there is one.
fn clock(now_s: i64, newest_block_s: Option<i64>) -> Finding {
    let what = "clock";
    let shown = Timestamp::from_second(now_s).map_or_else(|_| now_s.to_string(), |time| time.to_string());
    let todo = "set this machine's clock (NTP): entries carry its time and deadlines depend on it";
    if now_s < EARLIEST_S {
        return Finding::wrong(what, format!("it shows {shown}, which is long ago"), todo);
    }
    match newest_block_s.map(|block_s| block_s - now_s) {
        Some(ahead_s) if ahead_s > BLOCK_AHEAD_S => {
            let ahead = SignedDuration::from_secs(ahead_s);
            Finding::wrong(what, format!("it shows {shown}; the newest block is {ahead:#} ahead of it"), todo)
        }
        _ => Finding::well(what, format!("it shows {shown}")),
    }
}

fn print(finding: &Finding, json: bool) {
    let word = match finding.level {
        Level::Well => "ok",
        Level::Look => "look",
        Level::Wrong => "wrong",
    };
    let Finding { what, text, todo, .. } = finding;
    if json {
        say!("{}", json!({ "check": what, "state": word, "text": text, "todo": todo }));
    } else if todo.is_empty() {
        say!("{word:<6} {what:<12} {text}");
    } else {
        say!("{word:<6} {what:<12} {text}: {todo}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_when_it_is_long_ago_or_far_behind_the_chain() {
        let check =
            |now_s, block_s, expect| assert_eq!(clock(now_s, block_s).level, expect, "{now_s} {block_s:?}");
        check(0, None, Level::Wrong);
        check(EARLIEST_S, None, Level::Well);
        check(EARLIEST_S, Some(EARLIEST_S - 86_400), Level::Well);
        check(EARLIEST_S, Some(EARLIEST_S + BLOCK_AHEAD_S), Level::Well);
        check(EARLIEST_S, Some(EARLIEST_S + BLOCK_AHEAD_S + 1), Level::Wrong);
    }
}
