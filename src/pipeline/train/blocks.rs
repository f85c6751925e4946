//! Blocks of dense features in training: each gets a logistic regression of its own.

use std::sync::Arc;

use rayon::prelude::*;

use super::cross_fit::{CrossFit, SplitScores};
use super::data::Data;
use super::fit::{Linear, Recipe};
use super::scores::RowScores;
use crate::Result;
use crate::classifier::Solver;
use crate::features::dense::{DenseBlock, Scaling};
use crate::features::{CsrMatrix, Passage, Rows};
use crate::model::Weighting;

/// The blocks to train with beside the terms. Two lists are equal when they hold the same blocks in the same order.
#[derive(Debug, Clone, Default)]
pub struct Blocks(pub Vec<Arc<dyn DenseBlock>>);

impl PartialEq for Blocks {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

/// A block with the rows of all training texts.
#[derive(Debug, Clone)]
pub(super) struct BlockRows {
    pub(super) block: Arc<dyn DenseBlock>,
    rows: Arc<Vec<f32>>,
}

impl BlockRows {
    pub(super) fn new(block: &Arc<dyn DenseBlock>, passages: &[Passage<'_>]) -> Self {
        Self { block: Arc::clone(block), rows: Arc::new(block.rows(passages)) }
    }

    fn row(&self, i: usize) -> &[f32] {
        let width = self.block.width();
        &self.rows[i * width..(i + 1) * width]
    }

    /// How these rows are brought to one scale; `None` where the block wants them as they are.
    pub(super) fn scaling(&self, rows: &[usize]) -> Option<Scaling> {
        self.block.standardised().then(|| {
            let of: Vec<&[f32]> = rows.iter().map(|i| self.row(*i)).collect();
            Scaling::fit(&of, self.block.width())
        })
    }

    /// These rows, scaled, in the form that the solvers read.
    pub(super) fn matrix(&self, rows: &[usize], scaling: Option<&Scaling>) -> Rows<'static> {
        let width = self.block.width();
        let mut matrix =
            CsrMatrix { starts: vec![0], columns: Vec::new(), values: Vec::new(), n_cols: width };
        for i in rows {
            let from = matrix.values.len();
            matrix.values.extend_from_slice(self.row(*i));
            if let Some(scaling) = scaling {
                scaling.apply(&mut matrix.values[from..]);
            }
            matrix.columns.extend(0..width as u32);
            matrix.starts.push(matrix.values.len());
        }
        matrix.into()
    }
}

/// The recipe for a block. Balanced classes are worth 3 points of macro-F1 at 100 rows; linfa-logistic knows no row weights.
pub(super) fn recipe(of_terms: &Recipe) -> Recipe {
    let balanced = of_terms.balanced || of_terms.solver == Solver::Sparse;
    Recipe { weighting: Weighting::Tfidf, balanced, ..*of_terms }
}

/// Fits on one side of a split and scores the other, as [`super::cross_fit::split_scores`] does with terms.
pub(super) fn split_scores(
    data: &Data<'_>,
    block: &BlockRows,
    recipe: &Recipe,
    grids: &[Vec<f64>],
    train: &[usize],
    test: &[usize],
) -> Result<SplitScores> {
    let scaling = block.scaling(train);
    (0..data.axes.axes.len())
        .into_par_iter()
        .map(|axis| {
            if grids[axis].is_empty() {
                return Ok(Vec::new());
            }
            let n_classes = data.axes.axes[axis].classes().len();
            let rows: Vec<usize> =
                train.iter().copied().filter(|i| data.rows[*i].labels[axis].is_some()).collect();
            let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
            if y.iter().all(|k| Some(k) == y.first()) {
                let outputs = if n_classes == 2 { 1 } else { n_classes };
                return Ok(vec![RowScores::zeros(test.len(), outputs); grids[axis].len()]);
            }
            let weights: Vec<f64> = rows.iter().map(|i| data.rows[*i].weight).collect();
            let x = block.matrix(&rows, scaling.as_ref());
            let x_test = block.matrix(test, scaling.as_ref());
            let fits = recipe.rough_path(&x, &y, n_classes, &weights, &grids[axis])?;
            Ok(fits.iter().map(|fit| fit.scores(&x_test)).collect())
        })
        .collect()
}

/// Fits a block on all rows of an axis.
pub(super) fn fit(
    data: &Data<'_>,
    axis: usize,
    block: &BlockRows,
    scaling: Option<&Scaling>,
    of_terms: &Recipe,
    c: f64,
) -> Result<Linear> {
    let rows = data.labelled(axis);
    let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
    let weights: Vec<f64> = rows.iter().map(|i| data.rows[*i].weight).collect();
    let x = block.matrix(&rows, scaling);
    recipe(of_terms).fit(&x, &y, data.axes.axes[axis].classes().len(), &weights, c)
}

/// A block fitted on all axes.
pub(super) struct FittedBlock {
    pub(super) scaling: Option<Scaling>,
    /// Of all axes, one after the other.
    pub(super) intercepts: Vec<f64>,
    /// `width × n_outputs` over all axes.
    pub(super) weights: Vec<f64>,
}

/// Fits every block on all axes.
pub(super) fn fit_all(
    data: &Data<'_>,
    blocks: &[BlockRows],
    recipe: Recipe,
    cross_fit: Option<&CrossFit>,
) -> Result<Vec<FittedBlock>> {
    let all: Vec<usize> = (0..data.rows.len()).collect();
    let fit_one = |(b, rows): (usize, &BlockRows)| {
        let scaling = rows.scaling(&all);
        let grid = rows.block.grid();
        let fits = (0..data.axes.axes.len())
            .map(|axis| {
                let c = cross_fit.map_or(grid[grid.len() / 2], |f| f.axes[axis].c[b + 1]);
                fit(data, axis, rows, scaling.as_ref(), &recipe, c)
            })
            .collect::<Result<Vec<_>>>()?;
        let intercepts: Vec<f64> = fits.iter().flat_map(|f| f.intercepts.iter().copied()).collect();
        let weights = (0..rows.block.width())
            .flat_map(|j| {
                fits.iter().flat_map(move |f| {
                    let n = f.intercepts.len();
                    f.weights[j * n..(j + 1) * n].iter().copied()
                })
            })
            .collect();
        Ok(FittedBlock { scaling, intercepts, weights })
    };
    blocks.iter().enumerate().collect::<Vec<_>>().into_par_iter().map(fit_one).collect()
}
