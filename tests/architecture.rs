//! The floors of the house: who may import whom, who may print, touch files or read the clock.
//!
//! `ARCHITECTURE.md` says the same in words. A failure names file and line.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules by floor. A module imports only from lower floors, and never from another module of its own floor.
const FLOORS: [(&str, u8); 16] = [
    ("error", 0),
    ("types", 1),
    ("text", 2),
    ("corpus", 2),
    ("statistics", 2),
    ("features", 3),
    ("classifier", 4),
    ("quotation", 5),
    ("model", 6),
    ("pipeline", 7),
    ("report", 8),
    ("annotate", 8),
    ("cli", 9),
    ("lib", 9),
    ("main", 9),
    ("Error", 0),
];

/// What only some modules may do: the text that shows it, and the modules that may.
const RIGHTS: [(&str, &[&str]); 12] = [
    ("println!", &["cli", "annotate"]),
    ("eprintln!", &["cli", "annotate"]),
    ("print!(", &["cli", "annotate"]),
    ("io::stdout", &["cli", "annotate", "corpus"]),
    ("io::stderr", &["cli", "annotate"]),
    ("env::args", &["cli", "annotate", "main"]),
    ("std::fs", &["corpus", "annotate", "cli", "model/file"]),
    ("fs::File", &["corpus", "annotate", "cli", "model/file"]),
    ("std::net", &["annotate"]),
    ("SystemTime", &["cli", "annotate"]),
    ("Instant::now", &["cli", "annotate"]),
    ("process::exit", &[]),
];

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> =
            fs::read_dir(folder).expect("src is there").flatten().map(|e| e.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "help: the walk over src found only {} files", files.len());
    files
}

/// The module a file belongs to: `src/corpus/table.rs` is of `corpus`.
fn module(path: &Path) -> (String, String) {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("below src");
    let relative = relative.with_extension("").to_string_lossy().replace('\\', "/");
    let top = relative.split('/').next().unwrap_or_default().to_string();
    (top, relative)
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// The lines of code of a file, numbered; comments and the tests at its end are left out.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).expect("sources are UTF-8");
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        if !line.trim_start().starts_with("//") {
            lines.push((number, line.to_string()));
        }
    }
    lines
}

#[test]
fn modules_import_only_from_lower_floors() {
    let mut wrong = Vec::new();
    for path in sources() {
        let (own, relative) = module(&path);
        let own_floor =
            floor(&own).unwrap_or_else(|| panic!("help: give src/{relative}.rs a floor in {}", file!()));
        if own == "lib" {
            continue;
        }
        for (number, line) in code(&path) {
            let imported = line.split("crate::").skip(1).flat_map(|rest| {
                // `use crate::{Error, corpus::Table}` and `crate::corpus::Table` alike.
                let group = rest.strip_prefix('{').and_then(|g| g.split('}').next());
                group.map_or_else(|| vec![rest.to_string()], |g| g.split(", ").map(str::to_string).collect())
            });
            for name in imported {
                let name: String =
                    name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(other) = floor(&name) else { continue };
                if name != own && other >= own_floor {
                    wrong.push(format!(
                        "src/{relative}.rs:{number}: {own} (floor {own_floor}) imports {name} (floor {other})"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "help: imports go downwards only\n{}", wrong.join("\n"));
}

#[test]
fn only_the_outer_modules_print_touch_files_and_read_the_clock() {
    let mut wrong = Vec::new();
    for path in sources() {
        let (own, relative) = module(&path);
        for (number, line) in code(&path) {
            for (sign, allowed) in RIGHTS {
                let may = allowed.iter().any(|module| own == *module || relative.starts_with(module));
                if line.contains(sign) && !may {
                    wrong.push(format!("src/{relative}.rs:{number}: {sign}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "help: return the value instead, and let cli or corpus do it\n{}",
        wrong.join("\n")
    );
}

#[test]
fn main_is_thin() {
    let main =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).expect("src/main.rs");
    assert!(main.lines().count() <= 30, "help: move it into the library");
}
