//! Memory in large pages: of a table that is read all over, the processor can keep the addresses of a few hundred pages at hand.

/// From this size on it is worth asking: two of the usual large pages.
const LARGE: usize = 4 << 20;
/// Advice is given for whole small pages.
#[cfg(target_os = "linux")]
const PAGE: usize = 4 << 10;

/// `n` times the same value. A large vector is put into large pages where the system gives them; nothing but speed depends on it.
pub(super) fn filled<T: Copy>(value: T, n: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(n);
    ask(&values);
    values.resize(n, value);
    values
}

/// `n` zeros that take no memory before they are written. Pages are large where the system gives them.
pub(super) fn zeros<T: Copy + Default>(n: usize) -> Vec<T> {
    let values = vec![T::default(); n];
    ask(&values);
    values
}

/// An empty vector with room for so many values. Pages are large where the system gives them.
pub(super) fn room<T>(n: usize) -> Vec<T> {
    let mut values = Vec::new();
    reserve(&mut values, n);
    values
}

/// Makes room for so many values more. Pages are large where the system gives them.
pub(crate) fn reserve<T>(values: &mut Vec<T>, more: usize) {
    values.reserve_exact(more);
    ask(values);
}

/// Makes room for so many values more. When there is none, room is made for all that is `expected`, as far as what was `done` of it
/// foretells: large vectors are slow to move.
#[inline]
pub(super) fn room_for<T>(values: &mut Vec<T>, more: usize, done: usize, expected: usize) {
    let held = values.len();
    if values.capacity() - held < more {
        let foretold = held / done.max(1) * expected.saturating_sub(done) / 8 * 9;
        reserve(values, more + foretold.clamp(held / 2, 8 * held));
    }
}

/// Asks for large pages for the memory that a vector has in store.
#[cfg(target_os = "linux")]
fn ask<T>(values: &Vec<T>) {
    use rustix::mm::{Advice, madvise};
    let bytes = values.capacity() * size_of::<T>();
    if bytes < LARGE {
        return;
    }
    // Its first and its last page wholly: where advice differs within a vector, it can no longer be moved without a copy.
    let start = values.as_ptr().cast_mut().cast::<u8>();
    let before = start.addr() % PAGE;
    // SAFETY: this advice changes neither the content of pages nor their protection, whoever else has a share in the outermost two.
    // That it is refused is no fault: the pages are small ones then.
    let _ = unsafe {
        madvise(
            start.wrapping_sub(before).cast(),
            (before + bytes).next_multiple_of(PAGE),
            Advice::LinuxHugepage,
        )
    };
}

#[cfg(not(target_os = "linux"))]
fn ask<T>(_: &Vec<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_for_what_is_foretold() {
        let mut values = vec![1_u8; 100];
        room_for(&mut values, 50, 10, 60);
        assert!(values.capacity() >= 100 + 50 + 100 / 10 * 50, "{}", values.capacity());
        room_for(&mut values, 5, 0, 0);
        assert_eq!(values, [1; 100]);
    }

    #[test]
    fn a_vector_is_filled_whatever_its_size() {
        for n in [0, 3, LARGE / 8 + 5] {
            let values = filled(7_u64, n);
            assert!(values.len() == n && values.iter().all(|v| *v == 7));
            assert_eq!(zeros::<u64>(n), vec![0; n]);
        }
    }
}
