//! Invoices and payments.

/// `invoicesrpc.AddHoldInvoiceRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct AddHoldInvoice {
    /// Kept by LND; with a description hash it is not in the invoice.
    #[prost(string, tag = "1")]
    pub(crate) memo: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) description_hash: Vec<u8>,
    /// Seconds.
    #[prost(int64, tag = "5")]
    pub(crate) expiry: i64,
    /// Blocks that the payer's HTLC has at least.
    #[prost(uint64, tag = "7")]
    pub(crate) cltv_expiry: u64,
    #[prost(int64, tag = "10")]
    pub(crate) value_msat: i64,
}

/// `invoicesrpc.AddHoldInvoiceResp`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct AddedInvoice {
    #[prost(string, tag = "1")]
    pub(crate) payment_request: String,
    #[prost(uint64, tag = "2")]
    pub(crate) add_index: u64,
}

/// `invoicesrpc.SettleInvoiceMsg` and `invoicesrpc.CancelInvoiceMsg`: preimage or hash.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Bytes32 {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) bytes: Vec<u8>,
}

/// `invoicesrpc.SubscribeSingleInvoiceRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct OneInvoice {
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) r_hash: Vec<u8>,
}

/// `lnrpc.ListInvoiceRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct ListInvoices {
    #[prost(uint64, tag = "4")]
    pub(crate) index_offset: u64,
    #[prost(uint64, tag = "5")]
    pub(crate) num_max_invoices: u64,
}

/// `lnrpc.ListInvoiceResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Invoices {
    #[prost(message, repeated, tag = "1")]
    pub(crate) invoices: Vec<Invoice>,
    #[prost(uint64, tag = "2")]
    pub(crate) last_index_offset: u64,
}

/// `lnrpc.Invoice`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Invoice {
    #[prost(string, tag = "1")]
    pub(crate) memo: String,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) r_hash: Vec<u8>,
    #[prost(uint64, tag = "16")]
    pub(crate) add_index: u64,
    #[prost(int64, tag = "20")]
    pub(crate) amt_paid_msat: i64,
    /// See [`invoice_state`].
    #[prost(int32, tag = "21")]
    pub(crate) state: i32,
    #[prost(message, repeated, tag = "22")]
    pub(crate) htlcs: Vec<InvoiceHtlc>,
}

/// `lnrpc.Invoice.InvoiceState`.
pub(crate) mod invoice_state {
    pub(crate) const SETTLED: i32 = 1;
    pub(crate) const CANCELED: i32 = 2;
    pub(crate) const ACCEPTED: i32 = 3;
}

/// `lnrpc.InvoiceHTLC`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct InvoiceHtlc {
    #[prost(uint64, tag = "1")]
    pub(crate) chan_id: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) amt_msat: u64,
    /// `lnrpc.InvoiceHTLCState`: 0 accepted, 1 settled, 2 cancelled.
    #[prost(int32, tag = "8")]
    pub(crate) state: i32,
}

/// `routerrpc.SendPaymentRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SendPayment {
    #[prost(string, tag = "5")]
    pub(crate) payment_request: String,
    /// Seconds for trying; what is in flight then stays in flight.
    #[prost(int32, tag = "6")]
    pub(crate) timeout_seconds: i32,
    /// Blocks that the route may take in all.
    #[prost(int32, tag = "9")]
    pub(crate) cltv_limit: i32,
    /// 0: no fee, on this call.
    #[prost(int64, tag = "13")]
    pub(crate) fee_limit_msat: i64,
    #[prost(uint32, tag = "17")]
    pub(crate) max_parts: u32,
    #[prost(uint64, repeated, tag = "19")]
    pub(crate) outgoing_chan_ids: Vec<u64>,
}

/// `routerrpc.SendToRouteRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SendToRoute {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) payment_hash: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(crate) route: Option<Route>,
}

/// `lnrpc.Route`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Route {
    #[prost(uint32, tag = "1")]
    pub(crate) total_time_lock: u32,
    #[prost(message, repeated, tag = "4")]
    pub(crate) hops: Vec<Hop>,
    #[prost(int64, tag = "6")]
    pub(crate) total_amt_msat: i64,
}

/// `lnrpc.Hop`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Hop {
    #[prost(uint64, tag = "1")]
    pub(crate) chan_id: u64,
    #[prost(uint32, tag = "5")]
    pub(crate) expiry: u32,
    #[prost(int64, tag = "6")]
    pub(crate) amt_to_forward_msat: i64,
    #[prost(string, tag = "8")]
    pub(crate) pub_key: String,
    #[prost(message, optional, tag = "10")]
    pub(crate) mpp_record: Option<MppRecord>,
    #[prost(bytes = "vec", tag = "13")]
    pub(crate) metadata: Vec<u8>,
}

/// `lnrpc.MPPRecord`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct MppRecord {
    #[prost(int64, tag = "10")]
    pub(crate) total_amt_msat: i64,
    #[prost(bytes = "vec", tag = "11")]
    pub(crate) payment_addr: Vec<u8>,
}

/// `routerrpc.TrackPaymentRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct TrackPayment {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) payment_hash: Vec<u8>,
}

/// `lnrpc.ListPaymentsRequest`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct ListPayments {
    #[prost(bool, tag = "1")]
    pub(crate) include_incomplete: bool,
    #[prost(uint64, tag = "2")]
    pub(crate) index_offset: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) max_payments: u64,
}

/// `lnrpc.ListPaymentsResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Payments {
    #[prost(message, repeated, tag = "1")]
    pub(crate) payments: Vec<Payment>,
    #[prost(uint64, tag = "3")]
    pub(crate) last_index_offset: u64,
}

/// `lnrpc.Payment`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Payment {
    /// In hexadecimal.
    #[prost(string, tag = "1")]
    pub(crate) payment_hash: String,
    /// In hexadecimal.
    #[prost(string, tag = "6")]
    pub(crate) payment_preimage: String,
    /// See [`payment_status`].
    #[prost(int32, tag = "10")]
    pub(crate) status: i32,
    #[prost(int64, tag = "12")]
    pub(crate) fee_msat: i64,
    #[prost(message, repeated, tag = "14")]
    pub(crate) htlcs: Vec<Attempt>,
    #[prost(uint64, tag = "15")]
    pub(crate) payment_index: u64,
    /// See [`failure_reason`].
    #[prost(int32, tag = "16")]
    pub(crate) failure_reason: i32,
}

/// `lnrpc.Payment.PaymentStatus`; the others are on their way.
pub(crate) mod payment_status {
    pub(crate) const SUCCEEDED: i32 = 2;
    pub(crate) const FAILED: i32 = 3;
}

/// `lnrpc.PaymentFailureReason`.
pub(crate) mod failure_reason {
    pub(crate) const TIMEOUT: i32 = 1;
    pub(crate) const NO_ROUTE: i32 = 2;
    pub(crate) const INCORRECT_PAYMENT_DETAILS: i32 = 4;
    pub(crate) const INSUFFICIENT_BALANCE: i32 = 5;
    pub(crate) const CANCELED: i32 = 6;
}

/// `lnrpc.HTLCAttempt`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Attempt {
    /// 0 in flight, 1 arrived, 2 failed.
    #[prost(int32, tag = "1")]
    pub(crate) status: i32,
    #[prost(message, optional, tag = "5")]
    pub(crate) failure: Option<Failure>,
}

/// `lnrpc.Failure`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Failure {
    /// `lnrpc.Failure.FailureCode`.
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
}
