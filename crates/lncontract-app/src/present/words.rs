//! The words of rows and states, as in UI.md sections 4 and 5. One place, so that pages,
//! CLI and API say the same.

use jiff::civil::Date;
use jiff::tz::Offset;
use lncontract_core::{
    Time,
    status::RowState,
    v1::{Duty, Instrument, Obligation, Terms},
};

use crate::view::{Badge, Quantity, Tone};

/// The civil day of an instant, in the contract's own offset.
pub(crate) fn day(at: Time, terms: &Terms) -> Option<Date> {
    let offset = Offset::from_seconds(terms.utc_offset_minutes.checked_mul(60)?).ok()?;
    at.timestamp().map(|timestamp| offset.to_datetime(timestamp).date())
}

/// Days from one civil day to another: negative if it is past.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// An amount as pages write it in running text: grouped by U+202F, then U+00A0 and `sat`.
pub(crate) fn sat(amount: u64) -> String {
    grouped(amount) + "\u{a0}sat"
}

/// A figure grouped by three with U+202F.
pub(crate) fn grouped(amount: u64) -> String {
    let digits = amount.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The first letter as a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

/// A count as pages write it: `2 units`.
pub(crate) fn units(count: u64) -> String {
    format!("{count}\u{a0}{}", if count == 1 { "unit" } else { "units" })
}

/// A civil day as pages write it: `2 Nov 2026`.
pub(crate) fn date(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// A civil day on which somebody must act: `Mon 2 Nov 2026`.
pub(crate) fn weekday(day: Date) -> String {
    day.strftime("%a %-d %b %Y").to_string()
}

/// A row, verb first.
pub(crate) fn what(row: &Obligation, terms: &Terms) -> String {
    let milestone = || {
        let id = row.milestone.as_deref().unwrap_or_default();
        terms.milestone(id).map_or_else(|| row.id.clone(), |milestone| lower_first(&milestone.title))
    };
    match &row.duty {
        Duty::Deliver { item, quantity, .. } => {
            let name = terms.item(item).map_or_else(|| item.clone(), |item| lower_first(&item.description));
            let plural = if *quantity == 1 { "" } else { "s" };
            format!("Deliver {quantity} {name}{plural}, {}", row.id.replace('-', " "))
        }
        Duty::Perform { service, .. } => format!("Complete {}", lower_first(service)),
        Duty::Pay { .. } => format!("Pay for {}", milestone()),
        Duty::Fund { tranche } => fund(tranche, terms),
    }
}

/// What is set aside: in a channel of its own, or on top of what is in one.
fn fund(id: &str, terms: &Terms) -> String {
    let tranche = terms.tranche(id);
    let what = match tranche.map(|tranche| &tranche.instrument) {
        Some(Instrument::SpliceIn { into }) => format!("Top up {}", into.replace('-', " ")),
        _ => format!("Fund {}", id.replace('-', " ")),
    };
    let stages = tranche.map(|tranche| tranche.stages.as_slice()).unwrap_or_default();
    let titles: Vec<_> =
        stages.iter().filter_map(|id| terms.milestone(id)).map(|stage| lower_first(&stage.title)).collect();
    if titles.is_empty() { what } else { format!("{what} for {}", titles.join(", ")) }
}

/// How much a row is about.
pub(crate) fn quantity(row: &Obligation, terms: &Terms) -> Quantity {
    match &row.duty {
        Duty::Deliver { quantity, .. } | Duty::Perform { quantity, .. } => Quantity::Units(*quantity),
        Duty::Pay { amount, .. } => Quantity::Sat(amount.0),
        Duty::Fund { tranche } => Quantity::Sat(terms.tranche(tranche).map_or(0, |tranche| tranche.amount.0)),
    }
}

/// A row's state.
pub(crate) fn row_state(state: &RowState) -> Badge {
    let (tone, word) = match state {
        RowState::Expected => (Tone::Mute, "Expected".into()),
        RowState::Due => (Tone::Warn, "Due".into()),
        RowState::Late { days } => {
            (Tone::Bad, format!("{days} {} late", if *days == 1 { "day" } else { "days" }))
        }
        RowState::Tendered { .. } => (Tone::Busy, "Tendered".into()),
        RowState::AcceptedInPart { accepted, of } => {
            (Tone::Warn, format!("Accepted in part, {accepted} of {of}"))
        }
        RowState::Rejected { .. } => (Tone::Bad, "Rejected".into()),
        RowState::Accepted => (Tone::Good, "Accepted".into()),
        RowState::Deemed => (Tone::Good, "Deemed accepted".into()),
        RowState::NotEarned => (Tone::Mute, "Not earned yet".into()),
        RowState::Earned { .. } => (Tone::Warn, "To be invoiced".into()),
        RowState::Invoiced { .. } => (Tone::Warn, "Due".into()),
        RowState::PaidInPart { .. } => (Tone::Good, "Paid in part".into()),
        RowState::Paid => (Tone::Good, "Paid".into()),
        RowState::Announced => (Tone::Busy, "Requested".into()),
        RowState::Pending => (Tone::Busy, "Confirming".into()),
        RowState::Open => (Tone::Good, "Open".into()),
        RowState::Closed => (Tone::Mute, "Closed".into()),
    };
    Badge { tone, word }
}

/// Whether nothing more is to come of a row in that state.
pub(crate) fn is_done(state: &RowState) -> bool {
    use RowState::{Accepted, Closed, Deemed, Open, Paid};
    matches!(state, Accepted | Deemed | Paid | Open | Closed)
}

/// The first letter as a capital.
pub(crate) fn upper_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_by_three() {
        for (amount, text) in
            [(0, "0"), (999, "999"), (1_000, "1\u{202f}000"), (150_000_000, "150\u{202f}000\u{202f}000")]
        {
            assert_eq!(sat(amount), format!("{text}\u{a0}sat"));
        }
    }
}
