use StepOutcome::{Fails, Holds};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

fn search(from: f64, to: f64, least: f64) -> Search {
    Search::new(from, to, least, Resolution::default(), 3).unwrap()
}

/// Runs a search to its end. Returns the rates in order, and the conclusion. Fails if there are
/// more steps than any search takes.
fn run(search: &Search, mut server: impl FnMut(f64) -> StepOutcome) -> (Vec<f64>, Conclusion) {
    let mut steps: Vec<Step> = Vec::new();
    loop {
        assert!(steps.len() < 200, "{search:?}: {:?}", steps.iter().map(|step| step.rate).collect::<Vec<_>>());
        match search.next(&steps) {
            NextRate::Rate(rate) => steps.push(Step::bare(rate, server(rate))),
            NextRate::End(conclusion) => return (steps.iter().map(|step| step.rate).collect(), conclusion),
        }
    }
}

fn times(rates: &[f64], rate: f64) -> usize {
    rates.iter().filter(|other| other.total_cmp(&rate).is_eq()).count()
}

/// A server that holds all rates up to its capacity.
fn up_to(capacity: f64) -> impl Fn(f64) -> StepOutcome {
    move |rate| if rate <= capacity { Holds } else { Fails(FailureCause::Threshold) }
}

/// A server that follows a script, and otherwise its capacity.
fn scripted(script: &[(f64, StepOutcome)], capacity: f64) -> impl FnMut(f64) -> StepOutcome {
    let mut script = script.to_vec();
    move |rate| match script.iter().position(|(at, _)| at.total_cmp(&rate).is_eq()) {
        Some(index) => script.remove(index).1,
        None => up_to(capacity)(rate),
    }
}

#[test]
fn doubles_then_halves_then_repeats_the_edge() {
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), up_to(5_000.0));
    assert_eq!(
        rates,
        [
            1_000.0, 2_000.0, 4_000.0, 8_000.0, 5_660.0, 4_760.0, 5_190.0, 4_970.0, // 5 190 / 4 970 is 1.044
            5_190.0, 4_970.0,
        ]
    );
    assert_eq!(found, Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Threshold });
}

#[test]
fn rates_that_are_the_resolution_apart_are_near_enough() {
    let resolution = Resolution::from_share(0.1).unwrap();
    let search = Search::new(1_000.0, 1e6, 10.0, resolution, 3).unwrap();
    assert_eq!(search.resolution(), resolution);
    // 110 / 100 is 1.1 to the last bit.
    assert_eq!(search.between(100.0, 110.0), None);
    assert_eq!(search.between(100.0, 111.0), Some(105.0));
    // Where there is no rate of three digits between two, one of them would be tried for ever.
    let finest = Search { resolution: Resolution::from_share(0.01).unwrap(), ..search };
    assert_eq!(finest.between(100.0, 101.002), None);
    assert_eq!(finest.between(100.0, 101.2), Some(101.0));
}

#[test]
fn goes_down_where_the_first_rate_does_not_hold() {
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), up_to(100.0));
    assert_eq!(rates[..4], [1_000.0, 250.0, 62.5, 125.0]);
    let Conclusion::Edge { holds, fails, .. } = found else { panic!("{found:?}") };
    assert!(holds <= 100.0 && fails > 100.0 && fails / holds <= 1.05 + 1e-9, "{found:?}");
}

#[test]
fn the_end_of_the_range_is_tried_as_often_as_the_edge() {
    let (rates, found) = run(&search(1_000.0, 3_000.0, 10.0), up_to(1e9));
    assert_eq!(rates, [1_000.0, 2_000.0, 3_000.0, 3_000.0]);
    assert_eq!(found, Conclusion::Everything { holds: 3_000.0 });
    let one = Search::new(1_000.0, 1_000.0, 10.0, Resolution::default(), 1).unwrap();
    assert_eq!(run(&one, up_to(1e9)).0, [1_000.0]);
}

#[test]
fn where_nothing_holds_the_lowest_rate_is_tried_as_often() {
    let (rates, found) = run(&search(1_000.0, 1e6, 40.0), up_to(0.0));
    assert_eq!(rates, [1_000.0, 250.0, 62.5, 40.0, 40.0]);
    assert_eq!(found, Conclusion::Nothing { fails: 40.0, cause: FailureCause::Threshold });
}

#[test]
fn a_noisy_step_on_the_way_up_is_found_out_at_the_end() {
    let noise = [(2_000.0, Fails(FailureCause::Threshold))];
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), scripted(&noise, 5_000.0));
    // A failure of 2 000 sends it down, its repeat ties, and the third try sends it up again.
    assert_eq!(times(&rates, 2_000.0), 3);
    assert_eq!(found, Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Threshold });
    assert!(rates.len() <= 20, "{rates:?}");
}

