//! The annotator over its own wire: what is let in, what is kept when it is killed.

mod crowd;
mod door;
mod kept;
mod matrix;
mod served;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::workdir::Workdir;

/// A running annotator.
pub struct Page {
    pub child: Child,
    pub port: u16,
    pub token: String,
}

/// What came back: the status, the head, the body.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

pub const STATEMENTS: usize = 60;

pub fn corpus(dir: &Workdir) {
    let mut table = String::from("article,outlet,quote,speaker\n");
    for i in 0..STATEMENTS {
        let outlet = if i % 3 == 0 { "Herald" } else { "Post" };
        table += &["a,", outlet, ",Statement number ", &i.to_string(), " of them all,Ann\n"].concat();
    }
    dir.write("s.csv", table);
}

impl Page {
    pub fn open(dir: &Workdir) -> Self {
        Self::open_with(dir, &[])
    }

    pub fn open_with(dir: &Workdir, more: &[&str]) -> Self {
        let args = ["label", "--statements", "s.csv", "--labels", "labels.csv", "--no-open", "--twice", "0"];
        let args = [&args, more].concat();
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
    pub fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        Some(stream)
    }

    /// Sends bytes as they are.
    pub fn raw(&self, request: &str) -> Option<Answer> {
        let mut stream = self.connect()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_lowercase(), body: body.into() })
    }

    pub fn cookie(&self) -> String {
        format!("cookie: sayso-{}={}\r\n", self.port, self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        let (port, cookie) = (self.port, self.cookie());
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{cookie}connection: close\r\n\r\n");
        self.raw(&request).expect("an answer")
    }

    pub fn post_as(&self, path: &str, body: &str, headers: &str) -> Option<Answer> {
        let (port, cookie, n) = (self.port, self.cookie(), body.len());
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{cookie}{headers}content-length: {n}\r\nconnection: close\r\n\r\n{body}"
        ))
    }

    pub fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        let headers = format!("origin: http://127.0.0.1:{}\r\ncontent-type: application/json\r\n", self.port);
        self.post_as(path, &body.to_string(), &headers)
    }

    pub fn act(&self, place: usize, action: &Value) -> Option<Answer> {
        self.post("/api/act", &json!({"place": place, "action": action}))
    }

    /// Ends it as the page does, with the label file written.
    pub fn end(mut self) {
        assert_eq!(self.post("/api/end", &json!({})).expect("an answer").status, 200);
        assert!(self.child.wait().expect("it ends").success());
    }

    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}
