//! The annotator over its own wire: what is let in, what is kept when it is killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::workdir::Workdir;

/// A running annotator.
struct Page {
    child: Child,
    port: u16,
    token: String,
}

/// What came back: the status, the head, the body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

const STATEMENTS: usize = 60;

fn corpus(dir: &Workdir) {
    let mut table = String::from("article,outlet,quote,speaker\n");
    for i in 0..STATEMENTS {
        let outlet = if i % 3 == 0 { "Herald" } else { "Post" };
        table += &["a,", outlet, ",Statement number ", &i.to_string(), " of them all,Ann\n"].concat();
    }
    dir.write("s.csv", table);
}

impl Page {
    fn open(dir: &Workdir) -> Self {
        let args = ["label", "--statements", "s.csv", "--labels", "labels.csv", "--no-open", "--twice", "0"];
        let mut child = dir.command(&args).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split("http://127.0.0.1:").nth(1).map(str::to_string))
            .expect("help: the program says where the page is");
        // Nobody would read what it says later, and a full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        let (port, token) = address.split_once("/?token=").expect("port and token");
        Self { child, port: port.parse().expect("a port"), token: token.trim().to_string() }
    }

    /// `None` when it no longer listens.
    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        Some(stream)
    }

    /// Sends bytes as they are.
    fn raw(&self, request: &str) -> Option<Answer> {
        let mut stream = self.connect()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_lowercase(), body: body.into() })
    }

    fn cookie(&self) -> String {
        format!("cookie: sayso-{}={}\r\n", self.port, self.token)
    }

    fn get(&self, path: &str) -> Answer {
        let (port, cookie) = (self.port, self.cookie());
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{cookie}connection: close\r\n\r\n");
        self.raw(&request).expect("an answer")
    }

    fn post_as(&self, path: &str, body: &str, headers: &str) -> Option<Answer> {
        let (port, cookie, n) = (self.port, self.cookie(), body.len());
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{cookie}{headers}content-length: {n}\r\nconnection: close\r\n\r\n{body}"
        ))
    }

    fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        let headers = format!("origin: http://127.0.0.1:{}\r\ncontent-type: application/json\r\n", self.port);
        self.post_as(path, &body.to_string(), &headers)
    }

    fn act(&self, place: usize, action: &Value) -> Option<Answer> {
        self.post("/api/act", &json!({"place": place, "action": action}))
    }

    /// Ends it as the page does, with the label file written.
    fn end(mut self) {
        assert_eq!(self.post("/api/end", &json!({})).expect("an answer").status, 200);
        assert!(self.child.wait().expect("it ends").success());
    }

    fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

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
    for asset in ["/page.js", "/page.css", "/points.js", "/icon.svg", "/api/session"] {
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

#[test]
fn slow_strangers_do_not_keep_the_annotator_out() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    let mut strangers: Vec<TcpStream> = Vec::new();
    for i in 0..600 {
        let mut stream = page.connect().expect("it listens");
        // Half a head, and then nothing.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: ");
        strangers.push(stream);
        if i % 100 == 99 {
            assert_eq!(page.get("/api/progress").status, 200, "after {i} slow connections");
        }
    }
    drop(strangers);
    page.end();
}

/// Deterministic numbers for the places and moments of the test.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Kills the annotator at `kills` random moments while labels are posted, and returns how many were acknowledged.
fn labels_survive(kills: usize) -> usize {
    let dir = Workdir::new();
    corpus(&dir);
    let mut state = 7;
    let mut acknowledged: Vec<String> = vec![String::new(); STATEMENTS];
    let mut open: Vec<Option<String>> = vec![None; STATEMENTS];
    let mut n = 0;
    for round in 0..=kills {
        let page = Page::open(&dir);
        for place in 0..STATEMENTS {
            let shown: Value =
                serde_json::from_str(&page.get(&format!("/api/place?at={place}")).body).expect("JSON");
            let note = shown["note"].as_str().expect("a note");
            // What was on its way when the program was killed may or may not have arrived.
            let arrived = open[place].take().filter(|note_sent| note_sent == note);
            assert!(
                note == acknowledged[place] || arrived.is_some(),
                "round {round}, place {place}: {note:?}"
            );
            acknowledged[place] = note.to_string();
        }
        if round == kills {
            page.end();
            break;
        }
        let moment = Duration::from_micros(next(&mut state) % 60_000);
        let id = page.child.id();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(moment);
            std::process::Command::new("kill").args(["-9", &id.to_string()]).status().expect("kill is there");
        });
        loop {
            let place = next(&mut state) as usize % STATEMENTS;
            let note = format!("note {}", next(&mut state));
            open[place] = Some(note.clone());
            match page.act(place, &json!({"do": "note", "text": note})) {
                Some(answer) if answer.status == 200 => {
                    acknowledged[place] = open[place].take().expect("just sent");
                    n += 1;
                }
                _ => break,
            }
        }
        killer.join().expect("it kills");
        page.kill();
    }
    n
}

