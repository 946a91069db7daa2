//! The bytes that are hashed, signed, kept and sent: JSON narrowed from RFC 8785.
//!
//! Invariant: one value has one byte string. What comes in is parsed, checked, written again and must be
//! equal. Compatibility: objects with ASCII keys, text in NFC without control or bidi characters, integers
//! within 2^53-1 (RFC 7493), no floats, no null, nothing nested deeper than [`DEPTH_MAX`]. Pure:
//! knows only bytes.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Number, Value};
use unicode_normalization::is_nfc;

/// The largest canonical value of the record, in bytes: 1 MiB.
pub const LEN_MAX: usize = 1 << 20;
/// How deep arrays and objects may be nested.
pub const DEPTH_MAX: usize = 32;
/// The largest integer, 2^53-1: above it JSON numbers are not exact everywhere.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why bytes, or a value, are not canonical.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Larger than allowed.
    #[error("{len} bytes are more than the {max} allowed")]
    TooLong {
        /// How many there are.
        len: usize,
        /// How many may be.
        max: usize,
    },
    /// No JSON at all, or something behind it.
    #[error("not JSON at line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Nested too deep.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// A null: leave the field out instead.
    #[error("null is not allowed: leave the field out")]
    Null,
    /// A number with a fraction or an exponent.
    #[error("{found} is not an integer: write amounts as decimal strings")]
    Float {
        /// The number.
        found: String,
    },
    /// An integer that is not exact everywhere.
    #[error("{found} is outside of -(2^53-1) to 2^53-1")]
    Integer {
        /// The number.
        found: String,
    },
    /// A key with other than ASCII characters, or control characters.
    #[error("key {found:?} is not plain ASCII")]
    Key {
        /// The key.
        found: String,
    },
    /// Text that can be read in two ways.
    #[error("text {found:?} is not in Unicode normal form C")]
    NotNormal {
        /// The text.
        found: String,
    },
    /// A character that can hide or turn text.
    #[error("text has the control or bidi character U+{code:04X}")]
    Character {
        /// Its code point.
        code: u32,
    },
    /// JSON, but written otherwise: key order, white space, escapes, a key twice, a default spelt out.
    #[error("the bytes are not the canonical form of what they say")]
    NotCanonical,
    /// Canonical JSON of another shape than the one wanted.
    #[error("not of the shape wanted: {reason}")]
    Shape {
        /// What did not fit.
        reason: String,
    },
}

/// Writes a value.
///
/// # Errors
/// When the value has no canonical form, or is larger than [`LEN_MAX`].
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    to_bytes_within(value, LEN_MAX)
}

/// Writes a value of at most `max` bytes.
///
/// # Errors
/// As [`to_bytes`].
pub fn to_bytes_within<T: Serialize>(value: &T, max: usize) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(shape)?;
    check(&value, 0)?;
    let bytes = serde_json_canonicalizer::to_vec(&value).map_err(shape)?;
    if bytes.len() > max { Err(CanonicalError::TooLong { len: bytes.len(), max }) } else { Ok(bytes) }
}

/// Reads a value and requires that it is written again as the very same bytes.
///
/// # Errors
/// When the bytes are not canonical, or not of that shape.
pub fn from_bytes<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    from_value(parse(bytes)?, bytes)
}

/// Reads JSON strictly, of no particular shape.
///
/// # Errors
/// When the bytes are not canonical.
pub fn parse(bytes: &[u8]) -> Result<Value, CanonicalError> {
    parse_within(bytes, LEN_MAX)
}

/// Reads JSON strictly, at most `max` bytes of it.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(bytes: &[u8], max: usize) -> Result<Value, CanonicalError> {
    if bytes.len() > max {
        return Err(CanonicalError::TooLong { len: bytes.len(), max });
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| CanonicalError::Syntax { line: error.line(), column: error.column() })?;
    check(&value, 0)?;
    // A key that stands twice has been dropped by now, so this comparison finds it too.
    let again = serde_json_canonicalizer::to_vec(&value).map_err(shape)?;
    if again == bytes { Ok(value) } else { Err(CanonicalError::NotCanonical) }
}

/// Gives a parsed value its shape; `bytes` is what it was parsed from.
fn from_value<T: Serialize + DeserializeOwned>(value: Value, bytes: &[u8]) -> Result<T, CanonicalError> {
    let shaped: T = serde_json::from_value(value).map_err(shape)?;
    // A field that is dropped when it has its default has two spellings; only the shorter one is canonical.
    let again = serde_json_canonicalizer::to_vec(&shaped).map_err(shape)?;
    if again == bytes { Ok(shaped) } else { Err(CanonicalError::NotCanonical) }
}

pub(crate) fn shape(error: serde_json::Error) -> CanonicalError {
    CanonicalError::Shape { reason: error.to_string() }
}

fn check(value: &Value, depth: usize) -> Result<(), CanonicalError> {
    match value {
        Value::Null => Err(CanonicalError::Null),
        Value::Bool(_) => Ok(()),
        Value::Number(number) => check_number(number),
        Value::String(text) => check_text(text),
        Value::Array(_) | Value::Object(_) if depth == DEPTH_MAX => Err(CanonicalError::TooDeep),
        Value::Array(values) => values.iter().try_for_each(|value| check(value, depth + 1)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            check_key(key)?;
            check(value, depth + 1)
        }),
    }
}

fn check_number(number: &Number) -> Result<(), CanonicalError> {
    let size = match (number.as_u64(), number.as_i64()) {
        (Some(positive), _) => positive,
        (None, Some(negative)) => negative.unsigned_abs(),
        (None, None) => return Err(CanonicalError::Float { found: number.to_string() }),
    };
    if size > INTEGER_MAX { Err(CanonicalError::Integer { found: number.to_string() }) } else { Ok(()) }
}

fn check_key(key: &str) -> Result<(), CanonicalError> {
    let plain = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain { Ok(()) } else { Err(CanonicalError::Key { found: key.to_owned() }) }
}

fn check_text(text: &str) -> Result<(), CanonicalError> {
    if let Some(bad) = text.chars().find(|&c| c.is_control() || is_bidi(c)) {
        return Err(CanonicalError::Character { code: bad.into() });
    }
    if is_nfc(text) { Ok(()) } else { Err(CanonicalError::NotNormal { found: text.to_owned() }) }
}

/// The characters with the property Bidi_Control (Unicode, PropList.txt).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
