//! Macaroons: read as far as to know what each allows, so that a call carries the least one that fits.
//!
//! Invariant: a macaroon is a secret; it is sent to the LND with the pinned certificate, and never printed. What none
//! of them allows is not tried: the missing right is named.

use std::fmt;

use bitcoin::hex::{DisplayHex, FromHex};
use prost::Message;
use tonic::metadata::AsciiMetadataValue;

/// A macaroon, and what it allows.
#[derive(Clone, PartialEq, Eq)]
pub struct Macaroon {
    /// As it is sent.
    value: AsciiMetadataValue,
    /// Paths of calls, from `uri` rights.
    uris: Vec<String>,
    /// Rights of other kinds (`offchain:read`), entity and action: LND alone knows which calls those are.
    others: Vec<(String, String)>,
}

impl fmt::Debug for Macaroon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Macaroon({} uris)", self.uris.len())
    }
}

/// Not a macaroon of LND's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a macaroon of LND's")]
pub struct NoMacaroon;

/// The identifier of a macaroon of LND's, after its version byte.
#[derive(Clone, PartialEq, Eq, Message)]
struct Identifier {
    #[prost(message, repeated, tag = "3")]
    operations: Vec<Operation>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct Operation {
    #[prost(string, tag = "1")]
    entity: String,
    #[prost(string, repeated, tag = "2")]
    actions: Vec<String>,
}

/// The version byte of the identifier.
const IDENTIFIER_VERSION: u8 = 3;
/// The version byte of the binary format, and the types of its fields.
const FORMAT_VERSION: u8 = 2;
const FIELD_END: u8 = 0;
const FIELD_IDENTIFIER: u8 = 2;

impl Macaroon {
    /// Reads the bytes of a macaroon file, or hexadecimal text.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(bytes: &[u8]) -> Result<Self, NoMacaroon> {
        let text = std::str::from_utf8(bytes).map(str::trim).unwrap_or_default();
        let binary = match Vec::from_hex(text) {
            Ok(binary) if !binary.is_empty() => binary,
            _ => bytes.to_vec(),
        };
        let identifier = identifier(&binary).ok_or(NoMacaroon)?;
        let (version, rest) = identifier.split_first().ok_or(NoMacaroon)?;
        if *version != IDENTIFIER_VERSION {
            return Err(NoMacaroon);
        }
        let identifier = Identifier::decode(rest).map_err(|_| NoMacaroon)?;
        let is_uri = |operation: &&Operation| operation.entity == "uri";
        let uris: Vec<String> = identifier
            .operations
            .iter()
            .filter(is_uri)
            .flat_map(|operation| operation.actions.clone())
            .collect();
        let others =
            identifier.operations.iter().filter(|operation| !is_uri(operation)).flat_map(|operation| {
                operation.actions.iter().map(|action| (operation.entity.clone(), action.clone()))
            });
        let others = others.collect();
        let mut value: AsciiMetadataValue =
            binary.to_lower_hex_string().parse().expect("hexadecimal is plain ASCII");
        value.set_sensitive(true);
        Ok(Self { value, uris, others })
    }
}

/// The identifier field of a macaroon in binary format 2: version, fields of type, length and bytes.
fn identifier(binary: &[u8]) -> Option<&[u8]> {
    let (version, mut rest) = binary.split_first()?;
    if *version != FORMAT_VERSION {
        return None;
    }
    loop {
        let (kind, after) = rest.split_first()?;
        if *kind == FIELD_END {
            return None;
        }
        let (len, after) = varint(after)?;
        let field = after.get(..len)?;
        if *kind == FIELD_IDENTIFIER {
            return Some(field);
        }
        rest = after.get(len..)?;
    }
}

/// A length in base 128, the lowest seven bits first; longer than two bytes is no macaroon.
fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return Some((usize::from(*first), rest));
    }
    let (second, rest) = rest.split_first()?;
    (second & 0x80 == 0).then_some((usize::from(first & 0x7f) | usize::from(*second) << 7, rest))
}

/// All that we have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Macaroons(Vec<Macaroon>);

