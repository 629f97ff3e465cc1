//! Plan files as text: what they mean, what is refused and where, and that the schema agrees.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::Value;

use super::*;
use crate::{
    message::Mix,
    plan::{EngineKind, Expect, Load, Messages, Plan, Sizes, Target, Until},
};

fn parse(text: &str) -> Result<PlanFile, String> {
    PlanFile::parse("plan.toml", text.to_owned()).map_err(|error| error.to_string())
}

fn plan(text: &str) -> Result<Plan, String> {
    parse(text)?.plan(RunKeys::default(), GroupKeys::default()).map_err(|error| error.to_string())
}

#[test]
fn an_empty_file_has_the_defaults() {
    let plan = plan("").unwrap();
    let [group] = plan.groups() else { panic!("one group") };
    assert_eq!((group, group.name.as_str()), (&crate::plan::Group::default(), "main"));
    assert_eq!(plan.run(), &crate::plan::RunOptions::default());
}

#[test]
fn every_key_has_its_meaning() {
    let plan = plan(
        r#"
        target = "wss://example.org/chat"
        clients = "10k"
        rate = 0.5
        burst = 2
        max_in_flight = 7
        size = "4KiB"
        payload = "text"
        expect = "count"
        header = ["X-One: 1", "X-Two: 2"]
        insecure = true
        connect_timeout = "3s"
        source_ip = ["127.0.0.1-127.0.0.3", "127.0.0.9"]
        duration = "2m"
        warmup = "500ms"
        drain = "0s"
        seed = "18446744073709551615"
        connect_rate = 100
        threads = 3
        engine = "tungstenite"
        threshold = ["p99<5ms"]
        only_delivery = true
        "#,
    )
    .unwrap();
    let (run, group) = (plan.run(), &plan.groups()[0]);
    assert!(matches!(&group.target, Target::Url(url) if url.as_str() == "wss://example.org/chat"));
    let Load::Open { arrivals, burst, max_in_flight } = &group.load else { panic!("open") };
    let rate = arrivals.rate.constant().unwrap();
    assert_eq!((rate.per_second().to_string().as_str(), burst.get(), max_in_flight.get()), ("0.5", 2, 7));
    assert_eq!((group.clients.get(), &group.expect), (10_000, &Expect::Count));
    assert_eq!(group.messages, Messages::Generated { sizes: Sizes::Fixed(4096), mix: Mix::Text });
    assert_eq!((group.connect.headers.len(), group.connect.tls.insecure, group.connect.sources.len()), (2, true, 4));
    assert_eq!(
        (group.connect.timeout, run.warmup, run.drain),
        (Duration::from_secs(3), Duration::from_millis(500), Duration::ZERO)
    );
    assert_eq!((run.until, plan.seed()), (Until::Elapsed(Duration::from_secs(120)), u64::MAX));
    assert_eq!((run.engine, run.threads.unwrap().get(), run.only_delivery), (EngineKind::Tungstenite, 3, true));
    assert_eq!(run.thresholds[0].to_string(), "p99<5ms");
}

#[test]
fn keys_at_the_top_are_defaults_of_all_groups() {
    let plan = plan("clients = 5\nwindow = 4\n[[group]]\nname = \"a\"\n[[group]]\nrate = 10\nclients = 1\n").unwrap();
    let shown: Vec<_> = plan
        .groups()
        .iter()
        .map(|group| (group.name.to_string(), group.clients.get(), group.load.peak_rate().is_some()))
        .collect();
    assert_eq!(shown, [("a".to_owned(), 5, false), ("group-2".to_owned(), 1, true)]);
}

#[test]
fn a_number_of_messages_has_no_warm_up() {
    let run = |text| plan(text).unwrap().run().clone();
    assert_eq!(run("messages = 5").warmup, Duration::ZERO);
    assert_eq!(run("messages = 5\nwarmup = \"2s\"").warmup, Duration::from_secs(2));
}

