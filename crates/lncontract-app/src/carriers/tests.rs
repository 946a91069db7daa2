//! The rules of which way is taken, and when it is tried again.

use lncontract_core::Bytes;

use super::*;

const AT: Time = Time(1_700_000_000);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn reached_over_https() -> Link {
    Link::to(Some("https://castor.example".into()))
}

#[test]
fn the_nodes_connection_is_preferred_once_it_has_answered_and_https_stands_in_for_it() {
    let (mut link, now) = (reached_over_https(), Instant::now());
    assert_eq!(link.carrier(now, true), Some(Carrier::Node), "there is nothing else");
    assert_eq!(link.carrier(now, false), None, "nothing was answered yet");
    assert!(link.answered(now, AT), "the way was closed before");
    assert_eq!(link.carrier(now, true), Some(Carrier::Https), "a connection need not carry messages");
    link.heard_by_node(AT);
    assert_eq!(link.carrier(now, true), Some(Carrier::Https), "to hear is not to be heard");
    link.asked_by_node(now);
    link.heard_by_node(AT);
    assert_eq!(link.carrier(now, true), Some(Carrier::Node));
    assert_eq!(link.carrier(now, false), Some(Carrier::Https));
    link.failed(now, AT, "connection refused".into(), 0);
    assert_eq!(link.carrier(now, false), None, "a failure closes it at once");
    assert!(link.answered(now, AT));
    assert_eq!(link.carrier(now + OPEN_FOR, false), None, "and so does silence");
}

#[test]
fn a_peer_that_asks_us_is_reached_by_our_answers() {
    let (mut link, now) = (Link::default(), Instant::now());
    assert!(link.was_asked(now, AT));
    assert!(!link.was_asked(now, AT), "it is open already");
    assert_eq!(link.carrier(now, false), Some(Carrier::Https));
    assert_eq!(link.ask_at(now, false, true), None, "there is no address to ask at");
}

#[test]
fn a_node_that_does_not_answer_is_left_where_https_is_open() {
    let (mut link, now) = (reached_over_https(), Instant::now());
    link.answered(now, AT);
    link.asked_by_node(now);
    link.heard_by_node(AT);
    link.asked_by_node(now);
    link.asked_by_node(now + NODE_PATIENCE);
    assert_eq!(link.carrier(now + NODE_PATIENCE, true), Some(Carrier::Node));
    let late = now + NODE_PATIENCE + secs(1);
    assert_eq!(link.carrier(late, true), Some(Carrier::Https), "the first question counts");
    link.note_silence(late);
    assert_eq!(link.carrier(late, true), Some(Carrier::Https));
    link.asked_by_node(late);
    link.heard_by_node(AT);
    assert_eq!(link.carrier(late, true), Some(Carrier::Node), "it answers again");
    link.node_failed();
    assert_eq!(link.carrier(late, true), Some(Carrier::Https));
}

#[test]
fn without_https_a_silent_node_stays_the_way() {
    let (mut link, now) = (Link::default(), Instant::now());
    link.asked_by_node(now);
    link.node_failed();
    assert_eq!(link.carrier(now + secs(60), true), Some(Carrier::Node));
}

#[test]
fn waits_double_from_a_second_to_ten_minutes() {
    let (mut link, now) = (reached_over_https(), Instant::now());
    assert_eq!(link.ask_at(now, false, true), Some(now), "the first question goes at once");
    for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600] {
        link.begin();
        assert_eq!(link.ask_at(now, false, true), None, "one question at a time");
        link.failed(now, Time(AT.0 + expected), "away".into(), 0);
        assert_eq!(link.ask_at(now, false, true), Some(now + secs(expected.unsigned_abs())));
        assert_eq!(link.trouble.as_ref().map(|trouble| trouble.since), Some(Time(AT.0 + 1)));
    }
    link.failed(now, AT, "away".into(), 255);
    assert_eq!(link.ask_at(now, false, true), Some(now + secs(450)), "many do not try at once");
    link.was_asked(now, AT);
    assert_eq!(link.ask_at(now, false, true), Some(now), "who asks is back");
    link.answered(now, AT);
    link.failed(now, AT, "away".into(), 0);
    assert_eq!(link.ask_at(now, false, true), Some(now + secs(1)), "an answer ends the trouble");
}

#[test]
fn what_waits_goes_at_once_and_who_hears_only_in_answers_asks_often() {
    let (mut link, now) = (reached_over_https(), Instant::now());
    link.answered(now, AT);
    link.asked_by_node(now);
    link.heard_by_node(AT);
    let asked = |link: &Link, node, reached| link.ask_at(now, node, reached).map(|at| at - now);
    assert_eq!(asked(&link, true, true), Some(ASK_BESIDE));
    assert_eq!(asked(&link, false, true), Some(ASK_REACHED));
    assert_eq!(asked(&link, false, false), Some(ASK_ALONE));
    link.lay_by(vec![1]);
    assert_eq!(asked(&link, false, true), Some(Duration::ZERO));
}

#[test]
fn what_waits_is_bounded_and_cut_into_envelopes() {
    let mut link = Link::default();
    let frame = |number: usize| [&number.to_be_bytes()[..], &vec![0; 59_992]].concat();
    (0..400).for_each(|number| link.lay_by(frame(number)));
    link.lay_by(frame(0));
    let kept = link.waiting.len();
    assert_eq!(kept, WAITING_LEN_MAX / 60_000, "the rest is dropped, and nothing stands twice");
    let mut taken = 0;
    while !link.waiting.is_empty() {
        let frames = link.take_waiting();
        assert!(frames.iter().map(|frame| Envelope::room_of(frame)).sum::<usize>() <= Envelope::ROOM);
        assert_eq!(frames[0], frame(taken), "in their order");
        taken += frames.len();
    }
    assert_eq!((taken, link.waiting_len), (kept, 0));
}

#[test]
fn a_question_is_taken_once() {
    let mut link = Link::default();
    let digest = Bytes([1; 32]);
    assert!(link.is_new(digest, AT, AT));
    assert!(!link.is_new(digest, AT, AT.plus_seconds(CLOCK_DIFFERS_MAX_S)));
    for number in 0..REMEMBERED_MAX {
        let digest = [&number.to_be_bytes()[..], &[0; 24]].concat();
        link.is_new(Bytes(digest.try_into().expect("32 bytes")), AT, AT);
    }
    assert_eq!(link.remembered.len(), REMEMBERED_MAX, "bounded");
    assert!(!link.is_new(Bytes([2; 32]), AT, AT));
    let later = AT.plus_seconds(CLOCK_DIFFERS_MAX_S + 1);
    assert!(link.is_new(Bytes([2; 32]), later, later), "what is too old to be taken need not be remembered");
}
