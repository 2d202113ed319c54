//! Which installation this is, among those that share a bucket or a folder.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{database::Sql, error::Outcome, tx::Tx, values};

/// The id of this installation; the first who asks makes it. A copy of its database has the same one, so it keeps
/// installations apart and proves nothing.
pub(crate) async fn id(tx: &Tx) -> Outcome<Uuid> {
    if let Some(id) = find(tx.db()).await? {
        return Ok(id);
    }
    let new: Uuid = tx.id();
    let sql = "INSERT INTO installation (only_one, id, made_at) VALUES (1, $1, $2) ON CONFLICT (only_one) DO NOTHING";
    tx.db().run(sql, values![new, tx.now()]).await?;
    // Whoever came first has made it.
    Ok(find(tx.db()).await?.unwrap_or(new))
}

/// None: nobody has needed it yet.
pub(crate) async fn find(db: &impl ConnectionTrait) -> Outcome<Option<Uuid>> {
    let row = db.row("SELECT id FROM installation", vec![]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
