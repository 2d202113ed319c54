//! From the rows to the store: what is read goes to a thread that may block, and what that writes goes on to the store,
//! all at the same time, so that memory does not grow with the file.

use std::pin::Pin;

use anyhow::anyhow;
use futures::StreamExt;
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    output::{self, Output},
    run::{Attempt, Made},
    source::{ExportSource, Wanted},
};
use crate::{
    adapters::files::{BlobStore, Pieces},
    error::Outcome,
};

/// Batches that may wait for the writer.
const WAITING: usize = 2;

enum Batch<Row> {
    Rows(Vec<Row>),
    /// That was all. Without it the file is not whole.
    End,
}

/// What is read, for a thread that may block.
pub(super) struct Rows<Row>(mpsc::Receiver<Batch<Row>>);

impl<Row> Rows<Row> {
    /// The next of them; none after the last. An error if the reader has stopped before.
    pub fn next(&mut self) -> anyhow::Result<Option<Vec<Row>>> {
        match self.0.blocking_recv() {
            Some(Batch::Rows(rows)) => Ok(Some(rows)),
            Some(Batch::End) => Ok(None),
            None => Err(anyhow!("the rows have come to no end")),
        }
    }
}

impl Attempt<'_> {
    /// Reads all rows, lets `write` make a file of them, and puts that in its place. None: it has to stop.
    pub(super) async fn stream<S: ExportSource>(
        &mut self,
        filter: &S::Filter,
        write: impl FnOnce(Rows<S::Row>, &mut Output) -> anyhow::Result<()> + Send + 'static,
    ) -> Outcome<Option<Made>> {
        let (app, key) = (self.app, self.key.clone());
        let (rows, to_write) = mpsc::channel(WAITING);
        let read = self.read::<S>(filter, rows);
        to_store((&*app.files, &key), read, Rows(to_write), write).await
    }

    /// Reads all rows. None if the export has to stop.
    async fn read<S: ExportSource>(
        &mut self,
        filter: &S::Filter,
        rows: mpsc::Sender<Batch<S::Row>>,
    ) -> Outcome<Option<i64>> {
        let wanted = Wanted::<S> {
            app: self.app,
            team: self.export.team_id,
            filter,
            until: self.export.requested_at,
            now: self.app.clock.now(),
        };
        let (mut place, mut count) = (None, 0);
        loop {
            let batch = S::batch(wanted, place).await?;
            let Some(last) = batch.last() else { break };
            place = Some(S::place(last));
            count += i64::try_from(batch.len()).unwrap_or(0);
            // A writer that has failed says so itself.
            if rows.send(Batch::Rows(batch)).await.is_err() {
                return Ok(Some(count));
            }
            if !self.reached(count).await? {
                return Ok(None);
            }
        }
        let _ = rows.send(Batch::End).await;
        Ok(Some(count))
    }
}

/// What `read` hands on as `rows` goes through `write` into the store. None: it was stopped, and nothing is kept.
async fn to_store<Row: Send + 'static>(
    (files, key): (&dyn BlobStore, &str),
    read: impl Future<Output = Outcome<Option<i64>>>,
    rows: Rows<Row>,
    write: impl FnOnce(Rows<Row>, &mut Output) -> anyhow::Result<()> + Send + 'static,
) -> Outcome<Option<Made>> {
    let (mut output, pieces) = output::pipe();
    // A thread of its own: packing and temporary files would hold up everything else here.
    let writing = spawn_blocking(move || {
        write(rows, &mut output)?;
        anyhow::Ok(output.finish()?)
    });
    let put = async { files.put(key, once_there(pieces).await).await };
    let (read, put) = tokio::join!(read, put);
    let written = writing.await.map_err(|error| anyhow!("the writer: {error}"))?;
    let Some(rows) = read? else {
        return Ok(None);
    };
    // Where one of them has failed the other has no end, or nobody to write to: both say so.
    match (put, written) {
        (Ok(()), written) => Ok(Some(Made {
            rows,
            written: written?,
        })),
        (Err(error), Ok(_)) => Err(error.into()),
        (Err(put), Err(written)) => Err(put.context(format!("{written:#}")).into()),
    }
}

/// The pieces, once the first of them is there: nothing is begun in the store for a writer that has nothing yet.
async fn once_there(pieces: Pieces) -> Pieces {
    let mut pieces = pieces.peekable();
    Pin::new(&mut pieces).peek().await;
    pieces.boxed()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::adapters::files::FilesAt;

    /// More than waits between the writer and the store.
    const ENTRY: usize = 3 << 20;
    const ENTRIES: i64 = 5;

    /// A writer that gives away each row as it comes, as an archive does.
    fn write(mut rows: Rows<u8>, output: &mut Output) -> anyhow::Result<()> {
        while let Some(batch) = rows.next()? {
            for row in batch {
                output.write_all(&vec![row; ENTRY])?;
            }
        }
        Ok(())
    }

    async fn store() -> (tempfile::TempDir, std::sync::Arc<dyn BlobStore>) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = FilesAt::Folder(folder.path().to_owned()).open().expect("a store");
        files.prepare().await.expect("it is ready");
        (folder, files)
    }

    #[tokio::test]
    async fn what_is_written_goes_to_the_store_while_more_is_read() {
        let (_folder, files) = store().await;
        let (rows, to_write) = mpsc::channel(WAITING);
        let read = async move {
            for _ in 0..ENTRIES {
                let sent = rows.send(Batch::Rows(vec![7])).await;
                sent.map_err(|_| anyhow!("nobody writes"))?;
            }
            let _ = rows.send(Batch::End).await;
            Ok(Some(ENTRIES))
        };
        let made = to_store((&*files, "exports/whole"), read, Rows(to_write), write).await;
        let made = made.expect("no fault").expect("a file");
        let bytes = ENTRIES * i64::try_from(ENTRY).expect("a size");
        assert_eq!((made.rows, made.written.size), (ENTRIES, bytes));
        assert_eq!(files.keys("exports").await.expect("keys"), ["exports/whole"]);
    }

    #[tokio::test]
    async fn what_is_stopped_in_the_middle_is_not_kept() {
        let (_folder, files) = store().await;
        let (rows, to_write) = mpsc::channel(WAITING);
        let read = async move {
            let sent = rows.send(Batch::Rows(vec![7])).await;
            sent.map_err(|_| anyhow!("nobody writes"))?;
            Ok(None)
        };
        let made = to_store((&*files, "exports/stopped"), read, Rows(to_write), write).await;
        assert!(made.expect("no fault").is_none());
        assert!(files.keys("exports").await.expect("keys").is_empty());
    }
}
