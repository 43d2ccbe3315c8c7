//! Durations as people write them: `7d`, `10m`, `1h30m`.

use std::time::Duration;

/// What such a text looks like, for schemas.
pub(crate) const PATTERN: &str = "^([0-9]+[smhdw])+$";

/// Reads a duration; none if it is not one or too long to count.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 24 * 3600,
            b'w' => 7 * 24 * 3600,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    // A century is more than anybody means, and fits every clock.
    (!text.is_empty() && seconds <= 100 * 366 * 24 * 3600).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_written() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("30s"), Some(30));
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("7d"), Some(7 * 86400));
        for text in ["", "7", "d", "7 d", "-7d", "7D", "1.5h", "99999999999999999999d", "9999w9", "ä"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
