//! What hangs on a row and is read with it only if it is asked for.

/// Not having asked says nothing of whether it is there: only then is it worth a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loaded<T> {
    #[default]
    NotAsked,
    /// None: there is none.
    Known(Option<T>),
}

impl<T> Loaded<T> {
    /// What was asked for and is there.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Known(found) => found.as_ref(),
            Self::NotAsked => None,
        }
    }

    /// The same, taken out.
    pub fn into_found(self) -> Option<T> {
        match self {
            Self::Known(found) => found,
            Self::NotAsked => None,
        }
    }
}
