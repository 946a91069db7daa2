//! A person at a browser: reads what is on the page, types, presses what can be pressed.
//!
//! Invariant: there is nothing here that a person could not do. The one address that is typed is the one that
//! the sandbox prints; what is not shown can't be pressed; every wait is for something on the page.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError};
use hyper_util::client::legacy::connect::HttpConnector;
use jiff::civil::Date;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::programs::{Driver, given};

/// How long a page may take to show something: many blocks of the sandbox, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often a page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a browser is told: nothing from an earlier run, nothing from the network, and its end when the driver
/// that holds its pipe ends.
const FLAGS: [&str; 11] = [
    "--headless",
    "--lang=en-US",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--window-size=1440,1200",
];

/// A person with a browser of its own.
pub struct Person {
    /// `buyer` or `seller`.
    pub name: &'static str,
    client: Client,
}

impl Person {
    /// Opens a browser with an empty profile at the address that the sandbox printed.
    pub async fn sits_down(name: &'static str, address: &str, driver: &Driver, dir: &Path) -> Result<Self> {
        let profile = format!("--user-data-dir={}", dir.join(format!("profile-{name}")).display());
        let browser = given("LNCONTRACT_CHROMIUM")?;
        let browser = browser.to_str().context("the browser's path is no plain text")?;
        let flags: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        let wanted = json!({ "goog:chromeOptions": { "binary": browser, "args": flags } });
        let wanted = wanted.as_object().expect("it is an object").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(wanted).connect(&driver.url).await;
        let client = client.with_context(|| format!("the {name}'s browser did not start"))?;
        client.goto(address).await.with_context(|| format!("{address} could not be opened"))?;
        Ok(Self { name, client })
    }

    /// The browser, for who looks at pages otherwise than a person.
    pub fn browser(&self) -> &Client {
        &self.client
    }

    /// Presses the button that carries these words; not one that stands there for the Enter key only.
    pub async fn presses(&self, words: &str) -> Result<()> {
        self.clicks(&format!("//button[not(@tabindex='-1')][{}]", carries(words)), words).await
    }

    /// Follows the link that carries these words.
    pub async fn follows(&self, words: &str) -> Result<()> {
        self.clicks(&format!("//a[{}]", carries(words)), words).await
    }

    /// Ticks the box beside these words.
    pub async fn ticks(&self, words: &str) -> Result<()> {
        self.clicks(&format!("//label[{}]//input", carries(words)), words).await
    }

