//! What staff and API keys may be allowed to do.

use entities::UserRole;

macro_rules! scopes {
    ($($variant:ident = $text:literal,)*) => {
        /// One thing that staff or an API key may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scope { $($variant),* }

        impl Scope {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::str::FromStr for Scope {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

scopes! {
    UsersRead = "users.read",
    UsersWrite = "users.write",
    UsersImpersonate = "users.impersonate",
    StatsRead = "stats.read",
    StatsWrite = "stats.write",
    RefundsRead = "refunds.read",
    RefundsWrite = "refunds.write",
    RefundsOverride = "refunds.override",
    EntitlementsRead = "commerce.entitlements.read",
    EntitlementsWrite = "commerce.entitlements.write",
    InvoicesRead = "invoices.read",
    InvoicesWrite = "invoices.write",
    TicketsRead = "tickets.read",
    TicketsWrite = "tickets.write",
    CreditsWrite = "credits.write",
    ExportsWrite = "exports.write",
    EventsRead = "events.read",
    AuditRead = "audit.read",
    ApiKeysWrite = "api_keys.write",
    OperationsRead = "operations.read",
    OperationsWrite = "operations.write",
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    pub const NONE: Self = Self(0);

    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// What a role may do. Members act on what is theirs alone, which takes no scope.
    pub fn of_role(role: UserRole) -> Self {
        match role {
            UserRole::Admin => Self::all(),
            UserRole::Agent => [
                Scope::UsersRead,
                Scope::UsersWrite,
                Scope::StatsRead,
                Scope::RefundsRead,
                Scope::RefundsWrite,
                Scope::EntitlementsRead,
                Scope::EntitlementsWrite,
                Scope::InvoicesRead,
                Scope::InvoicesWrite,
                Scope::TicketsRead,
                Scope::TicketsWrite,
                Scope::ExportsWrite,
                Scope::EventsRead,
            ]
            .into_iter()
            .collect(),
            UserRole::Member => Self::NONE,
        }
    }

    pub(crate) fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// As they are written in keys and shown to clients.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::as_str).collect()
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | 1 << scope as u32))
    }
}
