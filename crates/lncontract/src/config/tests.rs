//! What wins over what, and what is refused with which words. No test sets a variable:
//! they belong to the process.

use super::*;

fn typed(dir: &Path) -> Typed {
    Typed {
        dir: Some(dir.to_owned()),
        bitcoind_url: Some("http://127.0.0.1:18443".into()),
        bitcoind_user: Some("user".into()),
        bitcoind_password: Some("password".into()),
        ..Typed::default()
    }
}

fn embedded(settings: Settings) -> (SocketAddr, String, BitcoindSettings) {
    match settings.node {
        Some(NodeSettings::Embedded { listen, address, mut chain }) => match chain.remove(0) {
            ChainSettings::Bitcoind(bitcoind) => (listen, address, bitcoind),
            other => panic!("not a bitcoind: {other:?}"),
        },
        other => panic!("not the embedded node: {other:?}"),
    }
}

fn with_file(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), text).unwrap();
    dir
}

fn refused(typed: Typed) -> String {
    format!("{:#}", typed.meaning().expect_err("it is refused"))
}

#[test]
fn defaults_are_local_and_worthless() {
    let dir = tempfile::tempdir().unwrap();
    let settings = typed(dir.path()).meaning().unwrap();
    assert_eq!(settings.network, bitcoin::Network::Regtest);
    assert_eq!(settings.listen_web.to_string(), "127.0.0.1:8420");
    let (listen, address, _) = embedded(settings);
    assert_eq!((listen.to_string(), address.as_str()), (NODE.to_owned(), NODE));
}

#[test]
fn what_was_typed_wins_over_the_file_and_the_file_over_the_default() {
    let dir =
        with_file("network = \"signet\"\nlisten-web = \"127.0.0.1:1\"\nnode-address = \"a.example:9735\"\n");
    let mut typed = typed(dir.path());
    typed.listen_web = Some("127.0.0.1:2".parse().unwrap());
    let settings = typed.meaning().unwrap();
    assert_eq!(settings.network, bitcoin::Network::Signet);
    assert_eq!(settings.listen_web.port(), 2);
    assert_eq!(embedded(settings).1, "a.example:9735");
}

#[test]
fn paths_in_the_file_are_relative_to_it_and_a_typed_login_replaces_the_one_in_it() {
    let dir = with_file("bitcoind-url = \"http://127.0.0.1:1\"\nbitcoind-cookie-file = \"cookie\"\n");
    std::fs::write(dir.path().join("cookie"), "__cookie__:abc\n").unwrap();
    let from_file = Typed { dir: Some(dir.path().to_owned()), ..Typed::default() };
    let (_, _, bitcoind) = embedded(from_file.meaning().unwrap());
    assert_eq!((bitcoind.user.as_str(), bitcoind.password.0.as_str()), ("__cookie__", "abc"));
    let (_, _, bitcoind) = embedded(typed(dir.path()).meaning().unwrap());
    assert_eq!((bitcoind.user.as_str(), bitcoind.url.as_str()), ("user", "http://127.0.0.1:18443"));
}

#[test]
fn an_esplora_stands_alone_or_behind_a_bitcoind_or_beside_another_one() {
    fn check(text: &str, change: impl FnOnce(&mut Typed), expect: &[&str]) {
        let dir = with_file(text);
        let mut typed = Typed { dir: Some(dir.path().to_owned()), ..Typed::default() };
        change(&mut typed);
        let Some(NodeSettings::Embedded { chain, .. }) = typed.meaning().unwrap().node else {
            panic!("not the embedded node")
        };
        let urls = chain.iter().map(|source| match source {
            ChainSettings::Bitcoind(bitcoind) => bitcoind.url.as_str(),
            ChainSettings::Esplora(url) => url.as_str(),
        });
        assert_eq!(urls.collect::<Vec<_>>(), expect);
    }
    let two = "esplora-url = [\"https://a.example/api/\", \"https://b.example\"]\n";
    check(two, |_| (), &["https://a.example/api", "https://b.example"]);
    check(two, |typed| typed.esplora_url = vec!["https://c.example".into()], &["https://c.example"]);
    let bitcoind = |typed: &mut Typed| {
        typed.esplora_url = vec!["https://c.example".into()];
        typed.bitcoind_url = Some("http://127.0.0.1:1".into());
        (typed.bitcoind_user, typed.bitcoind_password) = (Some("user".into()), Some("password".into()));
    };
    check("", bitcoind, &["http://127.0.0.1:1", "https://c.example"]);
}

