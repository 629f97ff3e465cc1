//! The documents and the command agree: every command of a page is accepted, and the pages of
//! options and metrics are what the command prints.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{CertifiedKey, generate_simple_self_signed};

/// Nobody listens there, so a run ends at once.
const CLOSED: &str = "ws://127.0.0.1:1/";
const CLOSED_TLS: &str = "wss://127.0.0.1:1/";

/// Exit code of what is refused.
const USAGE: i32 = 2;

fn run(folder: &Path, arguments: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.current_dir(folder).args(arguments).env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
    command.env("PROXY_AUTH", "user:password");
    command.output().expect("the command")
}

fn printed(arguments: &[&str]) -> String {
    let output = run(Path::new("."), &arguments.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn has_extension(word: &str, wanted: &str) -> bool {
    Path::new(word).extension().is_some_and(|extension| extension == wanted)
}

fn is_plan_file(word: &str) -> bool {
    has_extension(word, "toml")
}

/// The command with a target of this machine that refuses at once, and with few clients.
fn harmless(arguments: &[String]) -> Vec<String> {
    let is_url = |word: &String| word.starts_with("ws://") || word.starts_with("wss://");
    let of_this_machine = |word: &String| match word {
        url if url.starts_with("wss://") => CLOSED_TLS.to_owned(),
        url if is_url(url) => CLOSED.to_owned(),
        word => word.replace("10.0.0.", "127.0.0."),
    };
    let mut harmless: Vec<String> = arguments.iter().map(of_this_machine).collect();
    let command = arguments.first().map(String::as_str);
    if command == Some("serve") {
        harmless.push("--help".to_owned());
        return harmless;
    }
    if command == Some("kubernetes") && !arguments.iter().any(|word| is_url(word) || word == "--server-image") {
        // The plan files of the documents have none.
        harmless.extend(["--target", CLOSED].map(str::to_owned));
    }
    if matches!(
        command,
        Some("plan" | "compare" | "report" | "merge" | "ab" | "search" | "import" | "kubernetes" | "help")
    ) {
        return harmless;
    }
    if arguments.iter().any(|word| is_plan_file(word)) {
        harmless.extend(["--target", CLOSED, "--clients", "1"].map(str::to_owned));
        return harmless;
    }
    if !arguments.iter().any(is_url) {
        let has_tls = arguments.iter().any(|word| word == "--tls");
        harmless.push(if has_tls { CLOSED_TLS } else { CLOSED }.to_owned());
    }
    // The last one wins.
    harmless.extend(["--clients", "1"].map(str::to_owned));
    harmless
}

/// A certificate that signed itself, and its key (PEM).
fn certificate_and_key() -> [String; 2] {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
    };
    [pem("CERTIFICATE", cert.der()), pem("PRIVATE KEY", &signing_key.serialize_der())]
}

#[test]
fn every_command_of_the_documents_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = folder.path().join("sample.json");
    let arguments = ["-q", "-c", "1", "-n", "1", "-b", "1", "--only-delivery", "--out", "sample.json"];
    run(folder.path(), &arguments.map(str::to_owned));
    let baselines = folder.path().join("reports/baselines");
    fs::create_dir_all(&baselines).expect("a folder");
    fs::copy(&sample, baselines.join("main.json")).expect("a copy");
    let [certificate, key] = certificate_and_key();
    let commands = documents::commands("loadgen");
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let files = || command.arguments.iter().map(|word| word.trim_start_matches('@'));
        for file in files().filter(|word| has_extension(word, "json")) {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::copy(&sample, file).expect("a copy");
        }
        for file in command.arguments.iter().filter(|word| has_extension(word, "har")) {
            fs::copy(documents::root().join("loadgen/src/import/recordings/chrome.har"), folder.path().join(file))
                .expect("a copy");
        }
        for file in command.arguments.iter().filter(|word| has_extension(word, "csv")) {
            fs::write(folder.path().join(file), "user,token,team\nann,s3cr3t,red\n").expect("a file");
        }
        for file in files().filter(|word| has_extension(word, "pem") || has_extension(word, "key")) {
            let file = folder.path().join(file.replace("{{user}}", "ann"));
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            let is_key = file.extension().is_some_and(|extension| extension == "key");
            fs::write(file, if is_key { &key } else { &certificate }).expect("a file");
        }
        for file in command.arguments.iter().filter(|word| is_plan_file(word)) {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, "duration = \"1s\"\n").expect("a file");
        }
        let output = run(folder.path(), &harmless(&command.arguments));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some_and(|code| code != USAGE && code < 100), "{}\n{said}", command.place);
    }
}

