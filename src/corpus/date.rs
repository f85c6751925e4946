//! Dates as articles and tables write them.

use jiff::civil::Date;

/// In which order day and month stand in dates such as `03/04/2022`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DayOrder {
    /// Not known: such a date is refused unless one of the numbers is above 12.
    #[default]
    Unknown,
    /// `dmy`.
    DayFirst,
    /// `mdy`.
    MonthFirst,
}

/// A date as `YYYY-MM-DD`; `Ok(None)` when the cell says that there is none.
///
/// Read are ISO dates (with or without a time), `20221231`, `31.12.2022`, `31/12/2022`, `31-12-2022`,
/// `31 December 2022`, `Dec 31, 2022` and these after a weekday.
///
/// # Errors
///
/// A sentence that says what was expected, for the caller to add the place.
pub fn parse(cell: &str, order: DayOrder) -> Result<Option<String>, String> {
    let cell = cell.trim();
    if super::is_missing(cell) {
        return Ok(None);
    }
    let parts: Vec<&str> =
        cell.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).take(6).collect();
    let date = iso(cell)
        .map(Ok)
        .or_else(|| named_month(&parts).map(Ok))
        .or_else(|| numeric(&parts, order))
        .unwrap_or_else(|| Err("a date such as 2022-12-31".into()))?;
    Ok(Some(date.to_string()))
}

fn iso(cell: &str) -> Option<Date> {
    let digits = |range: std::ops::Range<usize>| cell.get(range)?.parse::<i16>().ok();
    let bytes = cell.as_bytes();
    if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
        return date(digits(0..4)?, digits(5..7)?, digits(8..10)?);
    }
    if bytes.len() >= 8
        && bytes[..8].iter().all(u8::is_ascii_digit)
        && bytes.get(8).is_none_or(|b| *b == b'T')
    {
        return date(digits(0..4)?, digits(4..6)?, digits(6..8)?);
    }
    None
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// "31 December 2022", "Dec 31, 2022", "Saturday, 31 Dec 2022 08:16".
fn named_month(parts: &[&str]) -> Option<Date> {
    let at = parts.iter().position(|part| month(part).is_some())?;
    let month = month(parts[at])?;
    let number = |i: usize| parts.get(i)?.trim_end_matches(|c: char| c.is_alphabetic()).parse::<i16>().ok();
    let before = at.checked_sub(1).and_then(number);
    match before {
        Some(day) if day <= 31 => date(number(at + 1)?, month, day),
        _ => date(number(at + 2)?, month, number(at + 1)?),
    }
}

fn month(word: &str) -> Option<i16> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_lowercase();
    (word.len() >= 3 && word.is_ascii())
        .then(|| MONTHS.iter().position(|m| m.starts_with(&word) || word == "sept" && *m == "september"))
        .flatten()
        .map(|i| i as i16 + 1)
}

fn numeric(parts: &[&str], order: DayOrder) -> Option<Result<Date, String>> {
    let number = |i: usize| parts.get(i)?.parse::<i16>().ok();
    let (a, b, year) = (number(0)?, number(1)?, number(2)?);
    if parts[2].len() != 4 {
        return None;
    }
    let day_first = match order {
        DayOrder::DayFirst => true,
        DayOrder::MonthFirst => false,
        DayOrder::Unknown if a > 12 || a == b => true,
        DayOrder::Unknown if b > 12 => false,
        DayOrder::Unknown => {
            return Some(Err(
                "a date whose day and month can be told apart; --date-format dmy or mdy says which".into(),
            ));
        }
    };
    let found = if day_first { date(year, b, a) } else { date(year, a, b) };
    found.map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_people_write_them() {
        for (cell, expected) in [
            ("2022-12-31", "2022-12-31"),
            ("2022-12-31T08:16:00+02:00", "2022-12-31"),
            ("20221231", "2022-12-31"),
            ("31.12.2022", "2022-12-31"),
            ("12/31/2022", "2022-12-31"),
            ("20 October 2018, Saturday, 8:16", "2018-10-20"),
            ("Apr 14, 2022, 1:52 PM", "2022-04-14"),
            ("Mon, 5 Sept 2022", "2022-09-05"),
        ] {
            assert_eq!(parse(cell, DayOrder::Unknown), Ok(Some(expected.to_string())), "{cell}");
        }
    }

    #[test]
    fn missing_is_not_wrong_and_ambiguous_is_refused_until_told() {
        assert_eq!(parse("None", DayOrder::Unknown), Ok(None));
        assert!(parse("03/04/2022", DayOrder::Unknown).is_err());
        assert_eq!(parse("03/04/2022", DayOrder::DayFirst), Ok(Some("2022-04-03".into())));
        assert_eq!(parse("03/04/2022", DayOrder::MonthFirst), Ok(Some("2022-03-04".into())));
        assert!(parse("2022-13-40", DayOrder::Unknown).is_err());
        assert!(parse("yesterday", DayOrder::Unknown).is_err());
    }
}
