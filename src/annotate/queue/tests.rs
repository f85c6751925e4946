use super::*;

/// Statements of three outlets: 40, 25 and 7.
fn keys() -> Vec<(String, &'static str)> {
    let sizes = [("Herald", 40), ("Post", 25), ("Echo", 7)];
    sizes.iter().flat_map(|(o, n)| (0..*n).map(move |i| (format!("{o}:{i}"), *o))).collect()
}

fn units<'a>(keys: &'a [(String, &'static str)]) -> Vec<Unit<'a>> {
    // The other streams like the same statements under every seed, as a model and annotators would.
    let merit = |i: usize| {
        let stream = if i.is_multiple_of(2) { Stream::Uncertain } else { Stream::Disagreement };
        i.is_multiple_of(3).then_some((stream, ((i * 37) % 101) as f64))
    };
    let recheck = |i: usize| i.is_multiple_of(7).then_some(i as f64);
    let unit = |(i, (key, outlet)): (usize, &'a (String, &'static str))| Unit {
        key,
        outlet,
        merit: merit(i),
        recheck: recheck(i),
    };
    keys.iter().enumerate().map(unit).collect()
}

/// Over 2,000 seeds, how often each statement was in the sample, and the mean of what was recorded for it.
fn frequencies(design: Design, stop: usize) -> Vec<(f64, f64)> {
    const SEEDS: u64 = 2000;
    let keys = keys();
    let units = units(&keys);
    let mut counts = vec![(0.0, 0.0); units.len()];
    let mut expected: Vec<(f64, f64)> = vec![(0.0, 0.0); units.len()];
    for seed in 0..SEEDS {
        let queue = Queue::new(&units, &Design { seed, ..design });
        let served: BTreeSet<usize> =
            queue.slots.iter().take(stop).filter(|slot| !slot.again).map(|slot| slot.item).collect();
        let p = queue.sample_probabilities(|i| served.contains(&i));
        for (i, unit) in units.iter().enumerate() {
            let of_outlet = p.iter().find(|(j, _)| units[**j].outlet == unit.outlet).map_or(0.0, |(_, p)| *p);
            counts[i].0 += f64::from(u8::from(p.contains_key(&i)));
            expected[i].0 += of_outlet;
            expected[i].1 += of_outlet * (1.0 - of_outlet);
        }
    }
    counts.iter().zip(&expected).map(|(c, e)| (c.0 - e.0, e.1)).collect()
}

#[test]
fn over_2000_seeds_every_statement_is_drawn_as_often_as_its_recorded_probability_says() {
    let all = Design { twice: 0.0, ..Design::default() };
    let designs = [
        (Design { sample: Some(10), ..all }, usize::MAX),
        // Stopped before the end, and with another stream and second times in between.
        (Design { sample: Some(20), ..all }, 23),
        (Design { sample: Some(20), random_share: 0.4, twice: 0.2, ..all }, 40),
    ];
    for (design, stop) in designs {
        let off = frequencies(design, stop);
        let mut chi = 0.0;
        let mut cells = 0.0;
        for (difference, variance) in off {
            if variance > 0.0 {
                let z = difference / variance.sqrt();
                assert!(z.abs() < 4.2, "z = {z} in {design:?}");
                chi += z * z;
                cells += 1.0;
            } else {
                assert_eq!(difference, 0.0);
            }
        }
        // The squares average 1 up to the finite-population factor, which is below 1 by 1/N alone.
        assert!((chi / cells - 1.0).abs() < 0.5, "{chi} over {cells}");
    }
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let keys = keys();
    let forward = units(&keys);
    let names = |units: &[Unit<'_>]| -> Vec<(String, bool)> {
        let queue = Queue::new(units, &Design::default());
        queue.slots.iter().map(|s| (units[s.item].key.to_string(), s.again)).collect()
    };
    let mut backward = forward.clone();
    backward.reverse();
    assert_eq!(names(&forward), names(&backward));
}

#[test]
fn a_larger_sample_contains_the_smaller_one() {
    let keys = keys();
    let units = units(&keys);
    let drawn = |sample| -> BTreeSet<usize> {
        let design = Design { sample: Some(sample), ..Design::default() };
        Queue::new(&units, &design).slots.iter().map(|s| s.item).collect()
    };
    assert!(drawn(5).is_subset(&drawn(12)));
    assert_eq!(drawn(5).len(), 15);
    assert_eq!(drawn(12).len(), 12 + 12 + 7);
}

#[test]
fn a_gap_in_the_ranks_ends_the_sample_there() {
    let keys = keys();
    let units = units(&keys);
    let queue = Queue::new(&units, &Design { sample: Some(10), twice: 0.0, ..Design::default() });
    let herald: Vec<usize> =
        queue.slots.iter().map(|s| s.item).filter(|i| units[*i].outlet == "Herald").collect();
    let p = queue.sample_probabilities(|i| herald.contains(&i) && i != herald[3]);
    assert_eq!(p.keys().copied().collect::<Vec<_>>().len(), 3);
    assert!(p.values().all(|p| *p == 3.0 / 40.0));
}

#[test]
fn streams_keep_their_shares_and_nothing_is_served_thrice() {
    let keys = keys();
    let units = units(&keys);
    let design = Design { sample: Some(20), random_share: 0.5, twice: 0.3, ..Design::default() };
    let queue = Queue::new(&units, &design);
    let first: Vec<&Slot> =
        queue.slots.iter().filter(|s| !s.again || s.stream != Stream::Random).take(12).collect();
    let count = |stream| first.iter().filter(|s| s.stream == stream).count();
    let counts = (count(Stream::Random), count(Stream::Disagreement), count(Stream::Uncertain));
    assert_eq!(counts, (6, 3, 3));
    for item in 0..units.len() {
        let places: Vec<usize> = (0..queue.slots.len()).filter(|p| queue.slots[*p].item == item).collect();
        assert!(places.len() <= 2);
        if let &[one, two] = &places[..] {
            let (one_slot, two_slot) = (queue.slots[one], queue.slots[two]);
            assert!(one_slot.again != two_slot.again);
            let random = one_slot.stream == Stream::Random && two_slot.stream == Stream::Random;
            assert!(!random || two - one >= APART || two + 8 >= queue.slots.len(), "{one} and {two}");
        }
    }
}

#[test]
fn shares_out_of_range_are_refused() {
    let with = |random_share, twice, sample| Design { seed: 1, sample, random_share, twice }.check();
    assert!(with(0.2, 0.1, Some(3)).is_ok());
    for bad in
        [with(0.0, 0.1, None), with(f64::NAN, 0.1, None), with(1.0, 1.1, None), with(1.0, 0.0, Some(0))]
    {
        assert!(matches!(bad.expect_err("out of range").kind(), crate::ErrorKind::Argument { .. }));
    }
}

#[test]
fn other_streams_serve_nothing_of_the_sample_but_second_times_and_name_themselves() {
    let keys = keys();
    let units = units(&keys);
    let design = Design { sample: Some(20), random_share: 0.5, twice: 0.3, ..Design::default() };
    let queue = Queue::new(&units, &design);
    let drawn: BTreeSet<usize> =
        queue.slots.iter().filter(|s| s.stream == Stream::Random).map(|s| s.item).collect();
    let mut second_times = 0;
    for slot in queue.slots.iter().filter(|s| s.stream != Stream::Random) {
        let unit = units[slot.item];
        if slot.again {
            assert!(unit.recheck.is_some() && slot.stream == Stream::Disagreement);
            second_times += 1;
        } else {
            assert!(!drawn.contains(&slot.item), "{} was planned", unit.key);
            assert_eq!(unit.merit.map(|m| m.0), Some(slot.stream));
        }
    }
    assert!(second_times > 3);
    // Without a share for them they serve nothing.
    let alone = Queue::new(&units, &Design { random_share: 1.0, ..design });
    assert!(alone.slots.iter().all(|s| s.stream == Stream::Random));
}
