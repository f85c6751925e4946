//! Charts as inline SVG: positions and shapes; colours come from the page's style sheet, so that they follow dark mode.
//!
//! Words of the user go into text nodes alone, which the SVG writer escapes; attributes get numbers and fixed words.

mod bars;
mod curve;
mod dots;
mod heat;
mod map;
mod ridge;
mod split;
mod timeline;

use svg::Node;
use svg::node::Text;
use svg::node::element::Element;

pub use bars::{BarRow, bars, counts};
pub use curve::{Curve, curve};
pub use dots::{DotRow, dots};
pub use heat::{HeatRow, heat};
pub use map::{MapPoint, map};
pub use ridge::{RidgeRow, ridges};
pub use split::{SplitRow, splits};
pub use timeline::{Event, Point, Series, timeline};

/// The width of every chart, in its own units; text is never below 12 of them.
pub const WIDTH: f64 = 760.0;

/// An SVG element under construction.
pub struct Shape(Element);

impl Shape {
    pub fn new(name: &str) -> Self {
        Self(Element::new(name))
    }

    /// A number, rounded to tenths: more would only be bytes.
    pub fn at(mut self, name: &str, value: f64) -> Self {
        self.0.assign(name, format!("{}", (value * 10.0).round() / 10.0));
        self
    }

    /// A fixed word; never one of the user's.
    pub fn set(mut self, name: &str, value: &'static str) -> Self {
        self.0.assign(name, value);
        self
    }

    /// A path or a list of points, made of numbers.
    pub fn path(mut self, name: &str, value: String) -> Self {
        self.0.assign(name, value);
        self
    }

    pub fn add(mut self, child: Self) -> Self {
        self.0.append(child.0);
        self
    }

    pub fn words(mut self, words: &str) -> Self {
        self.0.append(Text::new(words));
        self
    }

    pub fn all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        for child in children {
            self.0.append(child.0);
        }
        self
    }
}

/// The frame of a chart: its name for screen readers, its size, its parts.
pub fn canvas(title: &str, height: f64, parts: Vec<Shape>) -> String {
    let svg = Shape::new("svg")
        .set("xmlns", "http://www.w3.org/2000/svg")
        .set("role", "img")
        .set("class", "chart")
        .path("viewBox", format!("0 0 {WIDTH} {height:.0}"))
        .add(Shape::new("title").words(title))
        .all(parts);
    svg.0.to_string()
}

pub fn line(x1: f64, y1: f64, x2: f64, y2: f64, class: &'static str) -> Shape {
    Shape::new("line").at("x1", x1).at("y1", y1).at("x2", x2).at("y2", y2).set("class", class)
}

pub fn label(x: f64, y: f64, anchor: &'static str, class: &'static str, words: &str) -> Shape {
    Shape::new("text").at("x", x).at("y", y).set("text-anchor", anchor).set("class", class).words(words)
}

pub fn rectangle(x: f64, y: f64, width: f64, height: f64, class: &'static str) -> Shape {
    Shape::new("rect")
        .at("x", x)
        .at("y", y)
        .at("width", width.max(0.0))
        .at("height", height)
        .set("class", class)
}

/// What a mark stands for: it links to the statements of a group, and says its numbers when pointed at.
pub struct Link<'a> {
    /// The group; its statements are the section `e0`, `e1`, …
    pub group: usize,
    /// The axis, for the filter.
    pub axis: Option<usize>,
    /// The class on that axis, for the filter.
    pub class: Option<usize>,
    /// The numbers, in words.
    pub tip: &'a str,
}

/// Shapes that link to the statements behind them.
pub fn linked(link: &Link<'_>, shapes: Vec<Shape>) -> Shape {
    let mut a = Shape::new("a").path("href", format!("#e{}", link.group));
    a = a.path("data-o", link.group.to_string());
    if let Some(axis) = link.axis {
        a = a.path("data-a", axis.to_string());
    }
    if let Some(class) = link.class {
        a = a.path("data-c", class.to_string());
    }
    a.add(Shape::new("title").words(link.tip)).all(shapes)
}

/// As much of a name as fits into this many characters.
pub fn fitted(name: &str, n: usize) -> String {
    if name.chars().count() <= n {
        return name.to_string();
    }
    let mut short: String = name.chars().take(n.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `+0.25`, `−0.10`: the sign is always there, and a minus is a minus.
pub fn signed(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    match () {
        () if text == "0.00" => text,
        () if value < 0.0 => format!("−{text}"),
        () => format!("+{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_escaped_and_marks_are_links() {
        let link = Link { group: 2, axis: Some(0), class: None, tip: "<b>\"&" };
        let chart =
            canvas("</svg><script>", 40.0, vec![linked(&link, vec![label(1.0, 2.0, "end", "n", "<i>")])]);
        assert!(chart.contains("href=\"#e2\"") && chart.contains("data-a=\"0\""), "{chart}");
        assert!(!chart.contains("<script") && !chart.contains("<b>") && !chart.contains("<i>"), "{chart}");
    }

    #[test]
    fn signs_are_always_shown() {
        assert_eq!([signed(0.254), signed(-0.1), signed(-0.001)], ["+0.25", "−0.10", "0.00"]);
        assert_eq!(fitted("abcdef", 4), "abc…");
    }
}
