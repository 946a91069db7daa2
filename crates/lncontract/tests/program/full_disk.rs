//! A full disk, from the command line: exit code 2, which directory, and nothing lost.

use lncontract_store::{Change, Options, Session, SqliteStore, Store, StoreError};

use crate::support::{PASSWORD, Running, company, program, refused, text};

/// Fills every page in which the next session would have room.
async fn fill(dir: &std::path::Path) {
    let store = SqliteStore::open_with(dir, Options { max_page_count: Some(1) }).await.expect("a store");
    for n in 0_u64.. {
        let mut token_hash = [0; 32];
        token_hash[..8].copy_from_slice(&n.to_be_bytes());
        // From 1970 to 1970: nobody signs in with them.
        let session = Session { token_hash, user_id: "eva".into(), created_at: 0, expires_at: 1 };
        match store.commit(vec![Change::PutSession(session)]).await {
            Ok(()) => {}
            Err(StoreError::Full { .. }) => break,
            Err(error) => panic!("full, and not {error}"),
        }
    }
    store.close().await;
}

#[tokio::test]
async fn a_client_command_on_a_full_disk_is_told_where_to_make_room() {
    let dir = company();
    fill(dir.path()).await;
    let list = |server: &Running| {
        let web = server.ready["web"].as_str().unwrap().to_owned();
        let mut list = program(&["contract", "list", "--json", "--user", "eva", "--url", &web]);
        list.env("LNCONTRACT_PASSWORD", PASSWORD).output().expect("the program was built")
    };
    let full = Running::serve_as(dir.path(), Some(PASSWORD), &["--no-node"], |serve| {
        serve.env("LNCONTRACT_DATABASE_PAGES_MAX", "1");
    });
    let answer = list(&full);
    refused(&answer, &["the disk is full", "free space", text(dir.path()), "nothing was written"]);
    // Who only reads is served; who comes again is told the same.
    assert!(full.get("/sign-in").starts_with("HTTP/1.0 200"));
    refused(&list(&full), &["the disk is full"]);
    assert_eq!(full.terminate(), Some(0));

    let roomy = Running::serve(dir.path(), Some(PASSWORD));
    let answer = list(&roomy);
    assert_eq!(answer.status.code(), Some(0), "{}", String::from_utf8_lossy(&answer.stderr));
}
