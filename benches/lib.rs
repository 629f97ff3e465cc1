//! Benchmarks of the generator and its parts: see the bench targets.
