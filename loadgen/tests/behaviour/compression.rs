//! Messages that both sides compress (RFC 7692).

use frames::deflate::DeflateSettings;
use loadgen::{
    message::Mix,
    plan::{Compression, Connect, EngineKind},
};
use reports::{
    Report,
    model::{CompressedTraffic, CompressionCounts},
};
use server::Options;

use crate::rig::{Reference, TestPlan, complete, n32, plan, run};

/// What five clients report that send messages of this size, and offer this.
fn offering(server: &Reference, size: u32, compression: Compression) -> Report {
    let plan = plan(EngineKind::Lean, &server.url());
    let connect = Connect { compression: Some(compression), ..plan.connect.clone() };
    let report = run(&TestPlan { clients: n32(5), size, connect, mix: Mix::Text, ..plan });
    complete(&report);
    assert_eq!(report.total.measured.counts.matched, 5 * 24);
    report
}

fn compressing() -> Reference {
    Reference::start_with(Options { compression: Some(DeflateSettings::default()), ..Options::default() })
}

fn agreed(report: &Report) -> CompressionCounts {
    report.total.connections.compression.clone().expect("it was offered")
}

#[test]
fn messages_are_compressed_both_ways() {
    let server = compressing();
    for (window_bits, context_takeover, agrees) in [
        (15, true, "permessage-deflate"),
        (9, true, "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9"),
        (15, false, "permessage-deflate; client_no_context_takeover; server_no_context_takeover"),
    ] {
        for size in [64, 4000, 100_000] {
            let report = offering(&server, size, Compression { window_bits, context_takeover });
            let CompressionCounts { agreed, declined, parameters } = agreed(&report);
            assert_eq!((agreed, declined), (5, 0));
            assert_eq!(parameters.into_iter().collect::<Vec<_>>(), [(agrees.to_owned(), 5)]);
            let traffic = report.total.traffic;
            let CompressedTraffic { sent_bytes, sent_frame_bytes, received_bytes, received_frame_bytes } =
                traffic.compressed;
            assert_eq!((sent_bytes, received_bytes), (traffic.sent_bytes, traffic.received_bytes));
            // Where nothing came within the measured phase, there are none.
            if size > 64 {
                assert!(sent_frame_bytes <= sent_bytes && received_frame_bytes <= received_bytes, "{traffic:?}");
            }
        }
    }
}

#[test]
fn a_server_may_decline_compression() {
    let server = Reference::start_with(Options::default());
    let report = offering(&server, 64, Compression::default());
    let CompressionCounts { agreed, declined, parameters } = agreed(&report);
    assert_eq!((agreed, declined, parameters.len()), (0, 5, 0));
    assert_eq!(report.total.traffic.compressed, CompressedTraffic::default());
}
