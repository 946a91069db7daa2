//! The kills, carried out while a story is told: which points it has passed, and who waits for them.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use crate::{
    company::{Company, Side},
    plan::{Kill, Plan},
    scene::until,
};

/// Which points the story has passed, and when.
pub struct Passed<P> {
    points: Mutex<Points<P>>,
    changed: Condvar,
}

struct Points<P> {
    passed: Vec<(P, Instant)>,
    is_over: bool,
}

impl<P: Copy + PartialEq> Passed<P> {
    fn new() -> Self {
        Passed { points: Mutex::new(Points { passed: Vec::new(), is_over: false }), changed: Condvar::new() }
    }

    fn points(&self) -> MutexGuard<'_, Points<P>> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a point; only the first time counts.
    pub fn reach(&self, point: P) {
        let mut points = self.points();
        if points.passed.iter().all(|(passed, _)| *passed != point) {
            points.passed.push((point, Instant::now()));
            self.changed.notify_all();
        }
    }

    /// Whether the story has passed it.
    pub fn has(&self, point: P) -> bool {
        self.points().passed.iter().any(|(passed, _)| *passed == point)
    }

    /// All of them, in their order.
    pub fn all(&self) -> Vec<P> {
        self.points().passed.iter().map(|(point, _)| *point).collect()
    }

    /// The story is over: nobody waits any more.
    fn end(&self) {
        self.points().is_over = true;
        self.changed.notify_all();
    }

    /// Waits for a point; `None` if the story ends without it.
    fn wait_for(&self, point: P) -> Option<Instant> {
        let mut points = self.points();
        loop {
            if let Some((_, at)) = points.passed.iter().find(|(passed, _)| *passed == point) {
                return Some(*at);
            }
            if points.is_over {
                return None;
            }
            points = self.changed.wait(points).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells a story while the plan's kills are carried out; both programs are up when it returns.
pub fn under_kills<P: Copy + PartialEq + Send + Sync>(
    plan: &Plan<P>,
    buyer: &Company,
    seller: &Company,
    tell: impl FnOnce(&Passed<P>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let passed = Passed::new();
    thread::scope(|scope| {
        let killers = [(buyer, Side::Buyer), (seller, Side::Seller)].map(|(company, side)| {
            let passed = &passed;
            scope.spawn(move || plan.of_side(side).try_for_each(|kill| carry_out(company, kill, passed)))
        });
        let told = tell(&passed);
        passed.end();
        for killer in killers {
            killer.join().expect("a killer does not panic")?;
        }
        told
    })?;
    both_up(buyer, seller)
}

/// Waits for both programs.
pub fn both_up(buyer: &Company, seller: &Company) -> anyhow::Result<()> {
    until("both programs", || Ok((buyer.is_up() && seller.is_up()).then_some(())))
}

fn carry_out<P: Copy + PartialEq>(
    company: &Company,
    kill: &Kill<P>,
    passed: &Passed<P>,
) -> anyhow::Result<()> {
    let Some(at) = passed.wait_for(kill.point) else { return Ok(()) };
    thread::sleep((at + kill.delay).saturating_duration_since(Instant::now()));
    company.kill()?;
    thread::sleep(kill.pause);
    company.start()
}
