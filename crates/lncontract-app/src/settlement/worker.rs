//! Does what [`super::machine`] says, through store and node. Its transactions are named there.

use lncontract_core::Bytes;
use lncontract_lightning::{Pay, PaymentHash, PaymentPreimage, PaymentState};
use lncontract_store::{
    Attempt, AttemptShare, AttemptState, Change, MoveAttempt, NewAttempt, NewLedger, StoreError,
};

use super::machine::{Checks, Fact, Next, State, step};
use crate::{App, AppError, over::Over};

/// TX1: writes the attempt. A second one of the same hash is refused.
pub(crate) async fn request(app: &App, attempt: NewAttempt) -> Result<(), AppError> {
    match app.store.commit(vec![Change::InsertAttempt(attempt)]).await {
        Err(StoreError::Conflict { .. }) => Err(AppError::refused(
            "already-paying",
            "this invoice is being paid or was paid",
            "see how the payment stands; money leaves once only",
        )),
        other => other.map_err(AppError::from),
    }
}

/// Brings an attempt forward until it waits for the node. `over`: the channels it may use; `checks`: what
/// stands in the way at this moment.
pub(crate) async fn drive(
    app: &App,
    hash: PaymentHash,
    over: &[Over],
    checks: &Checks,
) -> Result<State, AppError> {
    let node = app.node().await?;
    let attempt = app.store.attempt(hash).await?.ok_or_else(|| AppError::not_found("payment"))?;
    let mut state = State::of(attempt.state);
    let mut fact = match state {
        State::Requested => Fact::Checks(checks.clone()),
        _ => Fact::Node(node.payment(hash).await.map_err(AppError::from)?),
    };
    loop {
        let (to, next) = step(state, fact);
        match next {
            Next::Check if is_too_early(app, &attempt, checks) => return Ok(to),
            Next::Check => fact = Fact::Checks(checks.clone()),
            Next::Rest { reason } => {
                if reason.is_some() && (state, &reason) != (to, &attempt.reason) {
                    move_to(app, hash, state, to, reason).await?;
                }
                return Ok(to);
            }
            Next::Succeed { preimage, fee_msat } => {
                record_sent(app, hash, preimage, fee_msat).await?;
                return Ok(to);
            }
            Next::Fail { reason } => {
                record_failed(app, hash, reason).await?;
                return Ok(to);
            }
            Next::Send => {
                // With the state, and before the node hears of it: whose money it will take.
                step_to(app, hash, (state, to), None, Some(shares(hash, over))).await?;
                state = to;
                let channels = over.iter().map(Over::share).collect();
                let order = Pay { bolt11: attempt.bolt11.clone(), channels };
                let answer = node.pay(order).await;
                if let Err(error) = &answer {
                    tracing::warn!(hash = %Bytes(hash), %error, "the node did not take the order to pay");
                }
                fact = Fact::Ordered(answer);
            }
            Next::Look if matches!(state, State::Sending | State::Unknown) && to != state => {
                move_to(app, hash, state, to, None).await?;
                state = to;
                let known = node.payment(hash).await.map_err(AppError::from)?;
                if matches!(known, PaymentState::Absent | PaymentState::InFlight) {
                    return Ok(state);
                }
                fact = Fact::Node(known);
            }
            Next::Look => return Ok(to),
        }
    }
}

/// Whether the node declined the order a moment ago: it is not asked again every second.
fn is_too_early(app: &App, attempt: &Attempt, checks: &Checks) -> bool {
    let next_try = crate::reconcile::next_try(attempt.created_at, attempt.updated_at);
    attempt.state == AttemptState::Unknown && *checks == Checks::Hold && app.clock.now().0 < next_try
}

fn shares(payment_hash: PaymentHash, over: &[Over]) -> Change {
    let share = |over: &Over| AttemptShare {
        payment_hash,
        fund_entry_hash: over.fund.0,
        amount_sat: over.amount_sat,
    };
    Change::PutShares { payment_hash, shares: over.iter().map(share).collect() }
}

