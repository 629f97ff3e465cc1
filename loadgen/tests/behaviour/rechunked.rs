//! TCP is a stream: however it cuts and joins the bytes between the generator and a server that is
//! in order, messages are whole, and the report shows what TCP did.

use std::{collections::BTreeSet, num::NonZeroU64};

use loadgen::{
    message::Mix,
    plan::{EngineKind, Until},
};
use reports::Report;
use server::Reply;

use crate::rig::{Cutting, Proxy, Reference, TestPlan, complete, n32, open, plan, run};

on_each_engine!(a_byte_at_a_time, all_of_20_ms_at_once, cut_anywhere_and_within_headers);

/// Kinds, bursts and numbers of clients.
fn shapes() -> impl Iterator<Item = (Mix, u32, u32)> {
    let mixes = [Mix::Text, Mix::Binary, Mix::Mixed].into_iter();
    mixes.flat_map(|mix| [1, 4].into_iter().flat_map(move |burst| [1, 3].map(|clients| (mix, burst, clients))))
}

/// Each client sends `messages` messages. Large ones come at a lower rate: what is measured is not
/// how fast.
fn shape(engine: EngineKind, (mix, burst, clients): (Mix, u32, u32), size: u32, messages: u64) -> TestPlan {
    let rate = if size > 1000 { 100.0 } else { 400.0 };
    TestPlan {
        clients: n32(clients),
        load: open(rate, burst),
        until: Until::Messages(NonZeroU64::new(messages).expect("not 0")),
        mix,
        size,
        ..plan(engine, "ws://unused")
    }
}

/// Runs `plan` against the reference server through a proxy; the report, and the places within
/// headers that were cut.
fn through(server: &Reference, cutting: Cutting, plan: &TestPlan) -> (Report, BTreeSet<(usize, usize)>) {
    // Shown only if the test fails.
    println!("{cutting:?}, {} of {} bytes, {:?}, {} clients", plan.mix, plan.size, plan.load, plan.clients);
    let proxy = Proxy::in_front_of(server.address(), cutting);
    let report =
        run(&TestPlan { target: loadgen::plan::Target::Url(proxy.url().parse().expect("a URL")), ..plan.clone() });
    complete(&report);
    let (counts, connections) = (&report.total.measured.counts, &report.total.connections);
    assert_eq!(counts.events, counts.matched);
    assert_eq!((connections.failed, connections.died), (0, 0));
    (report, proxy.cut())
}

/// Nothing that the server saw was wrong either.
fn finish(server: Reference) {
    let stats = server.finish();
    assert_eq!(stats.protocol_errors, 0, "{stats:?}");
}

fn a_byte_at_a_time(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    // How many bytes a read brings is for the reader's speed to say. That each is a read of its
    // own, and the messages are whole, is for the engines' unit tests, which read before the next
    // byte is sent.
    for size in [64, 200] {
        for shape_of in shapes() {
            through(&server, Cutting::Bytewise, &shape(engine, shape_of, size, 24));
        }
    }
    through(&server, Cutting::Bytewise, &shape(engine, (Mix::Mixed, 2, 1), 66_000, 2));
    finish(server);
}

fn all_of_20_ms_at_once(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for (size, messages) in [(64, 24), (200, 24), (66_000, 8)] {
        for (mix, burst, clients) in shapes() {
            let plan = shape(engine, (mix, burst, clients), size, messages);
            let (report, _) = through(&server, Cutting::Collected, &plan);
            let reads = report.total.wire.reads;
            // A burst is written at once, stays together on its way there, is answered at once, and
            // stays together on its way back: however slow the machine is. Large ones don't fit
            // into one read. On a very slow machine all of them come after the measured phase, and
            // are not counted.
            if burst > 1 && size < 1000 && reads.calls > 0 {
                assert!(reads.mean() >= f64::from(burst) - 0.1 && reads.largest >= burst.into(), "{reads:?}");
            }
        }
    }
    finish(server);
}

fn cut_anywhere_and_within_headers(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    // Headers of the server's frames, and of the generator's, which are masked.
    for (size, messages, headers) in [(64, 24, [2, 6]), (200, 24, [4, 8]), (66_000, 8, [10, 14])] {
        let mut cut = BTreeSet::new();
        for (number, shape_of) in (0..).zip(shapes()) {
            let cutting = Cutting::Random { seed: u64::from(size) + number, longest: size as usize / 4 };
            cut.extend(through(&server, cutting, &shape(engine, shape_of, size, messages)).1);
        }
        for header in headers {
            let missing: Vec<_> = (1..header).filter(|&before| !cut.contains(&(header, before))).collect();
            assert!(missing.is_empty(), "never cut: {missing:?} of {header}");
        }
    }
    finish(server);
}
