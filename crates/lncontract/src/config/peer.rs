//! Where other companies' programs reach ours over HTTPS, as it is configured.
//!
//! Invariant: what stands in an invite can be reached with TLS, or is on this machine.

use anyhow::{Context, ensure};

use super::{
    PeerSettings, Typed,
    chain::{is_this_machine, web_url},
};

impl Typed {
    /// Both or none.
    pub(super) fn peer(&self) -> anyhow::Result<Option<PeerSettings>> {
        let Some(address) = &self.peer_address else {
            ensure!(
                self.listen_peer.is_none(),
                "--listen-peer without --peer-address https://HOST/PATH: nobody would know where to ask"
            );
            return Ok(None);
        };
        let listen = self.listen_peer.context(
            "--peer-address without --listen-peer IP:PORT: nothing would answer there; give 127.0.0.1 and a port, and \
             let a proxy with TLS lead to it",
        )?;
        let (address, authority) = web_url(address, "the peer address", "https://lncontract.example.com")?;
        ensure!(
            address.starts_with("https://") || is_this_machine(authority),
            "the peer address {address} has no TLS, and {authority} is not this machine: contracts would go over the \
             net in the clear; give https://, and let a proxy with TLS lead to {listen}"
        );
        Ok(Some(PeerSettings { listen, address: address.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(listen: Option<&str>, address: Option<&str>) -> Result<Option<String>, String> {
        let typed = Typed {
            listen_peer: listen.map(|listen| listen.parse().expect("an address")),
            peer_address: address.map(str::to_owned),
            ..Typed::default()
        };
        let settings = typed.peer().map_err(|error| error.to_string())?;
        Ok(settings.map(|settings| settings.address))
    }

    #[test]
    fn both_are_given_or_none_and_there_is_tls() {
        let listen = Some("127.0.0.1:8421");
        assert_eq!(meaning(None, None), Ok(None));
        let address = "https://lncontract.castor.example";
        assert_eq!(meaning(listen, Some("https://lncontract.castor.example/")), Ok(Some(address.into())));
        assert_eq!(meaning(listen, Some("http://127.0.0.1:8421")), Ok(Some("http://127.0.0.1:8421".into())));
        let refused = |listen, address, words: &str| {
            let error = meaning(listen, address).expect_err("it is refused");
            assert!(error.contains(words), "{error}");
        };
        refused(listen, None, "nobody would know");
        refused(None, Some(address), "nothing would answer");
        refused(listen, Some("http://castor.example"), "in the clear");
        refused(listen, Some("castor.example"), "neither https:// nor http://");
        refused(listen, Some("https://me:secret@castor.example"), "user or password");
    }
}
