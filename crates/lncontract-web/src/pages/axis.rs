//! The time axis of drawings: where a day stands, and the lines of the months.
//!
//! Invariant: places are hundredths of a percent of whole days, computed in integers.

use std::fmt::Write as _;

use jiff::{ToSpan as _, civil::Date};

/// A drawing of more months gets a line for each quarter only.
const MONTHS_MAX: usize = 26;
/// The whole width, in hundredths of a percent.
const WHOLE: i64 = 10_000;

/// The days that are drawn, and where they begin.
pub struct Axis {
    from: Date,
    days: i64,
    /// What is left free at the left, in hundredths of a percent.
    margin: i64,
}

impl Axis {
    /// An axis from the first of a month to the last of one, with a free margin at the left in percent.
    pub fn new(from: Date, to: Date, margin_percent: i64) -> Self {
        let (from, to) = (from.first_of_month(), to.last_of_month());
        Self { from, days: days_between(from, to).max(1), margin: margin_percent * 100 }
    }

    /// Where a day stands, in hundredths of a percent of the width.
    fn hundredths(&self, day: Date) -> i64 {
        let width = WHOLE - self.margin;
        self.margin + days_between(self.from, day).clamp(0, self.days) * width / self.days
    }

    /// Where a day stands, in percent of the width.
    pub fn place(&self, day: Date) -> String {
        percent(self.hundredths(day))
    }

    /// How wide the time between two days is, in percent of the width.
    pub fn width(&self, from: Date, to: Date) -> String {
        percent((self.hundredths(to) - self.hundredths(from)).max(0))
    }

    /// Whether a day stands in the first or the last part of the axis: there its label goes the other way.
    pub fn is_early(&self, day: Date) -> bool {
        (self.hundredths(day) - self.margin) * 8 < WHOLE - self.margin
    }

    /// Whether a day stands near the end.
    pub fn is_late(&self, day: Date) -> bool {
        (WHOLE - self.hundredths(day)) * 6 < WHOLE - self.margin
    }

    /// Vertical lines of the months between two heights, and their names at a height.
    pub fn months(&self, lines: (u32, u32), names_y: u32, years_y: u32) -> String {
        let months: Vec<Date> = self.firsts().collect();
        let step = if months.len() > MONTHS_MAX { 3 } else { 1 };
        let mut out = String::new();
        for month in months.into_iter().filter(|month| step == 1 || month.month() % 3 == 1) {
            let x = self.place(month);
            let class = if month.month() == 1 { "grid y" } else { "grid" };
            let (y1, y2) = lines;
            let _ = write!(out, "<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{y1}\" y2=\"{y2}\"/>");
            if month.month() == 1 || month == self.from {
                let year = month.year();
                let _ = write!(out, "<text x=\"{x}\" dx=\"4\" y=\"{years_y}\" class=\"out\">{year}</text>");
            }
            let quarter = if month.month() % 3 == 1 { "" } else { " class=\"q\"" };
            let name = month.strftime("%b");
            let _ = write!(out, "<text x=\"{x}\" dx=\"4\" y=\"{names_y}\"{quarter}>{name}</text>");
        }
        out
    }

    /// Today's line between two heights, with its words at the upper one.
    pub fn today(&self, today: Date, lines: (u32, u32)) -> String {
        if today < self.from {
            return String::new();
        }
        let (x, (y1, y2)) = (self.place(today), lines);
        let (shift, anchor) = if self.is_early(today) { ("4", "start") } else { ("-4", "end") };
        let words = today.strftime("Today, %-d %b");
        let at = format!("x=\"{x}\" dx=\"{shift}\" y=\"{}\" text-anchor=\"{anchor}\"", y1 + 10);
        format!(
            "<line class=\"today\" x1=\"{x}\" x2=\"{x}\" y1=\"{y1}\" y2=\"{y2}\"/><text class=\"t halo\" {at}>{words}</text>"
        )
    }

    fn firsts(&self) -> impl Iterator<Item = Date> {
        let (from, days) = (self.from, self.days);
        let month = move |count: i32| from.checked_add(count.months()).ok();
        (0..).map_while(month).take_while(move |month| days_between(from, *month) < days)
    }
}

fn percent(hundredths: i64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// Days from one civil day to another: negative if it is past.
pub fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_axis_runs_from_its_margin_to_the_whole_width() {
        let axis = Axis::new(date(2026, 1, 15), date(2026, 12, 2), 20);
        let check = |day, expect: &str| assert_eq!(axis.place(day), expect);
        check(date(2026, 1, 1), "20.00%");
        check(date(2026, 12, 31), "100.00%");
        check(date(2030, 1, 1), "100.00%");
        check(date(2000, 1, 1), "20.00%");
        assert_eq!(axis.width(date(2026, 1, 1), date(2026, 12, 31)), "80.00%");
        assert_eq!(axis.width(date(2026, 5, 2), date(2026, 5, 1)), "0.00%");
        assert!(axis.is_early(date(2026, 2, 1)) && !axis.is_early(date(2026, 6, 1)));
        assert!(axis.is_late(date(2026, 12, 1)) && !axis.is_late(date(2026, 6, 1)));
    }

    #[test]
    fn a_long_drawing_has_a_line_a_quarter_and_today_only_from_its_beginning_on() {
        let lines = |to| Axis::new(date(2026, 1, 15), to, 0).months((0, 9), 5, 3).matches("<line").count();
        assert_eq!(lines(date(2026, 12, 2)), 12);
        assert_eq!(lines(date(2028, 12, 2)), 12);
        let axis = Axis::new(date(2026, 1, 15), date(2026, 12, 2), 0);
        assert!(axis.today(date(2026, 6, 1), (0, 9)).contains("Today, 1 Jun"));
        assert_eq!(axis.today(date(2025, 6, 1), (0, 9)), "");
    }
}
