//! The worked example as of Wed 28 Oct 2026, 14:20 UTC: 150,000,000 sat in all, 40 million paid, 30 million
//! covered and 60 million awaiting confirmation.

mod contract;
mod negotiation;
mod over_time;
mod shared;

pub use contract::contract;
use jiff::civil::date;
use lncontract_app::{Account, PaymentRow, view::*};
use lncontract_core::{
    Bytes, Hash, Time,
    template::supply,
    v1::{Party, Side, Terms},
};
pub use negotiation::{comparison, negotiation};
pub use over_time::ended;
pub use shared::free_parts;

pub const INVITE: &str = "lncinvite13yns55p5rwuwsde5acrzvq7x8ssexg8dffq0h8accfujxkz5369x3xfpwwjt2nzl0yy2d6c0t88ae5u598vcya5pggcfcmtsuullpfgt3a3neu9aeqt7q5ccxxkga";

pub fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn badge(tone: Tone, word: &str) -> Badge {
    Badge::new(tone, word)
}

fn hash(byte: u8) -> Hash {
    Bytes([byte; 32])
}

pub fn words() -> Vec<String> {
    let words = "harbour marble lantern orchard velvet compass timber glacier meadow saddle pepper anchor violin copper \
                 walnut breeze pencil summit ribbon kettle forest candle bridge thunder";
    words.split_whitespace().map(str::to_owned).collect()
}

pub fn account() -> Account {
    Account { ledger_msat: 86_312_800_000, node_msat: 86_312_800_000, onchain_fee_sat: 1_200 }
}

pub fn payment() -> PaymentRow {
    PaymentRow {
        invoice: Some(pay_prompt().invoice),
        payment_hash: pay_prompt().payment_hash,
        outgoing: true,
        amount_msat: 30_000_000_000,
        state: badge(Tone::Busy, "In flight"),
        finished: false,
    }
}

pub fn frame() -> Frame {
    Frame {
        company: "Meridian Systems Integration".into(),
        short_name: "Meridian".into(),
        network: "signet".into(),
        node: badge(Tone::Good, "Node in step"),
        height: 215_406,
        now: at("2026-10-28T14:20:00Z"),
    }
}

fn todo(tone: Tone, title: &str, text: &str, button: &str, href: &str) -> Todo {
    let [title, text, button, href] = [title, text, button, href].map(str::to_owned);
    Todo { title, text, tone, button, href }
}

fn of<T>(what: T) -> Of<T> {
    Of { contract: "MSI-2026-003, Castor".into(), what }
}

pub fn overview() -> Overview {
    let contract = contract();
    let row = |title: &str, counterparty: &str, number: &str, our_side, figures: [u64; 3], due, state| {
        ContractRow {
            id: contract.id,
            title: title.into(),
            number: number.into(),
            counterparty: counterparty.into(),
            our_side,
            paid_sat: figures[0],
            covered_sat: figures[1],
            total_sat: figures[2],
            outstanding_sat: figures[2] - figures[0],
            next_payment: due,
            state,
        }
    };
    let in_force = || badge(Tone::Good, "In force");
    Overview {
        we_owe_sat: 31_500_000,
        owed_to_us_sat: 16_000_000,
        earmarked_by_us_sat: 37_500_000,
        earmarked_for_us_sat: 12_000_000,
        onchain_free_sat: 26_312_800,
        outstanding_ours_sat: 119_600_000,
        outstanding_theirs_sat: 48_000_000,
        todo_count: 2,
        contract_count: 3,
        todos: vec![
            of(todo(
                Tone::Warn,
                "Approve and pay 30\u{202f}000\u{202f}000\u{a0}sat to Castor Subsystems",
                "Stage 2 assembly, due Mon 2 Nov 2026, in 5 days. Covered.",
                "Review payment",
                "/contracts/1/pay/2",
            )),
            of(todo(
                Tone::Bad,
                "Helix Orbital is 5 days late with 16\u{202f}000\u{202f}000\u{a0}sat",
                "Integration phase 1.",
                "Open",
                "/",
            )),
        ],
        underway: contract.channels[1..].iter().cloned().map(of).collect(),
        contracts: vec![
            row(
                "Supply of 12 subsystems",
                "Castor",
                "MSI-2026-003",
                Side::Buyer,
                [40_000_000, 30_000_000, 150_000_000],
                Some(date(2026, 11, 2)),
                in_force(),
            ),
            row(
                "Ground station integration",
                "Helix",
                "MSI-2026-011",
                Side::Seller,
                [16_000_000, 12_000_000, 64_000_000],
                Some(date(2026, 10, 23)),
                in_force(),
            ),
            row(
                "Harness tooling",
                "Vela",
                "MSI-2026-014",
                Side::Buyer,
                [0, 0, 9_600_000],
                None,
                badge(Tone::Warn, "Your answer"),
            ),
        ],
        first_steps: Vec::new(),
    }
}

