use super::{Link, Shape, WIDTH, canvas, fitted, label, line, linked, signed};

/// One group in a chart of dots.
pub struct DotRow {
    /// Its name.
    pub name: String,
    /// Its number, for the link.
    pub group: usize,
    /// The uncorrected figure: hollow.
    pub hollow: Option<f64>,
    /// The interval of the uncorrected figure: articles alone, not the model's errors; dashed.
    pub dashed: Option<(f64, f64)>,
    /// A figure without labels of its own: a diamond, its interval dashed.
    pub diamond: Option<f64>,
    /// The corrected figure: filled.
    pub filled: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// What stands at the right: "n = 41".
    pub note: String,
    /// Small groups are drawn grey.
    pub faint: bool,
    /// The numbers, in words.
    pub tip: String,
}

const LEFT: f64 = 190.0;
const RIGHT: f64 = 110.0;
const ROW: f64 = 26.0;
const TOP: f64 = 46.0;

/// Dots with intervals on a scale from −1 to +1, one row a group; `mean` is a line through all rows.
pub fn dots(title: &str, low: &str, high: &str, axis: usize, rows: &[DotRow], mean: Option<f64>) -> String {
    let (from, to) = range(rows);
    let x = |value: f64| LEFT + (value.clamp(from, to) - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut parts = vec![
        label(x(from), 16.0, "start", "pole low", &format!("← {}", fitted(low, 34))),
        label(x(to), 16.0, "end", "pole high", &format!("{} →", fitted(high, 34))),
    ];
    let step = if to - from > 1.0 { 0.5 } else { 0.25 };
    let mut tick = (from / step).ceil() * step;
    while tick <= to + 1e-9 {
        let class = if tick.abs() < 1e-9 { "zero" } else { "grid" };
        parts.push(line(x(tick), TOP - 10.0, x(tick), bottom, class));
        parts.push(label(x(tick), TOP - 14.0, "middle", "tick", &signed(tick)));
        tick += step;
    }
    if let Some(mean) = mean {
        parts.push(line(x(mean), TOP - 6.0, x(mean), bottom, "mean"));
    }
    for (i, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (i as f64 + 0.5);
        let link = Link { group: row.group, axis: Some(axis), class: None, tip: &row.tip };
        parts.push(linked(&link, marks(row, y, &x)));
        parts.push(label(WIDTH - RIGHT + 12.0, y + 4.0, "start", "n", &row.note));
    }
    canvas(title, bottom + 12.0, parts)
}

fn marks(row: &DotRow, y: f64, x: &dyn Fn(f64) -> f64) -> Vec<Shape> {
    let class = if row.faint { "name faint" } else { "name" };
    let mut shapes = vec![label(LEFT - 12.0, y + 4.0, "end", class, &fitted(&row.name, 24))];
    if let Some((low, high)) = row.dashed {
        shapes.push(line(x(low), y, x(high), y, "whisker dashed"));
    }
    if let Some((low, high)) = row.interval {
        shapes.push(line(x(low), y, x(high), y, "whisker"));
        shapes.push(line(x(low), y - 4.0, x(low), y + 4.0, "whisker"));
        shapes.push(line(x(high), y - 4.0, x(high), y + 4.0, "whisker"));
    }
    let dot = |value: f64, r: f64, class: &'static str| {
        Shape::new("circle").at("cx", x(value)).at("cy", y).at("r", r).set("class", class)
    };
    shapes.extend(row.hollow.map(|v| dot(v, 5.0, "hollow")));
    shapes.extend(row.diamond.map(|v| {
        let (x, r) = (x(v), 6.5);
        let points =
            format!("{x:.1},{:.1} {:.1},{y:.1} {x:.1},{:.1} {:.1},{y:.1}", y - r, x + r, y + r, x - r);
        Shape::new("polygon").path("points", points).set("class", "hollow")
    }));
    shapes.extend(row.filled.map(|v| dot(v, 5.5, if row.faint { "dot faint" } else { "dot" })));
    shapes
}

/// −1 to +1, or half of it when everything lies well within.
fn range(rows: &[DotRow]) -> (f64, f64) {
    let ends = |r: &DotRow| {
        let intervals = [r.interval, r.dashed].into_iter().flatten().flat_map(|(a, b)| [a, b]);
        [r.hollow, r.diamond, r.filled].into_iter().flatten().chain(intervals).collect::<Vec<_>>()
    };
    let widest = rows.iter().flat_map(ends).map(f64::abs).fold(0.0, f64::max);
    if widest <= 0.48 { (-0.5, 0.5) } else { (-1.0, 1.0) }
}
