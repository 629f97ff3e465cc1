//! What templates may name, and what an expectation needs of them.

use http::{HeaderName, HeaderValue};
use reports::model::{Expect, IdPlace};

use super::{PlanError, about};
use crate::{
    message::{MessageKind, Name, Place, Template},
    plan::{Group, Messages, RoomBy},
};

/// Bytes of a message, at most: as `--size` accepts.
const MOST: usize = 64 << 20;

/// Finds templates that name what is not there, or lack what the expectation needs.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let refused = |key, why| Err(about(index, key, why));
    if let Some(name) = expected_name(group)
        && !only_listens(group)
        && let Some(why) = lacks(group, &name)
    {
        return refused("expect", why);
    }
    connecting(group).map_err(|(key, why)| about(index, key, why))?;
    for (key, template, place) in templates(group) {
        let scope = group.scope(place);
        scope.check(template).map_err(|why| about(index, key, why))?;
        let most = scope.most_bytes(template);
        if most > MOST {
            return refused(key, format!("with its longest values it has {most} bytes; at most {MOST} are accepted"));
        }
        let is_echoed = key == "message" && group.expect == Expect::Echo;
        if is_echoed && template.has(&Name::UnixMs) {
            let why = "an echo is compared with what was sent, and `{{unix_ms}}` can't be made again; leave it out, or give \
                       --expect mark or --expect count";
            return refused(key, why.to_owned());
        }
    }
    Ok(())
}

/// The templates of a group, the keys that they are given by, and what they are for.
fn templates(group: &Group) -> impl Iterator<Item = (&'static str, &Template, Place)> {
    let messages = match &group.messages {
        Messages::Templates(templates) => &templates[..],
        Messages::Generated { .. } => &[],
    };
    let room = group.rooms.as_ref().and_then(|rooms| match &rooms.by {
        RoomBy::Name(template) => Some(template),
        RoomBy::Size(_) => None,
    });
    let steps = group.dialogue.on_open.iter().filter_map(|step| step.send.as_ref());
    let answers = group.dialogue.answers.iter().map(|answer| &answer.send);
    let certificate = group.connect.tls.certificate.as_ref();
    let of_kind = |key, place| move |template| (key, template, place);
    room.into_iter()
        .map(of_kind("room", Place::Room))
        .chain(messages.iter().map(of_kind("message", Place::Message)))
        .chain(steps.map(of_kind("on_open", Place::Connection)))
        .chain(answers.map(of_kind("answer", Place::Connection)))
        .chain(certificate.map(|of_clients| ("cert", &of_clients.certificate, Place::File)))
        .chain(certificate.map(|of_clients| ("key", &of_clients.key, Place::File)))
}

/// Finds what the opening handshake can't take.
fn connecting(group: &Group) -> Result<(), (&'static str, String)> {
    let scope = group.scope(Place::Connection);
    for resource in group.target.urls().iter().filter_map(|url| url.resource()) {
        scope.check(resource).map_err(|why| ("target", why))?;
    }
    for (name, value) in &group.connect.headers {
        let template = Template::named_in(value.as_bytes()).map_err(|error| ("header", error.to_string()))?;
        if let Some(template) = template {
            scope.check(&template).and_then(|()| stands_in(name, &template, group)).map_err(|why| ("header", why))?;
        }
    }
    Ok(())
}

