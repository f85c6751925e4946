//! The two loops that most of the time goes to, for a count of their instructions: `benches/instructions.sh`.

#[path = "../benches/made_up/mod.rs"]
mod made_up;

use sayso::features::{FeatureParams, Passage, Rewriter, Tfidf};
use sayso::model::Model;
use sayso::pipeline::{TrainParams, train};

fn main() {
    let made = made_up::texts(1500, 60);
    let passages: Vec<Passage<'_>> = made.iter().map(|m| m.text.as_str().into()).collect();
    let set = made_up::training_set(&made);
    let model = train(&set, &TrainParams { c: Some(1.0), folds: 0, ..TrainParams::default() })
        .expect("made-up texts can be learned");
    println!("{} terms, {:.6}", hot_vectorise(&passages), hot_score(&model, &passages));
}

#[inline(never)]
fn hot_vectorise(passages: &[Passage<'_>]) -> usize {
    let (tfidf, x) = Tfidf::fit(&FeatureParams::default(), Rewriter::default(), passages).expect("terms");
    tfidf.vocabulary().len() + x.n_rows()
}

#[inline(never)]
fn hot_score(model: &Model, passages: &[Passage<'_>]) -> f64 {
    let mut scorer = model.scorer();
    let mut p = Vec::new();
    for _ in 0..3 {
        for passage in passages {
            scorer.probabilities(*passage, &mut p);
        }
    }
    p.iter().sum()
}
