//! Jobs: one worker at a time, none lost.

use std::collections::BTreeSet;

use super::fixture::{NOW, apply, conflict, must};
use crate::{Change, FinishJob, Job, NewJob, RetryJob, Store};

fn put(key: &str, run_at: i64) -> Change {
    let payload = format!(r#"{{"for":"{key}"}}"#);
    Change::PutJob(NewJob { kind: "pay".to_owned(), key: key.to_owned(), payload, run_at })
}

fn finish(job: &Job, worker: &str) -> Change {
    Change::FinishJob(FinishJob { id: job.id, worker: worker.to_owned(), at: NOW })
}

fn retry(job: &Job, worker: &str, run_at: i64) -> Change {
    Change::RetryJob(RetryJob { id: job.id, worker: worker.to_owned(), run_at })
}

async fn claim(store: &dyn Store, worker: &str, now: i64) -> Option<Job> {
    must(store.claim_job(worker, now, 30).await)
}

/// The one that has waited longest goes first.
pub async fn a_job_waits_for_its_time(store: &dyn Store) {
    apply(store, vec![put("late", NOW + 10), put("early", NOW + 5), put("middle", NOW + 7)]).await;
    assert_eq!(claim(store, "w", NOW + 4).await, None);
    let job = claim(store, "w", NOW + 10).await.expect("three are due");
    assert_eq!(
        (job.kind.as_str(), job.key.as_str(), job.payload.as_str()),
        ("pay", "early", r#"{"for":"early"}"#)
    );
    assert_eq!((job.run_at, job.attempts, job.done_at), (NOW + 5, 1, None));
    assert_eq!((job.claimed_by.as_deref(), job.claimed_until), (Some("w"), Some(NOW + 40)));
    assert_eq!(claim(store, "w", NOW + 10).await.expect("two are left").key, "middle");
    assert_eq!(claim(store, "w", NOW + 10).await.expect("one is left").key, "late");
}

/// Not even to the same worker.
pub async fn a_held_job_is_given_to_nobody_else(store: &dyn Store) {
    apply(store, vec![put("a", NOW)]).await;
    assert!(claim(store, "w1", NOW).await.is_some());
    assert_eq!(claim(store, "w2", NOW + 29).await, None);
    assert_eq!(claim(store, "w1", NOW + 29).await, None);
}

/// A worker that died loses it, and each claim counts.
pub async fn a_job_comes_back_when_its_lease_runs_out(store: &dyn Store) {
    apply(store, vec![put("a", NOW)]).await;
    let first = claim(store, "w1", NOW).await.expect("it is due");
    let second = claim(store, "w2", NOW + 30).await.expect("the lease has run out");
    assert_eq!((second.id, second.attempts), (first.id, 2));
    apply(store, vec![retry(&second, "w2", NOW + 100)]).await;
    assert_eq!(claim(store, "w1", NOW + 99).await, None);
    assert_eq!(claim(store, "w1", NOW + 100).await.expect("the retry is due").attempts, 3);
}

/// A worker that was too slow is told, and does not end what another one is doing.
pub async fn only_the_holder_ends_a_job(store: &dyn Store) {
    apply(store, vec![put("a", NOW)]).await;
    let job = claim(store, "w1", NOW).await.expect("it is due");
    claim(store, "w2", NOW + 30).await.expect("the lease has run out");
    conflict(store.commit(vec![finish(&job, "w1")]).await, "job");
    conflict(store.commit(vec![retry(&job, "w1", NOW)]).await, "job");
    apply(store, vec![finish(&job, "w2")]).await;
    conflict(store.commit(vec![finish(&job, "w2")]).await, "job");
    assert_eq!(claim(store, "w2", NOW + 1000).await, None);
}

/// Then the same key makes it due again, with its new payload.
pub async fn a_job_is_put_once_until_it_is_done(store: &dyn Store) {
    apply(store, vec![put("a", NOW), put("a", NOW - 99)]).await;
    let job = claim(store, "w", NOW).await.expect("it is due");
    assert_eq!(job.run_at, NOW, "the first put stands");
    apply(store, vec![put("a", NOW)]).await;
    assert_eq!(claim(store, "w", NOW).await, None, "a put does not take it from its holder");
    apply(store, vec![finish(&job, "w"), put("a", NOW + 60)]).await;
    assert_eq!(claim(store, "w", NOW + 59).await, None);
    let again = claim(store, "w", NOW + 60).await.expect("it is due again");
    assert_eq!((again.attempts, again.run_at), (1, NOW + 60));
}

/// Four workers at once: each job goes to one of them, and none is left.
pub async fn many_workers_share_the_jobs_without_overlap(store: &dyn Store) {
    const JOBS: usize = 40;
    apply(store, (0..JOBS).map(|n| put(&format!("job {n}"), NOW)).collect()).await;
    let work = async |worker: &str| {
        let mut got = Vec::new();
        while let Some(job) = claim(store, worker, NOW).await {
            got.push(job.key);
        }
        got
    };
    let (a, b, c, d) = tokio::join!(work("a"), work("b"), work("c"), work("d"));
    let all: Vec<_> = [a, b, c, d].concat();
    assert_eq!(all.len(), JOBS, "no job went to two workers");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), JOBS, "and none was left");
}
