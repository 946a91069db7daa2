//! Looks at pages as no person does: by their address, in any width and colour, with axe-core, and takes pictures.
//!
//! Invariant: it changes nothing but the browser's window and the page's colours.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use fantoccini::Client;
use serde::Deserialize;
use serde_json::json;

/// Tall enough for what stands above the fold of any page.
const HEIGHT: u32 = 1_000;
/// Higher pictures are cut: a browser's window has an end.
const HEIGHT_MAX: u32 = 8_000;

/// What axe-core finds wrong.
#[derive(Debug, Deserialize)]
struct Violation {
    id: String,
    help: String,
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    html: String,
    #[serde(rename = "failureSummary", default)]
    summary: String,
}

/// Somebody with a person's browser.
pub struct Inspector<'a> {
    client: &'a Client,
    axe: &'a str,
}

impl<'a> Inspector<'a> {
    /// `axe`: the checker's script.
    pub fn new(client: &'a Client, axe: &'a str) -> Self {
        Self { client, axe }
    }

    /// Opens a page by its address. Returns where that leads.
    pub async fn opens(&self, address: &str) -> Result<String> {
        self.client.goto(address).await.with_context(|| format!("{address} could not be opened"))?;
        Ok(self.client.current_url().await?.to_string())
    }

    /// Makes the page that wide, in these colours.
    pub async fn sets(&self, width: u32, theme: &str) -> Result<()> {
        self.client
            .execute("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)])
            .await?;
        self.resizes(width, HEIGHT).await
    }

    /// The window has a frame: it is made larger by what that takes.
    async fn resizes(&self, width: u32, height: u32) -> Result<()> {
        self.client.set_window_size(width, height).await?;
        let inner =
            [self.number("return window.innerWidth").await?, self.number("return window.innerHeight").await?];
        let [more_width, more_height] = [width.saturating_sub(inner[0]), height.saturating_sub(inner[1])];
        self.client.set_window_size(width + more_width, height + more_height).await?;
        let inner = self.number("return window.innerWidth").await?;
        ensure!(inner == width, "the page is {inner} px wide instead of {width}");
        Ok(())
    }

    async fn number(&self, script: &str) -> Result<u32> {
        let answer = self.client.execute(script, Vec::new()).await?;
        let number = answer.as_u64().with_context(|| format!("{answer} where a number should be"))?;
        Ok(u32::try_from(number)?)
    }

    /// What is wrong with the page as it is, a line each.
    pub async fn finds(&self) -> Result<Vec<String>> {
        let is_there = self.client.execute("return typeof axe === 'object'", Vec::new()).await?;
        if is_there != json!(true) {
            self.client.execute(self.axe, Vec::new()).await.context("axe-core can't be loaded")?;
        }
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] })
                .then(found => done({ violations: found.violations, passes: found.passes.length }))
                .catch(error => done({ error: String(error) }))";
        let found = self.client.execute_async(run, Vec::new()).await.context("axe-core does not end")?;
        ensure!(found["error"].is_null(), "axe-core: {}", found["error"]);
        // A check that checked nothing is none.
        ensure!(found["passes"].as_u64().is_some_and(|passes| passes > 0), "axe-core looked at nothing");
        let violations: Vec<Violation> = serde_json::from_value(found["violations"].clone())?;
        Ok(violations.into_iter().map(told).collect())
    }

    /// Spoils the page that is open, and finds it spoilt: who finds nothing ever has not looked.
    pub async fn can_find(&self) -> Result<()> {
        let spoil =
            "document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"data:,\"><input>')";
        self.client.execute(spoil, Vec::new()).await?;
        let found = self.finds().await?;
        let rules = ["image-alt", "label"];
        let all = rules.iter().all(|rule| found.iter().any(|line| line.starts_with(rule)));
        ensure!(all, "a picture without a text and a field without a label are not found: {found:?}");
        Ok(self.client.refresh().await?)
    }

    /// Takes a picture of the whole page.
    pub async fn pictures(&self, width: u32, file: &Path) -> Result<()> {
        let whole = self.number("return document.documentElement.scrollHeight").await?;
        self.resizes(width, whole.clamp(HEIGHT, HEIGHT_MAX)).await?;
        std::fs::write(file, self.client.screenshot().await?).with_context(|| format!("{}", file.display()))
    }
}

fn told(Violation { id, help, nodes }: Violation) -> String {
    let places = nodes.iter().map(|Node { html, summary }| {
        let html: String = html.chars().take(160).collect();
        format!("\n      {html}\n      {}", summary.replace('\n', " "))
    });
    format!("{id}: {help}{}", places.collect::<String>())
}
