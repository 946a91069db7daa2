//! Who may log in, and who is logged in.
//!
//! Invariant: neither a password nor a session token is stored, only a hash of each.

use std::fmt;

use crate::Hash;

/// A person who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Never changes.
    pub id: String,
    /// What is typed to log in; no two users have the same.
    pub name: String,
    /// A PHC string (argon2id).
    pub password_hash: String,
    /// A word, opaque here.
    pub role: String,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A log-in that lasts for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token in the cookie.
    pub token_hash: Hash,
    /// Whose.
    pub user_id: String,
    /// Seconds since 1970 UTC.
    pub created_at: i64,
    /// From this second on it counts no more.
    pub expires_at: i64,
}
