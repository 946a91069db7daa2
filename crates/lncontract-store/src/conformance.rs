//! The suite every store passes: plain functions over `&dyn Store`, made into tests by one macro.
//!
//! Invariant: nothing here knows which database is behind the trait. Each function gets an empty store of its
//! own. What only a backend can stage (a full disk, a newer database, a second opening) it stages itself, and
//! calls [`disk`] where the judgement is the same for all.

pub mod attempt;
pub mod commit;
pub mod company;
pub mod delivery;
pub mod disk;
pub mod fixture;
pub mod job;
pub mod ledger;
pub mod opening;
pub mod people;
pub mod receivable;
pub mod record;
pub mod summary;

/// Makes one test per rule. `$make` is an async function without arguments that returns `(store, keep)`: an
/// empty store, and whatever has to live as long (a temporary directory). The caller depends on tokio.
#[macro_export]
macro_rules! store_conformance {
    ($make:path) => {
        $crate::store_conformance! { @tests $make;
            commit: a_commit_is_whole_or_absent a_commit_applies_its_changes_in_order
                a_failed_commit_leaves_the_store_usable watchers_hear_of_each_subject_once
                watchers_hear_nothing_of_a_failed_commit a_commit_ends_though_its_caller_goes_away;
            company: the_company_is_one_and_can_be_replaced a_setting_keeps_its_last_value
                the_audit_log_comes_newest_first_in_pages;
            people: a_user_is_found_by_id_and_by_name a_user_name_belongs_to_one_user
                a_session_counts_until_it_expires expired_sessions_are_removed_and_others_stay
                sessions_can_be_ended a_session_belongs_to_a_known_user;
            record: a_peer_is_replaced_whole drafts_come_and_go contracts_come_in_pages_newest_first
                a_contract_keeps_its_peer_and_side entries_keep_the_order_of_arrival
                a_gap_or_a_repetition_is_a_conflict an_entry_is_stored_once
                a_peer_gets_what_it_is_missing one_of_many_writers_extends_a_chain
                an_entry_needs_its_contract evidence_of_a_fork_is_kept_once;
            summary: what_waits_for_a_person_comes_first_due_first
                what_is_to_be_looked_at_comes_when_its_time_has_come
                contracts_are_found_by_their_channels_and_by_their_peer sums_follow_the_rows
                what_is_due_is_summed_by_day;
            delivery: an_entry_is_due_from_its_time_on a_retry_waits_and_is_counted
                what_the_peer_has_is_delivered an_entry_is_put_up_once only_a_stored_entry_is_delivered;
            opening: an_opening_is_followed_to_its_end a_fund_entry_has_one_opening
                an_opening_keeps_what_was_agreed;
            attempt: a_payment_hash_is_used_once an_invoice_entry_has_one_attempt
                a_move_from_another_state_is_a_conflict a_success_has_its_preimage_and_is_final
                one_of_many_workers_claims_a_payment what_is_not_decided_is_unfinished
                an_amount_that_does_not_fit_is_refused
                what_a_payment_goes_over_is_replaced_until_it_has_succeeded;
            receivable: a_payable_has_one_invoice a_cancelled_invoice_makes_room_and_stays_cancelled
                claiming_and_cancelling_exclude_each_other an_invoice_gets_its_entry_later
                a_received_invoice_is_final;
            ledger: the_same_movement_is_written_once another_movement_with_that_key_is_a_conflict
                movements_come_in_pages sums_are_signed_and_apart sums_are_never_rounded;
            job: a_job_waits_for_its_time a_held_job_is_given_to_nobody_else
                a_job_comes_back_when_its_lease_runs_out only_the_holder_ends_a_job
                a_job_is_put_once_until_it_is_done many_workers_share_the_jobs_without_overlap;
        }
    };
    (@tests $make:path; $($subject:ident: $($rule:ident)+;)+) => { $($(
        #[tokio::test]
        async fn $rule() {
            let (store, _keep) = $make().await;
            $crate::conformance::$subject::$rule(&store).await;
        }
    )+)+ };
}
