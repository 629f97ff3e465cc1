//! Random plans are printed and read again, and random texts are refused in good order.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::Duration,
};

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::{
    message::Mix,
    plan::{
        Arrivals, Connect, EngineKind, Expect, Group, Jitter, Load, Messages, Pattern, Plan, Rate, Reconnect,
        RunOptions, SessionLength, Sessions, SizeQuantile, SizeQuantiles, SizeRange, Sizes, Stage, Storm, Target,
        Until,
    },
};

fn count() -> impl Strategy<Value = NonZeroU32> {
    prop_oneof![1..20_u32, Just(1_000_000)].prop_map(|n| NonZeroU32::new(n).unwrap())
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..5_000_u64).prop_map(Duration::from_millis),
        (1..30_000_000_000_000_000_u64).prop_map(Duration::from_nanos)
    ]
}

fn load() -> impl Strategy<Value = Load> {
    let open = (1..5_000_000_u64, count(), count()).prop_map(|(micro, burst, max_in_flight)| Load::Open {
        arrivals: Arrivals::even(Rate::new(micro as f64 / 1e6).unwrap()),
        burst,
        max_in_flight,
    });
    prop_oneof![open, count().prop_map(|window| Load::Closed { window, think: Duration::ZERO }), Just(Load::Listen)]
}

fn connect() -> impl Strategy<Value = Connect> {
    let header = ("x-[a-z]{1,5}", "[ -~]{0,20}")
        .prop_map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.trim().parse::<HeaderValue>().unwrap()));
    let addresses = prop_oneof![
        prop::collection::vec((0..600_u32).prop_map(|n| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))), 0..20),
        prop::collection::vec((0..9_u128).prop_map(|n| IpAddr::V6(Ipv6Addr::from_bits(n))), 0..9),
    ];
    (time(), prop::collection::vec(header, 0..3), addresses, any::<bool>()).prop_map(
        |(timeout, headers, sources, insecure)| Connect {
            timeout: timeout.max(Duration::from_nanos(1)),
            headers,
            sources,
            tls: crate::plan::TlsOptions { insecure, ..<_>::default() },
            ..Connect::default()
        },
    )
}

fn group(index: usize) -> impl Strategy<Value = Group> {
    let target = prop_oneof![
        Just(Target::Embedded),
        "wss?://[a-z]{1,9}(:[1-9][0-9]{0,3})?/[a-z/]{0,9}(\\?[a-z=&]{1,9})?"
            .prop_map(|url| Target::Url(url.parse().unwrap())),
    ];
    let mix = prop_oneof![Just(Mix::Text), Just(Mix::Binary), Just(Mix::Mixed)];
    let expect = prop_oneof![Just(Expect::Echo), Just(Expect::Count), any::<String>().prop_map(Expect::Reply)];
    (target, connect(), 1..1_000_000_u32, load(), sizes(), mix, expect).prop_map(
        move |(target, mut connect, clients, load, sizes, mix, expect)| {
            connect.tls.insecure &= matches!(&target, Target::Url(url) if url.scheme() == "wss");
            Group {
                name: format!("g{index}").parse().unwrap(),
                target,
                connect,
                clients: NonZeroU32::new(clients).unwrap(),
                load,
                messages: Messages::Generated { sizes, mix },
                expect,
                ..Group::default()
            }
        },
    )
}

/// Clients that come and go in any way.
fn comings() -> impl Strategy<Value = Sessions> {
    let positive = || time().prop_map(|time| time.max(Duration::from_nanos(1)));
    let session =
        prop_oneof![positive().prop_map(SessionLength::Elapsed), any::<NonZeroU64>().prop_map(SessionLength::Messages)];
    let storm =
        (1..=1_000_000_u32, time()).prop_map(|(share, at)| Storm { share: NonZeroU32::new(share).unwrap(), at });
    let jitter = prop_oneof![Just(Jitter::Full), Just(Jitter::Equal), Just(Jitter::None)];
    let reconnect = (time(), time(), jitter).prop_map(|(min, max, jitter)| Reconnect { min, max, jitter });
    let times = (prop::option::of(time()), prop::option::of(positive()), prop::option::of(positive()));
    let ends = (prop::option::of(session), prop::option::of(positive()), prop::collection::vec(storm, 0..3));
    (times, ends, prop::option::of(reconnect)).prop_map(|((start, stop, ramp), (session, drop, storms), reconnect)| {
        Sessions { start, stop, ramp, session, drop, storms, reconnect }
    })
}

fn stages() -> impl Strategy<Value = Vec<StageKey>> {
    let rate = || (0..5_000_000_u64).prop_map(|micro| Rate::new(micro as f64 / 1e6));
    let stage = (rate(), rate(), time())
        .prop_map(|(from, to, time)| StageKey(Stage { from, to, length: time.max(Duration::from_nanos(1)) }));
    prop::collection::vec(stage, 1..4)
}

