//! State of the daemon, who it is, peers, messages, blocks.

use std::collections::HashMap;

/// `lnrpc.GetStateResponse`. States are in [`state`].
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct State {
    #[prost(int32, tag = "1")]
    pub(crate) state: i32,
}

/// `lnrpc.WalletState`.
pub(crate) mod state {
    pub(crate) const NON_EXISTING: i32 = 0;
    pub(crate) const LOCKED: i32 = 1;
    /// It answers, and waits for the chain: as a rule for a moment.
    pub(crate) const RPC_ACTIVE: i32 = 3;
    pub(crate) const SERVER_ACTIVE: i32 = 4;
}

/// `lnrpc.GetInfoResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Info {
    #[prost(string, tag = "1")]
    pub(crate) identity_pubkey: String,
    #[prost(string, tag = "2")]
    pub(crate) alias: String,
    #[prost(uint32, tag = "6")]
    pub(crate) block_height: u32,
    #[prost(bool, tag = "9")]
    pub(crate) synced_to_chain: bool,
    #[prost(string, repeated, tag = "12")]
    pub(crate) uris: Vec<String>,
    #[prost(string, tag = "14")]
    pub(crate) version: String,
    #[prost(message, repeated, tag = "16")]
    pub(crate) chains: Vec<ChainName>,
    /// By feature bit (BOLT 9).
    #[prost(map = "uint32, message", tag = "19")]
    pub(crate) features: HashMap<u32, Feature>,
}

/// `lnrpc.Chain`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ChainName {
    #[prost(string, tag = "2")]
    pub(crate) network: String,
}

/// `lnrpc.Feature`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Feature {
    #[prost(string, tag = "2")]
    pub(crate) name: String,
}

/// `lnrpc.ListPeersResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Peers {
    #[prost(message, repeated, tag = "1")]
    pub(crate) peers: Vec<Peer>,
}

/// `lnrpc.Peer`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Peer {
    #[prost(string, tag = "1")]
    pub(crate) pub_key: String,
}

/// `lnrpc.ConnectPeerRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Connect {
    #[prost(message, optional, tag = "1")]
    pub(crate) addr: Option<LightningAddress>,
    #[prost(bool, tag = "2")]
    pub(crate) perm: bool,
    /// Seconds.
    #[prost(uint64, tag = "3")]
    pub(crate) timeout: u64,
}

/// `lnrpc.LightningAddress`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct LightningAddress {
    #[prost(string, tag = "1")]
    pub(crate) pubkey: String,
    #[prost(string, tag = "2")]
    pub(crate) host: String,
}

/// `lnrpc.SendCustomMessageRequest` and `lnrpc.CustomMessage`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CustomMessage {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) peer: Vec<u8>,
    #[prost(uint32, tag = "2")]
    pub(crate) message_type: u32,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) data: Vec<u8>,
}

/// `lnrpc.BakeMacaroonRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct BakeMacaroon {
    #[prost(message, repeated, tag = "1")]
    pub(crate) permissions: Vec<Permission>,
    #[prost(uint64, tag = "2")]
    pub(crate) root_key_id: u64,
}

/// `lnrpc.MacaroonPermission`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Permission {
    #[prost(string, tag = "1")]
    pub(crate) entity: String,
    #[prost(string, tag = "2")]
    pub(crate) action: String,
}

/// `lnrpc.MacaroonPermissionList`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Permissions {
    #[prost(message, repeated, tag = "1")]
    pub(crate) permissions: Vec<Permission>,
}

/// `lnrpc.ListPermissionsResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct PermissionsOfCalls {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) method_permissions: std::collections::HashMap<String, Permissions>,
}

/// `lnrpc.BakeMacaroonResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct BakedMacaroon {
    /// In hexadecimal.
    #[prost(string, tag = "1")]
    pub(crate) macaroon: String,
}

/// `chainrpc.GetBlockHashRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct BlockHeight {
    #[prost(int64, tag = "1")]
    pub(crate) block_height: i64,
}

/// `chainrpc.GetBlockHashResponse` and `chainrpc.GetBlockRequest`. In the order of the bytes of a header.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct BlockHash {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) block_hash: Vec<u8>,
}

/// `chainrpc.GetBlockResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct RawBlock {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) raw_block: Vec<u8>,
}
