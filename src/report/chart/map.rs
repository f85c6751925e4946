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

const LEFT: f64 = 60.0;
const SIDE: f64 = 480.0;
const TOP: f64 = 34.0;
/// Where the names stand.
const NAMES: f64 = LEFT + SIDE + 24.0;
/// Between two names.
const STEP: f64 = 17.0;

/// Groups on two axes; ellipses span the two intervals. `poles` are low and high of x, then of y.
pub fn map(title: &str, poles: [&str; 4], points: &[MapPoint]) -> String {
    let widest = points
        .iter()
        .flat_map(|p| [p.x, p.y])
        .map(|(value, half)| value.abs() + half.unwrap_or(0.0))
        .fold(0.0, f64::max);
    // The ends are quarters, so that two maps can be compared by eye.
    let end = ((widest * 4.0).ceil() / 4.0).clamp(0.25, 1.0);
    let x = |v: f64| LEFT + (v.clamp(-end, end) + end) / (2.0 * end) * SIDE;
    let y = |v: f64| TOP + SIDE - (v.clamp(-end, end) + end) / (2.0 * end) * SIDE;
    let middle = TOP + SIDE / 2.0;
    let mut parts = vec![
        line(x(-end), y(0.0), x(end), y(0.0), "zero"),
        line(x(0.0), y(-end), x(0.0), y(end), "zero"),
        label(LEFT + 4.0, middle + 34.0, "start", "pole low", &format!("← {}", fitted(poles[0], 20))),
        label(LEFT + SIDE - 4.0, middle + 34.0, "end", "pole high", &format!("{} →", fitted(poles[1], 20))),
        label(x(0.0), TOP + SIDE + 18.0, "middle", "pole low", &format!("↓ {}", fitted(poles[2], 34))),
        label(x(0.0), TOP - 12.0, "middle", "pole high", &format!("↑ {}", fitted(poles[3], 34))),
    ];
    for at in [-end, end] {
        parts.push(label(x(at), y(0.0) + 16.0, "middle", "tick", &super::signed(at)));
        parts.push(label(x(0.0) + 6.0, y(at) + 4.0, "start", "tick", &super::signed(at)));
    }
    let unit = SIDE / (2.0 * end);
    for point in points {
        let (cx, cy) = (x(point.x.0), y(point.y.0));
        if let (Some(half_x), Some(half_y)) = (point.x.1, point.y.1) {
            let ellipse = Shape::new("ellipse").at("cx", cx).at("cy", cy);
            parts.push(ellipse.at("rx", half_x * unit).at("ry", half_y * unit).set("class", "ellipse"));
        }
    }
    for (point, at) in points.iter().zip(name_places(points, &y)) {
        let (cx, cy) = (x(point.x.0), y(point.y.0));
        let tip = format!("{}: {} and {}", point.name, super::signed(point.x.0), super::signed(point.y.0));
        let class = if point.filled { "dot" } else { "hollow" };
        let shapes = vec![
            line(cx, cy, NAMES - 4.0, at - 4.0, "leader"),
            Shape::new("circle").at("cx", cx).at("cy", cy).at("r", 5.0).set("class", class),
            label(NAMES, at, "start", "on", &fitted(&point.name, 22)),
        ];
        let link = Link { group: point.group, axis: None, class: None, tip: &tip };
        parts.push(linked(&link, shapes));
    }
    canvas(title, TOP + SIDE + 30.0, parts)
}

/// The heights of the names at the right: in the order of their dots, never closer than a line.
fn name_places(points: &[MapPoint], y: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*b].y.0.total_cmp(&points[*a].y.0));
    let mut places = vec![0.0; points.len()];
    let mut next = f64::NEG_INFINITY;
    for i in &order {
        next = (y(points[*i].y.0) + 4.0).max(next + STEP);
        places[*i] = next;
    }
    // What ran over the lower edge moves up together.
    let mut limit = TOP + SIDE + 14.0;
    for i in order.iter().rev() {
        places[*i] = places[*i].min(limit);
        limit = places[*i] - STEP;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_stand_on_each_other() {
        let points: Vec<MapPoint> = (0..20)
            .map(|i| MapPoint {
                name: format!("outlet {i}"),
                group: i,
                x: (0.0, None),
                y: (0.01 * i as f64 - 0.9, None),
                filled: true,
            })
            .collect();
        let y = |v: f64| TOP + SIDE / 2.0 * (1.0 - v);
        let mut places = name_places(&points, &y);
        assert!(places[0] > places[19], "higher values stand higher");
        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|w| w[1] - w[0] >= STEP - 1e-9) && places[19] <= TOP + SIDE + 14.0);
    }
}
