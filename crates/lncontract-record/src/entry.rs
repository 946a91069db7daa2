//! A signed entry: `{header, payload, signature}` in canonical bytes, which are kept and sent as they are.
//!
//! Invariant: a [`SignedEntry`] that was opened has strict bytes, the payload its header names, the record
//! key's signature of its author, and, where it carries one, the company key's act. What it means is the
//! law's matter. Compatibility: the signature is over the entry's id (hash of the header);
//! the act's is over [`ActStatement`].

use lncontract_core::{
    Hash, Signature, Time,
    v1::{Act, Entry, Genesis, Header, KeyStatement, Payload, Side, Terms},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    canonical::{self, CanonicalError},
    hash::{ActStatement, account_hash, act_hash, entry_id, payload_hash, terms_hash},
    keys::{KeyError, SecretKey, verify},
};

/// The version of the bytes that this program writes and reads.
pub const VERSION: u32 = 0;

/// Why bytes are no entry of a contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The bytes are not canonical, or not an entry.
    #[error("the entry can't be read")]
    Canonical(#[from] CanonicalError),
    /// Another version of the bytes.
    #[error("entry of format {found}, this program reads {VERSION}: update the older program")]
    Version {
        /// The entry's.
        found: u32,
    },
    /// The payload is not the one that was signed.
    #[error("payload hash {computed}, the header says {stated}")]
    PayloadHash {
        /// In the header.
        stated: Hash,
        /// Of the payload that came with it.
        computed: Hash,
    },
    /// The terms are not those whose hash was signed.
    #[error("terms hash {computed}, the offer says {stated}")]
    TermsHash {
        /// In the offer.
        stated: Hash,
        /// Of the terms that came with it.
        computed: Hash,
    },
    /// The first entry of a contract must be an offer with the keys of both; no other may have them.
    #[error("the first entry of a contract, and no other, is an offer with the keys of both companies")]
    Genesis,
    /// An entry of a contract whose first entry is not known here.
    #[error("the first entry of contract {contract} is not here yet")]
    NoGenesis {
        /// The contract.
        contract: Hash,
    },
    /// The header's signature is not by the author's record key.
    #[error("the entry is not signed by the {}'s record key", word(*author))]
    Signature {
        /// The author.
        author: Side,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// The account is not the one that its hash names.
    #[error("the final account hashes to {computed}, the entry says {stated}")]
    AccountHash {
        /// Stated.
        stated: Hash,
        /// Computed.
        computed: Hash,
    },
    /// The act's signature is not by the author's company key.
    #[error("the act is not signed by the {}'s company key", word(*author))]
    Act {
        /// The author.
        author: Side,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// The act was used too late.
    #[error("the act expired at {expires}, the entry was signed at {signed}: the company has to sign again")]
    ActExpired {
        /// The act's last instant.
        expires: Time,
        /// The entry's time.
        signed: Time,
    },
}

pub(crate) fn word(side: Side) -> &'static str {
    match side {
        Side::Buyer => "buyer",
        Side::Seller => "seller",
    }
}

/// Returns the key statement of a side.
pub fn statement(genesis: &Genesis, side: Side) -> &KeyStatement {
    match side {
        Side::Buyer => &genesis.buyer,
        Side::Seller => &genesis.seller,
    }
}

/// An entry with the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEntry {
    entry: Entry,
    signature: Signature,
    bytes: Vec<u8>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    header: &'a Header,
    payload: &'a Payload,
    signature: Signature,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    header: Header,
    payload: Value,
    signature: Signature,
}

impl SignedEntry {
    /// Signs a header and puts it together with its payload.
    ///
    /// # Errors
    /// When header or payload have no canonical form, or the header names another payload.
    pub fn sign(header: Header, payload: Payload, record_key: &SecretKey) -> Result<Self, EntryError> {
        let computed = payload_hash(&payload)?;
        if computed != header.payload_hash {
            return Err(EntryError::PayloadHash { stated: header.payload_hash, computed });
        }
        let id = entry_id(&header)?;
        let signature = record_key.sign(&id);
        let bytes = canonical::to_bytes(&Envelope { header: &header, payload: &payload, signature })?;
        Ok(Self { entry: Entry { id, header, payload }, signature, bytes })
    }

    /// Reads the header only and believes nothing: to find out which contract and which place bytes claim.
    ///
    /// # Errors
    /// When the bytes are not canonical or not an entry of this version.
    pub fn peek(bytes: &[u8]) -> Result<Header, EntryError> {
        let parts: Parts = serde_json::from_value(canonical::parse(bytes)?).map_err(canonical::shape)?;
        if parts.header.v != VERSION {
            return Err(EntryError::Version { found: parts.header.v });
        }
        Ok(parts.header)
    }

