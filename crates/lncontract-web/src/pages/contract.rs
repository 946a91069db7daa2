//! A contract's page: whose turn it is, the six figures, coverage, channels, obligations,
//! the latest of the record.
//!
//! Money: a strip of figures that breaks its own sums is not shown; the page says so instead (UI.md 8.1).

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::view::{ChannelCard, ContractView, EntryRow, FiguresView, ObligationRow, Progress, Tone};
use lncontract_core::{Hash, v1::Side};

use super::{
    coverage, html, stages,
    timeline::{self, Timeline},
};
use crate::{
    app::App,
    format::{self as f, Bar, Markup},
    problem::Problem,
    shell::Shell,
};

/// How many entries the page shows; the rest is on the record's page.
const LATEST: usize = 6;
/// What is due within so many days stands under Now.
const NOW_DAYS: i64 = 10;

#[derive(Template)]
#[template(path = "contract.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    tab: &'static str,
    groups: Groups<'a>,
    strip_fault: Option<String>,
    not_covered: u64,
    milestones_sat: u64,
    channels: Vec<Channel<'a>>,
    chart: Option<Markup>,
    timeline: Option<Timeline<'a>>,
    latest: Vec<&'a EntryRow>,
}

/// Obligations by how near they are.
struct Groups<'a> {
    now: Vec<&'a ObligationRow>,
    coming: Vec<&'a ObligationRow>,
    done: Vec<&'a ObligationRow>,
    ours: usize,
}

/// A channel with the parts that add up to its size, once it is open.
struct Channel<'a> {
    card: &'a ChannelCard,
    bar: Markup,
    parts: Vec<Part>,
}

struct Part {
    label: String,
    class: &'static str,
    amount_sat: u64,
}

/// GET /contracts/{id}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    Ok(page(&shell, &view))
}

pub(crate) fn page(shell: &Shell, view: &ContractView) -> Response {
    let figures = &view.figures;
    let today = f::today(shell.frame.now);
    let left = figures.total_sat.saturating_sub(figures.paid_sat);
    html(&Page {
        shell,
        view,
        tab: "overview",
        groups: groups(&view.obligations),
        strip_fault: strip_fault(figures),
        not_covered: left.saturating_sub(figures.covered_sat).saturating_sub(figures.confirming_sat),
        // What the seller pays stands beside the contract's total.
        milestones_sat: view
            .milestones
            .iter()
            .filter(|row| row.ours == (view.our_side == Side::Buyer))
            .fold(0, |sum, row| sum.saturating_add(row.amount_sat)),
        channels: view.channels.iter().map(|card| channel(card, view)).collect(),
        chart: view.coverage.as_ref().and_then(|coverage| coverage::draw(coverage, today)),
        timeline: view.timeline.as_ref().map(|view| timeline::draw(view, today)),
        latest: view.record.iter().filter(|entry| !entry.plain).take(LATEST).collect(),
    })
}

/// What is wrong with the figures among themselves; no page computes them anew.
fn strip_fault(figures: &FiguresView) -> Option<String> {
    let FiguresView { total_sat, earned_sat, invoiced_sat, paid_sat, retained_sat, outstanding_sat, .. } =
        *figures;
    let rules = [
        (
            earned_sat > total_sat,
            format!("earned {earned_sat} sat is more than the total of {total_sat} sat"),
        ),
        (paid_sat > invoiced_sat, format!("paid {paid_sat} sat is more than invoiced {invoiced_sat} sat")),
        (
            paid_sat.checked_add(outstanding_sat) != Some(total_sat),
            format!(
                "paid {paid_sat} sat and outstanding {outstanding_sat} sat don't make the total of {total_sat} sat"
            ),
        ),
        (
            retained_sat > outstanding_sat,
            format!("retained {retained_sat} sat is more than outstanding {outstanding_sat} sat"),
        ),
    ];
    rules.into_iter().find(|(broken, _)| *broken).map(|(_, words)| f::sentence(&words))
}