/// What is refused, and a part of what is said.
const REFUSED: &[(&str, &str)] = &[
    ("\nclinets = 5", "plan.toml:2: `clinets` is no key of a plan; did you mean `clients`?"),
    (
        "[[group]]\nmax-in-flight = 5",
        "plan.toml:2: `max-in-flight` is no key of a group; did you mean `max_in_flight`?",
    ),
    ("qwertz = 1", "with _ for -"),
    ("stage = [\"1@5\"]", "plan.toml:1: stage = \"1@5\": a time needs its unit (was 5s meant?)"),
    ("storm = [\"20@30s\"]", "expected SHARE%@TIME, such as 20%@30s"),
    ("reconnect = \"5s\"", "expected MIN..MAX and full, equal or none"),
    ("session = \"60\"", "session = \"60\": expected a time or a number of messages"),
    ("drop = \"15s\"", "drop = \"15s\": expected 'every TIME'"),
    ("read = \"64KiB\"", "read = \"64KiB\": expected bytes a second"),
    ("think = \"5ms\"", "plan.toml:1: think = 5ms: it is for clients that wait for replies; give --window, too"),
    ("stage = [\"1@5s\"]\nrate = 5", "plan.toml:1: stage: it stands in place of `rate`"),
    ("stage = []", "plan.toml:1: stage: the list is empty"),
    ("[[group]]\nduration = \"5s\"", "plan.toml:2: `duration` is the same for all groups: put it at the top"),
    ("name = \"chat\"", "`name` belongs to one group: put it below a line [[group]]"),
    ("clients = 0", "plan.toml:1: clients = 0: expected a whole number over 0"),
    ("clients = 1.5", "clients = 1.5: expected a whole number"),
    ("clients = \"many\"", "clients = \"many\": expected a whole number"),
    ("clients = [5]", "clients = [5]: expected a single value"),
    ("basic_auth = [\"s3cret\"]", "basic_auth = '***': expected a single value"),
    ("target = [\"ws://h\", \"http://u:s3cret@h/\"]", "target = 'http://***@h/': scheme `http` is not WebSocket's"),
    ("clients = 2024-01-01", "clients = 2024-01-01:"),
    ("duration = 10", "plan.toml:1: duration = 10: a time needs its unit (was 10s meant?)"),
    ("duration = \"0s\"", "expected a time over 0"),
    ("rate = -1", "rate = -1: expected 0 to only listen, or a number over 0"),
    ("rate = nan", "rate = nan: expected 0 to only listen, or a number over 0"),
    ("rate = 0\nburst = 5", "burst = 5: with --rate 0, clients send nothing"),
    ("rate = 0\nmessages = 5", "messages = 5: clients that only listen"),
    ("size = \"65MiB\"", "up to 64MiB"),
    ("payload = \"json\"", "payload = \"json\": expected text or binary or mixed"),
    ("engine = \"fast\"", "expected lean or tungstenite"),
    ("expect = \"marks\"", "expected echo, count, reply=TEXT, mark"),
    ("insecure = \"yes\"", "insecure = \"yes\": expected true or false"),
    ("header = \"Authorization: Bearer s3cret\"", "header = 'Authorization: ***': expected a list"),
    ("header = [\n  \"X-A: 1\",\n  \"Host: a/s3cret\",\n]", "plan.toml:3: header = 'Host: ***': expected 'Host: NAME'"),
    ("header = [\"no colon s3cret\"]", "header = '***': expected 'Name: value'"),
    ("header = [\"Origin: a\", \"Origin: b\"]", "plan.toml:1: header: `origin` can be given once only"),
    ("target = \"http://u:s3cret@h/\"", "target = 'http://***@h/': scheme `http` is not WebSocket's"),
    ("threshold = [\"p99<5\"]", "a latency needs a unit"),
    ("threshold = \"p99<5ms\"", "expected a list"),
    ("source_ip = [\"::1\", \"127.0.0.1\"]", "plan.toml:1: source_ip = 127.0.0.1: ::1 is of another family"),
    ("size = 20\npayload = \"text\"", "plan.toml:1: size = 20: a text message needs 53 bytes at least"),
    (
        "size = 20\n[[group]]\nname = \"a\"\nexpect = \"count\"\n[[group]]\nname = \"b\"",
        "plan.toml:1: group `b`: size = 20:",
    ),
    (
        "[[group]]\nname = \"a\"\n[[group]]\nname = \"a\"",
        "plan.toml:4: group `a`: name = a: another group has this name",
    ),
    ("[[group]]\nname = \"p99\"", "plan.toml:2: name = \"p99\":"),
    ("rate = 5\nwindow = 5", "plan.toml:2: window: it stands in place of `rate`, which is there, too"),
    ("[[group]]\nmessages = 1", "`messages` is the same for all groups"),
    ("messages = 1\nduration = \"1s\"", "plan.toml:1: messages: it stands in place of `duration`"),
    ("clients = 4000000000\nwindow = 1\n[[group]]\n[[group]]", "all groups together have more than"),
    ("rate = 5000000\nclients = 2\n[[group]]\n[[group]]", "at most 10 000 000 are accepted"),
    ("message = \"x\"", "plan.toml:1: message = \"x\": expected a list"),
    ("message = []", "plan.toml:1: message: the list is empty"),
    ("message = [\"x\"]\nsize = 64", "plan.toml:1: message: it stands in place of `size`"),
    ("message = [\"@none.txt\"]", "message = @none.txt: none.txt can't be read"),
    ("message_hex = [\"0x\"]", "plan.toml:1: message_hex = \"0x\": expected pairs of hexadecimal digits"),
    ("expect = \"id=x\"", "`x` is no JSON pointer"),
    ("order = \"some\"", "plan.toml:1: order = \"some\":"),
    ("until = \"(\"", "plan.toml:1: until = \"(\": it is no regular expression"),
    ("ignore = [\"a\", \"[\"]", "it is no regular expression"),
    ("answer = [{ when = \"^2$\" }]", "missing field `send`"),
    ("answer = [{ when = \"^2$\", sent = \"3\" }]", "unknown field `sent`"),
    ("on_open = [\"hi\"]", "plan.toml:1: on_open = "),
    ("publishers = 1", "plan.toml:1: publishers: it is about rooms; --room-size or --room says who is in one"),
    ("room_size = 0", "plan.toml:1: room_size = 0: expected a whole number over 0"),
    ("room = \"{{r}}\"\nroom_size = 2", "room: it stands in place of `room_size`"),
    ("group = []", "plan.toml:1: group: expected one or more tables"),
    ("group = 5", "group: expected one or more tables"),
    ("[group]\nname = \"a\"", "plan.toml:1: group: expected one or more tables, each below a line [[group]]"),
    ("clients = 5\nclients = 6", "plan.toml:2: duplicate key"),
    ("clients = ", "plan.toml:1: "),
    ("clients", "plan.toml:1: "),
    ("[[group]\nname = \"a\"", "plan.toml:1: "),
];

