//! What somebody does at an LND without this program, as `lncli` would.

use bitcoin::hex::DisplayHex;
use http::uri::PathAndQuery;
use lncontract_lightning::{NodeKey, PaymentHash, conformance::Side};
use prost::Message;
use tonic::{Request, Status, client::Grpc, metadata::AsciiMetadataValue, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{bench::MixedBench, pinned};

/// An LND with the macaroon that may do all.
pub struct ByHand {
    grpc: Grpc<Channel>,
    macaroon: AsciiMetadataValue,
}

/// `lnrpc.OpenChannelRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Open {
    #[prost(bytes = "vec", tag = "2")]
    node_pubkey: Vec<u8>,
    #[prost(int64, tag = "4")]
    local_funding_amount: i64,
}

/// `invoicesrpc.CancelInvoiceMsg`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Cancel {
    #[prost(bytes = "vec", tag = "1")]
    payment_hash: Vec<u8>,
}

/// `lnrpc.DelCanceledInvoiceReq`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Delete {
    #[prost(string, tag = "1")]
    invoice_hash: String,
}

/// An answer whose content does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct Nothing {}

impl ByHand {
    pub fn at(bench: &MixedBench, side: Side) -> Self {
        let (access, macaroon) =
            bench.with_lnd(side, |lnd| (lnd.access(), std::fs::read(lnd.macaroon("admin"))));
        let macaroon = macaroon.expect("it wrote one").to_lower_hex_string();
        Self { grpc: Grpc::new(pinned::channel(&access)), macaroon: macaroon.parse().expect("plain ASCII") }
    }

    /// An announced channel, as a node that routes has many. Returns when it is pending.
    pub async fn open_announced(&self, peer: NodeKey, amount_sat: i64) -> Result<(), Status> {
        let node_pubkey = peer.serialize().to_vec();
        let question = Open { node_pubkey, local_funding_amount: amount_sat };
        self.call("/lnrpc.Lightning/OpenChannelSync", question).await
    }

    pub async fn cancel_invoice(&self, hash: PaymentHash) {
        let question = Cancel { payment_hash: hash.to_vec() };
        self.call("/invoicesrpc.Invoices/CancelInvoice", question).await.expect("it is not paid");
    }

    pub async fn delete_invoice(&self, hash: PaymentHash) {
        let question = Delete { invoice_hash: hash.to_lower_hex_string() };
        self.call("/lnrpc.Lightning/DeleteCanceledInvoice", question).await.expect("it is cancelled");
    }

    async fn call<Q: Message + 'static>(&self, path: &'static str, question: Q) -> Result<(), Status> {
        let mut grpc = self.grpc.clone();
        grpc.ready().await.expect("LND answers");
        let mut request = Request::new(question);
        request.metadata_mut().insert("macaroon", self.macaroon.clone());
        let codec: ProstCodec<Q, Nothing> = ProstCodec::default();
        grpc.unary(request, PathAndQuery::from_static(path), codec).await.map(|_| ())
    }
}
