//! Every write there is. One list of these is one transaction.
//!
//! Invariant: a change is a plain value that says what it counts on; what it does to a database stands in the
//! backend. A new subject gets its struct in `subject/`, a variant here and a named test in `conformance`.

use crate::{
    AttemptShare, Company, Contract, Draft, FinishJob, Fork, Hash, MarkDelivered, MoveAttempt,
    MoveReceivable, NewAttempt, NewAudit, NewEntry, NewJob, NewLedger, NewOutbox, NewReceivable, Opening,
    Peer, PutDue, RetryJob, RetryOutbox, Session, Setting, User,
};

/// One write. `Put` makes or replaces; `Insert` makes and conflicts with what is there; `Move` is a
/// compare-and-swap of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets the company up, or replaces what is known of it.
    PutCompany(Company),
    /// Sets a value.
    PutSetting(Setting),
    /// Adds a line to the audit log.
    Audit(NewAudit),
    /// Makes or replaces a user; a name that another user has is a conflict.
    PutUser(User),
    /// Makes a session, or moves its end; one of another user is a conflict.
    PutSession(Session),
    /// Ends a session; one that is not there is no fault.
    DeleteSession {
        /// Which.
        token_hash: Hash,
    },
    /// Ends all sessions of a user, as after a change of password.
    DeleteSessionsOf {
        /// Whose.
        user_id: String,
    },
    /// Removes the sessions that have expired at `now`.
    DeleteExpiredSessions {
        /// Seconds since 1970 UTC.
        now: i64,
    },
    /// Makes or replaces a counterparty.
    PutPeer(Peer),
    /// Makes or replaces a draft.
    PutDraft(Draft),
    /// Removes a draft; one that is not there is no fault.
    DeleteDraft {
        /// Which.
        id: String,
    },
    /// Makes a contract, or replaces its number, title, phase, projection and summary. Its peer and our side are
    /// fixed: others are a conflict. `created_at` is kept.
    PutContract(Contract),
    /// Replaces what of a contract is payable and not paid.
    PutDue(PutDue),
    /// Appends an entry to one of the two chains.
    AppendEntry(NewEntry),
    /// Keeps the evidence that an author has signed two entries for one place; what is kept already stays.
    InsertFork(Fork),
    /// Puts an entry up for delivery; one that is there already is left as it is.
    PutOutbox(NewOutbox),
    /// Notes how much of our chain the peer has.
    MarkDelivered(MarkDelivered),
    /// Notes a delivery that did not work, and when to try again.
    RetryOutbox(RetryOutbox),
    /// Makes an opening, or replaces what is known of it. Its contract, `fund` entry, peer and amount are
    /// fixed: others are a conflict. `created_at` is kept.
    PutOpening(Opening),
    /// Requests a payment; a payment hash or invoice entry used before is a conflict, whatever became of it.
    InsertAttempt(NewAttempt),
    /// Moves a payment from one of the named states to another.
    MoveAttempt(MoveAttempt),
    /// Says over which channels a payment goes, in place of what was said before; a conflict once it has succeeded.
    PutShares {
        /// Of the invoice.
        payment_hash: Hash,
        /// Each of that payment.
        shares: Vec<AttemptShare>,
    },
    /// Stores an invoice we made; a second one for a payable whose first is not cancelled is a conflict.
    InsertReceivable(NewReceivable),
    /// Moves an invoice from one of the named states to another.
    MoveReceivable(MoveReceivable),
    /// Adds a movement of money; the same key with equal content is no fault, with other content a conflict.
    Ledger(NewLedger),
    /// Makes a job; one with that key that is not done is left as it is, one that is done is made due again.
    PutJob(NewJob),
    /// Ends a job; a conflict if the worker holds it no more.
    FinishJob(FinishJob),
    /// Gives a job back for later; a conflict if the worker holds it no more.
    RetryJob(RetryJob),
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The company's row.
    Company,
    /// A setting.
    Setting,
    /// The audit log.
    Audit,
    /// A user.
    User,
    /// A session.
    Session,
    /// A counterparty.
    Peer,
    /// A draft.
    Draft,
    /// A contract's row.
    Contract,
    /// An entry of the record.
    Entry,
    /// Delivery.
    Outbox,
    /// An opening.
    Opening,
    /// A payment we make.
    Attempt,
    /// An invoice we made.
    Receivable,
    /// A movement of money.
    Ledger,
    /// A job.
    Job,
}

/// A notice after a commit: something of this subject changed. It is a reason to look, not the news itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Changed {
    /// The contract it belongs to, if to one.
    pub contract_id: Option<Hash>,
    /// What about.
    pub subject: Subject,
}

impl Change {
    /// Returns what the change is about.
    pub fn subject(&self) -> Subject {
        match self {
            Self::PutCompany(_) => Subject::Company,
            Self::PutSetting(_) => Subject::Setting,
            Self::Audit(_) => Subject::Audit,
            Self::PutUser(_) => Subject::User,
            Self::PutSession(_)
            | Self::DeleteSession { .. }
            | Self::DeleteSessionsOf { .. }
            | Self::DeleteExpiredSessions { .. } => Subject::Session,
            Self::PutPeer(_) => Subject::Peer,
            Self::PutDraft(_) | Self::DeleteDraft { .. } => Subject::Draft,
            Self::PutContract(_) | Self::PutDue(_) => Subject::Contract,
            Self::AppendEntry(_) | Self::InsertFork(_) => Subject::Entry,
            Self::PutOutbox(_) | Self::MarkDelivered(_) | Self::RetryOutbox(_) => Subject::Outbox,
            Self::PutOpening(_) => Subject::Opening,
            Self::InsertAttempt(_) | Self::MoveAttempt(_) | Self::PutShares { .. } => Subject::Attempt,
            Self::InsertReceivable(_) | Self::MoveReceivable(_) => Subject::Receivable,
            Self::Ledger(_) => Subject::Ledger,
            Self::PutJob(_) | Self::FinishJob(_) | Self::RetryJob(_) => Subject::Job,
        }
    }
}
