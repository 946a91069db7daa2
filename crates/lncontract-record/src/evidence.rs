//! The proof that an author has written two entries for one place, as bytes to keep and to show.
//!
//! Invariant: two signed headers and nothing else: no payload, so that it can be shown to anybody. One fork has
//! one proof, whichever entry came first. Compatibility: canonical JSON `{format, headers, v}`. Pure.

use lncontract_core::{
    Hash, Signature, XOnlyKey,
    v1::{Header, Side},
};
use serde::{Deserialize, Serialize};

use crate::{
    canonical::{self, CanonicalError},
    entry::{SignedEntry, word},
    hash::entry_id,
    keys::{KeyError, verify},
    record::Fork,
};

const FORMAT: &str = "lncontract-fork";
const VERSION: u32 = 0;

/// Why bytes prove no fork.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// They can't be read.
    #[error("this is no proof of a fork")]
    Unreadable(#[from] CanonicalError),
    /// They are of another version.
    #[error("proof of version {found}, this program reads {VERSION}: use the newer program")]
    Version {
        /// The proof's.
        found: u32,
    },
    /// The headers are not two different ones for one place, the smaller id first.
    #[error("the headers do not name one contract, author and place with two entries: they prove nothing")]
    Place,
    /// A header is not signed by the author.
    #[error("a header is not signed by the {}'s record key", word(*author))]
    Signature {
        /// The author.
        author: Side,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedHeader {
    header: Header,
    signature: Signature,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    headers: [SignedHeader; 2],
    v: u32,
}

/// A proof that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkProof {
    headers: [SignedHeader; 2],
    ids: [Hash; 2],
}

impl Fork {
    /// Returns the bytes that prove it, to keep and to show. [`ForkProof::open`] reads them.
    ///
    /// # Errors
    /// Never for entries of a record: they were canonical when they came.
    pub fn proof(&self) -> Result<Vec<u8>, CanonicalError> {
        let signed = |entry: &SignedEntry| SignedHeader {
            header: entry.entry().header.clone(),
            signature: entry.signature(),
        };
        let mut entries = [&self.held, &self.other];
        entries.sort_by_key(|entry| entry.id());
        let file = File { format: FORMAT.to_owned(), headers: entries.map(signed), v: VERSION };
        canonical::to_bytes(&file)
    }
}

impl ForkProof {
    /// Opens and checks a proof against the author's record key.
    ///
    /// # Errors
    /// When it proves nothing.
    pub fn open(bytes: &[u8], record_key: &XOnlyKey) -> Result<Self, EvidenceError> {
        let file: File = canonical::from_bytes(bytes)?;
        if file.format != FORMAT {
            let reason = format!("format {:?}, expected {FORMAT:?}", file.format);
            return Err(CanonicalError::Shape { reason }.into());
        }
        if file.v != VERSION {
            return Err(EvidenceError::Version { found: file.v });
        }
        let [one, two] = &file.headers;
        let ids = [entry_id(&one.header)?, entry_id(&two.header)?];
        let place = |header: &Header| (header.contract, header.author, header.seq);
        // Two first entries without a contract are two contracts, and no fork.
        let begins = one.header.contract == Hash::ZERO;
        if begins || place(&one.header) != place(&two.header) || ids[0] >= ids[1] {
            return Err(EvidenceError::Place);
        }
        let author = one.header.author;
        for (signed, id) in file.headers.iter().zip(&ids) {
            verify(record_key, id, &signed.signature)
                .map_err(|source| EvidenceError::Signature { author, source })?;
        }
        Ok(Self { headers: file.headers, ids })
    }

    /// Returns the contract.
    pub fn contract(&self) -> Hash {
        self.headers[0].header.contract
    }

    /// Returns who wrote two entries for one place.
    pub fn author(&self) -> Side {
        self.headers[0].header.author
    }

    /// Returns the place in the author's chain.
    pub fn seq(&self) -> u64 {
        self.headers[0].header.seq
    }

    /// Returns the ids of both entries, the smaller first.
    pub fn ids(&self) -> [Hash; 2] {
        self.ids
    }
}
