//! Where the settings' values come from.

use std::{
    collections::BTreeMap, ffi::OsString, fmt::Display, io::ErrorKind, ops::RangeInclusive, str::FromStr,
};

use anyhow::{anyhow, bail};
use figment::{
    Figment,
    providers::{Format, Toml},
};
use secrecy::SecretString;
use url::Url;

use super::{NAMES, addresses::usual_mistake};

/// The setting that names the file with others.
const FILE: &str = "POSTVENTA_CONFIG";
/// Bytes of a value.
const LONGEST: usize = 16 * 1024;

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
        let named = environment.get(FILE).map(|path| path.trim());
        let mut values = match (contents(named.unwrap_or("postventa.toml"))?, named) {
            (Some((path, text)), _) => written(&path, &text)?,
            (None, None) => BTreeMap::new(),
            (None, Some(path)) => bail!("{FILE}: there is no file {path:?}"),
        };
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

    /// What no setting may be, whatever it means.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for (name, value) in &self.0 {
            if value.len() > LONGEST {
                bail!("{name} must not be longer than {LONGEST} bytes");
            }
            if value.trim().contains(char::is_control) {
                bail!("{name} must not have line breaks or other control characters in it");
            }
        }
        Ok(())
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> anyhow::Result<Option<T>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| anyhow!("{name} must be {what}, not {}", shown(text)))
    }

    /// A number of a range.
    pub(super) fn number<T>(&self, name: &str, range: RangeInclusive<T>) -> anyhow::Result<Option<T>>
    where
        T: FromStr + PartialOrd + Display,
    {
        let what = format!("a number from {} to {}", range.start(), range.end());
        let number: Option<T> = self.parsed(name, &what)?;
        match number {
            Some(number) if !range.contains(&number) => bail!("{name} must be {what}, not {number}"),
            number => Ok(number),
        }
    }

    /// A secret that is sent in a header: what is none was copied badly.
    pub(super) fn token(&self, name: &str) -> anyhow::Result<Option<SecretString>> {
        match self.text(name) {
            Some(text) if !text.chars().all(|c| c.is_ascii_graphic()) => {
                bail!("{name} must be made of plain letters, digits and signs, without spaces")
            }
            _ => Ok(self.secret(name)),
        }
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
            Ok(url) if schemes.contains(&url.scheme()) && !text.contains(char::is_whitespace) => {
                Ok(Some(url))
            }
            // The value may carry a password: it is not repeated.
            _ => bail!(
                "{name} must be an address that begins with {wanted}://{}",
                usual_mistake(text)
            ),
        }
    }

    pub(super) fn switch(&self, name: &str) -> anyhow::Result<Option<bool>> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("on" | "true" | "1" | "yes") => Ok(Some(true)),
            Some("off" | "false" | "0" | "no") => Ok(Some(false)),
            Some(other) => bail!("{name} must be on or off, not {}", shown(other)),
        }
    }
}

/// Our part of the environment. An empty variable is none: it is how compose files leave a setting out.
fn recognised(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (name, value) in environment {
        let Ok(name) = name.into_string() else {
            continue;
        };
        if value.to_str().is_some_and(|value| value.trim().is_empty()) {
            continue;
        }
        if is_known(&name) {
            let text = value.into_string();
            let text = text.map_err(|_| anyhow!("{name} must be text in UTF-8"))?;
            values.insert(name, text);
        } else if name.starts_with("POSTVENTA_")
            && !name.starts_with("POSTVENTA_TEST_")
            && !is_service_link(&name, &value)
        {
            bail!("{name}: there is no such setting; see --help");
        }
    }
    Ok(values)
}

/// A value that is no secret, as a complaint repeats it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Kubernetes tells each container of the services beside it: of one that is called `postventa` or `postventa-serve`
/// in variables that look like ours.
fn is_service_link(name: &str, value: &std::ffi::OsStr) -> bool {
    let value = value.to_str().unwrap_or_default();
    let is_address =
        value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_address)
        || ["_TCP", "_UDP", "_SCTP"]
            .iter()
            .any(|protocol| name.contains("_PORT_") && name.contains(protocol))
}

/// The path and the text of the file. None if there is no such file.
fn contents(path: &str) -> anyhow::Result<Option<(String, String)>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => bail!("{FILE}: {path:?} cannot be read: {error}"),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(_) => bail!("{FILE}: {path:?} must be text in UTF-8"),
    }
}

