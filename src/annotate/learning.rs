//! Learning in the background: one thread, after so many labels, never in the way of a save.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::curve::Curve;
use super::server::Shared;

/// Learns from the labels so far whenever enough were made since the last time.
///
/// The rows are copied out of the session, which is free while the model is trained on a thread of its own.
pub(super) async fn keep_learning(shared: &Arc<Shared>) {
    let named = |i| format!("learning-{i}");
    // A training that fails leaves the last curve standing; labelling goes on.
    let quiet = |_| ();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(named).panic_handler(quiet).build();
    let Ok(pool) = pool else { return std::future::pending().await };
    loop {
        let due = {
            let mut session = shared.session();
            let due = session.lesson_due();
            session.curve.learning = due.is_some();
            due
        };
        let Some(lesson) = due else {
            shared.labelled.notified().await;
            continue;
        };
        let n_rows = lesson.rows.len();
        let (done, found) = oneshot::channel();
        pool.spawn(move || {
            // Nobody waits for it when the server has ended meanwhile.
            let _ = done.send(lesson.learn());
        });
        let axes = found.await;
        let mut session = shared.session();
        let version = session.curve.version + 1;
        let axes = axes.unwrap_or_else(|_| std::mem::take(&mut session.curve.axes));
        session.curve = Curve { n_rows, axes, version, learning: false };
    }
}
