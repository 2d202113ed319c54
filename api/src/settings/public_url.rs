//! Where the installation is reached from outside: with a path, too, if a proxy gives it a part of a site.

use std::net::SocketAddr;

use anyhow::bail;
use url::Url;

use super::Source;

const NAME: &str = "POSTVENTA_PUBLIC_URL";

/// What our own paths begin with: with a prefix that is one of them nobody could tell the two apart.
const OURS: [&str; 8] = [
    "graphql", "webhooks", "exports", "mailbox", "assets", "healthz", "readyz", "metrics",
];

/// Without a slash at the end of its path, or `http://` and `bind` if there is none.
pub(super) fn read(source: &Source, bind: SocketAddr) -> anyhow::Result<Url> {
    let Some(mut url) = source.url(NAME, &["http", "https"])? else {
        return Ok(Url::parse(&format!("http://{bind}"))?);
    };
    if url.query().is_some() || url.fragment().is_some() {
        bail!("{NAME} must end with its path, without a query");
    }
    if !url.username().is_empty() || url.password().is_some() {
        bail!("{NAME} must not have a user or a password in it");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if !parts
        .iter()
        .all(|part| !part.is_empty() && part.chars().all(is_plain))
    {
        bail!(
            "{NAME} must have a path of letters, digits, -, ., _ and ~, such as https://example.com/postventa"
        );
    }
    if let Some(first) = parts.first().filter(|first| OURS.contains(first)) {
        bail!("{NAME} must not begin with the path /{first}, which is one of ours");
    }
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_without_its_last_slash() {
        for (written, read) in [
            ("https://example.com", Some("https://example.com/")),
            (
                "https://example.com/postventa",
                Some("https://example.com/postventa"),
            ),
            (
                "https://example.com/shop/after.sales//",
                Some("https://example.com/shop/after.sales"),
            ),
            ("HTTPS://Example.com:443/A/", Some("https://example.com/A")),
            ("https://example.com/a//b", None),
            ("https://example.com/a%20b", None),
            ("https://example.com/ünder", None),
            ("https://example.com/a?b", None),
            ("https://example.com/#a", None),
            ("https://user@example.com/", None),
            ("https://example.com/graphql", None),
            ("https://example.com/exports/of/ours", None),
        ] {
            let source = Source::of([(NAME.to_owned(), written.to_owned())]);
            let url = super::read(&source, ([127, 0, 0, 1], 8080).into());
            assert_eq!(url.ok().as_ref().map(Url::as_str), read, "{written}");
        }
    }
}
