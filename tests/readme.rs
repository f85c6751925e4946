//! The README's commands run, and say what the README says they say.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A command and the lines that it should print, in which `…` stands for anything.
struct Example {
    command: String,
    expected: Vec<String>,
}

fn examples(markdown: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in markdown.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match line.strip_prefix("$ sayso ") {
                Some(command) => examples.push(Example { command: command.into(), expected: Vec::new() }),
                None => examples.last_mut().expect("a command comes first").expected.push(line.into()),
            },
            _ => {}
        }
    }
    examples
}

/// The words of a command line; single quotes hold words together.
fn words(command: &str) -> Vec<String> {
    command
        .split('\'')
        .enumerate()
        .flat_map(|(i, part)| match i % 2 {
            0 => part.split_whitespace().map(str::to_string).collect(),
            _ => vec![part.to_string()],
        })
        .collect()
}

fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut ends_open = false;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        ends_open = part.is_empty();
    }
    rest.is_empty() || ends_open
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folders can be made");
    for entry in fs::read_dir(from).expect("the folder is there").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            drop(fs::copy(entry.path(), target));
        }
    }
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["seeds", "labels", "models"] {
        copy(&root.join(name), &folder.path().join(name));
    }
    let examples = examples(&fs::read_to_string(root.join("README.md")).expect("README.md"));
    assert!(examples.len() >= 5, "help: the README shows commands in ```console blocks");
    for example in examples {
        let output = Command::new(env!("CARGO_BIN_EXE_sayso"))
            .args(words(&example.command))
            .current_dir(folder.path())
            .output()
            .expect("the program starts");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("the program writes UTF-8");
        assert!(output.status.success(), "sayso {}\n{said}", example.command);
        let mut lines = said.lines();
        for expected in example.expected.iter().filter(|line| *line != "…") {
            assert!(
                lines.any(|line| matches(expected, line)),
                "help: sayso {} should print {expected:?}, it printed\n{said}",
                example.command
            );
        }
    }
}

#[test]
fn the_set_up_is_two_commands() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let block = readme
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a block of commands");
    let commands: Vec<&str> =
        block.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, ["cargo run --release -- demo", "cargo test"]);
}
