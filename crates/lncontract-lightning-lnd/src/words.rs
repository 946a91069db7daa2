//! LND's words about an opening, by what helps: the one place where its texts are matched.
//!
//! Invariant: a text that fits no row is kept as it is, in a class of its own. The peer's words are told apart from
//! LND's and never believed to be more than words. Each row is provoked against a real LND by a test
//! (`tests/refusals`), but for one that no LND from 0.18 on says, and stands in docs/openings.md.

use lncontract_lightning::OpenFailure;

/// What LND puts before the peer's words: `received funding error from KEY: chan_id=ID, err=WORDS`.
const FROM_PEER: &str = "received funding error from ";
const PEERS_WORDS: &str = ", err=";

/// Reads the text of a refused `OpenChannel`.
pub(crate) fn refusal(text: &str) -> OpenFailure {
    let peers = text.strip_prefix(FROM_PEER).and_then(|rest| rest.split_once(PEERS_WORDS));
    if let Some((_, words)) = peers {
        return by_peer(words);
    }
    let has = |words: &str| text.contains(words);
    let own = || OpenFailure::OwnSize { text: text.to_owned() };
    if has("funding amount is too large") || has("channel is too small") {
        own()
    } else if has("not enough witness outputs") {
        short(text)
    } else if has("reserved wallet balance invalidated") {
        OpenFailure::AnchorReserve { text: text.to_owned() }
    } else if has("is not online") || has("peer disconnected") || (has("peer ") && has(" disconnected")) {
        OpenFailure::PeerOffline
    } else if has("before the wallet is fully synced") {
        OpenFailure::NotSynced
    } else {
        OpenFailure::Unknown { text: text.to_owned() }
    }
}

fn by_peer(words: &str) -> OpenFailure {
    let has = |part: &str| words.contains(part);
    let text = words.to_owned();
    if has("Number of pending channels exceed maximum") {
        OpenFailure::PeerPendingLimit
    } else if has("exceeds maximum chan size") || has("below min chan size") {
        OpenFailure::Size { text }
    } else if has("Synchronizing blockchain") {
        OpenFailure::PeerNotSynced
    } else if has("funding failed due to internal error") {
        OpenFailure::NoReason { text }
    } else {
        OpenFailure::Policy { text }
    }
}

/// `need 5.50011575 BTC only have 5.50000000 BTC available`: both figures, without a float.
fn short(text: &str) -> OpenFailure {
    let after =
        |words: &str| text.split_once(words).and_then(|(_, rest)| sat(rest.split_whitespace().next()?));
    match (after("need "), after("only have ")) {
        (Some(needed_sat), Some(available_sat)) => OpenFailure::InsufficientFunds {
            needed_sat,
            available_sat,
            missing_sat: needed_sat.saturating_sub(available_sat),
        },
        _ => OpenFailure::Unknown { text: text.to_owned() },
    }
}

/// Satoshi of a decimal amount of bitcoin with at most eight digits behind the point.
fn sat(btc: &str) -> Option<u64> {
    let (whole, part) = btc.split_once('.').unwrap_or((btc, ""));
    if part.len() > 8 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let part: u64 = format!("{part:0<8}").parse().ok()?;
    whole.checked_mul(100_000_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn check(text: &str, failure: OpenFailure, passes: bool) {
        assert_eq!(failure.passes(), passes, "{text}");
        assert_eq!(refusal(text), failure, "{text}");
    }

    fn check_peer(words: &str, failure: OpenFailure, passes: bool) {
        check(&format!("received funding error from {KEY}: chan_id=00ff, err={words}"), failure, passes);
    }

    #[test]
    fn the_peers_words_are_told_apart_from_lnds() {
        check_peer("Number of pending channels exceed maximum", OpenFailure::PeerPendingLimit, true);
        let text = "chan size of 0.30000000 BTC exceeds maximum chan size of 0.16777215 BTC";
        check_peer(text, OpenFailure::Size { text: text.into() }, false);
        let text = "chan size of 0.00500000 BTC is below min chan size of 0.01000000 BTC";
        check_peer(text, OpenFailure::Size { text: text.into() }, false);
        check_peer("Synchronizing blockchain", OpenFailure::PeerNotSynced, true);
        let text = "funding failed due to internal error";
        check_peer(text, OpenFailure::NoReason { text: text.into() }, true);
        let text = "contract 7 wants 30,000,000 sat, err=none";
        check_peer(text, OpenFailure::Policy { text: text.into() }, false);
    }

    #[test]
    fn lnds_own_refusals_say_what_helps() {
        let text = "funding amount is too large, the max channel size is: 0.16777215 BTC";
        check(text, OpenFailure::OwnSize { text: text.into() }, false);
        let text = "channel is too small, the minimum channel size is: 20000 SAT";
        check(text, OpenFailure::OwnSize { text: text.into() }, false);
        check(&format!("peer {KEY} is not online"), OpenFailure::PeerOffline, true);
        check("peer disconnected", OpenFailure::PeerOffline, true);
        check(&format!("peer {KEY} disconnected"), OpenFailure::PeerOffline, true);
        check("channels cannot be created before the wallet is fully synced", OpenFailure::NotSynced, true);
        let text = "reserved wallet balance invalidated: transaction would leave insufficient funds for fee bumping \
                    anchor channel closings (see debug log for details)";
        check(text, OpenFailure::AnchorReserve { text: text.into() }, true);
        check("never seen", OpenFailure::Unknown { text: "never seen".into() }, false);
    }

    #[test]
    fn missing_coins_are_read_to_the_satoshi() {
        let text = "not enough witness outputs to create funding transaction, need 5.50011575 BTC only have 5.5 BTC \
                    available";
        let failure = OpenFailure::InsufficientFunds {
            needed_sat: 550_011_575,
            available_sat: 550_000_000,
            missing_sat: 11_575,
        };
        check(text, failure, true);
        assert_eq!(sat("0.00000001"), Some(1));
        assert_eq!(sat("21"), Some(2_100_000_000));
        assert_eq!((sat("1.000000001"), sat("x"), sat("")), (None, None, None));
    }
}
