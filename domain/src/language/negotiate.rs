//! Which language a browser asks for (RFC 9110, section 12.5.4).

use entities::Locale;

/// The best language of an `Accept-Language` header; none if it names no language of ours.
pub fn negotiate(header: &str) -> Option<Locale> {
    let mut best: Option<(f32, Locale)> = None;
    // Nobody speaks more languages than this; a header may be made by a machine.
    for range in header.split(',').take(32) {
        let mut parts = range.split(';').map(str::trim);
        let Some(locale) = parts.next().and_then(of_tag) else {
            continue;
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
        if quality > 0.0 && best.is_none_or(|(so_far, _)| quality > so_far) {
            best = Some((quality, locale));
        }
    }
    best.map(|(_, locale)| locale)
}

fn of_tag(tag: &str) -> Option<Locale> {
    let language = tag.split(['-', '_']).next()?;
    match language.to_ascii_lowercase().as_str() {
        "en" => Some(Locale::En),
        "es" => Some(Locale::Es),
        "pt" => Some(Locale::Pt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_of_ours_wins() {
        for (header, locale) in [
            ("es-AR,es;q=0.9,en;q=0.8", Some(Locale::Es)),
            ("pt-BR, pt;q=0.9", Some(Locale::Pt)),
            ("fr, en;q=0.5, es;q=0.7", Some(Locale::Es)),
            ("EN-us", Some(Locale::En)),
            ("es;q=0, pt;q=0.1", Some(Locale::Pt)),
            ("en;q=nonsense, pt; q=0.2", Some(Locale::Pt)),
            ("de, *;q=0.5", None),
            ("", None),
            (",;q=1,,", None),
        ] {
            assert_eq!(negotiate(header), locale, "{header}");
        }
    }
}