#[test]
fn a_wrong_key_in_the_file_is_named_with_its_line() {
    let dir = with_file("network = \"signet\"\nlisten = \"127.0.0.1:1\"\n");
    let told = refused(typed(dir.path()));
    assert!(told.contains("line 2") && told.contains("listen"), "{told}");
}

#[test]
fn what_is_missing_or_not_allowed_is_said_with_what_to_type() {
    fn check(change: impl FnOnce(&mut Typed), expect: &str) {
        let dir = tempfile::tempdir().unwrap();
        let mut typed = typed(dir.path());
        change(&mut typed);
        let told = refused(typed);
        assert!(told.contains(expect), "{told}");
    }
    check(|typed| typed.dir = None, "give --dir DIR");
    check(|typed| typed.network = Some(Network::Mainnet), "use --network signet");
    check(|typed| typed.bitcoind_url = None, "no --bitcoind-url");
    let nothing = |typed: &mut Typed| {
        *typed = Typed { dir: typed.dir.clone(), ..Typed::default() };
    };
    let nothing_but = |typed: &mut Typed, listen: &str| {
        nothing(typed);
        typed.listen_node = Some(listen.parse().unwrap());
    };
    check(|typed| nothing_but(typed, "127.0.0.1:1"), "--no-node");
    check(|typed| nothing_but(typed, "127.0.0.1:1"), "--esplora-url");
    check(|typed| typed.esplora_url = vec!["http://a.example".into()], "no TLS");
    let esploras = |urls: [&str; 2]| urls.map(str::to_owned).to_vec();
    check(|typed| typed.esplora_url = esploras(["https://a.example", "https://b.example"]), "leave out one");
    let twice = |typed: &mut Typed| {
        nothing(typed);
        typed.esplora_url = esploras(["https://a.example", "https://a.example/"]);
    };
    check(twice, "given twice");
    check(|typed| typed.bitcoind_url = Some("https://h:1".into()), "http://");
    check(|typed| typed.bitcoind_user = None, "--bitcoind-cookie-file");
    check(|typed| typed.bitcoind_password = None, "--bitcoind-password");
    check(|typed| typed.bitcoind_cookie_file = Some("cookie".into()), "not both");
    check(|typed| typed.listen_node = Some("0.0.0.0:9735".parse().unwrap()), "--node-address");
    check(|typed| typed.password_file = Some("/nonexistent/password".into()), "password file");
}

#[test]
fn without_a_chain_source_the_page_connects_an_lnd_unless_an_embedded_node_was_here() {
    let dir = tempfile::tempdir().unwrap();
    let typed = || Typed { dir: Some(dir.path().to_owned()), ..Typed::default() };
    let node = typed().meaning().unwrap().node;
    assert!(matches!(node, Some(NodeSettings::OnPage { address: None })), "{node:?}");
    let login_only = Typed { bitcoind_user: Some("user".into()), ..typed() };
    assert!(refused(login_only).contains("no --bitcoind-url"));
    std::fs::create_dir(dir.path().join(crate::wire::NODE_DIR)).unwrap();
    assert!(refused(typed()).contains("no chain source"), "its channels are there");
}

#[test]
fn the_password_file_ends_before_its_line_end_and_no_secret_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, " spaces count \r\n").unwrap();
    let settings = Typed { password_file: Some(file), ..typed(dir.path()) }.meaning().unwrap();
    let printed = format!("{settings:?}");
    assert_eq!(settings.password, Some(Secret(" spaces count ".into())));
    assert!(!printed.contains("spaces") && !printed.contains("\"password\""), "{printed}");
}

#[test]
fn an_lnd_needs_address_certificate_macaroon_and_where_others_reach_it() {
    fn check(change: impl FnOnce(&mut Typed), expect: &str) {
        let dir = tempfile::tempdir().unwrap();
        let mut typed = Typed { dir: Some(dir.path().to_owned()), ..Typed::default() };
        typed.lnd_address = Some("127.0.0.1:10009".into());
        typed.node_address = Some("lnd.example:9735".into());
        change(&mut typed);
        let told = refused(typed);
        assert!(told.contains(expect), "{told}");
    }
    check(|_| (), "--lnd-certificate-file");
    check(|typed| typed.node_address = None, "--node-address");
    check(|typed| typed.bitcoind_url = Some("http://h:1".into()), "leave out");
    check(|typed| typed.lnd_certificate_file = Some("no-such-file".into()), "no-such-file");
    check(|typed| typed.lndconnect_file = Some("no-such-file".into()), "not both");
    let of_connect = |typed: &mut Typed| {
        typed.lnd_address = None;
        typed.lndconnect_file = Some("no-such-file".into());
    };
    check(of_connect, "no-such-file");
}
