use super::{Link, Shape, WIDTH, canvas, fitted, label, line, linked, signed};

/// The scores of one group.
pub struct RidgeRow {
    /// Its name.
    pub name: String,
    /// Its number, for the link.
    pub group: usize,
    /// The density at equal steps from −1 to +1; empty when there are too few scores for one.
    pub density: Vec<f64>,
    /// The scores themselves, when there is no density.
    pub points: Vec<f64>,
    /// The score in the middle.
    pub median: f64,
    /// What stands at the right: "n = 41".
    pub note: String,
    /// The numbers, in words.
    pub tip: String,
}

const LEFT: f64 = 190.0;
const RIGHT: f64 = 110.0;
const ROW: f64 = 34.0;
/// Where the first row begins: below the scale, and lower when a ridge rises into it.
const TOP: f64 = 44.0;
/// How high the highest ridge rises: a little into the row above.
const HIGH: f64 = 46.0;

/// Ridges from −1 to +1, one a group; those below lie before those above.
pub fn ridges(title: &str, low: &str, high: &str, axis: usize, rows: &[RidgeRow]) -> String {
    let x = |value: f64| LEFT + f64::midpoint(value.clamp(-1.0, 1.0), 1.0) * (WIDTH - LEFT - RIGHT);
    let top = TOP + if rows.first().is_some_and(|r| !r.density.is_empty()) { HIGH - ROW + 16.0 } else { 0.0 };
    let bottom = top + ROW * rows.len() as f64;
    let highest = rows.iter().flat_map(|r| &r.density).copied().fold(0.0, f64::max).max(1e-9);
    let mut parts = vec![
        label(x(-1.0), 16.0, "start", "pole low", &format!("← {}", fitted(low, 34))),
        label(x(1.0), 16.0, "end", "pole high", &format!("{} →", fitted(high, 34))),
    ];
    for tick in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let class = if tick == 0.0 { "zero" } else { "grid" };
        parts.push(line(x(tick), 40.0, x(tick), bottom, class));
        parts.push(label(x(tick), 34.0, "middle", "tick", &signed(tick)));
    }
    for (i, row) in rows.iter().enumerate() {
        let base = top + ROW * (i as f64 + 1.0) - 8.0;
        let height = |density: f64| base - density / highest * HIGH;
        let mut shapes = vec![label(LEFT - 12.0, base + 3.0, "end", "name", &fitted(&row.name, 24))];
        let last = row.density.len().saturating_sub(1).max(1) as f64;
        if row.density.is_empty() {
            shapes.push(line(x(-1.0), base, x(1.0), base, "grid"));
            shapes.extend(row.points.iter().map(|score| {
                Shape::new("circle").at("cx", x(*score)).at("cy", base).at("r", 4.0).set("class", "hollow")
            }));
        } else {
            let ends = [(-1.0, base), (1.0, base)];
            let steps = row.density.iter().enumerate();
            let curve = steps.map(|(step, d)| (2.0 * step as f64 / last - 1.0, height(*d)));
            let points: Vec<String> = [ends[0]]
                .into_iter()
                .chain(curve)
                .chain([ends[1]])
                .map(|(score, y)| format!("{:.1},{y:.1}", x(score)))
                .collect();
            let path = format!("M{} Z", points.join(" L"));
            shapes.push(Shape::new("path").path("d", path).set("class", "ridge"));
        }
        // The stroke ends where the ridge is at the median; over dots it is short.
        let at = (f64::midpoint(row.median.clamp(-1.0, 1.0), 1.0) * last).round() as usize;
        let end = row.density.get(at).map_or(base - 12.0, |density| height(*density));
        shapes.push(line(x(row.median), base, x(row.median), end, "whisker"));
        parts.push(linked(&Link { group: row.group, axis: Some(axis), class: None, tip: &row.tip }, shapes));
        parts.push(label(WIDTH - RIGHT + 12.0, base + 3.0, "start", "n", &row.note));
    }
    canvas(title, bottom + 6.0, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(density: Vec<f64>, points: Vec<f64>) -> RidgeRow {
        let name = "Herald".to_string();
        RidgeRow { name, group: 3, density, points, median: 0.5, note: "n = 3".into(), tip: "<tip>".into() }
    }

    #[test]
    fn many_scores_are_a_ridge_and_few_are_dots() {
        let chart = ridges(
            "t",
            "low",
            "high",
            1,
            &[row(vec![0.0, 1.0, 0.5], vec![]), row(vec![], vec![0.1, 0.5, 0.9])],
        );
        assert_eq!((chart.matches("class=\"ridge\"").count(), chart.matches("<circle").count()), (1, 3));
        assert_eq!(chart.matches("href=\"#e3\"").count(), 2);
        assert!(chart.contains("&lt;tip") && !chart.contains("<tip"), "{chart}");
        // The highest point of the first ridge is in the middle of the scale.
        assert!(chart.contains("L420.0,52.0"), "{chart}");
    }
}
