use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::message::{Capture, Data, Id, Payload, Source, Template, Templates};

const RUN: u32 = 0x3f9a_1c22;
const CLIENTS: u32 = 12;
/// The group's first client.
const FIRST: u32 = 4;

fn data(name: &str, bytes: &str) -> Data {
    let mut file = tempfile::Builder::new().suffix(name).tempfile().unwrap();
    file.write_all(bytes.as_bytes()).unwrap();
    Data::read(file.path()).unwrap()
}

fn users() -> Data {
    data(".csv", "user,token\nann,t0k-a\nbob,\ncat,t0k-ccc\n")
}

fn values(data: Option<Data>) -> Arc<Values> {
    Arc::new(Values::new(RUN, CLIENTS, FIRST, data.map(Arc::new)))
}

fn bound(values: &Arc<Values>, text: &str, place: Place) -> Result<BoundTemplate, String> {
    values.bind(&text.parse::<Template>().unwrap(), place)
}

fn text(values: &Arc<Values>, template: &str, client: u32, sequence: u64) -> String {
    String::from_utf8(bound(values, template, Place::Message).unwrap().encode_for(client, sequence)).unwrap()
}

#[test]
fn names_stand_for_what_they_say() {
    let values = values(Some(users()));
    for (template, client, sequence, expected) in [
        ("plain", 4, 0, "plain"),
        ("{{client}}/{{sequence}}", 4, 0, "4/0"),
        ("{{client}}/{{sequence}}", 11, 1_000_000, "11/1000000"),
        // 1 + 5 + 7 * 12.
        (r#"{"id":{{id}}}"#, 5, 7, r#"{"id":90}"#),
        // Rows follow the index in the group, and begin again.
        ("{{user}}:{{token}}", 4, 0, "ann:t0k-a"),
        ("{{user}}:{{token}}", 5, 9, "bob:"),
        ("{{user}}:{{token}}", 6, 0, "cat:t0k-ccc"),
        ("{{user}}:{{token}}", 7, 0, "ann:t0k-a"),
    ] {
        assert_eq!(text(&values, template, client, sequence), expected, "{template}");
    }
}

#[test]
fn a_mark_is_the_header_of_a_text_message() {
    let mut header = vec![0; 53];
    Payload::new(RUN, 53, crate::message::Mix::Text).encode(6, 1 << 40, &mut header);
    let expected = format!("<{}>", String::from_utf8(header).unwrap());
    assert_eq!(text(&values(None), "<{{mark}}>", 6, 1 << 40), expected);
}

#[test]
fn time_is_of_thirteen_digits() {
    let template = bound(&values(None), "{{unix_ms}}", Place::Message).unwrap();
    let text = String::from_utf8(template.encode_for(4, 0)).unwrap();
    assert!(text.len() == 13 && text.parse::<u64>().unwrap() > 1_700_000_000_000, "{text}");
    assert!(!template.is_pure() && bound(&values(None), "{{uuid}}", Place::Message).unwrap().is_pure());
}

#[test]
fn random_text_follows_the_seed() {
    let values = values(None);
    let of = |template: &str, client, sequence| text(&values, template, client, sequence);
    let first = of("{{random:70}}", 4, 0);
    assert_eq!((first.len(), &first), (70, &of("{{random:70}}", 4, 0)));
    assert!([of("{{random:70}}", 5, 0), of("{{random:70}}", 4, 1)].iter().all(|other| *other != first));
    let both = of("{{uuid}}{{uuid}}", 4, 0);
    assert!(both[..36] != both[36..], "two places differ");
    let elsewhere = bound(&values, "{{random:70}}", Place::Connection).unwrap().encode_for(4, 0);
    assert_ne!(elsewhere, first.into_bytes());
}

#[test]
fn rooms_are_named_by_number_or_text() {
    let by = |name: RoomName<'_>| {
        Arc::new(Values::new(RUN, CLIENTS, FIRST, Some(Arc::new(users()))).with_rooms(name).unwrap())
    };
    let numbers = by(RoomName::Number(std::num::NonZeroU32::new(3).unwrap()));
    assert_eq!([4, 6, 7, 11].map(|client| text(&numbers, "{{room}}", client, 0)).join(" "), "0 0 1 2");
    let name: Template = "of-{{user}}".parse().unwrap();
    let texts = by(RoomName::Text(&name));
    assert_eq!([4, 5, 7].map(|client| text(&texts, "<{{room}}>", client, 0)).join(" "), "<of-ann> <of-bob> <of-ann>");
    let column = Values::new(RUN, CLIENTS, FIRST, Some(Arc::new(data(".csv", "room\nblue\n"))));
    assert_eq!(text(&Arc::new(column.clone()), "{{room}}", 4, 0), "blue");
    let name: Template = "{{room}}".parse().unwrap();
    assert_eq!(text(&Arc::new(column.with_rooms(RoomName::Text(&name)).unwrap()), "{{room}}", 4, 0), "blue");
}

#[test]
fn outputs_show_names_for_values() {
    let template =
        bound(&values(Some(users())), "{{user}} {{token}} {{sequence}} {{unix_ms}} {{client}}", Place::Message)
            .unwrap();
    let shown = template.masked(&template.values().of(6), 3);
    assert_eq!(String::from_utf8(shown).unwrap(), "{{user}} {{token}} 3 {{unix_ms}} 6");
}

