//! The company's own LND, as it is configured: address, certificate and macaroons, or one lndconnect string.
//!
//! Invariant: macaroons are secrets, so they come from files; no text of one is printed.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use lncontract_lightning_lnd::LndAccess;

use super::{NodeSettings, Typed};

impl Typed {
    /// Whether anything of an LND is given.
    pub(super) fn names_lnd(&self) -> bool {
        self.lnd_address.is_some()
            || self.lnd_certificate_file.is_some()
            || !self.lnd_macaroon_file.is_empty()
            || self.lndconnect_file.is_some()
    }

    /// The LND, with where other nodes reach it.
    pub(super) fn lnd(&self) -> anyhow::Result<NodeSettings> {
        if self.bitcoind_url.is_some() || !self.esplora_url.is_empty() {
            bail!(
                "an LND and a chain source are both given: an LND has its own, the embedded node needs one; leave out \
                 --bitcoind-url and --esplora-url, or the options of the LND"
            );
        }
        let address = self.node_address.clone().context(
            "no --node-address: give HOST:PORT where other nodes reach your LND (its --listen, 9735 as a rule); it \
             stands in our invites",
        )?;
        Ok(NodeSettings::Lnd { access: self.lnd_access()?, address })
    }

    /// How the LND is reached; also for commands that only ask it.
    ///
    /// # Errors
    /// Names the option that is missing, or the file that can't be used.
    pub fn lnd_access(&self) -> anyhow::Result<LndAccess> {
        if let Some(file) = &self.lndconnect_file {
            ensure!(
                self.lnd_address.is_none() && self.lnd_macaroon_file.is_empty(),
                "give either --lndconnect-file or address, certificate and macaroons, not both"
            );
            let text = String::from_utf8(read(file)?).unwrap_or_default();
            return LndAccess::of_lndconnect(&text).with_context(|| format!("{}", file.display()));
        }
        let address = self.lnd_address.as_deref().context(
            "no LND: give --lnd-address HOST:PORT with --lnd-certificate-file and --lnd-macaroon-file, or \
             --lndconnect-file",
        )?;
        let certificate = self
            .lnd_certificate_file
            .as_deref()
            .context("no --lnd-certificate-file: give LND's own tls.cert, it lies in LND's folder")?;
        let macaroons: anyhow::Result<Vec<Vec<u8>>> =
            self.lnd_macaroon_file.iter().map(|file| read(file)).collect();
        let macaroons = macaroons?;
        Ok(LndAccess::new(address, &read(certificate)?, &macaroons)?)
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("the file {} can't be read", file.display()))
}