#[test]
fn what_a_plan_says_of_messages_dialogue_and_rooms_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.txt"), "hello").unwrap();
    let text = r#"
        message = ["@hello.txt", '{"a":1}', "@@b"]
        expect = "count"
        order = "any"
        until = "done$"
        batched = true
        on_open = [{ send = "hi", expect = "^welcome" }, { expect = "^go" }]
        answer = [{ when = "^2$", send = "3" }]
        ignore = ["presence"]
        room_size = 4
        publishers = 0
        own = "refuse"
    "#;
    let path = folder.path().join("plan.toml");
    fs::write(&path, text).unwrap();
    let keys = PlanFile::read(&path).unwrap().keys().clone();
    let messages = keys.defaults.message.messages().unwrap();
    let Messages::Templates(templates) = &messages else { panic!("templates") };
    let texts: Vec<_> = templates.iter().map(|one| String::from_utf8_lossy(one.as_written()).into_owned()).collect();
    assert_eq!(texts, ["hello", "{\"a\":1}", "@b"]);
    let dialogue = keys.defaults.dialogue.clone().dialogue().unwrap();
    assert_eq!((dialogue.on_open.len(), dialogue.answers.len(), dialogue.ignore.len()), (2, 1, 1));
    let rooms = keys.defaults.rooms.clone().rooms().unwrap().unwrap();
    assert_eq!((rooms.publishers, rooms.own), (Some(0), crate::plan::OwnCopy::Refuse));
    // As it is printed, it is the same.
    let again = MessageKeys::of(&messages);
    assert_eq!(again.messages().unwrap(), messages);
    assert_eq!(DialogueKeys::of(&dialogue).dialogue().unwrap(), dialogue);
    assert_eq!(RoomKeys::of(&rooms).rooms().unwrap(), Some(rooms));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, part) in REFUSED {
        let said = plan(text).expect_err(text);
        assert!(said.contains(part), "{text}\nsays: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn marks_of_other_systems_are_no_part_of_a_plan() {
    let text = "\u{feff}clients = 5\r\n[[group]]\r\nname = \"a\"\r\nsize = 1\r\n";
    assert!(plan(text).unwrap_err().starts_with("plan.toml:4: "));
    assert_eq!(parse(&text.replace("size = 1", "")).unwrap().keys().group.len(), 1);
}

#[test]
fn files_that_are_no_text_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let said = |path: PathBuf| PlanFile::read(&path).unwrap_err().to_string();
    assert!(said(folder.path().join("none.toml")).contains("can't be read: No such file"));
    assert!(said(folder.path().to_owned()).contains("can't be read: Is a directory"));
    assert!(said(file("binary.toml", &[0xff, 0xfe, 0])).contains("UTF-8"));
    assert!(said(file("huge.toml", &vec![b'#'; (1 << 20) + 1])).contains("at most 1048576 bytes"));
    assert!(PlanFile::read(&file("large.toml", &vec![b'#'; 1 << 20])).is_ok());
}

