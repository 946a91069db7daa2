//! Invites: a company's key statement and address as one line of text to hand over, with a check sum.
//!
//! Format: `lncontract1:` and the URL-safe base64 (RFC 4648 section 5, no padding) of the statement's JSON
//! followed by the first 4 bytes of its SHA-256. It holds no secret;
//! who changes it on the way is found out by the words.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lncontract_core::v1::KeyStatement;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::AppError;

const PREFIX: &str = "lncontract1:";
const CHECK_LEN: usize = 4;
const LEN_MAX: usize = 4_096;
const SHORT_NAME_MAX: usize = 24;

/// What an invite says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// `regtest` or `signet`.
    pub network: String,
    /// The name for pages.
    pub short_name: String,
    /// Keys and node.
    pub keys: KeyStatement,
}

impl Invite {
    /// Returns the text.
    pub fn to_text(&self) -> String {
        let mut bytes = serde_json::to_vec(self).expect("strings and hashes have a JSON form");
        let check = Sha256::digest(&bytes);
        bytes.extend_from_slice(&check[..CHECK_LEN]);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the text that a person pasted, for the network we are on; `ours` is our own node key.
    ///
    /// # Errors
    /// With the reason and what to do: incomplete, of another network, our own.
    pub fn from_text(text: &str, network: &str, ours: &KeyStatement) -> Result<Self, AppError> {
        let compact: String = text.split_whitespace().collect();
        let body = compact.strip_prefix(PREFIX).ok_or_else(|| {
            unreadable(format!("it does not begin with \"{PREFIX}\": copy the whole text of the invite"))
        })?;
        let bytes = (body.len() <= LEN_MAX).then(|| URL_SAFE_NO_PAD.decode(body).ok()).flatten();
        let bytes = bytes
            .ok_or_else(|| unreadable("characters are missing or were changed: copy it again, whole"))?;
        let (json, check) = bytes.split_at_checked(bytes.len().saturating_sub(CHECK_LEN)).unwrap_or_default();
        if Sha256::digest(json)[..CHECK_LEN] != *check {
            return Err(unreadable("characters are missing or were changed: copy it again, whole"));
        }
        let invite: Self = serde_json::from_slice(json)
            .map_err(|_| unreadable("it was made by another version of the program: ask for a new one"))?;
        if invite.network != network {
            let found = &invite.network;
            return Err(unreadable(format!("it is for the network {found}, and we are on {network}")));
        }
        if invite.keys.node_id == ours.node_id || invite.keys.record_key == ours.record_key {
            return Err(unreadable("it is our own: paste the invite of the other company"));
        }
        if invite.keys.endpoints.iter().all(|endpoint| endpoint.is_empty()) {
            return Err(unreadable("it names no address of the other company's node: ask for a new one"));
        }
        if !is_short(&invite.short_name) {
            return Err(unreadable("it names no short name of 1 to 24 characters: ask for a new one"));
        }
        Ok(invite)
    }
}

/// Whether a name fits pages and the terms, which take no more.
pub(crate) fn is_short(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().count() <= SHORT_NAME_MAX && !name.chars().any(char::is_control)
}

fn unreadable(todo: impl Into<String>) -> AppError {
    AppError::refused("invite-unreadable", "the invite can't be used", todo)
}

#[cfg(test)]
mod tests {
    use lncontract_core::Bytes;

    use super::*;

    fn invite(seed: u8) -> Invite {
        let keys = KeyStatement {
            name: "Castor Subsystems".into(),
            company_key: Bytes([seed; 32]),
            record_key: Bytes([seed + 1; 32]),
            node_id: Bytes([seed; 33]),
            endpoints: vec!["127.0.0.1:9735".into()],
        };
        Invite { network: "regtest".into(), short_name: "Castor".into(), keys }
    }

    #[test]
    fn the_text_reads_back_with_line_breaks_in_it() {
        let theirs = invite(1);
        let text = theirs.to_text();
        let broken = format!("  {}\n{} ", &text[..40], &text[40..]);
        assert_eq!(Invite::from_text(&broken, "regtest", &invite(9).keys).unwrap(), theirs);
    }

    #[test]
    fn each_fault_says_what_to_do() {
        let (theirs, ours) = (invite(1), invite(9).keys);
        let text = theirs.to_text();
        let todo = |text: &str, network: &str, ours: &KeyStatement| {
            Invite::from_text(text, network, ours).unwrap_err().todo
        };
        assert!(todo(&text[5..], "regtest", &ours).contains("does not begin"));
        assert!(todo(&text[..text.len() - 3], "regtest", &ours).contains("missing or were changed"));
        assert!(todo(&text, "signet", &ours).contains("network regtest"));
        assert!(todo(&text, "regtest", &theirs.keys).contains("our own"));
        for name in ["", " ", "a name of more than 24 letters", "two\nlines"] {
            let text = Invite { short_name: name.into(), ..invite(1) }.to_text();
            assert!(todo(&text, "regtest", &ours).contains("1 to 24 characters"), "{name:?}");
        }
        assert!(todo("lncontract1:", "regtest", &ours).contains("missing or were changed"));
    }
}
