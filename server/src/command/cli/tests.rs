use clap::CommandFactory;

use super::*;
use crate::{
    Allowance, DeflateSettings, Delay, DelayShape, FaultKind, Faults, OwnCopy, RoomsOptions, Stall, Table, WindowBits,
};

fn parse(line: &str) -> Result<Options, String> {
    parse_with(line, 1_000_000_000)
}

/// Where a descriptor table may hold so many.
fn parse_with(line: &str, each_table: u64) -> Result<Options, String> {
    let args = ServerArgs::try_parse_from(line.split(' ')).map_err(|error| error.to_string())?;
    args.options(ConnectionCapacity::new(Allowance { each_table, own_tables: true }), None)
        .map_err(|error| error.to_string())
}

#[test]
fn the_definition_is_sound() {
    ServerArgs::command().debug_assert();
}

#[test]
fn the_defaults_are_those_of_the_library() {
    // The seed is random.
    for line in ["server", "server --reply echo"] {
        let options = parse(line).expect("valid");
        assert_eq!(Options { seed: 0, ..options }, Options::default());
    }
}

#[test]
fn every_flag_arrives() {
    let line = "server --reply --hi --threads 3 --message-bytes 4KiB --frames-per-message 10k --handshake 500ms \
                --idle off --connections 7 --memory 64MiB --unsent-bytes 0 --unsent-time 2m --closing 1s --no-page --subprotocol chat,v2.chat --compress=12,no-context-takeover --log --log-values host,User-Agent --delay 300us \
                --delay-dist uniform --stall 10s:250ms --fault drop=0.25,wrong-type=1% --fault late=0.5 --fault-seed 7";
    let options = Options {
        reply: Reply::Text("--hi".to_owned()),
        rooms: None,
        tls: None,
        subprotocols: vec!["chat".to_owned(), "v2.chat".to_owned()],
        compression: Some(DeflateSettings {
            window_bits: WindowBits::new(12).expect("a window"),
            no_context_takeover: true,
        }),
        threads: NonZeroUsize::new(3).expect("not zero"),
        table: Table::Shared,
        page: false,
        log_values: vec!["host".to_owned(), "User-Agent".to_owned()],
        limits: Limits {
            message_bytes: 4096,
            frames_per_message: 10_000,
            handshake: Duration::from_millis(500),
            idle: None,
            connections: 7,
            memory: 64 << 20,
            unsent_bytes: 0,
            unsent_time: Duration::from_secs(120),
            closing: Duration::from_secs(1),
        },
        delay: Some(Delay { mean: Duration::from_micros(300), shape: DelayShape::Uniform }),
        stall: Some(Stall { after: Duration::from_secs(10), length: Duration::from_millis(250) }),
        faults: Faults::new([(FaultKind::Drop, 0.25), (FaultKind::WrongType, 0.01), (FaultKind::Late, 0.5)])
            .expect("chances"),
        seed: 7,
    };
    assert_eq!(parse(line), Ok(options));
}

#[test]
fn a_flag_that_would_be_ignored_is_refused() {
    for line in [
        "--fault-seed 1",
        "--log-values host",
        "--fault-ledger faults.json",
        "--delay-dist uniform",
        "--fault-ledger f --delay 1ms",
        "--own refuse",
        "--stagger 1ms",
        "--tls-write-cert a.pem",
        "--tls-cert a.pem",
        "--tls-key a.key",
        "--client-ca ca.pem",
    ] {
        let error = parse(&format!("server {line}")).expect_err("refused");
        assert!(error.contains("required"), "{error}");
    }
    assert!(parse("server --delay 1ms --delay-dist uniform --fault-seed 1").is_ok());
    assert!(parse("server --fault drop=1 --fault-seed 1 --fault-ledger f").is_ok());
}