/// Finds a value of data that can't stand in a header field. Does not show it.
fn stands_in(field: &HeaderName, template: &Template, group: &Group) -> Result<(), String> {
    let fits = |value: &str| match field.as_str() {
        "host" => !value.bytes().any(|byte| !byte.is_ascii_graphic() || b"/?#@,".contains(&byte)),
        "sec-websocket-protocol" => frames::handshake::is_token(value.as_bytes()),
        _ => HeaderValue::from_str(value).is_ok(),
    };
    let rooms = group.rooms.iter().filter_map(|rooms| match &rooms.by {
        RoomBy::Name(name) if template.has(&Name::Room) => Some(name),
        _ => None,
    });
    let names = rooms.chain([template]).flat_map(Template::names);
    for (name, data) in names.zip(std::iter::repeat(group.data.as_deref())) {
        let Some((data, column)) = data.and_then(|data| Some((data, data.column(&name.to_string())?))) else {
            continue;
        };
        if let Some((row, _)) = (1..).zip(data.values_of(column)).find(|(_, value)| !fits(value)) {
            return Err(format!(
                "the value of `{name}` in row {row} of {} can't stand in `{field}`: {}; change it in the file",
                data.path().display(),
                match field.as_str() {
                    "host" => "a host has no blanks and none of /?#@,",
                    "sec-websocket-protocol" =>
                        "the name of a subprotocol has letters, digits and !#$%&'*+-.^_`|~ only",
                    _ => "it has a control character, or one that is not ASCII",
                }
            ));
        }
    }
    Ok(())
}

/// The name by which an expectation finds the message of an event. Generated messages have a mark
/// of their own, which is enough where they are not changed on their way.
fn expected_name(Group { expect, messages, .. }: &Group) -> Option<Name> {
    match expect {
        Expect::Broadcast if matches!(messages, Messages::Generated { .. }) => None,
        Expect::Mark | Expect::Broadcast => Some(Name::Mark),
        Expect::Id(IdPlace::Pointer(_) | IdPlace::Regex(_)) => Some(Name::Id),
        Expect::Echo | Expect::Count | Expect::Reply(_) | Expect::Sequence(_) => None,
    }
}

/// Whether all clients of a group hear what another group sends to their rooms.
fn only_listens(group: &Group) -> bool {
    let publishes = group.rooms.as_ref().is_none_or(|rooms| rooms.publishers != Some(0));
    group.expect == Expect::Broadcast && !(group.load.sends() && publishes)
}