async fn move_to(
    app: &App,
    hash: PaymentHash,
    from: State,
    to: State,
    reason: Option<String>,
) -> Result<(), AppError> {
    step_to(app, hash, (from, to), reason, None).await
}

async fn step_to(
    app: &App,
    hash: PaymentHash,
    (from, to): (State, State),
    reason: Option<String>,
    along: Option<Change>,
) -> Result<(), AppError> {
    let change = MoveAttempt {
        payment_hash: hash,
        from: vec![from.stored()],
        to: to.stored(),
        worker: None,
        preimage: None,
        fee_msat: None,
        reason,
        at: app.clock.now().0,
    };
    let changes = [Change::MoveAttempt(change)].into_iter().chain(along).collect();
    let Err(error) = app.store.commit(changes).await else { return Ok(()) };
    let now = app.store.attempt(hash).await?;
    if now.is_some_and(|attempt| State::of(attempt.state) != from) {
        // The node's event was faster: what it wrote stands, and the next look goes on from there.
        return Err(AppError::not_now("payment-moved", "the payment has moved on", "look again"));
    }
    Err(error.into())
}

/// TX3 with the receipt: idempotent, as events come again after a crash.
pub(crate) async fn record_sent(
    app: &App,
    hash: PaymentHash,
    preimage: PaymentPreimage,
    fee_msat: u64,
) -> Result<(), StoreError> {
    let Some(attempt) = app.store.attempt(hash).await? else {
        // By hand, or by other software on the same node. If it was for an invoice of a contract, its next look knows.
        tracing::info!(hash = %Bytes(hash), "the node paid something that this program did not ask for");
        app.by_hand.lock().await.heard(hash, preimage, fee_msat);
        return Ok(());
    };
    if attempt.state == AttemptState::Succeeded {
        return Ok(());
    }
    let at = app.clock.now().0;
    // Money: the node's receipt outranks whatever we believed, a recorded failure included.
    let moved = MoveAttempt {
        payment_hash: hash,
        from: State::ALL.into_iter().map(State::stored).collect(),
        to: AttemptState::Succeeded,
        worker: None,
        preimage: Some(preimage),
        fee_msat: Some(fee_msat),
        reason: None,
        at,
    };
    let line = NewLedger {
        key: format!("paid:{}", Bytes(hash)),
        contract_id: Some(attempt.contract_id),
        kind: "paid".into(),
        amount_msat: -i64::try_from(attempt.amount_msat).unwrap_or(i64::MAX),
        fee_msat,
        at,
        detail: String::new(),
    };
    settled(app, hash, app.store.commit(vec![Change::MoveAttempt(moved), Change::Ledger(line)]).await).await
}

/// The node's event and the worker's look may bring the same outcome at once: the one that comes second finds it
/// written, which is what it wanted.
async fn settled(app: &App, hash: PaymentHash, written: Result<(), StoreError>) -> Result<(), StoreError> {
    let Err(error) = written else { return Ok(()) };
    let now = app.store.attempt(hash).await?;
    let is_settled = now.is_some_and(|attempt| attempt.state == AttemptState::Succeeded);
    if is_settled { Ok(()) } else { Err(error) }
}

/// TX3 without one: idempotent.
pub(crate) async fn record_failed(app: &App, hash: PaymentHash, reason: String) -> Result<(), StoreError> {
    let Some(attempt) = app.store.attempt(hash).await? else { return Ok(()) };
    if State::of(attempt.state).is_final() {
        return Ok(());
    }
    let moved = MoveAttempt {
        payment_hash: hash,
        from: vec![attempt.state],
        to: AttemptState::Failed,
        worker: None,
        preimage: None,
        fee_msat: None,
        reason: Some(reason),
        at: app.clock.now().0,
    };
    settled(app, hash, app.store.commit(vec![Change::MoveAttempt(moved)]).await).await
}
