use proptest::prelude::*;

use super::*;

fn parts(text: &str) -> Vec<String> {
    let shown = |segment: &Segment| match segment {
        Segment::Literal(bytes) => format!("={}", String::from_utf8_lossy(bytes)),
        Segment::Name(name) => name.to_string(),
    };
    text.parse::<Template>().unwrap().segments.iter().map(shown).collect()
}

#[test]
fn a_text_is_taken_apart() {
    for (text, expected) in [
        ("", &[][..]),
        ("plain", &["=plain"]),
        ("{{id}}", &["id"]),
        ("a{{ id }}b", &["=a", "id", "=b"]),
        (r#"{"a":{"b":{{id}}}}"#, &[r#"={"a":{"b":"#, "id", "=}}"]),
        ("{{client}}{{sequence}}{{unix_ms}}{{uuid}}{{room}}", &["client", "sequence", "unix_ms", "uuid", "room"]),
        ("{{random:16}}{{user name}}{{a:b}}", &["random:16", "user name", "a:b"]),
        ("{ { } }}", &["={ { } }}"]),
        ("a{{{{id}}", &["=a{{id}}"]),
        ("{{{id}}}", &["={", "id", "=}"]),
        ("{{{{{id}}}", &["={{{id}}}"]),
        ("{{{{{{id}}", &["={{", "id"]),
        ("{{{{{{{id}}", &["={{{", "id"]),
        ("{{{{", &["={{"]),
        ("é{{id}}漢", &["=é", "id", "=漢"]),
    ] {
        assert_eq!(parts(text), expected, "{text}");
    }
}

#[test]
fn a_refusal_names_the_place_and_the_remedy() {
    for (text, character, part) in [
        ("{{", 1, "`{{{{` for a `{{`"),
        ("é{{id", 2, "write `}}` after the name"),
        ("{{ }}", 1, "a name is missing"),
        ("a{{id {{mark}}", 2, "has no braces: is the `}}` of the name before it missing?"),
        ("{{random}}", 1, "such as `{{random:16}}`"),
        ("{{random:0}}", 1, "from 1 to 1048576"),
        ("{{random:1048577}}", 1, "from 1 to 1048576"),
        ("{{random:x}}", 1, "from 1 to 1048576"),
        ("{{client:3}}", 1, "write `{{client}}`"),
        ("{{mark}}-{{mark}}", 10, "twice"),
        ("{{{", 2, "not closed"),
    ] {
        let error = text.parse::<Template>().unwrap_err();
        assert!(error.character() == character && error.to_string().contains(part), "{text}: {error}");
        assert!(error.to_string().ends_with(&format!("(at character {character})")), "{error}");
    }
}

#[test]
fn binary_messages_are_taken_as_they_are() {
    let template = Template::binary(b"\xff{{id}}");
    assert_eq!((template.kind(), template.names().count()), (MessageKind::Binary, 0));
    assert_eq!(template.as_written(), b"\xff{{id}}");
}

#[test]
fn debug_output_has_none_of_the_text() {
    assert_eq!(format!("{:?}", "s3cret".parse::<Template>().unwrap()), "Text of 6 bytes");
}

/// A text that is taken apart like this.
fn written(template: &Template) -> String {
    let part = |part: TemplatePart<'_>| match part {
        TemplatePart::Literal(bytes) => String::from_utf8_lossy(bytes).replace("{{", "{{{{"),
        TemplatePart::Name(name) => format!("{{{{{name}}}}}"),
    };
    template.parts().map(part).collect()
}

proptest! {
    #[test]
    fn any_text_is_refused_at_a_place_or_taken(text in r#"([{}]{0,5}(id|mark|random:3|a b|é|:|"|) ?){0,6}"#) {
        match text.parse::<Template>() {
            Ok(template) => {
                prop_assert_eq!(template.as_written(), text.as_bytes());
                let again: Template = written(&template).parse().unwrap();
                prop_assert_eq!(again.segments, template.segments);
            }
            Err(error) => prop_assert!((1..=text.chars().count()).contains(&error.character()), "{error}"),
        }
    }
}
