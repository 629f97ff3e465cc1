//! Any plan.

use proptest::{collection::vec, option, prelude::*};

use super::{connections, finite, sessions};
use crate::model::{
    DialogueRecord, EngineKind, Expect, GroupRecord, LoadRecord, MessagesRecord, Order, OwnCopy, PayloadKind,
    PlanRecord, RoomsRecord, RunRecord, SpacingRecord, TargetRecord,
};

fn loads() -> impl Strategy<Value = LoadRecord> {
    prop_oneof![
        (finite(), sessions::stages(), any::<(bool, [u32; 2])>()).prop_map(|(rate_per_client, stages, others)| {
            let (is_poisson, [burst, max_in_flight]) = others;
            let spacing = if is_poisson { SpacingRecord::Poisson } else { SpacingRecord::Even };
            LoadRecord::Open { rate_per_client, stages, spacing, burst, max_in_flight }
        }),
        (any::<u32>(), finite()).prop_map(|(window, think_s)| LoadRecord::Closed { window, think_s }),
        Just(LoadRecord::Listen),
    ]
}

fn groups() -> impl Strategy<Value = GroupRecord> {
    let messages = messages();
    let rules =
        (orders(), option::of(any::<String>()), any::<bool>(), option::of(dialogues()), option::of(room_plans()));
    let expects = prop_oneof![Just(Expect::Echo), Just(Expect::Count), any::<String>().prop_map(Expect::Reply)];
    let targets = option::of(targets());
    let life = (
        option::of(connections::connect_plans()),
        option::of(sessions::plans()),
        option::of(sessions::wire_shapes()),
        option::of(finite()),
        any::<Option<u64>>(),
    );
    ((any::<String>(), targets, any::<u32>()), loads(), messages, expects, rules, life).prop_map(
        |((name, target, clients), load, messages, expect, (order, until, batched, dialogue, rooms), life)| {
            let (connect, sessions, wire_shape, ping_s, read_bytes_per_s) = life;
            GroupRecord {
                name,
                target,
                clients,
                load,
                messages,
                expect,
                order,
                until,
                batched,
                dialogue,
                rooms,
                connect,
                sessions,
                wire_shape,
                ping_s,
                read_bytes_per_s,
            }
        },
    )
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![Order::Keep, Order::Any])
}

fn messages() -> impl Strategy<Value = MessagesRecord> {
    let payloads = prop::sample::select(vec![PayloadKind::Text, PayloadKind::Binary, PayloadKind::Mixed]);
    prop_oneof![
        (any::<u64>(), any::<Option<String>>(), payloads)
            .prop_map(|(size_bytes, sizes, payload)| MessagesRecord::Generated { size_bytes, sizes, payload }),
        any::<(u32, u64, String)>().prop_map(|(templates, largest_bytes, fingerprint)| MessagesRecord::Templates {
            templates,
            largest_bytes,
            fingerprint
        }),
    ]
}

fn dialogues() -> impl Strategy<Value = DialogueRecord> {
    any::<([u32; 3], String)>().prop_map(|([on_open, answer, ignore], fingerprint)| DialogueRecord {
        on_open,
        answer,
        ignore,
        fingerprint,
    })
}

fn room_plans() -> impl Strategy<Value = RoomsRecord> {
    let own = prop::sample::select(vec![OwnCopy::Expect, OwnCopy::Refuse, OwnCopy::Allow]);
    (any::<([Option<u32>; 2], bool)>(), own).prop_map(|(([size, publishers], durable), own)| RoomsRecord {
        size,
        publishers,
        own,
        durable,
    })
}

pub(super) fn targets() -> impl Strategy<Value = TargetRecord> {
    (any::<String>(), vec(any::<String>(), 0..2), any::<bool>()).prop_map(|(url, more_urls, embedded)| TargetRecord {
        url,
        more_urls,
        embedded,
    })
}

pub(super) fn plans() -> impl Strategy<Value = PlanRecord> {
    let numbers = ([finite(), finite(), finite()], any::<u32>(), any::<bool>());
    let ends = (option::of(finite()), option::of(any::<u64>()));
    let engines = prop::sample::select(vec![EngineKind::Lean, EngineKind::Tungstenite]);
    (ends, numbers, engines, vec(any::<String>(), 0..3), vec(groups(), 1..3)).prop_map(
        |((duration_s, messages_per_client), (numbers, threads, only_delivery), engine, thresholds, groups)| {
            let [warmup_s, drain_s, connect_rate] = numbers;
            let run = RunRecord {
                duration_s,
                messages_per_client,
                warmup_s,
                drain_s,
                connect_rate,
                engine,
                threads,
                thresholds,
                only_delivery,
            };
            PlanRecord { run, groups }
        },
    )
}
