//! Which subject of `domain` may know which: each only what stands before it, so that there is no circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{code, is_test, read, root, sources};

/// From what knows nothing of the others up to what puts them together.
const ORDER: &[&str] = &[
    // Words and values.
    "scope",
    "language",
    "message",
    "error",
    "actor",
    "input",
    "email",
    "clock",
    "ids",
    "vault",
    "scoped",
    "loaded",
    "promises",
    // What a use case works with.
    "jobs",
    "database",
    "page",
    "adapters",
    "app",
    "events",
    "tx",
    "handler",
    "installation",
    "audit",
    // The subjects.
    "stats",
    "identity",
    "teams",
    "exports",
    "users",
    "mails",
    "entitlements",
    "products",
    "purchases",
    "refunds",
    "payments",
    "impersonation",
    "work",
    "operations",
    // Who does what when another has done its part.
    "composition",
];

/// Who knows somebody that stands behind them, and why it is still so. Nothing may be added; what is no longer needed
/// must go.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "jobs",
        "database",
        "its rows are SQL, and `adapters` wakes its queues",
    ),
    ("jobs", "app", "the register of processes is a use case"),
    (
        "database",
        "adapters",
        "certificates and the trial of a folder are shared with what calls others",
    ),
    (
        "identity",
        "users",
        "sessions and passwords lock the person that they belong to",
    ),
    (
        "purchases",
        "payments",
        "a purchase that is recorded takes over what went back of its payment before",
    ),
    (
        "refunds",
        "payments",
        "what was made past us leaves less to refund",
    ),
];

type Edges = BTreeMap<(String, String), BTreeSet<String>>;

/// The module at the top that a file is part of.
fn subject_of(file: &Path) -> String {
    let inside = file
        .strip_prefix(root().join("domain/src"))
        .expect("a file of the folder");
    let top = inside.components().next().expect("a name").as_os_str();
    top.to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Who names whom, with the files.
fn edges(subjects: &BTreeSet<String>) -> Edges {
    let mut edges = Edges::new();
    for file in sources(&root().join("domain/src")) {
        let from = subject_of(&file);
        if from == "lib" || is_test(&file) {
            continue;
        }
        for to in named(&code(&read(&file))) {
            if subjects.contains(&to) && to != from {
                let files = edges.entry((from.clone(), to)).or_default();
                files.insert(file.display().to_string());
            }
        }
    }
    edges
}

/// The first names of all paths that begin with `crate::`, those of a group too.
fn named(text: &str) -> BTreeSet<String> {
    let first = |path: &str| -> String {
        let name = path.trim_start();
        name.chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect()
    };
    let mut found = BTreeSet::new();
    let mut find = |path: &str| {
        let name = first(path);
        if !name.is_empty() {
            found.insert(name);
        }
    };
    for rest in text.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            find(rest);
            continue;
        };
        let (mut depth, mut at_start) = (0, true);
        for (position, c) in group.char_indices() {
            if depth == 0 && at_start {
                find(&group[position..]);
                at_start = false;
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                _ => {}
            }
        }
    }
    found
}

#[test]
fn subjects_know_only_what_stands_before_them() {
    let files = sources(&root().join("domain/src"));
    let mut subjects: BTreeSet<String> = files.iter().map(|file| subject_of(file)).collect();
    subjects.remove("lib");
    let listed: BTreeSet<String> = ORDER.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(subjects, listed, "the order must name each module of domain");
    let place = |name: &str| ORDER.iter().position(|it| *it == name);
    let excepted = |from: &str, to: &str| EXCEPTIONS.iter().any(|(a, b, _)| (*a, *b) == (from, to));
    let edges = edges(&subjects);
    for ((from, to), files) in &edges {
        assert!(
            place(to) < place(from) || excepted(from, to),
            "{from} must not know {to}: {files:?}"
        );
    }
    for (from, to, why) in EXCEPTIONS {
        let needed = edges.contains_key(&((*from).to_owned(), (*to).to_owned()));
        assert!(
            needed && place(from) < place(to),
            "no longer needed: {from} → {to}, {why}"
        );
    }
}

#[test]
fn paths_are_found_in_groups_and_alone() {
    let text = "use crate::{\n    app::App,\n    database::{Sql, places},\n    tx::Tx,\n};\nuse crate::values;\nlet x = crate::teams::load();";
    let expected = ["app", "database", "teams", "tx", "values"].map(str::to_owned);
    assert_eq!(named(text), BTreeSet::from(expected));
}
