//! What is paid in these benches: the worked example with its first milestone in instalments; and asking until it is
//! so. Also a part of `bench lnd` (`crates/lncontract/examples/through_lnd`).

use std::time::Duration;

use anyhow::{Context, bail};
use lncontract_app::{Clock, SystemClock};
use lncontract_core::{
    Sat,
    template::supply::worked_example,
    v1::{Duty, Obligation, Party, Side, Terms, Trigger},
};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(120);
const PAYMENT: &str = "pay-materials-on-order";

/// The names of a side.
pub fn party(side: Side) -> Party {
    let (name, short_name) = match side {
        Side::Buyer => ("Meridian Systems Integration GmbH", "Meridian"),
        Side::Seller => ("Castor Subsystems s.r.o.", "Castor"),
    };
    Party { name: name.into(), short_name: short_name.into(), tax_id: String::new(), address: String::new() }
}

/// The worked example, but its first milestone is paid in instalments that fall due on signing.
pub fn terms(payments: usize) -> anyhow::Result<Terms> {
    let today = jiff::Timestamp::from_second(SystemClock.now().0)?.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut terms = worked_example(today, party(Side::Buyer), party(Side::Seller), 0);
    let at = terms.obligations.iter().position(|row| row.id == PAYMENT).context("the first payment")?;
    let whole = terms.obligations.remove(at);
    let funding = terms.obligations.iter().find(|row| matches!(row.duty, Duty::Fund { .. }));
    let at_once = funding.context("the first channel is due at once")?.due.clone();
    let instalment = |number: usize| {
        let mut duty = whole.duty.clone();
        if let Duty::Pay { amount, trigger, .. } = &mut duty {
            (*amount, *trigger) = (Sat(amount.0 / payments as u64), Trigger::Signing);
        }
        Obligation { id: instalment_id(number), due: at_once.clone(), duty, ..whole.clone() }
    };
    terms.obligations.extend((0..payments).map(instalment));
    Ok(terms)
}

/// The row of an instalment.
pub fn instalment_id(number: usize) -> String {
    format!("instalment-{number}")
}

/// Asks until it is so.
pub async fn until(what: &str, ask: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if ask().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("{what} did not come within {PATIENCE:?}")
}
