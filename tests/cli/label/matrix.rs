//! The request matrix: forty ways to ask, each let in or refused as it should be.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Page, corpus};
use crate::workdir::Workdir;

/// What is asked, and the status that comes back. `HOST` is the right host, `COOKIE` the right cookie, `ORIGIN` the right
/// origin, `TOKEN` and `PORT` those of the server; a body is what `BODY` stands for.
const MATRIX: [(&str, &str, u16); 45] = [
    // Reading, by the host that is asked for.
    ("the own page", "GET /api/session HTTP/1.1\nHOST\nCOOKIE", 200),
    ("the same by name", "GET /api/session HTTP/1.1\nhost: localhost:PORT\nCOOKIE", 200),
    ("the same by IPv6", "GET /api/session HTTP/1.1\nhost: [::1]:PORT\nCOOKIE", 200),
    ("a foreign host", "GET /api/session HTTP/1.1\nhost: evil.com\nCOOKIE", 403),
    ("a rebound name", "GET /api/session HTTP/1.1\nhost: evil.com:PORT\nCOOKIE", 403),
    ("a name that begins like ours", "GET /api/session HTTP/1.1\nhost: 127.0.0.1.evil.com:PORT\nCOOKIE", 403),
    ("a host without its port", "GET /api/session HTTP/1.1\nhost: 127.0.0.1\nCOOKIE", 403),
    ("another port", "GET /api/session HTTP/1.1\nhost: 127.0.0.1:1\nCOOKIE", 403),
    ("the address as a number", "GET /api/session HTTP/1.1\nhost: 2130706433:PORT\nCOOKIE", 403),
    ("any address", "GET /api/session HTTP/1.1\nhost: 0.0.0.0:PORT\nCOOKIE", 403),
    ("a trailing dot", "GET /api/session HTTP/1.1\nhost: localhost.:PORT\nCOOKIE", 403),
    ("a user in the host", "GET /api/session HTTP/1.1\nhost: me@127.0.0.1:PORT\nCOOKIE", 403),
    ("no host", "GET /api/session HTTP/1.1\nCOOKIE", 400),
    ("two hosts", "GET /api/session HTTP/1.1\nHOST\nhost: evil.com\nCOOKIE", 400),
    ("a host in the target", "GET http://evil.com/api/session HTTP/1.1\nHOST\nCOOKIE", 403),
    ("no host in HTTP/1.0", "GET /api/session HTTP/1.0\nCOOKIE", 400),
    // Who asks.
    ("no cookie", "GET /api/session HTTP/1.1\nHOST", 403),
    (
        "a wrong cookie",
        "GET /api/session HTTP/1.1\nHOST\ncookie: sayso-PORT=0123456789abcdef0123456789abcdef",
        403,
    ),
    ("another server's cookie", "GET /api/session HTTP/1.1\nHOST\ncookie: sayso-1=TOKEN", 403),
    ("the token elsewhere", "GET /api/session?token=TOKEN HTTP/1.1\nHOST", 403),
    ("a wrong token", "GET /?token=0123456789abcdef0123456789abcdef HTTP/1.1\nHOST", 403),
    ("the right token", "GET /?token=TOKEN HTTP/1.1\nHOST", 303),
    ("the right token, rebound", "GET /?token=TOKEN HTTP/1.1\nhost: evil.com:PORT", 403),
    // Tricks with paths.
    ("dots", "GET /../Cargo.toml HTTP/1.1\nHOST\nCOOKIE", 404),
    ("coded dots", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\nHOST\nCOOKIE", 404),
    ("coded slashes", "GET /..%2f..%2fetc/passwd HTTP/1.1\nHOST\nCOOKIE", 404),
    ("two slashes", "GET //etc/passwd HTTP/1.1\nHOST\nCOOKIE", 404),
    ("the journal", "GET /labels.csv.journal HTTP/1.1\nHOST\nCOOKIE", 404),
    ("a zero byte", "GET /page.js%00.html HTTP/1.1\nHOST\nCOOKIE", 404),
    // Other sites.
    ("a read from another site", "GET /api/session HTTP/1.1\nHOST\nCOOKIE\nsec-fetch-site: cross-site", 403),
    ("a read from another origin", "GET /api/session HTTP/1.1\nHOST\nCOOKIE\norigin: https://evil.com", 403),
    // Writing.
    ("a write by reading", "GET /api/act HTTP/1.1\nHOST\nCOOKIE", 404),
    ("no origin", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nJSON\nBODY", 403),
    ("a foreign origin", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nJSON\norigin: http://evil.com\nBODY", 403),
    ("an origin without a name", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nJSON\norigin: null\nBODY", 403),
    (
        "another port's origin",
        "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nJSON\norigin: http://127.0.0.1:1\nBODY",
        403,
    ),
    ("another site", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nJSON\nsec-fetch-site: cross-site\nBODY", 403),
    ("a neighbour site", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nJSON\nsec-fetch-site: same-site\nBODY", 403),
    ("plain text", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\ncontent-type: text/plain\nBODY", 415),
    (
        "a form",
        "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\ncontent-type: application/x-www-form-urlencoded\nBODY",
        415,
    ),
    ("no type", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\nBODY", 415),
    ("another method", "PUT /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\nJSON\nBODY", 405),
    ("a question before", "OPTIONS /api/act HTTP/1.1\nHOST\norigin: http://evil.com", 405),
    ("too much", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\nJSON\ncontent-length: 1048577", 413),
    ("two lengths", "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\nJSON\ncontent-length: 5\nBODY", 400),
];

fn request(page: &Page, ask: &str) -> String {
    let (port, token) = (page.port.to_string(), page.token.as_str());
    let body = json!({"place": 0, "action": {"do": "finish"}}).to_string();
    let (mut head, mut content) = (String::new(), "");
    for line in ask.lines() {
        let line = match line {
            "HOST" => format!("host: 127.0.0.1:{port}"),
            "COOKIE" => format!("cookie: sayso-{port}={token}"),
            "ORIGIN" => format!("origin: http://127.0.0.1:{port}"),
            "JSON" => "content-type: application/json".to_string(),
            "BODY" => {
                content = &body;
                format!("content-length: {}", body.len())
            }
            other => other.replace("PORT", &port).replace("TOKEN", token),
        };
        head += &[line.as_str(), "\r\n"].concat();
    }
    format!("{head}connection: close\r\n\r\n{content}")
}

#[test]
fn each_of_forty_requests_is_let_in_or_refused_as_it_should_be() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    let wrong: Vec<String> = MATRIX
        .iter()
        .filter_map(|(what, ask, status)| {
            let found = page.raw(&request(&page, ask)).map_or(0, |answer| answer.status);
            (found != *status).then(|| format!("{what}: {found}, not {status}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let progress: Value = serde_json::from_str(&page.get("/api/progress").body).expect("JSON");
    assert_eq!((progress["served"].as_u64(), progress["undoable"].as_u64()), (Some(0), Some(0)));
    // The one that asks as the page does is taken.
    let own = "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\nJSON\nBODY";
    assert_eq!(page.raw(&request(&page, own)).expect("an answer").status, 200);
    page.end();
}

#[test]
fn a_head_or_a_body_that_never_comes_is_given_up() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    let own = request(&page, "POST /api/act HTTP/1.1\nHOST\nCOOKIE\nORIGIN\nJSON\nBODY");
    let start = Instant::now();
    let mut slow: Vec<_> = [own.len() - 5, 40]
        .into_iter()
        .map(|cut| {
            let mut stream = page.connect().expect("it listens");
            stream.write_all(&own.as_bytes()[..cut]).expect("it reads");
            stream
        })
        .collect();
    let answers: Vec<String> = slow
        .iter_mut()
        .map(|stream| {
            let mut text = String::new();
            // A connection that is reset says as much as one that is closed.
            let _ = stream.read_to_string(&mut text);
            text
        })
        .collect();
    let waited = start.elapsed();
    assert!(answers[0].contains(" 408 "), "{answers:?}");
    assert!(!answers[1].contains(" 200 "), "{answers:?}");
    assert!((Duration::from_secs(8)..Duration::from_secs(19)).contains(&waited), "{waited:?}");
    let progress: Value = serde_json::from_str(&page.get("/api/progress").body).expect("JSON");
    assert_eq!(progress["served"].as_u64(), Some(0));
    page.end();
}
