//! The sample contract: one payment due and covered, one delivery rejected, one channel open,
//! one confirming, one refused.

use jiff::civil::{Date, date};
use lncontract_app::view::*;
use lncontract_core::{Hash, v1::Side};

use super::{
    at, badge, hash, over_time,
    shared::{part, released, set_aside},
    todo,
};

fn milestone(
    title: &str,
    due: Date,
    expected: bool,
    amount_sat: u64,
    tone: Tone,
    word: &str,
) -> MilestoneRow {
    MilestoneRow {
        title: title.into(),
        due: Some(due),
        expected,
        amount_sat,
        ours: true,
        paid: word.starts_with("Paid"),
        state: badge(tone, word),
    }
}

struct Row(&'static str, Date, bool, bool, &'static str, &'static str, Quantity, Tone, &'static str);

fn obligation(row: Row, done: bool, act: Option<(&str, &str)>) -> ObligationRow {
    let Row(id, due, expected, ours, what, note, quantity, tone, word) = row;
    let in_days = date(2026, 10, 28).until(due).unwrap().get_days();
    ObligationRow {
        row: id.into(),
        due: Some(due),
        in_days: Some(in_days.into()),
        expected,
        ours,
        what: what.into(),
        note: note.into(),
        quantity,
        state: badge(tone, word),
        act: act.map(|(button, href)| RowAct { button: button.into(), href: href.into() }),
        done,
    }
}

fn obligations() -> Vec<ObligationRow> {
    use Quantity::{Sat, Units};
    use Tone::{Bad, Busy, Good, Mute, Warn};
    let d = date;
    let review = Some(("Review payment", "/contracts/1/pay/2"));
    vec![
        obligation(
            Row(
                "materials-on-order",
                d(2026, 1, 15),
                false,
                false,
                "Complete materials on order",
                "",
                Units(1),
                Good,
                "Accepted",
            ),
            true,
            None,
        ),
        obligation(
            Row(
                "pay-materials-on-order",
                d(2026, 3, 1),
                false,
                true,
                "Pay for materials on order",
                "",
                Sat(25_000_000),
                Good,
                "Paid",
            ),
            true,
            None,
        ),
        obligation(
            Row(
                "fund-channel-1",
                d(2026, 1, 15),
                false,
                true,
                "Fund channel 1",
                "",
                Sat(30_000_000),
                Good,
                "Open",
            ),
            true,
            None,
        ),
        obligation(
            Row(
                "pay-stage-2-assembly",
                d(2026, 11, 2),
                false,
                true,
                "Pay for stage 2 assembly",
                "Invoice 3, accepted 19 Oct 2026",
                Sat(30_000_000),
                Warn,
                "Due, covered",
            ),
            false,
            review,
        ),
        obligation(
            Row(
                "delivery-1",
                d(2026, 11, 5),
                false,
                false,
                "Deliver 2 subsystems, delivery 1, again",
                "Rejected: test report for serial 0002 missing; connector J4 of serial 0001 not to drawing",
                Units(2),
                Bad,
                "Rejected",
            ),
            false,
            None,
        ),
        obligation(
            Row(
                "fund-channel-2",
                d(2026, 11, 15),
                false,
                true,
                "Fund subsystem testing, channel 2",
                "",
                Sat(60_000_000),
                Busy,
                "Confirming 1 of 3",
            ),
            false,
            None,
        ),
        obligation(
            Row(
                "delivery-3",
                d(2026, 12, 15),
                false,
                false,
                "Deliver 2 subsystems, delivery 3",
                "",
                Units(2),
                Mute,
                "Expected",
            ),
            false,
            None,
        ),
        obligation(
            Row(
                "subsystem-testing",
                d(2027, 2, 15),
                false,
                false,
                "Complete subsystem testing",
                "",
                Units(1),
                Mute,
                "Expected",
            ),
            false,
            None,
        ),
        obligation(
            Row(
                "pay-subsystem-testing",
                d(2027, 3, 1),
                true,
                true,
                "Pay for subsystem testing",
                "",
                Sat(60_000_000),
                Mute,
                "Not earned yet",
            ),
            false,
            None,
        ),
    ]
}

pub(super) fn stage(word: &str, progress: Progress, time: Option<&str>) -> StageMark {
    StageMark { word: word.into(), progress, at: time.map(at) }
}

