//! A counterparty: the other company, its keys and where its node is.

/// The other company of one or more contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its node's public key in hex.
    pub id: String,
    /// Its legal name.
    pub name: String,
    /// The name it chose for pages.
    pub short_name: String,
    /// Its key statement as JSON, opaque here.
    pub key_statement: String,
    /// Where its node was reached last: `host:port`.
    pub address: String,
    /// When its words were compared by voice, in seconds since 1970 UTC.
    pub words_confirmed_at: Option<i64>,
    /// When it was invited or invited us, in seconds since 1970 UTC.
    pub invited_at: i64,
}
