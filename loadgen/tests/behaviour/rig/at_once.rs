//! Runs what waits most of its time at once.

use std::thread;

/// Calls `act` with each of `items`, all at once, and returns the results in their order.
pub(crate) fn at_once<T: Send, R: Send>(items: impl IntoIterator<Item = T>, act: impl Fn(T) -> R + Sync) -> Vec<R> {
    let act = &act;
    thread::scope(|scope| {
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || act(item))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}
