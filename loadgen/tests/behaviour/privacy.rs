//! What is secret in a URL or a header goes to the target, and nowhere else: not to an output in
//! any format, nor to a message about anything.
//!
//! Every secret holds [`CANARY`] or is [`BASIC`], so one search finds each of them, and most pieces
//! of one.

use std::{fs, path::Path};

use crate::rig::{BadHandshake, BadHandshakeServer, Behaviour, Loadgen, Reference, ScriptedServer};

const CANARY: &str = "c4na";
/// The middle of the user-info as basic authentication. Its end depends on the password.
const BASIC: &str = "YzRuYXJ5LXVzZXI6YzRuYX";

const USER_INFO: &str = "c4nary-user:c4nary-pass";
const REST: &str = "chat?key=c4nary-query&c4nary-name";
const FIELD: &str = "X-Api-Key: c4nary-key";
const BEARER: &str = "Authorization: Bearer c4nary-bearer";

/// The URL with secrets.
fn url(base: &str) -> String {
    format!("{}/{REST}", base.replace("ws://", &format!("ws://{USER_INFO}@")))
}

#[track_caller]
fn holds_none(what: &str, text: &str) {
    for secret in [CANARY, BASIC] {
        let found = text.to_ascii_lowercase().find(&secret.to_ascii_lowercase());
        let around = found.map(|at| &text[at.saturating_sub(60)..text.len().min(at + 60)]);
        assert!(found.is_none(), "{secret} is in {what}: {around:?}");
    }
}

/// Neither in what it printed, nor in any file in `folder`.
#[track_caller]
fn leaves_none(arguments: &[&str], folder: &Path) -> Option<i32> {
    let outcome = Loadgen::run(arguments);
    holds_none(&format!("stdout of {arguments:?}"), &outcome.stdout);
    holds_none(&format!("stderr of {arguments:?}"), &outcome.stderr);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("it").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                holds_none(&format!("{} of {arguments:?}", path.display()), &fs::read_to_string(&path).expect("text"));
            }
        }
    }
    outcome.code
}

/// Options that write a result in every format, into the folder that stands for `F`.
const EVERYTHING: &str = "--out F/new.json --html F/new.html --markdown F/new.md --junit F/new.xml --hlog F/new.hlog \
    --bencher F/bencher.json --csv F/csv --github-benchmark F/github";

fn in_folder(options: &str, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("UTF-8");
    options.split_whitespace().map(|word| word.replacen("F/", &format!("{folder}/"), 1)).collect()
}

#[test]
fn no_secret_is_in_any_output_of_a_run() {
    for engine in ["lean", "tungstenite"] {
        for behaviour in [Behaviour::DropsEveryThird, Behaviour::RepeatsTheRequest] {
            let server = ScriptedServer::start(behaviour.clone());
            let folder = tempfile::tempdir().expect("a folder");
            let (url, everything) = (url(&server.url()), in_folder(EVERYTHING, folder.path()));
            let mut arguments =
                vec![&url[..], "-c", "2", "-n", "6", "--warmup", "0s", "--drain", "100ms", "--engine", engine];
            arguments.extend(["-H", FIELD, "-H", BEARER, "-H", "Cookie: sid=c4nary-sid; id=c4nary-id", "--json"]);
            arguments.extend(everything.iter().map(String::as_str));
            assert_eq!(leaves_none(&arguments, folder.path()), Some(4), "{behaviour:?}");
            let path = folder.path().join("new.json");
            for more in [&["report"][..], &["compare", path.to_str().expect("UTF-8")]] {
                leaves_none(&[more, &[path.to_str().expect("UTF-8")]].concat(), folder.path());
            }
            let request = &server.finish()[0].request;
            for secret in ["c4nary-query", "c4nary-key", "c4nary-bearer", "c4nary-sid", BASIC] {
                assert!(request.contains(secret), "the target gets {secret}: {request}");
            }
        }
    }
}

