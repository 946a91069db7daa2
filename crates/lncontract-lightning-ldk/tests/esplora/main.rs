//! An Esplora as a chain source: what it says rightly, and everything that it can say wrongly.

mod alone;
mod compared;
mod node;
mod server;
mod support;
