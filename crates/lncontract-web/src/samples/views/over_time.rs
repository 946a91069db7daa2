//! Coverage and timeline of the sample contract, and the same contract once it has ended.

use jiff::civil::{Date, date};
use lncontract_app::view::*;

use super::{at, badge, contract, final_account, hash};

fn point(day: Date, covered_sat: u64, due_sat: u64, funded_sat: u64) -> CoveragePoint {
    CoveragePoint { day, covered_sat, due_sat, funded_sat }
}

pub fn coverage() -> CoverageView {
    let d = date;
    let row = |milestone: &str, due: Date, amount_sat: u64, now_sat: u64, in_one_piece, tone, word: &str| {
        CoverageRow {
            milestone: milestone.into(),
            due,
            covered_by: due.checked_sub(jiff::Span::new().days(14)).unwrap(),
            amount_sat,
            now_sat,
            then_sat: amount_sat,
            missing_sat: 0,
            in_one_piece,
            state: badge(tone, word),
        }
    };
    CoverageView {
        past: vec![
            point(d(2026, 1, 16), 29_694_000, 0, 30_000_000),
            point(d(2026, 2, 27), 4_694_000, 25_000_000, 0),
            point(d(2026, 5, 29), 19_544_000, 0, 15_000_000),
            point(d(2026, 6, 26), 4_544_000, 15_000_000, 0),
            point(d(2026, 9, 30), 34_244_000, 0, 30_000_000),
        ],
        coming: vec![
            point(d(2026, 10, 28), 94_628_000, 0, 61_000_000),
            point(d(2026, 11, 2), 64_628_000, 30_000_000, 0),
            point(d(2026, 12, 15), 84_917_000, 0, 20_500_000),
            point(d(2027, 3, 1), 24_917_000, 60_000_000, 0),
            point(d(2027, 3, 29), 4_917_000, 20_000_000, 0),
        ],
        payments: vec![
            row("Stage 2 assembly", d(2026, 11, 2), 30_000_000, 30_000_000, true, Tone::Good, "Covered"),
            row("Subsystem testing", d(2027, 3, 1), 60_000_000, 4_244_000, false, Tone::Mute, "By plan"),
            row("Delivery and acceptance", d(2027, 3, 29), 20_000_000, 0, true, Tone::Mute, "By plan"),
        ],
    }
}

fn mark(sign: Sign, day: Date, tone: Tone, done: bool, what: &str) -> TimelineMark {
    TimelineMark { sign, day, expected: !done && tone == Tone::Mute, tone, done, what: what.into() }
}

fn span(kind: SpanKind, from: Date, to: Option<Date>, what: &str) -> TimelineSpan {
    TimelineSpan { kind, from, to, what: what.into() }
}

pub fn timeline() -> TimelineView {
    use Sign::{Funding, Payment, Work};
    let d = date;
    let lane = |title: &str, amount_sat, spans, marks| Lane { title: title.into(), amount_sat, spans, marks };
    let lanes = vec![
        lane(
            "Materials on order",
            25_000_000,
            vec![span(SpanKind::Tender, d(2026, 2, 10), Some(d(2026, 2, 18)), "Tendered, accepted")],
            vec![
                mark(Work, d(2026, 2, 18), Tone::Good, true, "Complete materials on order: Accepted"),
                mark(Payment, d(2026, 2, 27), Tone::Good, true, "25 000 000 sat paid, invoice 1"),
            ],
        ),
        lane(
            "Stage 2 assembly",
            30_000_000,
            vec![
                span(SpanKind::Rejected, d(2026, 9, 28), Some(d(2026, 10, 5)), "Tendered, rejected"),
                span(SpanKind::Tender, d(2026, 10, 12), Some(d(2026, 10, 19)), "Tendered, accepted"),
            ],
            vec![
                mark(Work, d(2026, 10, 19), Tone::Good, true, "Complete stage 2 assembly: Accepted"),
                mark(Payment, d(2026, 11, 2), Tone::Warn, false, "30 000 000 sat to be paid"),
            ],
        ),
        lane(
            "Delivery and acceptance",
            20_000_000,
            vec![span(SpanKind::Rejected, d(2026, 10, 14), Some(d(2026, 10, 22)), "Delivery 1: rejected")],
            vec![
                mark(Work, d(2026, 11, 5), Tone::Bad, false, "Deliver 2 subsystems, delivery 1: Rejected"),
                mark(Work, d(2026, 12, 15), Tone::Mute, false, "Deliver 2 subsystems, delivery 3: Expected"),
                mark(Payment, d(2027, 3, 29), Tone::Mute, false, "20 000 000 sat to be paid"),
            ],
        ),
        lane(
            "Funding plan",
            156_500_000,
            Vec::new(),
            vec![
                mark(Funding, d(2026, 1, 16), Tone::Good, true, "Fund channel 1, 30 000 000 sat: Open"),
                mark(Funding, d(2026, 12, 15), Tone::Mute, false, "Fund channel 3, 20 500 000 sat: Expected"),
            ],
        ),
        lane(
            "Channel 1, general",
            75_000_000,
            vec![
                span(SpanKind::Confirming, d(2026, 1, 15), Some(d(2026, 1, 16)), "Channel 1: on its way"),
                span(SpanKind::Open, d(2026, 1, 16), None, "Channel 1: open"),
            ],
            vec![mark(
                Funding,
                d(2026, 5, 29),
                Tone::Good,
                true,
                "15 000 000 sat more by a top-up of channel 1",
            )],
        ),
    ];
    TimelineView { from: d(2026, 1, 15), to: d(2027, 3, 29), lanes }
}

/// The sample contract after both have signed its final account.
pub fn ended() -> ContractView {
    let mut view = contract();
    let account = AccountView { can_sign: false, signed_by_us: true, ..final_account() };
    view.state = badge(Tone::Mute, "Closed");
    view.ended = Some(EndedView {
        account,
        signed: vec![
            (view.our_name.clone(), at("2027-04-02T09:00:00Z")),
            (view.their_name.clone(), at("2027-04-02T10:30:00Z")),
        ],
        onchain: Some(OnchainView {
            funded_sat: 156_500_000,
            returned_sat: 6_493_200,
            fees_sat: 4_812,
            there_sat: 0,
        }),
        heads: vec![(view.our_name.clone(), 61, hash(0x61)), (view.their_name.clone(), 58, hash(0x58))],
        terms_hash: hash(0x7e),
    });
    let figures = &mut view.figures;
    (figures.earned_sat, figures.invoiced_sat, figures.paid_sat) = (150_000_000, 150_000_000, 150_000_000);
    (figures.outstanding_sat, figures.covered_sat, figures.confirming_sat) = (0, 0, 0);
    (figures.next_payment_sat, figures.next_covered_sat, figures.earmarked_sat) = (0, 0, 0);
    for row in &mut view.obligations {
        (row.done, row.act) = (true, None);
    }
    (view.watch, view.our_turn, view.their_turn) = (Vec::new(), Vec::new(), Vec::new());
    let card = &mut view.channels[0];
    card.state = badge(Tone::Warn, "Closing");
    card.closing = Some(ClosingView {
        alone: true,
        blocks_left: Some(950),
        about: Some(date(2027, 4, 9)),
        txid: Some(hash(0x3c)),
        lost: Vec::new(),
    });
    (card.ours_sat, card.theirs_sat, card.can_send_sat, card.can_close) = (None, None, None, false);
    view.channels.truncate(1);
    view
}
