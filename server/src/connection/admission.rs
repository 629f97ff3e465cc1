//! Which connections the server takes, and which ones it refuses because it has too many.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Connections that can be refused with HTTP 503 at the same time: this many, or as many as may be
/// open if that is more. Further ones are dropped at once.
const LEAST_REFUSALS: usize = 1024;

/// The numbers of open and of refused connections, over all threads.
#[derive(Debug)]
pub(crate) struct Admissions {
    most: usize,
    open: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

/// Whether a connection is admitted. It holds its place among the others until this is dropped.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: Permit,
    /// Why it is refused. `None` if it is admitted.
    pub(crate) refusal: Option<Overload>,
}

/// Why a connection is refused with HTTP 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overload {
    /// [`Limits::connections`](crate::Limits::connections) are open.
    Connections,
    /// [`Limits::memory`](crate::Limits::memory) is used up.
    Memory,
}

impl Admissions {
    /// Admits at most `most` connections at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Arc::default(), refused: Arc::default() }
    }

    /// Decides about a new connection. `is_over` says that the memory of all connections is used
    /// up.
    ///
    /// `None` if there are too many even to be told why.
    pub(crate) fn admit(&self, is_over: bool) -> Option<Admission> {
        if !is_over && let Some(permit) = Permit::acquire(&self.open, self.most) {
            return Some(Admission { _permit: permit, refusal: None });
        }
        let refusal = Some(if is_over { Overload::Memory } else { Overload::Connections });
        let permit = Permit::acquire(&self.refused, self.most.max(LEAST_REFUSALS))?;
        Some(Admission { _permit: permit, refusal })
    }
}

/// One of a limited number of places, until it is dropped.
#[derive(Debug)]
struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn acquire(taken: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        // Relaxed: the number guards nothing else.
        taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1))
            .is_ok()
            .then(|| Self(Arc::clone(taken)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_end_at_the_limit_and_come_back() {
        let taken = Arc::default();
        let first = Permit::acquire(&taken, 2).expect("one of two");
        let second = Permit::acquire(&taken, 2).expect("two of two");
        assert!(Permit::acquire(&taken, 2).is_none());
        drop(first);
        let third = Permit::acquire(&taken, 2).expect("two of two");
        assert!(Permit::acquire(&taken, 2).is_none());
        drop((second, third));
        assert_eq!(taken.load(Ordering::Relaxed), 0);
    }
}
