//! Coverage over time, drawn: what can be paid, against what falls due.
//!
//! Invariant: steps and no curves, since money moves in steps; solid is what was and is, hatched is what is planned.
//! The table beside it says the same in figures. Money: heights are integers, rounded down.

use std::fmt::Write as _;

use jiff::{ToSpan as _, civil::Date};
use lncontract_app::view::{CoveragePoint, CoverageRow, CoverageView};

use super::axis::Axis;
use crate::format::{self as f, Markup};

/// Where nothing is, and where the most is.
const BASE: u64 = 270;
const TOP: u64 = 46;
/// The most lines of amounts.
const LINES_MAX: u64 = 5;

/// Draws it; nothing where there is nothing to draw.
pub fn draw(view: &CoverageView, today: Date) -> Option<Markup> {
    let points = || view.past.iter().chain(&view.coming);
    let amounts = points().map(|point| point.covered_sat);
    let most =
        amounts.chain(view.payments.iter().map(|row| row.amount_sat)).max().filter(|most| *most > 0)?;
    let days = || points().map(|point| point.day).chain(view.payments.iter().map(|row| row.due));
    let from = days().chain(view.payments.iter().map(|row| row.covered_by)).min()?;
    let to = days().max()?.max(today).checked_add(1.month()).ok()?;
    let scale = Scale::new(most);
    let axis = Axis::new(from.min(today), to, 0);
    let mut out = scale.lines();
    out += &axis.months((270, 276), 292, 306);
    // What the node sees now stands from today on; before it, what the record says.
    let now = view.coming.first().map_or(0, |point| point.covered_sat);
    steps(&mut out, &axis, &scale, &view.past, today, false);
    steps(&mut out, &axis, &scale, &view.coming, to.last_of_month(), true);
    if let Some(last) = view.past.last() {
        riser(&mut out, &axis, &scale, today, (last.covered_sat, now), true);
    }
    needs(&mut out, &axis, &scale, &view.payments);
    out += &axis.today(today, (4, 270));
    let label = "What can be paid over time, against what falls due; the table below has the figures";
    Some(Markup(format!(
        "<svg class=\"chart\" height=\"312\" role=\"img\" aria-label=\"{label}\">{out}</svg>"
    )))
}

/// Areas and lines from point to point, the last one up to `end`.
fn steps(out: &mut String, axis: &Axis, scale: &Scale, points: &[CoveragePoint], end: Date, plan: bool) {
    let (area, line) = if plan { ("f-wait plan-area", "step plan") } else { ("area", "step") };
    for (index, point) in points.iter().enumerate() {
        let next = points.get(index + 1);
        let to = next.map_or(end, |next| next.day);
        let (x, width, y) = (axis.place(point.day), axis.width(point.day, to), scale.y(point.covered_sat));
        let (x2, height) = (axis.place(to), BASE - y);
        let _ = write!(
            out,
            "<rect class=\"{area}\" x=\"{x}\" width=\"{width}\" y=\"{y}\" height=\"{height}\"/>\
             <line class=\"{line}\" x1=\"{x}\" x2=\"{x2}\" y1=\"{y}\" y2=\"{y}\"/>"
        );
        if index == 0 && !plan {
            riser(out, axis, scale, point.day, (0, point.covered_sat), plan);
        }
        if let Some(next) = next {
            riser(out, axis, scale, to, (point.covered_sat, next.covered_sat), plan);
        }
    }
}

fn riser(out: &mut String, axis: &Axis, scale: &Scale, day: Date, (from, to): (u64, u64), plan: bool) {
    let (x, y1, y2) = (axis.place(day), scale.y(from), scale.y(to));
    let line = if plan { "step plan" } else { "step" };
    let _ = write!(out, "<line class=\"{line}\" x1=\"{x}\" x2=\"{x}\" y1=\"{y1}\" y2=\"{y2}\"/>");
}