#[test]
fn the_page_of_options_has_the_help_of_every_command() {
    let sections = ["", "plan", "compare", "report", "merge", "ab", "search", "import", "kubernetes"].map(|command| {
        let arguments: Vec<_> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let title = format!("loadgen {command}");
        format!("\n## {}\n{}", title.trim(), documents::block(&printed(&arguments)))
    });
    documents::check_generated("docs/reference/options.md", &sections.concat());
}

#[test]
fn the_server_has_one_help_in_both_programs() {
    let help = printed(&["serve", "--help"]).replace("Usage: loadgen serve ", "Usage: server ");
    documents::check_generated("docs/reference/server-options.md", &documents::block(&help));
}

#[test]
fn the_page_of_metrics_has_what_the_command_explains() {
    let metrics = documents::block(&printed(&["help", "metrics"]));
    documents::check_generated("docs/reference/metrics.md", &metrics);
}

/// Those with a target need its server, so they are only checked here. The peers' tests run them.
#[test]
fn every_example_runs_or_is_a_plan() {
    let examples = documents::root().join("examples");
    let entries = |folder: &Path| {
        let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        paths.collect::<Vec<_>>()
    };
    let (folders, files): (Vec<_>, Vec<_>) = entries(&examples).into_iter().partition(|path| path.is_dir());
    let in_folders = folders.iter().flat_map(|folder| entries(folder));
    for path in files.into_iter().chain(in_folders).filter(|path| path.extension().is_some_and(|it| it == "toml")) {
        let text = fs::read_to_string(&path).expect("a text");
        let has_target = text.lines().any(|line| line.starts_with("target = "));
        let file = path.display().to_string();
        let name = path.strip_prefix(&examples).expect("an example").display();
        assert!(text.contains(&format!("loadgen run examples/{name}")), "{file}");
        let brief = ["--duration", "200ms", "--warmup", "0s", "--only-delivery", "--quiet"];
        let arguments = if has_target { vec!["plan", &file] } else { [&["run", &*file][..], &brief].concat() };
        let output = run(Path::new("."), &arguments.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_page_of_plan_files_has_every_key() {
    let schema = loadgen::plan::keys::schema();
    let keys = |place: &str| schema.pointer(place).and_then(|keys| keys.as_object()).expect("keys");
    let of_group = keys("/properties/group/items/properties");
    let table = |title: &str, keys: &[(&String, &serde_json::Value)]| {
        let rows = keys.iter().map(|(key, value)| {
            let text = value["description"].as_str().expect("a description");
            let meaning = text.lines().next().unwrap_or_default().trim_end_matches("; repeatable").replace('|', "\\|");
            let told = text.split_once("[default: ").and_then(|(_, rest)| rest.strip_suffix(']'));
            let default = match &value["default"] {
                _ if told.is_some() => told.unwrap_or_default().replace('\n', " "),
                serde_json::Value::Null => String::new(),
                value => format!("`{value}`"),
            };
            format!("| `{key}` | {meaning} | {default} |\n")
        });
        format!("\n### {title}\n\n| key | meaning | default |\n|---|---|---|\n{}", rows.collect::<String>())
    };
    let top = keys("/properties").iter().filter(|(key, _)| *key != "group" && !of_group.contains_key(*key));
    let page =
        table("Of the run", &top.collect::<Vec<_>>()) + &table("Of a group", &of_group.iter().collect::<Vec<_>>());
    documents::check_generated("docs/reference/plan-file.md", &page);
}
