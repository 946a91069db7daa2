//! The company itself, its settings and its audit log.
//!
//! Invariant: key material is stored as it comes, sealed; it is opened elsewhere and never printed.

use std::fmt;

/// The company whose program this is. There is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its legal name.
    pub name: String,
    /// What it is called on a narrow page.
    pub short_name: String,
    /// Its keys, encrypted.
    pub keys: Sealed,
    /// JSON, opaque here.
    pub settings: String,
}

/// Encrypted key material; the three parts are opaque here.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Of the cipher.
    pub nonce: Vec<u8>,
    /// Of the password hash.
    pub salt: Vec<u8>,
    /// With its tag.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.ciphertext.len())
    }
}

/// One named value, such as the epoch or the node's birth height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A line for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// A user's name, or the part of the program that did it.
    pub who: String,
    /// What was done, in words.
    pub what: String,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Grows with every line; the cursor of a page.
    pub position: i64,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
}
