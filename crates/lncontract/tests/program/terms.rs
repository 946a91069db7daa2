//! Two people make and change a contract by the forms of their pages, without a script: offered, accepted, amended,
//! countered once, accepted. Real programs, real signatures; the difference is on the page before each signature.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{PASSWORD, program, text};

/// How long the other company's program may take to show something.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Both companies, until it is dropped.
struct Sandbox {
    child: Child,
    port: u16,
}

impl Sandbox {
    fn start(dir: &std::path::Path) -> Self {
        let port = two_free_ports();
        let arguments = ["sandbox", "--port", &port.to_string(), "--dir", text(dir)];
        let child = program(&arguments).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the program was built");
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.starts_with("seller")));
        assert!(ready, "the sandbox ended before it said where its pages are");
        Self { child, port }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn two_free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut ports = (0..100).filter_map(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").ok()?;
        Some(listener.local_addr().ok()?.port())
    });
    ports.find(|port| port.checked_add(1).is_some_and(free)).expect("two free ports side by side")
}

/// One company's person with a browser that knows nothing but forms.
struct Person {
    address: String,
    cookie: String,
}

struct Page {
    status: u16,
    location: String,
    body: String,
}

impl Person {
    fn sits_down(port: u16, name: &str, short_name: &str) -> Self {
        let mut person = Self { address: format!("127.0.0.1:{port}"), cookie: String::new() };
        let (names, pass) =
            ([("name", name), ("short_name", short_name)], [("password", PASSWORD), ("again", PASSWORD)]);
        let form = [&names[..], &[("user", "eva")], &pass].concat();
        let page = person.sends("/setup", &form);
        let (_, words) = page.body.split_once("<li>").unwrap_or_else(|| panic!("no words in {}", page.body));
        assert!(!words.is_empty());
        let answer = person.raw("POST", "/sign-in", &encoded(&[("user", "eva"), ("password", PASSWORD)]));
        let cookie = answer.lines().find(|line| line.to_lowercase().starts_with("set-cookie: "));
        let cookie = cookie.and_then(|line| line.split_once(": ")?.1.split(';').next());
        person.cookie = cookie.expect("who signs in gets a session").to_owned();
        person
    }

    fn raw(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the page is up");
        let host = &self.address;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {}\r\n",
            self.cookie
        );
        let kind = "Content-Type: application/x-www-form-urlencoded";
        write!(stream, "{head}{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .expect("the page reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the page answers");
        answer
    }

    fn asks(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let answer = self.raw(method, path, &encoded(form));
        let (head, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it is HTTP");
        let location =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("location: ").map(str::to_owned));
        Page { status, location: location.unwrap_or_default(), body: body.to_owned() }
    }

    fn sees(&self, path: &str) -> Page {
        self.asks("GET", path, &[])
    }

    fn sends(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.asks("POST", path, form)
    }

    fn api(&self, path: &str) -> Value {
        serde_json::from_str(&self.sees(&format!("/api/v1{path}")).body).expect("one JSON value")
    }

    /// Looks at a page until it shows something.
    fn waits_for(&self, path: &str, shows: &str) -> Page {
        let begun = Instant::now();
        loop {
            let page = self.sees(path);
            if page.body.contains(shows) {
                return page;
            }
            assert!(begun.elapsed() < PATIENCE, "no {shows:?} on {path}: {}", page.body);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Shows the difference, reads it, and offers.
    fn offers(&self, contract: &str, form: &[(&str, &str)], shows: &[&str]) {
        let path = format!("/contracts/{contract}/amend");
        let basis = hidden(&self.sees(&path), "basis");
        let form = [&[("basis", basis.as_str()), ("valid_days", "14")], form].concat();
        let page = self.sends(&path, &[&form[..], &[("do", "preview")]].concat());
        assert_eq!(page.status, 200, "{}", page.body);
        for text in shows {
            assert!(page.body.contains(text), "no {text:?} in {}", page.body);
        }
        let seen = hidden(&page, "seen");
        let offered = self.sends(&path, &[&form[..], &[("seen", seen.as_str()), ("do", "offer")]].concat());
        assert_eq!((offered.status, offered.location.ends_with("/offer")), (303, true), "{}", offered.body);
    }
}

fn hidden(page: &Page, name: &str) -> String {
    let found = page.body.split_once(&format!("name=\"{name}\" value=\""));
    let (_, behind) = found.unwrap_or_else(|| panic!("no {name} in {}", page.body));
    behind.split('"').next().unwrap_or_default().to_owned()
}

fn encoded(form: &[(&str, &str)]) -> String {
    let plain = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let fields = form.iter().map(|(name, value)| format!("{}={}", plain(name), plain(value)));
    fields.collect::<Vec<_>>().join("&")
}

fn meet(buyer: &Person, seller: &Person) -> String {
    let invite = |of: &Person| of.api("/invite")["invite"].as_str().expect("an invite").to_owned();
    let mut known = String::new();
    for (us, them) in [(seller, buyer), (buyer, seller)] {
        us.sends("/companies", &[("invite", &invite(them))]);
        known = us.api("/companies")[0]["id"].as_str().expect("the other company").to_owned();
        us.sends(&format!("/companies/{known}/words"), &[]);
    }
    known
}

#[test]
fn an_amendment_is_offered_countered_and_accepted_by_the_forms_of_the_pages() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&dir.path().join("sandbox"));
    let buyer = Person::sits_down(sandbox.port, "Meridian Systems Integration SE", "Meridian");
    let seller = Person::sits_down(sandbox.port + 1, "Castor Subsystems GmbH", "Castor");
    let counterparty = meet(&buyer, &seller);