fn channels() -> Vec<ChannelCard> {
    let look = |output: u8, size_sat| Look { outpoint: format!("{}:1", hash(output)), size_sat };
    let sight = |output, size_sat| SightView {
        reported: Some(look(output, size_sat)),
        seen: Some(look(output, size_sat)),
    };
    let open = ChannelCard {
        fund: hash(0x11),
        tranche: Some("channel-1".into()),
        title: "Channel 1, general".into(),
        size_sat: 75_000_000,
        ours_sat: Some(35_000_000),
        theirs_sat: Some(40_000_000),
        can_send_sat: Some(34_244_000),
        at_most_at_once_sat: Some(30_000_000),
        in_flight_limit_sat: Some(30_000_000),
        held_back_sat: Some(756_000),
        outpoint: Some(format!("{}:1", hash(0x2a))),
        state: badge(Tone::Good, "Open"),
        stages: vec![
            stage("Requested", Progress::Done, Some("2026-01-15T09:00:00Z")),
            stage("Confirmed 3 of 3", Progress::Done, None),
            stage("Open", Progress::Done, Some("2026-01-16T10:00:00Z")),
        ],
        seen: badge(Tone::Good, "Seen by us and by Castor"),
        sight: sight(0x2a, 75_000_000),
        trouble: String::new(),
        closing: None,
        can_close: true,
        splices: vec![SpliceLine {
            fund: hash(0x14),
            title: "Splice 1, general".into(),
            amount_sat: 20_000_000,
            outpoint: Some(format!("{}:0", hash(0x2b))),
            state: badge(Tone::Busy, "Confirming 1 of 3"),
            stages: vec![
                stage("Negotiated", Progress::Done, Some("2026-10-27T09:00:00Z")),
                stage("Confirming 1 of 3", Progress::Now, None),
                stage("Locked", Progress::Todo, None),
            ],
            seen: badge(Tone::Bad, "Differs in its size"),
            sight: SightView { reported: Some(look(0x2b, 95_000_000)), seen: Some(look(0x2b, 94_999_000)) },
            trouble: String::new(),
        }],
        releasable_sat: 5_000_000,
        releases: vec![released(), set_aside()],
        part_of: None,
    };
    let confirming = ChannelCard {
        fund: hash(0x12),
        tranche: Some("channel-2".into()),
        title: "Channel 2, subsystem testing".into(),
        size_sat: 61_000_000,
        ours_sat: None,
        theirs_sat: None,
        can_send_sat: None,
        at_most_at_once_sat: None,
        in_flight_limit_sat: None,
        held_back_sat: None,
        outpoint: Some("e655e24717c686b67464f47dbbbe864cd77a7938c492084941b65986e937eae6:0".into()),
        state: badge(Tone::Busy, "Confirming 1 of 3"),
        stages: vec![
            stage("Requested", Progress::Done, Some("2026-10-28T14:05:00Z")),
            stage("Confirming 1 of 3", Progress::Now, None),
            stage("Open", Progress::Todo, None),
        ],
        seen: badge(Tone::Busy, "Seen by us, not yet by Castor"),
        sight: SightView { reported: None, seen: Some(look(0xe6, 61_000_000)) },
        trouble: String::new(),
        closing: None,
        can_close: false,
        splices: Vec::new(),
        releasable_sat: 0,
        releases: Vec::new(),
        part_of: None,
    };
    let refused = ChannelCard {
        fund: hash(0x13),
        title: "Channel 3, delivery".into(),
        size_sat: 20_500_000,
        outpoint: None,
        state: badge(Tone::Warn, "Trying again"),
        stages: vec![
            stage("Refused", Progress::Now, Some("2026-10-28T14:08:00Z")),
            stage("Confirming", Progress::Todo, None),
            stage("Open", Progress::Todo, None),
        ],
        seen: badge(Tone::Mute, "Not seen yet"),
        sight: SightView::default(),
        trouble: "Castor’s node accepts one channel awaiting confirmation at a time. We try again when channel 2 confirms.".into(),
        ..confirming.clone()
    };
    vec![open, part(&confirming), confirming, refused]
}

