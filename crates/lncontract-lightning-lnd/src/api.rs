//! LND's messages as far as they are read or sent here, by hand: numbers and types as in its `.proto` files (0.18 on).
//!
//! Invariant: one struct per message, only the fields that are used; protobuf skips the others. A number that is wrong
//! reads as empty, so the tests against a real LND read every field once.

mod chain;
mod channels;
mod money;
mod payments;

pub(crate) use chain::*;
pub(crate) use channels::*;
pub(crate) use money::*;
pub(crate) use payments::*;

/// The calls, by their paths; also the actions of `uri` macaroons.
pub mod path {
    macro_rules! paths {
        ($($(#[$doc:meta])* $name:ident = $path:literal;)+) => {
            $($(#[$doc])* pub const $name: &str = $path;)+
        };
    }
    paths! {
        /// Needs no macaroon.
        GET_STATE = "/lnrpc.State/GetState";
        /// Who and what the node is.
        GET_INFO = "/lnrpc.Lightning/GetInfo";
        /// Which rights each call needs.
        LIST_PERMISSIONS = "/lnrpc.Lightning/ListPermissions";
        /// Makes macaroons.
        BAKE_MACAROON = "/lnrpc.Lightning/BakeMacaroon";
        /// Peers.
        LIST_PEERS = "/lnrpc.Lightning/ListPeers";
        /// Dials.
        CONNECT_PEER = "/lnrpc.Lightning/ConnectPeer";
        /// Comings and goings.
        SUBSCRIBE_PEER_EVENTS = "/lnrpc.Lightning/SubscribePeerEvents";
        /// Messages of a type for applications.
        SEND_CUSTOM_MESSAGE = "/lnrpc.Lightning/SendCustomMessage";
        /// The same, coming in.
        SUBSCRIBE_CUSTOM_MESSAGES = "/lnrpc.Lightning/SubscribeCustomMessages";
        /// Coins of the wallet, summed.
        WALLET_BALANCE = "/lnrpc.Lightning/WalletBalance";
        /// Channels, summed.
        CHANNEL_BALANCE = "/lnrpc.Lightning/ChannelBalance";
        /// A fresh address.
        NEW_ADDRESS = "/lnrpc.Lightning/NewAddress";
        /// What moved coins of the wallet.
        GET_TRANSACTIONS = "/lnrpc.Lightning/GetTransactions";
        /// Coins of the wallet.
        LIST_UNSPENT = "/lnrpc.Lightning/ListUnspent";
        /// Open channels.
        LIST_CHANNELS = "/lnrpc.Lightning/ListChannels";
        /// Channels on their way in or out.
        PENDING_CHANNELS = "/lnrpc.Lightning/PendingChannels";
        /// Channels that are over.
        CLOSED_CHANNELS = "/lnrpc.Lightning/ClosedChannels";
        /// Something about a channel changed.
        SUBSCRIBE_CHANNEL_EVENTS = "/lnrpc.Lightning/SubscribeChannelEvents";
        /// What the node's graph has of a channel.
        GET_CHAN_INFO = "/lnrpc.Lightning/GetChanInfo";
        /// Opens a channel, in stages.
        OPEN_CHANNEL = "/lnrpc.Lightning/OpenChannel";
        /// Closes one, in stages.
        CLOSE_CHANNEL = "/lnrpc.Lightning/CloseChannel";
        /// Asks us about channels of others.
        CHANNEL_ACCEPTOR = "/lnrpc.Lightning/ChannelAcceptor";
        /// Invoices.
        LIST_INVOICES = "/lnrpc.Lightning/ListInvoices";
        /// An invoice that we settle ourselves.
        ADD_HOLD_INVOICE = "/invoicesrpc.Invoices/AddHoldInvoice";
        /// Takes the money of one.
        SETTLE_INVOICE = "/invoicesrpc.Invoices/SettleInvoice";
        /// Gives it back.
        CANCEL_INVOICE = "/invoicesrpc.Invoices/CancelInvoice";
        /// What becomes of one.
        SUBSCRIBE_SINGLE_INVOICE = "/invoicesrpc.Invoices/SubscribeSingleInvoice";
        /// Pays an invoice.
        SEND_PAYMENT = "/routerrpc.Router/SendPaymentV2";
        /// Sends one part of a payment over a named channel.
        SEND_TO_ROUTE = "/routerrpc.Router/SendToRouteV2";
        /// What became of a payment.
        TRACK_PAYMENT = "/routerrpc.Router/TrackPaymentV2";
        /// What becomes of all.
        TRACK_PAYMENTS = "/routerrpc.Router/TrackPayments";
        /// Payments so far.
        LIST_PAYMENTS = "/lnrpc.Lightning/ListPayments";
        /// A block.
        GET_BLOCK = "/chainrpc.ChainKit/GetBlock";
        /// The hash of a block.
        GET_BLOCK_HASH = "/chainrpc.ChainKit/GetBlockHash";
        /// What a transaction has to pay now.
        WALLET_ESTIMATE_FEE = "/walletrpc.WalletKit/EstimateFee";
    }
}

/// An answer or a question without content, or whose content is not read.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Nothing {}

/// `lnrpc.OutPoint`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct OutPoint {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) txid_bytes: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(crate) txid_str: String,
    #[prost(uint32, tag = "3")]
    pub(crate) output_index: u32,
}
