use super::{Shape, WIDTH, canvas, fitted, label, line, rectangle, signed};

/// A difference in three parts.
pub struct SplitRow {
    /// "Herald − Post".
    pub name: String,
    /// Speaker mix, same-speaker statements, exclusive speakers, each with its interval.
    pub parts: [(f64, Option<(f64, f64)>); 3],
}

const LEFT: f64 = 300.0;
const RIGHT: f64 = 60.0;
const ROW: f64 = 18.0;
const NAMES: [&str; 3] = ["whom they quote", "what the same people say", "who only one quotes"];
const FILLS: [&str; 3] = ["bar k0", "bar k1", "bar k2"];

/// Three bars a difference, on one scale around zero.
pub fn splits(title: &str, rows: &[SplitRow]) -> String {
    let ends = |(value, interval): &(f64, Option<(f64, f64)>)| {
        let (low, high) = interval.unwrap_or((*value, *value));
        value.abs().max(low.abs()).max(high.abs())
    };
    let end = rows.iter().flat_map(|r| r.parts.iter().map(ends)).fold(0.1, f64::max);
    let x = |v: f64| LEFT + (v.clamp(-end, end) + end) / (2.0 * end) * (WIDTH - LEFT - RIGHT);
    let block = 3.0 * ROW + 30.0;
    let height = 10.0 + block * rows.len() as f64;
    let mut parts = vec![line(x(0.0), 4.0, x(0.0), height - 6.0, "zero")];
    for (i, row) in rows.iter().enumerate() {
        let top = 18.0 + block * i as f64;
        parts.push(label(LEFT - 12.0, top, "end", "name", &fitted(&row.name, 38)));
        for (j, (value, interval)) in row.parts.iter().enumerate() {
            let y = top + 6.0 + ROW * j as f64;
            let (from, to) = (x(value.min(0.0)), x(value.max(0.0)));
            let tip = Shape::new("title").words(&format!("{}: {}", NAMES[j], signed(*value)));
            parts.push(rectangle(from, y, to - from, ROW - 5.0, FILLS[j]).add(tip));
            if let Some((low, high)) = interval {
                parts.push(line(x(*low), y + 6.5, x(*high), y + 6.5, "whisker"));
            }
            parts.push(label(LEFT - 12.0, y + 11.0, "end", "tick", NAMES[j]));
            parts.push(label(WIDTH - RIGHT + 8.0, y + 11.0, "start", "n", &signed(*value)));
        }
    }
    canvas(title, height, parts)
}