/// What a TOML file says.
fn written(path: &str, text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let file: BTreeMap<String, figment::value::Value> =
        Figment::from(Toml::string(text)).extract().map_err(|error| {
            // The rest of it shows the line, which may have a password in it.
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default();
            match said.split_once(" at line ") {
                Some((_, place)) => anyhow!("{FILE}: {path:?} is not TOML: see line {place}"),
                None => anyhow!("{FILE}: {path:?} is not TOML"),
            }
        })?;
    let mut values = BTreeMap::new();
    for (written, value) in file {
        let name = written.to_uppercase();
        if !is_known(&name) {
            bail!(
                "{FILE}: {path:?} has {}, and there is no such setting; see --help",
                shown(&name)
            );
        }
        if name == FILE {
            bail!("{FILE} cannot stand in the file itself, {path:?}");
        }
        let text = value.as_str().map(str::to_owned);
        let text = text.or_else(|| value.to_i128().map(|n| n.to_string()));
        let text = text.or_else(|| value.to_bool().map(|on| if on { "on" } else { "off" }.to_owned()));
        let text = text.ok_or_else(|| anyhow!("{name} must be a text or a number in {path:?}"))?;
        if values.insert(name, text).is_some() {
            bail!("{} stands twice in {path:?}", written.to_uppercase());
        }
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
    #[test]
    fn a_service_beside_us_is_no_setting() {
        let links: &[(&str, &[u8])] = &[
            ("POSTVENTA_SERVICE_HOST", b"10.0.0.1"),
            ("POSTVENTA_SERVE_SERVICE_PORT", b"80"),
            ("POSTVENTA_SERVE_SERVICE_PORT_HTTP", b"80"),
            ("POSTVENTA_PORT", b"tcp://10.0.0.1:80"),
            ("POSTVENTA_PORT_80_TCP", b"tcp://10.0.0.1:80"),
            ("POSTVENTA_PORT_80_TCP_ADDR", b"10.0.0.1"),
        ];
        assert_eq!(environment(links).expect("nothing of ours"), BTreeMap::new());
        let error = environment(&[("POSTVENTA_PORT", b"8080")]).expect_err("no such setting");
        assert!(error.to_string().starts_with("POSTVENTA_PORT: "), "{error}");
    }

    #[test]
    fn a_file_that_makes_no_sense_is_one_sentence() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.toml");
        let named = path.to_str().expect("a plain path").to_owned();
        let read = |path: &str| {
            let environment = environment(&[(FILE, path.as_bytes())]).expect("text");
            let read = Source::with_file(environment).and_then(|source| Settings::from(&source));
            read.err().map(|error| format!("{error:#}")).unwrap_or_default()
        };
        let files: &[(&[u8], &str)] = &[
            (b"smtp_password = \"hunter2", FILE),
            (b"smtp_password = hunter2", FILE),
            (b"= 1", FILE),
            (b"smtp_host = \"a\"\nsmtp_host = \"hunter2\"", FILE),
            (b"smtp_host = \"a\"\nSMTP_HOST = \"hunter2\"", "SMTP_HOST"),
            (b"smtp_host = \"\0\"", FILE),
            (b"smtp_host = \"a\\u0000\"", "SMTP_HOST"),
            (b"smtp_host = \"\xff\"", FILE),
            (b"smtp_host = [\"a\"]", "SMTP_HOST"),
            (b"smtp_port = 1.5", "SMTP_PORT"),
            (b"smtp_port = -1", "SMTP_PORT"),
            (b"smtp_port = 2000-01-01", "SMTP_PORT"),
            (b"[smtp]\nhost = \"a\"", "\"SMTP\""),
            (b"smtp_hots = \"a\"", "\"SMTP_HOTS\""),
            (b"postventa_config = \"other.toml\"", FILE),
        ];
        for (text, named_in_it) in files {
            std::fs::write(&path, text).expect("a file");
            let said = read(&named);
            let text = String::from_utf8_lossy(text);
            assert!(said.contains(named_in_it), "{text}: {said}");
            assert!(
                !said.contains('\n') && !said.contains("hunter2"),
                "{text}: {said}"
            );
        }
        let folder = folder.path().to_str().expect("a plain path");
        for (path, why) in [
            (folder.to_owned(), "cannot be read"),
            (format!("{named}/beneath"), "cannot be read"),
            (format!("{folder}/nowhere.toml"), "no file"),
        ] {
            let said = read(&path);
            assert!(said.starts_with(FILE) && said.contains(why), "{path}: {said}");
        }
    }
}
