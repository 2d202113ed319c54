//! Who may see what is decided in `domain`: whoever calls it gets what the caller may see, and no rows.

use crate::{code, is_test, read, root, sources};

/// What asks for rows, or decides whether somebody may see them.
const DOMAINS_OWN: &[&str] = &[
    "::store::",
    "Entity::",
    "Scope::",
    ".scopes.contains(",
    ".require(",
    ".sees(",
    ".is_admin()",
];

/// Jobs belong to no caller: workers claim them and say what became of them.
const WITHOUT_A_CALLER: &str = "domain/src/jobs/mod.rs";

#[test]
fn resolvers_and_workers_neither_ask_for_rows_nor_decide_who_may_see_them() {
    for file in ["api/src", "worker/src"].map(|folder| sources(&root().join(folder))) {
        for file in file.iter().filter(|file| !is_test(file)) {
            for line in code(&read(file)).lines() {
                let line = line.replace("jobs::store::", "");
                let found = DOMAINS_OWN.iter().find(|own| line.contains(**own));
                assert!(found.is_none(), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn a_subjects_rows_are_its_own() {
    let mut stores = 0;
    for file in sources(&root().join("domain/src")) {
        if file.ends_with(WITHOUT_A_CALLER) {
            continue;
        }
        for line in code(&read(&file)).lines() {
            if line.ends_with("mod store;") {
                assert_eq!(line, "mod store;", "{}", file.display());
                stores += 1;
            }
        }
    }
    assert!(stores > 5, "only {stores} were found");
}
