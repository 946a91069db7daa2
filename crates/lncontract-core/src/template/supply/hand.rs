//! Amounts as a hand writes them: `25_000_000` in TOML, or decimal digits in quotes. Money: whole numbers only, a
//! number with a point is refused.

use std::fmt;

use serde::{Deserializer, de};

use crate::Sat;

struct Amount;

impl de::Visitor<'_> for Amount {
    type Value = Sat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in whole satoshi, like 25_000_000 or \"25000000\"")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Sat, E> {
        Ok(Sat(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Sat, E> {
        u64::try_from(number).map(Sat).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sat, E> {
        text.parse().map_err(E::custom)
    }
}

pub(super) fn sat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sat, D::Error> {
    deserializer.deserialize_any(Amount)
}

pub(super) fn some_sat<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sat>, D::Error> {
    sat(deserializer).map(Some)
}
