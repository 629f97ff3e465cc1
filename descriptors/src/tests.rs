use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::{AsFd, AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use nix::sys::signal::{SigSet, Signal};
use rustix::io::fcntl_dupfd_cloexec;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// The numbers of this thread's open descriptors, without the one that lists them.
fn open() -> BTreeSet<RawFd> {
    let listed: Vec<RawFd> = fs::read_dir("/proc/thread-self/fd")
        .expect("Linux")
        .map(|entry| entry.expect("listed").file_name().to_str().and_then(|name| name.parse().ok()).expect("a number"))
        .collect();
    listed.into_iter().filter(|number| fs::read_link(format!("/proc/thread-self/fd/{number}")).is_ok()).collect()
}

fn run<T: Send + 'static>(table: Table, body: impl FnOnce() -> T + Send + 'static) -> T {
    spawn("test", table, [], |[]| Ok(body())).expect("a thread").join().expect("no panic").expect("a table")
}

#[test]
fn a_table_of_its_own_has_standard_streams_and_what_was_lent() {
    let kept: Vec<_> = (0..4).map(|_| fs::File::open("/dev/null").expect("there")).collect();
    let lent = [kept[2].as_fd(), kept[0].as_fd()];
    let numbers = lent.map(|descriptor| descriptor.as_raw_fd());
    let thread = spawn("test", Table::Own, lent, |owned| {
        let seen = open();
        Ok((owned.map(|one| one.as_raw_fd()), seen))
    });
    let (owned, seen) = thread.expect("a thread").join().expect("no panic").expect("a table");
    assert_eq!(owned, numbers);
    assert_eq!(seen, [0, 1, 2].into_iter().chain(numbers).collect());
    assert_eq!(run(Table::Own, open), [0, 1, 2].into());
}

#[test]
fn descriptors_with_nothing_between_them_can_be_lent() {
    // Far above what other tests open meanwhile; the file itself is not lent.
    let file = fs::File::open("/dev/null").expect("there");
    let [low, high] = [700, 701].map(|least| fcntl_dupfd_cloexec(&file, least).expect("a descriptor"));
    assert_eq!([low.as_raw_fd(), high.as_raw_fd()], [700, 701]);
    let thread = spawn("test", Table::Own, [high.as_fd(), low.as_fd()], |owned| {
        let seen = open();
        Ok((owned.map(|one| one.as_raw_fd()), seen))
    });
    let (owned, seen) = thread.expect("a thread").join().expect("no panic").expect("a table");
    assert_eq!((owned, seen), ([701, 700], [0, 1, 2, 700, 701].into()));
}

#[test]
fn tables_have_names() {
    assert_eq!([Table::Shared, Table::Own].map(|table| table.to_string()), ["shared", "own"]);
}

#[test]
fn a_shared_table_has_what_the_caller_has() {
    let file = fs::File::open("/dev/null").expect("there");
    let number = file.as_raw_fd();
    assert!(run(Table::Shared, open).contains(&number));
    let thread = spawn("test", Table::Shared, [file.as_fd()], |[owned]| Ok(owned.as_raw_fd())).expect("a thread");
    assert_ne!(thread.join().expect("no panic").expect("a result"), number, "a duplicate");
}

#[test]
fn what_was_lent_works_and_the_lender_may_close_it() {
    for table in [Table::Shared, Table::Own] {
        let (mut here, there) = UnixStream::pair().expect("a pair");
        let thread = spawn("test", table, [there.as_fd()], |[there]| {
            let mut there = UnixStream::from(there);
            let mut heard = String::new();
            there.read_to_string(&mut heard)?;
            there.write_all(heard.to_uppercase().as_bytes())?;
            Ok(())
        });
        drop(there);
        here.write_all(b"hello").expect("sent");
        here.shutdown(std::net::Shutdown::Write).expect("ended");
        thread.expect("a thread").join().expect("no panic").expect("no failure");
        let mut heard = String::new();
        // Ends only if no copy of the other end is left open anywhere.
        here.read_to_string(&mut heard).expect("UTF-8");
        assert_eq!(heard, "HELLO", "{table}");
    }
}

#[test]
fn what_the_rest_of_the_process_closes_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (over, wait) = channel::<()>();
    let thread = spawn("test", Table::Own, [], move |[]| {
        let _ = wait.recv();
        Ok(())
    });
    drop(listener);
    // A thread that another test starts may have a copy for a moment, while it takes its table.
    let begun = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "somebody listens still");
    }
    drop(over);
    thread.expect("a thread").join().expect("no panic").expect("a table");
}

#[test]
fn signals_with_handlers_go_to_others() {
    let blocked = |table| {
        run(table, || {
            let mask = SigSet::thread_get_mask().expect("a mask");
            [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGSEGV].map(|signal| mask.contains(signal))
        })
    };
    assert_eq!(blocked(Table::Own), [true, true, true, false]);
    assert_eq!(blocked(Table::Shared), [false; 4]);
}

#[test]
fn threads_of_the_thread_share_its_table() {
    let of_child = run(Table::Own, || {
        let file = fs::File::open("/dev/null").expect("there");
        let open = thread::spawn(open).join().expect("no panic");
        (file.as_raw_fd(), open)
    });
    assert_eq!(of_child.1, [0, 1, 2, of_child.0].into());
}

#[test]
fn this_machine_allows_it() {
    let allowance = Allowance::raise();
    assert!(allowance.own_tables && allowance.each_table > 3, "{allowance:?}");
}
