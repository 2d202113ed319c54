//! Which package may know which.

use std::collections::{BTreeMap, BTreeSet};

use crate::{code, read, root, sources};

/// Each package, its folder, and what it may depend on outside of its tests.
const ALLOWED: &[(&str, &str, &[&str])] = &[
    ("entities", "entities", &[]),
    ("migration", "migration", &[]),
    ("domain", "domain", &["entities"]),
    ("documents", "domain/documents", &[]),
    ("gateways", "domain/gateways", &["domain", "entities"]),
    ("seed", "domain/seed", &["domain", "entities"]),
    ("worker", "worker", &["domain", "entities"]),
    ("transport", "api/transport", &[]),
    ("sandbox", "api/sandbox", &[]),
    (
        "api",
        "api",
        &[
            "domain",
            "entities",
            "gateways",
            "migration",
            "sandbox",
            "seed",
            "transport",
            "worker",
        ],
    ),
    (
        "tests",
        "tests",
        &[
            "api",
            "domain",
            "entities",
            "gateways",
            "migration",
            "sandbox",
            "seed",
            "transport",
            "worker",
        ],
    ),
];

fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = read(&root().join(folder).join("Cargo.toml"));
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    let ours: BTreeSet<&str> = ALLOWED.iter().map(|(name, ..)| *name).collect();
    section
        .lines()
        .map(name)
        .filter(|name| ours.contains(name.as_str()))
        .collect()
}

/// docs/ARCHITECTURE.md has the picture.
#[test]
fn packages_depend_in_one_direction() {
    let workspace = read(&root().join("Cargo.toml"));
    let members = workspace
        .lines()
        .find_map(|line| line.strip_prefix("members = "))
        .expect("members");
    for (name, folder, allowed) in ALLOWED {
        assert!(members.contains(&format!("{folder:?}")), "{name} is no member");
        for dependency in dependencies(folder) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
    let listed = members.matches('"').count() / 2;
    assert_eq!(listed, ALLOWED.len(), "a package has no rule: {members}");
}

/// What is shipped has no simulators, and what only serves has no workers: both stand behind features.
#[test]
fn simulators_and_workers_are_left_out_where_they_are_not_wanted() {
    let api = read(&root().join("api/Cargo.toml"));
    for name in ["worker", "sandbox"] {
        let optional = format!("{name} = {{ workspace = true, optional = true }}");
        assert!(api.contains(&optional), "api → {name} only behind a feature");
    }
    let image = read(&root().join("Dockerfile"));
    assert!(image.contains("--no-default-features --features worker"));
}

/// `apalis` appears only in `worker`; `axum` in what serves, `async_graphql` in `api` and its transport; async-stripe
/// in the adapter of Stripe.
#[test]
fn each_framework_stays_in_its_place() {
    let forbidden: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "entities/src",
            ["apalis", "axum::", "async_graphql", "reqwest"].as_slice(),
        ),
        (
            "domain/src",
            &["apalis", "axum::", "async_graphql", "stripe_core"],
        ),
        (
            "domain/documents/src",
            &["axum::", "async_graphql", "sea_orm", "sqlx"],
        ),
        ("domain/gateways/src", &["apalis", "axum::", "async_graphql"]),
        (
            "domain/seed/src",
            &["apalis", "axum::", "async_graphql", "reqwest"],
        ),
        ("worker/src", &["axum::", "async_graphql"]),
        ("api/src", &["apalis"]),
        ("api/transport/src", &["apalis", "sea_orm", "sqlx"]),
        ("api/sandbox/src", &["apalis", "async_graphql", "sea_orm", "sqlx"]),
    ]);
    for (folder, forbidden) in forbidden {
        for file in sources(&root().join(folder)) {
            for line in code(&read(&file)).lines() {
                for word in forbidden {
                    let used = line.contains(&format!("use {word}")) || line.contains(&format!(" {word}"));
                    assert!(!used, "{}: {line}", file.display());
                }
            }
        }
    }
}
