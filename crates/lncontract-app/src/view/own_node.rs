//! What the page of the company's own node shows.

use serde::Serialize;

/// Who says which node the company uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeChoice {
    /// Nobody has to: it is the embedded one, or none.
    #[default]
    Embedded,
    /// The command line.
    Options,
    /// This page.
    Page,
}

/// The company's own node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OwnNodeView {
    /// Who says which one it is.
    pub choice: NodeChoice,
    /// Whether one is.
    pub connected: bool,
    /// Where other nodes reach it.
    pub reached_at: String,
    /// What it says of itself, asked now; `None` where none is connected, or it does not answer.
    pub report: Option<NodeReport>,
    /// Why it does not answer, and what to do.
    pub trouble: String,
    /// One that was tested a moment ago and is not used yet.
    pub tested: Option<TestedNode>,
}

/// A node that was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestedNode {
    /// Names the test where it is used.
    pub id: String,
    /// What it says of itself.
    pub report: NodeReport,
    /// Where other nodes reach it.
    pub reached_at: String,
}

/// What a node is, what it lets us do, and what it can do for contracts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeReport {
    /// Its key, hexadecimal.
    pub key: String,
    /// Its name for itself.
    pub alias: String,
    /// Software and version.
    pub software: String,
    /// The chain it is on.
    pub network: String,
    /// Its height.
    pub height: u32,
    /// Whether it follows the chain.
    pub synced: bool,
    /// Addresses that it announces, `key@host:port`.
    pub addresses: Vec<String>,
    /// Why it can't be used, and what to do; empty where it can.
    pub obstacle: String,
    /// What it lets us do.
    pub roles: Vec<RoleRow>,
    /// What it can do.
    pub abilities: Vec<AbilityRow>,
}

/// A group of rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoleRow {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub what: String,
    /// Calls that nothing we were given names.
    pub missing: Vec<String>,
    /// The command that gives them.
    pub command: String,
}

/// Something that matters for contracts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AbilityRow {
    /// What.
    pub what: String,
    /// Whether it can; `None` where it does not tell.
    pub can: Option<bool>,
    /// What follows where it can't.
    pub so: String,
    /// The line of lnd.conf that changes it; empty: none does.
    pub line: String,
}
