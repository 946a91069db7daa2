//! The timeline of a contract: a row for each milestone, one for work and deliveries, one for funding.
//! Decoration: the table of obligations says all of it in words, so every drawing is hidden from readers.
//!
//! Invariant: places are hundredths of a percent of whole days, computed in integers.

use std::fmt::Write as _;

use jiff::{ToSpan as _, civil::Date};
use lncontract_app::view::{ContractView, ObligationRow, Quantity, Tone};

use crate::format::{self as f, Markup};

/// A contract of more months gets a line for each quarter only.
const MONTHS_MAX: usize = 26;

/// The span that is drawn.
struct Span {
    from: Date,
    days: i64,
}

#[derive(Clone, Copy)]
enum Sign {
    Payment,
    Work,
    Funding,
}

/// Draws it; nothing where no date is known.
pub fn draw(view: &ContractView, today: Date) -> Option<Markup> {
    let dates = || view.obligations.iter().filter_map(|row| row.due);
    let last = dates().chain(view.milestones.iter().filter_map(|row| row.due)).max()?;
    let from = view.date_of_contract.min(dates().min()?).first_of_month();
    let to = last.max(today).checked_add(1.month()).ok()?.last_of_month();
    let span = Span { from, days: days_between(from, to).max(1) };
    let (ticks, axis) = grid(&span, today);
    let mut out = format!("<ol class=\"gantt\">{axis}");
    for row in &view.milestones {
        // Covered is no payment yet: only what is paid is drawn as done.
        let tone = if row.state.tone == Tone::Good && !row.paid { Tone::Mute } else { row.state.tone };
        let mark = row.due.map(|due| mark(&span, due, Sign::Payment, tone)).unwrap_or_default();
        line(&mut out, &row.title, &f::millions(row.amount_sat), &ticks, &mark);
    }
    let units = |row: &&ObligationRow| matches!(row.quantity, Quantity::Units(_));
    let (work, money): (Vec<_>, Vec<_>) = view.obligations.iter().partition(units);
    line(&mut out, "Work and deliveries", "", &ticks, &marks(&span, &work, Sign::Work));
    // The template gives every row that sets money aside an id of that form.
    let funds: Vec<_> = money.into_iter().filter(|row| row.row.starts_with("fund-")).collect();
    if !funds.is_empty() {
        line(&mut out, "Funding", "", &ticks, &marks(&span, &funds, Sign::Funding));
    }
    Some(Markup(format!("{out}</ol>")))
}

fn line(out: &mut String, label: &str, figure: &str, ticks: &str, marks: &str) {
    let label = f::escape(label);
    let _ = write!(
        out,
        "<li><span class=\"lab\">{label} <span class=\"num\">{figure}</span></span>\
         <svg class=\"g\" height=\"34\" aria-hidden=\"true\">{ticks}{marks}</svg></li>"
    );
}

fn marks(span: &Span, rows: &[&ObligationRow], sign: Sign) -> String {
    rows.iter().filter_map(|row| Some(mark(span, row.due?, sign, row.state.tone))).collect()
}

/// A sign at a date: filled is done, accent is next, red is late or rejected.
fn mark(span: &Span, at: Date, sign: Sign, tone: Tone) -> String {
    let x = span.place(at);
    let class = match tone {
        Tone::Good => "m full",
        Tone::Busy | Tone::Warn => "m go",
        Tone::Bad => "m no",
        Tone::Mute => "m",
    };
    let shape = match sign {
        Sign::Payment => return format!("<circle class=\"{class}\" cx=\"{x}\" cy=\"17\" r=\"5\"/>"),
        Sign::Work => "M0-6 6 0 0 6-6 0z",
        Sign::Funding => "M0-5.5 5.5 4.5h-11z",
    };
    format!("<svg x=\"{x}\" y=\"17\" overflow=\"visible\"><path class=\"{class}\" d=\"{shape}\"/></svg>")
}

