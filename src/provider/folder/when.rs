//! When a call was, from the many ways recorders write it. Pure.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// How far the time in a name may lie from the unique id's before the recorder counts as running in another time zone.
/// Longer than anybody waits between the start of a channel and the start of its recording.
const SAME_ZONE_MAX: SignedDuration = SignedDuration::from_hours(2);

/// Reads `date` with `time`, `datetime` or `epoch`, and `offset`, out of named fields. Without `offset` the time is local in
/// `zone`, unless Asterisk's unique id, which begins with the channel's start in UTC, shows that it cannot be.
pub fn from_fields(field: impl Fn(&[&str]) -> Option<String>, zone: &TimeZone) -> Option<Timestamp> {
    let channel_start = field(&["unique_id", "uniqueid"]).and_then(|id| epoch(id.split('.').next().unwrap_or(&id)));
    if let Some(at) = field(&["epoch"]).as_deref().and_then(epoch) {
        return Some(at);
    }
    let local = match (field(&["date"]), field(&["time"])) {
        (Some(date), Some(time)) => civil(&date, &time),
        _ => field(&["datetime"]).and_then(|text| {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            civil(digits.get(..8)?, digits.get(8..)?)
        }),
    };
    let Some(local) = local else { return channel_start };
    if let Some(offset) = field(&["offset"]).as_deref().and_then(offset) {
        return offset.to_timestamp(local).ok();
    }
    let at = local.to_zoned(zone.clone()).ok()?.timestamp();
    Some(channel_start.filter(|start| at.duration_since(*start).abs() > SAME_ZONE_MAX).unwrap_or(at))
}

/// Reads a time as programs write it into files: RFC 3339, the same with a space, without an offset (then in `zone`), or
/// seconds or milliseconds since 1970.
pub fn parse(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return Some(local.to_zoned(zone.clone()).ok()?.timestamp());
    }
    epoch(text)
}

/// Seconds since 1970, with or without a fraction, or milliseconds. Absent outside of 1990 to 2100: then it is some other
/// number.
pub fn epoch(text: &str) -> Option<Timestamp> {
    const YEAR_1990_S: f64 = 631_152_000.0;
    const YEAR_2100_S: f64 = 4_102_444_800.0;
    let number: f64 = text.parse().ok()?;
    let seconds = if number >= YEAR_1990_S * 1000.0 { number / 1000.0 } else { number };
    let is_plausible = (YEAR_1990_S..YEAR_2100_S).contains(&seconds);
    is_plausible.then(|| Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()).flatten()
}

/// `20240131`, `2024-01-31`, `240131` with `142530`, `14-25-30`, `1425`.
fn civil(date: &str, time: &str) -> Option<DateTime> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (date, time) = (digits(date), digits(time));
    let year_digits = date.len().checked_sub(4)?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year: i16 = match year_digits {
        4 => date[..4].parse().ok()?,
        2 => 2000 + date[..2].parse::<i16>().ok()?,
        _ => return None,
    };
    let day =
        Date::new(year, part(&date, year_digits, year_digits + 2)?, part(&date, year_digits + 2, date.len())?).ok()?;
    let second = if time.len() >= 6 { part(&time, 4, 6)? } else { 0 };
    Some(day.to_datetime(Time::new(part(&time, 0, 2)?, part(&time, 2, 4)?, second, 0).ok()?))
}

/// `Z`, `+0300`, `-03:30`.
fn offset(text: &str) -> Option<Offset> {
    if text.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        parse(text, &zone).map(|at| at.to_string())
    }

    #[test]
    fn times_are_read_however_they_are_written() {
        let noon = Some("2024-01-31T12:25:30Z".to_owned());
        for text in [
            "2024-01-31T12:25:30Z",
            "2024-01-31T14:25:30+02:00",
            "2024-01-31 14:25:30",
            "2024-01-31T14:25:30",
            "1706703930",
            "1706703930000",
        ] {
            assert_eq!(read(text), noon, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "soon", "17", "5551234", "2024-13-31T00:00:00Z", "NaN", "inf"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