#[test]
fn no_acknowledged_label_is_lost_when_the_annotator_is_killed() {
    let kills = std::env::var("SAYSO_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(15);
    let n = labels_survive(kills);
    println!("{n} labels acknowledged over {kills} kills, 0 lost");
    assert!(n > kills, "help: it was killed before anything was acknowledged");
}

#[test]
fn a_second_annotator_on_the_same_file_is_refused() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    dir.sayso(&["label", "--statements", "s.csv", "--labels", "labels.csv", "--no-open"]).refused(&[
        "labels.csv.journal",
        "another sayso label",
        &page.child.id().to_string(),
    ]);
    page.end();
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    assert_eq!(page.act(0, &json!({"do": "finish"})).expect("an answer").status, 200);
    page.end();
    let before = dir.read("labels.csv");
    // A limit on the size of files stands for a full disk: the journal cannot grow past it.
    let size = std::fs::metadata(dir.path("labels.csv.journal")).expect("there").len();
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec {} label --statements s.csv --labels labels.csv --no-open --twice 0",
        size / 1024 + 2,
        env!("CARGO_BIN_EXE_sayso")
    );
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]).current_dir(dir.path("")).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("bash is there");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let address =
        lines.find_map(|l| l.split("http://127.0.0.1:").nth(1).map(str::to_string)).expect("an address");
    let (port, token) = address.split_once("/?token=").expect("port and token");
    let page = Page { child, port: port.parse().expect("a port"), token: token.trim().into() };
    let mut kept = String::new();
    let mut refused = 0;
    for i in 0..20 {
        let note = format!("{i} {}", "x".repeat(400));
        let answer = page.act(1, &json!({"do": "note", "text": note})).expect("an answer");
        match answer.status {
            200 => kept = note,
            507 => {
                assert!(
                    answer.body.contains("labels.csv.journal") && answer.body.contains("cannot write"),
                    "{}",
                    answer.body
                );
                refused += 1;
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(refused > 0, "help: lower the limit");
    page.kill();
    assert_eq!(dir.read("labels.csv"), before);
    let page = Page::open(&dir);
    let shown: Value = serde_json::from_str(&page.get("/api/place?at=1").body).expect("JSON");
    assert_eq!(shown["note"].as_str(), Some(kept.as_str()));
    page.end();
}

#[test]
fn outlet_and_scores_are_told_only_when_the_choice_is_made() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    for path in
        ["/api/place?at=0", "/api/queue?from=0", "/api/search?q=statement", "/api/session", "/api/next"]
    {
        let body = page.get(path).body;
        assert!(!body.contains("Herald") && !body.contains("Post"), "{path}: {body}");
    }
    let answer = page.act(0, &json!({"do": "finish"})).expect("an answer");
    assert!(answer.body.contains("\"outlet\""), "{}", answer.body);
    page.end();
}

#[test]
fn a_plan_says_how_many_labels_a_difference_needs_and_when_it_is_out_of_reach() {
    let dir = Workdir::new();
    let mut table = String::from("article,outlet,quote\n");
    for i in 0..600 {
        let outlet = if i % 2 == 0 { "Herald" } else { "Post" };
        table.extend([(i / 3).to_string().as_str(), ",", outlet, ",Statement ", &i.to_string(), "\n"]);
    }
    dir.write("s.csv", table);
    let said = dir.sayso(&["label", "--statements", "s.csv", "--plan", "0.5"]).done().stderr;
    assert!(said.contains("needs") && said.contains("labels in each"), "{said}");
    let said = dir.sayso(&["label", "--statements", "s.csv", "--plan", "0.05"]).done().stderr;
    assert!(said.contains("out of reach") && said.contains("articles per outlet"), "{said}");
    dir.sayso(&["label", "--statements", "s.csv", "--plan", "0"]).refused(&["--plan", "above 0"]);
    assert_eq!(dir.list(), ["s.csv"]);
}