#[test]
fn an_invalid_try_is_repeated_at_once() {
    let noise = [(2_000.0, Fails(FailureCause::Generator))];
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), scripted(&noise, 5_000.0));
    assert_eq!(rates[..4], [1_000.0, 2_000.0, 2_000.0, 4_000.0]);
    assert_eq!(found, Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Threshold });
}

#[test]
fn a_generator_that_is_too_slow_again_and_again_is_the_limit() {
    let slow = |rate: f64| if rate <= 5_000.0 { Holds } else { Fails(FailureCause::Generator) };
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), slow);
    assert_eq!(rates[..6], [1_000.0, 2_000.0, 4_000.0, 8_000.0, 8_000.0, 5_660.0]);
    assert_eq!((times(&rates, 5_660.0), times(&rates, 5_190.0), rates.len()), (2, 3, 13));
    assert_eq!(found, Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Generator });
}

#[test]
fn a_machine_that_is_busy_for_a_while_costs_steps() {
    let noise = [(2_000.0, Fails(FailureCause::Generator)); 2];
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), scripted(&noise, 5_000.0));
    assert_eq!(rates[..4], [1_000.0, 2_000.0, 2_000.0, 1_410.0]);
    assert_eq!(found, Conclusion::Edge { holds: 4_970.0, fails: 5_190.0, cause: FailureCause::Threshold });
}

#[test]
fn a_rate_that_held_once_by_luck_is_not_the_answer() {
    let luck = [(5_190.0, Holds)];
    let (_, found) = run(&search(1_000.0, 1e6, 10.0), scripted(&luck, 5_000.0));
    let Conclusion::Edge { holds, fails, .. } = found else { panic!("{found:?}") };
    assert!(holds <= 5_000.0 && fails > 5_000.0, "{found:?}");
}

#[test]
fn one_violation_decides_against_a_rate() {
    let violation = [(2_000.0, Fails(FailureCause::Delivery))];
    let (rates, found) = run(&search(1_000.0, 1e6, 10.0), scripted(&violation, 5_000.0));
    assert_eq!(times(&rates, 2_000.0), 1);
    let Conclusion::Edge { holds, fails, cause } = found else { panic!("{found:?}") };
    assert_eq!((fails, cause), (2_000.0, FailureCause::Delivery));
    assert!((1_900.0..2_000.0).contains(&holds), "{found:?}");
}

#[test]
fn what_is_known_of_a_search_that_was_stopped() {
    let search = search(1_000.0, 1e6, 10.0);
    let stopped = |steps: &[Step]| search.unfinished(steps, "stopped".to_owned());
    assert_eq!((stopped(&[]).holds(), stopped(&[]).fails()), (None, None));
    let steps = [Step::bare(1_000.0, Holds), Step::bare(2_000.0, Fails(FailureCause::Threshold))];
    assert_eq!((stopped(&steps).holds(), stopped(&steps).fails()), (Some(1_000.0), Some(2_000.0)));
    assert_eq!(stopped(&steps).exit(), None);
}

