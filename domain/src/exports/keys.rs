//! Where files lie. A folder or a bucket may have several installations in it, and a copied database believes that it
//! is the one it was copied from: so a place is one attempt's alone, whoever makes it.

use std::str::FromStr;

use entities::{ExportId, TeamId};
use uuid::Uuid;

/// What all keys of exports begin with.
pub(super) const PREFIX: &str = "exports";

/// Where an attempt puts its file: never where another has put one. `unique` is this attempt's alone; the number of
/// the attempt is not, for a copy of the database counts on from the same one.
pub(super) fn object_key(
    installation: Uuid,
    (team, export): (TeamId, ExportId),
    attempt: i64,
    unique: Uuid,
) -> String {
    let (installation, unique) = (short(installation), short(unique));
    format!("{PREFIX}/{installation:016x}/{team}/{export}/{attempt}-{unique:016x}")
}

/// The half of an id that is not the time: some stores bear no long keys.
pub(super) fn short(id: Uuid) -> u64 {
    id.as_u64_pair().1
}

/// What a key says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// None: from before installations had ids.
    pub installation: Option<u64>,
    pub team: TeamId,
    pub export: ExportId,
}

/// Takes a key of [`object_key`] apart, or one of before. None: we have not put it there.
pub(super) fn read_key(key: &str) -> Option<Place> {
    let parts: Vec<&str> = key.split('/').collect();
    match parts[..] {
        [PREFIX, installation, team, export, attempt] => {
            let (number, unique) = attempt.split_once('-')?;
            number.parse::<i64>().ok()?;
            read_short(unique)?;
            place(Some(read_short(installation)?), team, export)
        }
        [PREFIX, team, export, attempt] => {
            attempt.parse::<i64>().ok()?;
            place(None, team, export)
        }
        _ => None,
    }
}

fn read_short(text: &str) -> Option<u64> {
    let is_ours = text.len() == 16 && !text.starts_with('+');
    u64::from_str_radix(text, 16).ok().filter(|_| is_ours)
}

fn place(installation: Option<u64>, team: &str, export: &str) -> Option<Place> {
    Some(Place {
        installation,
        team: TeamId::from_str(team).ok()?,
        export: ExportId::from_str(export).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_have_put_there_is_read() {
        let installation = Uuid::from_u128(7);
        let (team, export) = (TeamId(Uuid::from_u128(8)), ExportId(Uuid::from_u128(9)));
        let key = object_key(installation, (team, export), 3, Uuid::from_u128(10));
        let place = |installation| Place {
            installation,
            team,
            export,
        };
        assert_eq!(read_key(&key), Some(place(Some(7))));
        let before = format!("exports/{team}/{export}/3");
        assert_eq!(read_key(&before), Some(place(None)));
        for other in [
            "exports/readme",
            "exports/a/b/3",
            "exports/a/b/c/3",
            &format!("{before}/4"),
            &format!("{key}x"),
            &key.replace("exports", "backups"),
        ] {
            assert_eq!(read_key(other), None, "{other}");
        }
    }
}
