//! Offers and answers as tables.

use frames::{
    deflate::{DeflateOffer, DeflateSettings, WindowBits, WindowParameter},
    handshake::{Key, RequestReader, ResponseReader, request},
};

fn settings(bits: u8, no_context_takeover: bool) -> DeflateSettings {
    DeflateSettings { window_bits: WindowBits::new(bits).expect("8 to 15"), no_context_takeover }
}

/// What a server that wishes `settings` makes of a request with this field.
fn answered(settings: DeflateSettings, field: &str) -> String {
    let fields = [("Sec-WebSocket-Extensions", field.as_bytes())];
    let mut bytes = Vec::new();
    request(&mut bytes, "x", "/", &Key::random(), fields.into_iter());
    match RequestReader::default().take(&bytes) {
        Ok(Some(upgrade)) => match settings.choose(&upgrade.deflate) {
            Some(parameters) => parameters.to_string(),
            None => "declined".to_owned(),
        },
        Ok(None) => "more".to_owned(),
        Err(rejection) => rejection.status().to_owned(),
    }
}

#[test]
fn a_server_accepts_the_first_lawful_offer() {
    for (offer, wide, narrow) in [
        ("permessage-deflate", "", "; server_max_window_bits=10"),
        (" permessage-deflate ;client_max_window_bits", "", "; client_max_window_bits=10; server_max_window_bits=10"),
        (
            "permessage-deflate; client_max_window_bits=9",
            "; client_max_window_bits=9",
            "; client_max_window_bits=9; server_max_window_bits=10",
        ),
        ("permessage-deflate; client_max_window_bits=15", "", "; client_max_window_bits=10; server_max_window_bits=10"),
        (
            "permessage-deflate; server_max_window_bits=\"8\"",
            "; server_max_window_bits=8",
            "; server_max_window_bits=8",
        ),
        ("permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15", "; server_max_window_bits=10"),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "; client_no_context_takeover; server_no_context_takeover",
            "; server_max_window_bits=10; client_no_context_takeover; server_no_context_takeover",
        ),
        (
            "x-other, permessage-deflate; client_max_window_bits=16, permessage-deflate",
            "",
            "; server_max_window_bits=10",
        ),
        (
            "permessage-deflate; server_max_window_bits=12, permessage-deflate",
            "; server_max_window_bits=12",
            "; server_max_window_bits=10",
        ),
    ] {
        assert_eq!(answered(settings(15, false), offer), format!("permessage-deflate{wide}"), "{offer}");
        assert_eq!(answered(settings(10, false), offer), format!("permessage-deflate{narrow}"), "{offer}");
    }
    let alone = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
    assert_eq!(answered(settings(15, true), "permessage-deflate"), alone);
}

#[test]
fn a_server_declines_what_is_unlawful_and_rejects_no_list() {
    for offer in [
        "x-webkit-deflate-frame",
        "Permessage-Deflate",
        "permessage-deflate; other",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    ] {
        assert_eq!(answered(settings(15, false), offer), "declined", "{offer}");
    }
    for offer in
        ["permessage-deflate;", "permessage-deflate; =9", "a b", "permessage-deflate; client_max_window_bits=\"9"]
    {
        assert_eq!(answered(settings(15, false), offer), "400 Bad Request", "{offer}");
    }
}

/// What a client that offers this makes of an answer with this field.
fn agreed(offer: DeflateOffer, field: &str) -> String {
    let key = Key::random();
    let mut reader = ResponseReader::new(&key, []).offering_deflate(offer);
    let field = if field == "none" { String::new() } else { format!("Sec-WebSocket-Extensions: {field}\r\n") };
    let response = format!(
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n{field}\r\n",
        key.accept()
    );
    match reader.take(response.as_bytes()) {
        Ok(Some(accepted)) => match accepted.deflate {
            Some(parameters) => parameters.to_string().trim_start_matches("permessage-deflate").to_owned(),
            None => "declined".to_owned(),
        },
        Ok(None) => "more".to_owned(),
        Err(refusal) => format!("{}: {refusal}", refusal.kind()),
    }
}

