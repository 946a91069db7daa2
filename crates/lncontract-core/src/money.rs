//! Money: whole satoshi in the terms, millisatoshi on Lightning. Checked arithmetic only.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount that does not fit, or would be below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is out of range")]
pub struct Overflow;

/// Text that is not an amount: decimal digits without sign, leading zero or grouping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an amount in plain decimal digits, found {found:?}")]
pub struct AmountError {
    /// What was there.
    pub found: String,
}

macro_rules! money {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// Returns the sum.
            ///
            /// # Errors
            /// When it does not fit.
            #[expect(clippy::should_implement_trait, reason = "checked: an operator could not fail")]
            pub fn add(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_add(other.0).map(Self).ok_or(Overflow)
            }

            /// Returns the difference.
            ///
            /// # Errors
            /// When it would be below zero.
            #[expect(clippy::should_implement_trait, reason = "checked: an operator could not fail")]
            pub fn sub(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
            }

            /// Returns what is left when the other is taken away: nothing, if that is more.
            #[must_use]
            pub fn less(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// Returns the product with a count.
            ///
            /// # Errors
            /// When it does not fit.
            pub fn times(self, count: u64) -> Result<Self, Overflow> {
                self.0.checked_mul(count).map(Self).ok_or(Overflow)
            }

            /// Returns the sum of all.
            ///
            /// # Errors
            /// When it does not fit.
            pub fn sum(all: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
                all.into_iter().try_fold(Self::ZERO, Self::add)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{} ", $unit), self.0)
            }
        }

        impl FromStr for $name {
            type Err = AmountError;

            fn from_str(text: &str) -> Result<Self, AmountError> {
                let plain = text == "0" || (text.bytes().all(|c| c.is_ascii_digit()) && !text.starts_with('0'));
                let error = || AmountError { found: text.to_owned() };
                if plain { text.parse().map(Self).map_err(|_| error()) } else { Err(error()) }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

money!(
    /// Whole satoshi. Written as a decimal string.
    Sat,
    "sat"
);
money!(
    /// Thousandths of a satoshi, the unit of BOLT 2 and BOLT 11. Written as a decimal string.
    Msat,
    "msat"
);

impl Sat {
    /// Returns the same amount in millisatoshi.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn to_msat(self) -> Result<Msat, Overflow> {
        self.0.checked_mul(1_000).map(Msat).ok_or(Overflow)
    }
}
