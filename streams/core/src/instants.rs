//! RFC 3339 <-> ms since the epoch: the usual spelling only, `2026-03-04T10:00:00[.123]Z` or with an offset.
//!
//! None: another spelling, or no instant, or one before 1971; somebody else looks. Does not know: records.

pub const EARLIEST_MS: i64 = 31_536_000_000; // 1971-01-01T00:00:00Z
pub const LATEST_MS: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
const DAY_MS: i64 = 86_400_000;

fn number(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |all, byte| byte.is_ascii_digit().then(|| all * 10 + i64::from(byte - b'0')))
}

/// Days since the epoch of a date in the proleptic Gregorian calendar (Howard Hinnant, `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way round (`civil_from_days`).
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Finer digits than ms are cut off.
pub fn read(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let at = |i: usize, byte: u8| bytes.get(i).is_some_and(|found| *found == byte).then_some(());
    let two = |i: usize| number(bytes.get(i..i + 2)?);
    let year = number(bytes.get(..4)?)?;
    at(4, b'-')?;
    let month = two(5)?;
    at(7, b'-')?;
    let day = two(8)?;
    at(10, b'T')?;
    let hour = two(11)?;
    at(13, b':')?;
    let minute = two(14)?;
    at(16, b':')?;
    let second = two(17)?;
    let in_range = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    (in_range && year >= 1971 && hour < 24 && minute < 60 && second < 60).then_some(())?;
    let (millis, rest) = fraction(bytes.get(19..)?)?;
    let local = days(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + millis;
    let ms = local - offset(rest)?;
    (EARLIEST_MS..=LATEST_MS).contains(&ms).then_some(ms)
}

/// The first three digits after a point, and what follows them all.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = bytes.strip_prefix(b".") else { return Some((0, bytes)) };
    let n = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (n > 0).then_some(())?;
    let kept = n.min(3);
    let scale = [100, 10, 1][kept - 1];
    Some((number(&digits[..kept])? * scale, &digits[n..]))
}

/// In ms, east of Greenwich positive.
fn offset(rest: &[u8]) -> Option<i64> {
    match rest {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            (hours < 24 && minutes < 60).then_some(())?;
            let ms = (hours * 60 + minutes) * 60_000;
            Some(if *sign == b'+' { ms } else { -ms })
        }
        _ => None,
    }
}

fn digits<const N: usize>(mut value: i64) -> [u8; N] {
    let mut out = [b'0'; N];
    for place in out.iter_mut().rev() {
        *place = b'0' + u8::try_from(value.rem_euclid(10)).unwrap_or(0);
        value = value.div_euclid(10);
    }
    out
}

/// RFC 3339 in UTC with three digits of the second.
pub fn write(out: &mut Vec<u8>, ms: i64) {
    let (year, month, day) = date(ms.div_euclid(DAY_MS));
    let of_day = ms.rem_euclid(DAY_MS);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    text[..4].copy_from_slice(&digits::<4>(year));
    text[5..7].copy_from_slice(&digits::<2>(month));
    text[8..10].copy_from_slice(&digits::<2>(day));
    text[11..13].copy_from_slice(&digits::<2>(of_day / 3_600_000));
    text[14..16].copy_from_slice(&digits::<2>(of_day / 60_000 % 60));
    text[17..19].copy_from_slice(&digits::<2>(of_day / 1_000 % 60));
    text[20..23].copy_from_slice(&digits::<3>(of_day % 1_000));
    out.extend_from_slice(&text);
}
