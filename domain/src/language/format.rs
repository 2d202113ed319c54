//! Money, dates, shares and durations as each language writes them.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use entities::{Currency, Locale, Money};

/// Keeps an amount and its currency on one line.
const NO_BREAK: char = '\u{a0}';

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const MONTHS_PT: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

/// `€12.50` and `US$ 12.50`, `12,50 €` and `US$ 12,50`, `R$ 12,50`; the spaces do not break.
pub fn money(locale: Locale, money: Money) -> String {
    let sign = if money.minor < 0 { "-" } else { "" };
    let amount = amount(locale, money);
    let symbol = symbol(money.currency);
    // Spain writes the euro behind the amount, the Americas write their currencies before it.
    let behind = locale == Locale::Es && ["EUR", "GBP", "CHF"].contains(&money.currency.as_str());
    if behind {
        format!("{sign}{amount}{NO_BREAK}{symbol}")
    } else if locale == Locale::En && symbol.chars().count() == 1 {
        format!("{sign}{symbol}{amount}")
    } else {
        format!("{sign}{symbol}{NO_BREAK}{amount}")
    }
}

fn amount(locale: Locale, money: Money) -> String {
    let plain = money.to_major();
    let plain = plain.trim_start_matches('-');
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let (thousands, decimal) = if locale == Locale::En {
        (',', '.')
    } else {
        ('.', ',')
    };
    // Spanish groups digits from five on (RAE, Ortografía).
    let least = if locale == Locale::Es { 5 } else { 4 };
    let mut text = grouped(whole, thousands, least);
    if !fraction.is_empty() {
        text.push(decimal);
        text.push_str(fraction);
    }
    text
}

fn grouped(digits: &str, separator: char, least: usize) -> String {
    if digits.len() < least {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

fn symbol(currency: Currency) -> String {
    match currency.as_str() {
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "USD" => "US$".to_owned(),
        "BRL" => "R$".to_owned(),
        code => code.to_owned(),
    }
}

/// The calendar day in the team's time zone: `20 November 2026`, `20 de noviembre de 2026`.
pub fn date(locale: Locale, at: DateTime<Utc>, zone: Tz) -> String {
    day(locale, at.with_timezone(&zone).date_naive())
}

/// A calendar day, written out.
pub fn day(locale: Locale, day: NaiveDate) -> String {
    let (number, month, year) = (day.day(), day.month0() as usize, day.year());
    match locale {
        Locale::En => format!("{number} {} {year}", MONTHS_EN[month]),
        Locale::Es => format!("{number} de {} de {year}", MONTHS_ES[month]),
        Locale::Pt if number == 1 => format!("1º de {} de {year}", MONTHS_PT[month]),
        Locale::Pt => format!("{number} de {} de {year}", MONTHS_PT[month]),
    }
}

/// The team's time zone by its IANA name; UTC for a name that this version does not know.
pub fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// A share from 0 to 100 without its sign: at most one decimal, rounded down so that 50.04 is not more than 50.
pub fn percent(locale: Locale, share: f64) -> String {
    let tenths = (share.clamp(0.0, 100.0) * 10.0 + 1e-6).floor() / 10.0;
    let text = format!("{tenths}");
    if locale == Locale::En {
        text
    } else {
        text.replace('.', ",")
    }
}

/// `1 h 25 min`, `40 min`, `50 s`: the same in all three languages (SI symbols).
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{NO_BREAK}s"),
        (0, _) => format!("{minutes}{NO_BREAK}min"),
        (_, 0) => format!("{hours}{NO_BREAK}h"),
        _ => format!("{hours}{NO_BREAK}h {minutes}{NO_BREAK}min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_naturally_in_each_language() {
        for (minor, code, en, es, pt) in [
            (1250, "EUR", "€12.50", "12,50 €", "€ 12,50"),
            (1250, "USD", "US$ 12.50", "US$ 12,50", "US$ 12,50"),
            (1250, "BRL", "R$ 12.50", "R$ 12,50", "R$ 12,50"),
            (123_456, "EUR", "€1,234.56", "1234,56 €", "€ 1.234,56"),
            (
                123_456_789,
                "BRL",
                "R$ 1,234,567.89",
                "R$ 1.234.567,89",
                "R$ 1.234.567,89",
            ),
            (1200, "JPY", "JPY 1,200", "JPY 1200", "JPY 1.200"),
            (1234, "KWD", "KWD 1.234", "KWD 1,234", "KWD 1,234"),
            (-5, "EUR", "-€0.05", "-0,05 €", "-€ 0,05"),
        ] {
            let amount = Money::new(minor, code.parse().expect("a currency"));
            let told = [Locale::En, Locale::Es, Locale::Pt].map(|l| money(l, amount).replace(NO_BREAK, " "));
            assert_eq!(told, [en, es, pt], "{minor} {code}");
        }
    }

    #[test]
    fn a_day_is_the_team_s_day() {
        let at: DateTime<Utc> = "2026-11-20T01:30:00Z".parse().expect("a time");
        assert_eq!(date(Locale::En, at, Tz::UTC), "20 November 2026");
        assert_eq!(
            date(Locale::Es, at, zone("Europe/Madrid")),
            "20 de noviembre de 2026"
        );
        assert_eq!(
            date(Locale::Pt, at, zone("America/Sao_Paulo")),
            "19 de novembro de 2026"
        );
        let first = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        assert_eq!(day(Locale::Pt, first), "1º de março de 2026");
        assert_eq!(zone("Mars/Olympus"), Tz::UTC);
    }

    #[test]
    fn shares_are_not_rounded_over_a_threshold() {
        for (share, told) in [
            (50.04, "50"),
            (62.5, "62,5"),
            (0.3, "0,3"),
            (99.99, "99,9"),
            (100.0, "100"),
            (-1.0, "0"),
        ] {
            assert_eq!(percent(Locale::Es, share), told);
        }
        assert_eq!(percent(Locale::En, 62.5), "62.5");
    }

    #[test]
    fn durations_are_short() {
        for (seconds, told) in [
            (50, "50 s"),
            (2400, "40 min"),
            (5100, "1 h 25 min"),
            (7200, "2 h"),
            (-3, "0 s"),
        ] {
            assert_eq!(duration(seconds).replace(NO_BREAK, " "), told);
        }
    }
}
