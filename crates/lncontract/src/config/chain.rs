//! Where the embedded node has its blocks from, as it is configured: a bitcoind, an Esplora, or two of them.
//!
//! Invariant: one or two sources, the one to prefer first. Nothing goes over a network in the clear: an Esplora at
//! `http://` has to be on this machine.

use std::{
    net::{IpAddr, Ipv6Addr},
    path::Path,
};

use anyhow::{Context, bail, ensure};

use super::{Secret, Typed};
use crate::wire;

/// So many sources are compared.
const SOURCES_MAX: usize = 2;

/// A chain source.
#[derive(Debug)]
pub enum ChainSettings {
    /// The company's own.
    Bitcoind(BitcoindSettings),
    /// An Esplora at this URL.
    Esplora(String),
}

/// A bitcoind's RPC interface.
#[derive(Debug)]
pub struct BitcoindSettings {
    /// `http://HOST:PORT`.
    pub url: String,
    /// RPC user.
    pub user: String,
    /// RPC password.
    pub password: Secret,
}

impl Typed {
    /// Whether anything of a chain source is given.
    pub(super) fn names_chain(&self) -> bool {
        let bitcoind = self.bitcoind_url.is_some() || self.bitcoind_user.is_some();
        bitcoind || self.bitcoind_cookie_file.is_some() || !self.esplora_url.is_empty()
    }

    /// Whether an embedded node was here before: then one that lacks its chain source is no question for the page.
    pub(super) fn has_embedded_node(&self) -> bool {
        self.dir.as_ref().is_some_and(|dir| dir.join(wire::NODE_DIR).exists())
    }

    /// The sources, the one to prefer first: what runs under our own eyes goes before what others run.
    pub(super) fn chain(&self) -> anyhow::Result<Vec<ChainSettings>> {
        let login = self.bitcoind_user.is_some() || self.bitcoind_cookie_file.is_some();
        let own = if self.bitcoind_url.is_some() || login { Some(self.bitcoind()?) } else { None };
        let mut sources: Vec<ChainSettings> = own.map(ChainSettings::Bitcoind).into_iter().collect();
        for url in &self.esplora_url {
            sources.push(ChainSettings::Esplora(esplora_url(url)?));
        }
        ensure!(
            !sources.is_empty(),
            "no chain source: give --bitcoind-url http://HOST:PORT with --bitcoind-cookie-file, or with \
             --bitcoind-user and --bitcoind-password; or --esplora-url https://HOST/PATH; or use the company's own \
             LND: --lnd-address HOST:PORT; or start without a node: --no-node"
        );
        ensure!(
            sources.len() <= SOURCES_MAX,
            "{} chain sources are given, and {SOURCES_MAX} are compared: leave out one",
            sources.len()
        );
        let mut urls = self.esplora_url.iter().map(|url| url.trim_end_matches('/'));
        let first = urls.next();
        ensure!(
            first.is_none() || urls.next() != first,
            "the same Esplora is given twice: it would agree with itself; name another one"
        );
        Ok(sources)
    }

    fn bitcoind(&self) -> anyhow::Result<BitcoindSettings> {
        let url = self.bitcoind_url.clone();
        let url = url.context("a login for bitcoind, and no --bitcoind-url http://HOST:PORT")?;
        ensure!(
            url.starts_with("http://"),
            "bitcoind's URL {url} does not begin with http://: it has no TLS"
        );
        let (user, password) = match (&self.bitcoind_user, &self.bitcoind_cookie_file) {
            (Some(_), Some(_)) => {
                bail!("give either bitcoind's user and password or its cookie file, not both")
            }
            (Some(user), None) => {
                let password = self.bitcoind_password.clone();
                (user.clone(), password.context("a bitcoind user without --bitcoind-password")?)
            }
            (None, Some(file)) => cookie(file)?,
            (None, None) => bail!(
                "no login for bitcoind: give --bitcoind-cookie-file FILE (`.cookie` in the folder of its chain), or \
                 --bitcoind-user and --bitcoind-password"
            ),
        };
        Ok(BitcoindSettings { url, user, password: Secret(password) })
    }
}

/// bitcoind's cookie: `__cookie__:password`, written anew at each of its starts.
fn cookie(file: &Path) -> anyhow::Result<(String, String)> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("bitcoind's cookie file {}: is bitcoind running?", file.display()))?;
    let (user, password) = text
        .trim_end()
        .split_once(':')
        .with_context(|| format!("{} is no cookie file: it has no colon", file.display()))?;
    Ok((user.to_owned(), password.to_owned()))
}

/// An Esplora's URL, without the slash at its end.
fn esplora_url(url: &str) -> anyhow::Result<String> {
    let (url, authority) = web_url(url, "the Esplora's URL", "https://blockstream.info/signet/api")?;
    ensure!(
        url.starts_with("https://") || is_this_machine(authority),
        "the Esplora's URL {url} has no TLS, and {authority} is not this machine: anybody on the way could show us \
         another chain; give https://"
    );
    Ok(url.to_owned())
}

/// A URL without the slash at its end, and the host and port in it.
pub(super) fn web_url<'a>(url: &'a str, what: &str, like: &str) -> anyhow::Result<(&'a str, &'a str)> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let rest = rest.with_context(|| format!("{what} {url} begins with neither https:// nor http://"))?;
    let authority = rest.split('/').next().unwrap_or_default();
    // A password in it would be shown wherever it is named.
    ensure!(!rest.contains('@'), "{what} has a user or password in it: give it without");
    ensure!(
        !authority.is_empty()
            && !rest.contains(['?', '#'])
            && rest.chars().all(|char| char.is_ascii_graphic()),
        "{what} {url} is none: give https://HOST[:PORT][/PATH], as {like}"
    );
    Ok((url.trim_end_matches('/'), authority))
}

pub(crate) fn is_this_machine(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => return v6.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expect: Result<&str, &str>) {
        match (esplora_url(url), expect) {
            (Ok(url), Ok(expect)) => assert_eq!(url, expect),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expect) => panic!("{url}: {found:?}, {expect:?} expected"),
        }
    }

    #[test]
    fn an_esplora_of_others_has_tls_and_no_password() {
        check("https://blockstream.info/signet/api/", Ok("https://blockstream.info/signet/api"));
        check("https://10.0.0.7:3000", Ok("https://10.0.0.7:3000"));
        check("http://127.0.0.1:3000", Ok("http://127.0.0.1:3000"));
        check("http://localhost:3000/", Ok("http://localhost:3000"));
        check("http://[::1]:3000", Ok("http://[::1]:3000"));
        check("http://10.0.0.7:3000", Err("no TLS"));
        check("http://127.0.0.1.example:3000", Err("no TLS"));
        check("http://localhost.example", Err("no TLS"));
        check("http://127.0.0.1@example", Err("user or password"));
        check("https://user:secret@example", Err("user or password"));
        check("ftp://example", Err("neither"));
        check("example", Err("neither"));
        check("https://", Err("is none"));
        check("https://example/?x", Err("is none"));
        check("https://exa mple", Err("is none"));
    }
}
