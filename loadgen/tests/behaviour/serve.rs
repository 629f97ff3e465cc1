//! `loadgen serve`: the reference server under the same program.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{Loadgen, interruptible};

#[test]
fn serve_is_the_reference_server_until_a_signal_comes() {
    let mut serve = interruptible(env!("CARGO_BIN_EXE_loadgen"));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--reply", "yes"]).stdout(Stdio::piped());
    let mut serve = serve.spawn().expect("the command");
    let mut line = String::new();
    BufReader::new(serve.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let url = line.strip_prefix("listening on ").expect("its address").trim_end();
    let run = Loadgen::run(&[url, "-c", "2", "-n", "3", "--only-delivery", "--quiet", "--expect", "reply=yes"]);
    kill_process(Pid::from_child(&serve), Signal::TERM).expect("it runs");
    let ended = serve.wait().expect("a child");
    assert_eq!((run.code, ended.code()), (Some(0), Some(0)), "{}", run.stderr);
}

#[test]
fn what_serve_refuses_looks_like_other_refusals() {
    let refused = Loadgen::run(&["serve", "--rooms", "--threads", "2"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.starts_with("error: --threads 2: --rooms needs one thread"), "{}", refused.stderr);
    let address = "127.0.0.1:99999";
    let refused = Loadgen::run(&["serve", "--listen", address]);
    assert!(refused.code == Some(2) && refused.stderr.contains(address), "{}", refused.stderr);
}
