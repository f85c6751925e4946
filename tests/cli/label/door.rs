//! What is let in.

use serde_json::{Value, json};

use super::{Page, corpus};
use crate::workdir::Workdir;

#[test]
fn only_its_own_page_is_let_in() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    let port = page.port;
    let door = page.raw(&format!(
        "GET /?token={} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n",
        page.token
    ));
    let door = door.expect("an answer");
    assert_eq!(door.status, 303);
    assert!(door.head.contains("samesite=strict") && door.head.contains("httponly"), "{}", door.head);
    let first = page.get("/");
    assert_eq!(first.status, 200);
    assert!(first.head.contains("content-security-policy: default-src 'none'"), "{}", first.head);
    assert!(
        !first.body.contains("http://") && !first.body.contains("https://"),
        "the page asks for nothing elsewhere"
    );
    for asset in [
        "/page.js",
        "/work.js",
        "/keys.js",
        "/points.js",
        "/curve.js",
        "/page.css",
        "/icon.svg",
        "/api/session",
        "/api/curve",
    ] {
        let answer = page.get(asset);
        assert_eq!(answer.status, 200, "{asset}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/page.js/",
        "/PAGE.JS",
        "/page.js%00",
        "/.",
        "/api",
        "/api/",
        "/api/act",
        "/\\..\\..\\x",
        "/s.csv",
        "/labels.csv",
        "/labels.csv.journal",
    ] {
        let answer = page.get(path);
        assert!(answer.status == 404 || answer.status == 400, "{path}: {}", answer.status);
    }
    // Without the cookie there is nothing, not even the page.
    for path in ["/", "/page.js", "/api/session", "/nothing"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
        assert_eq!(page.raw(&request).expect("an answer").status, 403, "{path}");
    }
    let old = page.raw(&format!("GET / HTTP/1.0\r\n{}\r\n", page.cookie())).expect("an answer");
    assert_eq!(old.status, 400);
    page.end();
}

#[test]
fn writing_is_refused_from_anywhere_else_and_changes_nothing() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    let port = page.port;
    let own = format!("origin: http://127.0.0.1:{port}\r\n");
    let json = "content-type: application/json\r\n";
    let finish = json!({"place": 0, "action": {"do": "finish"}}).to_string();
    for (headers, status) in [
        (json.to_string(), 403),
        (format!("{json}origin: http://evil.example\r\n"), 403),
        (format!("{json}origin: null\r\n"), 403),
        (format!("{json}sec-fetch-site: cross-site\r\n"), 403),
        (own.clone(), 415),
        (format!("{own}content-type: text/plain\r\n"), 415),
    ] {
        assert_eq!(
            page.post_as("/api/act", &finish, &headers).expect("an answer").status,
            status,
            "{headers}"
        );
    }
    let good = format!("{own}{json}");
    for (body, status) in [
        ("", 422),
        ("{", 422),
        ("[]", 422),
        (r#"{"place":0}"#, 422),
        (r#"{"place":-1,"action":{"do":"finish"}}"#, 422),
        (r#"{"place":99999999999,"action":{"do":"finish"}}"#, 422),
        (r#"{"place":0,"action":{"do":"format c:"}}"#, 422),
        (r#"{"place":0,"action":{"do":"label","axis":"minsk","class":"x"}}"#, 422),
        (r#"{"place":0,"action":{"do":"finish"},"more":1}"#, 422),
        (r#"{"place":0,"action":{"do":"span","start":0,"end":18446744073709551615}}"#, 422),
    ] {
        assert_eq!(page.post_as("/api/act", body, &good).expect("an answer").status, status, "{body}");
    }
    let large = format!("{{\"place\":0,\"x\":\"{}\"}}", "x".repeat(1 << 20));
    // The answer may be lost while the body is still on its way; either way nothing was taken.
    if let Some(answer) = page.post_as("/api/act", &large, &good) {
        assert_eq!(answer.status, 413);
    }
    let progress: Value = serde_json::from_str(&page.get("/api/progress").body).expect("JSON");
    assert_eq!((progress["served"].as_u64(), progress["undoable"].as_u64()), (Some(0), Some(0)));
    page.end();
}
