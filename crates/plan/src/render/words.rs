//! Numbers, ages and dates in the words that every rendering shares.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A number and its noun: `1 mail`, `1,509 people`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `1 person`, `41 people`.
pub(super) fn people(number: usize) -> String {
    count(number, "person", "people")
}

/// `1 account`, `4 accounts`.
pub(super) fn accounts(number: usize) -> String {
    count(number, "account", "accounts")
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The first `most` of a list, then how many more there are: `a, b and 7 more`.
pub(super) fn some_of<T: AsRef<str>>(list: &[T], most: usize) -> String {
    let names: Vec<&str> = list.iter().map(AsRef::as_ref).collect();
    // One name is never hidden behind "and 1 more": it takes the same room.
    if names.len() <= most + 1 {
        return names.join(", ");
    }
    format!("{} and {} more", names[..most].join(", "), grouped(names.len() - most))
}

/// How long ago: `3 days`.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second());
    let units = [(DAY, "day", "days"), (HOUR, "hour", "hours"), (MINUTE, "minute", "minutes")];
    let Some((unit, one, many)) = units.into_iter().find(|(unit, ..)| seconds >= *unit) else {
        return "just now".to_owned();
    };
    let number = seconds / unit;
    count(usize::try_from(number).unwrap_or_default(), one, many)
}

/// A day that is still ahead: `today`, `tomorrow`, `on 1 December`. Days are those of UTC.
pub(super) fn day(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_zoned(TimeZone::UTC), now.to_zoned(TimeZone::UTC));
    if at.date() == now.date() {
        return format!("today at {} UTC", at.strftime("%H:%M"));
    }
    if now.date().tomorrow().is_ok_and(|tomorrow| tomorrow == at.date()) {
        return "tomorrow".to_owned();
    }
    let format = if at.year() == now.year() { "on %-d %B" } else { "on %-d %B %Y" };
    at.strftime(format).to_string()
}

/// A time that was measured: `0.4 s`, `12 s`, `3 min`; none where it is too short to matter.
pub(super) fn measured(time: Duration) -> Option<String> {
    Some(match time.as_secs_f64() {
        seconds if seconds < 0.1 => return None,
        seconds if seconds < 9.95 => format!("{seconds:.1} s"),
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} min", (seconds / 60.0).round()),
    })
}

/// A time that is guessed: `about 2 s`.
pub(super) fn estimated(seconds: f64) -> String {
    if seconds < 1.0 {
        return "under 1 s".to_owned();
    }
    if seconds < 90.0 {
        format!("about {seconds:.0} s")
    } else {
        format!("about {:.0} min", (seconds / 60.0).round())
    }
}

/// With a capital letter at the beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A sentence: with a period, unless it has one or ends in something to copy.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?', '`', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_grouped_and_agree_with_their_noun() {
        assert_eq!(people(1), "1 person");
        assert_eq!(people(0), "0 people");
        assert_eq!(people(1509), "1,509 people");
        assert_eq!(people(1_000_000), "1,000,000 people");
    }

    #[test]
    fn a_long_list_says_how_many_more_there_are() {
        let names: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
        assert_eq!(some_of(&names, 10), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more");
        assert_eq!(some_of(&names[..11], 10), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11");
        assert_eq!(some_of(&names[..1], 10), "1");
    }

    #[test]
    fn ages_and_days_are_told_as_people_tell_them() {
        let now = at("2026-11-23T10:00:00Z");
        assert_eq!(age(at("2026-11-20T09:00:00Z"), now), "3 days");
        assert_eq!(age(at("2026-11-22T09:00:00Z"), now), "1 day");
        assert_eq!(age(at("2026-11-23T08:30:00Z"), now), "1 hour");
        assert_eq!(age(at("2026-11-23T11:00:00Z"), now), "just now");
        assert_eq!(day(at("2026-11-23T18:00:00Z"), now), "today at 18:00 UTC");
        assert_eq!(day(at("2026-11-24T01:00:00Z"), now), "tomorrow");
        assert_eq!(day(at("2026-12-01T00:00:00Z"), now), "on 1 December");
        assert_eq!(day(at("2027-01-01T00:00:00Z"), now), "on 1 January 2027");
    }

    #[test]
    fn times_are_as_exact_as_they_are_useful() {
        let said = |time| measured(time).unwrap_or_default();
        assert_eq!(said(Duration::from_millis(99)), "");
        assert_eq!(said(Duration::from_millis(420)), "0.4 s");
        assert_eq!(said(Duration::from_millis(9_990)), "10 s");
        assert_eq!(said(Duration::from_secs(150)), "3 min");
        assert_eq!(estimated(0.2), "under 1 s");
        assert_eq!(estimated(240.0), "about 4 min");
    }
}
