//! The states of a payment attempt, and what may follow what. Pure: no node, no store, no clock.
//!
//! Its transactions (each one commit of the store; the payment hash is the key of the attempt in all of
//! them):
//! - **TX1 request**: the attempt is written with its hash before the node hears of it. A second one of the
//!   same hash is a conflict.
//! - **TX2 send**: `requested -> sending`, by the one worker whose compare-and-swap wins.
//!   Then the node is called.
//! - **TX3 outcome**: `sending | unknown -> succeeded | failed`, with the ledger line. The node's event is
//!   acknowledged after this commit, never before.
//! - **TX4 receipt**: the `paid` entry with its outbox row. Written from the attempt, so that a crash between
//!   TX3 and TX4 is healed by the next look.
//!
//! Money: absence is unknown, not failure. After TX2 only the node's own word ends an attempt; until then the
//! same hash may be sent again (the node refuses to pay a hash twice), never another one.

use lncontract_lightning::{LightningError, PaymentState};
use lncontract_store::AttemptState;

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// TX1 done; the node has not heard of it.
    Requested,
    /// TX2 done; the node has been, or is about to be, called.
    Sending,
    /// The node did not answer clearly; it is asked until it does.
    Unknown,
    /// TX3 done: the receipt is there.
    Succeeded,
    /// TX3 done: the node said that nothing of it is in flight any more.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Requested, Self::Sending, Self::Unknown, Self::Succeeded, Self::Failed];

    /// Returns the state as the store keeps it.
    pub fn stored(self) -> AttemptState {
        match self {
            Self::Requested => AttemptState::Requested,
            Self::Sending => AttemptState::Sending,
            Self::Unknown => AttemptState::Unknown,
            Self::Succeeded => AttemptState::Succeeded,
            Self::Failed => AttemptState::Failed,
        }
    }

    /// Reads the state that the store keeps.
    pub fn of(stored: AttemptState) -> Self {
        match stored {
            AttemptState::Requested => Self::Requested,
            // One worker has it, and whether it reached the node is not known.
            AttemptState::Claimed | AttemptState::Sending => Self::Sending,
            AttemptState::Unknown => Self::Unknown,
            AttemptState::Succeeded => Self::Succeeded,
            AttemptState::Failed => Self::Failed,
        }
    }

    /// Whether nothing more happens to it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// What the worker learned.
#[derive(Clone, Debug)]
pub enum Fact {
    /// All checks of the moment of sending hold (only asked in `requested`).
    ChecksHold,
    /// A check does not hold: the attempt is given up before the node heard of it.
    CheckFails {
        /// Which, in words.
        reason: String,
    },
    /// The node's answer to the order to send.
    Ordered(Result<(), LightningError>),
    /// What the node knows of the hash, by look-up or by its event.
    Node(PaymentState),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// TX2, then order the node to send.
    Send,
    /// Order the node to send the same hash again.
    SendAgain,
    /// Ask the node what it knows, now or at the next tick.
    Look,
    /// TX3 with the receipt.
    Succeed {
        /// The receipt.
        preimage: [u8; 32],
        /// Cost beyond the amount.
        fee_msat: u64,
    },
    /// TX3 without one.
    Fail {
        /// The node's words.
        reason: String,
    },
    /// Nothing.
    Rest,
}

/// Returns the state that follows and what is to be done.
#[must_use = "the state is to be stored before anything is done"]
pub fn step(state: State, fact: Fact) -> (State, Next) {
    use State::{Failed, Requested, Sending, Succeeded, Unknown};
    match (state, fact) {
        (Succeeded | Failed, _) => (state, Next::Rest),
        (Requested, Fact::ChecksHold) => (Sending, Next::Send),
        (Requested, Fact::CheckFails { reason }) => (Failed, Next::Fail { reason }),
        // Whatever the node says of a hash we have not ordered yet is an order of before a restart:
        // take it up.
        (_, Fact::Node(PaymentState::Sent { preimage, fee_msat })) => {
            (Succeeded, Next::Succeed { preimage, fee_msat })
        }
        (_, Fact::Node(PaymentState::InFlight)) => (Sending, Next::Look),
        (Requested, Fact::Node(PaymentState::Absent)) => (Requested, Next::Rest),
        (_, Fact::Node(PaymentState::Failed { reason })) => (Failed, Next::Fail { reason }),
        // Ordered, and the node does not know it: it never left. The same hash may go again.
        (Sending | Unknown, Fact::Node(PaymentState::Absent)) => (Sending, Next::SendAgain),
        (Sending | Unknown, Fact::Ordered(Ok(()))) => (Sending, Next::Look),
        // A refusal of the order is not yet a failure of the payment:
        // the node is asked what it knows of the hash.
        (Sending | Unknown, Fact::Ordered(Err(_))) => (Unknown, Next::Look),
        (Requested, Fact::Ordered(_)) => (Unknown, Next::Look),
        (Sending | Unknown, Fact::ChecksHold | Fact::CheckFails { .. }) => (state, Next::Look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Vec<Fact> {
        let refused = LightningError::Unavailable { reason: "gone".into() };
        vec![
            Fact::ChecksHold,
            Fact::CheckFails { reason: "short".into() },
            Fact::Ordered(Ok(())),
            Fact::Ordered(Err(refused)),
            Fact::Node(PaymentState::Absent),
            Fact::Node(PaymentState::InFlight),
            Fact::Node(PaymentState::Sent { preimage: [7; 32], fee_msat: 0 }),
            Fact::Node(PaymentState::Failed { reason: "expired".into() }),
        ]
    }

    #[test]
    fn a_final_state_never_changes() {
        for state in [State::Succeeded, State::Failed] {
            for fact in facts() {
                assert_eq!(step(state, fact), (state, Next::Rest));
            }
        }
    }

    #[test]
    fn after_the_order_only_the_nodes_word_ends_an_attempt() {
        for state in [State::Sending, State::Unknown] {
            for fact in facts() {
                let word =
                    matches!(fact, Fact::Node(PaymentState::Sent { .. } | PaymentState::Failed { .. }));
                assert_eq!(step(state, fact.clone()).0.is_final(), word, "{state:?} {fact:?}");
            }
        }
    }

    #[test]
    fn nothing_is_sent_before_the_checks_hold() {
        for fact in facts() {
            let sends = matches!(step(State::Requested, fact.clone()).1, Next::Send | Next::SendAgain);
            assert_eq!(sends, matches!(fact, Fact::ChecksHold), "{fact:?}");
        }
    }

    #[test]
    fn absence_after_the_order_sends_the_same_hash_again_and_never_fails() {
        let (state, next) = step(State::Unknown, Fact::Node(PaymentState::Absent));
        assert_eq!((state, next), (State::Sending, Next::SendAgain));
    }

    #[test]
    fn every_state_reads_back_from_the_store() {
        for state in State::ALL {
            assert_eq!(State::of(state.stored()), state);
        }
    }
}
