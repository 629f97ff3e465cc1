use super::*;

const HERE: SystemLimits = limits(20_000, true);
const BOUND: SystemLimits = limits(20_000, false);

const fn limits(each_table: u64, own_tables: bool) -> SystemLimits {
    SystemLimits { allowance: Allowance { each_table, own_tables }, ports: 28_232 }
}

fn n(threads: usize) -> NonZeroUsize {
    NonZeroUsize::new(threads).expect("not 0")
}

fn requirements(clients: u32, embedded: bool) -> Requirements {
    let embedded = embedded.then_some(EmbeddedRequirements { clients, threads: n(1) });
    Requirements { clients, workers: n(1), embedded, ports: None }
}

#[test]
fn threads_are_those_of_this_system() {
    for clients in [1, 100_000, u32::MAX] {
        assert_eq!(threads_for(clients), SystemLimits::raise().threads_for(clients), "{clients}");
    }
}

#[test]
fn one_table_is_enough_for_few() {
    let shared = Fit { table: Table::Shared, server: Some((n(1), Table::Shared)) };
    assert_eq!(HERE.fit(&requirements(9_980, true)), Ok(shared));
    assert_eq!(HERE.fit(&requirements(9_981, true)), Ok(Fit { table: Table::Own, server: Some((n(1), Table::Own)) }));
    assert_eq!(HERE.fit(&requirements(19_976, false)), Ok(Fit { table: Table::Shared, server: None }));
}

#[test]
fn a_hundred_thousand_take_six_threads_on_either_side() {
    assert_eq!(HERE.enough_threads(100_000), Some(n(6)));
    let fit = HERE.fit(&Requirements { workers: n(6), ..requirements(100_000, true) });
    assert_eq!(fit, Ok(Fit { table: Table::Own, server: Some((n(6), Table::Own)) }));
    let many = HERE.fit(&Requirements {
        workers: n(6),
        embedded: Some(EmbeddedRequirements { clients: 100_000, threads: n(8) }),
        ..requirements(100_000, true)
    });
    assert_eq!(many.unwrap().server, Some((n(8), Table::Own)), "no fewer than asked for");
}

#[test]
fn too_few_threads_are_refused_with_the_number_that_would_do() {
    let refusal = HERE.fit(&Requirements { workers: n(2), ..requirements(100_000, false) }).unwrap_err();
    let expected =
        PlanRefusal::Threads { clients: 100_000, threads: 2, limit: 20_000, each: 19_976, enough: Some(n(6)) };
    assert_eq!(refusal, expected);
    let text = refusal.to_string();
    for part in ["--clients 100000", "--threads 2", "--threads 6 or more", "--clients 39952 or fewer", "ulimit -Hn"] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
    let feasible = Requirements { workers: n(2), ..requirements(39_952, false) };
    assert!(HERE.fit(&feasible).is_ok(), "what the message says is feasible");
    assert_eq!((HERE.enough_threads(1_000_000_000), HERE.threads_for(1_000_000_000)), (None, MOST_THREADS));
    let refusal = HERE.fit(&Requirements { workers: MOST_THREADS, ..requirements(1_000_000_000, false) }).unwrap_err();
    assert!(refusal.to_string().contains("Use --clients 20455424 or fewer"), "{refusal}");
}

#[test]
fn an_embedded_server_shares_the_table_of_the_process() {
    assert!(BOUND.fit(&requirements(9_900, true)).is_ok());
    let refusal = BOUND.fit(&requirements(10_000, true)).unwrap_err();
    let expected =
        PlanRefusal::Descriptors { clients: 10_000, needed: 20_040, limit: 20_000, feasible: 9_980, embedded: true };
    assert_eq!(refusal, expected);
    assert!(BOUND.fit(&requirements(9_980, true)).is_ok(), "what the message says is feasible");
    assert!(BOUND.fit(&requirements(10_000, false)).is_ok());
    let text = refusal.to_string();
    assert!(text.contains("--clients 9980 or fewer") && text.contains("-p server"), "{text}");
    assert_eq!((BOUND.enough_threads(100_000), BOUND.threads_for(100_000)), (None, n(1)));
}

#[test]
fn threads_can_take_all_descriptors() {
    let refusal = limits(100, false).fit(&Requirements { workers: n(50), ..requirements(50, false) }).unwrap_err();
    assert!(refusal.to_string().contains("Use fewer --threads"), "{refusal}");
}

#[test]
fn no_remedy_is_to_have_no_clients() {
    for (descriptors, clients, threads) in [(20, 5, 1), (20, 1, 2), (24, 9, 4), (25, 9, 2), (26, 9, 1)] {
        for own_tables in [true, false] {
            let refusal = limits(descriptors, own_tables)
                .fit(&Requirements { workers: n(threads), ..requirements(clients, false) });
            let text = refusal.unwrap_err().to_string();
            assert!(!text.contains("--clients 0") && !text.contains(" 1 clients"), "{text}");
            assert!(text.contains("hard limit"), "{text}");
        }
    }
}

#[test]
fn ports_bound_the_clients_of_a_remote_target() {
    let many = limits(1_000_000, true);
    let from = |sources: Option<u32>, clients| {
        let ports = sources.map(|sources| PortRequirements { clients, sources });
        many.fit(&Requirements { ports, ..requirements(clients, false) })
    };
    assert!(from(None, 30_000).is_ok());
    assert!(from(Some(2), 56_464).is_ok());
    assert_eq!(from(Some(1), 30_000), Err(PlanRefusal::Ports { clients: 30_000, ports: 28_232, sources: 1 }));
    let text = from(Some(2), 60_000).unwrap_err().to_string();
    for part in ["--clients 60000", "each of 2 source addresses", "--clients 56464 or fewer", "--source-ip"] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[test]
fn loopback_clients_share_a_quarter_of_the_ports() {
    assert_eq!(HERE.clients_per_address(), 7_058);
    assert_eq!(SystemLimits { ports: 3, ..HERE }.clients_per_address(), 1);
}

#[test]
fn a_table_without_room_for_a_client_is_of_no_use() {
    assert_eq!(limits(24, true).enough_threads(1), None);
    assert_eq!(limits(25, true).enough_threads(1), Some(n(1)));
}

#[test]
fn port_range() {
    assert_eq!(parse_port_range("32768\t60999\n"), 28_232);
    assert_eq!(parse_port_range("40000 40000"), 1);
    assert_eq!(parse_port_range("40001 40000"), 28_232);
    assert_eq!(parse_port_range(""), 28_232);
}

#[test]
fn the_embedded_server_serves_the_groups_without_a_target() {
    let embedded = Some(EmbeddedRequirements { clients: 100, threads: n(1) });
    let mixed = |clients| BOUND.fit(&Requirements { embedded, ..requirements(clients, true) });
    assert!(mixed(19_860).is_ok());
    let PlanRefusal::Descriptors { needed, .. } = mixed(19_861).unwrap_err() else { panic!("descriptors") };
    assert_eq!(needed, 20_001);
}
