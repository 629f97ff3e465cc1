//! Two groups of runs: how often the bootstrap interval covers the truth, and what drift does to
//! it.

use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    at_least, at_most, percent,
    world::{SimulatedMachine, World, deviate, normal},
};
use crate::compare::{
    exceeds,
    statistics::{RESAMPLES, runs_needed, shift},
};

/// How the runs of both groups vary about the same centre.
#[derive(Clone, Copy, Debug)]
enum Noise {
    Normal,
    Heavy,
    /// Both groups have a long tail upwards.
    Skewed,
    /// One group varies three times as much as the other.
    Unequal,
}

impl Noise {
    const ALL: [Self; 4] = [Self::Normal, Self::Heavy, Self::Skewed, Self::Unequal];

    fn draw(self, random: &mut Xoshiro256PlusPlus, is_candidate: bool) -> f64 {
        match self {
            Self::Heavy => deviate(random, true),
            Self::Skewed => normal(random).exp(),
            Self::Unequal if is_candidate => 3.0 * normal(random),
            Self::Normal | Self::Unequal => normal(random),
        }
    }
}

/// In how many repetitions an interval with this error covers a shift of 0, which is the truth.
fn covered(noise: Noise, error: f64, [baseline, candidate]: [usize; 2], repetitions: u32, resamples: usize) -> u32 {
    (0..repetitions)
        .filter(|seed| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(u64::from(*seed));
            let baseline: Vec<f64> = (0..baseline).map(|_| noise.draw(&mut random, false)).collect();
            let candidate: Vec<f64> = (0..candidate).map(|_| noise.draw(&mut random, true)).collect();
            let interval = shift(&baseline, &candidate, error, resamples, u64::from(*seed));
            interval.low <= 0.0 && interval.high >= 0.0
        })
        .count()
        .try_into()
        .unwrap()
}

/// In how many repetitions p50 regresses by more than 5 % although nothing changed. One side runs
/// after the other.
fn false_alarms(world: World, runs: usize, repetitions: u32, resamples: usize) -> u32 {
    (0..repetitions)
        .filter(|seed| {
            let mut machine = SimulatedMachine::new(world, u64::from(*seed));
            let baseline: Vec<f64> = (0..runs).map(|_| machine.run()[0]).collect();
            let candidate: Vec<f64> = (0..runs).map(|_| machine.run()[0]).collect();
            exceeds(shift(&baseline, &candidate, 0.05, resamples, u64::from(*seed)).low, 1.05_f64.ln())
        })
        .count()
        .try_into()
        .unwrap()
}

#[test]
fn the_interval_covers_the_truth_as_often_as_it_says() {
    // With a tenth of the resamples of a comparison, to be quick.
    for runs in [[4, 4], [5, 5], [10, 10], [4, 10]] {
        let covered = covered(Noise::Normal, 0.05, runs, 200, RESAMPLES / 10);
        assert!(covered >= at_least(200, 0.95), "{runs:?}: {covered}");
    }
    for noise in [Noise::Heavy, Noise::Skewed, Noise::Unequal] {
        let covered = covered(noise, 0.05, [5, 5], 200, RESAMPLES / 10);
        assert!(covered >= at_least(200, 0.93), "{noise:?}: {covered}");
    }
}

/// The fewest runs that such a confidence allows, and uneven numbers of runs.
const SURER: [(f64, [usize; 2]); 6] =
    [(0.04, [5, 5]), (0.01, [5, 5]), (0.01, [5, 12]), (0.005, [6, 6]), (0.001, [7, 7]), (0.000_1, [9, 9])];

#[test]
fn more_confidence_covers_the_truth_more_often() {
    // A hundredth of the resamples: what they miss is Student's.
    for (error, runs) in SURER {
        for noise in Noise::ALL {
            assert!(runs_needed(error) <= runs[0]);
            let covered = covered(noise, error, runs, 1_000, RESAMPLES / 100);
            assert!(covered >= at_least(1_000, 1.0 - error), "{noise:?} {error} {runs:?}: {covered}");
        }
    }
}

#[test]
fn without_drift_an_unchanged_target_is_no_regression() {
    let world = World { drift: 0.0, ..World::SHARED };
    assert!(false_alarms(world, 5, 100, RESAMPLES / 10) <= at_most(100, 0.01));
}

/// The figures of docs/methodology/statistics.md.
#[test]
#[ignore = "takes minutes; prints the figures of docs/methodology/statistics.md"]
fn figures() {
    let repetitions = 4_000;
    println!("\ncoverage of the 95 % interval, {repetitions} repetitions");
    for runs in [[4, 4], [5, 5], [10, 10], [4, 10]] {
        let cells = Noise::ALL.map(|noise| percent(covered(noise, 0.05, runs, repetitions, RESAMPLES), repetitions));
        println!("| {} and {} | {} |", runs[0], runs[1], cells.join(" | "));
    }
    println!("misses of intervals with more confidence, {} repetitions", 10 * repetitions);
    for (error, runs) in SURER {
        let misses = |noise| 10 * repetitions - covered(noise, error, runs, 10 * repetitions, RESAMPLES / 20);
        let cells =
            Noise::ALL.map(|noise| format!("{:.2} %", f64::from(misses(noise)) / f64::from(repetitions) * 10.0));
        println!("| {} % | {} and {} | {} |", 100.0 - error * 100.0, runs[0], runs[1], cells.join(" | "));
    }
    println!("false regressions of p50 (margin 5 %) when one side is made after the other");
    for runs in [4, 5, 10, 20] {
        let still = World { drift: 0.0, ..World::SHARED };
        let cells = [still, World::SHARED, World::QUIET]
            .map(|world| percent(false_alarms(world, runs, repetitions, RESAMPLES), repetitions));
        println!("| {runs} and {runs} | {} |", cells.join(" | "));
    }
}
