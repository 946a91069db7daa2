//! Due-rule arithmetic on civil dates, and the one instant that a civil date means.
//!
//! Invariant: months are added to the anchor itself and clamped to the month's end, then days are added; no
//! row is computed from the row before it. The offset is the fixed one of the terms: no time zone table,
//! no clock.

use jiff::{Span, civil::Date, tz::Offset};

use crate::{
    Time,
    v1::{DueRule, Terms},
};

/// The first and last year that a contract may speak of: RFC 3339 writes four digits.
pub const YEARS: std::ops::RangeInclusive<i16> = 1970..=9998;

/// A date outside the years 1970 to 9998.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date falls outside the years 1970 to 9998; choose fewer months or days")]
pub struct OutOfCalendar;

/// Returns the date that many months, then days, after the anchor:
/// 31 January + 1 month is the last of February.
///
/// # Errors
/// When the date is outside [`YEARS`].
pub fn after(anchor: Date, months: i32, days: i32) -> Result<Date, OutOfCalendar> {
    let months = Span::new().try_months(months).map_err(|_| OutOfCalendar)?;
    let days = Span::new().try_days(days).map_err(|_| OutOfCalendar)?;
    let date =
        anchor.checked_add(months).and_then(|date| date.checked_add(days)).map_err(|_| OutOfCalendar)?;
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(OutOfCalendar) }
}

/// Returns the last second of the civil day at a fixed offset from UTC in minutes.
///
/// # Errors
/// When the date is outside [`YEARS`] or no clock has that offset.
pub fn instant_of(date: Date, utc_offset_minutes: i32) -> Result<Time, OutOfCalendar> {
    let offset = offset(utc_offset_minutes).ok_or(OutOfCalendar)?;
    if !YEARS.contains(&date.year()) {
        return Err(OutOfCalendar);
    }
    let instant = offset.to_timestamp(date.at(23, 59, 59, 0)).map_err(|_| OutOfCalendar)?;
    Ok(Time(instant.as_second()))
}

/// Returns the civil day in which an instant lies at a fixed offset from UTC in minutes.
///
/// # Errors
/// When that day is outside [`YEARS`] or no clock has that offset.
pub fn day_of(time: Time, utc_offset_minutes: i32) -> Result<Date, OutOfCalendar> {
    let offset = offset(utc_offset_minutes).ok_or(OutOfCalendar)?;
    let date = offset.to_datetime(time.timestamp().ok_or(OutOfCalendar)?).date();
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(OutOfCalendar) }
}

fn offset(minutes: i32) -> Option<Offset> {
    Offset::from_seconds(minutes.checked_mul(60)?).ok()
}

/// Returns `count` dates, one a month, each computed from the anchor:
/// the first `first_month` months after it.
///
/// # Errors
/// When one of them is outside [`YEARS`].
pub fn monthly(anchor: Date, first_month: i32, count: u16) -> Result<Vec<Date>, OutOfCalendar> {
    (0..i32::from(count))
        .map(|index| after(anchor, first_month.checked_add(index).ok_or(OutOfCalendar)?, 0))
        .collect()
}

/// Returns the day that a rule gives when the terms are made; none while it hangs on an acceptance.
///
/// # Errors
/// When that day is outside [`YEARS`].
pub fn dated(rule: &DueRule, date_of_contract: Date) -> Result<Option<Date>, OutOfCalendar> {
    match *rule {
        DueRule::Date { date } => Ok(Some(date)),
        DueRule::DateOfContract { months, days } => after(date_of_contract, months, days).map(Some),
        DueRule::Acceptance { .. } => Ok(None),
    }
}

/// Returns the instant that a rule gives for an acceptance at `accepted`: never before that day, and for
/// dated rules not before their day either.
///
/// # Errors
/// When it is outside [`YEARS`].
pub fn due_after_acceptance(rule: &DueRule, accepted: Time, terms: &Terms) -> Result<Time, OutOfCalendar> {
    let offset = terms.utc_offset_minutes;
    let accepted_on = day_of(accepted, offset)?;
    let date = match *rule {
        DueRule::Acceptance { months, days, .. } => after(accepted_on, months, days)?,
        _ => dated(rule, terms.date_of_contract)?.map_or(accepted_on, |date| date.max(accepted_on)),
    };
    instant_of(date, offset)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn months_are_clamped_to_the_month_end_and_days_come_after() {
        let check = |anchor: Date, months, days, expected: Date| {
            assert_eq!(after(anchor, months, days), Ok(expected), "{anchor} + {months} months + {days} days");
        };
        check(date(2026, 1, 31), 1, 0, date(2026, 2, 28));
        check(date(2028, 1, 31), 1, 0, date(2028, 2, 29));
        check(date(2026, 1, 31), 2, 0, date(2026, 3, 31));
        check(date(2026, 1, 31), 1, 1, date(2026, 3, 1));
        check(date(2026, 10, 31), 4, 0, date(2027, 2, 28));
        check(date(2026, 3, 31), -1, 0, date(2026, 2, 28));
        check(date(2026, 12, 15), 14, 0, date(2028, 2, 15));
        check(date(2026, 3, 15), 0, -15, date(2026, 2, 28));
    }

    #[test]
    fn each_monthly_date_is_computed_from_the_anchor_and_not_from_the_one_before() {
        let dates = monthly(date(2026, 1, 31), 0, 5).unwrap();
        let expected =
            [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)].map(|(month, day)| date(2026, month, day));
        assert_eq!(dates, expected);
    }

    #[test]
    fn a_civil_day_ends_at_its_last_second_at_the_offset() {
        let check = |date, offset, expected: &str| {
            let instant = instant_of(date, offset).unwrap();
            assert_eq!(instant.to_string(), expected);
            assert_eq!(day_of(instant, offset), Ok(date));
            assert_eq!(day_of(instant.plus_seconds(1), offset), Ok(date.tomorrow().unwrap()));
        };
        check(date(2026, 3, 1), 0, "2026-03-01T23:59:59Z");
        check(date(2026, 3, 1), 60, "2026-03-01T22:59:59Z");
        check(date(2026, 3, 1), -840, "2026-03-02T13:59:59Z");
        check(date(2026, 3, 1), 345, "2026-03-01T18:14:59Z");
    }

    #[test]
    fn what_leaves_the_calendar_is_an_error_and_not_a_panic() {
        assert_eq!(after(date(9998, 12, 31), 1, 0), Err(OutOfCalendar));
        assert_eq!(after(date(2026, 1, 1), i32::MAX, 0), Err(OutOfCalendar));
        assert_eq!(after(date(2026, 1, 1), 0, i32::MIN), Err(OutOfCalendar));
        assert_eq!(instant_of(date(2026, 1, 1), i32::MAX), Err(OutOfCalendar));
        assert_eq!(monthly(date(2026, 1, 1), i32::MAX, 2), Err(OutOfCalendar));
        assert_eq!(day_of(Time(i64::MAX), 0), Err(OutOfCalendar));
    }
}