#[test]
fn the_command_line_stands_over_the_file() {
    let one = parse("rate = 5\nduration = \"1s\"\n[[group]]\nname = \"a\"\ntarget = \"ws://h/\"\nsize = 64").unwrap();
    let run =
        RunKeys { length: LengthKeys { messages: "3".parse().ok(), ..LengthKeys::default() }, ..RunKeys::default() };
    let group = GroupKeys {
        target: "ws://other/".parse().ok(),
        load: LoadKeys { window: "2".parse().ok(), ..LoadKeys::default() },
        ..GroupKeys::default()
    };
    let plan = one.plan(run, group.clone()).unwrap();
    let over = &plan.groups()[0];
    assert!(matches!((&over.load, plan.run().until), (Load::Closed { .. }, Until::Messages(_))));
    assert!(matches!(&over.target, Target::Url(url) if url.host_str() == Some("other")));
    assert_eq!(over.name.as_str(), "a");

    let two = parse("[[group]]\ntarget = \"ws://h/\"\n[[group]]\nname = \"b\"").unwrap();
    let said = two.plan(RunKeys::default(), group).unwrap_err().to_string();
    assert_eq!(
        said,
        "plan.toml: it has several groups, each with its own `window`: change it there, and leave out --window"
    );
    let target = GroupKeys { target: "ws://other/".parse().ok(), ..GroupKeys::default() };
    let hosts = two
        .plan(RunKeys::default(), target.clone())
        .unwrap()
        .groups()
        .iter()
        .map(|group| group.target.urls()[0].host_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(hosts, ["h", "other"], "a group keeps a target of its own");
    let both = parse("[[group]]\ntarget = \"ws://h/\"\n[[group]]\ntarget = \"ws://i/\"").unwrap();
    assert!(both.plan(RunKeys::default(), target).unwrap_err().what.contains("--target can't change it"));
}

#[test]
fn what_the_line_got_wrong_is_said_of_the_line() {
    let message = MessageKeys { size: "5".parse().ok(), ..MessageKeys::default() };
    let said = parse("size = 100").unwrap().plan(RunKeys::default(), GroupKeys { message, ..GroupKeys::default() });
    let said = said.unwrap_err();
    assert!(said.what.starts_with("--size 5: ") && said.line.is_none(), "{said}");
}

#[test]
fn a_printed_plan_is_the_same_plan() {
    for text in [
        "",
        "seed = 7\nmessages = 9\nwindow = 3\nonly_delivery = true\nthreads = 2",
        "[[group]]\nname = \"a\"\nheader = [\"X-A: \\\"quoted\\\" \\\\ \"]\n[[group]]\nexpect = \"reply=\\n#'\\\"\"\nrate = 0.000001",
        "target = [\"ws://a\", \"ws://b/{{client}}\"]",
        "source_ip = [\"127.0.0.1-127.0.0.200,127.0.1.1\"]\nthreshold = [\"lost==0\", \"p99.9<1.5ms\"]",
    ] {
        let plan = plan(text).unwrap().with(|_, _| {}).unwrap();
        let printed = PlanKeys::of(&plan).to_toml();
        let again = parse(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
        assert_eq!(again.plan(RunKeys::default(), GroupKeys::default()).unwrap(), plan, "{printed}");
    }
}

#[test]
fn a_masked_plan_has_no_secrets() {
    let text = "target = \"ws://u:s3cret@h/p?t=s3cret\"\n[[group]]\nheader = [\"X: s3cret\"]\n[[group]]\ntarget = \"ws://h\"\nbearer = \"s3cret\"";
    let masked = PlanKeys::of(&plan(text).unwrap()).masked().to_toml();
    assert!(!masked.contains("s3cret") && masked.contains("ws://***@h/p?***") && masked.contains("x: ***"), "{masked}");
    assert!(plan(&masked).is_ok(), "{masked}");
}

/// Of refusals that are about what fits together, and about what a text means: only the program
/// knows.
const DEEPER: [&str; 21] = [
    "was 5s meant",
    "for clients that wait",
    "a number of messages",
    "the list is empty",
    "can't be read",
    "no regular expression",
    "it is about rooms",
    "send nothing",
    "that only listen",
    "origin",
    "Host",
    "another family",
    "53 bytes",
    "size = 20:",
    "another group",
    "p99",
    "64MiB",
    "all groups together",
    "10 000 000",
    "needs a unit",
    "over 0",
];

fn schema_accepts(text: &str) -> Option<bool> {
    let document: Value = toml_edit::de::from_str(text).ok()?;
    Some(jsonschema::validator_for(&schema()).expect("a schema").is_valid(&document))
}

#[test]
fn the_schema_accepts_what_the_parser_accepts() {
    for text in [
        "",
        "clients = 5\nrate = 0.5\nduration = \"1m 30s\"\nsize = \"4 KiB\"\nseed = \"7\"",
        "[[group]]\nname = \"a\"\nwindow = \"1k\"\nheader = [\"A: b\"]\nsource_ip = [\"10.0.0.1-10.0.0.2, ::1\"]",
        "drain = \"0s\"\nwarmup = \"0\"\nconnect_timeout = \"1ms\"\ninsecure = false\nonly_delivery = true",
        "target = \"WSS://h:1/p?q\"\nexpect = \"reply=\"\nthreshold = [\"lost == 0\"]\nengine = \"lean\"",
        "rate = 5\n[[group]]\nwindow = 5",
    ] {
        assert!(parse(text).is_ok(), "{text}");
        assert_eq!(schema_accepts(text), Some(true), "{text}");
    }
    for (text, part) in REFUSED {
        let accepts = schema_accepts(text);
        let deeper = DEEPER.iter().any(|word| part.contains(word)) || part.contains("put it");
        if !deeper {
            assert_ne!(accepts, Some(true), "{text}: {part}");
        }
    }
    for wrong in ["clients = 0", "rate = -1", "duration = 10", "[[group]]\nduration = \"5s\"", "name = \"a\""] {
        assert_eq!(schema_accepts(wrong), Some(false), "{wrong}");
    }
}

#[test]
fn the_committed_schema_is_up_to_date() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema/plan.schema.json");
    let made = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == made, "run this test with UPDATE_DOCUMENTS=1 and commit {}", file.display());
}

#[test]
fn every_key_is_explained() {
    let schema = schema();
    for place in ["/properties", "/properties/group/items/properties"] {
        for (key, value) in schema.pointer(place).unwrap().as_object().unwrap() {
            assert!(value["description"].is_string(), "{key}");
        }
    }
    jsonschema::meta::validate(&schema).unwrap();
}
