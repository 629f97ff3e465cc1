//! The server is late by known times: what is measured must agree with arithmetic. The lower bounds are exact, as nothing
//! can be earlier than it is made to be; the upper ones leave a slow machine as much time as the delay itself, and are
//! about quantiles that a hiccup does not move.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use hdrhistogram::Histogram;
use loadgen::plan::{Load, Plan, Until};
use reports::Report;
use server::{Delay, DelayShape, Options, Stall};

use super::rig::{Reference, closed, complete, n32, open, plan, run};

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("short")
}

/// Whether quantile `q` lies between `least` and `most`, with what a histogram of three digits rounds.
fn between(times: &Histogram<u64>, q: f64, least: Duration, most: Duration) {
    let at = times.value_at_quantile(q);
    let bounds = nanos(least) / 1000 * 999..=nanos(most) / 1000 * 1001;
    assert!(bounds.contains(&at), "quantile {q} is {at} ns, expected {bounds:?}");
}

#[test]
fn a_fixed_delay_is_found_in_service_and_response_times() {
    for (burst, window) in [(1, None), (5, None), (1, Some(1)), (1, Some(4))] {
        // So much is also what a machine may be late by.
        let mean = Duration::from_millis(400);
        let delay = Some(Delay { mean, shape: DelayShape::Fixed });
        let server = Reference::start_with(Options { delay, ..Options::default() });
        let load = window.map_or_else(|| open(100.0, burst), closed);
        let until = Until::Messages(NonZeroU64::new(20).expect("not 0"));
        let report = run(&Plan { clients: n32(4), load, until, ..plan(&server.url()) });
        complete(&report);
        for times in [&report.latency.service, &report.latency.response] {
            between(times, 0.0, mean, 2 * mean);
            between(times, 0.5, mean, 2 * mean);
        }
        // No delay is part of the lag of the generator, even where a send waits for the reply before.
        assert!(report.latency.send_lag.value_at_quantile(0.5) < nanos(mean), "{:?}", report.latency.send_lag);
        server.finish();
    }
}

#[test]
fn exponential_delays_are_found_with_their_quantiles() {
    let mean = Duration::from_millis(100);
    let delay = Some(Delay { mean, shape: DelayShape::Exponential });
    let server = Reference::start_with(Options { delay, seed: 1, ..Options::default() });
    // One message in flight a client, so that none waits for the one before it.
    let until = Until::Messages(NonZeroU64::new(12).expect("not 0"));
    let report = run(&Plan { clients: n32(50), load: closed(1), until, ..plan(&server.url()) });
    complete(&report);
    for q in [0.25_f64, 0.5, 0.75] {
        let expected = mean.mul_f64(-(1.0 - q).ln());
        // 600 draws: the standard error of these quantiles is at most a fourteenth of the mean.
        let error = mean.mul_f64(0.3);
        between(&report.latency.service, q, expected.saturating_sub(error), expected + error + mean);
    }
    server.finish();
}

const STALL: Stall = Stall { after: Duration::from_secs(1), length: Duration::from_secs(1) };

/// Ten clients for three seconds, of which the server stands still for one.
fn stalled(load: Load) -> Report {
    let server = Reference::start_with(Options { stall: Some(STALL), ..Options::default() });
    let until = Until::Elapsed(Duration::from_secs(3));
    let report = run(&Plan { clients: n32(10), load, until, threads: NonZeroUsize::MIN, ..plan(&server.url()) });
    complete(&report);
    server.finish();
    report
}

#[test]
fn a_stall_is_in_the_response_times_of_all_that_was_due_meanwhile() {
    let report = stalled(open(100.0, 1));
    let times = &report.latency.response;
    let (rate, length) = (1000.0, STALL.length.as_secs_f64());
    // What was due `t` before the end of the stall waited for at least `t`: the responses of rate x length messages are
    // spread evenly over (0, length].
    for share in [0.25, 0.5, 0.75] {
        let longer = times.count_between(nanos(STALL.length.mul_f64(share)), u64::MAX) as f64;
        let expected = rate * length * (1.0 - share);
        let unsent = report.measured.dropped.behind_schedule as f64;
        // One period of each client, and the beginning of the stall, which a busy machine may delay by a tenth of it.
        let least = expected - rate * length * 0.1 - 10.0 - unsent;
        // A busy machine delays others as well.
        let most = expected + rate * length * 0.25;
        assert!((least..=most).contains(&longer), "{longer} over {share} of the stall, expected {expected}");
    }
    // A third of all messages met the stall, so the slowest hundredth of all had nearly all of it to wait.
    between(times, 0.99, STALL.length.mul_f64(0.85), STALL.length.mul_f64(2.0));
}

#[test]
fn a_stall_hides_from_the_closed_model() {
    let report = stalled(closed(1));
    let times = &report.latency.response;
    // Ten messages met it, one a client; the others were sent when it was over.
    assert!(times.max() >= nanos(STALL.length.mul_f64(0.85)), "{}", times.max());
    between(times, 0.99, Duration::ZERO, STALL.length / 4);
}
