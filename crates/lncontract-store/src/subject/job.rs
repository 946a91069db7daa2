//! Work that waits for its time.
//!
//! Invariant: one worker holds a job until its lease runs out; only the holder ends it or gives it back. A
//! job may run more than once (a crash, a lease too short): what it does must bear that.

/// A job to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What to do: a word, opaque here.
    pub kind: String,
    /// Names the job; there is at most one with it.
    pub key: String,
    /// What it needs as JSON, opaque here.
    pub payload: String,
    /// Not before this, in seconds since 1970 UTC.
    pub run_at: i64,
}

/// The job is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishJob {
    /// Which.
    pub id: i64,
    /// Who held it.
    pub worker: String,
    /// Seconds since 1970 UTC.
    pub at: i64,
}

/// The job is to be tried again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryJob {
    /// Which.
    pub id: i64,
    /// Who held it.
    pub worker: String,
    /// Not before this, in seconds since 1970 UTC.
    pub run_at: i64,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: i64,
    /// What to do.
    pub kind: String,
    /// Names the job.
    pub key: String,
    /// What it needs as JSON.
    pub payload: String,
    /// Not before this, in seconds since 1970 UTC.
    pub run_at: i64,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// Who holds it.
    pub claimed_by: Option<String>,
    /// Until when, in seconds since 1970 UTC; from that second on it may be claimed again.
    pub claimed_until: Option<i64>,
    /// When it was done, in seconds since 1970 UTC.
    pub done_at: Option<i64>,
}