fn record() -> Vec<EntryRow> {
    let confirmed = || badge(Tone::Good, "Confirmed");
    let entry = |id: u8, ours: bool, number, time: &str, kind: &str, what: &str, state| EntryRow {
        id: hash(id),
        author: if ours { "Meridian" } else { "Castor" }.into(),
        ours,
        number,
        time: at(time),
        kind: kind.into(),
        what: what.into(),
        state,
        plain: kind == "ack" || kind == "heartbeat",
    };
    vec![
        entry(
            0x3e,
            true,
            32,
            "2026-10-28T14:18:00Z",
            "earmark",
            "Channel 2 awaits confirmation: 61\u{202f}000\u{202f}000\u{a0}sat",
            badge(Tone::Busy, "Sent, waiting"),
        ),
        entry(0x2f, false, 27, "2026-10-28T14:06:00Z", "ack", "Castor has read up to entry 31", confirmed()),
        entry(
            0x10,
            true,
            31,
            "2026-10-28T14:05:00Z",
            "fund",
            "Channel of 61\u{202f}000\u{202f}000\u{a0}sat for subsystem testing",
            confirmed(),
        ),
        entry(
            0x4c,
            true,
            30,
            "2026-10-22T10:41:00Z",
            "answer",
            "Delivery 1 rejected, 2 reasons",
            confirmed(),
        ),
        entry(
            0xae,
            false,
            25,
            "2026-10-19T16:10:00Z",
            "invoice",
            "Invoice 3 over 30\u{202f}000\u{202f}000\u{a0}sat for stage 2 assembly",
            confirmed(),
        ),
        entry(0x01, false, 1, "2026-01-15T09:00:00Z", "accept", "Castor accepts the terms", confirmed()),
        entry(
            0x02,
            true,
            1,
            "2026-01-14T09:00:00Z",
            "offer",
            "Meridian offers a contract over 150\u{202f}000\u{202f}000\u{a0}sat",
            confirmed(),
        ),
    ]
}

pub fn contract() -> ContractView {
    let id: Hash = "c0ffee0000000000000000000000000000000000000000000000000000c0ffee".parse().unwrap();
    ContractView {
        id,
        number: "MSI-2026-003".into(),
        title: "Supply of 12 subsystems".into(),
        our_side: Side::Buyer,
        our_name: "Meridian Systems Integration".into(),
        their_name: "Castor Subsystems".into(),
        their_short_name: "Castor".into(),
        date_of_contract: date(2026, 1, 15),
        version: 1,
        state: badge(Tone::Good, "In force"),
        alerts: Vec::new(),
        our_turn: vec![todo(
            Tone::Warn,
            "Pay 30\u{202f}000\u{202f}000\u{a0}sat for stage 2 assembly",
            "Due Mon 2 Nov 2026, in 5 days. Covered: channel 1 can send it in one piece.",
            "Review payment",
            "/contracts/1/pay/2",
        )],
        their_turn: vec![todo(
            Tone::Warn,
            "Tender delivery 1 again by Thu 5 Nov 2026",
            "2 units rejected 22 Oct for 2 reasons.",
            "",
            "",
        )],
        watch: vec![todo(
            Tone::Warn,
            "20\u{202f}000\u{202f}000\u{a0}sat missing for Delivery and acceptance",
            "Its payment due Mon 29 Mar 2027 has to be covered by Mon 15 Mar 2027.",
            "Look",
            "#coverage",
        )],
        figures: FiguresView {
            total_sat: 150_000_000,
            earned_sat: 70_000_000,
            invoiced_sat: 70_000_000,
            paid_sat: 40_000_000,
            retained_sat: 0,
            outstanding_sat: 110_000_000,
            earmarked_sat: 30_000_000,
            confirming_sat: 60_000_000,
            covered_sat: 30_000_000,
            next_payment_sat: 30_000_000,
            next_covered_sat: 30_000_000,
        },
        rule: "Rule: covered 14 days before due.".into(),
        milestones: vec![
            milestone("Materials on order", date(2026, 3, 1), false, 25_000_000, Tone::Good, "Paid"),
            milestone("Stage 1 assembly", date(2026, 6, 29), false, 15_000_000, Tone::Good, "Paid"),
            milestone("Stage 2 assembly", date(2026, 11, 2), false, 30_000_000, Tone::Warn, "Due, covered"),
            milestone(
                "Subsystem testing",
                date(2027, 3, 1),
                true,
                60_000_000,
                Tone::Busy,
                "Confirming 1 of 3",
            ),
            milestone(
                "Delivery and acceptance",
                date(2027, 3, 29),
                true,
                20_000_000,
                Tone::Mute,
                "Not covered yet",
            ),
        ],
        coverage: Some(over_time::coverage()),
        timeline: Some(over_time::timeline()),
        ended: None,
        channels: channels(),
        obligations: obligations(),
        record: record(),
        state_hash: hash(0xbd),
        agreed: badge(Tone::Good, "Both companies agree"),
        connection: badge(Tone::Good, "Connected"),
        terms_hash: hash(0x7e),
        offer_until: None,
        can_answer_offer: false,
    }
}