#[test]
fn no_search_without_a_range_or_a_majority() {
    let new = |from, to, tries| Search::new(from, to, 1.0, Resolution::default(), tries);
    for (from, to) in [(2.0, 1.0), (0.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        assert!(matches!(new(from, to, 3), Err(SearchError::NoRange { .. })), "{from} {to}");
    }
    for tries in [0, 2, 8, 10, 11] {
        assert_eq!(new(1.0, 2.0, tries), Err(SearchError::NoMajority(tries)));
    }
    assert!(new(1.0, 1.0, 9).is_ok());
}

/// Most steps of a search without noisy steps.
fn bound(search: &Search) -> f64 {
    let growth = (search.to() / search.from()).log(GROWTH).ceil() + 1.0;
    let descent = (search.from() / search.least()).log(DESCENT).ceil();
    // Each halves the logarithm of what is between; rounding may cost one.
    let between = (DESCENT.ln() / search.resolution().share().ln_1p()).log2().ceil() + 1.0;
    growth + descent + between + f64::from(search.tries() / 2) * 2.0
}

proptest! {
    #[test]
    fn the_edge_is_where_it_is(
        capacity in 1.0..1e7_f64, from in 1.0..1e6_f64, span in 1.0..1e4_f64, depth in 1.0..1e4_f64,
        share in 0.01..1.0_f64, tries in 0_u32..5,
    ) {
        let resolution = Resolution::from_share(share).unwrap();
        let search = Search::new(from, from * span, from / depth, resolution, 2 * tries + 1).unwrap();
        let (rates, found) = run(&search, up_to(capacity));
        match found {
            Conclusion::Edge { holds, fails, .. } => {
                prop_assert!(holds <= capacity && capacity < fails, "{holds} {fails}");
                // Where three digits are not finer than the resolution, neighbours of three digits
                // are the end.
                prop_assert!(fails / holds <= (1.0 + share) * 1.000_001 || fails / holds < 1.0101, "{holds} {fails}");
            }
            Conclusion::Everything { holds } => {
                prop_assert!(holds.total_cmp(&search.to()).is_eq() && capacity >= holds);
            },
            Conclusion::Nothing { fails, .. } => {
                prop_assert!(fails.total_cmp(&search.least()).is_eq() && capacity < fails);
            },
            Conclusion::Unfinished { .. } => prop_assert!(false),
        }
        prop_assert!(rates.iter().all(|rate| (search.least()..=search.to()).contains(rate)), "{rates:?}");
        prop_assert!(rates.len() as f64 <= bound(&search), "{} steps, at most {}", rates.len(), bound(&search));
    }
}

/// Searches that are simulated for a figure.
const SEARCHES: u32 = 2_000;

/// Results of the simulated searches.
#[derive(Debug)]
struct Errors {
    /// Share of searches that found a wrong edge.
    wrong: f64,
    /// Share of searches that ended with the generator as the limit.
    limited: f64,
    /// Most steps of one search.
    most: usize,
    /// Mean number of steps.
    mean: f64,
}

/// Simulates searches with different seeds. A step tells the opposite of the truth with probability
/// `error`, and is invalid with probability `invalid`.
fn noisy(error: f64, invalid: f64, tries: u32) -> Errors {
    let (mut wrong, mut limited, mut most, mut all) = (0, 0, 0, 0);
    for seed in 0..SEARCHES {
        let mut random = StdRng::seed_from_u64(seed.into());
        let capacity = 1_000.0 * 100.0_f64.powf(random.random());
        let search = Search::new(1_000.0, 1e6, 10.0, Resolution::default(), tries).unwrap();
        let (rates, found) = run(&search, |rate| match (rate <= capacity, random.random_bool(error)) {
            _ if random.random_bool(invalid) => Fails(FailureCause::Generator),
            (true, false) | (false, true) => Holds,
            _ => Fails(FailureCause::Threshold),
        });
        let is_right = |holds: f64| holds <= capacity && found.fails().is_some_and(|fails| capacity < fails);
        match found.cause() {
            Some(FailureCause::Generator) => limited += 1,
            _ => wrong += u32::from(!found.holds().is_some_and(is_right)),
        }
        (most, all) = (most.max(rates.len()), all + rates.len());
    }
    let share = |n: u32| f64::from(n) / f64::from(SEARCHES);
    Errors { wrong: share(wrong), limited: share(limited), most, mean: all as f64 / f64::from(SEARCHES) }
}

#[test]
fn noise_costs_steps_and_seldom_the_answer() {
    // The table of docs/methodology/statistics.md. The seeds are fixed, so it is exact; the bounds
    // leave room for another generator of them.
    let table = [
        ((0.0, 0.0, 5), (0.0, 0.0), 16, 13.0),
        ((0.05, 0.0, 1), (0.42, 0.0), 16, 9.0),
        ((0.05, 0.0, 3), (0.08, 0.0), 60, 14.0),
        ((0.05, 0.0, 5), (0.02, 0.0), 80, 17.0),
        ((0.1, 0.0, 5), (0.08, 0.0), 90, 21.0),
        ((0.1, 0.0, 9), (0.012, 0.0), 110, 28.0),
        ((0.0, 0.1, 5), (0.0, 0.01), 60, 16.0),
        ((0.0, 0.3, 5), (0.0, 0.06), 100, 22.0),
        ((0.0, 0.5, 5), (0.0, 0.50), 150, 32.0),
    ];
    for ((error, invalid, tries), (wrong_at_most, limited_at_most), most_at_most, mean_at_most) in table {
        let errors = noisy(error, invalid, tries);
        println!("errs {error}, invalid {invalid}, {tries} tries: {errors:.3?}");
        let Errors { wrong, limited, most, mean } = errors;
        assert!(wrong <= wrong_at_most && limited <= limited_at_most, "{error} {invalid} {tries}: {errors:?}");
        assert!(most <= most_at_most && mean <= mean_at_most, "{error} {invalid} {tries}: {errors:?}");
    }
}
