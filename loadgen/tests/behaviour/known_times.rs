//! The server is late by known times: what is measured must agree with arithmetic.
//!
//! The lower bounds are exact: nothing comes earlier than the server sends it. Most upper bounds
//! are exact, too: messages that follow each other take no longer together than the whole run, by
//! another clock. On a slow machine the run takes longer, and the bounds hold. What a stall of the
//! *server* looks like can only be told while the machine is prompt.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use loadgen::plan::{EngineKind, Load, Until};
use reports::Report;
use server::{Delay, DelayShape, Options, Stall};

use crate::rig::{Reference, TestPlan, closed, complete, n32, open, plan, run, where_prompt};

on_each_engine!(
    a_fixed_delay_is_found_in_service_and_response_times,
    exponential_delays_are_found_with_their_quantiles,
    response_times_of_the_open_model_show_a_stall,
    a_stall_hides_from_the_closed_model
);

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("short")
}

/// Whether quantile `q` lies between `least` and `most`, with what a histogram of three digits
/// rounds.
fn between(times: &Histogram<u64>, q: f64, least: Duration, most: Duration) -> Result<(), String> {
    let at = times.value_at_quantile(q);
    let bounds = nanos(least) / 1000 * 999..=nanos(most).saturating_add(nanos(most) / 1000);
    if bounds.contains(&at) { Ok(()) } else { Err(format!("quantile {q} is {at} ns, expected {bounds:?}")) }
}

fn at_least(times: &Histogram<u64>, q: f64, least: Duration) {
    between(times, q, least, Duration::from_nanos(u64::MAX / 2)).expect("no earlier");
}

/// A run, and how long it took by another clock.
fn timed(plan: &TestPlan) -> (Report, Duration) {
    let started = Instant::now();
    let report = run(plan);
    let took = started.elapsed();
    complete(&report);
    (report, took)
}

/// A client has at most `lanes` messages in flight. So its response times add up to at most `lanes`
/// times the length of the run. And each response time is the sum of its send lag and its service
/// time.
fn adds_up(report: &Report, took: Duration, lanes: u64) {
    let latency = &report.total.latency;
    let [response, service, lag] =
        [&latency.response, &latency.service, &latency.send_lag].map(|times| times.mean() * times.len() as f64);
    let most = (report.plan.clients() * lanes) as f64 * nanos(took) as f64;
    assert!(response <= most * 1.001, "{response} ns of response times in {took:?}, {lanes} lanes");
    // Histograms of three digits.
    let error = 0.001 * (response + service + lag);
    assert!((response - service - lag).abs() <= error, "{response} is not {service} + {lag}");
}

fn a_fixed_delay_is_found_in_service_and_response_times(engine: EngineKind) {
    for (burst, window) in [(1, None), (5, None), (1, Some(1)), (1, Some(4))] {
        let mean = Duration::from_millis(400);
        let delay = Some(Delay { mean, shape: DelayShape::Fixed });
        let server = Reference::start_with(Options { delay, ..Options::default() });
        let load = window.map_or_else(|| open(100.0, burst), closed);
        let messages = NonZeroU64::new(8).expect("not 0");
        let until = Until::Messages(messages);
        let (report, took) = timed(&TestPlan { clients: n32(4), load, until, ..plan(engine, &server.url()) });
        for times in [&report.total.latency.service, &report.total.latency.response] {
            at_least(times, 0.0, mean);
        }
        // In the open model all of them may be in flight at once.
        adds_up(&report, took, window.map_or(messages.get(), u64::from));
        server.finish();
    }
}

fn exponential_delays_are_found_with_their_quantiles(engine: EngineKind) {
    let mean = Duration::from_millis(100);
    let delay = Some(Delay { mean, shape: DelayShape::Exponential });
    let server = Reference::start_with(Options { delay, seed: 1, ..Options::default() });
    // One message in flight a client, so that none waits for the one before it.
    let until = Until::Messages(NonZeroU64::new(12).expect("not 0"));
    let (report, took) = timed(&TestPlan { clients: n32(50), load: closed(1), until, ..plan(engine, &server.url()) });
    for q in [0.25_f64, 0.5, 0.75] {
        let expected = mean.mul_f64(-(1.0 - q).ln());
        // 600 draws by a seed: the standard error of these quantiles is at most a fourteenth of the
        // mean.
        at_least(&report.total.latency.service, q, expected.saturating_sub(mean.mul_f64(0.3)));
    }
    adds_up(&report, took, 1);
    server.finish();
}

const STALL: Stall = Stall { after: Duration::from_secs(1), length: Duration::from_secs(1) };

/// How long the machine may stand still for what is said of the stall to be certain.
const PAUSE: Duration = Duration::from_millis(50);

/// Ten clients send for three seconds. The server stalls for one of them.
fn stalled(engine: EngineKind, load: Load) -> (Report, Duration) {
    let server = Reference::start_with(Options { stall: Some(STALL), ..Options::default() });
    let until = Until::Elapsed(Duration::from_secs(3));
    let timed =
        timed(&TestPlan { clients: n32(10), load, until, threads: NonZeroUsize::MIN, ..plan(engine, &server.url()) });
    server.finish();
    timed
}

fn response_times_of_the_open_model_show_a_stall(engine: EngineKind) {
    where_prompt(PAUSE, || {
        let (report, _) = stalled(engine, open(100.0, 1));
        let times = &report.total.latency.response;
        let (rate, length) = (1000.0, STALL.length.as_secs_f64());
        // What was due `t` before the end of the stall waited for at least `t`: the responses of
        // rate x length messages are spread evenly over (0, length].
        for share in [0.25, 0.5, 0.75] {
            let longer = times.count_between(nanos(STALL.length.mul_f64(share)), u64::MAX) as f64;
            let expected = rate * length * (1.0 - share);
            let unsent = report.total.measured.dropped.behind_schedule as f64;
            // One period of each client, and the beginning of the stall, which a busy machine may
            // delay by a tenth of it.
            let least = expected - rate * length * 0.1 - 10.0 - unsent;
            // A busy machine delays others as well.
            let most = expected + rate * length * 0.25;
            if !(least..=most).contains(&longer) {
                return Err(format!("{longer} over {share} of the stall, expected {expected}"));
            }
        }
        // A third of all messages met the stall, so the slowest hundredth of all had nearly all of
        // it to wait.
        between(times, 0.99, STALL.length.mul_f64(0.85), STALL.length.mul_f64(2.0))
    });
}

fn a_stall_hides_from_the_closed_model(engine: EngineKind) {
    where_prompt(PAUSE, || {
        let (report, took) = stalled(engine, closed(1));
        adds_up(&report, took, 1);
        let times = &report.total.latency.response;
        // Ten messages met it, one a client; the others were sent when it was over.
        if times.max() < nanos(STALL.length.mul_f64(0.85)) {
            return Err(format!("the longest took {} ns", times.max()));
        }
        between(times, 0.99, Duration::ZERO, STALL.length / 4)
    });
}
