//! What the play prints: one line a step, for people or as JSON.

use std::{sync::Arc, time::Instant};

use lncontract_app::Clock;
use serde_json::{Map, Value, json};

use crate::say::say;

/// How it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A line a step.
    People,
    /// One JSON object a line.
    Json,
    /// Not at all: somebody else tells what happens.
    Silent,
}

/// Prints steps as they end.
pub struct Report {
    how: How,
    clock: Arc<dyn Clock>,
    last: Instant,
}

impl Report {
    /// Begins, on standard output.
    pub fn new(how: How, clock: Arc<dyn Clock>) -> Self {
        Self { how, clock, last: Instant::now() }
    }

    /// A step that went as it should, with what else is to be said of it.
    pub fn step(&mut self, step: &str, company: &str, more: Value) {
        let ms = u64::try_from(self.last.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last = Instant::now();
        let mut line = Map::new();
        line.insert("step".into(), json!(step));
        line.insert("company".into(), json!(company));
        line.insert("ok".into(), json!(true));
        line.insert("ms".into(), json!(ms));
        let at = self.clock.now().to_string();
        line.insert("at".into(), json!(at));
        let said: Vec<String> = match more {
            Value::Object(more) => {
                let said = more.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect();
                line.extend(more);
                said
            }
            _ => Vec::new(),
        };
        match self.how {
            How::Silent => {}
            How::Json => say!("{}", Value::Object(line)),
            How::People => {
                let day = at.split('T').next().unwrap_or(&at);
                say!("{day}  {ms:>6} ms  {company:<6}  {step:<22}  {}", said.join(", "));
            }
        }
    }

    /// The last line.
    pub fn end(&self, result: &Value) {
        match (self.how, result) {
            (How::Json, _) => say!("{result}"),
            (How::People, Value::Object(fields)) => {
                say!();
                for (key, value) in fields {
                    say!("{key:>20}  {}", plain(value));
                }
            }
            _ => {}
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