pub fn terms() -> Terms {
    let party = |name: &str, short: &str| Party {
        name: name.into(),
        short_name: short.into(),
        tax_id: String::new(),
        address: String::new(),
    };
    let (buyer, seller) =
        (party("Meridian Systems Integration", "Meridian"), party("Castor Subsystems", "Castor"));
    supply::worked_example(date(2026, 1, 15), buyer, seller, 0)
}

pub fn pay_prompt() -> PayPrompt {
    let line = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    PayPrompt {
        contract: contract().id,
        contract_title: "Supply of 12 subsystems".into(),
        invoice: hash(0xae),
        number: 3,
        payee: "Castor Subsystems".into(),
        milestone: "Stage 2 assembly".into(),
        amount_sat: 30_000_000,
        due: Some(date(2026, 11, 2)),
        why: vec![
            line("Obligation", "Payment on acceptance of stage 2 assembly"),
            line("Accepted", "19 Oct 2026 by us"),
            line("Invoice", "Invoice 3, amount equals the terms"),
        ],
        over: vec![("Channel 1, general".into(), 30_000_000)],
        passed_over: vec![("channel 2".into(), "set aside for other milestones".into())],
        missing_sat: 0,
        obstacles: Vec::new(),
        state: None,
        payment_hash: hash(0x9a),
        receipt: None,
    }
}

pub fn tender_view() -> TenderView {
    TenderView {
        contract: contract().id,
        contract_title: "Supply of 12 subsystems".into(),
        tender: hash(0x55),
        row: "pay-stage-2-assembly".into(),
        what: "2 subsystems, delivery 1".into(),
        quantity: 2,
        documents: vec![("Delivery note 0093.pdf".into(), hash(0x66))],
        note: "Serials 0001 and 0002".into(),
        tendered_at: at("2026-10-14T09:15:00Z"),
        deadline: at("2026-10-24T23:59:59Z"),
        deemed: true,
    }
}

pub fn companies() -> Vec<CompanyRow> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    vec![
        CompanyRow {
            id: "02adc9426075808e9ac148672e129f7a174bf58d35eee193aba8280a251a471b1d".into(),
            name: "Castor Subsystems".into(),
            short_name: "Castor".into(),
            address: "ln.castor.example:9735".into(),
            words: words("copper island tulip seven garden north"),
            words_confirmed_at: Some(at("2026-01-12T09:31:00Z")),
            connection: badge(Tone::Good, "Connected"),
            peer_address: Some("https://lncontract.castor.example".into()),
            way: "The record goes over the connection of the two nodes. HTTPS answers too, and stands by."
                .into(),
        },
        CompanyRow {
            id: "0372d95c3646afd11a1c426f32abd767e1e955a794e7ac0356598e99412cad27f1".into(),
            name: "Polaris Metrology".into(),
            short_name: "Polaris".into(),
            address: "ln.polaris.example:9735".into(),
            words: words("lamp orange river table winter moon"),
            words_confirmed_at: None,
            connection: badge(Tone::Warn, "Away"),
            peer_address: None,
            way: "Last heard 3 days ago, over the connection of the two nodes.".into(),
        },
    ]
}

pub fn treasury() -> TreasuryView {
    let coin = |n: u8, value_sat, height, state| CoinRow {
        outpoint: format!("{}:{n}", Bytes([n; 32])),
        value_sat,
        height,
        state,
        spend_fee_sat: 136,
    };
    let address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".to_owned();
    TreasuryView {
        free_sat: 6_180_000,
        total_sat: 6_400_000,
        reserve_sat: 100_000,
        closing_sat: 0,
        own: true,
        coins: vec![
            coin(1, 6_279_900, Some(931_204), badge(Tone::Good, "Free")),
            coin(2, 120_000, None, badge(Tone::Busy, "Waiting for a block")),
            coin(3, 100, Some(930_001), badge(Tone::Mute, "Dust")),
        ],
        waiting: vec![WaitingRow {
            txid: Bytes([2; 32]).to_string(),
            what: "Opening or splice of a channel".into(),
            fee_sat: Some(310),
        }],
        withdrawals: vec![WithdrawalRow {
            txid: Bytes([4; 32]).to_string(),
            to: address,
            amount_sat: 1_500_000,
            fee_sat: 282,
            height: Some(931_100),
            state: badge(Tone::Good, "In block 931100"),
        }],
    }
}

