//! Runs on a made-up machine.
//!
//! The parameters are assumptions, chosen to be plausible for a shared virtual machine with two
//! cores. Nobody measured them.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// How values vary from run to run, in standard deviations of their logarithm.
#[derive(Clone, Copy)]
pub(super) struct World {
    /// Noise of p50, p99 and throughput, from one run to the next.
    pub(super) noise: [f64; 3],
    /// Spread of the machine's state, which changes slowly and affects all metrics.
    pub(super) drift: f64,
    /// Correlation of the machine's state between two successive runs (an autoregressive process of
    /// the first order).
    pub(super) persistence: f64,
    /// Whether the noise has the tails of Student's distribution with three degrees of freedom.
    /// Then a run is far off now and then.
    pub(super) heavy: bool,
}

impl World {
    /// 4 % in p50, 8 % in p99, 3 % in throughput; the machine drifts by 10 % and keeps 95 % of its
    /// state from run to run.
    pub(super) const SHARED: Self = Self { noise: [0.04, 0.08, 0.03], drift: 0.10, persistence: 0.95, heavy: false };
    /// A shared machine with heavy tails.
    pub(super) const HEAVY: Self = Self { heavy: true, ..Self::SHARED };
    /// A quiet machine without neighbours: a quarter of the noise and of the drift.
    pub(super) const QUIET: Self = Self { noise: [0.01, 0.02, 0.0075], drift: 0.025, ..Self::SHARED };
}

/// Share of a metric's noise, as variance, that all metrics of a run have in common.
const COMMON: f64 = 0.5;

/// A machine whose runs follow each other.
pub(super) struct SimulatedMachine {
    world: World,
    state: f64,
    pub(super) random: Xoshiro256PlusPlus,
}

impl SimulatedMachine {
    pub(super) fn new(world: World, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let state = world.drift * normal(&mut random);
        Self { world, state, random }
    }

    /// Logarithms of p50, p99 and throughput of the next run, relative to a machine without noise.
    /// A slow machine raises the latencies, and lowers the throughput by half as much.
    pub(super) fn run(&mut self) -> [f64; 3] {
        let World { noise, drift, persistence, heavy } = self.world;
        let fresh = normal(&mut self.random);
        self.state = persistence * self.state + drift * (1.0 - persistence * persistence).sqrt() * fresh;
        let common = deviate(&mut self.random, heavy);
        let mut of = |sd: f64| sd * (COMMON.sqrt() * common + (1.0 - COMMON).sqrt() * deviate(&mut self.random, heavy));
        let [p50, p99, throughput] = noise.map(&mut of);
        [self.state + p50, self.state + p99, -self.state / 2.0 - throughput]
    }
}

/// A random deviation of variance 1.
pub(super) fn deviate(random: &mut Xoshiro256PlusPlus, heavy: bool) -> f64 {
    if !heavy {
        return normal(random);
    }
    // Student's t with 3 degrees of freedom has variance 3.
    let squares: f64 = (0..3).map(|_| normal(random).powi(2)).sum();
    normal(random) / (squares / 3.0).sqrt() / 3.0_f64.sqrt()
}

/// Standard normal (Box and Muller 1958).
pub(super) fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// The world has the stated standard deviations and correlation.
#[test]
fn noise_and_drift_are_as_stated() {
    for (world, tolerance) in [(World::SHARED, 0.05), (World::HEAVY, 0.25)] {
        let runs: Vec<[f64; 3]> = (0..4_000)
            .flat_map(|seed| {
                let mut machine = SimulatedMachine::new(world, seed);
                [machine.run(), machine.run()]
            })
            .collect();
        let variance = |values: &mut dyn Iterator<Item = f64>| {
            let (n, sum) = values.fold((0_u32, 0.0), |(n, sum), value| (n + 1, sum + value * value));
            sum / f64::from(n)
        };
        let (noise, drift) = (0.08_f64.powi(2), 0.1_f64.powi(2));
        let p99 = variance(&mut runs.iter().map(|run| run[1]));
        assert!((p99 / (noise + drift) - 1.0).abs() < tolerance, "{p99}");
        let difference = variance(&mut runs.chunks(2).map(|pair| pair[1][1] - pair[0][1]));
        let expected = 2.0 * noise + 2.0 * drift * (1.0 - 0.95);
        assert!((difference / expected - 1.0).abs() < tolerance, "{difference}");
    }
}