/// Says that a message lacks a name, if one does.
fn lacks(group: &Group, name: &Name) -> Option<String> {
    let Messages::Templates(templates) = &group.messages else {
        let example = match name {
            Name::Id => r#"--message '{"id":{{id}}}'"#,
            _ => r#"--message '{"text":"{{mark}}"}'"#,
        };
        return Some(format!(
            "`{}` finds a message by `{{{{{name}}}}}`; give messages that have it: {example}",
            group.expect
        ));
    };
    let (number, template) = (1..).zip(&**templates).find(|(_, template)| !template.has(name))?;
    let which = if templates.len() > 1 { format!("message {number}") } else { "the message".to_owned() };
    let expect = &group.expect;
    Some(match template.kind() {
        MessageKind::Text => {
            format!(
                "`{expect}` finds a message by `{{{{{name}}}}}`, and {which} has none; put it where the reply repeats it"
            )
        }
        MessageKind::Binary => format!(
            "`{expect}` finds a message by `{{{{{name}}}}}`, and {which} is binary, where nothing is substituted; give a text, \
             or --expect echo, count or reply=TEXT"
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, num::NonZeroU32, sync::Arc};

    use super::*;
    use crate::{
        message::Data,
        plan::{Answer, Dialogue, JoinStep, OwnCopy, Rooms, Target},
    };

    fn messages(texts: &[&str]) -> Group {
        let templates = texts.iter().map(|text| text.parse().unwrap()).collect();
        Group { messages: Messages::Templates(templates), expect: Expect::Count, ..Group::default() }
    }

    fn expecting(expect: &str, group: Group) -> Group {
        Group { expect: expect.parse().unwrap(), ..group }
    }

    fn with_data(group: Group) -> Group {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        file.write_all("user,token,bad\nann,x,\"é\n\"\n".as_bytes()).unwrap();
        Group { data: Some(Arc::new(Data::read(file.path()).unwrap())), ..group }
    }

    fn saying(send: &str, answer: &str) -> Group {
        let on_open = vec![JoinStep { send: Some(send.parse().unwrap()), expect: None }];
        let answers = vec![Answer { when: "x".parse().unwrap(), send: answer.parse().unwrap() }];
        Group { dialogue: Dialogue { on_open, answers, ..Dialogue::default() }, ..Group::default() }
    }

    fn connecting(url: &str, field: &str) -> Group {
        let (name, value) = field.split_once(": ").unwrap();
        let mut group = Group { target: Target::Url(url.parse().unwrap()), ..Group::default() };
        group.connect.headers.push((name.parse().unwrap(), value.parse().unwrap()));
        group
    }

    fn in_rooms(by: RoomBy, group: Group) -> Group {
        Group { rooms: Some(Rooms { by, publishers: None, own: OwnCopy::Expect, durable: false }), ..group }
    }

    #[test]
    fn templates_that_fit_are_taken() {
        let named = |name: &str| RoomBy::Name(name.parse().unwrap());
        let size = RoomBy::Size(NonZeroU32::MIN);
        for group in [
            Group::default(),
            messages(&["{{id}} {{unix_ms}}"]),
            with_data(messages(&["{{user}}", "{{token}}{{mark}}"])),
            expecting("mark", messages(&["a{{mark}}", "b{{mark}}"])),
            expecting("id=/id", messages(&["{{id}}"])),
            expecting("echo", messages(&["{{uuid}}"])),
            with_data(saying("{{client}} {{token}} {{uuid}}", "{{unix_ms}}")),
            in_rooms(size, messages(&["{{room}}"])),
            with_data(connecting("ws://h/{{user}}?{{token}}", "x-key: {{token}} of {{client}}")),
            with_data(connecting("ws://h/", "sec-websocket-protocol: v1, {{token}}")),
            with_data(in_rooms(named("r{{user}}"), messages(&["{{room}}"]))),
        ] {
            assert_eq!(check(0, &group), Ok(()), "{group:?}");
        }
    }

    #[test]
    fn templates_that_do_not_fit_are_refused() {
        let named = |name: &str| RoomBy::Name(name.parse().unwrap());
        let binary = Group { messages: Messages::Templates([Template::binary(b"x")].into()), ..Group::default() };
        for (group, key, part) in vec![
            (messages(&["{{id}}", "{{tokn}}"]), "message", "`{{tokn}}` is unknown"),
            (with_data(messages(&["{{tokn}}"])), "message", "did you mean `{{token}}`?"),
            (expecting("mark", messages(&["{{mark}}", "{{id}}"])), "expect", "message 2 has none"),
            (expecting("broadcast", messages(&["x"])), "expect", "the message has none"),
            (expecting("id=/id", messages(&["{{mark}}"])), "expect", "`id=/id` finds a message by `{{id}}`"),
            (expecting("mark", Group::default()), "expect", "give messages that have it: --message"),
            (expecting("mark", binary), "expect", "is binary, where nothing is substituted"),
            (expecting("echo", messages(&["{{unix_ms}}"])), "message", "can't be made again"),
            (saying("{{mark}}", "x"), "on_open", "is of a message"),
            (saying("x", "{{user}}"), "answer", "`{{user}}` is unknown"),
            (connecting("ws://h/{{user}}", "x: 1"), "target", "`{{user}}` is unknown"),
            (connecting("ws://h/{{mark}}", "x: 1"), "target", "is of a message"),
            (connecting("ws://h/", "x: {{user}}"), "header", "`{{user}}` is unknown"),
            (with_data(connecting("ws://h/", "host: {{bad}}")), "header", "in row 1 of"),
            (with_data(connecting("ws://h/", "sec-websocket-protocol: {{bad}}")), "header", "name of a subprotocol"),
            (
                with_data(connecting("ws://h/", "x: {{bad}}")),
                "header",
                "can't stand in `x`: it has a control character",
            ),
            (in_rooms(named("{{uuid}}"), messages(&["x"])), "room", "a room does not"),
            (messages(&["{{random:1000000}}".repeat(70).as_str()]), "message", "at most 67108864 are accepted"),
        ] {
            let error = check(3, &group).unwrap_err();
            assert_eq!((error.group, error.key, &error.value), (Some(3), key, &None), "{error}");
            assert!(error.why.contains(part), "{error}");
        }
    }
}
