//! LND's own calls, with nothing of the adapter between: the reference of `cargo xtask bench lnd`. Behind the feature
//! `own-calls`; no program has it.
//!
//! Invariant: it is for measuring. A call that does not go as wanted ends the run.

use bitcoin::hex::DisplayHex;
use http::uri::PathAndQuery;
use lncontract_lightning::NodeKey;
use prost::Message;
use tonic::{Request, client::Grpc, metadata::AsciiMetadataValue, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{config::LndAccess, pinned};

/// An LND, as its own tools ask it.
pub struct OwnCalls {
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

/// `lnrpc.GetInfoResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Info {
    #[prost(string, tag = "1")]
    identity_pubkey: String,
}

/// `lnrpc.ConnectPeerRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Connect {
    #[prost(message, optional, tag = "1")]
    address: Option<Address>,
}

/// `lnrpc.LightningAddress`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Address {
    #[prost(string, tag = "1")]
    pubkey: String,
    #[prost(string, tag = "2")]
    host: String,
}

/// `lnrpc.ListChannelsResponse`, as far as it is counted here.
#[derive(Clone, PartialEq, Eq, Message)]
struct Listed {
    #[prost(message, repeated, tag = "11")]
    channels: Vec<ListedChannel>,
}

/// `lnrpc.Channel`.
#[derive(Clone, PartialEq, Eq, Message)]
struct ListedChannel {
    #[prost(bool, tag = "1")]
    active: bool,
    #[prost(string, tag = "2")]
    remote_pubkey: String,
}

/// An answer whose content does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct Nothing {}

impl OwnCalls {
    /// Calls of an LND, with one macaroon that may all of them.
    pub fn new(access: &LndAccess, macaroon: &[u8]) -> Self {
        let macaroon = macaroon.to_lower_hex_string().parse().expect("hexadecimal is plain ASCII");
        Self { grpc: Grpc::new(pinned::channel(access)), macaroon }
    }

    /// A plain invoice.
    pub async fn add_invoice(&self, amount_msat: u64) -> String {
        let question = AddInvoice { value_msat: i64::try_from(amount_msat).expect("a small amount") };
        let added: Added = self.once("/lnrpc.Lightning/AddInvoice", question).await;
        added.payment_request
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

    /// How many channels with a peer can be used.
    pub async fn active_with(&self, peer: NodeKey) -> usize {
        let listed: Listed = self.once("/lnrpc.Lightning/ListChannels", Nothing {}).await;
        let peer = peer.to_string();
        listed.channels.iter().filter(|channel| channel.active && channel.remote_pubkey == peer).count()
    }

    /// The key of the node.
    pub async fn key(&self) -> NodeKey {
        let info: Info = self.once("/lnrpc.Lightning/GetInfo", Nothing {}).await;
        info.identity_pubkey.parse().expect("LND has a key")
    }

    /// Connects to a peer; one that is connected stays so.
    pub async fn connect(&self, peer: NodeKey, host: &str) {
        let question = Connect { address: Some(Address { pubkey: peer.to_string(), host: host.into() }) };
        let _: Nothing = self.once("/lnrpc.Lightning/ConnectPeer", question).await;
    }

    async fn once<Q: Message + 'static, R: Message + Default + 'static>(
        &self,
        path: &'static str,
        question: Q,
    ) -> R {
        let mut grpc = self.grpc.clone();
        grpc.ready().await.expect("LND answers");
        let codec: ProstCodec<Q, R> = ProstCodec::default();
        let answer = grpc.unary(self.request(question), PathAndQuery::from_static(path), codec).await;
        answer.expect("LND does it").into_inner()
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
