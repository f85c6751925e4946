//! `axes.toml`: the axes of a project.

use std::collections::BTreeSet;
use std::path::Path;

use super::decode;
use crate::types::{AxisSet, spelling};
use crate::{Error, Position, Result};
use std::io::Read;

/// The axes that come with Sayso.
pub const BUNDLED_AXES: &str = include_str!("../../labels/axes.toml");

/// Reads the axes of a project.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with the line, for TOML that does not parse, an axis that has
/// one pole only or neither poles nor classes, an id used twice or a class spelled the same as another.
pub fn read_axes(path: &Path) -> Result<AxisSet> {
    let mut text = String::new();
    decode::open(path, None)?
        .reader
        .take(1 << 20)
        .read_to_string(&mut text)
        .map_err(|e| Error::io(path, "read", e))?;
    parse_axes(&text, path)
}

/// The axes that come with Sayso, parsed.
///
/// # Panics
///
/// Never: a test parses the file.
pub fn bundled_axes() -> AxisSet {
    parse_axes(BUNDLED_AXES, Path::new("labels/axes.toml")).expect("the bundled axes are tested")
}

/// The axes of this file, or those that come with Sayso.
///
/// # Errors
///
/// Those of [`read_axes`].
pub fn axes_or_bundled(path: Option<&Path>) -> Result<AxisSet> {
    path.map_or_else(|| Ok(bundled_axes()), read_axes)
}

/// Parses `axes.toml`; `path` names it in messages.
///
/// # Errors
///
/// Those of [`read_axes`].
pub fn parse_axes(text: &str, path: &Path) -> Result<AxisSet> {
    let set: AxisSet = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() as u64 + 1);
        let position = Position { row: line, ..Position::file(path) };
        Error::input(
            position,
            e.message().to_string(),
            "[[axis]] tables with id, low and high, or id and classes",
        )
    })?;
    let wrong = |found: String, expected: &str| Err(Error::input(Position::file(path), found, expected));
    if set.axes.is_empty() {
        return wrong("no axis".into(), "at least one [[axis]]");
    }
    let mut ids = BTreeSet::new();
    for axis in &set.axes {
        if axis.id.trim().is_empty() || axis.id.contains([',', '.', ' ']) {
            return wrong(
                format!("the axis id {:?}", axis.id),
                "an id without blanks, commas and full stops",
            );
        }
        if !ids.insert(axis.id.as_str()) {
            return wrong(format!("two axes called {:?}", axis.id), "one axis per id");
        }
        if axis.low.is_some() != axis.high.is_some() || axis.classes().len() < 2 {
            return wrong(
                format!("axis {:?} with {} classes", axis.id, axis.classes().len()),
                "both low and high, or at least two classes",
            );
        }
        let mut words = BTreeSet::new();
        for class in axis.classes() {
            for word in class.aliases.iter().chain([&class.id]) {
                if !words.insert(spelling(word)) {
                    return wrong(
                        format!("axis {:?} with two classes spelled {word:?}", axis.id),
                        "every spelling once per axis",
                    );
                }
            }
        }
    }
    Ok(set)
}
