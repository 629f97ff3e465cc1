//! What is secret in a URL or a header goes to the target, and nowhere else.

use std::fs;

use crate::rig::{Conduct, Doorman, Loadgen, Manner, Rogue};

const SECRETS: [&str; 4] = ["alice", "swordfish", "t0ken", "c00kie"];

fn url(base: &str) -> String {
    format!("{}/chat?key=t0ken", base.replace("ws://", "ws://alice:swordfish@"))
}

#[test]
fn no_secret_is_in_any_output() {
    let server = Rogue::start(Conduct::DropsEveryThird);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    let (url, path) = (url(&server.url()), path.to_str().expect("UTF-8"));
    let arguments = [&url, "-c", "1", "-n", "6", "--drain", "100ms", "-H", "Cookie: c00kie", "--json", "-o", path];
    let outcome = Loadgen::run(&arguments);
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert!(outcome.json()["target"]["url"].as_str().expect("text").ends_with("/chat"));
    let saved = fs::read_to_string(path).expect("it was written");
    for secret in SECRETS {
        for text in [&outcome.stdout, &outcome.stderr, &saved] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    let request = &server.finish()[0].request;
    assert!(request.contains("t0ken") && request.contains("c00kie"), "{request}");
}

#[test]
fn no_secret_is_in_the_message_of_an_unreachable_target() {
    for manner in [Manner::Absent, Manner::Says(b"HTTP/1.1 401 Unauthorized\r\n\r\n"), Manner::Says(b"garbage")] {
        let door = Doorman::start(manner);
        let outcome = Loadgen::run(&[&url(&door.url), "-c", "1", "-H", "Cookie: c00kie"]);
        assert_eq!(outcome.code, Some(6), "{outcome:?}");
        assert!(SECRETS.iter().all(|secret| !outcome.stderr.contains(secret)), "{outcome:?}");
    }
}
