//! A node's folder, or a database, that came back from a copy: found out before anything is sent or signed.
//! And what must not be taken for that: a program that was killed.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    bitcoind,
    support::{PASSWORD, Running, company, program, refused, run, text},
};

/// How late the first kill is; each one after it is a quarter later.
const FIRST_KILL: Duration = Duration::from_millis(50);

/// All files below a folder, but for the locks: those are made again and stay empty.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).expect("a folder of this test") {
        let path = entry.expect("a folder of this test").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            let bytes = std::fs::read(&path).expect("a file of this test");
            found.insert(path, bytes);
        }
    }
    found
}

fn put_back(files: &BTreeMap<PathBuf, Vec<u8>>, instead_of: &Path) {
    std::fs::remove_dir_all(instead_of).expect("a folder of this test");
    for (path, bytes) in files {
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
}

fn serve(dir: &Path, chain: &[String]) -> Running {
    Running::serve_with(dir, Some(PASSWORD), &chain.iter().map(String::as_str).collect::<Vec<_>>())
}

/// One start to the end, in order.
fn run_once(dir: &Path, chain: &[String]) {
    let running = serve(dir, chain);
    assert_eq!(running.ready["unlocked"], true);
    assert!(running.get("/sign-in").starts_with("HTTP/1.0 200"));
    assert_eq!(running.terminate(), Some(0));
}

/// What the doctor says of the counts of starts, and its exit code.
fn doctor(dir: &Path) -> (Option<i32>, String) {
    let output = run(&["doctor", "--no-node", "--dir", text(dir)]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.contains(" starts ")).expect("the doctor looks at it");
    (output.status.code(), line.to_owned())
}

fn try_serve(dir: &Path, more: &[String]) -> std::process::Output {
    let mut serve = program(&["serve", "--listen-web", "127.0.0.1:0", "--dir", text(dir)]);
    serve.args(more).env("LNCONTRACT_PASSWORD", PASSWORD).output().expect("the program was built")
}

#[test]
fn an_old_folder_of_the_node_is_refused_and_left_as_it_is() {
    let (dir, chain) = (company(), bitcoind::serve());
    let node = dir.path().join("node");
    run_once(dir.path(), &chain);
    let old = files(&node);
    run_once(dir.path(), &chain);
    let newest = files(&node);
    let (code, said) = doctor(dir.path());
    assert!(code == Some(0) && said.contains("the next start is number 3"), "{said}");

    put_back(&old, &node);
    let (code, said) = doctor(dir.path());
    assert!(code == Some(1) && said.contains("older than this company's record"), "{said}");
    let says = ["the node's folder", "older than this company's record", "put the folder back", "--no-node"];
    refused(&try_serve(dir.path(), &chain), &says);
    assert_eq!(files(&node), old, "nothing was written");
    // Record and pages can be seen meanwhile.
    let pages = Running::serve(dir.path(), Some(PASSWORD));
    assert_eq!(pages.ready["unlocked"], true);
    let (_, said) = doctor(dir.path());
    assert!(said.contains("not compared while the program runs"), "{said}");
    assert_eq!(pages.terminate(), Some(0));

    // A folder that is gone is not begun anew: that would forget channels.
    std::fs::remove_dir_all(&node).expect("removed");
    refused(&try_serve(dir.path(), &chain), &["older than this company's record"]);
    assert!(!node.exists());

    std::fs::create_dir(&node).expect("made");
    put_back(&newest, &node);
    run_once(dir.path(), &chain);
}

#[test]
fn an_old_database_is_refused_with_the_node_and_without() {
    let (dir, chain) = (company(), bitcoind::serve());
    let node = dir.path().join("node");
    let database = |files: BTreeMap<PathBuf, Vec<u8>>| -> BTreeMap<PathBuf, Vec<u8>> {
        files.into_iter().filter(|(path, _)| !path.starts_with(&node)).collect()
    };
    run_once(dir.path(), &chain);
    let old = database(files(dir.path()));
    run_once(dir.path(), &chain);
    let newest = database(files(dir.path()));

    let put_back = |old: &BTreeMap<PathBuf, Vec<u8>>| {
        // Its log too: SQLite would write what is new from there into the old file.
        for path in database(files(dir.path())).keys() {
            std::fs::remove_file(path).expect("a file of this test");
        }
        for (path, bytes) in old {
            std::fs::write(path, bytes).expect("written");
        }
    };
    put_back(&old);
    let (code, said) = doctor(dir.path());
    assert!(code == Some(1) && said.contains("database is older than its node's folder"), "{said}");
    let before = files(&node);
    let says = ["this company's database is older than its node's folder", "Nothing may be signed"];
    refused(&try_serve(dir.path(), &chain), &says);
    refused(&try_serve(dir.path(), &["--no-node".to_owned()]), &says);
    assert_eq!(files(&node), before, "nothing was written");

    put_back(&newest);
    run_once(dir.path(), &chain);
}

#[test]
fn a_program_that_is_killed_at_any_moment_of_its_start_starts_again() {
    let (dir, chain) = (company(), bitcoind::serve());
    let said = dir.path().join("said");
    let (mut later, mut kills) = (FIRST_KILL, 0);
    loop {
        let mut serve =
            program(&["serve", "--json", "--listen-web", "127.0.0.1:0", "--dir", text(dir.path())]);
        serve.args(&chain).env("LNCONTRACT_PASSWORD", PASSWORD);
        let mut child = serve.stdout(File::create(&said).unwrap()).spawn().expect("the program was built");
        // No measure of anything: it spreads the kills over the start, however long that takes.
        std::thread::sleep(later);
        let ended = child.try_wait().expect("it is our child");
        assert!(ended.is_none(), "it ended by itself, {ended:?}");
        child.kill().expect("it runs");
        child.wait().expect("it is our child");
        kills += 1;
        later += later / 4;
        if std::fs::read(&said).is_ok_and(|said| !said.is_empty()) {
            break;
        }
    }
    assert!(kills > 3, "{kills} kills before it was ready: too few to have met it at work");
    serve(dir.path(), &chain).kill();
    run_once(dir.path(), &chain);
    let doctor = run(&["doctor", "--no-node", "--dir", text(dir.path())]);
    assert_eq!(doctor.status.code(), Some(0), "{}", String::from_utf8_lossy(&doctor.stdout));
}