#[test]
fn open_files_bound_connections_unless_a_number_is_given() {
    let options = parse_with("server --threads 1", 1024).expect("valid");
    assert_eq!((options.limits.connections, options.table), (1024 - 2 * 16, Table::Shared));
    let options = parse_with("server --threads 4 --connections 3k", 1024).expect("valid");
    assert_eq!((options.limits.connections, options.table), (3000, Table::Own));
    let options = parse_with("server --connections 100k", 20_000).expect("valid");
    assert_eq!((options.limits.connections, options.table), (100_000, Table::Own));
    assert!(options.threads.get() >= 6, "{}", options.threads);
    let error = parse_with("server --connections 900k", 256).expect_err("refused");
    assert!(error.contains("--threads 1024; use --connections 163840 or fewer"), "{error}");
    let error = parse_with("server --threads 5 --connections 100k", 20_000).expect_err("refused");
    for part in ["--connections 100000", "--threads 5", "ulimit", "--threads 6 or more", "--connections 96365 or fewer"]
    {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
}

#[test]
fn rooms_have_one_thread() {
    let options = parse("server --rooms").expect("valid");
    assert_eq!((options.threads, options.rooms), (NonZeroUsize::MIN, Some(RoomsOptions::default())));
    let options = parse("server --rooms --threads 1 --own refuse --stagger 20us").expect("valid");
    let stagger = Duration::from_micros(20);
    assert_eq!(options.rooms, Some(RoomsOptions { own: OwnCopy::Refuse, stagger, replay: 0 }));
    let error = parse("server --rooms --threads 2").expect_err("refused");
    for part in ["--threads 2", "--rooms needs one thread", "leave out --threads"] {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
    let error = parse_with("server --rooms --connections 100k", 20_000).expect_err("refused");
    for part in ["--connections 100000", "with --rooms; use --connections 19968 or fewer, or raise"] {
        assert!(error.contains(part), "{part:?} is missing in: {error}");
    }
    let error = parse("server --rooms --compress").expect_err("refused");
    assert!(error.contains("--compress: --rooms sends the same frames"), "{error}");
    let error = parse("server --rooms --reply hi").expect_err("refused");
    assert!(error.contains("--reply hi: --rooms sends each message to its room"), "{error}");
}

#[test]
fn compression_has_parameters_that_may_be_left_out() {
    let settings =
        |line| parse(line).expect("valid").compression.map(|it| (it.window_bits.get(), it.no_context_takeover));
    assert_eq!(settings("server"), None);
    assert_eq!(settings("server --compress"), Some((15, false)));
    assert_eq!(settings("server --compress=9"), Some((9, false)));
    assert_eq!(settings("server --compress=no-context-takeover"), Some((15, true)));
}

#[test]
fn a_refusal_names_flag_value_and_what_is_accepted() {
    for (flag, value, accepted) in [
        ("--listen", "localhost", "such as 127.0.0.1:9001"),
        ("--threads", "0", "from 1 to 1024"),
        ("--log-values", "a:b", "such as `host`"),
        ("--message-bytes", "2GiB", "from 1 to 1073741824 bytes"),
        ("--message-bytes", "-1", "from 1 to 1073741824 bytes"),
        ("--frames-per-message", "0", "from 1 to 1000000000"),
        ("--handshake", "0s", "from 1ms to 24h"),
        ("--idle", "soon", "such as 500ms, 10s or 2m, or `off`"),
        ("--connections", "99m", "from 1 to 1000000"),
        ("--memory", "0", "from 1048576 to"),
        ("--unsent-bytes", "much", "from 0 to 1073741824 bytes"),
        ("--unsent-time", "10", "from 1ms to 24h"),
        ("--closing", "25h", "from 1ms to 24h"),
        ("--subprotocol", "a;b", "such as chat"),
        ("--compress", "8", "from 9 to 15"),
        ("--compress", "12,", "from 9 to 15"),
        ("--delay", "0s", "from 1us to 1h"),
        ("--delay-dist", "normal", "fixed, uniform, exponential"),
        ("--own", "allow", "expect, refuse"),
        ("--stagger", "0s", "from 1us to 1h"),
        ("--stall", "1s", "such as 10s:250ms"),
        ("--stall", "1s:2h", "such as 10s:250ms"),
        ("--fault", "drop", "KIND=RATE"),
        ("--fault", "loss=0.1", "drop, duplicate, reorder"),
        ("--fault", "drop=2", "from 0 to 1"),
        ("--fault", "drop=0.6,late=0.5", "at most 1"),
        ("--fault", "drop=0.1,drop=0.2", "twice"),
    ] {
        let error = parse(&format!("server {flag}={value}")).expect_err("refused");
        for part in [flag, value, accepted] {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
    }
}

#[test]
fn an_address_may_be_a_name_or_a_port_alone() {
    let listen =
        |value: &str| ServerArgs::try_parse_from(["server", "--listen", value]).map(|args| args.listen.to_string());
    assert_eq!(listen(":9001").expect("valid"), "0.0.0.0:9001");
    assert_eq!(listen("localhost:0").expect("valid"), "127.0.0.1:0");
    assert_eq!(listen("[::1]:7").expect("valid"), "[::1]:7");
    for wrong in ["", ":", "9001", "localhost", "localhost:x", "127.0.0.1:65536"] {
        assert!(listen(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_last_of_a_repeated_option_wins() {
    let options = parse("server --threads 2 --no-page --threads 3 --no-page").expect("valid");
    assert_eq!(options.threads.get(), 3);
}