#[test]
fn templates_are_sent_in_turn() {
    let values = values(None);
    let all = ["a{{sequence}}", "bb{{sequence}}"].map(|text| bound(&values, text, Place::Message).unwrap());
    let source = Source::Templates(Templates::new(all.into()));
    let texts: Vec<_> = (9..12).map(|sequence| String::from_utf8(source.of(5).bytes(sequence)).unwrap()).collect();
    assert_eq!(texts, ["bb9", "a10", "bb11"]);
}

#[test]
fn a_refusal_says_what_can_stand_there() {
    let users = users();
    let ids = data(".csv", "id,room\n1,2\n");
    let (none, size) = (None, Some(RoomName::Number(std::num::NonZeroU32::MIN)));
    for (template, place, data, rooms, expected) in [
        ("{{usr}}", Place::Message, Some(&users), none, "has user, token; did you mean `{{user}}`?"),
        ("{{usr}}", Place::Message, None, none, "with --data FILE the columns of the file"),
        ("{{sequenc}}", Place::Message, None, none, "did you mean `{{sequence}}`?"),
        ("{{MARK}}", Place::Message, None, none, "`{{MARK}}` is unknown"),
        ("{{id}}", Place::Message, Some(&ids), none, "a column of"),
        ("{{room}}", Place::Message, None, none, "give --room-size"),
        ("{{room}}", Place::Message, Some(&users), none, "no column `room`"),
        ("{{room}}", Place::Message, Some(&ids), size, "--room '{{room}}' instead of --room-size"),
        ("{{mark}}", Place::Connection, None, none, "is of a message, and this is none"),
        ("{{id}}", Place::Connection, None, none, "is of a message"),
        ("{{sequence}}", Place::Room, None, none, "is of a message"),
        ("{{uuid}}", Place::Room, None, none, "a room does not"),
    ] {
        let refused = Scope { place, data, rooms, captures: &[] }.check(&template.parse().unwrap()).unwrap_err();
        assert!(refused.contains(expected), "{template}: {refused}");
    }
}

const NAMES: &[&str] = &["client", "sequence", "id", "uuid", "random:3", "random:100", "user", "token"];

fn templates() -> impl Strategy<Value = String> {
    let part = prop_oneof!["[a-z{}\"é]{0,40}", prop::sample::select(NAMES).prop_map(|name| format!("{{{{{name}}}}}"))];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    /// Encoded twice, a message is the same, as long as was announced, and shown with equal bytes
    /// where nothing is masked. Bounds hold.
    #[test]
    fn messages_are_what_was_announced(
        text in templates(), mask: [u8; 4], client in FIRST..CLIENTS, sequence in 0..(1_u64 << 40)
    ) {
        let Ok(template) = text.parse::<Template>() else { return Ok(()) };
        let values = values(Some(users()));
        let scope = Scope { place: Place::Message, data: values.data.as_deref(), rooms: None, captures: &[] };
        let Ok(bound) = values.bind(&template, Place::Message) else {
            prop_assert!(scope.check(&template).is_err());
            return Ok(());
        };
        prop_assert!(scope.check(&template).is_ok());
        let of = values.of(client);
        let plain = bound.encode_for(client, sequence);
        prop_assert_eq!(plain.len(), bound.length(&of, sequence));
        prop_assert!(plain.len() <= scope.most_bytes(&template));
        prop_assert!(std::str::from_utf8(&plain).is_ok());
        let mut masked = vec![0; plain.len()];
        bound.encode(&of, sequence, PayloadSpace::new(Some(mask), &mut masked));
        for (byte, mask) in masked.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        prop_assert_eq!(&masked, &plain);
        let has_values = template.names().any(|name| matches!(name, crate::message::Name::Column(_)));
        prop_assert!(has_values || bound.masked(&of, sequence) == plain);
    }

    #[test]
    fn an_id_leads_back_to_its_message(client in 0..CLIENTS, sequence in 0..(1_u64 << 48)) {
        let id = Id { client, sequence };
        prop_assert_eq!(Id::decode(id.encode(CLIENTS), CLIENTS), Some(id));
    }
}

#[test]
fn what_a_client_remembers_stands_where_a_connection_does() {
    let captures = [Capture { name: "last".to_owned(), pattern: "(a)".parse().unwrap() }];
    let values = Arc::new(Values::new(RUN, CLIENTS, FIRST, None).with_captures(&captures));
    let template = bound(&values, "after={{last}}!", Place::Connection).unwrap();
    assert_eq!(template.encode_for(4, 0), b"after=!");
    assert_eq!(template.encode_with(4, 0, &["xy".into()]), b"after=xy!");
    assert_eq!(template.masked(&values.of(4), 0), b"after={{last}}!");
    let refused = bound(&values, "{{last}}", Place::Message).unwrap_err();
    assert!(refused.starts_with("`{{last}}` is what a client remembers (--capture); it can stand in"), "{refused}");
    let meant = bound(&values, "{{lost}}", Place::Connection).unwrap_err();
    assert!(meant.ends_with("did you mean `{{last}}`?"), "{meant}");
}
