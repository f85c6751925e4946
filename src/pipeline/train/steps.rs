use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the fits of a training, and tells somebody.
pub(super) struct Steps<'a> {
    done: AtomicUsize,
    total: AtomicUsize,
    watch: &'a (dyn Fn(usize, usize) + Sync),
}

impl<'a> Steps<'a> {
    pub(super) fn new(watch: &'a (dyn Fn(usize, usize) + Sync)) -> Self {
        Self { done: AtomicUsize::new(0), total: AtomicUsize::new(1), watch }
    }

    /// So many more steps are to come.
    pub(super) fn expect(&self, n: usize) {
        self.total.fetch_add(n, Ordering::Relaxed);
    }

    /// One is done.
    pub(super) fn step(&self) {
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        (self.watch)(done, self.total.load(Ordering::Relaxed));
    }
}
