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
//! same hash may be sent again (the node refuses to pay a hash twice), never another one. What the node does
//! not know is not sent again against a check; it ends when the payee has recorded that it takes it no more.

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

/// What record, store and clock say of sending at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Nothing stands in the way.
    Hold,
    /// Something does that passes: the payee is away, the channel is busy.
    Wait,
    /// Something does for ever: it is not to be sent any more.
    Never {
        /// In words, with what to do.
        reason: String,
        /// The payee has recorded that it takes this hash no more, and both have seen that.
        withdrawn: bool,
    },
}

/// What the worker learned.
#[derive(Clone, Debug)]
pub enum Fact {
    /// How the checks of the moment of sending stand.
    Checks(Checks),
    /// The node took the order, or not.
    Ordered(Result<(), LightningError>),
    /// What the node knows of the hash, asked or told.
    Node(PaymentState),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// TX2, then order the payment; the same hash as ever.
    Send,
    /// Look at the checks: the node does not know the hash.
    Check,
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
        /// The node's words, or the check's.
        reason: String,
    },
    /// Nothing; people are told why.
    Rest {
        /// In words, with what to do.
        reason: Option<String>,
    },
}

const REST: Next = Next::Rest { reason: None };

/// Returns the state that follows and what is to be done.
#[must_use = "the state is to be stored before anything is done"]
pub fn step(state: State, fact: Fact) -> (State, Next) {
    use State::{Failed, Requested, Sending, Succeeded, Unknown};
    match (state, fact) {
        (Succeeded | Failed, _) => (state, REST),
        // Whatever the node says of a hash we have not ordered yet is an order of before a restart:
        // take it up.
        (_, Fact::Node(PaymentState::Sent { preimage, fee_msat })) => {
            (Succeeded, Next::Succeed { preimage, fee_msat })
        }
        (_, Fact::Node(PaymentState::InFlight)) => (Sending, Next::Look),
        (_, Fact::Node(PaymentState::Failed { reason })) => (Failed, Next::Fail { reason }),
        (_, Fact::Node(PaymentState::Absent)) => (state, Next::Check),
        // Ordered, and the node does not know it: it never left. The same hash may go again.
        (_, Fact::Checks(Checks::Hold)) => (Sending, Next::Send),
        (_, Fact::Checks(Checks::Wait)) => (state, REST),
        (Requested, Fact::Checks(Checks::Never { reason, .. }))
        | (_, Fact::Checks(Checks::Never { reason, withdrawn: true })) => (Failed, Next::Fail { reason }),
        (_, Fact::Checks(Checks::Never { reason, withdrawn: false })) => {
            (Unknown, Next::Rest { reason: Some(reason) })
        }
        (_, Fact::Ordered(Ok(()))) => (Sending, Next::Look),
        // The node's own word: nothing of it is under way, and nothing will be.
        (_, Fact::Ordered(Err(error @ LightningError::Expired))) => {
            (Failed, Next::Fail { reason: error.to_string() })
        }
        // Any other refusal of the order is not yet a failure of the payment:
        // the node is asked what it knows of the hash.
        (_, Fact::Ordered(Err(_))) => (Unknown, Next::Look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: [State; 3] = [State::Requested, State::Sending, State::Unknown];

    fn never(withdrawn: bool) -> Fact {
        Fact::Checks(Checks::Never { reason: "the invoice has expired".into(), withdrawn })
    }

    fn facts() -> Vec<Fact> {
        let refused = LightningError::Unavailable { reason: "gone".into() };
        vec![
            Fact::Checks(Checks::Hold),
            Fact::Checks(Checks::Wait),
            never(false),
            never(true),
            Fact::Ordered(Ok(())),
            Fact::Ordered(Err(refused)),
            Fact::Ordered(Err(LightningError::Expired)),
            Fact::Node(PaymentState::Absent),
            Fact::Node(PaymentState::InFlight),
            Fact::Node(PaymentState::Sent { preimage: [7; 32], fee_msat: 0 }),
            Fact::Node(PaymentState::Failed { reason: "no way".into() }),
        ]
    }

    #[test]
    fn a_final_state_never_changes() {
        for state in [State::Succeeded, State::Failed] {
            for fact in facts() {
                assert_eq!(step(state, fact), (state, REST));
            }
        }
    }

    #[test]
    fn after_the_order_only_the_nodes_word_or_the_payees_withdrawal_ends_an_attempt() {
        for state in [State::Sending, State::Unknown] {
            for fact in facts() {
                let word = matches!(
                    fact,
                    Fact::Node(PaymentState::Sent { .. } | PaymentState::Failed { .. })
                        | Fact::Ordered(Err(LightningError::Expired))
                        | Fact::Checks(Checks::Never { withdrawn: true, .. })
                );
                assert_eq!(step(state, fact.clone()).0.is_final(), word, "{state:?} {fact:?}");
            }
        }
    }

    #[test]
    fn nothing_is_sent_unless_the_checks_hold() {
        for state in OPEN {
            for fact in facts() {
                let sends = step(state, fact.clone()).1 == Next::Send;
                assert_eq!(sends, matches!(fact, Fact::Checks(Checks::Hold)), "{state:?} {fact:?}");
            }
        }
    }

    #[test]
    fn absence_is_no_failure_and_is_checked_before_the_same_hash_goes_again() {
        for state in OPEN {
            assert_eq!(step(state, Fact::Node(PaymentState::Absent)), (state, Next::Check));
        }
        assert_eq!(step(State::Unknown, Fact::Checks(Checks::Hold)), (State::Sending, Next::Send));
    }

    #[test]
    fn what_may_have_been_ordered_rests_with_its_reason_until_the_payee_has_withdrawn_it() {
        let reason = || "the invoice has expired".to_owned();
        let rest = (State::Unknown, Next::Rest { reason: Some(reason()) });
        let fail = (State::Failed, Next::Fail { reason: reason() });
        for state in [State::Sending, State::Unknown] {
            assert_eq!(step(state, never(false)), rest);
            assert_eq!(step(state, never(true)), fail);
        }
        assert_eq!(step(State::Requested, never(false)), fail);
    }

    #[test]
    fn every_state_reads_back_from_the_store() {
        for state in State::ALL {
            assert_eq!(State::of(state.stored()), state);
        }
    }
}
