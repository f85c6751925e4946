//! What the page of the annotator does, without a page: a cookie, questions and labels over one connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

/// One connection to a running server.
pub struct Page {
    stream: BufReader<TcpStream>,
    host: String,
    cookie: String,
}

impl Page {
    /// From the address that the server prints.
    pub fn open(address: &str) -> io::Result<Self> {
        let broken = || io::Error::other(format!("{address} is no address of a server"));
        let rest = address.strip_prefix("http://").ok_or_else(broken)?;
        let (host, token) = rest.split_once("/?token=").ok_or_else(broken)?;
        let port = host.rsplit(':').next().ok_or_else(broken)?;
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let cookie = format!("sayso-{port}={token}");
        Ok(Self { stream: BufReader::new(stream), host: host.into(), cookie })
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<Value> {
        let (host, cookie, n) = (&self.host, &self.cookie, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\norigin: http://{host}\r\n\
             content-type: application/json\r\ncontent-length: {n}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if !status.contains(" 200 ") {
            return Err(io::Error::other(format!("{path}: {status} {}", String::from_utf8_lossy(&body))));
        }
        serde_json::from_slice(&body).map_err(io::Error::other)
    }

    /// The next place to serve.
    pub fn next(&mut self, after: Option<usize>) -> io::Result<Option<usize>> {
        let path = after.map_or_else(|| "/api/next".to_string(), |place| format!("/api/next?after={place}"));
        Ok(self.ask("GET", &path, "")?["place"].as_u64().map(|place| place as usize))
    }

    /// The words at a place.
    pub fn quote(&mut self, place: usize) -> io::Result<String> {
        let shown = self.ask("GET", &format!("/api/place?at={place}"), "")?;
        Ok(shown["quote"].as_str().unwrap_or_default().to_string())
    }

    /// Labels a place.
    pub fn label(&mut self, place: usize, class: &str) -> io::Result<()> {
        let action = json!({"do": "label", "axis": "stance", "class": class});
        self.ask("POST", "/api/act", &json!({"place": place, "action": action}).to_string()).map(drop)
    }

    /// Ends the server, with the label file written.
    pub fn end(&mut self) -> io::Result<()> {
        self.ask("POST", "/api/end", "{}").map(drop)
    }
}
