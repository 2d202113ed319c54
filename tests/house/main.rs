//! The house rules that no compiler checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The workspace's crates that a crate depends on, outside of its tests.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let ours = ["api", "worker", "domain", "entities", "migration", "tests"];
    let of = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    section
        .lines()
        .map(of)
        .filter(|name| ours.contains(&name.as_str()))
        .collect()
}

/// docs/ARCHITECTURE.md: tests → api, worker → domain → entities; api → worker for the embedded mode only;
/// migration stands alone.
#[test]
fn crates_depend_in_one_direction() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("entities", [].as_slice()),
        ("migration", &[]),
        ("domain", &["entities"]),
        ("worker", &["domain", "entities"]),
        ("api", &["worker", "domain", "entities", "migration"]),
        ("tests", &["api", "worker", "domain", "entities", "migration"]),
    ]);
    for (name, allowed) in allowed {
        for dependency in dependencies(name) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
    let api = fs::read_to_string(root().join("api/Cargo.toml")).expect("a manifest");
    assert!(
        api.contains("worker = { workspace = true, optional = true }"),
        "api → worker only behind a feature"
    );
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// `apalis` appears only in `worker`, `axum` and `async_graphql` only in `api`.
#[test]
fn each_framework_stays_in_its_place() {
    for (folder, forbidden) in [
        (
            "entities/src",
            ["apalis", "axum::", "async_graphql", "reqwest"].as_slice(),
        ),
        ("domain/src", &["apalis", "axum::", "async_graphql"]),
        ("worker/src", &["axum::", "async_graphql"]),
        ("api/src", &["apalis"]),
    ] {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        assert!(!files.is_empty());
        for file in files {
            let text = fs::read_to_string(&file).expect("a file");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for word in forbidden {
                    let used = line.contains(&format!("use {word}")) || line.contains(&format!(" {word}"));
                    assert!(!used, "{}: {line}", file.display());
                }
            }
        }
    }
}

/// Modules have names that say what is in them.
#[test]
fn no_module_is_called_utils() {
    let mut files = Vec::new();
    for folder in ["entities", "migration", "domain", "worker", "api", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let name = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
            .to_owned();
        assert!(
            !["utils", "util", "helpers", "common", "manager", "misc"].contains(&name.as_str()),
            "{}",
            file.display()
        );
    }
}
