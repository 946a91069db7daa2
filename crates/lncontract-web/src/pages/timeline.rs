//! The timeline of a contract as one drawing, and as a list for who can't see it.
//!
//! Invariant: drawing and list are made of the same lanes; the list says every sign in words, in the order of days.

use std::fmt::Write as _;

use jiff::{ToSpan as _, civil::Date};
use lncontract_app::view::{Lane, Sign, SpanKind, TimelineMark, TimelineSpan, TimelineView, Tone};

use super::axis::Axis;
use crate::format::{self as f, Markup};

/// The width of the labels at the left, in percent.
const LABELS: i64 = 20;
/// The height of the axis, and of a lane.
const HEAD: u32 = 56;
const LANE: u32 = 40;
/// Within a lane: what is worked on stands above, what is paid below.
const UPPER: u32 = 13;
const LOWER: u32 = 28;

/// The timeline, drawn.
pub struct Timeline<'a> {
    /// One drawing.
    pub drawing: Markup,
    /// The same as a list, by day.
    pub items: Vec<Item<'a>>,
}

/// A line of the list.
pub struct Item<'a> {
    pub day: Date,
    pub until: Option<Date>,
    pub expected: bool,
    pub lane: &'a str,
    pub what: &'a str,
}

/// Draws it.
pub fn draw(view: &TimelineView, today: Date) -> Timeline<'_> {
    let to = view.to.max(today).checked_add(1.month()).unwrap_or(view.to);
    let axis = Axis::new(view.from, to, LABELS);
    let height = HEAD + LANE * u32::try_from(view.lanes.len()).unwrap_or(0);
    let mut out = format!("<svg class=\"time\" width=\"100%\" height=\"{height}\" aria-hidden=\"true\">");
    out += &axis.months((34, height), 46, 28);
    for (lane, y) in view.lanes.iter().zip((HEAD..).step_by(LANE as usize)) {
        draw_lane(&mut out, &axis, lane, y, today);
    }
    out += &axis.today(today, (2, height));
    Timeline { drawing: Markup(out + "</svg>"), items: items(view) }
}

fn draw_lane(out: &mut String, axis: &Axis, lane: &Lane, y: u32, today: Date) {
    let (title, figure) = (f::escape(&lane.title), f::millions(lane.amount_sat));
    let _ = write!(
        out,
        "<line class=\"lane\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>\
         <svg y=\"{y}\" width=\"19%\" height=\"{LANE}\"><text class=\"n\" y=\"17\">{title}</text>\
         <text y=\"32\">{figure}</text></svg>"
    );
    for span in &lane.spans {
        draw_span(out, axis, span, y, today);
    }
    for mark in &lane.marks {
        draw_mark(out, axis, mark, y);
    }
}

fn draw_span(out: &mut String, axis: &Axis, span: &TimelineSpan, y: u32, today: Date) {
    let to = span.to.unwrap_or(today).max(span.from);
    let (x, width) = (axis.place(span.from), axis.width(span.from, to));
    let class = match span.kind {
        SpanKind::Tender => "g-done",
        SpanKind::Rejected => "g-no",
        SpanKind::Confirming => "f-wait",
        SpanKind::Open => "g-now",
        SpanKind::Closing => "g-end",
    };
    let (y, what) = (y + UPPER - 4, f::escape(&span.what));
    // What lasts less than a day is still seen.
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"3\" height=\"8\"/>\
         <rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"8\"><title>{what}</title></rect>"
    );
}

/// A sign at a day: filled is done, accent is next, red is late or rejected.
fn draw_mark(out: &mut String, axis: &Axis, mark: &TimelineMark, y: u32) {
    let class = match (mark.done, mark.tone) {
        (true, _) => "m full",
        (false, Tone::Busy | Tone::Warn) => "m go",
        (false, Tone::Bad) => "m no",
        (false, Tone::Good | Tone::Mute) => "m",
    };
    let (shape, down) = match mark.sign {
        Sign::Payment => ("M5 0a5 5 0 1 1-10 0 5 5 0 1 1 10 0z", LOWER),
        Sign::Work => ("M0-6 6 0 0 6-6 0z", UPPER),
        Sign::Funding => ("M0-5.5 5.5 4.5h-11z", LOWER),
    };
    let (x, y, what) = (axis.place(mark.day), y + down, f::escape(&mark.what));
    let _ = write!(
        out,
        "<svg x=\"{x}\" y=\"{y}\" overflow=\"visible\"><path class=\"{class}\" d=\"{shape}\"><title>{what}</title></path></svg>"
    );
}

fn items(view: &TimelineView) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    for lane in &view.lanes {
        items.extend(lane.spans.iter().map(|span| Item {
            day: span.from,
            until: span.to.filter(|to| *to != span.from),
            expected: false,
            lane: &lane.title,
            what: &span.what,
        }));
        items.extend(lane.marks.iter().map(|mark| Item {
            day: mark.day,
            until: None,
            expected: mark.expected,
            lane: &lane.title,
            what: &mark.what,
        }));
    }
    items.sort_by_key(|item| item.day);
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;
    use jiff::civil::date;

    #[test]
    fn drawing_and_list_have_every_sign_and_today_stands_in_it() {
        let view = views::contract().timeline.unwrap();
        let drawn = draw(&view, date(2026, 10, 28));
        let html = &drawn.drawing.0;
        let marks: usize = view.lanes.iter().map(|lane| lane.marks.len()).sum();
        let spans: usize = view.lanes.iter().map(|lane| lane.spans.len()).sum();
        assert_eq!(html.matches("<path").count(), marks);
        assert_eq!(html.matches("<title>").count(), marks + spans);
        assert_eq!(drawn.items.len(), marks + spans);
        assert!(drawn.items.is_sorted_by_key(|item| item.day));
        assert!(html.contains("Today, 28 Oct") && html.contains(">2027<"));
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    }

    #[test]
    fn a_tranche_that_is_there_is_drawn_as_done_and_one_that_is_late_is_not() {
        let mut view = views::contract().timeline.unwrap();
        let funding = view.lanes.iter_mut().find(|lane| lane.title == "Funding plan").unwrap();
        funding.marks.truncate(1);
        let full = |view: &TimelineView| {
            let html = draw(view, date(2026, 10, 28)).drawing.0;
            html.split("<path ").any(|path| path.starts_with("class=\"m full\" d=\"M0-5.5"))
        };
        let only = |view: &TimelineView, done: bool| {
            let mut view = view.clone();
            view.lanes.retain(|lane| lane.title == "Funding plan");
            view.lanes[0].marks[0].done = done;
            view
        };
        assert!(full(&only(&view, true)));
        assert!(!full(&only(&view, false)));
    }

    #[test]
    fn words_of_the_other_company_stay_words() {
        let mut view = views::contract().timeline.unwrap();
        view.lanes[0].title = "<b>".into();
        view.lanes[0].marks[0].what = "<i>".into();
        let html = draw(&view, date(2026, 10, 28)).drawing.0;
        assert!(!html.contains("<b>") && !html.contains("<i>"));
    }
}
