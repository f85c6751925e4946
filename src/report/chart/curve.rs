use super::{Shape, canvas, label, line};

/// A line from 0 to 1 over something.
pub struct Curve {
    /// Its points, x rising; y in [0, 1].
    pub points: Vec<(f64, f64)>,
    /// Draw the line y = x.
    pub diagonal: bool,
    /// Left end.
    pub x_from: f64,
    /// Right end.
    pub x_to: f64,
}

const LEFT: f64 = 190.0;
const WIDE: f64 = 380.0;
const HIGH: f64 = 220.0;
const TOP: f64 = 24.0;

/// A curve with its axes; `names` say what lies to the right and upwards.
pub fn curve(title: &str, names: [&str; 2], curve: &Curve) -> String {
    let span = (curve.x_to - curve.x_from).max(1e-9);
    let x = |v: f64| LEFT + (v - curve.x_from) / span * WIDE;
    let y = |v: f64| TOP + HIGH - v.clamp(0.0, 1.0) * HIGH;
    let mut parts = vec![label(LEFT - 12.0, TOP - 8.0, "end", "tick", names[1])];
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        parts.push(line(LEFT, y(tick), LEFT + WIDE, y(tick), if tick == 0.0 { "zero" } else { "grid" }));
        parts.push(label(LEFT - 12.0, y(tick) + 4.0, "end", "tick", &format!("{tick:.2}")));
        let at = curve.x_from + tick * span;
        let words = if curve.x_to > 1.5 { format!("{at:.0}") } else { format!("{at:.2}") };
        parts.push(label(x(at), TOP + HIGH + 18.0, "middle", "tick", &words));
    }
    parts.push(label(LEFT + WIDE, TOP + HIGH + 36.0, "end", "tick", names[0]));
    if curve.diagonal {
        parts.push(line(x(curve.x_from), y(0.0), x(curve.x_to), y(1.0), "diagonal"));
    }
    let path: Vec<String> = curve.points.iter().map(|(a, b)| format!("{:.1},{:.1}", x(*a), y(*b))).collect();
    parts.push(Shape::new("polyline").path("points", path.join(" ")).set("class", "trend"));
    for (a, b) in &curve.points {
        let tip = Shape::new("title").words(&format!("{b:.2}"));
        let dot = Shape::new("circle").at("cx", x(*a)).at("cy", y(*b)).at("r", 4.0).set("class", "dot");
        parts.push(dot.add(tip));
    }
    canvas(title, TOP + HIGH + 44.0, parts)
}
