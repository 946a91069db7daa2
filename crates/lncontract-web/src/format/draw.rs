//! Small drawings: coverage bars and QR codes, as SVG whose sizes are attributes (the policy allows no
//! style).
//!
//! Money: shares are in hundredths of a percent, computed in integers and rounded down.

use std::{borrow::Borrow, fmt::Write as _};

use qrcode::{Color, EcLevel, QrCode};

use super::{Markup, escape};

/// A part of a bar: what it stands for and its class in the stylesheet.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// How much, in satoshi.
    pub amount_sat: u64,
    /// `f-paid`, `f-cov`, `f-wait`, `f-free`, `f-held`, `f-bad`.
    pub class: &'static str,
}

/// A bar of parts of a whole, left to right, with 2 px gaps; what is left over is the ground. `label` says it
/// in words; without one the bar is decoration.
pub fn ratio_bar(whole_sat: impl Borrow<u64>, parts: &[Bar], height: u32, label: &str) -> Markup {
    let whole_sat = *whole_sat.borrow();
    let role = match label {
        "" => "aria-hidden=\"true\"".to_owned(),
        words => format!("role=\"img\" aria-label=\"{}\"", escape(words)),
    };
    let mut out = format!(
        "<svg class=\"bar\" width=\"100%\" height=\"{height}\" {role}>\
         <rect width=\"100%\" height=\"{height}\" class=\"f-none\"/>"
    );
    let mut gaps = String::new();
    let mut before: u128 = 0;
    for part in parts.iter().filter(|part| part.amount_sat > 0) {
        let (from, to) = (share(before, whole_sat), share(before + u128::from(part.amount_sat), whole_sat));
        let (x, width) = (percent(from), percent(to.saturating_sub(from)));
        let _ =
            write!(out, "<rect x=\"{x}\" width=\"{width}\" height=\"{height}\" class=\"{}\"/>", part.class);
        if to.saturating_sub(from) < 100 {
            // Below 1 % a part would vanish: 2 px keep it visible (UI.md 8.3).
            let _ = write!(out, "<rect x=\"{x}\" width=\"2\" height=\"{height}\" class=\"{}\"/>", part.class);
        }
        if to < WHOLE {
            let at = percent(to);
            let _ = write!(gaps, "<line class=\"gap\" x1=\"{at}\" x2=\"{at}\" y1=\"0\" y2=\"{height}\"/>");
        }
        before += u128::from(part.amount_sat);
    }
    Markup(format!("{out}{gaps}</svg>"))
}

/// The bar of a contract: paid, covered, awaiting confirmation, and not covered as the ground.
pub fn coverage_bar(
    total_sat: impl Borrow<u64>,
    paid_sat: impl Borrow<u64>,
    covered_sat: impl Borrow<u64>,
    waiting_sat: impl Borrow<u64>,
    height: u32,
) -> Markup {
    let (total_sat, paid_sat) = (*total_sat.borrow(), *paid_sat.borrow());
    let (covered_sat, waiting_sat) = (*covered_sat.borrow(), *waiting_sat.borrow());
    let left = total_sat.saturating_sub(paid_sat);
    let covered = covered_sat.min(left);
    let waiting = waiting_sat.min(left - covered);
    let parts = [(paid_sat, "f-paid"), (covered, "f-cov"), (waiting, "f-wait")];
    let parts = parts.map(|(amount_sat, class)| Bar { amount_sat, class });
    let open = left - covered - waiting;
    let [total, paid, covered, waiting, open] =
        [total_sat, paid_sat, covered, waiting, open].map(super::grouped);
    let label = format!(
        "Of {total} sat: {paid} paid, {covered} covered, {waiting} awaiting confirmation, {open} not covered yet"
    );
    ratio_bar(total_sat, &parts, height, &label)
}

/// The bar of a channel in a list: our side, and theirs as the ground. The figures stand beside it.
pub fn ours_bar(size_sat: &u64, ours_sat: &u64) -> Markup {
    ratio_bar(*size_sat, &[Bar { amount_sat: *ours_sat, class: "f-cov" }], 8, "")
}

/// The square beside a word of a legend.
pub fn swatch(class: &str) -> Markup {
    let class = escape(class);
    Markup(format!(
        "<svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" class=\"{class}\"/></svg>"
    ))
}

const WHOLE: u128 = 10_000;

fn share(part: u128, whole: u64) -> u128 {
    if whole == 0 { 0 } else { (part * WHOLE / u128::from(whole)).min(WHOLE) }
}

fn percent(hundredths: u128) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// A QR code (ISO/IEC 18004) with a quiet zone of 4 modules; level M, L above 300 characters. Text too long
/// for one gives no code: the text beside it is the whole truth anyway.
pub fn qr(text: &str, label: &str) -> Markup {
    let level = if text.len() > 300 { EcLevel::L } else { EcLevel::M };
    let Ok(code) = QrCode::with_error_correction_level(text, level) else { return Markup::default() };
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    let (side, label) = (width + 8, escape(label));
    Markup(format!(
        "<div class=\"qr\"><svg viewBox=\"-4 -4 {side} {side}\" role=\"img\" aria-label=\"{label}\">\
         <path d=\"{path}\"/></svg></div>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_bar_shows_what_is_paid_covered_and_waiting() {
        let html = coverage_bar(150_000_000, 40_000_000, 30_000_000, 60_000_000, 14).0;
        for expect in [
            "<rect x=\"0.00%\" width=\"26.66%\" height=\"14\" class=\"f-paid\"/>",
            "<rect x=\"26.66%\" width=\"20.00%\" height=\"14\" class=\"f-cov\"/>",
            "<rect x=\"46.66%\" width=\"40.00%\" height=\"14\" class=\"f-wait\"/>",
            "20\u{202f}000\u{202f}000 not covered yet",
        ] {
            assert!(html.contains(expect), "{expect} in {html}");
        }
    }

    #[test]
    fn a_bar_never_grows_past_its_whole() {
        let html = coverage_bar(100, 40, 500, 500, 8).0;
        assert!(
            html.contains("<rect x=\"40.00%\" width=\"60.00%\" height=\"8\" class=\"f-cov\"/>"),
            "{html}"
        );
        assert!(!html.contains("f-wait"), "{html}");
        assert!(ratio_bar(0, &[Bar { amount_sat: 5, class: "f-cov" }], 8, "").0.contains("0.00%"));
    }

    #[test]
    fn a_sliver_is_still_drawn() {
        let html = ratio_bar(150_000_000, &[Bar { amount_sat: 1_000, class: "f-paid" }], 8, "").0;
        assert!(html.contains("width=\"2\""), "{html}");
    }

    #[test]
    fn a_qr_code_is_square_and_says_what_it_is() {
        let html = qr("bcrt1qexample", "QR code of the deposit address").0;
        // 13 bytes at level M fit version 1: 21 modules and 4 on each side.
        assert!(html.contains("viewBox=\"-4 -4 29 29\""), "{html}");
        assert!(html.contains("M0 0h7v1h-7z"), "{html}");
        assert_eq!(qr(&"x".repeat(5_000), "too long"), Markup::default());
    }
}
