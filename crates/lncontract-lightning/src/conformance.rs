//! What every adapter of the node port has to do, as tests over a bench of two nodes and one chain.
//!
//! Invariant: the cases know the port only. Each runs on a fresh bench; [`crate::conformance_tests`] makes a
//! test of each. A case panics with the port's words when something is not as it should be.

mod cases_channels;
mod cases_close;
mod cases_node;
mod cases_pay;
mod cases_splice;
mod cases_treasury;
mod host;
mod steps;

use std::sync::Arc;

pub use cases_channels::*;
pub use cases_close::*;
pub use cases_node::*;
pub use cases_pay::*;
pub use cases_splice::*;
pub use cases_treasury::*;
pub use host::ScriptedHost;

use crate::{BoxFuture, Lightning};

/// Which of the two companies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Opens channels and pays.
    Buyer,
    /// Is paid.
    Seller,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Side {
        match self {
            Side::Buyer => Side::Seller,
            Side::Seller => Side::Buyer,
        }
    }
}

/// Two running nodes that do not know each other yet, on a chain of their own.
pub trait Bench: Send + Sync {
    /// The node; after a restart the new one.
    fn node(&self, side: Side) -> Arc<dyn Lightning>;
    /// The host of that node, the same through restarts.
    fn host(&self, side: Side) -> Arc<ScriptedHost>;
    /// Where the node listens now.
    fn address(&self, side: Side) -> String;
    /// Mines blocks; the first holds what waits.
    fn mine(&self, blocks: u32) -> BoxFuture<'_, ()>;
    /// Pays one confirmed coin of exactly that many satoshi to the node.
    fn fund(&self, side: Side, sat: u64) -> BoxFuture<'_, ()>;
    /// Stops the node in order and starts it again from what it kept.
    fn restart(&self, side: Side) -> BoxFuture<'_, ()>;
    /// From the next start of a node on its chain source asks for ten times the fee rate. For the group `treasury`.
    fn fees_rise(&self) {
        panic!("this bench has no fees that rise: leave out the group treasury");
    }
}

/// Makes a test of each case: `conformance_tests!(make)` where `async fn make() -> impl Bench`. A node that can't do
/// something that the port lets it leave out names the groups that it keeps: `conformance_tests!(make; common)`.
///
/// - `common`: what every node does.
/// - `splices`: both nodes can change the size of an open channel.
/// - `retakes`: a payment that the payee's host failed back may be sent and taken later.
/// - `no_splices`: our node can't splice, and says so.
/// - `treasury`: the node keeps its wallet alone.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests!($make; common, splices, retakes);
    };
    ($make:path; $($group:ident),+ $(,)?) => {
        $($crate::conformance_tests!(@group $group $make);)+
    };
    (@group common $make:path) => {
        $crate::conformance_tests!(
            @each $make;
            a_node_says_who_it_is,
            a_deposit_is_counted_once_it_is_confirmed,
            missing_funds_are_named_to_the_satoshi_before_the_peer_is_asked,
            peers_are_connected_and_the_host_is_told,
            messages_of_sixty_thousand_bytes_pass_both_ways,
            a_message_to_nobody_or_without_end_is_refused,
            a_stopped_node_says_so_and_a_started_one_is_the_same,
            an_inbound_channel_is_refused_in_the_hosts_words,
            an_announced_opening_shows_its_stages_on_both_sides,
            the_same_opening_twice_opens_one_channel,
            an_opening_without_the_peer_says_so,
            the_peer_asks_for_the_delay_of_the_openers_own_output,
            a_payment_arrives_to_the_millisatoshi,
            the_same_payment_again_never_pays_twice,
            a_payment_names_its_channels,
            a_payment_beyond_the_room_is_refused_with_figures,
            a_payment_that_the_payees_host_fails_back_fails_for_good,
            a_payment_waits_while_the_payees_host_cannot_decide,
            an_undecided_payment_survives_a_restart_of_the_payee,
            a_payment_is_split_over_the_channels_that_it_names,
            payments_go_on_after_a_restart_of_either_side,
            an_outcome_is_told_until_it_is_recorded_and_known_after_a_restart,
            a_hash_that_was_never_paid_is_absent,
            an_expired_invoice_is_not_sent_and_says_so,
            a_cooperative_close_returns_all_but_fees,
            a_forced_close_returns_all_but_fees_after_the_delay,
        );
    };
    (@group splices $make:path) => {
        $crate::conformance_tests!(
            @each $make;
            a_splice_in_shows_its_stages_and_payments_go_on,
            the_same_splice_twice_splices_once_through_restarts_of_either_side,
            missing_funds_for_a_splice_are_named_to_the_satoshi,
            a_splice_is_refused_in_the_hosts_words,
            a_splice_out_pays_our_wallet_and_is_asked_for,
            a_splice_leaves_the_limit_of_one_payment,
            a_splice_without_the_peer_says_so_and_a_spliced_channel_closes,
            a_channel_that_is_not_open_is_not_spliced,
        );
    };
    (@group retakes $make:path) => {
        $crate::conformance_tests!(@each $make; what_was_failed_back_may_be_taken_later);
    };
    (@group treasury $make:path) => {
        $crate::conformance_tests!(
            @each $make;
            a_payment_out_arrives_and_costs_what_was_said,
            the_same_payment_out_again_pays_once,
            all_leaves_but_what_closing_channels_needs,
            a_payment_out_that_can_not_be_is_refused_and_nothing_moves,
            an_opening_that_waits_is_raised_by_a_child,
        );
    };
    (@group no_splices $make:path) => {
        $crate::conformance_tests!(@each $make; a_node_that_can_not_splice_says_so);
    };
    (@each $make:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let bench = $make().await;
                $crate::conformance::$case(&bench).await;
            }
        )+
    };
}