pub fn cost() -> CostView {
    let id = "0123456789abcdef0123456789abcdef".into();
    CostView { id, amount_sat: 2_000_000, fee_sat: 564, left_sat: 4_179_436, reserve_sat: 100_000 }
}

/// An LND that was tested and is not used yet.
pub fn own_node() -> OwnNodeView {
    let ability = |what: &str, can, so: &str, line: &str| AbilityRow {
        what: what.into(),
        can,
        so: so.into(),
        line: line.into(),
    };
    let role = |name: &str, what: &str, missing: &[&str]| RoleRow {
        name: name.into(),
        what: what.into(),
        missing: missing.iter().map(|uri| (*uri).to_owned()).collect(),
        command: format!("lncli bakemacaroon --save_to=lncontract-{name}.macaroon"),
    };
    let report = NodeReport {
        key: "02bf63b18445ee98eae4b39ecbf7c0b39e55e089a7713c14df5db8be80836262f4".into(),
        alias: "meridian-treasury".into(),
        software: "LND 0.20.1-beta".into(),
        network: "signet".into(),
        height: 215_406,
        synced: true,
        addresses: vec![],
        obstacle: String::new(),
        roles: vec![
            role("watch", "read channels, payments, invoices, coins and blocks; nothing moves", &[]),
            role("pay", "pay invoices over named channels", &["/routerrpc.Router/SendPaymentV2"]),
        ],
        abilities: vec![
            ability(
                "channels above 16,777,215 sat",
                Some(false),
                "a larger tranche has to be split, or is refused by this LND",
                "protocol.wumbo-channels=true",
            ),
            ability("splicing", Some(false), "money is added by a further channel", ""),
        ],
    };
    OwnNodeView {
        choice: NodeChoice::Page,
        tested: Some(TestedNode {
            id: "00000000000000000000000000000007".into(),
            report,
            reached_at: "ln.meridian.example:9735".into(),
        }),
        ..OwnNodeView::default()
    }
}

pub fn node() -> NodeView {
    let channel = |counterparty: &str, id: u8, size_sat, ours_sat, can_send_sat, can_receive_sat, state| {
        NodeChannelRow {
            counterparty: counterparty.into(),
            id: hash(id).to_string(),
            size_sat,
            ours_sat,
            can_send_sat,
            can_receive_sat,
            state,
        }
    };
    NodeView {
        answers: true,
        own_node: true,
        state: badge(Tone::Good, "In step"),
        trouble: String::new(),
        key: "02bf63b18445ee98eae4b39ecbf7c0b39e55e089a7713c14df5db8be80836262f4".into(),
        address: "ln.meridian.example:9735".into(),
        software: "built-in node".into(),
        height: 215_406,
        total_sat: 146_412_800,
        in_channels_sat: 59_000_000,
        confirming_sat: 61_000_000,
        onchain_sat: 26_412_800,
        onchain_free_sat: 26_312_800,
        reserve_sat: 100_000,
        can_receive_sat: 61_774_000,
        deposit_address: "tb1pcwulk79y2t8zljgvlutqs5gzx4gruwmjw6pmw8rlalh9gxvt443snnzg3x".into(),
        deposit_trouble: String::new(),
        channels: vec![
            channel(
                "Castor",
                0x2a,
                75_000_000,
                35_000_000,
                34_244_000,
                39_250_000,
                badge(Tone::Good, "Open"),
            ),
            channel("Castor", 0xe6, 61_000_000, 61_000_000, 0, 0, badge(Tone::Busy, "Confirming 1 of 3")),
        ],
        peers: companies(),
    }
}

/// The account of a contract that is over, signed by the other side.
pub fn final_account() -> AccountView {
    let sums = |sat| AccountSums { owed_sat: sat, paid_sat: sat, credited_sat: 0, retained_sat: 0 };
    let line = |title: &str, sat| AccountLine { title: title.into(), ours: true, sums: sums(sat) };
    AccountView {
        lines: vec![line("Materials on order", 25_000_000), line("Subsystem testing", 60_000_000)],
        buyer: sums(85_000_000),
        seller: sums(0),
        open: Vec::new(),
        can_sign: true,
        signed_by_us: false,
        signed_by_them: true,
        hash: Bytes([0xac; 32]),
    }
}
