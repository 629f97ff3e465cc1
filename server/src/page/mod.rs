//! The page with which a browser tries the server. It sends bursts with the browser's own
//! WebSocket, and judges what comes back.

mod request;

use self::request::RequestHead;
pub(crate) use self::request::{parameter, path};
use crate::options::Reply;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// The line in which the page says how the server answers: with an echo, or with a fixed text.
const ECHO: &str = r#"<meta name="reply" content="echo">"#;
const TEXT: &str = r#"<meta name="reply" content="text">"#;

/// SHA-256 of the script and of the style sheet in the page, for the content security policy (CSP
/// level 3, section 6.7.3.3). A test compares them with the page.
const SCRIPT_HASH: &str = "sha256-wGc6EvGUlBAc/UNTssY8MjQ0UcP4USt9ynxyz2ji/uc=";
const STYLE_HASH: &str = "sha256-sVZHrhWNM1pBSAGC5DO0tawiM7d9q5vCZ8n73cNy184=";

/// The page of a server that answers with `reply`.
pub(crate) fn content(reply: &Reply) -> String {
    let page = PAGE.replacen("{{style}}", STYLE, 1).replacen("{{script}}", SCRIPT, 1);
    match reply {
        Reply::Echo => page,
        Reply::Text(_) => page.replacen(ECHO, TEXT, 1),
    }
}

/// The answer to the request in `head`, if it asks for the page, which is `content`.
pub(crate) fn answer(content: &str, head: &[u8]) -> Option<String> {
    let request = RequestHead::read(head);
    if !request.asks_for_page() {
        return None;
    }
    let length = content.len();
    let body = if request.is_head() { "" } else { content };
    // `self` covers ws: and wss: of this host and port (CSP level 3, section 6.7.2.8). The icon is
    // a data: URL, as browsers would ask for /favicon.ico otherwise.
    Some(format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'; script-src '{SCRIPT_HASH}'; style-src '{STYLE_HASH}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n{body}"
    ))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use sha2::{Digest, Sha256};

    use super::*;

    /// The hash of the text between `<tag>` and `</tag>`, which the page has once.
    fn hash(tag: &str) -> String {
        let (opening, closing) = (format!("<{tag}>"), format!("</{tag}>"));
        let page = content(&Reply::Echo);
        assert_eq!(page.matches(&format!("<{tag}")).count(), 1, "one {tag} without attributes");
        let (_, rest) = page.split_once(&opening).expect("its beginning");
        let (text, _) = rest.split_once(&closing).expect("its end");
        format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
    }

    #[test]
    fn the_policy_allows_exactly_the_script_and_style_of_the_page() {
        assert_eq!((SCRIPT_HASH, STYLE_HASH), (hash("script").as_str(), hash("style").as_str()));
        // The browser would refuse inline code that no hash covers.
        for inline in [" style=", " onclick=", " onload=", "javascript:"] {
            assert!(!content(&Reply::Echo).contains(inline), "{inline}");
        }
    }

    #[test]
    fn the_page_links_to_no_other_site() {
        let page = content(&Reply::Echo);
        let names: Vec<_> = page.match_indices("//").filter(|(at, _)| page[..*at].ends_with(':')).collect();
        let namespaces = page.matches("http://www.w3.org/2000/svg").count();
        // Both namespaces of SVG, and the beginning of the URL of this server.
        assert_eq!((names.len(), namespaces), (3, 2));
    }

    #[test]
    fn the_page_says_whether_the_server_echoes() {
        assert_eq!(PAGE.matches(ECHO).count(), 1);
        assert!(content(&Reply::Echo).contains(ECHO));
        let fixed = content(&Reply::Text("hello".to_owned()));
        assert!(fixed.contains(TEXT) && !fixed.contains(ECHO));
    }
}