/// Sizes that any expectation takes.
fn sizes() -> impl Strategy<Value = Sizes> {
    let size = || 53..(64_u32 << 20);
    let range = (size(), size()).prop_filter_map("a range", |(least, largest)| SizeRange::new(least, largest));
    let shares = prop::collection::btree_set(0..=SizeQuantile::ALL, 1..5);
    let quantiles = (shares, prop::collection::vec(size(), 4)).prop_map(|(shares, mut sizes)| {
        sizes.sort_unstable();
        let quantile = |(share_ppm, size)| SizeQuantile { share_ppm, size };
        SizeQuantiles::new(&shares.into_iter().zip(sizes).map(quantile).collect::<Vec<_>>()).unwrap()
    });
    prop_oneof![
        size().prop_map(Sizes::Fixed),
        range.prop_map(Sizes::Range),
        Just(Sizes::Edges),
        quantiles.prop_map(Sizes::Quantiles),
    ]
}

/// Keys with any texts: quotes, controls, `@` and `=>`, wherever they may stand.
fn content() -> impl Strategy<Value = GroupKeys> {
    let text = || any::<String>().prop_map(TextOrFile::Text);
    let pattern = || any::<String>().prop_filter_map("a regular expression", |text| text.parse::<Pattern>().ok());
    let step =
        (prop::option::of(text()), prop::option::of(pattern())).prop_map(|(send, expect)| StepKeys { send, expect });
    let answer = (pattern(), text()).prop_map(|(when, send)| AnswerKeys { when, send });
    let dialogue =
        (prop::collection::vec(step, 1..3), prop::collection::vec(answer, 1..3)).prop_map(|(on_open, answer)| {
            DialogueKeys { on_open: Some(on_open), answer: Some(answer), ..DialogueKeys::default() }
        });
    (prop::collection::vec(text(), 1..3), dialogue, text(), any::<u32>(), comings(), stages()).prop_map(
        |(message, dialogue, room, publishers, sessions, stages)| GroupKeys {
            load: LoadKeys { stage: Some(stages), ..LoadKeys::default() },
            sessions: SessionKeys::of(&sessions),
            message: MessageKeys { message: Some(message), ..MessageKeys::default() },
            dialogue,
            rooms: RoomKeys { room: Some(room), publishers: Some(publishers), ..RoomKeys::default() },
            ..GroupKeys::default()
        },
    )
}

fn run() -> impl Strategy<Value = RunOptions> {
    let until = prop_oneof![
        time().prop_map(|time| Until::Elapsed(time.max(Duration::from_nanos(1)))),
        any::<NonZeroU64>().prop_map(Until::Messages),
    ];
    let engine = prop_oneof![Just(EngineKind::Lean), Just(EngineKind::Tungstenite)];
    let threads = prop::option::of(1..5000_usize).prop_map(|n| n.and_then(NonZeroUsize::new));
    (time(), until, time(), 1..1_000_000_000_u64, engine, threads, any::<u64>(), any::<bool>()).prop_map(
        |(warmup, until, drain, micro, engine, threads, seed, only_delivery)| RunOptions {
            warmup,
            until,
            drain,
            connect_rate: Rate::new(micro as f64 / 1e6).unwrap(),
            engine,
            threads,
            server_threads: None,
            shard: None,
            start: None,
            seed: Some(seed),
            thresholds: vec!["p99<1.5ms".parse().unwrap(), "g0.lost==0".parse().unwrap()],
            stop_on_miss: only_delivery.then_some(drain.max(Duration::from_nanos(1))),
            only_delivery,
        },
    )
}

fn read(text: &str) -> Result<Plan, PlanFileError> {
    PlanFile::parse("plan.toml", text.to_owned())?.plan(RunKeys::default(), GroupKeys::default())
}

proptest! {
    #[test]
    fn a_plan_that_is_printed_is_read_as_the_same(run in run(), groups in (group(0), group(1), group(2)), all in any::<bool>()) {
        let groups = if all { vec![groups.0, groups.1, groups.2] } else { vec![groups.0] };
        // Too much in total is refused before.
        let Ok(plan) = Plan::new(run, groups) else { return Ok(()) };
        let printed = PlanKeys::of(&plan).to_toml();
        prop_assert_eq!(read(&printed).map_err(|error| TestCaseError::fail(format!("{error}\n{printed}")))?, plan);
        let document: serde_json::Value = toml_edit::de::from_str(&printed).unwrap();
        prop_assert!(jsonschema::is_valid(&schema(), &document), "{}", printed);
    }

    #[test]
    fn any_text_in_a_plan_is_read_as_it_was_written(keys in content()) {
        let printed = PlanKeys { defaults: keys.clone(), ..PlanKeys::default() }.to_toml();
        let read = PlanFile::parse("plan.toml", printed.clone());
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{printed}")))?;
        prop_assert_eq!(&read.keys().defaults, &keys, "{}", printed);
    }

    #[test]
    fn any_text_is_a_plan_or_is_refused(
        lines in prop::collection::vec((
            prop_oneof![Just("clients"), Just("header"), Just("group"), Just("[[group]]\nname"), Just("size"), Just("x")],
            prop_oneof!["[-0-9.e]{0,6}", "\"[ -~]{0,9}\"", "\\[[0-9\",a:{}]{0,9}\\]", "\\PC{0,9}"],
        ), 0..6),
    ) {
        let text = lines.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("\n");
        if let Err(error) = read(&text) {
            prop_assert!(error.to_string().starts_with("plan.toml"), "{}", error);
            prop_assert!(error.line.is_none_or(|line| line <= text.lines().count() + 1), "{}", error);
        }
    }
}
