//! Where the settings' values come from.

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use anyhow::{Context, anyhow, bail};
use figment::{
    Figment,
    providers::{Format, Toml},
};
use secrecy::SecretString;
use url::Url;

use super::{NAMES, addresses::usual_mistake};

/// The setting that names the file with others.
const FILE: &str = "POSTVENTA_CONFIG";

/// The raw values by name.
pub struct Source(BTreeMap<String, String>);

impl Source {
    /// The environment over the TOML file, whose keys are the same names in either case.
    pub fn read() -> anyhow::Result<Self> {
        // Not `vars`: what is none of our business may be anything.
        Self::with_file(recognised(std::env::vars_os())?)
    }

    /// The file that these name, or the usual one, below them.
    fn with_file(environment: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let named = environment.get(FILE).cloned();
        let path = named.as_deref().unwrap_or("postventa.toml");
        let mut values = BTreeMap::new();
        if Path::new(path).exists() {
            values = written(path)?;
        } else if named.is_some() {
            bail!("{FILE}: there is no file {path}");
        }
        values.extend(environment);
        Ok(Self(values))
    }

    /// For tests.
    pub fn of(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(values.into_iter().collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str, what: &str) -> anyhow::Result<Option<T>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| anyhow!("{name} must be {what}, not {text:?}"))
    }

    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    pub(super) fn url(&self, name: &str, schemes: &[&str]) -> anyhow::Result<Option<Url>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let wanted = schemes.join(":// or ");
        match Url::parse(text) {
            Ok(url) if schemes.contains(&url.scheme()) => Ok(Some(url)),
            // The value may carry a password: it is not repeated.
            _ => bail!(
                "{name} must be an address that begins with {wanted}://{}",
                usual_mistake(text)
            ),
        }
    }

    pub(super) fn switch(&self, name: &str) -> anyhow::Result<Option<bool>> {
        match self.text(name) {
            None => Ok(None),
            Some("on" | "true" | "1" | "yes") => Ok(Some(true)),
            Some("off" | "false" | "0" | "no") => Ok(Some(false)),
            Some(other) => bail!("{name} must be on or off, not {other:?}"),
        }
    }
}

/// Our part of the environment. An empty variable is none: it is how compose files leave a setting out.
fn recognised(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (name, value) in environment {
        let Ok(name) = name.into_string() else { continue };
        if value.to_str().is_some_and(|value| value.trim().is_empty()) {
            continue;
        }
        if is_known(&name) {
            let text = value.into_string();
            let text = text.map_err(|_| anyhow!("{name} must be text in UTF-8"))?;
            values.insert(name, text);
        } else if name.starts_with("POSTVENTA_") && !name.starts_with("POSTVENTA_TEST_") {
            bail!("{name}: there is no such setting; see --help");
        }
    }
    Ok(values)
}

/// What a TOML file says.
fn written(path: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let file: BTreeMap<String, figment::value::Value> = Figment::from(Toml::file_exact(path))
        .extract()
        .with_context(|| format!("{FILE}: {path}"))?;
    let mut values = BTreeMap::new();
    for (name, value) in file {
        let name = name.to_uppercase();
        if !is_known(&name) {
            bail!("{path}: there is no setting {name}");
        }
        let text = value.as_str().map(str::to_owned);
        let text = text.or_else(|| value.to_i128().map(|n| n.to_string()));
        let text = text.or_else(|| value.to_bool().map(|on| if on { "on" } else { "off" }.to_owned()));
        let text = text.ok_or_else(|| anyhow!("{path}: {name} must be a text or a number"))?;
        values.insert(name, text);
    }
    Ok(values)
}

fn is_known(name: &str) -> bool {
    NAMES.iter().any(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::settings::Settings;

    fn environment(of: &[(&str, &[u8])]) -> anyhow::Result<BTreeMap<String, String>> {
        let of = of.iter();
        recognised(of.map(|(name, value)| ((*name).into(), OsString::from_vec(value.to_vec()))))
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let empty = environment(&[
            ("SMTP_HOST", b""),
            ("SMTP_USER", b" "),
            ("POSTVENTA_CONFIG", b""),
            ("POSTVENTA_NEWER", b""),
        ]);
        assert_eq!(empty.expect("nothing"), BTreeMap::new());
    }

    #[test]
    fn the_environment_comes_before_the_file_but_an_empty_variable_hides_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "smtp_host = \"mail.test\"\nsmtp_port = 25\n").expect("a file");
        let path = path.to_str().expect("a plain path");
        let environment = environment(&[
            ("POSTVENTA_CONFIG", path.as_bytes()),
            ("SMTP_HOST", b""),
            ("SMTP_PORT", b"465"),
        ]);
        let source = Source::with_file(environment.expect("text")).expect("values");
        let settings = Settings::from(&source).expect("settings");
        let smtp = settings.smtp.expect("a mail server");
        assert_eq!((smtp.host.as_str(), smtp.port), ("mail.test", 465));
    }

    #[test]
    fn only_what_is_ours_must_be_text() {
        let others = environment(&[("LANG", b"\xff"), ("SMTP_HOST", b"mail.test")]);
        assert_eq!(others.expect("one setting").len(), 1);
        let error = environment(&[("SMTP_PASSWORD", b"hunter2\xff")]).expect_err("not text");
        assert_eq!(error.to_string(), "SMTP_PASSWORD must be text in UTF-8");
    }

    #[test]
    fn a_name_that_is_nearly_ours_is_refused() {
        let error = environment(&[("POSTVENTA_BNID", b"x")]).expect_err("no such setting");
        assert!(error.to_string().starts_with("POSTVENTA_BNID: "), "{error}");
        assert!(environment(&[("POSTVENTA_TEST_BACKEND", b"postgres"), ("HOME", b"/")]).is_ok());
    }
}