/// The lines of every row, and the axis above them.
fn grid(span: &Span, today: Date) -> (String, String) {
    let months: Vec<Date> = span.months().collect();
    let step = if months.len() > MONTHS_MAX { 3 } else { 1 };
    let (mut ticks, mut labels) = (String::new(), String::new());
    for month in months.into_iter().filter(|month| step == 1 || month.month() % 3 == 1) {
        let x = span.place(month);
        let new_year = month.month() == 1 || month == span.from;
        let class = if month.month() == 1 { "grid y" } else { "grid" };
        let _ = write!(ticks, "<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y2=\"34\"/>");
        let _ = write!(labels, "<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y1=\"34\" y2=\"54\"/>");
        if new_year {
            let _ = write!(labels, "<text x=\"{x}\" dx=\"4\" y=\"28\" class=\"out\">{}</text>", month.year());
        }
        let quarter = if month.month() % 3 == 1 { "" } else { " class=\"q\"" };
        let _ = write!(labels, "<text x=\"{x}\" dx=\"4\" y=\"46\"{quarter}>{}</text>", month.strftime("%b"));
    }
    if today >= span.from {
        let x = span.place(today);
        let _ = write!(ticks, "<line class=\"today\" x1=\"{x}\" x2=\"{x}\" y2=\"34\"/>");
        let _ = write!(labels, "<line class=\"today\" x1=\"{x}\" x2=\"{x}\" y1=\"16\" y2=\"54\"/>");
        // On a line of its own, and to the right of its place where there is no room to the left.
        let early = days_between(span.from, today) * 10 < span.days;
        let (shift, anchor) = if early { ("4", "start") } else { ("-4", "end") };
        let words = today.strftime("Today, %-d %b");
        let at = format!("x=\"{x}\" dx=\"{shift}\" y=\"12\" text-anchor=\"{anchor}\"");
        let _ = write!(labels, "<text class=\"t\" {at}>{words}</text>");
    }
    let axis =
        "<li class=\"axis\" aria-hidden=\"true\"><span class=\"lab\"></span><svg class=\"g\" height=\"54\">";
    (ticks, format!("{axis}{labels}</svg></li>"))
}

impl Span {
    /// Where a day stands, in percent of the width.
    fn place(&self, day: Date) -> String {
        let hundredths = days_between(self.from, day).clamp(0, self.days) * 10_000 / self.days;
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    }

    fn months(&self) -> impl Iterator<Item = Date> {
        let (from, days) = (self.from, self.days);
        let month = move |count: i32| from.checked_add(count.months()).ok();
        (0..).map_while(month).take_while(move |month| days_between(from, *month) < days)
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;
    use jiff::civil::date;

    #[test]
    fn every_dated_row_has_its_sign() {
        let view = views::contract();
        let html = draw(&view, date(2026, 10, 28)).unwrap().0;
        let dated = |rows: &[Option<Date>]| rows.iter().flatten().count();
        let payments = dated(&view.milestones.iter().map(|row| row.due).collect::<Vec<_>>());
        assert_eq!(html.matches("<circle").count(), payments);
        let work = view
            .obligations
            .iter()
            .filter(|row| matches!(row.quantity, Quantity::Units(_)) && row.due.is_some());
        assert_eq!(html.matches("M0-6 6 0").count(), work.count());
        assert!(html.contains("Today") && html.contains(">2027<"));
    }

    #[test]
    fn without_dates_there_is_no_timeline() {
        let mut view = views::contract();
        view.obligations.clear();
        view.milestones.clear();
        assert_eq!(draw(&view, date(2026, 10, 28)), None);
    }

    #[test]
    fn a_place_is_a_share_of_whole_days() {
        let span = Span { from: date(2026, 1, 1), days: 365 };
        assert_eq!(span.place(date(2026, 1, 1)), "0.00%");
        assert_eq!(span.place(date(2026, 7, 2)), "49.86%");
        assert_eq!(span.place(date(2030, 1, 1)), "100.00%");
        assert_eq!(span.months().count(), 12);
    }
}
