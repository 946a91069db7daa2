//! Where the company's LND is, what proves that it is that one, and what it lets us do.
//!
//! Invariant: no secret is printed; what is wrong is named with what to give instead. Nothing is called here.

use std::{fmt, path::PathBuf, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bitcoin::Network;
use lncontract_lightning::Host;
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::macaroon::{Macaroon, Macaroons};

/// LND's usual gRPC port.
const PORT: u16 = 10_009;

/// How an LND is reached.
#[derive(Clone)]
pub struct LndAccess {
    /// `HOST:PORT` of its gRPC interface.
    pub address: String,
    /// Its own certificate: exactly this one is accepted.
    pub certificate: CertificateDer<'static>,
    /// What we may do.
    pub macaroons: Macaroons,
}

impl fmt::Debug for LndAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LndAccess({})", self.address)
    }
}

/// What can't be used as access to an LND.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Not `HOST:PORT`.
    #[error(
        "{0:?} is no address of an LND: give HOST:PORT of its gRPC interface, 127.0.0.1:10009 by default"
    )]
    Address(String),
    /// Not a certificate.
    #[error(
        "that is no certificate: give LND's own tls.cert (PEM, begins with -----BEGIN CERTIFICATE-----), as it lies in \
         LND's folder"
    )]
    Certificate,
    /// Not a macaroon.
    #[error(
        "that is no macaroon: give one in hexadecimal, or the file that `lncli bakemacaroon --save_to` wrote; \
         `lncontract lnd bake` says which"
    )]
    Macaroon,
    /// No macaroon at all.
    #[error("no macaroon is given: `lncontract lnd bake` says which ones this program needs")]
    NoMacaroon,
    /// Not an lndconnect string.
    #[error("that is no lndconnect string: it has the form lndconnect://HOST:PORT?cert=...&macaroon=...")]
    Connect,
}

impl LndAccess {
    /// Puts access together from what an operator has: address, `tls.cert`, macaroons as files or hexadecimal.
    ///
    /// # Errors
    /// Names what can't be used, and what to give instead.
    pub fn new(address: &str, certificate_pem: &[u8], macaroons: &[Vec<u8>]) -> Result<Self, AccessError> {
        let certificate =
            CertificateDer::from_pem_slice(certificate_pem).map_err(|_| AccessError::Certificate)?;
        Self::of(address, certificate.into_owned(), macaroons)
    }

    /// Reads an `lndconnect://` string (the scheme of the LND Connect specification).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_lndconnect(text: &str) -> Result<Self, AccessError> {
        let rest = text.trim().strip_prefix("lndconnect://").ok_or(AccessError::Connect)?;
        let (address, query) = rest.split_once('?').ok_or(AccessError::Connect)?;
        let of = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_end_matches('='))
        };
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| AccessError::Connect);
        let certificate = decode(of("cert").ok_or(AccessError::Connect)?)?;
        let macaroon = decode(of("macaroon").ok_or(AccessError::Connect)?)?;
        let address = address.trim_end_matches('/');
        Self::of(address, CertificateDer::from(certificate), &[macaroon])
    }

    fn of(
        address: &str,
        certificate: CertificateDer<'static>,
        macaroons: &[Vec<u8>],
    ) -> Result<Self, AccessError> {
        if certificate.is_empty() {
            return Err(AccessError::Certificate);
        }
        let macaroons: Result<Vec<_>, _> = macaroons.iter().map(|bytes| Macaroon::read(bytes)).collect();
        let macaroons = Macaroons::new(macaroons.map_err(|_| AccessError::Macaroon)?);
        if macaroons.is_empty() {
            return Err(AccessError::NoMacaroon);
        }
        Ok(Self { address: with_port(address)?, certificate, macaroons })
    }
}

