//! The house rules that no compiler checks.

mod packages;
mod subjects;
mod walls;

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the workspace around it").to_owned()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    gather(folder, &mut found);
    assert!(!found.is_empty(), "{} holds no sources", folder.display());
    found
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Modules have names that say what is in them.
#[test]
fn no_module_is_called_utils() {
    for folder in ["entities", "migration", "domain", "worker", "api", "tests"] {
        for file in sources(&root().join(folder)) {
            let name = file
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            assert!(
                !["utils", "util", "helpers", "common", "manager", "misc"].contains(&name),
                "{}",
                file.display()
            );
        }
    }
}

/// Which gateway it is, is decided in its adapter: what differs elsewhere is asked of an ability.
#[test]
fn no_rule_knows_a_gateway_by_its_name() {
    for file in ["domain/src", "worker/src", "api/src/graphql"].map(|folder| sources(&root().join(folder))) {
        for file in file.iter().filter(|file| !is_test(file)) {
            let text = read(file);
            for line in code(&text).lines() {
                let named = ["Stripe", "MercadoPago", "Paypal"]
                    .iter()
                    .any(|name| line.contains(&format!("PaymentGateway::{name}")));
                assert!(!named, "{}: {line}", file.display());
            }
        }
    }
}

/// Whether a file holds tests only.
fn is_test(file: &Path) -> bool {
    let name = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    name == "tests" || name.ends_with("_tests") || file.components().any(|it| it.as_os_str() == "tests")
}

/// Without comments, and without the tests at a file's end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}
