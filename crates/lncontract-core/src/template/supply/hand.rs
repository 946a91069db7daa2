//! What a hand writes in more than one way: amounts as `25_000_000` in TOML or as digits in quotes, a funding plan as
//! one word or as a list. Money: whole numbers only, a number with a point is refused.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Funding, Step};
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

/// The word that asks the planner.
const PLAN: &str = "plan";

impl Serialize for Funding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plan => serializer.serialize_str(PLAN),
            Self::Steps(steps) => steps.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Funding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlanOrSteps)
    }
}

struct PlanOrSteps;

impl<'de> de::Visitor<'de> for PlanOrSteps {
    type Value = Funding;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"plan\", or a list of steps")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Funding, E> {
        if text == PLAN { Ok(Funding::Plan) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Funding, A::Error> {
        Vec::<Step>::deserialize(de::value::SeqAccessDeserializer::new(list)).map(Funding::Steps)
    }
}