#[test]
fn a_client_takes_each_lawful_answer() {
    let bits = |bits| WindowBits::new(bits).expect("8 to 15");
    let bare = DeflateOffer::default();
    let small = settings(10, false).offer();
    for (offer, answer, expected) in [
        (bare, "none", "declined"),
        (bare, "permessage-deflate", ""),
        (bare, "permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15"),
        (bare, "permessage-deflate; server_no_context_takeover", "; server_no_context_takeover"),
        (bare, "permessage-deflate; client_no_context_takeover", "; client_no_context_takeover"),
        (settings(15, false).offer(), "permessage-deflate", ""),
        (settings(15, false).offer(), "permessage-deflate; client_max_window_bits=8", "; client_max_window_bits=8"),
        (small, "none", "declined"),
        (
            small,
            "permessage-deflate; server_max_window_bits=9",
            "; client_max_window_bits=10; server_max_window_bits=9",
        ),
        (
            small,
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=\"9\"",
            "; client_max_window_bits=9; server_max_window_bits=10",
        ),
        (
            settings(15, true).offer(),
            "permessage-deflate; server_no_context_takeover",
            "; client_no_context_takeover; server_no_context_takeover",
        ),
        (
            DeflateOffer { client_max_window_bits: WindowParameter::AtMost(bits(12)), ..bare },
            "permessage-deflate; client_max_window_bits=12",
            "; client_max_window_bits=12",
        ),
    ] {
        assert_eq!(agreed(offer, answer), expected, "{offer} and {answer}");
    }
}

#[test]
fn a_client_refuses_each_unlawful_answer() {
    const WRONG: &str = "wrong_extension_parameters: the server chose permessage-deflate with wrong parameters: ";
    let (bare, wide) = (DeflateOffer::default(), settings(15, false).offer());
    let (small, alone) = (settings(10, false).offer(), settings(15, true).offer());
    for (offer, parameters, expected) in [
        (wide, "; other", "the extension has no such parameter"),
        (wide, "; server_max_window_bits=9; server_max_window_bits=9", "a parameter stands there twice"),
        (wide, "; server_no_context_takeover; server_no_context_takeover", "a parameter stands there twice"),
        (wide, "; server_max_window_bits=16", "a value is wrong"),
        (wide, "; server_max_window_bits", "a value is wrong"),
        (wide, "; client_max_window_bits", "a value is wrong"),
        (wide, "; client_max_window_bits=010", "a value is wrong"),
        (wide, "; client_no_context_takeover=true", "a value is wrong"),
        (wide, ", permessage-deflate", "the extension stands there twice"),
        (bare, "; client_max_window_bits=10", "client_max_window_bits was not offered"),
        (small, "", "server_max_window_bits was offered and is not accepted"),
        (small, "; server_max_window_bits=11", "server_max_window_bits is larger than offered"),
        (
            small,
            "; server_max_window_bits=10; client_max_window_bits=11",
            "client_max_window_bits is larger than offered",
        ),
        (alone, "; client_no_context_takeover", "server_no_context_takeover was offered and is not accepted"),
    ] {
        assert_eq!(agreed(offer, &format!("permessage-deflate{parameters}")), format!("{WRONG}{expected}"), "{offer}");
    }
    for (answer, kind) in [
        ("permessage-deflate;", "malformed_extension"),
        ("", "malformed_extension"),
        (",", "malformed_extension"),
        ("x-other", "extension_not_offered"),
        ("permessage-deflate, x-other", "extension_not_offered"),
    ] {
        assert!(agreed(wide, answer).starts_with(kind), "{answer}: {}", agreed(wide, answer));
    }
}

#[test]
fn each_offer_is_read_as_it_is_written() {
    for bits in 8..=15 {
        for no_context_takeover in [false, true] {
            let settings = settings(bits, no_context_takeover);
            let offer = settings.offer();
            let text = offer.to_string();
            let (mut bytes, key) = (Vec::new(), Key::random());
            let fields = [("Sec-WebSocket-Extensions", text.as_bytes())];
            request(&mut bytes, "x", "/", &key, fields.into_iter());
            let upgrade = RequestReader::default().take(&bytes).expect("lawful").expect("whole");
            assert_eq!(upgrade.deflate, [offer]);
            let chosen = settings.choose(&upgrade.deflate).expect("lawful");
            let mut reader = ResponseReader::new(&key, []).offering_deflate(offer);
            let accepted = reader.take(&upgrade.response(None, Some(chosen))).expect("lawful").expect("whole");
            assert_eq!(accepted.deflate, Some(chosen), "{text}");
        }
    }
    assert_eq!(settings(15, false).offer().to_string(), "permessage-deflate; client_max_window_bits");
    assert_eq!(
        settings(9, true).offer().to_string(),
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9; client_no_context_takeover; \
         server_no_context_takeover"
    );
}
