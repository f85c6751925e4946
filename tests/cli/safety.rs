//! Outputs are whole or not there, whatever happens to the program.

use std::time::Duration;

use crate::workdir::Workdir;

/// Articles enough that the run takes a while.
fn corpus(dir: &Workdir) {
    let body = "“We will see what tomorrow brings,” said Anna Petrova, the mayor. ".repeat(40);
    let lines: String =
        (0..2000).map(|i| format!("{}\n", serde_json::json!({"id": i.to_string(), "text": body}))).collect();
    dir.write("a.jsonl", lines);
}

#[test]
fn a_killed_run_leaves_the_old_output_whole() {
    let dir = Workdir::new();
    corpus(&dir);
    let mut killed = 0;
    for command in [["extract", "a.jsonl"], ["score", "a.jsonl"]] {
        for milliseconds in [1, 5, 20, 60, 120, 250] {
            dir.write("out.csv", "old");
            let mut child = dir
                .command(&command)
                .args(["-o", "out.csv", "--force", "-q"])
                .spawn()
                .expect("the program starts");
            std::thread::sleep(Duration::from_millis(milliseconds));
            let running = child.try_wait().expect("a child").is_none();
            child.kill().expect("a child can be killed");
            child.wait().expect("a child ends");
            let content = dir.read("out.csv");
            if running {
                killed += 1;
            }
            assert!(
                content == "old" || content.ends_with('\n') && content.lines().count() > 2000,
                "half a file"
            );
        }
    }
    assert!(killed > 0, "help: make the corpus larger, every run was over before it was killed");
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_leaves_the_old_output_whole_and_no_part_behind() {
    let dir = Workdir::new();
    corpus(&dir);
    dir.write("out.csv", "old");
    // A limit on the size of files stands for a full disk: writes fail in the middle.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} extract a.jsonl -o out.csv --force",
        env!("CARGO_BIN_EXE_sayso")
    );
    let output = dir.shell(&script);
    output.refused(&["out.csv", "cannot write"]);
    assert_eq!(dir.read("out.csv"), "old");
    assert_eq!(dir.list(), ["a.jsonl", "out.csv"]);
}
