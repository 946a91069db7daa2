//! Answers of the REST interface as lines for people. What is missing in an answer is left blank,
//! never guessed.

use serde_json::Value;

/// One field as plain text.
pub fn field(answer: &Value, key: &str) -> String {
    plain(&answer[key])
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        // A state: its word.
        Value::Object(fields) if fields.contains_key("word") => plain(&value["word"]),
        other => other.to_string(),
    }
}

/// Amounts as people read them: `25 000 000 sat`.
fn sat(value: &Value) -> String {
    let Some(amount) = value.as_u64() else { return String::new() };
    let digits = amount.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text + " sat"
}

fn rows<'a>(list: &'a Value, empty: &str, row: impl Fn(&'a Value) -> String) -> String {
    match list.as_array() {
        Some(all) if !all.is_empty() => all.iter().map(row).collect::<Vec<_>>().join("\n"),
        _ => empty.to_owned(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The entry that was written.
pub fn written(answer: &Value) -> String {
    format!("written as entry {}", field(answer, "id"))
}

/// The companies we know.
pub fn companies(answer: &Value) -> String {
    rows(answer, "no companies yet", company)
}

/// One company, with the words to compare.
pub fn company(answer: &Value) -> String {
    let (id, name, connection) = (field(answer, "id"), field(answer, "name"), field(answer, "connection"));
    let words = answer["words"].as_array().map(|words| words.iter().map(plain).collect::<Vec<_>>());
    let words = words.unwrap_or_default().join(" / ");
    let compared = if answer["words_confirmed_at"].is_null() { "compare by voice" } else { "compared" };
    let mut text = format!("{id}\n    {name}, {connection}\n    {words} ({compared})");
    let way = field(answer, "way");
    if !way.is_empty() {
        text.push_str(&format!("\n    {way}"));
    }
    text
}

/// What a file brought.
pub fn taken(answer: &Value) -> String {
    let count = |key: &str| answer[key].as_u64().unwrap_or_default();
    let mut text = format!(
        "contract {}: {} entries are new, {} were here already",
        field(answer, "contract"),
        count("new"),
        count("known")
    );
    if count("ahead") > 0 {
        text.push_str(&format!(
            "\n{} are dated ahead of our clock: check it, and import again later",
            count("ahead")
        ));
    }
    if count("lacking") > 0 {
        text.push_str(&format!(
            "\n{} of ours are not in the file: export the record and bring it to them",
            count("lacking")
        ));
    }
    text
}

/// The wallet on chain.
pub fn wallet(answer: &Value) -> String {
    let mut text = format!(
        "on chain  {}\nfree      {}\nkept      {} for the fees of closing channels\ncoming    {} from closing channels",
        sat(&answer["total_sat"]),
        sat(&answer["free_sat"]),
        sat(&answer["reserve_sat"]),
        sat(&answer["closing_sat"])
    );
    if answer["own"] == Value::Bool(false) {
        return text + "\nThe node keeps the wallet with tools of its own: with LND, lncli.";
    }
    let list = |name: &str, empty: &str, row: fn(&Value) -> String| rows(&answer[name], empty, row);
    text += "\n\nwaiting for a block\n";
    text += &list("waiting", "nothing", |row| {
        format!("{}\n    {}, fee {}", field(row, "txid"), field(row, "what"), sat(&row["fee_sat"]))
    });
    text += "\n\ncoins\n";
    text += &list("coins", "none", |row| {
        format!("{}\n    {}, {}", field(row, "outpoint"), sat(&row["value_sat"]), field(row, "state"))
    });
    text += "\n\nwhat left\n";
    text + &list("withdrawals", "nothing", |row| {
        let (to, state) = (field(row, "to"), field(row, "state"));
        format!(
            "{}\n    {} to {to}, fee {}, {state}",
            field(row, "txid"),
            sat(&row["amount_sat"]),
            sat(&row["fee_sat"])
        )
    })
}

/// What a payment out costs.
pub fn cost(answer: &Value) -> String {
    let number = |key: &str| answer[key].as_u64().unwrap_or_default();
    format!(
        "arrives   {}\nfee       {}\nleft      {}, of it {} kept for closing channels\n\nTo order it: lncontract wallet \
         pay-out ADDRESS --amount-sat {} --fee-sat-max {} --id {} (and the same --speed)",
        sat(&answer["amount_sat"]),
        sat(&answer["fee_sat"]),
        sat(&answer["left_sat"]),
        sat(&answer["reserve_sat"]),
        number("amount_sat"),
        number("fee_sat"),
        field(answer, "id")
    )
}

/// The list of contracts.
pub fn contracts(answer: &Value) -> String {
    rows(answer, "no contracts yet", |row| {
        let (id, number, title) = (field(row, "id"), field(row, "number"), field(row, "title"));
        let (paid, total) = (sat(&row["paid_sat"]), sat(&row["total_sat"]));
        let (with, state) = (field(row, "counterparty"), field(row, "state"));
        format!("{id}\n    {number}  {title}\n    with {with}, {state}, paid {paid} of {total}")
    })
}

/// Terms that nobody has signed yet.
pub fn terms(terms: &Value) -> String {
    let mut text = format!(
        "{}  {}\nbuyer     {}\nseller    {}\ndate      {}\ntotal     {}\nmilestones:\n",
        field(terms, "number"),
        field(terms, "title"),
        field(&terms["buyer"], "name"),
        field(&terms["seller"], "name"),
        field(terms, "date_of_contract"),
        decimal(&terms["total"]),
    );
    text.push_str(&rows(&terms["milestones"], "  none", |row| {
        let payer = if row["payer"] == "seller" { "  paid by the seller" } else { "" };
        format!("  {:<34}{:>22}{payer}", field(row, "title"), decimal(&row["amount"]))
    }));
    text.push_str("\nrows:\n");
    text.push_str(&rows(&terms["obligations"], "  none", |row| {
        let due = field(&row["due"], "at");
        let due = due.split('T').next().filter(|day| !day.is_empty()).unwrap_or("on an event");
        format!("  {due:<12}{:<8}{}", field(row, "debtor"), field(row, "id"))
    }));
    text
}

/// An amount of terms, which is a decimal string.
fn decimal(value: &Value) -> String {
    value
        .as_str()
        .and_then(|text| text.parse::<u64>().ok())
        .map_or(String::new(), |amount| sat(&amount.into()))
}

/// One contract.
pub fn contract(answer: &Value) -> String {
    let figures = &answer["figures"];
    let mut text = format!(
        "{}  {}\nwith      {}\nstate     {}\nversion   {}\nrecord    {}\n",
        field(answer, "number"),
        field(answer, "title"),
        field(answer, "their_name"),
        field(answer, "state"),
        field(answer, "version"),
        field(answer, "agreed"),
    );
    for name in ["total", "earned", "invoiced", "paid", "retained", "outstanding", "earmarked", "covered"] {
        text.push_str(&format!("{name:<12}{:>22}\n", sat(&figures[format!("{name}_sat")])));
    }
    for (whose, key) in [("ours to do", "our_turn"), ("theirs to do", "their_turn")] {
        text.push_str(&format!(
            "{whose}:\n{}\n",
            rows(&answer[key], "  nothing", |row| format!("  {}", field(row, "title")))
        ));
    }
    text.push_str("rows by due date:\n");
    text.push_str(&rows(&answer["obligations"], "  none", |row| {
        format!(
            "  {:<10}  {:<28} {:<14} {}",
            field(row, "due"),
            field(row, "row"),
            field(row, "state"),
            field(row, "what")
        )
    }));
    text
}

/// The channels of a contract.
pub fn channels(answer: &Value) -> String {
    rows(&answer["channels"], "no channels yet", |row| {
        let released = |line: &Value| {
            let release = &line["splice"];
            format!(
                "\n    {}: {} released, {}{}",
                field(release, "fund"),
                sat(&release["amount_sat"]),
                field(release, "state"),
                shared(", for contract", &line["set_aside_for"])
            )
        };
        let releases: String = row["releases"].as_array().into_iter().flatten().map(released).collect();
        format!(
            "{}\n    {}, {}, {}{}\n    can send {}, at most at once {}\n    {}{releases}",
            field(row, "fund"),
            field(row, "title"),
            sat(&row["size_sat"]),
            field(row, "state"),
            shared(", part of a channel of contract", &row["part_of"]),
            sat(&row["can_send_sat"]),
            sat(&row["at_most_at_once_sat"]),
            field(row, "outpoint"),
        )
    })
}

/// The other contract of a channel that two have a part of.
fn shared(words: &str, other: &Value) -> String {
    if other.is_object() { format!("{words} {}", field(other, "number")) } else { String::new() }
}

/// An invoice before and after it is paid.
pub fn invoice(answer: &Value) -> String {
    let obstacles = rows(&answer["obstacles"], "none", |text| format!("\n    {}", plain(text)));
    format!(
        "invoice    {} to {}\nfor        {}\namount     {}\ndue        {}\nobstacles  {obstacles}\nstate      {}\nreceipt    {}",
        field(answer, "number"),
        field(answer, "payee"),
        field(answer, "milestone"),
        sat(&answer["amount_sat"]),
        field(answer, "due"),
        field(answer, "state"),
        field(answer, "receipt"),
    )
}

/// The payments of a contract.
pub fn payments(answer: &Value) -> String {
    rows(answer, "no payments yet", |row| {
        let way = if row["outgoing"] == true { "to them" } else { "to us" };
        format!(
            "{}\n    {way}, {} msat, {}",
            field(row, "invoice"),
            field(row, "amount_msat"),
            field(row, "state")
        )
    })
}

/// Our books beside the node.
pub fn account(answer: &Value) -> String {
    let equal = answer["ledger_msat"] == answer["node_msat"];
    format!(
        "books    {} msat\nnode     {} msat, {}\nfees     {}",
        field(answer, "ledger_msat"),
        field(answer, "node_msat"),
        if equal { "equal" } else { "a difference that has to be explained" },
        sat(&answer["onchain_fee_sat"]),
    )
}

/// The node.
pub fn node(answer: &Value) -> String {
    let mut text = format!(
        "state     {} {}\nkey       {}\naddress   {}\n",
        field(answer, "state"),
        field(answer, "trouble"),
        field(answer, "key"),
        field(answer, "address"),
    );
    if answer["answers"] == false {
        return text + "balances  not known while it does not answer";
    }
    text.push_str(&format!(
        "software  {}\nheight    {}\n",
        field(answer, "software"),
        field(answer, "height")
    ));
    for (name, key) in [
        ("in all", "total_sat"),
        ("in channels", "in_channels_sat"),
        ("confirming", "confirming_sat"),
        ("on chain", "onchain_sat"),
        ("free to fund", "onchain_free_sat"),
        ("kept for fees", "reserve_sat"),
        ("can receive", "can_receive_sat"),
    ] {
        text.push_str(&format!("{name:<14}{:>22}\n", sat(&answer[key])));
    }
    text + &format!("deposit   {}", field(answer, "deposit_address"))
}

/// What a node is, lets us do, and can do for contracts.
pub fn node_report(report: &Value) -> String {
    let mut text = format!(
        "node      {} ({})\nsoftware  {}\nchain     {}, block {}{}\n",
        field(report, "key"),
        field(report, "alias"),
        field(report, "software"),
        field(report, "network"),
        field(report, "height"),
        if report["synced"] == false { ", behind" } else { "" },
    );
    for role in list(&report["roles"]) {
        let missing: Vec<&str> = list(&role["missing"]).iter().filter_map(Value::as_str).collect();
        let (name, what) = (field(role, "name"), field(role, "what"));
        text.push_str(&match missing.as_slice() {
            [] => format!("may       {name:<9} {what}\n"),
            missing => format!("may NOT   {name:<9} {what} (missing: {})\n", missing.join(" ")),
        });
    }
    for ability in list(&report["abilities"]) {
        let (what, so, line) = (field(ability, "what"), field(ability, "so"), field(ability, "line"));
        let line = if line.is_empty() { line } else { format!("; in lnd.conf: {line}") };
        text.push_str(&match ability["can"].as_bool() {
            Some(true) => format!("can       {what}\n"),
            Some(false) => format!("can NOT   {what}: {so}{line}\n"),
            None => format!("may be    {what}: {so}{line}\n"),
        });
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_that_does_not_answer_has_no_figures() {
        let state = json!({ "word": "Not reached" });
        let away = json!({ "state": state, "trouble": "No connection.", "answers": false, "total_sat": 0 });
        let told = node(&away);
        assert!(told.contains("not known") && !told.contains("0 sat"), "{told}");
    }

    #[test]
    fn amounts_are_grouped_and_what_is_missing_stays_blank() {
        let check = |value: Value, expect: &str| assert_eq!(sat(&value), expect);
        check(json!(0), "0 sat");
        check(json!(999), "999 sat");
        check(json!(25_000_000), "25 000 000 sat");
        check(json!(null), "");
    }

    #[test]
    fn books_that_differ_from_the_node_are_told() {
        let says = |node_msat: u64| account(&json!({ "ledger_msat": 7, "node_msat": node_msat }));
        assert!(says(7).contains("equal") && says(8).contains("difference"));
    }

    #[test]
    fn a_list_says_that_it_is_empty_and_a_state_is_its_word() {
        assert_eq!(contracts(&json!([])), "no contracts yet");
        assert_eq!(field(&json!({ "state": { "tone": "good", "word": "Open" } }), "state"), "Open");
    }
}