impl Macaroons {
    /// Keeps them, the narrowest first.
    pub fn new(mut macaroons: Vec<Macaroon>) -> Self {
        macaroons.sort_by_key(|macaroon| (macaroon.others.len(), macaroon.uris.len()));
        Self(macaroons)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one to send with a call: the narrowest that names it, or else one of which only LND knows.
    pub(crate) fn of(&self, path: &str) -> Option<AsciiMetadataValue> {
        let names = |macaroon: &&Macaroon| macaroon.uris.iter().any(|uri| uri == path);
        let found =
            self.0.iter().find(names).or_else(|| self.0.iter().find(|macaroon| !macaroon.others.is_empty()));
        found.map(|macaroon| macaroon.value.clone())
    }

    /// Whether only LND knows what one of them is good for.
    pub(crate) fn have_others(&self) -> bool {
        self.0.iter().any(|macaroon| !macaroon.others.is_empty())
    }

    /// Whether one of them allows a call, where LND says which entities and actions that needs.
    pub(crate) fn allow(&self, path: &str, needed: &[(String, String)]) -> bool {
        self.0.iter().any(|macaroon| {
            let has_all = || !needed.is_empty() && needed.iter().all(|right| macaroon.others.contains(right));
            macaroon.uris.iter().any(|uri| uri == path) || has_all()
        })
    }

    /// Whether a call is allowed as far as can be told without asking.
    pub fn may(&self, path: &str) -> bool {
        self.of(path).is_some()
    }
}

/// A macaroon with these rights and no valid signature, for tests.
#[cfg(test)]
pub(crate) fn sample(rights: &[(&str, &str)]) -> Vec<u8> {
    let operations = rights
        .iter()
        .map(|(entity, action)| Operation { entity: (*entity).into(), actions: vec![(*action).into()] })
        .collect();
    let mut identifier = vec![IDENTIFIER_VERSION];
    identifier.extend(Identifier { operations }.encode_to_vec());
    let mut binary = vec![FORMAT_VERSION, 1, 3, b'l', b'n', b'd', FIELD_IDENTIFIER];
    let len = identifier.len();
    binary.extend([
        u8::try_from(len % 128).expect("below 128") | 0x80,
        u8::try_from(len / 128).expect("short"),
    ]);
    binary.extend(identifier);
    binary.extend([FIELD_END, FIELD_END, 6, 1, 9]);
    binary
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "/lnrpc.Lightning/GetInfo";
    const OPEN: &str = "/lnrpc.Lightning/OpenChannel";

    fn read(rights: &[(&str, &str)]) -> Macaroon {
        Macaroon::read(&sample(rights)).expect("a macaroon")
    }

    #[test]
    fn a_call_carries_the_narrowest_macaroon_that_names_it() {
        let admin = read(&[("offchain", "write"), ("info", "read")]);
        let watch = read(&[("uri", INFO)]);
        let all = Macaroons::new(vec![admin.clone(), watch.clone()]);
        assert_eq!(all.of(INFO), Some(watch.value.clone()));
        assert_eq!(all.of(OPEN), Some(admin.value), "only LND knows what offchain:write is good for");
        let narrow = Macaroons::new(vec![watch]);
        assert!(!narrow.may(OPEN), "what none allows is not tried");
    }

    #[test]
    fn what_rights_of_other_kinds_allow_is_judged_by_what_lnd_says_that_a_call_needs() {
        let all =
            Macaroons::new(vec![read(&[("uri", INFO)]), read(&[("info", "read"), ("offchain", "read")])]);
        let needs = |rights: &[(&str, &str)]| -> Vec<(String, String)> {
            rights.iter().map(|(entity, action)| ((*entity).into(), (*action).into())).collect()
        };
        assert!(all.have_others() && all.allow(INFO, &[]), "it is named");
        assert!(all.allow("/lnrpc.Lightning/ListChannels", &needs(&[("offchain", "read")])));
        assert!(!all.allow(OPEN, &needs(&[("offchain", "write"), ("onchain", "write")])));
        assert!(!all.allow(OPEN, &[]), "LND does not know the call");
    }

    #[test]
    fn a_file_and_hexadecimal_are_the_same_macaroon() {
        let bytes = sample(&[("uri", INFO)]);
        let hex = format!(" {}\n", bytes.to_lower_hex_string());
        assert_eq!(Macaroon::read(&bytes), Macaroon::read(hex.as_bytes()));
    }

    #[test]
    fn what_is_no_macaroon_is_refused_and_nothing_is_printed() {
        for wrong in [&b""[..], b"00", b"hello", &[2, 2, 200, 1], &[2, 2, 1, 9, 0], &[1, 2, 3]] {
            assert_eq!(Macaroon::read(wrong), Err(NoMacaroon), "{wrong:?}");
        }
        let sample = read(&[("uri", INFO)]);
        assert_eq!(format!("{sample:?}"), "Macaroon(1 uris)");
    }
}
