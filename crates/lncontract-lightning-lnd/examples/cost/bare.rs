//! LND's own calls, with nothing of the adapter between: the reference of the bench.

use bitcoin::hex::DisplayHex;
use http::uri::PathAndQuery;
use lncontract_lightning::NodeKey;
use lncontract_lightning_lnd::LndAccess;
use prost::Message;
use tonic::{Request, client::Grpc, metadata::AsciiMetadataValue, transport::Channel};
use tonic_prost::ProstCodec;

use crate::pinned;

/// An LND, as its own tools ask it.
pub struct Bare {
    grpc: Grpc<Channel>,
    macaroon: AsciiMetadataValue,
}

/// `lnrpc.Invoice`, as a question.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct AddInvoice {
    #[prost(int64, tag = "23")]
    value_msat: i64,
}

/// `lnrpc.AddInvoiceResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Added {
    #[prost(string, tag = "2")]
    payment_request: String,
}

/// `routerrpc.SendPaymentRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
struct SendPayment {
    #[prost(string, tag = "5")]
    payment_request: String,
    #[prost(int32, tag = "6")]
    timeout_seconds: i32,
    #[prost(bool, tag = "18")]
    no_inflight_updates: bool,
}

/// `lnrpc.Payment`; 2 has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct Payment {
    #[prost(int32, tag = "10")]
    status: i32,
}

/// `lnrpc.OpenChannelRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Open {
    #[prost(bytes = "vec", tag = "2")]
    node_pubkey: Vec<u8>,
    #[prost(int64, tag = "4")]
    local_funding_amount: i64,
    #[prost(int32, tag = "6")]
    target_conf: i32,
    #[prost(bool, tag = "8")]
    private: bool,
}

/// An answer whose content does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct Nothing {}

impl Bare {
    pub fn new(access: &LndAccess, macaroon: &[u8]) -> Self {
        let macaroon = macaroon.to_lower_hex_string().parse().expect("hexadecimal is plain ASCII");
        Self { grpc: Grpc::new(pinned::channel(access)), macaroon }
    }

    /// A plain invoice.
    pub async fn add_invoice(&self, amount_msat: u64) -> String {
        let question = AddInvoice { value_msat: i64::try_from(amount_msat).expect("a small amount") };
        let mut grpc = self.grpc.clone();
        grpc.ready().await.expect("LND answers");
        let codec: ProstCodec<AddInvoice, Added> = ProstCodec::default();
        let path = PathAndQuery::from_static("/lnrpc.Lightning/AddInvoice");
        let added = grpc.unary(self.request(question), path, codec).await.expect("an invoice");
        added.into_inner().payment_request
    }

    /// Pays, until LND says that it arrived.
    pub async fn pay(&self, invoice: &str) {
        let question =
            SendPayment { payment_request: invoice.into(), timeout_seconds: 60, no_inflight_updates: true };
        let last: Payment = self.first("/routerrpc.Router/SendPaymentV2", question).await;
        assert_eq!(last.status, 2, "it arrived");
    }

    /// Opens, until LND says that the channel is pending.
    pub async fn open(&self, peer: NodeKey, amount_sat: u64) {
        let question = Open {
            node_pubkey: peer.serialize().to_vec(),
            local_funding_amount: i64::try_from(amount_sat).expect("a small amount"),
            target_conf: 6,
            private: true,
        };
        let _: Nothing = self.first("/lnrpc.Lightning/OpenChannel", question).await;
    }

    async fn first<Q: Message + 'static, R: Message + Default + 'static>(
        &self,
        path: &'static str,
        question: Q,
    ) -> R {
        let mut grpc = self.grpc.clone();
        grpc.ready().await.expect("LND answers");
        let codec: ProstCodec<Q, R> = ProstCodec::default();
        let path = PathAndQuery::from_static(path);
        let answer = grpc.server_streaming(self.request(question), path, codec).await.expect("LND answers");
        answer.into_inner().message().await.expect("LND answers").expect("at least once")
    }

    fn request<Q>(&self, question: Q) -> Request<Q> {
        let mut request = Request::new(question);
        request.metadata_mut().insert("macaroon", self.macaroon.clone());
        request
    }
}
