use super::{Link, Shape, canvas, fitted, label, line, linked};

/// A group on two axes.
pub struct MapPoint {
    /// Its name.
    pub name: String,
    /// Its number, for the link.
    pub group: usize,
    /// Its figure on the horizontal axis, with the half width of its interval.
    pub x: (f64, Option<f64>),
    /// Its figure on the vertical axis, with the half width of its interval.
    pub y: (f64, Option<f64>),
    /// True when the figures are corrected by hand labels.
    pub filled: bool,
}

const LEFT: f64 = 170.0;
const SIDE: f64 = 420.0;
const TOP: f64 = 34.0;

/// Groups on two axes; ellipses span the two intervals. `poles` are low and high of x, then of y.
pub fn map(title: &str, poles: [&str; 4], points: &[MapPoint]) -> String {
    let widest = points
        .iter()
        .flat_map(|p| [p.x, p.y])
        .map(|(value, half)| value.abs() + half.unwrap_or(0.0))
        .fold(0.0, f64::max);
    let end = if widest <= 0.48 { 0.5 } else { 1.0 };
    let x = |v: f64| LEFT + (v.clamp(-end, end) + end) / (2.0 * end) * SIDE;
    let y = |v: f64| TOP + SIDE - (v.clamp(-end, end) + end) / (2.0 * end) * SIDE;
    let middle = TOP + SIDE / 2.0;
    let mut parts = vec![
        line(x(-end), y(0.0), x(end), y(0.0), "zero"),
        line(x(0.0), y(-end), x(0.0), y(end), "zero"),
        label(LEFT - 8.0, middle - 4.0, "end", "pole low", &format!("← {}", fitted(poles[0], 20))),
        label(LEFT + SIDE + 8.0, middle - 4.0, "start", "pole high", &format!("{} →", fitted(poles[1], 20))),
        label(x(0.0), TOP + SIDE + 18.0, "middle", "pole low", &format!("↓ {}", fitted(poles[2], 34))),
        label(x(0.0), TOP - 12.0, "middle", "pole high", &format!("↑ {}", fitted(poles[3], 34))),
    ];
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for point in points {
        let (cx, cy) = (x(point.x.0), y(point.y.0));
        let tip = format!("{}: {} and {}", point.name, super::signed(point.x.0), super::signed(point.y.0));
        let mut shapes = Vec::new();
        if let (Some(half_x), Some(half_y)) = (point.x.1, point.y.1) {
            let unit = SIDE / (2.0 * end);
            let ellipse = Shape::new("ellipse").at("cx", cx).at("cy", cy);
            shapes.push(ellipse.at("rx", half_x * unit).at("ry", half_y * unit).set("class", "ellipse"));
        }
        let class = if point.filled { "dot" } else { "hollow" };
        shapes.push(Shape::new("circle").at("cx", cx).at("cy", cy).at("r", 5.0).set("class", class));
        // Names move down until they stand clear of those before.
        let mut at = cy + 4.0;
        while taken.iter().any(|(px, py)| (px - cx).abs() < 150.0 && (py - at).abs() < 13.0) {
            at += 13.0;
        }
        taken.push((cx, at));
        shapes.push(label(cx + 9.0, at, "start", "on", &fitted(&point.name, 22)));
        let link = Link { group: point.group, axis: None, class: None, tip: &tip };
        parts.push(linked(&link, shapes));
    }
    canvas(title, TOP + SIDE + 30.0, parts)
}