fn with_port(address: &str) -> Result<String, AccessError> {
    let wrong = || AccessError::Address(address.to_owned());
    let address = address.trim();
    let full = if address.contains(':') { address.to_owned() } else { format!("{address}:{PORT}") };
    let (host, port) = full.rsplit_once(':').ok_or_else(wrong)?;
    let fits =
        !host.is_empty() && !host.contains(['/', '@', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0);
    fits.then_some(full.clone()).ok_or_else(wrong)
}

/// What a node needs to start.
#[derive(Clone)]
pub struct LndConfig {
    /// How LND is reached.
    pub access: LndAccess,
    /// The chain it has to be on.
    pub network: Network,
    /// Our own notes about its channels and payments: never LND's files.
    pub dir: PathBuf,
    /// From this the preimages of our invoices are made, so that a restart finds them. Never printed.
    pub secret: [u8; 32],
    /// The program.
    pub host: Arc<dyn Host>,
}

/// Why the node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// LND can't be used as it is: what to do stands in the text.
    #[error("{0}")]
    Lnd(lncontract_lightning::LightningError),
    /// It is on another chain.
    #[error(
        "this LND is on {found}, this program on {wanted}: give the LND of {wanted}, or start with --network {found}"
    )]
    Network {
        /// What it says.
        found: String,
        /// What we are on.
        wanted: Network,
    },
    /// It is too old.
    #[error("this LND is version {found}; contracts need {wanted} or newer: upgrade LND, its channels stay")]
    TooOld {
        /// What it says.
        found: String,
        /// The floor.
        wanted: &'static str,
    },
    /// It is not the one that this company used before.
    #[error(
        "this LND has the key {found}, the one that this company used has {known}: connect the right one; with a new \
         wallet the old channels are not there"
    )]
    OtherNode {
        /// Its key.
        found: String,
        /// The key of before.
        known: String,
    },
    /// Our own notes can't be read or written.
    #[error("the notes about this LND in {dir}: {reason}")]
    Notes {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate of nobody; only its frame is looked at here.
    const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    /// A macaroon without rights: version 2, an identifier, the end, a signature.
    fn macaroon() -> Vec<u8> {
        crate::macaroon::sample(&[("uri", "/lnrpc.Lightning/GetInfo")])
    }

    fn check_address(typed: &str, expect: Option<&str>) {
        let access = LndAccess::new(typed, PEM, &[macaroon()]);
        match expect {
            Some(expect) => assert_eq!(access.expect("an address").address, expect),
            None => assert_eq!(access.expect_err("no address"), AccessError::Address(typed.into())),
        }
    }

    #[test]
    fn an_address_has_a_host_and_lnds_port_by_default() {
        check_address("127.0.0.1:10009", Some("127.0.0.1:10009"));
        check_address("lnd.example", Some("lnd.example:10009"));
        check_address("[::1]:10009", Some("[::1]:10009"));
        check_address("", None);
        check_address("lnd.example:", None);
        check_address("https://lnd.example:10009", None);
        check_address("lnd.example:70000", None);
    }

    #[test]
    fn what_can_not_be_used_is_named() {
        let error = LndAccess::new("lnd:1", b"nothing", &[macaroon()]).expect_err("no certificate");
        assert_eq!(error, AccessError::Certificate);
        let error = LndAccess::new("lnd:1", PEM, &[b"nothing".to_vec()]).expect_err("no macaroon");
        assert_eq!(error, AccessError::Macaroon);
        assert_eq!(LndAccess::new("lnd:1", PEM, &[]).expect_err("none"), AccessError::NoMacaroon);
    }

    #[test]
    fn an_lndconnect_string_says_all_three_and_is_not_printed() {
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let text = format!(
            "lndconnect://lnd.example:10010?cert={}&macaroon={}",
            encoded(&[0, 0, 0]),
            encoded(&macaroon())
        );
        let access = LndAccess::of_lndconnect(&text).expect("all three");
        assert_eq!(access.address, "lnd.example:10010");
        assert_eq!(access.certificate.as_ref(), &[0, 0, 0]);
        assert_eq!(format!("{access:?}"), "LndAccess(lnd.example:10010)");
        for wrong in
            ["", "lndconnect://", "lndconnect://lnd:1?cert=AAAA", "lndconnect://lnd:1?cert=!&macaroon=!"]
        {
            assert_eq!(
                LndAccess::of_lndconnect(wrong).expect_err("not whole"),
                AccessError::Connect,
                "{wrong}"
            );
        }
    }
}