    // The contract: a terms file, read on the page and offered.
    let file = include_str!("../../../../examples/terms/1-worked-example.toml");
    let page = buyer.sends(
        "/contracts/new",
        &[("pasted", file), ("counterparty", &counterparty), ("valid_days", "14"), ("do", "read")],
    );
    let fields = fields_of(&page.body);
    let mut form: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form.push(("do", "offer"));
    let offered = buyer.sends("/contracts/new", &form);
    assert_eq!(offered.status, 303, "{}", offered.body);
    let contract = offered.location.trim_start_matches("/contracts/").to_owned();
    let offer = format!("/contracts/{contract}/offer");
    let waiting = seller.waits_for(&offer, "Accept the contract over");
    seller.sends(&offer, &[("do", "accept"), ("terms_hash", &hidden(&waiting, "terms_hash"))]);
    buyer.waits_for(&offer, "Version 1 of the terms is in force");

    // The seller has no pen, and is told so.
    assert!(seller.sees(&format!("/contracts/{contract}/amend")).body.contains("Meridian holds the pen"));

    // Amended: the last delivery two months later, spare parts with a channel of their own.
    let terms = buyer.api(&format!("/contracts/{contract}/terms"));
    let day = |months: i32| {
        let anchor: jiff::civil::Date = terms["date_of_contract"].as_str().unwrap().parse().unwrap();
        lncontract_core::schedule::after(anchor, months, 0).unwrap().to_string()
    };
    let (moved, tendered, funded) = (day(16), day(11), day(10));
    let amendment = [
        ("date.delivery-6", moved.as_str()),
        ("total", "156 000 000"),
        ("nm_title", "Spare parts"),
        ("nm_amount", "6 000 000"),
        ("nm_by", "buyer"),
        ("nm_on", "work"),
        ("nm_date", tendered.as_str()),
        ("nt_how", "channel"),
        ("nt_amount", "7 000 000"),
        ("nt_date", funded.as_str()),
        ("nt_for", "new.0"),
    ];
    let figures = ["156\u{202f}000\u{202f}000", "162\u{202f}000\u{202f}000", "Spare parts"];
    buyer.offers(&contract, &amendment, &figures);

    // Countered: a month later still, and a longer examination. Filled in with what the buyer offered.
    seller.waits_for(&offer, "Counter with other terms");
    let later = day(17);
    let counter = [("date.delivery-6", later.as_str()), ("examination_days", "14")];
    seller.offers(&contract, &counter, &["Their offer", "Our counter", "Examination period"]);

    // The buyer reads the counter beside its own offer, and beside the terms in force.
    let countered = buyer.waits_for(&offer, "Counter with other terms");
    assert!(countered.body.contains("Compare with the terms in force"), "{}", countered.body);
    assert!(
        countered.body.contains("Our offer") && !countered.body.contains("not there"),
        "{}",
        countered.body
    );
    assert!(buyer.sees(&format!("{offer}?against=force")).body.contains("not there"));
    buyer.sends(&offer, &[("do", "accept"), ("terms_hash", &hidden(&countered, "terms_hash"))]);
    for person in [&buyer, &seller] {
        person.waits_for(&offer, "Version 2 of the terms is in force");
        let view = person.api(&format!("/contracts/{contract}"));
        assert_eq!(view["figures"]["total_sat"], 156_000_000);
        let terms = person.api(&format!("/contracts/{contract}/terms"));
        assert_eq!(terms["clauses"]["examination_days"], 14);
    }
    // Who countered holds the pen.
    assert!(seller.sees(&format!("/contracts/{contract}/amend")).body.contains("Pass the pen to Meridian"));
}

/// What a browser would send: the fields of the page's form of a contract, as they stand.
fn fields_of(page: &str) -> Vec<(String, String)> {
    let (_, form) =
        page.split_once("<form class=\"stack wide-gap\" id=\"contract\"").expect("the form is there");
    let (form, _) = form.split_once("</form>").expect("it ends");
    let attribute = |tag: &str, name: &str| {
        let (_, behind) = tag.split_once(&format!(" {name}=\""))?;
        Some(unescaped(behind.split('"').next()?))
    };
    let mut fields = Vec::new();
    for tag in form.split('<') {
        let Some((tag_open, _)) = tag.split_once('>') else { continue };
        if tag_open.starts_with("input") {
            fields.extend(
                attribute(tag_open, "name")
                    .map(|name| (name, attribute(tag_open, "value").unwrap_or_default())),
            );
        } else if tag_open.starts_with("select") {
            fields.extend(attribute(tag_open, "name").map(|name| (name, String::new())));
            // The first option stands until another one is selected.
            if let Some((_, value)) = fields.last_mut() {
                "\u{0}".clone_into(value);
            }
        } else if tag_open.starts_with("option") {
            let value = attribute(tag_open, "value").unwrap_or_default();
            if let Some((_, chosen)) =
                fields.last_mut().filter(|(_, chosen)| chosen == "\u{0}" || tag_open.ends_with(" selected"))
            {
                *chosen = value;
            }
        }
    }
    fields
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
