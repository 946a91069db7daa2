//! Why a channel failed, told by what helps: LDK's reasons and the peer's words sorted into the port's
//! classes.
//!
//! Invariant: the peer's words are kept verbatim (cut only if absurdly long) and never trusted; what matches
//! no pattern is the peer's policy, not an error of ours.

use lightning::events::ClosureReason;
use lncontract_lightning::OpenFailure;

/// Characters kept of a peer's text. BOLT 1 allows 64 kB; no person reads that.
const TEXT_CHARS_MAX: usize = 2_000;

/// Parts of texts by which implementations say that too many channels wait for confirmation.
/// LND: "Number of pending channels exceed maximum"; LDK: "Refusing more than 4 unfunded channels."
const PENDING_LIMIT: [&str; 3] =
    ["pending channels exceed", "unfunded channels", "too many pending channels"];
/// Parts of texts about the size. LND: "chan size of 0.3 BTC exceeds maximum chan size of ...", "is below min
/// chan size", "channel is too small"; LDK: "Funding must be smaller than ...", "... below our minimum";
/// CLN: "capacity".
const SIZE: [&str; 8] = [
    "chan size of",
    "maximum chan size",
    "min chan size",
    "channel is too small",
    "channel too small",
    "channel capacity",
    "funding must be",
    "funding_satoshis",
];

/// A refusal in the peer's words.
pub(crate) fn refused_by_peer(text: &str) -> OpenFailure {
    let lower = text.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if has(&PENDING_LIMIT) {
        return OpenFailure::PeerPendingLimit;
    }
    let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if has(&["synchronizing blockchain"]) {
        return OpenFailure::PeerNotSynced;
    }
    // What LND says of its own troubles; most often it is catching up with the chain.
    if has(&["funding failed due to internal error"]) {
        return OpenFailure::NoReason { text };
    }
    if has(&SIZE) { OpenFailure::Size { text } } else { OpenFailure::Policy { text } }
}

/// Why a channel that was never funded ended.
pub(crate) fn never_opened(reason: &ClosureReason) -> OpenFailure {
    match reason {
        ClosureReason::CounterpartyForceClosed { peer_msg } => refused_by_peer(&peer_msg.0),
        ClosureReason::DisconnectedPeer => OpenFailure::PeerOffline,
        // How LDK tells that the peer knows nothing of the channel when it is back.
        ClosureReason::ProcessingError { err } if err.contains("invalid channel_reestablish") => {
            let text =
                "the peer was stopped while it opened the channel and has forgotten it; nothing was spent";
            OpenFailure::Unknown { text: text.into() }
        }
        other => OpenFailure::Unknown { text: other.to_string() },
    }
}

/// Whether the peer said no for now, before anything was funded: the same opening may be ordered again.
pub(crate) fn may_be_ordered_again(failure: &OpenFailure) -> bool {
    matches!(
        failure,
        OpenFailure::PeerPendingLimit | OpenFailure::PeerNotSynced | OpenFailure::NoReason { .. }
    )
}

/// Whether one side closed it alone.
pub(crate) fn is_forced(reason: &ClosureReason) -> bool {
    !matches!(
        reason,
        ClosureReason::LegacyCooperativeClosure
            | ClosureReason::CounterpartyInitiatedCooperativeClosure
            | ClosureReason::LocallyInitiatedCooperativeClosure
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lightning_types::string::UntrustedString;

    fn check(text: &str, expect: OpenFailure) {
        let reason = ClosureReason::CounterpartyForceClosed { peer_msg: UntrustedString(text.into()) };
        assert_eq!(never_opened(&reason), expect);
    }

    #[test]
    fn refusals_are_sorted_by_what_helps() {
        check("Number of pending channels exceed maximum", OpenFailure::PeerPendingLimit);
        check("Synchronizing blockchain", OpenFailure::PeerNotSynced);
        let text = "funding failed due to internal error";
        check(text, OpenFailure::NoReason { text: text.into() });
        check("Refusing more than 4 unfunded channels.", OpenFailure::PeerPendingLimit);
        for text in [
            "chan size of 0.30000000 BTC exceeds maximum chan size of 0.16777215 BTC",
            "chan size of 0.00500000 BTC is below min chan size of 0.01000000 BTC",
            "channel is too small, the minimum channel size is: 20000 SAT",
            "Funding must be smaller than the total bitcoin supply. It was 2100000000000001",
        ] {
            check(text, OpenFailure::Size { text: text.into() });
        }
        let text = "Contract 7 wants 30,000,000 sat in this channel, not 29,000,000";
        check(text, OpenFailure::Policy { text: text.into() });
    }

    #[test]
    fn other_reasons_name_the_side_that_can_help() {
        assert_eq!(never_opened(&ClosureReason::DisconnectedPeer), OpenFailure::PeerOffline);
        let error = ClosureReason::ProcessingError { err: "bad signature".into() };
        assert!(
            matches!(never_opened(&error), OpenFailure::Unknown { text } if text.contains("bad signature"))
        );
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let Some(OpenFailure::Policy { text }) = Some(refused_by_peer(&"é".repeat(60_000))) else {
            panic!("a policy refusal")
        };
        assert_eq!(text.chars().count(), TEXT_CHARS_MAX);
    }
}
