//! Very many connections that ask for nothing.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Page, STATEMENTS, corpus};
use crate::workdir::Workdir;

const STRANGERS: usize = 10_000;

/// How many connections this process can hold, after asking for more.
fn room() -> usize {
    let id = std::process::id().to_string();
    // Fails where the hard limit is lower; then fewer are held at once.
    let _ = Command::new("prlimit").args(["--pid", &id, "--nofile=12000:"]).output();
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)).and_then(|n| n.parse().ok());
    soft.unwrap_or(1024_usize).saturating_sub(200)
}

/// What a process holds: memory in kB and open files; `None` where this cannot be asked.
fn held(id: u32) -> Option<(u64, usize)> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
    let files = std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count();
    Some((line.split_whitespace().nth(1)?.parse().ok()?, files))
}

#[test]
fn ten_thousand_slow_strangers_do_not_keep_the_annotator_out() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    let room = room();
    let before = held(page.child.id());
    let (mut most, mut slowest) = ((0, 0), Duration::ZERO);
    let start = Instant::now();
    let mut strangers: std::collections::VecDeque<TcpStream> = std::collections::VecDeque::new();
    for i in 0..STRANGERS {
        if strangers.len() >= room {
            strangers.pop_front();
        }
        let mut stream = page.connect().expect("help: it no longer listens");
        // Half a head, and then nothing.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: ");
        strangers.push_back(stream);
        if i % 500 == 499 {
            let asked = Instant::now();
            let note = json!({"do": "note", "text": format!("after {i} strangers")});
            assert_eq!(page.act(i / 500 % STATEMENTS, &note).expect("an answer").status, 200, "after {i}");
            slowest = slowest.max(asked.elapsed());
            most = held(page.child.id()).map_or(most, |(kb, files)| (most.0.max(kb), most.1.max(files)));
        }
    }
    println!(
        "{STRANGERS} connections in {:.1} s, {} held at once; slowest label {slowest:?}; memory {before:?} → {most:?}",
        start.elapsed().as_secs_f64(),
        strangers.len()
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    if let Some((kb, _)) = before {
        assert!(most.0 < kb + 32_000, "memory grew from {kb} to {} kB", most.0);
        assert!(most.1 < 400, "{} open files", most.1);
    }
    drop(strangers);
    page.end();
}
