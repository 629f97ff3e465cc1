//! What the answer to the opening handshake must have, and what is kept of it.

use super::*;
use crate::transport::ResolvedPath;

/// An opening that awaits the answer `head`, with a line for the accepted key.
fn answered(route: Route, head: &str) -> Result<Box<OpenedStream<OwnedFd>>, ConnectError> {
    let (listener, address) = listener();
    let mut route = route;
    route.destinations[0].path = ResolvedPath::direct(vec![address]);
    let mut watched = Watched::new(&Rc::new(route));
    watched.advance_until(|opening| matches!(opening.stage, Stage::Upgrade(..)));
    let (mut server, _) = listener.accept().unwrap();
    let request = read_request(&mut server);
    let answer =
        String::from_utf8(request.response(None, None)).unwrap().replace("\r\n\r\n", &format!("\r\n{head}\r\n"));
    server.write_all(answer.as_bytes()).unwrap();
    watched.end()
}

#[test]
fn a_server_must_choose_what_an_option_offers() {
    for (demands, head, expected) in [
        (true, "Sec-WebSocket-Protocol: v1\r\n", Ok(Some("v1"))),
        (true, "", Err("no_subprotocol")),
        (true, "Sec-WebSocket-Protocol: v2\r\n", Err("subprotocol_not_offered")),
        (true, "Sec-WebSocket-Protocol: v1, v1\r\n", Err("subprotocol_not_offered")),
        (false, "", Ok(None)),
        (false, "Sec-WebSocket-Protocol: v2\r\n", Err("subprotocol_not_offered")),
    ] {
        let route = Route { demands_subprotocol: demands, ..route(&[]) };
        let opened = answered(route, head);
        let chosen = opened.as_ref().map(|opened| opened.opened.answer.subprotocol.as_deref());
        assert_eq!(chosen.map_err(|error| error.kind.as_str()), expected, "{demands} {head:?}");
        if let Err(error) = opened {
            assert!(
                error.detail.contains(if head.is_empty() { "subprotocols v1" } else { "the server chose" }),
                "{error}"
            );
        }
    }
}