/// What the covenant asks: a box from the day it asks to the day it is due; a milestone is named once.
fn needs(out: &mut String, axis: &Axis, scale: &Scale, payments: &[CoverageRow]) {
    let mut named: Vec<&str> = Vec::new();
    for row in payments {
        let (x, width) = (axis.place(row.covered_by), axis.width(row.covered_by, row.due));
        let y = scale.y(row.amount_sat);
        let class = if row.missing_sat > 0 { "f-need short" } else { "f-need" };
        let height = BASE - y;
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" width=\"{width}\" y=\"{y}\" height=\"{height}\"/>"
        );
        if !named.contains(&row.milestone.as_str()) {
            // Two labels in a row stand on two heights.
            let y = y.saturating_sub(if named.len().is_multiple_of(2) { 6 } else { 20 }).max(16);
            let (shift, anchor) = if axis.is_late(row.due) { ("-4", "end") } else { ("0", "start") };
            let count = payments.iter().filter(|other| other.milestone == row.milestone).count();
            let times = if count > 1 { format!("{count} times ") } else { String::new() };
            let words = format!("{}, {times}{}", f::escape(&row.milestone), f::millions(row.amount_sat));
            let _ = write!(
                out,
                "<text class=\"n halo\" x=\"{x}\" dx=\"{shift}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>"
            );
            named.push(&row.milestone);
        }
    }
}

/// Amounts as heights.
struct Scale {
    step: u64,
    most: u64,
}

impl Scale {
    /// Lines at 1, 2 or 5 times a power of ten.
    fn new(most: u64) -> Self {
        let mut power: u64 = 1;
        let step = loop {
            let found = [1, 2, 5].map(|digit| power.saturating_mul(digit));
            if let Some(step) = found.into_iter().find(|step| most.div_ceil(*step) <= LINES_MAX) {
                break step;
            }
            power = power.saturating_mul(10);
        };
        Self { step, most: step.saturating_mul(most.div_ceil(step)) }
    }

    fn y(&self, amount: u64) -> u64 {
        let height =
            u128::from(BASE - TOP) * u128::from(amount.min(self.most)) / u128::from(self.most.max(1));
        BASE - u64::try_from(height).unwrap_or(0)
    }

    fn lines(&self) -> String {
        let mut out = format!("<line class=\"zero\" x2=\"100%\" y1=\"{BASE}\" y2=\"{BASE}\"/>");
        let amounts = (0..=LINES_MAX).map(|line| line.saturating_mul(self.step));
        for amount in amounts.take_while(|amount| *amount <= self.most) {
            let (y, words) = (self.y(amount), f::millions(amount));
            let _ = write!(
                out,
                "<line class=\"grid\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text x=\"-10\" y=\"{y}\" dy=\"4\" \
                 text-anchor=\"end\">{words}</text>"
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;
    use jiff::civil::date;

    #[test]
    fn the_lines_are_few_and_round_and_hold_the_most() {
        for (most, step, top) in [
            (1, 1, 1),
            (3, 1, 3),
            (84_900_000, 20_000_000, 100_000_000),
            (150_000_000, 50_000_000, 150_000_000),
            (u64::MAX, 5_000_000_000_000_000_000, u64::MAX),
        ] {
            let scale = Scale::new(most);
            assert_eq!((scale.step, scale.most), (step, top), "{most}");
            assert_eq!((scale.y(0), scale.y(scale.most)), (BASE, TOP), "{most}");
        }
    }

    #[test]
    fn every_payment_has_its_box_and_what_is_short_is_marked() {
        let mut view = views::contract().coverage.unwrap();
        let html = draw(&view, date(2026, 10, 28)).unwrap().0;
        assert_eq!(html.matches("class=\"f-need").count(), view.payments.len());
        assert_eq!(html.matches("f-need short").count(), 0);
        assert_eq!(html.matches("f-wait plan-area").count(), view.coming.len());
        assert_eq!(html.matches("\"area\"").count(), view.past.len());
        assert!(html.contains("Today, 28 Oct"));
        view.payments[0].missing_sat = 1;
        view.payments[0].milestone = "<b>".into();
        let html = draw(&view, date(2026, 10, 28)).unwrap().0;
        assert_eq!(html.matches("f-need short").count(), 1);
        assert!(!html.contains("<b>"));
        assert!(draw(&CoverageView::default(), date(2026, 10, 28)).is_none());
    }
}
