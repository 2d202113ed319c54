//! How the contract's words are made: each stands for the stored word of the same name. They are with their subjects.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $remote:literal { $($(#[$vdoc:meta])* $variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(async_graphql::Enum, Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[graphql(remote = $remote)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
    )*};
}

pub(super) use words;
