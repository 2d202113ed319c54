//! What must hold whenever anybody looks, as each subject promises it: rules, one SQL statement for each, and the
//! columns that name rows of the same team. `operations::verify` checks all of them.

/// What one subject promises.
pub struct Promises {
    pub rules: &'static [Rule],
    /// Every reference from the subject's rows to rows of a team, also those that the database does not know as such.
    pub references: &'static [Reference],
}

/// One invariant. Its statement returns the rows that break it: the id of the subject, and what is wrong with it.
/// `$quiet_since` in it is five minutes ago, `$now` is now.
pub struct Rule {
    pub name: &'static str,
    /// What holds when nothing is wrong.
    pub means: &'static str,
    /// The prefix of the public id whose UUID is the first column.
    pub subject: &'static str,
    /// Speaks to both databases.
    pub sql: &'static str,
    /// Selects public ids that break nothing after all: what is in the audit log. Public ids cannot be made in SQL, so
    /// the two lists meet in Rust.
    pub answered_by: Option<&'static str>,
}

pub(crate) const fn rule(
    name: &'static str,
    means: &'static str,
    subject: &'static str,
    sql: &'static str,
) -> Rule {
    Rule {
        name,
        means,
        subject,
        sql,
        answered_by: None,
    }
}

pub(crate) const fn answered(rule: Rule, by: &'static str) -> Rule {
    Rule {
        answered_by: Some(by),
        ..rule
    }
}

/// A column that names a row of another table. Both are of one team: no row hangs on a row of another.
pub struct Reference {
    pub table: &'static str,
    /// The prefix of the public id in `id`, by which a violation is named.
    pub subject: &'static str,
    pub id: &'static str,
    pub column: &'static str,
    pub referenced: &'static str,
}

impl Reference {
    /// The rows that hang on a row of another team.
    pub fn sql(&self) -> String {
        let Self {
            table,
            id,
            column,
            referenced,
            ..
        } = self;
        format!(
            "SELECT c.{id}, '{table}.{column} names a row of another team' FROM {table} c \
             JOIN {referenced} r ON r.id = c.{column} WHERE r.team_id <> c.team_id"
        )
    }
}

/// `table.id ("prefix"): column -> table, …;` for each table of a subject.
macro_rules! references {
    ($($table:ident . $id:ident ($subject:literal): $($column:ident -> $referenced:ident),*;)*) => {
        &[$($($crate::promises::Reference {
            table: stringify!($table),
            subject: $subject,
            id: stringify!($id),
            column: stringify!($column),
            referenced: stringify!($referenced),
        }),*),*]
    };
}

pub(crate) use references;
