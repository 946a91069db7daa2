//! The binary; its commands are in the library beside it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    lncontract::main().await
}
