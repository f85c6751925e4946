//! The stages of extraction, in bytes per second: `cargo bench --bench extraction`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sayso::quotation::Extractor;
use sayso::text::{boilerplate, tokens};
use sayso::types::Article;

/// A page of news in our own words, said often enough to fill 100 kB.
const PAGE: &str = "The bridge over the Weiss was closed on Monday, the ministry said. “We checked every bolt,” said Anna \
Berg, the chief engineer. “Nobody was in danger.” She added that repairs would take a year.\n\n\
According to Karl Stein, a lawyer from Minsk, the town had been warned twice. He told reporters that the \
report was “as clear as day” and that nobody had read it.\n\n\
The mayor, who took office in May, rejected the criticism. “I read it,” he said, “and I acted on it.”\n\n";

fn article(text: String) -> Article {
    Article { text, language: Some("en".into()), ..Article::default() }
}

fn stages(criterion: &mut Criterion) {
    let text = PAGE.repeat(100_000 / PAGE.len() + 1);
    let mut group = criterion.benchmark_group("news");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("tokens", |b| b.iter(|| tokens(&text)));
    group.bench_function("boilerplate", |b| b.iter(|| boilerplate(&text)));
    let extractor = Extractor::new();
    let news = article(text.clone());
    group.bench_function("extract", |b| b.iter(|| extractor.extract(&news)));
    group.finish();
}

fn hostile(criterion: &mut Criterion) {
    let extractor = Extractor::new();
    let mut group = criterion.benchmark_group("hostile");
    for (name, unit) in
        [("straight", "\""), ("curly", "“"), ("cue", "he said "), ("names", "Anna Berg "), ("lines", "\n")]
    {
        // Equal throughput at both sizes means linear time.
        for size in [100_000, 1_000_000] {
            let hostile = article(unit.repeat(size / unit.len()));
            group.throughput(Throughput::Bytes(hostile.text.len() as u64));
            group.bench_function(format!("{name}/{size}"), |b| b.iter(|| extractor.extract(&hostile)));
        }
    }
    group.finish();
}

criterion_group!(benches, stages, hostile);
criterion_main!(benches);
