//! `speakers.csv`: the names under which speakers appear.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::Table;
use crate::types::SpeakerEntry;
use crate::{Error, Position, Result};

/// Reads `speakers.csv`: `canonical, alias, role, country, group`, one alias a row.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a missing column, an empty canonical name, or one alias
/// that stands for two speakers.
pub fn read_speakers(path: &Path) -> Result<Vec<SpeakerEntry>> {
    let mut table = Table::open(path, None)?;
    let canonical = table.require("canonical")?;
    let alias = table.require("alias")?;
    let [role, country, group] = ["role", "country", "group"].map(|name| table.column(name));
    let mut entries: Vec<SpeakerEntry> = Vec::new();
    let mut owner: BTreeMap<String, String> = BTreeMap::new();
    while let Some(row) = table.next_row()? {
        let optional = |column: Option<usize>| column.map(|i| row.cell(i).to_string()).unwrap_or_default();
        let entry = SpeakerEntry {
            canonical: row.cell(canonical).to_string(),
            alias: if row.cell(alias).is_empty() { row.cell(canonical) } else { row.cell(alias) }.to_string(),
            role: optional(role),
            country: optional(country),
            group: optional(group),
        };
        if entry.canonical.is_empty() {
            return Err(Error::input(
                Position::row(path, row.number).column("canonical"),
                "nothing",
                "a name",
            ));
        }
        let other = owner.insert(entry.alias.to_lowercase(), entry.canonical.clone());
        if let Some(other) = other.filter(|o| *o != entry.canonical) {
            return Err(Error::input(
                Position::row(path, row.number).column("alias"),
                format!("{:?} for {}, which already stands for {other}", entry.alias, entry.canonical),
                "every alias once",
            ));
        }
        entries.push(entry);
    }
    Ok(entries)
}
