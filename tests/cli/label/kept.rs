//! What is kept when it is killed, when the disk is full, and when there are two.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Page, STATEMENTS, corpus};
use crate::workdir::Workdir;

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