    /// Opens an entry: strict bytes, hashes, signatures. `keys` are those of the contract's first entry; that
    /// one itself is opened with the keys it brings (which people compare by voice).
    ///
    /// # Errors
    /// When anything about the bytes is not as it was signed.
    pub fn open(bytes: &[u8], keys: Option<&Genesis>) -> Result<Self, EntryError> {
        let signed = Self::read(bytes)?;
        let header = &signed.entry.header;
        let keys = signed.keys(keys)?;
        let author = header.author;
        verify(&statement(keys, author).record_key, &signed.entry.id, &signed.signature)
            .map_err(|source| EntryError::Signature { author, source })?;
        check_act(&signed.entry, &statement(keys, author).company_key)?;
        Ok(signed)
    }

    fn read(bytes: &[u8]) -> Result<Self, EntryError> {
        let parts: Parts = serde_json::from_value(canonical::parse(bytes)?).map_err(canonical::shape)?;
        let Parts { header, payload, signature } = parts;
        if header.v != VERSION {
            return Err(EntryError::Version { found: header.v });
        }
        let payload = Payload::read(header.kind, payload).map_err(canonical::shape)?;
        let computed = payload_hash(&payload)?;
        if computed != header.payload_hash {
            return Err(EntryError::PayloadHash { stated: header.payload_hash, computed });
        }
        // Strict JSON may still spell out a default; only what we would write ourselves is taken.
        let again = canonical::to_bytes(&Envelope { header: &header, payload: &payload, signature })?;
        if again != bytes {
            return Err(CanonicalError::NotCanonical.into());
        }
        Ok(Self { entry: Entry { id: entry_id(&header)?, header, payload }, signature, bytes: again })
    }

    fn keys<'a>(&'a self, known: Option<&'a Genesis>) -> Result<&'a Genesis, EntryError> {
        let own = self.genesis();
        if self.entry.header.contract == Hash::ZERO {
            return own.ok_or(EntryError::Genesis);
        }
        if own.is_some() {
            return Err(EntryError::Genesis);
        }
        known.ok_or(EntryError::NoGenesis { contract: self.entry.header.contract })
    }

    /// Returns the keys of both companies, if this is the first entry of a contract.
    pub fn genesis(&self) -> Option<&Genesis> {
        match &self.entry.payload {
            Payload::Offer(offer) | Payload::Counter(offer) => offer.genesis.as_ref(),
            _ => None,
        }
    }

    /// Returns the contract's id: in its first entry, the entry's own.
    pub fn contract(&self) -> Hash {
        let stated = self.entry.header.contract;
        if stated == Hash::ZERO { self.entry.id } else { stated }
    }

    /// Returns the entry as the law sees it.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Returns the entry's id.
    pub fn id(&self) -> Hash {
        self.entry.id
    }

    /// Returns the record key's signature over the id.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Returns the bytes to keep and to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Returns the act of a payload that has one, with the hash of the terms or of the account it is about.
pub(crate) fn act_of(payload: &Payload) -> Option<(&Act, Hash)> {
    match payload {
        Payload::Offer(offer) | Payload::Counter(offer) => Some((&offer.act, offer.terms_hash)),
        Payload::Accept(accept) => Some((&accept.act, accept.terms_hash)),
        Payload::FinalAccount(signed) => Some((&signed.act, signed.account_hash)),
        _ => None,
    }
}

fn check_act(entry: &Entry, company_key: &lncontract_core::XOnlyKey) -> Result<(), EntryError> {
    let (header, payload) = (&entry.header, &entry.payload);
    if let Payload::Offer(offer) | Payload::Counter(offer) = payload {
        check_terms_hash(&offer.terms, offer.terms_hash)?;
    }
    if let Payload::FinalAccount(signed) = payload {
        let (stated, computed) = (signed.account_hash, account_hash(&signed.account)?);
        if computed != stated {
            return Err(EntryError::AccountHash { stated, computed });
        }
    }
    let Some((act, target)) = act_of(payload) else { return Ok(()) };
    if header.time > act.expires {
        return Err(EntryError::ActExpired { expires: act.expires, signed: header.time });
    }
    let (contract, expires) = (header.contract, act.expires);
    let statement = ActStatement { contract, act: header.kind.word(), target, expires };
    verify(company_key, &act_hash(&statement), &act.signature)
        .map_err(|source| EntryError::Act { author: header.author, source })
}

fn check_terms_hash(terms: &Terms, stated: Hash) -> Result<(), EntryError> {
    let computed = terms_hash(terms)?;
    if computed == stated { Ok(()) } else { Err(EntryError::TermsHash { stated, computed }) }
}

/// Signs an act with a whole company key (a company that needs several approvals makes the same signature
/// otherwise).
pub fn sign_act(statement: &ActStatement, company_key: &SecretKey) -> Act {
    Act { expires: statement.expires, signature: company_key.sign(&act_hash(statement)) }
}
