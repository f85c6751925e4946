use super::{Shape, WIDTH, canvas, fitted, label, line, signed};

/// A month of a group.
pub struct Point {
    /// Months since the first month of the chart.
    pub month: usize,
    /// The mean.
    pub value: f64,
    /// Its interval over articles.
    pub interval: Option<(f64, f64)>,
}

/// One group over time.
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its months, in order; a month without statements is a gap.
    pub points: Vec<Point>,
}

/// Something that happened.
pub struct Event {
    /// Months since the first month of the chart, with a fraction for the day.
    pub month: f64,
    /// What.
    pub label: String,
}

const LEFT: f64 = 190.0;
const RIGHT: f64 = 20.0;
const ROW: f64 = 64.0;
const TOP: f64 = 24.0;

/// Small multiples: one strip a group, all on the same scale; gaps stay gaps.
pub fn timeline(title: &str, months: &[String], series: &[Series], events: &[Event]) -> String {
    let last = months.len().saturating_sub(1).max(1) as f64;
    let x = |month: f64| LEFT + 8.0 + month / last * (WIDTH - LEFT - RIGHT - 16.0);
    let bottom = TOP + ROW * series.len() as f64;
    let mut parts = Vec::new();
    let every = months.len().div_ceil(8).max(1);
    for (i, month) in months.iter().enumerate().step_by(every) {
        parts.push(label(x(i as f64), bottom + 18.0, "middle", "tick", month));
        parts.push(line(x(i as f64), TOP, x(i as f64), bottom, "grid"));
    }
    for (i, event) in events.iter().enumerate() {
        parts.push(line(x(event.month), TOP - 4.0, x(event.month), bottom, "event"));
        let y = bottom + 36.0 + 16.0 * i as f64;
        let anchor = if event.month > last / 2.0 { "end" } else { "start" };
        parts.push(label(x(event.month), y, anchor, "tick", &fitted(&event.label, 50)));
    }
    for (i, series) in series.iter().enumerate() {
        let top = TOP + ROW * i as f64;
        let y = |value: f64| top + ROW / 2.0 - value.clamp(-1.0, 1.0) * (ROW / 2.0 - 6.0);
        parts.push(line(LEFT, y(0.0), WIDTH - RIGHT, y(0.0), "zero"));
        parts.push(line(LEFT, top + ROW, WIDTH - RIGHT, top + ROW, "grid"));
        parts.push(label(LEFT - 12.0, y(0.0) + 4.0, "end", "name", &fitted(&series.name, 24)));
        for run in series.points.chunk_by(|a, b| b.month == a.month + 1) {
            let to = |p: &Point, v: f64| format!("{:.1},{:.1}", x(p.month as f64), y(v));
            let band: Vec<String> = run
                .iter()
                .filter_map(|p| p.interval.map(|(_, high)| to(p, high)))
                .chain(run.iter().rev().filter_map(|p| p.interval.map(|(low, _)| to(p, low))))
                .collect();
            if band.len() > 3 {
                parts.push(Shape::new("polygon").path("points", band.join(" ")).set("class", "band"));
            }
            let path: Vec<String> = run.iter().map(|p| to(p, p.value)).collect();
            parts.push(Shape::new("polyline").path("points", path.join(" ")).set("class", "trend"));
            for p in run {
                let tip = format!("{}, {}: {}", series.name, months[p.month], signed(p.value));
                let dot = Shape::new("circle").at("cx", x(p.month as f64)).at("cy", y(p.value)).at("r", 3.5);
                parts.push(dot.set("class", "hollow").add(Shape::new("title").words(&tip)));
            }
        }
    }
    canvas(title, bottom + 30.0 + 16.0 * events.len() as f64, parts)
}
