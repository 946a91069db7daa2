//! Which way the record goes to a counterparty, in words.

use lncontract_core::Time;
use tokio::time::Instant;

use crate::{
    carriers::{Carrier, Link},
    view::{Badge, Tone},
};

/// Whether the record goes there and comes from there.
pub(crate) fn badge(carrier: Option<Carrier>) -> Badge {
    match carrier {
        Some(Carrier::Node) => Badge::new(Tone::Good, "Connected"),
        Some(Carrier::Https) => Badge::new(Tone::Good, "Connected over HTTPS"),
        None => Badge::new(Tone::Warn, "Away"),
    }
}

/// What carries the record, what did last, and what is wrong with HTTPS.
pub(crate) fn sentence(link: &Link, carrier: Option<Carrier>, at: Instant, now: Time) -> String {
    let mut said = match (carrier, link.heard) {
        (Some(Carrier::Node), _) => "The record goes over the connection of the two nodes.".to_owned(),
        (Some(Carrier::Https), _) => "The record goes over HTTPS.".to_owned(),
        (None, None) => "Nothing has come from them since our program started.".to_owned(),
        (None, Some((by, last))) => {
            let way = match by {
                Carrier::Node => "the connection of the two nodes",
                Carrier::Https => "HTTPS",
            };
            format!("Last heard {} ago, over {way}.", span(now.0 - last.0))
        }
    };
    if let Some(trouble) = &link.trouble {
        let (since, next) = (span(now.0 - trouble.since.0), trouble.next_at.saturating_duration_since(at));
        let next = span(i64::try_from(next.as_secs()).unwrap_or(i64::MAX).max(1));
        said.push_str(&format!(
            " No answer over HTTPS for {since}: {}. It is tried again in {next}.",
            trouble.reason
        ));
    } else if carrier != Some(Carrier::Https) && link.https_is_open(at) {
        said.push_str(" HTTPS answers too, and stands by.");
    }
    if carrier.is_none() {
        said.push_str(
            " What is signed meanwhile is kept and sent when they are back; a file brings it there at once.",
        );
    }
    said
}

/// A length of time, for people.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds.max(0) {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7_200 => (seconds / 60, "minute"),
        seconds @ 7_200..172_800 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Time = Time(1_700_000_000);

    #[test]
    fn each_state_says_what_carries_and_what_to_expect() {
        let (mut link, at) = (Link::to(Some("https://c.example".into())), Instant::now());
        assert!(sentence(&link, None, at, NOW).starts_with("Nothing has come from them"));
        link.failed(at, Time(NOW.0 - 600), "connection refused".into(), 0);
        link.failed(at, NOW, "connection refused".into(), 0);
        let said = sentence(&link, None, at, NOW);
        let expected =
            "No answer over HTTPS for 10 minutes: connection refused. It is tried again in 2 seconds.";
        assert!(said.contains(expected), "{said}");
        link.answered(at, NOW);
        assert_eq!(sentence(&link, Some(Carrier::Https), at, NOW), "The record goes over HTTPS.");
        assert!(sentence(&link, Some(Carrier::Node), at, NOW).ends_with("HTTPS answers too, and stands by."));
        let later = sentence(&link, None, at + Duration::from_secs(7_200), Time(NOW.0 + 7_200));
        assert!(later.starts_with("Last heard 2 hours ago, over HTTPS."), "{later}");
    }

    #[test]
    fn spans_are_whole_and_in_the_unit_that_fits() {
        let spans = [0, 1, 119, 120, 7_199, 7_200, 172_799, 172_800].map(span);
        let expected = [
            "0 seconds",
            "1 second",
            "119 seconds",
            "2 minutes",
            "119 minutes",
            "2 hours",
            "47 hours",
            "2 days",
        ];
        assert_eq!(spans, expected);
    }
}
