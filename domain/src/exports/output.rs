//! From a writer that blocks to a store that does not: bytes in pieces, counted and hashed on their way.

use std::io::{self, Write};

use anyhow::anyhow;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use crate::adapters::files::Pieces;

/// How much is gathered before it is handed on.
const PIECE: usize = 256 * 1024;
/// Pieces that may wait: a slow store slows the writer down and memory does not grow.
const WAITING: usize = 4;

enum Piece {
    Bytes(Bytes),
    /// That was all. Without it the file is not whole.
    End,
}

/// What has gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Bytes.
    pub size: i64,
    /// Hexadecimal.
    pub sha256: String,
}

/// The writer's end; for a thread that may block.
pub(super) struct Output {
    pieces: mpsc::Sender<Piece>,
    gathered: Vec<u8>,
    hash: Sha256,
    size: u64,
}

/// Both ends. If the writer goes away without [`Output::finish`], the last of the pieces is an error.
pub(super) fn pipe() -> (Output, Pieces) {
    let (pieces, waiting) = mpsc::channel(WAITING);
    let output = Output {
        pieces,
        gathered: Vec::with_capacity(PIECE),
        hash: Sha256::new(),
        size: 0,
    };
    let pieces = stream::unfold(Some(waiting), |waiting| async {
        let mut waiting = waiting?;
        match waiting.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(waiting))),
            Some(Piece::End) => None,
            None => Some((Err(anyhow!("the writer has gone")), None)),
        }
    });
    (output, pieces.boxed())
}

impl Output {
    /// Says that the file is whole.
    pub fn finish(mut self) -> io::Result<Written> {
        self.hand_on()?;
        self.send(Piece::End)?;
        Ok(Written {
            size: i64::try_from(self.size).map_err(io::Error::other)?,
            sha256: hex::encode(self.hash.finalize()),
        })
    }

    fn hand_on(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        self.hash.update(&piece);
        self.size += piece.len() as u64;
        self.send(Piece::Bytes(piece.into()))
    }

    fn send(&self, piece: Piece) -> io::Result<()> {
        self.pieces
            .blocking_send(piece)
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes the file any more"))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..taken]);
        if self.gathered.len() == PIECE {
            self.hand_on()?;
        }
        Ok(taken)
    }

    /// Small pieces would only cost: what is gathered goes on when it is full, or at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn what_is_written_comes_out_with_its_hash() {
        let (mut output, pieces) = pipe();
        let writing = tokio::task::spawn_blocking(move || {
            for _ in 0..3 {
                output.write_all(&vec![b'x'; PIECE - 1])?;
            }
            output.finish()
        });
        let bytes: Vec<Bytes> = pieces.try_collect().await.expect("all of it");
        let written = writing.await.expect("no panic").expect("written");
        let bytes = bytes.concat();
        assert_eq!(i64::try_from(bytes.len()), Ok(written.size));
        assert_eq!(written.sha256, hex::encode(Sha256::digest(&bytes)));
    }

    #[tokio::test]
    async fn a_writer_that_goes_away_leaves_no_whole_file() {
        let (mut output, pieces) = pipe();
        tokio::task::spawn_blocking(move || output.write_all(&vec![b'x'; PIECE + 1]));
        assert!(pieces.try_collect::<Vec<Bytes>>().await.is_err());
    }
}