    /// Types into the field with this label, in place of what it holds.
    pub async fn types(&self, label: &str, text: &str) -> Result<()> {
        let path =
            format!("//*[@id=//label[{}]/@for] | //input[@aria-label={}]", carries(label), quoted(label));
        self.until(&format!("the field {label:?}"), async || {
            let field = self.shown(&path).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await
    }

    /// Chooses a day in the field with this label.
    pub async fn chooses_day(&self, label: &str, day: Date) -> Result<()> {
        // The keys as in the browser's language, which FLAGS says.
        self.types(label, &day.strftime("%m%d%Y").to_string()).await
    }

    /// Chooses the option with these words of the list with this label.
    pub async fn chooses(&self, label: &str, words: &str) -> Result<()> {
        let list = format!("//*[@id=//label[{}]/@for or @aria-label={}]", carries(label), quoted(label));
        self.clicks(&format!("{list}/option[{}]", carries(words)), words).await
    }

    /// Waits until the page's heading says this.
    pub async fn arrives_at(&self, heading: &str) -> Result<()> {
        let path = format!("//h1[{}]", carries(heading));
        self.until(&format!("the heading {heading:?}"), async || self.shown(&path).await.map(drop)).await
    }

    /// Waits until the page's heading says one of two things. Returns which.
    pub async fn arrives_at_one_of(&self, headings: [&'static str; 2]) -> Result<&'static str> {
        let at = |heading| format!("//h1[{}]", carries(heading));
        self.until(&format!("one of the headings {headings:?}"), async || {
            match self.shown(&at(headings[0])).await {
                Ok(_) => Ok(headings[0]),
                Err(_) => self.shown(&at(headings[1])).await.map(|_| headings[1]),
            }
        })
        .await
    }

    /// Waits until these words can be read somewhere on the page.
    pub async fn sees(&self, words: &str) -> Result<()> {
        self.until(&format!("the words {words:?}"), async || {
            let text = self.shown("//body").await?.text().await?;
            if plain(&text).contains(words) { Ok(()) } else { Err(nothing(words)) }
        })
        .await
    }

    /// Waits until these words can't be read any more.
    pub async fn sees_gone(&self, words: &str) -> Result<()> {
        self.until(&format!("the end of the words {words:?}"), async || {
            let text = self.shown("//body").await?.text().await?;
            if plain(&text).contains(words) { Err(nothing(words)) } else { Ok(()) }
        })
        .await
    }

    /// Waits until the figure with this name is this number, as the page writes it.
    pub async fn sees_figure(&self, name: &str, number: &str) -> Result<()> {
        let path = format!("//dt[normalize-space(.)={}]/following-sibling::dd[1]", quoted(name));
        self.until(&format!("{number} for {name:?}"), async || {
            let text = self.shown(&path).await?.text().await?;
            if plain(&text) == number { Ok(()) } else { Err(nothing(&format!("{name}: {text}"))) }
        })
        .await
    }

    /// Reads the numbered words on the page: the recovery words, or those to compare.
    pub async fn reads_words(&self, count: usize) -> Result<Vec<String>> {
        self.shown_in_time("//ol[contains(@class,'words')]/li").await?;
        let mut words = Vec::new();
        for item in self.client.find_all(Locator::XPath("//ol[contains(@class,'words')]/li")).await? {
            words.push(item.text().await?);
        }
        ensure!(words.len() == count, "{count} words should be there, not {words:?}");
        Ok(words)
    }

    /// Reads what the field with this label holds.
    pub async fn reads_field(&self, label: &str) -> Result<String> {
        let path = format!("//*[@id=//label[{}]/@for]", carries(label));
        let field = self.shown_in_time(&path).await?;
        field.prop("value").await?.with_context(|| format!("the field {label:?} is empty"))
    }

    /// Leaves behind what the person sees: a picture of the page and its text. Says where.
    pub async fn leaves_behind(&self, dir: &Path) -> Result<String> {
        let at = dir.join(self.name);
        let text = self.client.find(Locator::Css("body")).await?.text().await?;
        let (url, title) = (self.client.current_url().await?, self.client.title().await?);
        std::fs::write(at.with_extension("txt"), format!("{url}\n{title}\n\n{text}\n"))?;
        std::fs::write(at.with_extension("png"), self.client.screenshot().await?)?;
        Ok(format!("{}: {title:?} at {url}, see {}.png and .txt", self.name, at.display()))
    }

    /// Closes the browser.
    pub async fn leaves(self) -> Result<()> {
        self.client.close().await.context("the browser could not be closed")
    }

    async fn clicks(&self, path: &str, words: &str) -> Result<()> {
        self.until(&format!("something to press: {words:?}"), async || self.shown(path).await?.click().await)
            .await
    }

    async fn shown_in_time(&self, path: &str) -> Result<Element> {
        self.until("it", async || self.shown(path).await.map(drop)).await?;
        Ok(self.shown(path).await?)
    }

    /// The one element of that path that is shown.
    async fn shown(&self, path: &str) -> Result<Element, CmdError> {
        for element in self.client.find_all(Locator::XPath(path)).await? {
            if element.is_displayed().await? {
                return Ok(element);
            }
        }
        Err(nothing(path))
    }

    /// Tries until it comes off. A page is renewed while somebody looks at it: what was found may be gone at
    /// the next word, which is no fault of the page.
    async fn until<T>(
        &self,
        what: &str,
        attempt: impl AsyncFn() -> std::result::Result<T, CmdError>,
    ) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) if !passes(&error) => {
                    return Err(anyhow!(error).context(format!("{}: {what}", self.name)));
                }
                Err(error) if Instant::now() > end => {
                    bail!("the {} does not find {what} within {PATIENCE:?} ({error})", self.name)
                }
                Err(_) => sleep(LOOK_EVERY).await,
            }
        }
    }
}

/// Whether looking again may help.
fn passes(error: &CmdError) -> bool {
    use fantoccini::error::ErrorStatus::{
        ElementClickIntercepted, ElementNotInteractable, InvalidElementState, NoSuchElement,
        StaleElementReference,
    };
    let CmdError::Standard(error) = error else { return false };
    matches!(
        error.error,
        ElementClickIntercepted
            | ElementNotInteractable
            | InvalidElementState
            | NoSuchElement
            | StaleElementReference
    )
}

fn nothing(what: &str) -> CmdError {
    use fantoccini::error::{ErrorStatus, WebDriver};
    CmdError::Standard(WebDriver::new(ErrorStatus::NoSuchElement, what.to_owned()))
}

/// Text as a person says it: the thin and the fixed spaces of amounts are spaces.
fn plain(text: &str) -> String {
    text.replace(['\u{202f}', '\u{a0}'], " ")
}

/// An XPath condition: an element that carries these words, its spaces taken as plain ones.
fn carries(words: &str) -> String {
    format!("contains(normalize-space(translate(., '\u{202f}\u{a0}', '  ')), {})", quoted(words))
}

/// A string in XPath 1, which knows no escapes.
fn quoted(words: &str) -> String {
    assert!(!words.contains('"'), "words on pages have typographic quotes");
    format!("\"{words}\"")
}
