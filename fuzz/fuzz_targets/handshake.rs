//! Any bytes, cut anywhere, as the answer of a server or a proxy to a client, or as the request to
//! a server: no panic, no more memory than came or is allowed, and one decision however the stream
//! is cut.
//!
//! The first two bytes of an input choose the role, with what it offers, and where to cut; the rest
//! is the stream.

#![no_main]

use frames::{
    Role,
    deflate::{DeflateOffer, DeflateSettings, WindowBits},
    handshake::{
        Accepted, BEGINNING_BYTES, BODY_BYTES, HEAD_BYTES, INTERIM_RESPONSES, Key, Rejection, RequestReader,
        ResponseError, ResponseReader, TunnelReader, UpgradeRequest,
    },
};
use libfuzzer_sys::fuzz_target;

/// What a client that offers this makes of a stream in pieces that ends then.
fn answered(stream: &[u8], piece: usize, deflate: Option<DeflateOffer>) -> Result<Accepted, ResponseError> {
    let (key, offered) = (Key::from(*b"the sample nonce"), ["v1".to_owned(), "v2".to_owned()]);
    let mut answer = ResponseReader::new(&key, &offered);
    if let Some(offer) = deflate {
        answer = answer.offering_deflate(offer);
    }
    let mut rest = stream;
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(piece.min(rest.len()));
        rest = behind;
        if let Some(mut accepted) = answer.take(next)? {
            accepted.remaining.extend_from_slice(rest);
            return Ok(accepted);
        }
    }
    Err(answer.finish())
}

/// What a server makes of a stream in pieces; none if it is no whole request.
fn asked(stream: &[u8], piece: usize) -> Result<Option<UpgradeRequest>, Rejection> {
    let mut asked = RequestReader::default();
    let mut rest = stream;
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(piece.min(rest.len()));
        rest = behind;
        if let Some(mut upgrade) = asked.take(next)? {
            upgrade.remaining.extend_from_slice(rest);
            return Ok(Some(upgrade));
        }
        assert!(asked.bytes().len() < HEAD_BYTES + piece);
    }
    Ok(None)
}

fn client(stream: &[u8], piece: usize, deflate: Option<DeflateOffer>) {
    let whole = answered(stream, stream.len().max(1), deflate);
    assert_eq!(whole, answered(stream, piece, deflate));
    assert_eq!(whole, answered(stream, 1, deflate));
    match &whole {
        Ok(accepted) => {
            assert!(accepted.interim <= INTERIM_RESPONSES);
            assert!(accepted.subprotocol.as_deref().is_none_or(|name| ["v1", "v2"].contains(&name)));
            assert_eq!(accepted.fields.first("sec-websocket-extensions").is_some(), accepted.deflate.is_some());
            if let Some(parameters) = accepted.deflate {
                let offer = deflate.expect("only what was offered is agreed on");
                assert!(offer.server_max_window_bits.is_none_or(|most| parameters.window_bits(Role::Server) <= most));
                assert!(parameters.server_no_context_takeover || !offer.server_no_context_takeover);
            }
            assert!(stream.ends_with(&accepted.remaining));
        }
        Err(refusal) => {
            let kind = refusal.kind();
            assert!(kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
            match refusal {
                ResponseError::Declined(declined) => {
                    assert!(declined.status != 101 && declined.status / 100 != 1 && declined.body.len() <= BODY_BYTES);
                }
                ResponseError::NotHttp(beginning) | ResponseError::Ended(beginning) => {
                    assert!(beginning.len() <= BEGINNING_BYTES);
                }
                _ => {}
            }
        }
    }
}

/// What a client makes of a proxy's answer in pieces.
fn tunnelled(stream: &[u8], piece: usize) -> Result<Vec<u8>, ResponseError> {
    let mut answer = TunnelReader::default();
    let mut rest = stream;
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(piece.min(rest.len()));
        rest = behind;
        if let Some(mut remaining) = answer.take(next)? {
            remaining.extend_from_slice(rest);
            return Ok(remaining);
        }
    }
    Err(answer.finish())
}

fn proxy(stream: &[u8], piece: usize) {
    let whole = tunnelled(stream, stream.len().max(1));
    assert_eq!(whole, tunnelled(stream, piece));
    assert_eq!(whole, tunnelled(stream, 1));
    match &whole {
        Ok(remaining) => assert!(stream.ends_with(remaining)),
        Err(ResponseError::Declined(declined)) => {
            assert!(declined.status / 100 != 2 && declined.body.len() <= BODY_BYTES);
        }
        Err(_) => {}
    }
}

fn server(stream: &[u8], piece: usize) {
    let whole = asked(stream, stream.len().max(1));
    assert_eq!(whole, asked(stream, piece));
    assert_eq!(whole, asked(stream, 1));
    match whole {
        Ok(Some(upgrade)) => {
            // A client takes the answer of the server, or refuses only its key.
            let offer = upgrade.deflate.first().copied();
            let answer = upgrade.response(None, DeflateSettings::default().choose(&upgrade.deflate));
            let refused = answered(&answer, answer.len(), offer);
            assert!(matches!(refused, Ok(_) | Err(ResponseError::WrongAccept(_))), "{refused:?}");
            assert!(stream.ends_with(&upgrade.remaining));
        }
        Ok(None) => {}
        Err(rejection) => {
            let refused = answered(&rejection.response(), 1, None);
            assert!(matches!(refused, Err(ResponseError::Declined(_))), "{refused:?}");
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [role, piece, stream @ ..] = bytes else { return };
    let piece = usize::from(*piece).max(1);
    if role & 1 == 1 {
        return server(stream, piece);
    }
    let deflate = (role & 2 != 0).then(|| {
        let window_bits = WindowBits::new(8 + (role >> 2 & 7)).expect("8 to 15");
        DeflateSettings { window_bits, no_context_takeover: role & 32 != 0 }.offer()
    });
    client(stream, piece, deflate);
    proxy(stream, piece);
});
