//! The nearest names: what somebody probably meant.

/// The candidates that are close enough to be what was meant, best first, three at most.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = written.to_lowercase();
    let allowed = (lower.chars().count() / 3).clamp(1, 4);
    let mut close: Vec<(usize, &str)> = candidates
        .into_iter()
        // A length that differs by more can't be close; this keeps long lists cheap.
        .filter(|candidate| candidate.len().abs_diff(lower.len()) <= allowed * 4)
        .filter_map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            (distance <= allowed).then_some((distance, candidate))
        })
        .collect();
    close.sort_unstable();
    close.dedup();
    let best = close.first().map_or(0, |(distance, _)| *distance);
    close
        .into_iter()
        .take_while(|(distance, _)| *distance <= best + 1)
        .take(3)
        .map(|(_, name)| name)
        .collect()
}

/// A hint that asks for the nearest names, if any is near.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let near = nearest(written, candidates);
    (!near.is_empty()).then(|| format!("did you mean {}?", any_of(&near)))
}

/// Names in backticks: `a`, `b` or `c`.
pub(crate) fn any_of(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    join(&names, "or")
}

/// Words with commas and a last `and` or `or`.
pub(crate) fn join(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_near_and_another_word_is_not() {
        let names = ["network-operator", "billing-reader", "admin"];
        assert_eq!(nearest("netwrok-operator", names), ["network-operator"]);
        assert_eq!(nearest("Admin", names), ["admin"]);
        assert!(nearest("owner", names).is_empty());
    }
}
