//! Why an opening or a splice was not made: who refused and why, what helps, and what happens next. The same rows stand
//! in docs/openings.md.
//!
//! Invariant: what passes by itself is tried again by the program, and the words say so; what doesn't ends the `fund`
//! entry, and the words say what a person does. The peer's words are quoted, never believed.

use lncontract_lightning::{LightningError, OpenFailure};

use crate::present::words;

/// What a call to the node that opens or splices came to.
pub(crate) fn told(error: &LightningError) -> String {
    match error {
        LightningError::Open(failure) | LightningError::Splice(failure) => of_failure(failure),
        LightningError::OutcomeUnknown { reason } => format!(
            "It is not known what became of it: {reason}. It is looked for by its own id, and never opened twice"
        ),
        LightningError::Unavailable { reason } => {
            format!("Our node is not available: {reason}. It is tried again")
        }
        LightningError::Misconfigured { reason } => {
            format!("Our node is not set up for it: {reason}. It is tried again when that is done")
        }
        LightningError::Refused { .. } | LightningError::Expired => format!("{error}. It is tried again"),
    }
}

/// Why, what helps, what next.
pub(crate) fn of_failure(failure: &OpenFailure) -> String {
    format!("{}. {}", words::upper_first(&failure.to_string()), helps(failure))
}

/// What helps, and what happens next.
fn helps(failure: &OpenFailure) -> &'static str {
    match failure {
        OpenFailure::PeerPendingLimit => {
            "Nothing is to be done: it is opened by itself when the other one is open"
        }
        OpenFailure::InsufficientFunds { .. } => {
            "Send that much to the deposit address of your node (page Node); it is opened by itself when a block \
             holds it"
        }
        OpenFailure::Size { .. } => {
            "Nothing was spent. Ask them to allow channels of that size (LND: protocol.wumbo-channels, maxchansize, \
             minchansize), or amend the funding plan; then fund it again"
        }
        OpenFailure::OwnSize { .. } => {
            "Nothing was spent. Allow it on your own node (LND: protocol.wumbo-channels=true in lnd.conf), or amend \
             the funding plan; then fund it again"
        }
        OpenFailure::AnchorReserve { .. } => {
            "Leave 10,000 sat for each channel on chain: send some to the deposit address (page Node); it is opened \
             by itself then"
        }
        OpenFailure::PeerOffline => "It is opened by itself when the connection is there",
        OpenFailure::NotSynced => "It is opened by itself when our node has caught up",
        OpenFailure::PeerNotSynced | OpenFailure::NoReason { .. } => {
            "Nothing was spent. It is tried again by itself, less and less often; if it stays so, ask them to look \
             into their node's log"
        }
        OpenFailure::TimedOut { .. } => "Fund it again",
        OpenFailure::NoSplice | OpenFailure::OwnNoSplice => "Fund it again: it becomes a channel of its own",
        OpenFailure::Policy { .. } => {
            "Nothing was spent. Those are their words: settle it with them, then fund it again"
        }
        OpenFailure::Unknown { .. } => {
            "Nothing was spent as far as our node says. Fund it again once the cause is gone"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_says_that_it_goes_on_by_itself_and_what_does_not_says_what_to_do() {
        let text = || "their words".to_owned();
        let all = [
            OpenFailure::PeerPendingLimit,
            OpenFailure::InsufficientFunds { needed_sat: 3, available_sat: 1, missing_sat: 2 },
            OpenFailure::Size { text: text() },
            OpenFailure::OwnSize { text: text() },
            OpenFailure::AnchorReserve { text: text() },
            OpenFailure::PeerOffline,
            OpenFailure::TimedOut { text: text() },
            OpenFailure::NoSplice,
            OpenFailure::OwnNoSplice,
            OpenFailure::NotSynced,
            OpenFailure::PeerNotSynced,
            OpenFailure::Policy { text: text() },
            OpenFailure::NoReason { text: text() },
            OpenFailure::Unknown { text: text() },
        ];
        for failure in all {
            let words = of_failure(&failure);
            assert_eq!(words.contains("by itself"), failure.passes(), "{words}");
            assert_eq!(words.to_lowercase().contains("fund it again"), !failure.passes(), "{words}");
        }
    }

    #[test]
    fn an_unknown_outcome_is_never_a_failure() {
        let words = told(&LightningError::OutcomeUnknown { reason: "no answer".into() });
        assert!(words.contains("never opened twice"), "{words}");
    }
}
