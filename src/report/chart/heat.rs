use super::{Link, WIDTH, canvas, fitted, label, linked, rectangle, signed};

/// One speaker in the table of speakers by outlet.
pub struct HeatRow {
    /// The speaker.
    pub name: String,
    /// By group: statements and their mean.
    pub cells: Vec<Option<(usize, f64)>>,
}

const LEFT: f64 = 190.0;
const ROW: f64 = 34.0;
const TOP: f64 = 30.0;

/// Seven steps from the low to the high pole; the number in the cell says the same.
fn shade(mean: f64) -> &'static str {
    const STEPS: [&str; 7] = ["cell d0", "cell d1", "cell d2", "cell d3", "cell d4", "cell d5", "cell d6"];
    STEPS[(f64::midpoint(mean.clamp(-1.0, 1.0), 1.0) * 6.999) as usize]
}

/// Speakers × groups: colour and number say the mean, small figures the count; an empty cell is not quoted.
///
/// At most ten groups fit beside each other; wider tables are cut into parts of ten.
pub fn heat(title: &str, axis: usize, groups: &[(usize, String)], rows: &[HeatRow]) -> String {
    let width = (WIDTH - LEFT - 4.0) / groups.len().max(1) as f64;
    let mut parts = Vec::new();
    for (g, (_, name)) in groups.iter().enumerate() {
        let x = LEFT + width * (g as f64 + 0.5);
        let n = (width / 7.4) as usize;
        parts.push(label(x, TOP - 10.0, "middle", "tick", &fitted(name, n.max(3))));
    }
    for (i, row) in rows.iter().enumerate() {
        let y = TOP + ROW * i as f64;
        parts.push(label(LEFT - 12.0, y + 21.0, "end", "name", &fitted(&row.name, 24)));
        for (g, (group, name)) in groups.iter().enumerate() {
            let x = LEFT + width * g as f64;
            let Some((n, mean)) = row.cells[*group] else {
                parts.push(rectangle(x + 1.0, y + 1.0, width - 2.0, ROW - 2.0, "cell empty"));
                continue;
            };
            let tip = format!("{} in {name}: {} over {n} statements", row.name, signed(mean));
            let link = Link { group: *group, axis: Some(axis), class: None, tip: &tip };
            let class = if mean.abs() > 0.57 { "in" } else { "on" };
            let middle = x + width / 2.0;
            let shapes = vec![
                rectangle(x + 1.0, y + 1.0, width - 2.0, ROW - 2.0, shade(mean)),
                label(middle, y + 16.0, "middle", class, &signed(mean)),
                label(middle, y + 29.0, "middle", class, &format!("n {n}")),
            ];
            parts.push(linked(&link, shapes));
        }
    }
    canvas(title, TOP + ROW * rows.len() as f64 + 8.0, parts)
}