fn groups(rows: &[ObligationRow]) -> Groups<'_> {
    let mut groups = Groups { now: Vec::new(), coming: Vec::new(), done: Vec::new(), ours: 0 };
    for row in rows {
        let near = row.in_days.is_some_and(|days| days <= NOW_DAYS && !row.expected);
        let urgent = matches!(row.state.tone, Tone::Warn | Tone::Bad) || row.act.is_some();
        let group = match (row.done, near || urgent) {
            (true, _) => &mut groups.done,
            (false, true) => &mut groups.now,
            (false, false) => &mut groups.coming,
        };
        group.push(row);
        groups.ours += usize::from(row.ours);
    }
    groups
}

impl Groups<'_> {
    /// The groups that are shown unfolded.
    fn open(&self) -> [(&'static str, &[&ObligationRow]); 2] {
        [("Now", &self.now), ("Coming", &self.coming)]
    }

    /// What comes next, for the line that says there is nothing to do.
    fn next(&self) -> Option<&ObligationRow> {
        self.now.iter().chain(&self.coming).copied().next()
    }
}

fn channel<'a>(card: &'a ChannelCard, view: &ContractView) -> Channel<'a> {
    let none = Channel { card, bar: Markup::default(), parts: Vec::new() };
    let (Some(ours), Some(theirs), Some(can_send)) = (card.ours_sat, card.theirs_sat, card.can_send_sat)
    else {
        return none;
    };
    let buys = view.our_side == Side::Buyer;
    let (buyer, seller) = if buys { (ours, theirs) } else { (theirs, ours) };
    let payable = can_send.min(buyer);
    let held = card.held_back_sat.unwrap_or(0).min(buyer - payable);
    let rest = buyer - payable - held;
    let whose = if buys { format!("{}’s side", view.their_short_name) } else { "Our side".to_owned() };
    let part = |label: &str, class, amount_sat| Part { label: label.to_owned(), class, amount_sat };
    let mut parts = vec![part("Can be paid from it", "f-cov", payable), part("Held back", "f-held", held)];
    if rest > 0 {
        parts.push(part("In flight, or not payable now", "f-free", rest));
    }
    let bars: Vec<_> =
        parts.iter().map(|part| Bar { amount_sat: part.amount_sat, class: part.class }).collect();
    parts.push(part(&whose, "f-none", seller));
    let words: Vec<_> =
        parts.iter().map(|part| format!("{} {}", part.label, f::grouped(part.amount_sat))).collect();
    Channel { card, bar: f::ratio_bar(card.size_sat, &bars, 10, &words.join(", ")), parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::views;

    #[test]
    fn figures_that_break_their_sums_are_found() {
        let check = |change: fn(&mut FiguresView), expect: Option<&str>| {
            let mut figures = views::contract().figures;
            change(&mut figures);
            let fault = strip_fault(&figures);
            assert_eq!(fault.is_some(), expect.is_some(), "{fault:?}");
            assert!(expect.is_none_or(|words| fault.is_some_and(|fault| fault.contains(words))));
        };
        check(|_| (), None);
        check(|figures| figures.outstanding_sat += 1, Some("don't make the total"));
        check(|figures| figures.earned_sat = figures.total_sat + 1, Some("Earned"));
        check(|figures| figures.paid_sat = figures.invoiced_sat + 1, Some("more than invoiced"));
        check(|figures| figures.retained_sat = u64::MAX, Some("Retained"));
    }

    #[test]
    fn parts_of_a_channel_add_up_to_its_size() {
        let mut view = views::contract();
        let sum = |view: &ContractView| {
            channel(&view.channels[0], view).parts.iter().map(|p| p.amount_sat).sum::<u64>()
        };
        assert_eq!(sum(&view), view.channels[0].size_sat);
        view.our_side = Side::Seller;
        let card = &mut view.channels[0];
        std::mem::swap(&mut card.ours_sat, &mut card.theirs_sat);
        assert_eq!(sum(&view), view.channels[0].size_sat);
    }

    #[test]
    fn obligations_stand_under_now_coming_or_done() {
        let view = views::contract();
        let groups = groups(&view.obligations);
        assert_eq!(groups.now.len() + groups.coming.len() + groups.done.len(), view.obligations.len());
        assert!(groups.done.iter().all(|row| row.done));
        assert!(groups.now.iter().any(|row| row.what.contains("stage 2 assembly")));
        assert!(groups.coming.iter().any(|row| row.what.contains("delivery 3")));
    }
}
