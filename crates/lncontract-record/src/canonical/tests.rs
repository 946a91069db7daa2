//! What is canonical and what is not, and that one value has one byte string.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn check_parse(text: &str, expect: Result<(), CanonicalError>) {
    assert_eq!(parse(text.as_bytes()).map(|_| ()), expect, "{text}");
}

#[test]
fn canonical_json_is_read() {
    for text in [
        "{}",
        "[]",
        "true",
        r#"{"a":1,"b":["x",-2]}"#,
        r#""é""#,
        "9007199254740991",
        "-9007199254740991",
        r#""\"\\""#,
    ] {
        check_parse(text, Ok(()));
    }
}

#[test]
fn what_two_programs_could_read_differently_is_refused() {
    use CanonicalError::*;
    let float = |found: &str| Err(Float { found: found.to_owned() });
    let integer = |found: &str| Err(Integer { found: found.to_owned() });
    check_parse("null", Err(Null));
    check_parse(r#"{"a":[null]}"#, Err(Null));
    check_parse("1.5", float("1.5"));
    check_parse("1.0", float("1.0"));
    check_parse("-0", float("-0.0"));
    check_parse("9007199254740992", integer("9007199254740992"));
    check_parse("-9007199254740992", integer("-9007199254740992"));
    check_parse("18446744073709551616", float("1.8446744073709552e+19"));
    check_parse(r#"{"a":1,"a":1}"#, Err(NotCanonical));
    check_parse(r#"{"b":1,"a":1}"#, Err(NotCanonical));
    check_parse(r#"{"a": 1}"#, Err(NotCanonical));
    check_parse(r#""\u0041""#, Err(NotCanonical));
    check_parse(r#"{"é":1}"#, Err(Key { found: "é".to_owned() }));
    check_parse("\"e\u{301}\"", Err(NotNormal { found: "e\u{301}".to_owned() }));
    check_parse(r#""\n""#, Err(Character { code: 0x0a }));
    check_parse("\"\u{85}\"", Err(Character { code: 0x85 }));
    check_parse("\"\u{202e}\"", Err(Character { code: 0x202e }));
    check_parse("{} ", Err(NotCanonical));
    check_parse("{}x", Err(Syntax { line: 1, column: 3 }));
    check_parse("", Err(Syntax { line: 1, column: 0 }));
    check_parse(r#""\ud800""#, Err(Syntax { line: 1, column: 8 }));
}

#[test]
fn depth_and_length_have_a_limit() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    check_parse(&nested(DEPTH_MAX), Ok(()));
    check_parse(&nested(DEPTH_MAX + 1), Err(CanonicalError::TooDeep));
    let long = format!("\"{}\"", "x".repeat(LEN_MAX - 2));
    check_parse(&long, Ok(()));
    assert_eq!(
        parse(format!("[{long}]").as_bytes()),
        Err(CanonicalError::TooLong { len: LEN_MAX + 2, max: LEN_MAX })
    );
    assert_eq!(
        to_bytes(&"x".repeat(LEN_MAX)),
        Err(CanonicalError::TooLong { len: LEN_MAX + 2, max: LEN_MAX })
    );
}

#[test]
fn a_value_without_canonical_form_is_not_written() {
    assert_eq!(to_bytes(&json!({"a": null})), Err(CanonicalError::Null));
    assert!(matches!(to_bytes(&json!(0.5)), Err(CanonicalError::Float { .. })));
    assert!(matches!(to_bytes(&u64::MAX), Err(CanonicalError::Integer { .. })));
    assert!(matches!(to_bytes(&"a\tb"), Err(CanonicalError::Character { code: 9 })));
}

#[test]
fn a_default_that_is_spelt_out_is_refused() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Shaped {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    }
    assert_eq!(from_bytes::<Shaped>(b"{}"), Ok(Shaped { note: String::new() }));
    assert_eq!(from_bytes::<Shaped>(br#"{"note":""}"#), Err(CanonicalError::NotCanonical));
    assert!(matches!(from_bytes::<Shaped>(br#"{"note":1}"#), Err(CanonicalError::Shape { .. })));
}

fn value() -> impl Strategy<Value = Value> {
    let bound = INTEGER_MAX as i64;
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-bound..=bound).prop_map(Value::from),
        "[ -~äß€]{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_equal(value in value()) {
        let bytes = to_bytes(&value).expect("the strategy makes canonical values");
        prop_assert_eq!(parse(&bytes), Ok(value));
    }

    #[test]
    fn what_is_read_is_written_back_equal(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = parse(&bytes) {
            prop_assert_eq!(to_bytes(&value), Ok(bytes));
        }
    }

    #[test]
    fn a_changed_byte_never_reads_as_the_same_value(value in value(), at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut bytes = to_bytes(&value).expect("the strategy makes canonical values");
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_ne!(parse(&bytes), Ok(value));
    }
}
