//! The tenant in the type: a team's rows can only be asked for through the team.

use entities::{TeamId, TeamOwned};
use sea_orm::{ColumnTrait, EntityTrait, PrimaryKeyTrait, QueryFilter, Select};

/// A team's view of its tables. A row of another team is not there.
pub trait Scoped: TeamOwned {
    fn of(team: TeamId) -> Select<Self> {
        Self::find().filter(Self::TEAM.eq(team))
    }

    fn of_by_id(
        team: TeamId,
        id: impl Into<<Self::PrimaryKey as PrimaryKeyTrait>::ValueType>,
    ) -> Select<Self> {
        Self::find_by_id(id).filter(Self::TEAM.eq(team))
    }
}

impl<E: TeamOwned + EntityTrait> Scoped for E {}
