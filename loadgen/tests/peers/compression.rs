//! permessage-deflate with peers of three languages, in both roles.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    node::NODE,
    python::PYTHON,
    rig::{Language, Process, complete, installed, loadgen, server_with},
};

/// Messages that compress well, and sizes that take all forms of a frame's length.
const LOAD: &[&str] = &["-c", "20", "-r", "20", "-d", "2s", "--warmup", "0s", "--drain", "30s", "--only-delivery"];
const CLIENTS: u64 = 20;
const TEXT: &str =
    r#"{"type":"say","mark":"{{mark}}","text":"to be or not to be, to be or not to be, to be or not to be"}"#;

/// What a server wrote, with its parameters in the order of the alphabet, as results have it.
fn sorted(agreed: &str) -> String {
    let mut parts: Vec<_> = agreed.split(';').map(str::trim).collect();
    parts[1..].sort_unstable();
    parts.join("; ")
}

/// Each case is the client's option, what the server is told, and what the two agree on.
fn is_agreed_on(language: &Language, cases: &[(&str, Value, &str)]) {
    for (offer, options, agreed) in cases {
        let server = language.server("deflate", &[&options.to_string()]);
        let load = [LOAD, &[offer, "--message", TEXT, "--expect", "mark"]].concat();
        let (report, judgement) = loadgen(&server.url, &load);
        complete(&report, &judgement);
        let compression = report.total.connections.compression.clone().expect("it was offered");
        assert_eq!((compression.agreed, compression.declined), (CLIENTS, 0));
        assert_eq!(compression.parameters, [((*agreed).to_owned(), CLIENTS)].into());
        let log = server.finish();
        assert_eq!(log.len() as u64, CLIENTS);
        let sum = |key: &str| log.iter().map(|entry| entry[key].as_u64().unwrap_or(0)).sum::<u64>();
        assert_eq!(sum("messages"), report.total.measured.counts.sent);
        for entry in &log {
            assert_eq!(sorted(entry["agreed"].as_str().expect("agreed")), *agreed, "{entry}");
            assert_eq!(entry["code"], 1000, "{entry}");
        }
        // Where the server counts what the wire carried, the handshake included. Without context, a
        // message has less to refer to.
        let (read, written, bytes) = (sum("read"), sum("written"), sum("bytes"));
        assert!(10 * read < 9 * bytes && 10 * written < 9 * bytes, "{read} and {written} for {bytes}");

        // Bytes that do not compress, of all lengths. Few, as a test's build compresses slowly.
        let server = language.server("deflate", &[&options.to_string()]);
        let few = ["-c", "2", "-r", "10", "-n", "15", "-b", "5", "--warmup", "0s", "--drain", "30s", "--only-delivery"];
        let (report, judgement) = loadgen(&server.url, &[&few[..], &[offer, "--size", "64..70KiB"]].concat());
        complete(&report, &judgement);
        server.finish();
    }
}

#[test]
fn node_compresses_with_us() {
    let plain = "permessage-deflate";
    is_agreed_on(
        &NODE,
        &[
            ("--compress", json!({}), plain),
            ("--compress=10", json!({}), "permessage-deflate; client_max_window_bits=10; server_max_window_bits=10"),
            (
                "--compress=15,no-context-takeover",
                json!({}),
                "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            ),
            (
                "--compress",
                json!({ "serverNoContextTakeover": true, "clientMaxWindowBits": 9, "serverMaxWindowBits": 9 }),
                "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9; server_no_context_takeover",
            ),
        ],
    );
}

#[test]
fn websockets_of_python_compress_with_us() {
    is_agreed_on(
        &PYTHON,
        &[
            ("--compress", json!({}), "permessage-deflate"),
            ("--compress=10", json!({}), "permessage-deflate; client_max_window_bits=10; server_max_window_bits=10"),
            (
                "--compress=15,no-context-takeover",
                json!({}),
                "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            ),
            (
                "--compress",
                json!({ "server_no_context_takeover": true, "client_max_window_bits": 9, "server_max_window_bits": 9 }),
                "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9; server_no_context_takeover",
            ),
        ],
    );
}

#[test]
fn a_server_that_does_not_compress_declines() {
    let server = NODE.server("echo", &[]);
    let (report, judgement) = loadgen(&server.url, &[LOAD, &["--compress"]].concat());
    complete(&report, &judgement);
    let compression = report.total.connections.compression.clone().expect("it was offered");
    assert_eq!((compression.agreed, compression.declined), (0, CLIENTS));
    server.finish();
}

/// Each case is our server's option, what the client offers, and what the two agree on.
fn is_agreed_on_with_our_server(language: &Language, cases: &[(&str, Value, &str)]) {
    for (option, options, agreed) in cases {
        let (process, port) = server_with(&[option]);
        let url = format!("ws://127.0.0.1:{port}");
        let seen = language.run("deflate_client", &[&url, &options.to_string()]);
        let [result] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!(sorted(result["agreed"].as_str().expect("agreed")), *agreed, "{result}");
        let counts = ["sent", "received", "same", "code"].map(|key| result[key].as_u64());
        assert_eq!(counts, [25, 25, 25, 1000].map(Some), "{result}");
        drop(process);
    }
}

#[test]
fn our_server_compresses_with_node() {
    is_agreed_on_with_our_server(
        &NODE,
        &[
            ("--compress", json!({}), "permessage-deflate"),
            ("--compress", json!({ "serverMaxWindowBits": 10 }), "permessage-deflate; server_max_window_bits=10"),
            (
                "--compress",
                json!({ "serverNoContextTakeover": true, "clientNoContextTakeover": true }),
                "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            ),
        ],
    );
}

#[test]
fn our_server_compresses_with_websockets_of_python() {
    is_agreed_on_with_our_server(
        &PYTHON,
        &[
            ("--compress", json!({}), "permessage-deflate"),
            ("--compress", json!({ "server_max_window_bits": 10 }), "permessage-deflate; server_max_window_bits=10"),
            (
                "--compress",
                json!({ "server_no_context_takeover": true, "client_no_context_takeover": true }),
                "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            ),
        ],
    );
}

#[test]
fn our_server_compresses_with_chromium() {
    let script = installed("browser", "node_modules/playwright-core").join("deflate.mjs");
    for (options, agreed) in [(&["--compress"][..], "permessage-deflate"), (&[], "")] {
        let (process, port) = server_with(options);
        let jobs = json!([format!("127.0.0.1:{port}")]);
        let outcome =
            Process::start(Command::new("node").arg(&script).arg(jobs.to_string())).wait(crate::browser::LIMIT);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{:?}", outcome.lines);
        let seen: Value = serde_json::from_str(&outcome.lines.concat()).expect("JSON");
        let all = json!([{ "agreed": agreed, "sent": 24, "received": 24, "same": 24, "code": 1000 }]);
        assert_eq!(seen, all, "{options:?}");
        drop(process);
    }
}
