//! The wallet: sums, coins, transactions, fees.

use super::OutPoint;

/// `lnrpc.WalletBalanceResponse`, in satoshi.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct WalletBalance {
    #[prost(int64, tag = "1")]
    pub(crate) total_balance: i64,
    #[prost(int64, tag = "2")]
    pub(crate) confirmed_balance: i64,
    /// Leased to something under way, and in no other figure.
    #[prost(int64, tag = "5")]
    pub(crate) locked_balance: i64,
    /// What LND itself keeps for announced channels.
    #[prost(int64, tag = "6")]
    pub(crate) reserved_balance_anchor_chan: i64,
}

/// `lnrpc.ChannelBalanceResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ChannelBalance {
    #[prost(message, optional, tag = "3")]
    pub(crate) local: Option<Amount>,
    #[prost(message, optional, tag = "7")]
    pub(crate) pending_open_local: Option<Amount>,
}

/// `lnrpc.Amount`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Amount {
    #[prost(uint64, tag = "2")]
    pub(crate) msat: u64,
}

/// `lnrpc.NewAddressRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct NewAddress {
    /// `lnrpc.AddressType`: 0 is P2WPKH.
    #[prost(int32, tag = "1")]
    pub(crate) address_type: i32,
}

/// `lnrpc.NewAddressResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Address {
    #[prost(string, tag = "1")]
    pub(crate) address: String,
}

/// `lnrpc.GetTransactionsRequest`; an end of -1 takes in what is not confirmed.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct GetTransactions {
    #[prost(int32, tag = "1")]
    pub(crate) start_height: i32,
    #[prost(int32, tag = "2")]
    pub(crate) end_height: i32,
}

/// `lnrpc.TransactionDetails`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Transactions {
    #[prost(message, repeated, tag = "1")]
    pub(crate) transactions: Vec<Transaction>,
}

/// `lnrpc.Transaction`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Transaction {
    #[prost(string, tag = "1")]
    pub(crate) tx_hash: String,
    /// What came in less what went out.
    #[prost(int64, tag = "2")]
    pub(crate) amount: i64,
    #[prost(int32, tag = "3")]
    pub(crate) num_confirmations: i32,
    #[prost(int32, tag = "5")]
    pub(crate) block_height: i32,
    #[prost(string, tag = "9")]
    pub(crate) raw_tx_hex: String,
    #[prost(message, repeated, tag = "11")]
    pub(crate) output_details: Vec<Output>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) previous_outpoints: Vec<Previous>,
}

/// `lnrpc.OutputDetail`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Output {
    #[prost(int64, tag = "5")]
    pub(crate) amount: i64,
    #[prost(bool, tag = "6")]
    pub(crate) is_our_address: bool,
}

/// `lnrpc.PreviousOutPoint`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Previous {
    /// `TXID:INDEX`.
    #[prost(string, tag = "1")]
    pub(crate) outpoint: String,
    #[prost(bool, tag = "2")]
    pub(crate) is_our_output: bool,
}

/// `lnrpc.ListUnspentRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct ListUnspent {
    #[prost(int32, tag = "1")]
    pub(crate) min_confs: i32,
    #[prost(int32, tag = "2")]
    pub(crate) max_confs: i32,
}

/// `lnrpc.ListUnspentResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Unspent {
    #[prost(message, repeated, tag = "1")]
    pub(crate) utxos: Vec<Utxo>,
}

/// `lnrpc.Utxo`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Utxo {
    #[prost(string, tag = "2")]
    pub(crate) address: String,
    #[prost(int64, tag = "3")]
    pub(crate) amount_sat: i64,
    #[prost(message, optional, tag = "5")]
    pub(crate) outpoint: Option<OutPoint>,
    #[prost(int64, tag = "6")]
    pub(crate) confirmations: i64,
}

/// `walletrpc.EstimateFeeRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct FeeTarget {
    #[prost(int32, tag = "1")]
    pub(crate) conf_target: i32,
}

/// `walletrpc.EstimateFeeResponse`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct FeeRate {
    /// Satoshi per 1,000 weight units.
    #[prost(int64, tag = "1")]
    pub(crate) sat_per_kw: i64,
}