#[test]
fn no_secret_is_in_any_output_of_a_search_or_a_comparison() {
    let (reference, server) =
        (Reference::start(server::Reply::Echo), ScriptedServer::start(Behaviour::RepeatsTheRequest));
    let folder = tempfile::tempdir().expect("a folder");
    let files = in_folder("--out F/new.json --html F/new.html --markdown F/new.md", folder.path());
    let fields = ["-H", FIELD, "-H", BEARER];
    for base in [reference.url(), server.url()] {
        let url = url(&base);
        let mut arguments = vec!["search", &url, "--threshold", "p99<10s", "-d", "200ms", "--warmup", "0s", "-c", "1"];
        arguments.extend(["--to", "1000", "-b", "1", "--pause", "0s", "--tries", "1"].iter().chain(&fields));
        arguments.extend(files.iter().map(String::as_str));
        leaves_none(&arguments, folder.path());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let files = in_folder("--results F/results --html F/new.html --markdown F/new.md --json", folder.path());
    let (good, bad) = (url(&reference.url()), url(&server.url()));
    // Neither serves: what they print may hold how they were called.
    let command = format!("cmd:sh -c 'echo \"$@\" >&2; exit 3' sh -H '{FIELD}' --to={} {{addr}}", url("ws://host"));
    for b in [&good, &bad, &command] {
        let mut arguments = vec!["ab", "--a", &good, "--b", b, "-w", "1", "-c", "2", "-n", "50", "--pairs", "3"];
        arguments.extend(["--gate", "p99=off", "--gate", "throughput=off", "--max-pairs", "3", "--drain", "100ms"]);
        arguments.extend(fields.iter().copied().chain(files.iter().map(String::as_str)));
        leaves_none(&arguments, folder.path());
        let _ = fs::remove_dir_all(folder.path().join("results"));
    }
    reference.finish();
}

#[test]
fn no_secret_is_in_the_message_of_an_unreachable_target() {
    let folder = tempfile::tempdir().expect("a folder");
    let handshakes = [
        BadHandshake::NotListening,
        BadHandshake::Sends(b"HTTP/1.1 401 Unauthorized\r\n\r\n"),
        BadHandshake::Sends(b"garbage"),
        BadHandshake::RepeatsTheRequest,
    ];
    for handshake in handshakes {
        for engine in ["lean", "tungstenite"] {
            let server = BadHandshakeServer::start(handshake);
            let url = url(&server.url);
            let arguments = [&url[..], "-c", "1", "--engine", engine, "-H", FIELD, "-H", BEARER];
            assert_eq!(leaves_none(&arguments, folder.path()), Some(6), "{handshake:?}");
        }
    }
}

#[test]
fn no_secret_is_in_a_refusal() {
    let (plain, with_fragment) = (url("ws://host"), format!("{}#c4nary-part", url("ws://host")));
    let (http, no_scheme) = (url("ws://host").replace("ws:", "http:"), format!("{USER_INFO}@host/{REST}"));
    let odd = "ws://c4nary-user:c4nary?pass@host/";
    let command = format!("cmd:proxy -H '{FIELD}' {plain}");
    let unbalanced = format!("cmd:proxy -H '{FIELD} {plain} {{addr}}");
    let table: &[&[&str]] = &[
        &[&with_fragment],
        &[&http],
        &[&no_scheme],
        &[odd],
        &["ws://c4nary-user:c4nary/pass@host:x/"],
        &["ws://c4nary-user:c4nary#pass@host/"],
        &[&plain, BEARER],
        &[&plain, "-H", "Authorization=Bearer c4nary-bearer"],
        &[&plain, "-H", "c4nary-bearer"],
        &[&plain, "-Hc4nary-bearer"],
        &[&plain, "-qH", "c4nary-bearer"],
        &[&plain, "--header=c4nary-bearer"],
        &[&plain, "-H", "Bad Name: c4nary-bearer"],
        &[&plain, "-H", "Upgrade: c4nary-host"],
        &[&plain, "-H", "X: c4nary\u{1}"],
        &[&plain, "-H", BEARER, "--heder", BEARER],
        &[&plain, &format!("--hedaer={BEARER}")],
        &[&plain, "-H", BEARER, "-c", "0"],
        &["-c", BEARER],
        &["--rate", &plain],
        &["--out", &format!("/nowhere/{plain}")],
        &["--html", &plain],
        &["--baseline", &plain],
        &["--threshold", &plain],
        &["--expect", &plain],
        &["--source-ip", &plain],
        &["report", &plain],
        &["report", &plain, &plain, "--junit", "x"],
        &["compare", &plain, &plain],
        &["compare", &plain],
        &["search", &plain],
        &["search", &http, "--threshold", "p99<5ms"],
        &["search", &plain, "--rate", &plain, "--threshold", "p99<5ms"],
        &[&plain, "search", "--threshold", "p99<5ms"],
        &[&plain, "-H", BEARER, "report", "x"],
        &["ab", "--a", &with_fragment, "--b", &plain],
        &["ab", "--a", &http, "--b", &plain],
        &["ab", "--a", &no_scheme, "--b", &plain],
        &["ab", "--a", &command, "--b", &command],
        &["ab", "--a", &unbalanced, "--b", &plain],
        &["ab", "--a", &plain, "--b", &plain, "--path", "chat?c4nary"],
        &["ab", "--a", &plain],
        &["ab", &plain, &plain],
        &["cleanup", &plain],
        &["compare", &plain, &plain, "--markdown", &plain],
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in table {
        assert_eq!(leaves_none(arguments, folder.path()), Some(2), "{arguments:?}");
    }
}

#[test]
fn no_credentials_are_in_any_output() {
    let keep = tempfile::tempdir().expect("a folder");
    let file = keep.path().join("secret");
    fs::write(&file, "c4nary-user:c4nary-pass\n").expect("a file");
    let file = format!("@{}", file.display());
    for given in [
        &["--basic-auth", USER_INFO][..],
        &["--basic-auth", &file],
        &["--bearer=c4nary-bearer"],
        &["--bearer", "c4nary-bearer"],
    ] {
        let server = ScriptedServer::start(Behaviour::RepeatsTheRequest);
        let folder = tempfile::tempdir().expect("a folder");
        let (url, everything) = (server.url(), in_folder(EVERYTHING, folder.path()));
        let mut arguments = vec![&url[..], "-c", "1", "-n", "3", "--warmup", "0s", "--drain", "100ms", "--json"];
        arguments.extend(given.iter().copied().chain(everything.iter().map(String::as_str)));
        assert_eq!(leaves_none(&arguments, folder.path()), Some(4), "{given:?}");
        let request = &server.finish()[0].request;
        assert!(request.contains("c4nary-bearer") || request.contains(BASIC), "the target gets it: {request}");
        // Where nothing opens, where all is refused, and where others make the runs.
        let folder = tempfile::tempdir().expect("a folder");
        let refusing = BadHandshakeServer::start(BadHandshake::RepeatsTheRequest);
        leaves_none(&[&[&refusing.url[..], "-c", "1"], given].concat(), folder.path());
        let path = folder.path().join("plan.toml");
        fs::write(&path, "clients = 3\n").expect("a file");
        let printed = [&["plan", path.to_str().expect("UTF-8"), "--print"], given].concat();
        assert_eq!(leaves_none(&printed, folder.path()), Some(0), "{given:?}");
        for more in [&["-c", "0"][..], &["--rate", "x"], &["--bogus"], &["search", "--threshold", "p99<1s", "-c", "0"]]
        {
            leaves_none(&[more, given].concat(), folder.path());
        }
        let url = &refusing.url[..];
        leaves_none(
            &[&["ab", "--a", url, "--b", url, "-c", "1", "-n", "5", "--pairs", "3"], given].concat(),
            folder.path(),
        );
    }
}

#[test]
fn no_credentials_of_a_proxy_are_in_any_output() {
    let keep = tempfile::tempdir().expect("a folder");
    let file = keep.path().join("secret");
    fs::write(&file, "c4nary-user:c4nary-pass\n").expect("a file");
    let file = format!("@{}", file.display());
    for auth in [USER_INFO, &file] {
        // It says all of the request again.
        let proxy = BadHandshakeServer::start(BadHandshake::RepeatsTheRequest);
        let proxy = proxy.url.replace("ws://", "http://");
        let (folder, proxied) = (tempfile::tempdir().expect("a folder"), ["--proxy", &proxy, "--proxy-auth", auth]);
        let everything = in_folder(EVERYTHING, folder.path());
        let arguments: Vec<&str> = everything.iter().map(String::as_str).chain(proxied).collect();
        let run = [&["ws://127.0.0.1:1", "-c", "1"], &arguments[..]].concat();
        assert_eq!(leaves_none(&run, folder.path()), Some(6), "{auth}");
        let path = folder.path().join("plan.toml");
        fs::write(&path, "clients = 3\ntarget = \"ws://127.0.0.1:1\"\n").expect("a file");
        let print = [&["plan", path.to_str().expect("UTF-8"), "--print"], &proxied[..]].concat();
        assert_eq!(leaves_none(&print, folder.path()), Some(0), "{auth}");
        leaves_none(&[&["ws://127.0.0.1:1", "-c", "0"], &proxied[..]].concat(), folder.path());
        leaves_none(&["--proxy", &proxy.replace("http://", &format!("http://{USER_INFO}@"))], folder.path());
    }
}

#[test]
fn no_credentials_are_in_a_baseline() {
    let server = Reference::start(server::Reply::Echo);
    let folder = tempfile::tempdir().expect("a folder");
    let kept = in_folder("--save-baseline main --baseline-dir F/kept --out F/new.json", folder.path());
    let given = ["-c", "1", "-n", "3", "--warmup", "0s", "--bearer", "c4nary-bearer"];
    let url = server.url();
    let arguments: Vec<&str> = [&url[..]].into_iter().chain(given).chain(kept.iter().map(String::as_str)).collect();
    // A machine that is too busy to time anything keeps no baseline.
    let code = leaves_none(&arguments, folder.path());
    assert!(matches!(code, Some(0 | 5)), "{code:?}");
    server.finish();
}

/// A file of data whose values hold [`CANARY`], in `folder`.
fn data(folder: &Path) -> String {
    let path = folder.join("users.csv");
    let rows = "c4nary-ann,c4nary/one+\"\"é=,c4nary-key-of-ann\nc4nary-bob,\"c4nary, two\",c4nary-key-of-bob\n";
    fs::write(&path, format!("user,token,key\n{}", rows.replace("\"\"", ""))).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn no_value_of_data_is_in_any_output_of_a_run() {
    let keep = tempfile::tempdir().expect("a folder");
    let data = data(keep.path());
    let message = r#"{"user":"{{user}}","token":"{{token}}","text":"{{mark}}"}"#;
    for engine in ["lean", "tungstenite"] {
        for (behaviour, expect) in [
            (Behaviour::Duplicates, "count"),
            (Behaviour::Splits, "reply=x"),
            (Behaviour::Corrupts, "reply=x"),
            (Behaviour::Corrupts, "echo"),
            (Behaviour::Truncates, "echo"),
            (Behaviour::Duplicates, "mark"),
            (Behaviour::RepeatsTheRequest, "reply=x"),
        ] {
            let server = ScriptedServer::start(behaviour.clone());
            let folder = tempfile::tempdir().expect("a folder");
            let url = format!("{}/of/{{{{user}}}}?key={{{{token}}}}", server.url());
            let everything = in_folder(EVERYTHING, folder.path());
            let mut arguments = vec![&url[..], "-c", "2", "-n", "6", "--warmup", "0s", "--drain", "100ms"];
            arguments.extend(["--engine", engine, "--data", &data, "-m", message, "--expect", expect, "--json"]);
            arguments.extend(["-H", "Authorization: Bearer {{key}}"]);
            arguments.extend(everything.iter().map(String::as_str));
            leaves_none(&arguments, folder.path());
            let path = folder.path().join("new.json");
            let stored = fs::read_to_string(&path).expect("a result");
            assert!(stored.contains("***"), "something was hidden: {behaviour:?} {stored}");
            assert!(stored.contains("/of/{{user}}"), "the URL is shown with names: {stored}");
            leaves_none(&["report", path.to_str().expect("UTF-8")], folder.path());
            let mut requests: Vec<_> = server.finish().into_iter().map(|record| record.request).collect();
            requests.sort();
            assert!(requests[0].starts_with("GET /of/c4nary-ann?key=c4nary%2Fone%2B%C3%A9%3D HTTP"), "{requests:?}");
            assert!(requests[1].starts_with("GET /of/c4nary-bob?key=c4nary%2C%20two HTTP"), "{requests:?}");
            for (request, key) in requests.iter().zip(["c4nary-key-of-ann", "c4nary-key-of-bob"]) {
                assert!(request.contains(&format!("\r\nAuthorization: Bearer {key}\r\n")), "{request}");
            }
        }
    }
}

#[test]
fn no_value_of_data_is_in_the_message_of_an_unreachable_target() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keep, kept) = (tempfile::tempdir().expect("a folder"), ["-H", "X-Key: {{key}}", "-H", "Cookie: t={{user}}"]);
    let data = data(keep.path());
    for handshake in [BadHandshake::RepeatsTheRequest, BadHandshake::Sends(b"HTTP/1.1 401 c4nary-key-of-ann\r\n\r\n")] {
        for engine in ["lean", "tungstenite"] {
            let server = BadHandshakeServer::start(handshake);
            let url = format!("{}/?{{{{user}}}}&k={{{{token}}}}", server.url);
            let arguments = [&[&url[..], "-c", "2", "--engine", engine, "--data", &data], &kept[..]].concat();
            assert_eq!(leaves_none(&arguments, folder.path()), Some(6), "{handshake:?}");
        }
    }
}

#[test]
fn no_value_of_data_is_in_a_refusal() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content, more) in [
        ("a.csv", "a,b\nc4nary\n", &[][..]),
        ("a.jsonl", "{\"a\":c4nary}\n", &[]),
        ("a.jsonl", "\"c4nary\"\n", &[]),
        ("a.jsonl", "{\"a\":\"c4nary\"}\n{\"a\":\"c4nary\",\"a\":1}\n", &[]),
        ("a.csv", "a\nc4nary\u{1}\n", &["-H", "X: {{a}}"]),
        ("a.csv", "a\nc4nary/\n", &["-H", "Host: {{a}}"]),
        ("a.csv", "a\nc4nary,\n", &["-H", "Sec-WebSocket-Protocol: {{a}}"]),
        ("a.csv", "a\nc4nary\n", &["-m", "{{b}}"]),
        ("a.csv", "id\nc4nary\n", &["-m", "{{id}}"]),
    ] {
        let keep = tempfile::tempdir().expect("a folder");
        let path = keep.path().join(name);
        fs::write(&path, content).expect("a file");
        let arguments = [&["--data", path.to_str().expect("UTF-8"), "--expect", "count"], more].concat();
        assert_eq!(leaves_none(&arguments, folder.path()), Some(2), "{content} {more:?}");
    }
}
