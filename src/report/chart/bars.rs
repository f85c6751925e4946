use super::{Link, Shape, WIDTH, canvas, fitted, label, line, linked, rectangle};

/// One group in a chart of class shares.
pub struct BarRow {
    /// Its name.
    pub name: String,
    /// Its number, for the link.
    pub group: usize,
    /// The share of each class, in axis order; they sum to 1.
    pub shares: Vec<f64>,
    /// What stands at the right.
    pub note: String,
}

const LEFT: f64 = 190.0;
const RIGHT: f64 = 90.0;
const ROW: f64 = 26.0;
const TOP: f64 = 44.0;

/// The fill of a class: hatched towards the low pole, plain towards the high one, so that colour is not the only sign.
fn fill(class: usize, n: usize) -> &'static str {
    match (class, n) {
        (0, 2 | 3) => "bar low",
        (1, 3) => "bar middle",
        (1, 2) | (2, 3) => "bar high",
        (c, _) => ["bar k0", "bar k1", "bar k2", "bar k3", "bar k4", "bar k5"][c % 6],
    }
}

/// Stacked shares. With two or three ordered classes the stack is centred on the middle one, so that the lean shows.
pub fn bars(title: &str, classes: &[String], axis: usize, rows: &[BarRow], ordered: bool) -> String {
    let k = classes.len();
    let centred = ordered && (2..=3).contains(&k);
    let span = WIDTH - LEFT - RIGHT;
    // Centred: 1 to the left and 1 to the right of the middle.
    let scale = if centred { span / 2.0 } else { span };
    let origin = if centred { LEFT + span / 2.0 } else { LEFT };
    let bottom = TOP + ROW * rows.len() as f64;
    let mut parts = legend(classes, if ordered { k } else { 9 });
    parts.push(line(origin, TOP - 6.0, origin, bottom, "zero"));
    for (i, row) in rows.iter().enumerate() {
        let y = TOP + ROW * i as f64 + 4.0;
        let mut x = origin;
        if centred {
            let middle = if k == 3 { row.shares[1] / 2.0 } else { 0.0 };
            x -= (row.shares[0] + middle) * scale;
        }
        parts.push(label(LEFT - 12.0, y + 13.0, "end", "name", &fitted(&row.name, 24)));
        for (c, share) in row.shares.iter().enumerate() {
            let tip = format!("{}: {} {:.0} %", row.name, classes[c], 100.0 * share);
            let link = Link { group: row.group, axis: Some(axis), class: Some(c), tip: &tip };
            let width = share * scale;
            let mut shapes = vec![rectangle(x, y, width, ROW - 8.0, fill(c, if ordered { k } else { 9 }))];
            if width > 34.0 {
                shapes.push(label(
                    x + width / 2.0,
                    y + 13.0,
                    "middle",
                    "in",
                    &format!("{:.0} %", 100.0 * share),
                ));
            }
            parts.push(linked(&link, shapes));
            x += width;
        }
        parts.push(label(WIDTH - RIGHT + 12.0, y + 13.0, "start", "n", &row.note));
    }
    canvas(title, bottom + 10.0, parts)
}

fn legend(classes: &[String], k: usize) -> Vec<Shape> {
    let width = (WIDTH - LEFT) / classes.len().max(1) as f64;
    let mut parts = Vec::new();
    for (c, class) in classes.iter().enumerate() {
        let x = LEFT + width * c as f64;
        parts.push(rectangle(x, 8.0, 14.0, 14.0, fill(c, k)));
        let n = (width / 7.5) as usize;
        parts.push(label(x + 20.0, 20.0, "start", "tick", &fitted(class, n.max(4))));
    }
    parts
}

/// Plain horizontal bars of counts: who is quoted most.
pub fn counts(title: &str, rows: &[(String, usize, String)]) -> String {
    let most = rows.iter().map(|(_, n, _)| *n).max().unwrap_or(1).max(1) as f64;
    let span = WIDTH - LEFT - RIGHT - 20.0;
    let mut parts = Vec::new();
    for (i, (name, n, note)) in rows.iter().enumerate() {
        let y = 10.0 + 22.0 * i as f64;
        let end = LEFT + span * *n as f64 / most;
        parts.push(label(LEFT - 12.0, y + 12.0, "end", "name", &fitted(name, 24)));
        parts.push(line(LEFT, y + 8.0, end, y + 8.0, "stick"));
        parts.push(Shape::new("circle").at("cx", end).at("cy", y + 8.0).at("r", 5.0).set("class", "dot"));
        parts.push(label(end + 12.0, y + 12.0, "start", "n", note));
    }
    canvas(title, 20.0 + 22.0 * rows.len() as f64, parts)
}
