//! TLS in front of what has none: `localhost` by an authority of its own.
//!
//! The certificates in `tls/` are for these tests only, and nobody has the key of their authority any more.

use std::{path::Path, sync::Arc};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// Who has to be trusted, for `SSL_CERT_FILE`.
pub fn authority() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/tls/authority.pem"))
}

/// Leads to `behind` (`host:port`). Returns its URL.
pub async fn before(behind: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    lead(listener, behind.to_owned());
    format!("https://localhost:{port}")
}

/// Leads from a listener to `behind`, which need not be there yet.
pub fn lead(listener: TcpListener, behind: String) {
    let chain =
        vec![CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key")).expect("a key");
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("they fit");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                // Who does not like the certificate goes away, and what is behind may be off.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let Ok(mut inside) = TcpStream::connect(behind).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
}
